#include <ruby.h>

static VALUE pounds(VALUE self, VALUE kilograms)
{
    return DBL2NUM(NUM2DBL(kilograms) * 2.2046226218);
}

void Init_mass(void)
{
    rb_define_module_function(rb_define_module("Mass"), "pounds", pounds, 1);
}

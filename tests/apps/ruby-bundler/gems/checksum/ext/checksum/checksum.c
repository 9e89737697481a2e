#include <ruby.h>
#include <zlib.h>

static VALUE adler(VALUE self, VALUE text)
{
    StringValue(text);
    return ULONG2NUM(adler32(adler32(0, Z_NULL, 0), (const Bytef *)RSTRING_PTR(text), RSTRING_LEN(text)));
}

void Init_checksum(void)
{
    rb_define_module_function(rb_define_module("Checksum"), "adler", adler, 1);
}

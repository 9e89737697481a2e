#include <stdio.h>

int main(void)
{
    puts("the compiler works");
    return 0;
}

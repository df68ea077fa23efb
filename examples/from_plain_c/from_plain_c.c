/*
 * from_plain_c: a plain C program that uses a library written with bide. Any C compiler can compile
 * and link it, without the tool; it needs only a header of bide and libbide.
 *
 *     bide cc cc -c greeter.c
 *     cc -c from_plain_c.c -I PREFIX/include
 *     cc from_plain_c.o greeter.o -L PREFIX/lib -lbide -o from_plain_c
 *
 * Each call blocks until it has a result, on a small runtime of this thread that the first call
 * makes. The two greetings of the second call still run at the same time.
 */
#include "greeter.h"

#include <stdio.h>

int main(void)
{
    char one[64], two[64];

    if (greeter_greet("Ada", one, sizeof one) < 0)
        return 1;
    puts(one);

    if (greeter_greet_both("Brian", "Dennis", one, two, sizeof one) < 0)
        return 1;
    puts(one);
    puts(two);
    return 0;
}

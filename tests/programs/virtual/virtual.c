/*
 * virtual.c: linked with a program, makes its time virtual from the start. Then it takes no time to
 * sleep, and every time that the program prints is the same in each run.
 */
#include <bide/testing.h>

static void __attribute__((constructor)) begin(void)
{
    bide_test_time_virtual();
}

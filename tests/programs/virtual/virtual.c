/*
 * virtual.c: a program linked with it has virtual time from the start. Then sleeping takes no time,
 * and the program prints the same times in each run.
 */
#include <bide/testing.h>

static void __attribute__((constructor)) begin(void)
{
    bide_test_time_virtual();
}

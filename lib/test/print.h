/*
 * lib/test/print.h: the values of a check that failed, as bide/test.h and the harness of our own
 * tests print them. Nothing here uses the library.
 */
#ifndef BIDE_LIB_TEST_PRINT_H
#define BIDE_LIB_TEST_PRINT_H

#include <stdio.h>
#include <string.h>

static inline void print_string(const char *label, const char *s)
{
    fprintf(stderr, "    %s ", label);
    if (s == NULL) {
        fputs("NULL\n", stderr);
        return;
    }
    fputc('"', stderr);
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            fputs("\\n", stderr);
        else if ((unsigned char)*s < ' ')
            fprintf(stderr, "\\%03o", (unsigned)(unsigned char)*s);
        else
            fputc(*s, stderr);
    }
    fputs("\"\n", stderr);
}

/* With its name, if it is a negative errno. */
static inline void print_result(const char *label, long long n)
{
    const char *name = n < 0 && n > -4096 ? strerrorname_np((int)-n) : NULL;
    if (name != NULL)
        fprintf(stderr, "    %s -%s (%lld)\n", label, name, n);
    else
        fprintf(stderr, "    %s %lld\n", label, n);
}

#endif

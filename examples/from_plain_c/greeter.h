/*
 * greeter.h: the header of a library in async C. Async programs await its functions; a plain C
 * program, or any language that can call C, includes the same header and just calls them.
 */
#ifndef GREETER_H
#define GREETER_H

#include <bide/lang.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes a greeting for `name` to `text`, after thinking about it. Returns its length, or -ENOSPC.
 *
 * The header says bide_async rather than async, which may be a name in its user's program.
 */
bide_async int greeter_greet(const char *name, char *text, size_t size);

/* Greets two at the same time. Returns 0, or the first error. */
bide_async int greeter_greet_both(const char *one, const char *two, char *text_one, char *text_two,
                                  size_t size);

#ifdef __cplusplus
}
#endif

#endif

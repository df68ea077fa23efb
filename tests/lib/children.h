/*
 * children.h: for tests of child processes: what they print, and whether one is left.
 */
#ifndef BIDE_TESTS_CHILDREN_H
#define BIDE_TESTS_CHILDREN_H

#include <bide/bide.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SH(text)  ARGV("sh", "-c", text)

/* True: this process has no child, not even a zombie. */
static inline bool has_no_child(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/* Children that were killed are reaped by a thread, in a moment. */
static inline void check_no_child(void)
{
    for (int i = 0; i < 5000 && !has_no_child(); i++)
        usleep(1000);
    CHECK(has_no_child());
}

/* Runs a child to its end, which must be exit status 0, and copies what it has printed. */
static inline const char *printed(const char *const *argv, const bide_process_options *options)
{
    static char text[4096];
    bide_output *output;
    CHECK_EQ(bide_block_on(bide_process_output(argv, options, NULL, &output)), 0);
    fprintf(stderr, "%s%s", output->out, output->err);
    CHECK(bide_process_exit_ok(output->exit));
    CHECK(output->out_size < sizeof text);
    memcpy(text, output->out, output->out_size + 1);
    bide_output_free(output);
    return text;
}

#endif

/*
 * lib/shutdown/report.h: what a shutdown says of the tasks that are left.
 */
#ifndef BIDE_LIB_SHUTDOWN_REPORT_H
#define BIDE_LIB_SHUTDOWN_REPORT_H

#include <bide/shutdown.h>

struct bide__report_to {
    void (*write)(void *argument, const char *text, size_t size);
    void *argument;
    uint32_t tasks_max;
};

/* To where the options say. */
struct bide__report_to bide__report_begin(const bide_shutdown_options *options);

/* One line, formatted, after "bide: shutdown: ". */
__attribute__((format(printf, 2, 3))) void bide__report_say(const struct bide__report_to *to,
                                                            const char *format, ...);

/* In a task: what each other task of the runtime waits for. */
void bide__report_tasks(const struct bide__report_to *to);

#endif

/*
 * lib/shutdown/report.c: see report.h. The tasks are those of a dump, without the one that reports,
 * and without more of them than are wanted. A dump comes line by line, and the line of a task is
 * followed by lines that are indented; so it can be cut without knowing more of it.
 */
#include "lib/runtime.h"

#include "lib/shutdown/report.h"

#include <bide/runtime.h>
#include <bide/task.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS_MAX = 100 };

static void write_stderr(void *argument, const char *text, size_t size)
{
    (void)argument;
    (void)bide__door.write(STDERR_FILENO, text, size);
}

struct bide__report_to bide__report_begin(const bide_shutdown_options *options)
{
    struct bide__report_to to = {options->report, options->argument, options->report_tasks_max};

    if (to.write == NULL)
        to = (struct bide__report_to){write_stderr, NULL, to.tasks_max};
    if (to.tasks_max == 0)
        to.tasks_max = TASKS_MAX;
    return to;
}

void bide__report_say(const struct bide__report_to *to, const char *format, ...)
{
    char text[256] = "bide: shutdown: ";
    size_t size = strlen(text);
    va_list list;

    va_start(list, format);
    int n = vsnprintf(text + size, sizeof text - size - 1, format, list);
    va_end(list);
    size += n < 0 ? 0 : (size_t)n < sizeof text - size - 1 ? (size_t)n : sizeof text - size - 2;
    text[size++] = '\n';
    to->write(to->argument, text, size);
}

/* ---- the tasks ---- */

struct filter {
    const struct bide__report_to *to;
    uint64_t self;
    size_t tasks; /* others, so far */
    bool is_left_out;
};

/* The number in the line "task NUMBER...", or 0. */
static uint64_t task_of(const char *text, size_t size)
{
    static const char word[] = "task ";
    uint64_t number = 0;
    size_t i = sizeof word - 1;

    if (size < i || memcmp(text, word, i) != 0)
        return 0;
    for (; i < size; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            number = number * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number * 16 + (uint64_t)(c - 'a' + 10);
        else
            break;
    }
    return number;
}

static void filter_line(void *argument, const char *text, size_t size)
{
    struct filter *f = argument;

    if (size > 0 && text[0] != ' ') {
        uint64_t task = task_of(text, size);
        f->tasks += task != 0 && task != f->self;
        f->is_left_out = task != 0 && (task == f->self || f->tasks > f->to->tasks_max);
    }
    if (!f->is_left_out)
        f->to->write(f->to->argument, text, size);
}

void bide__report_tasks(const struct bide__report_to *to)
{
    struct filter f = {.to = to, .self = bide_task_id()};

    bide_runtime_dump(bide__runtime_running(), filter_line, &f);
    if (f.tasks > to->tasks_max)
        bide__report_say(to, "and %zu tasks more", f.tasks - to->tasks_max);
}

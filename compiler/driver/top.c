/*
 * bide top [SOCKET|FOLDER|PID]: what the tasks of a program do, while it runs.
 *
 * The program answers a question with all of its tasks; what changes from one answer to the next is
 * computed here. A terminal shows it on the whole screen (top_screen.c), a browser with --web
 * (top_web.c). This file reads the command line and prints: with --once the tables, with --json the
 * answers as they come.
 *
 * The exit status is 1 when there is no such program, or it ends, or answers something else.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_LEAST_MS = 10, EVERY_MOST_MS = 3600000, PORT_MOST = 65535 };

static const int64_t answer_limit_ns = 10000000000, ms = 1000000;

struct wish {
    const char *word; /* which program; or NULL */
    bool once, json, web;
    unsigned port;
    int64_t every_ns; /* 0: not said */
};

/* ---- the command line ---- */

/* A whole number in a range. */
static bool read_number(const char *text, long least, long most, long *number)
{
    char *rest;

    errno = 0;
    *number = strtol(text, &rest, 10);
    return text[0] >= '0' && text[0] <= '9' && *rest == '\0' && errno == 0 && *number >= least &&
           *number <= most;
}

static bool read_option(struct wish *wish, const char *option)
{
    long number = 0;

    if (strcmp(option, "--once") == 0) {
        wish->once = true;
    } else if (strcmp(option, "--json") == 0) {
        wish->json = true;
    } else if (strcmp(option, "--web") == 0) {
        wish->web = true;
    } else if (strncmp(option, "--web=", 6) == 0) {
        wish->web = true;
        if (!read_number(option + 6, 0, PORT_MOST, &number)) {
            diag_plain(SEV_ERROR, "'%s': a port is a number up to %d", option, PORT_MOST);
            return false;
        }
        wish->port = (unsigned)number;
    } else if (strncmp(option, "--every=", 8) == 0) {
        if (!read_number(option + 8, EVERY_LEAST_MS, EVERY_MOST_MS, &number)) {
            diag_plain(SEV_ERROR, "'%s': the time is a number of milliseconds from %d to %d",
                       option, EVERY_LEAST_MS, EVERY_MOST_MS);
            return false;
        }
        wish->every_ns = number * ms;
    } else {
        diag_plain(SEV_ERROR, "'bide top' has no option '%s'; see: bide top --help", option);
        return false;
    }
    return true;
}

static bool read_wish(struct wish *wish, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-') {
            if (!read_option(wish, argv[i]))
                return false;
        } else if (wish->word != NULL) {
            diag_plain(SEV_ERROR, "'bide top' looks at one program, not at '%s' and '%s'",
                       wish->word, argv[i]);
            return false;
        } else {
            wish->word = argv[i];
        }
    }
    if (wish->web && (wish->once || wish->json)) {
        diag_plain(SEV_ERROR, "--web goes with neither --once nor --json");
        return false;
    }
    return true;
}

/* ---- without a screen ---- */

static void pause_until(int64_t at_ns)
{
    for (int64_t left_ns; (left_ns = at_ns - top_now_ns()) > 0;) {
        struct timespec t = {left_ns / 1000000000, left_ns % 1000000000};
        (void)nanosleep(&t, NULL);
    }
}

int top_say_why(const char *path, const char *why)
{
    struct arena *arena = arena_new();

    (void)fflush(stdout);
    diag_plain(SEV_ERROR, "'%s': %s", top_clean(arena, path), why);
    arena_free(arena);
    return 1;
}

/* The tables, which are made of two answers. */
static int print_once(struct top_link *link, const char *path, int64_t every_ns)
{
    const char *why;
    struct top_snapshot *first = top_look(link, answer_limit_ns, &why), *second = NULL;

    if (first != NULL) {
        top_compare(first, NULL);
        pause_until(link->asked_ns + every_ns);
        second = top_look(link, answer_limit_ns, &why);
    }
    if (second != NULL) {
        top_compare(second, first);
        top_print(second);
    }
    top_free(first);
    top_free(second);
    return why != NULL ? top_say_why(path, why) : 0;
}

/* False: nobody reads it. */
static bool print_answer(const struct buffer *answer)
{
    struct buffer line = {0};

    top_add_json(&line, answer->data, answer->length - 1);
    buffer_add(&line, "\n", 1);
    (void)fwrite(line.data, 1, line.length, stdout);
    buffer_free(&line);
    return fflush(stdout) == 0;
}

static int print_json(struct top_link *link, const char *path, int64_t every_ns, bool once)
{
    for (;;) {
        const char *why;
        struct top_snapshot *s = top_look(link, answer_limit_ns, &why);
        if (s == NULL)
            return top_say_why(path, why);
        top_free(s);
        if (!print_answer(&link->in))
            return 1;
        if (once)
            return 0;
        pause_until(link->asked_ns + every_ns);
    }
}

/* ---- the command ---- */

static bool has_screen(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

int driver_top(int argc, char **argv)
{
    struct wish wish = {0};
    struct top_link link = {.fd = -1};
    const char *path;
    int status = 1;

    if (!read_wish(&wish, argc, argv))
        return 1;
    struct arena *arena = arena_new();
    if (top_find(arena, wish.word, &link, &path)) {
        int64_t every_ns = wish.every_ns != 0 ? wish.every_ns : 1000 * ms;
        if (wish.json)
            status = print_json(&link, path, every_ns, wish.once);
        else if (wish.web)
            status = top_web(&link, path, every_ns, wish.port);
        else if (!wish.once && has_screen())
            status = top_screen(&link, path, every_ns);
        else
            status = print_once(&link, path, wish.every_ns != 0 ? wish.every_ns : 200 * ms);
    }
    top_link_close(&link);
    arena_free(arena);
    return status;
}

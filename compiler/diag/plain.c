/*
 * Messages without a place in a file: about the command line, and about files that cannot be read.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

const char *const severity_names[] = {"note", "warning", "error"};

static bool plain_json;

void diag_set_json(void)
{
    plain_json = true;
}

void diag_plain(enum severity severity, const char *fmt, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, fmt);
    if (vasprintf(&text, fmt, list) < 0)
        text = NULL;
    va_end(list);
    if (plain_json)
        json_plain(severity_names[severity], NULL, 0, 0, text ? text : fmt, NULL, "bide", stderr);
    else
        fprintf(stderr, "bide: %s: %s\n", severity_names[severity], text ? text : fmt);
    free(text);
}

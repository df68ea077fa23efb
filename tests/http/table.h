/*
 * table.h: reads refused.txt and accepted.txt; the first lines of refused.txt tell their form. For
 * tests/http/parse.c, the seeds of the fuzzer (tools/http/seeds.c) and the law (law/law.c).
 */
#ifndef BIDE_TESTS_HTTP_TABLE_H
#define BIDE_TESTS_HTTP_TABLE_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table_case {
    int status;    /* 0: it is accepted */
    char kind[16]; /* request, response, chunks */
    char title[100];
    char *bytes; /* exactly as long as `size` says, so that sanitizers see a byte too many */
    size_t size;
    char expected[600]; /* what follows "= " */
};

struct table {
    struct table_case *cases;
    size_t count;
};

static inline void table_die(const char *file, const char *line)
{
    fprintf(stderr, "%s: %s\n", file, line);
    exit(2);
}

static inline void table_add(struct table_case *c, const char *bytes, size_t size)
{
    c->bytes = realloc(c->bytes, c->size + size);
    memcpy(c->bytes + c->size, bytes, size);
    c->size += size;
}

/* One byte, perhaps with a backslash; moves *s behind it. */
static inline char table_byte(const char **s)
{
    const char *at = *s;
    if (*at != '\\') {
        *s = at + 1;
        return *at;
    }
    *s = at + 2;
    switch (at[1]) {
    case 'r': return '\r';
    case 'n': return '\n';
    case 't': return '\t';
    case '0': return '\0';
    case 'x': *s = at + 4; return (char)strtoul((char[]){at[2], at[3], '\0'}, NULL, 16);
    default: return at[1];
    }
}

/* Adds a line of bytes to the case. */
static inline void table_line(struct table_case *c, const char *s)
{
    while (*s != '\0') {
        if (strncmp(s, "\\{", 2) != 0) {
            char byte = table_byte(&s);
            table_add(c, &byte, 1);
            continue;
        }
        char part[200], *text;
        size_t size = 0;
        unsigned long times = strtoul(s + 2, &text, 10);
        s = text + 1;
        while (*s != '}')
            part[size++] = table_byte(&s);
        s++;
        while (times-- > 0)
            table_add(c, part, size);
    }
}

static inline struct table table_read(const char *path)
{
    static char line[65536];
    struct table t = {0};
    struct table_case *c = NULL;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        table_die(path, "cannot be opened");
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (strncmp(line, "    ", 4) == 0 && c != NULL) {
            table_line(c, line + 4);
        } else if (line[0] == '=' && c != NULL) {
            size_t n = strlen(c->expected); /* several lines are one text */
            snprintf(c->expected + n, sizeof c->expected - n, "%s%.590s", n ? " " : "",
                     line + 1 + (line[1] == ' '));
        } else {
            t.cases = realloc(t.cases, (t.count + 1) * sizeof *t.cases);
            c = &t.cases[t.count++];
            memset(c, 0, sizeof *c);
            if ((sscanf(line, "ok %15s %99[^\n]", c->kind, c->title) != 2) &&
                (sscanf(line, "%d %15s %99[^\n]", &c->status, c->kind, c->title) != 3))
                table_die(path, line);
        }
    }
    fclose(f);
    return t;
}

static inline void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cases[i].bytes);
    free(t->cases);
}

#endif

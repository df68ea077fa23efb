/*
 * Source files as they are on disk. Messages show the user's own line, whose spacing and macros the
 * preprocessed text has lost. Each file is read once, and stays in the arena.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

struct source {
    const char *file;
    const char *text; /* NULL: cannot be read */
    size_t length;
    size_t *line; /* [i]: where line i + 1 begins */
    uint32_t line_count;
};

static void find_lines(struct unit *unit, struct source *s)
{
    uint32_t count = 1;
    for (const char *p = s->text; (p = memchr(p, '\n', s->length - (size_t)(p - s->text))); p++)
        count++;
    s->line = arena_alloc(unit->arena, count * sizeof *s->line);
    s->line_count = 1;
    for (size_t i = 0; i < s->length; i++) {
        if (s->text[i] == '\n')
            s->line[s->line_count++] = i + 1;
    }
    if (s->line[s->line_count - 1] == s->length)
        s->line_count--;
}

void source_add(struct unit *unit, const char *file, const char *text, size_t length)
{
    struct source *s = arena_alloc(unit->arena, sizeof *s);
    s->file = file;
    s->text = text;
    s->length = length;
    if (text)
        find_lines(unit, s);
    list_add(unit->arena, &unit->sources, s);
}

static void read_source(struct unit *unit, const char *file)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = fopen(file, "re");
    FILE *copy = f ? open_memstream(&text, &length) : NULL;
    char chunk[8192];
    for (size_t n; copy && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        fwrite(chunk, 1, n, copy);
    bool ok = copy && !ferror(f);
    if (copy && fclose(copy) != 0)
        ok = false;
    if (f)
        fclose(f);
    source_add(unit, file, ok ? arena_strndup(unit->arena, text, length) : NULL, length);
    free(text);
}

static struct source *find_source(struct unit *unit, const char *file)
{
    for (uint32_t i = 0; i < unit->sources.count; i++) {
        struct source *s = unit->sources.item[i];
        if (s->file == file || !strcmp(s->file, file))
            return s;
    }
    return NULL;
}

const char *source_line(struct unit *unit, const char *file, uint32_t line, size_t *length)
{
    if (!file)
        return NULL;
    struct source *s = find_source(unit, file);
    if (!s) {
        read_source(unit, file);
        s = find_source(unit, file);
    }
    if (!s->text || line == 0 || line > s->line_count)
        return NULL;
    const char *begin = s->text + s->line[line - 1];
    const char *end = memchr(begin, '\n', s->length - s->line[line - 1]);
    *length = end ? (size_t)(end - begin) : s->length - s->line[line - 1];
    if (*length && begin[*length - 1] == '\r')
        --*length;
    return begin;
}

bool line_span_has(const struct line_span *span, const char *file, uint32_t line)
{
    return span->first <= line && line <= span->last && !strcmp(span->file, file);
}

/*
 * Messages as JSON, one object a line, for editors. The form is described in docs/diagnostics.md;
 * members are only ever added to it.
 *
 * Lines and columns count from 1, columns in bytes of the line. An end is the first byte after the
 * marked text. A byte that is not UTF-8 becomes U+FFFD.
 */
#include "inside.h"

#include <string.h>

/* The length of the UTF-8 character at s; 0: it is not UTF-8. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = *s < 0x80                 ? 1
               : *s >= 0xc2 && *s < 0xe0 ? 2
               : *s >= 0xe0 && *s < 0xf0 ? 3
               : *s >= 0xf0 && *s < 0xf5 ? 4
                                         : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

void json_add(struct buffer *out, const char *text, bool raw)
{
    char escaped[8];

    buffer_add(out, "\"", 1);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = utf8_length(s);
        int size = 0;
        if (*s == '"' || *s == '\\')
            size = snprintf(escaped, sizeof escaped, "\\%c", *s);
        else if (*s < 0x20 || (n == 0 && !raw))
            size = snprintf(escaped, sizeof escaped, "\\u%04x", n == 0 ? 0xFFFDu : *s);
        buffer_add(out, size > 0 ? escaped : (const char *)s, size > 0 ? (size_t)size : n ? n : 1);
        s += n ? n : 1;
    }
    buffer_add(out, "\"", 1);
}

static void put_string(FILE *out, const char *text, bool raw)
{
    struct buffer quoted = {0};

    json_add(&quoted, text, raw);
    fwrite(quoted.data, 1, quoted.length, out);
    buffer_free(&quoted);
}

void json_string(FILE *out, const char *text)
{
    put_string(out, text, false);
}

void json_path(FILE *out, const char *path)
{
    put_string(out, path, true);
}

static void put_member(FILE *out, const char *name, const char *text)
{
    fprintf(out, ",\"%s\":", name);
    if (text)
        json_string(out, text);
    else
        fputs("null", out);
}

static void put_begin(FILE *out, const char *severity, const char *text)
{
    fputs("{\"severity\":", out);
    json_string(out, severity);
    put_member(out, "message", text);
}

/* ---- where ---- */

/* Prints where the last of the marked words ends. */
static void put_end(struct unit *unit, const struct message *m, const struct spot *at, FILE *out)
{
    struct spot end;
    uint32_t line = at->number;
    size_t column = at->start + diag_mark_length(unit, m, at) + 1;
    if (m->last > m->first && unit->token[m->last].file == unit->token[m->first].file &&
        at->is_written && place_of(unit, m->last, &end) && end.is_written &&
        end.number > at->number) {
        line = end.number;
        column = end.start + end.width + 1;
    }
    fprintf(out, ",\"end_line\":%u,\"end_column\":%zu", line, column);
}

static void put_place(struct unit *unit, const struct message *m, FILE *out)
{
    const struct token *t = &unit->token[m->first];
    struct spot at;
    put_member(out, "file", t->file);
    if (!place_of(unit, m->first, &at)) {
        fprintf(out, ",\"line\":%u,\"column\":1,\"end_line\":%u,\"end_column\":1", t->line,
                t->line);
        return;
    }
    fprintf(out, ",\"line\":%u,\"column\":%zu", at.number, at.start + 1);
    put_end(unit, m, &at, out);
}

static void put_fixits(struct unit *unit, const struct message *m, FILE *out)
{
    const char *before = "";
    fputs(",\"fixits\":[", out);
    for (uint32_t i = 0; i < m->fixits.count && place_is_written_out(unit, m->first, m->last);
         i++) {
        const struct fixit *f = m->fixits.item[i];
        struct spot at;
        if (!diag_fixit_place(unit, f, &at))
            continue;
        fprintf(out, "%s{\"line\":%u,\"column\":%zu,\"insert\":", before, at.number, at.start + 1);
        json_string(out, f->text);
        fputc('}', out);
        before = ",";
    }
    fputc(']', out);
}

/* ---- messages ---- */

static void put_message(struct unit *unit, const struct message *m, FILE *out)
{
    static const char *const names[] = {"note", "warning", "error"};
    const struct function *f = diag_function_at(unit, m->first);
    put_begin(out, names[m->severity], m->text);
    put_place(unit, m, out);
    put_member(out, "option", m->option ? arena_printf(unit->arena, "-W%s", m->option) : NULL);
    put_member(out, "function", f ? f->name : NULL);
    put_member(out, "source", "bide");
    put_fixits(unit, m, out);
}

void json_message(struct unit *unit, const struct message *m, FILE *out)
{
    put_message(unit, m, out);
    fputs(",\"notes\":[", out);
    for (uint32_t i = 0; i < m->notes.count; i++) {
        if (i)
            fputc(',', out);
        put_message(unit, m->notes.item[i], out);
        fputs(",\"notes\":[]}", out);
    }
    fputs("]}\n", out);
}

void json_plain(const char *severity, const char *file, uint32_t line, uint32_t column,
                const char *text, const char *option, const char *source, FILE *out)
{
    put_begin(out, severity, text);
    put_member(out, "file", file);
    fprintf(out, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u", line, column, line,
            column);
    put_member(out, "option", option);
    put_member(out, "function", NULL);
    put_member(out, "source", source);
    fputs(",\"fixits\":[],\"notes\":[]}\n", out);
}

/*
 * The reports of `bide size`: a table for people, a line for each function with tabs between the
 * columns, or JSON with all that is known. docs/frames.md describes them; columns and members are
 * only ever added.
 */
#include "inside.h"

#include <string.h>

/* ---- for people ---- */

static const char *const indent = "                    ";

static void print_member(const struct size_member *m, size_t name_width, size_t type_width,
                         FILE *out)
{
    bool has_line = m->line != 0;
    fprintf(out, "%s%6u  %-*s", indent, m->size, *m->type || has_line ? (int)name_width : 0,
            m->name);
    if (*m->type || has_line)
        fprintf(out, "  %-*s", has_line ? (int)type_width : 0, m->type);
    if (has_line)
        fprintf(out, "  line %u", m->line);
    fputc('\n', out);
}

static void print_members(const struct size_function *f, int wanted, FILE *out)
{
    uint32_t count = f->members.count;
    size_t name_width = 0, type_width = 0;
    if (wanted != SIZE_ALL_MEMBERS && count > (uint32_t)wanted)
        count = (uint32_t)wanted;
    for (uint32_t i = 0; i < count; i++) {
        const struct size_member *m = f->members.item[i];
        if (strlen(m->name) > name_width)
            name_width = strlen(m->name);
        if (strlen(m->type) > type_width)
            type_width = strlen(m->type);
    }
    for (uint32_t i = 0; i < count; i++)
        print_member(f->members.item[i], name_width, type_width, out);
}

static void print_reserve(const struct size_function *f, FILE *out)
{
    if (f->has_reserve)
        fprintf(out, "  %7u%c", f->reserve, f->is_least ? '+' : ' ');
    else
        fprintf(out, "  %7s ", "?");
}

/* Explains the signs after the numbers, if there are any. */
static void print_remarks(const struct list *functions, FILE *out)
{
    const char *missing = NULL;
    bool unnamed = false, narrow = false, stripped = false;
    for (uint32_t i = 0; i < functions->count; i++) {
        const struct size_function *f = functions->item[i];
        if (f->is_least && *f->missing)
            missing = missing ? missing : f->missing;
        unnamed |= f->is_least && !*f->missing;
        narrow |= f->has_descriptor && !f->has_reserve;
        stripped |= !f->has_descriptor;
    }
    if (missing)
        fprintf(out, "+ at least: '%s' is in none of the files\n", missing);
    else if (unnamed)
        fputs("+ at least: a callee is in none of the files\n", out);
    if (narrow)
        fputs("? not known for a machine whose pointers have another size\n", out);
    if (stripped)
        fputs("? not known without the symbols, which strip has removed\n", out);
}

void size_print_text(const struct list *functions, int members, FILE *out)
{
    size_t width = 0;
    for (uint32_t i = 0; i < functions->count; i++) {
        size_t n = strlen(((struct size_function *)functions->item[i])->name);
        width = n > width ? n : width;
    }
    if (functions->count)
        fputs("   frame  reserve   function\n", out);
    for (uint32_t i = 0; i < functions->count; i++) {
        const struct size_function *f = functions->item[i];
        fprintf(out, "%8u", f->frame);
        print_reserve(f, out);
        fprintf(out, "  %-*s", *f->file ? (int)width : 0, f->name);
        if (*f->file)
            fprintf(out, "  %s", f->file);
        if (*f->file && f->line)
            fprintf(out, ":%u", f->line);
        fputc('\n', out);
        print_members(f, members, out);
    }
    print_remarks(functions, out);
}

/* ---- for programs ---- */

/* A name with a tab or a newline in it would be another column or line. */
static void put_column(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' ? '?' : *text, out);
}

void size_print_tsv(const struct list *functions, FILE *out)
{
    fputs("frame\treserve\tis_least\tfunction\tfile\tline\tobject\n", out);
    for (uint32_t i = 0; i < functions->count; i++) {
        const struct size_function *f = functions->item[i];
        fprintf(out, "%u\t", f->frame);
        if (f->has_reserve)
            fprintf(out, "%u", f->reserve);
        fprintf(out, "\t%d\t", f->is_least);
        put_column(out, f->name);
        fputc('\t', out);
        put_column(out, f->file);
        fprintf(out, "\t%u\t", f->line);
        put_column(out, f->object);
        fputc('\n', out);
    }
}

static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\":", name);
    if (text && *text)
        json_string(out, text);
    else
        fputs("null", out);
}

static void put_json_members(const struct size_function *f, FILE *out)
{
    fputs(",\"members\":[", out);
    for (uint32_t i = 0; i < f->members.count; i++) {
        const struct size_member *m = f->members.item[i];
        fputs(i ? ",\n  {" : "\n  {", out);
        put_text(out, "name", m->name);
        fputc(',', out);
        put_text(out, "type", m->type);
        fprintf(out, ",\"line\":%u,\"offset\":%u,\"size\":%u}", m->line, m->offset, m->size);
    }
    fputc(']', out);
}

void size_print_json(const struct list *functions, FILE *out)
{
    fputc('[', out);
    for (uint32_t i = 0; i < functions->count; i++) {
        const struct size_function *f = functions->item[i];
        fputs(i ? ",\n{" : "\n{", out);
        put_text(out, "function", f->name);
        fputc(',', out);
        put_text(out, "file", f->file);
        fprintf(out, ",\"line\":%u,", f->line);
        put_text(out, "object", f->object);
        fprintf(out, ",\"frame\":%u,\"reserve\":", f->frame);
        if (f->has_reserve)
            fprintf(out, "%u", f->reserve);
        else
            fputs("null", out);
        fprintf(out, ",\"is_least\":%s,", f->is_least ? "true" : "false");
        put_text(out, "missing", f->is_least ? f->missing : NULL);
        put_json_members(f, out);
        fputc('}', out);
    }
    fputs("\n]\n", out);
}

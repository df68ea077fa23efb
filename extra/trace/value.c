/*
 * value.c: values of fields, and times, as text and as JSON.
 *
 * Text that is written for people never has control characters, so that what a program was given
 * cannot make lines of its own. JSON is always valid: bytes that are not UTF-8 become U+FFFD.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *bide__level_name(int level)
{
    static const char *const names[] = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
    return names[level];
}

/* The shortest of three that reads as the same number; with a point, whatever the locale has. */
static void add_double(struct bide__text *t, double d)
{
    char text[40] = "", *to = text;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    for (const char *from = text; *from != '\0'; from++) {
        if (strchr("0123456789+-einfa", *from) != NULL)
            *to++ = *from;
        else if (to == text || to[-1] != '.') /* the locale's may have several bytes */
            *to++ = '.';
    }
    *to = '\0';
    bide__text_put(t, text);
}

/* NULL: it is no error that has a text. */
static const char *error_text(int64_t error)
{
    return error < 0 && error > -4096 ? strerrordesc_np((int)-error) : NULL;
}

static void add_error(struct bide__text *t, int64_t error, const char *quote)
{
    const char *text = error_text(error);

    if (text == NULL) {
        bide__text_print(t, "%lld", (long long)error);
        return;
    }
    bide__text_put(t, quote);
    bide__text_put(t, text);
    bide__text_put(t, quote);
}

static void add_escaped(struct bide__text *t, const char *text, size_t size, bool quoted)
{
    size_t from = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != 127 && !(quoted && (c == '"' || c == '\\')))
            continue;
        bide__text_add(t, text + from, i - from);
        from = i + 1;
        if (c == '\n')
            bide__text_put(t, "\\n");
        else if (c == '\t')
            bide__text_put(t, "\\t");
        else if (c == '"' || c == '\\')
            bide__text_print(t, "\\%c", c);
        else
            bide__text_print(t, "\\x%02x", c);
    }
    bide__text_add(t, text + from, size - from);
}

void bide__value_text(struct bide__text *t, const bide_field *f, bool quoted)
{
    switch (f->kind) {
    case BIDE_FIELD_INT: bide__text_print(t, "%lld", (long long)f->value.i); break;
    case BIDE_FIELD_UINT: bide__text_print(t, "%llu", (unsigned long long)f->value.u); break;
    case BIDE_FIELD_DOUBLE: add_double(t, f->value.d); break;
    case BIDE_FIELD_BOOL: bide__text_put(t, f->value.b ? "true" : "false"); break;
    case BIDE_FIELD_POINTER:
        bide__text_print(t, "0x%llx", (unsigned long long)(uintptr_t)f->value.pointer);
        break;
    case BIDE_FIELD_ERROR: add_error(t, f->value.i, quoted ? "\"" : ""); break;
    case BIDE_FIELD_TEXT:
        if (quoted)
            bide__text_put(t, "\"");
        add_escaped(t, f->value.text, f->size, quoted);
        if (quoted)
            bide__text_put(t, "\"");
        break;
    case BIDE_FIELD_NONE: break;
    }
}

/* ---- JSON ---- */

/* The length of the character of UTF-8 at `text`, or 0: it is none. */
static size_t utf8_length(const unsigned char *text, size_t size)
{
    unsigned char c = text[0];
    size_t length = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && text[1] < 0xA0) || (c == 0xED && text[1] > 0x9F) ||
        (c == 0xF0 && text[1] < 0x90) || (c == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

void bide__json_string(struct bide__text *t, const char *text, size_t size)
{
    bide__text_put(t, "\"");
    for (size_t i = 0, length; i < size; i += length) {
        unsigned char c = (unsigned char)text[i];
        length = utf8_length((const unsigned char *)text + i, size - i);
        if (length == 0) {
            bide__text_put(t, "\xEF\xBF\xBD");
            length = 1;
        } else if (c == '"' || c == '\\') {
            bide__text_print(t, "\\%c", c);
        } else if (c < ' ') {
            bide__text_print(t, "\\u%04x", c);
        } else {
            bide__text_add(t, text + i, length);
        }
    }
    bide__text_put(t, "\"");
}

void bide__value_json(struct bide__text *t, const bide_field *f)
{
    switch (f->kind) {
    case BIDE_FIELD_INT:
    case BIDE_FIELD_UINT:
    case BIDE_FIELD_BOOL: bide__value_text(t, f, false); break;
    case BIDE_FIELD_DOUBLE:
        if (isfinite(f->value.d))
            add_double(t, f->value.d);
        else
            bide__text_put(t, "null");
        break;
    case BIDE_FIELD_TEXT: bide__json_string(t, f->value.text, f->size); break;
    case BIDE_FIELD_POINTER:
        bide__text_put(t, "\"");
        bide__value_text(t, f, false);
        bide__text_put(t, "\"");
        break;
    case BIDE_FIELD_ERROR: add_error(t, f->value.i, "\""); break;
    case BIDE_FIELD_NONE: break;
    }
}

void bide__json_fields(struct bide__text *t, const bide_field *fields, bool comma)
{
    for (const bide_field *f = fields; f->kind != BIDE_FIELD_NONE; f++) {
        if (comma)
            bide__text_put(t, ",");
        comma = true;
        bide__json_string(t, f->name, strlen(f->name));
        bide__text_put(t, ":");
        bide__value_json(t, f);
    }
}

void bide__time_utc(struct bide__text *t, int64_t time_ns)
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    bide__text_print(t, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(time_ns / 1000 % 1000000));
}

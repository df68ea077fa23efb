/*
 * scroll.c: see scroll.h.
 */
#include "runtime/trace/scroll.h"

#include "runtime/leaf.h"

#include <stdarg.h>
#include <stdio.h>

enum { PIECE = 16384 };

struct bide__scroll_piece {
    struct bide__scroll_piece *next;
    size_t size;
    char bytes[PIECE - sizeof(void *) - sizeof(size_t)];
};

static struct bide__scroll_piece *add_piece(struct bide__scroll *text)
{
    struct bide__scroll_piece *piece = bide__alloc(sizeof(*piece));

    if (piece == NULL) {
        text->failed = true;
        return NULL;
    }
    piece->next = NULL;
    piece->size = 0;
    if (text->last != NULL)
        text->last->next = piece;
    else
        text->first = piece;
    text->last = piece;
    return piece;
}

void bide__scroll_add(struct bide__scroll *text, const char *bytes, size_t size)
{
    while (size > 0 && !text->failed) {
        struct bide__scroll_piece *piece = text->last;
        if (piece == NULL || piece->size == sizeof(piece->bytes))
            piece = add_piece(text);
        if (piece == NULL)
            return;
        size_t n = sizeof(piece->bytes) - piece->size;
        if (n > size)
            n = size;
        memcpy(piece->bytes + piece->size, bytes, n);
        piece->size += n;
        bytes += n;
        size -= n;
    }
}

void bide__scroll_print(struct bide__scroll *text, const char *format, ...)
{
    char line[200];
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (n > 0)
        bide__scroll_add(text, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void bide__scroll_quote(struct bide__scroll *text, const char *s)
{
    const char *from = s;
    char escape[8];

    bide__scroll_add(text, "\"", 1);
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        bide__scroll_add(text, from, (size_t)(s - from));
        snprintf(escape, sizeof(escape), "\\u%04x", c);
        bide__scroll_add(text, escape, 6);
        from = s + 1;
    }
    bide__scroll_add(text, from, (size_t)(s - from));
    bide__scroll_add(text, "\"", 1);
}

void bide__scroll_move(struct bide__scroll *text, struct bide__scroll *from)
{
    if (from->first != NULL) {
        if (text->last != NULL)
            text->last->next = from->first;
        else
            text->first = from->first;
        text->last = from->last;
    }
    text->failed |= from->failed;
    *from = (struct bide__scroll){0};
}

size_t bide__scroll_next(const struct bide__scroll *text, const struct bide__scroll_piece **at,
                         const char **bytes)
{
    *at = *at != NULL ? (*at)->next : text->first;
    if (*at == NULL)
        return 0;
    *bytes = (*at)->bytes;
    return (*at)->size;
}

void bide__scroll_free(struct bide__scroll *text)
{
    struct bide__scroll_piece *piece = text->first, *next;

    for (; piece != NULL; piece = next) {
        next = piece->next;
        bide__free(piece, sizeof(*piece));
    }
    *text = (struct bide__scroll){0};
}

/*
 * scroll.h: text that grows in pieces, so that no part of it is ever copied: whoever writes it has
 * little time. And JSON in it.
 */
#ifndef BIDE_RUNTIME_TRACE_SCROLL_H
#define BIDE_RUNTIME_TRACE_SCROLL_H

#include <stdbool.h>
#include <stddef.h>

struct bide__scroll_piece;

/* All 0: an empty one. */
struct bide__scroll {
    struct bide__scroll_piece *first, *last;
    bool failed; /* there was no memory; it is cut off */
};

void bide__scroll_add(struct bide__scroll *text, const char *bytes, size_t size);

/* At most 200 bytes. */
void bide__scroll_print(struct bide__scroll *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As a string of JSON, in quotation marks. */
void bide__scroll_quote(struct bide__scroll *text, const char *s);

/* Moves all of `from` to the end. */
void bide__scroll_move(struct bide__scroll *text, struct bide__scroll *from);

/* The pieces in their order: sets *bytes, returns the size; 0: that was all. *at is NULL for the
 * first one. */
size_t bide__scroll_next(const struct bide__scroll *text, const struct bide__scroll_piece **at,
                         const char **bytes);

void bide__scroll_free(struct bide__scroll *text);

#endif

/*
 * text.h: text that grows in pieces, so that no part of it is ever copied: whoever writes it has
 * little time. And JSON in it.
 */
#ifndef BIDE_RUNTIME_TRACE_TEXT_H
#define BIDE_RUNTIME_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct bide__text_piece;

/* All 0: an empty one. */
struct bide__text {
    struct bide__text_piece *first, *last;
    bool failed; /* there was no memory; it is cut off */
};

void bide__text_add(struct bide__text *text, const char *bytes, size_t size);

/* At most 200 bytes. */
void bide__text_print(struct bide__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As a string of JSON, in quotation marks. */
void bide__text_quote(struct bide__text *text, const char *s);

/* Moves all of `from` to the end. */
void bide__text_move(struct bide__text *text, struct bide__text *from);

/* The pieces in their order: sets *bytes, returns the size; 0: that was all. *at is NULL for the
 * first one. */
size_t bide__text_next(const struct bide__text *text, const struct bide__text_piece **at,
                       const char **bytes);

void bide__text_free(struct bide__text *text);

#endif

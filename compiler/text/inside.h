/*
 * Private to the room text: keywords for the lexer, and the words of a line on disk with the tokens
 * that came from them.
 */
#ifndef BIDE_COMPILER_TEXT_INSIDE_H
#define BIDE_COMPILER_TEXT_INSIDE_H

#include "compiler/text/text.h"

/* ---- word.c: keywords ---- */

/* What the lexer makes of the name bide_runtime if a parenthesis follows: the word of the language.
 * Without one it is the name of a type (bide/lang.h), as in the plain reading. */
#define RUNTIME_WORD "bide_runtime ("

/* Gives every keyword of the dialect its number in its struct name. */
void names_init(struct arena *, const struct target *);

/* ---- pragma.c: pragmas about warnings ---- */

/* Reads `#pragma GCC diagnostic ...`, or clang's. NULL: the text from start to end is something
 * else. */
struct pragma *pragma_parse(struct arena *, const char *start, const char *end);
bool pragma_is_ours(const struct pragma *); /* it names a warning of bide */

/* ---- place_words.c: the words of a line on disk ---- */

struct line_text {
    const char *line;
    size_t length;
    uint32_t number;
    uint32_t *column; /* on the screen, of every 64th byte; NULL in a short line */
};

struct word {
    const struct line_text *text;
    uint32_t start, length; /* bytes of the line */
    uint32_t partner;       /* of a bracket: 1 + the index of the matching one; 0: none */
};

struct words {
    struct word *word;
    uint32_t count, room;
    const struct line_text *first_line; /* NULL: there is no such line */
};

/* True if the token is that word: `async` on disk is `bide_async` in the preprocessed text. */
bool place_same_word(const struct token *, const char *word, size_t length);
/* Reads the words from the token's line on that belong to it; `next`: the first token after them.
 */
void place_read_words(struct unit *, const struct token *, const struct token *next,
                      struct words *);

/* ---- place_align.c: which token is which word ---- */

/* Tokens that follow each other and have the same file and line, and the words of that line. */
struct group {
    const struct token *token; /* in unit->token */
    uint32_t count;
    struct words words;
    uint32_t *at;  /* [i]: the word of token i, or the name of the macro that it came from */
    bool *written; /* [i]: token i is that word */
    bool is_alike; /* at least one token is a word */
};

/* Fills in group->at, written and is_alike. */
void place_align(struct arena *, struct group *);

#endif

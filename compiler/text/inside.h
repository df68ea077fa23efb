/* Private to the room text: the words of a line on disk, and which tokens they are. */
#ifndef BIDE_COMPILER_TEXT_INSIDE_H
#define BIDE_COMPILER_TEXT_INSIDE_H

#include "compiler/text/text.h"

/* A line on disk. `column`: of every so many bytes, on the screen; NULL in a short line. */
struct line_text {
    const char *line;
    size_t length;
    uint32_t number;
    uint32_t *column;
};

struct word {
    const struct line_text *text;
    uint32_t start, length; /* bytes of the line */
    uint32_t partner;       /* of a bracket: 1 + the index of its other one; 0: none */
};

struct words {
    struct word *word;
    uint32_t count, room;
    const struct line_text *first_line; /* NULL: there is no such line */
};

/* The tokens that follow each other and have one file and line, and the words of that line. */
struct group {
    const struct token *token; /* in unit->token */
    uint32_t count;
    struct words words;
    uint32_t *at;  /* for each token its word, or that of the macro that it came from */
    bool *written; /* it is that word */
    bool is_alike; /* some are */
};

/* ---- pragma.c ---- */

/* `#pragma GCC diagnostic ...` (or clang's) in start..end; NULL: it is none. */
struct pragma *pragma_parse(struct arena *, const char *start, const char *end);
bool pragma_is_ours(const struct pragma *); /* it names a warning of bide */

/* ---- word.c ---- */

/* scope.c */
void names_init(struct arena *, const struct target *);

/* ---- place_words.c ---- */

bool place_is_word_char(char);
bool place_same_word(const struct token *, const char *word, size_t length);
/* The words from the token's line on that belong to it; `next`: the first token after its line. */
void place_read_words(struct unit *, const struct token *, const struct token *next,
                      struct words *);

/* ---- place_align.c ---- */

/* place_align.c: fills in group->at and group->written. */
void place_align(struct arena *, struct group *);

#endif

/*
 * Private to the room emit.
 *
 *   unit.c          goes over the unit: copies text, and replaces items
 *   function.c      one function: lowered, laid out (frame/), printed
 *     around.c      the code round its body: declarations, poll, start, descriptor
 *     frame.c       its frame
 *     code.c        its code (lower/), a piece at a time; show.c: copies for the debugger
 *     records.c     the records for `bide size`; limit.c: assertions against too large alignments
 *   output.c        all text goes through here, on the right lines; join.c, pack.c
 *     pretty.c      the form for people to read (bide emit)
 */
#ifndef BIDE_COMPILER_EMIT_INSIDE_H
#define BIDE_COMPILER_EMIT_INSIDE_H

#include "compiler/emit/emit.h"

/* The output: where it stands, and what has been printed. */
struct output {
    struct unit *unit;
    FILE *out;
    bool pretty;    /* the form to be read */
    const char *at; /* in unit->text: where copying goes on */
    struct emitted emitted;
    struct map declared; /* struct symbol *: async functions whose declarations are printed */
    struct map heights;  /* char *: of static functions that are shallow; see around.c */
    struct map shown;    /* struct var *: there is a copy under its name for the debugger */
    /* output.c */
    uint32_t last_token; /* just printed, nothing since; 0: none */
    uint32_t at_token;   /* the gap before it has just been printed; 0: none */
    uint32_t *gaps;      /* set of tokens: the text before them, with its pragmas, is printed */
    const char *file;    /* the place that a compiler would give the next character */
    uint32_t line, line_before; /* before output_nowhere; 0: it did nothing */
    bool system_header;
    char last;        /* character written; 0: none yet */
    char word;        /* the first character of the word at the end; 0: no word is there */
    bool substituted; /* the last token was printed as another text */
    /* pack.c */
    struct list packs; /* struct pack *: where #pragma pack changes what is in effect */
    bool packs_known;  /* these have been found */
    int pack;          /* in effect at the item that is being printed; 0: none */
    /* pretty.c */
    bool fresh;               /* a new line is due before anything else */
    bool blank;               /* and an empty one */
    bool drifted;             /* `line` is no longer true */
    bool undefined;           /* put_undefs has been called */
    int column;               /* of the next character */
    int parens;               /* open ones */
    int depth;                /* generated braces */
    int indent, indent_depth; /* column of the user's last line, and the depth there */
    int line_indent;          /* column of the current generated line */
    const char *main_file;
    const char *text_file; /* place of `at` in the source */
    uint32_t text_line;
    bool text_bol;
    struct list files; /* struct source_file * */
};

/* ---- function.c ---- */

/* Lowers and prints the function, its blocks and branches. */
void emit_function(struct unit *, struct output *, struct function *);

/* ---- around.c ---- */

/* Prints, once, what the callers of an async function need: its prototype, arguments, start
 * function and descriptor. */
void emit_async_declaration(struct unit *, struct output *, struct symbol *);
void emit_before_body(struct lower *, struct output *);

/* Before the body: finds out how deep the function's calls nest. Afterwards, "__inline__ " if its
 * start and its body should be, or "". */
void emit_height(struct lower *, struct output *);
const char *emit_inline_word(const struct lower *);
void emit_after_body(struct lower *, struct output *);

/* ---- fn_attribute.c ---- */

enum fn_part { PART_WRAPPER, PART_START, PART_BODY };

/* The user's attributes forbid that it is inlined. */
bool fn_stays_whole(struct unit *, const struct symbol *fn);
/* The user's attributes that belong on that generated function, with a blank at the end. */
const char *fn_attributes_text(struct unit *, const struct symbol *fn, enum fn_part);

/* ---- frame.c ---- */

/* The structs of blocks that have moved to file scope. */
void frame_print_tags(struct lower *, struct output *);
/* struct bide__frame_NAME. */
void frame_print(struct lower *, struct output *);

/* ---- code.c ---- */

void print_code(struct lower *, struct output *, const struct code *);
/* How the function's code writes the variable. */
const char *var_text(struct lower *, const struct var *);
/* Is it the kept result, as a variable? It is declared before the jumps to the resume labels, since
 * clang also checks the paths on which it is not returned. */
bool is_returned_scalar(const struct lower *, const struct var *);

/* ---- show.c ---- */

/* The copies for the debugger that are due after a statement. */
void print_shown(struct lower *, struct output *, const struct piece *);

/* ---- records.c ---- */

/* Prints the records of the frame, at the head of the poll function, and adds it to o->emitted. */
void emit_records(struct lower *, struct output *);

/* ---- limit.c ---- */

/* Static assertions, at file scope. */
void emit_limits(struct lower *, struct output *);

/* ---- output.c ---- */

struct output *output_new(struct unit *, FILE *);
void output_end(struct output *); /* copies the rest */
/* Copies the user's text up to the token; the token itself is not printed. */
void output_copy(struct output *, uint32_t before);
/* Leaves out the user's text up to and including this token. */
void output_skip(struct output *, uint32_t last);
/* What follows is on the token's line. */
void output_sync(struct output *, uint32_t token);
/* The user's tokens. `l` knows which of them are replaced, and by what; it may be NULL. */
void output_tokens(struct output *, struct lower *l, uint32_t first, uint32_t last);
/* The { or } of a body. */
void output_brace(struct output *, struct lower *, uint32_t brace);
/* Generated text, in which '\n' says where a line may begin. */
void output_text(struct output *, const char *);
void output_printf(struct output *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of its own, given without its end. */
void output_directive(struct output *, const char *line);
/* Between these two, all text is on line 0, which debuggers do not show. */
void output_nowhere(struct output *, bool begins);
void output_go_to(struct output *, const char *file, uint32_t line, bool system_header);

/* For join.c and pretty.c. */
void output_put(struct output *, const char *, size_t);
void output_newline(struct output *);
void output_pragmas(struct output *, uint32_t token); /* the pragmas before it */
bool output_needs_space(const struct output *, const struct token *);
size_t literal_length(const char *); /* of the string or character that begins there; or 0 */

/* ---- join.c ---- */

/* Notes what has been written. */
void output_note(struct output *, const char *, size_t);
/* Prints a blank if `next` would be read as a part of the token before it. */
void output_join(struct output *, char next);

/* ---- pack.c ---- */

/* What #pragma pack has set at the token; 0: nothing. */
int pack_at(struct output *, uint32_t token);
/* What is printed between these two is packed as `wanted` says. */
void pack_begin(struct output *, int wanted);
void pack_end(struct output *, int wanted);

/* ---- pretty.c ---- */

void pretty_begin(struct output *);
void pretty_end(struct output *);
/* Is the token in a header that is included, not copied? */
bool output_is_hidden(struct output *, uint32_t token);
void pretty_copy(struct output *, const char *end);
void pretty_item(struct output *);
void pretty_gap(struct output *, uint32_t token);
void pretty_sync(struct output *, uint32_t token);
void pretty_text(struct output *, const char *);

#endif

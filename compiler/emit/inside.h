/* Private to the room emit. */
#ifndef BIDE_COMPILER_EMIT_INSIDE_H
#define BIDE_COMPILER_EMIT_INSIDE_H

#include "compiler/emit/emit.h"

struct output;

struct output {
    struct unit *unit;
    FILE *out;
    bool pretty;
    const char *at;             /* in unit->text: where copying goes on */
    uint32_t last_token;        /* just printed, nothing since; 0: none */
    uint32_t at_token;          /* the gap before it has just been printed; 0: none */
    const char *file;           /* the place that a compiler would give the next character */
    uint32_t line, line_before; /* before output_nowhere; 0: it did nothing */
    bool system_header;
    char last;           /* character written; 0: none yet */
    char word;           /* that begins the word at the end of what is written; 0: there is none */
    bool substituted;    /* the last token was printed as another text */
    uint32_t *gaps;      /* set of tokens: the text before them, with its pragmas, is printed */
    struct list packs;   /* struct pack *: where #pragma pack changes what is in effect */
    bool packs_known;    /* these have been found */
    int pack;            /* in effect at the item that is being printed */
    struct map declared; /* struct symbol *: async functions whose declarations are printed */
    struct map shown;    /* struct var *: there is a copy under its name for the debugger */
    struct list frames;  /* struct frame_info *: of the functions that are printed */
    /* pretty */
    bool fresh;               /* a new line is due before anything else */
    bool blank;               /* and an empty one */
    bool drifted;             /* `line` is no longer true */
    bool undefined;           /* put_undefs has been */
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
/* fn_attribute.c: the user's attributes that belong on a generated function, a blank at the end */
enum fn_part { PART_WRAPPER, PART_START, PART_BODY };

/* ---- code.c ---- */

void print_code(struct lower *, struct output *, const struct code *);
/* The kept result, which is declared before the resume labels are jumped to: clang looks along the
 * ways by which it is not returned, too. */
bool is_returned_scalar(const struct lower *, const struct var *);
const char *var_text(struct lower *, const struct var *); /* how it is written */

/* ---- show.c ---- */

void print_shown(struct lower *, struct output *, const struct piece *);

/* ---- frame.c ---- */

void frame_print_tags(struct lower *, struct output *);
void frame_print(struct lower *, struct output *); /* struct bide__frame_NAME */

/* ---- output.c ---- */

struct output *output_new(struct unit *, FILE *);
/* all text up to the token, which is not printed */
void output_copy(struct output *, uint32_t before);
void output_skip(struct output *, uint32_t last);  /* text goes on after this token */
void output_sync(struct output *, uint32_t token); /* what follows is on its line */
void output_text(struct output *, const char *);
void output_printf(struct output *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void output_tokens(struct output *, struct lower *, uint32_t first, uint32_t last);
void output_end(struct output *);
void output_brace(struct output *, struct lower *, uint32_t brace); /* of a body */
/* output.c to pretty.c and back */
void output_pragmas(struct output *, uint32_t token); /* that stand before it */
void output_put(struct output *, const char *, size_t);
void output_newline(struct output *);
size_t literal_length(const char *); /* of the string or character that begins there; 0: none */
/* From here to where it ends, all is on line 0, which to debuggers is none. */
void output_nowhere(struct output *, bool begins);
void output_go_to(struct output *, const char *file, uint32_t line, bool system_header);
bool output_needs_space(const struct output *, const struct token *);

/* a line of its own, given without its end */
void output_directive(struct output *, const char *line);

/* ---- pretty.c ---- */

/* in a header that is included, not copied */
bool output_is_hidden(struct output *, uint32_t token);
void pretty_begin(struct output *);
void pretty_text(struct output *, const char *);
void pretty_end(struct output *);
void pretty_copy(struct output *, const char *end);
void pretty_item(struct output *);
void pretty_gap(struct output *, uint32_t token);
void pretty_sync(struct output *, uint32_t token);

/* ---- join.c ---- */

/* join.c: this has been written; a blank before `next`, the beginning of a token, where it would be
 * taken for a part of what is before it */
void output_note(struct output *, const char *, size_t);
void output_join(struct output *, char next);

/* ---- pack.c ---- */

int pack_at(struct output *, uint32_t token); /* what #pragma pack says there; 0: nothing */
/* What is printed between the two is packed as wanted. */
void pack_begin(struct output *, int wanted);
void pack_end(struct output *, int wanted);

/* ---- function.c ---- */

void emit_function(struct unit *, struct output *, struct function *);

/* ---- around.c ---- */

void emit_async_declaration(struct unit *, struct output *, struct symbol *);
void emit_before_body(struct lower *, struct output *);
void emit_after_body(struct lower *, struct output *);

/* ---- fn_attribute.c ---- */

const char *fn_attributes_text(struct unit *, const struct symbol *fn, enum fn_part);

/* ---- records.c ---- */

void emit_layout(struct lower *, struct output *); /* emit_layout.c: into the poll function */

/* ---- limit.c ---- */

void emit_limits(struct lower *, struct output *); /* at file scope */

#endif

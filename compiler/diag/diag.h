/*
 * The room diag: messages in the form of the user's compiler.
 *
 * Messages about a place are kept until diag_flush prints them in the order of their places;
 * unit->error_count is right at once. Flags and pragmas decide which warnings
 * are wanted. Messages without a place are printed at once.
 */
#ifndef BIDE_COMPILER_DIAG_DIAG_H
#define BIDE_COMPILER_DIAG_DIAG_H

#include "compiler/tree/tree.h"

enum severity { SEV_NOTE, SEV_WARNING, SEV_ERROR };

/* What diag.c keeps, for diag_json.c. */
struct fixit {
    uint32_t token;
    const char *text;
};

struct message {
    enum severity severity;
    uint32_t first, last;
    uint32_t number; /* in the order of coming */
    const char *option, *text;
    bool was_warning; /* made an error by -Werror */
    bool silent;      /* switched off, and its notes with it */
    bool is_bare;     /* its line has been shown just before */
    bool taken;       /* the user's compiler says it */
    struct list fixits;
    struct list notes; /* struct message * */
};

enum warning_group { WARN_ALWAYS, WARN_ALL, WARN_EXTRA, WARN_NAMED }; /* what turns it on */
struct warning {
    const char *name; /* -Wbide-...; one with a value ends in = */
    enum warning_group group;
    const char *help; /* one line */
};

/* ---- diag.c ---- */

/* At a token of the unit: file:line:col: error: ..., the source line and a caret. */
void diag(struct unit *, enum severity, uint32_t token, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a range of tokens (underlined with ~~~), `option` the -W name or NULL. */
void diag_range(struct unit *, enum severity, uint32_t first, uint32_t last, const char *option,
                const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* A fix-it under the last message: put `text` before the token. */
void diag_fixit_insert(struct unit *, uint32_t token, const char *text);
/* Prints and forgets the kept messages;
 * `diag_drop` only forgets them, and takes the counts back. */
void diag_flush(struct unit *);
void diag_drop(struct unit *);
/* Is there a message of this option, in these lines, that is left to the user's compiler? It does
 * not come any more. */
bool diag_take_held(struct unit *, const char *option, const struct line_span *);
/* The others of this option come now. */
void diag_release(struct unit *, const char *option);

/* ---- plain.c ---- */

/* Without a place, at once: "bide: error: ...". */
void diag_plain(enum severity, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* From now on diag_plain writes JSON. */
void diag_set_json(void);

/* ---- json.c ---- */

void json_string(FILE *, const char *text); /* in quotes */
/* A message without a place of ours: a compiler's (file, line and column if known), or a plain one
 * (file NULL). `option` may be NULL. */
void json_plain(const char *severity, const char *file, uint32_t line, uint32_t column,
                const char *text, const char *option, const char *source, FILE *);

/* ---- warning.c ---- */

extern const struct warning warning_table[]; /* ends with a NULL name */
/* Of one whose name ends in =: more than this is too much. UINT64_MAX: nothing is. */
uint64_t warning_limit(const struct unit *, const char *option, uint32_t token);
/* Does a flag or a pragma name it? (Of one whose name ends in =.) */
bool warning_is_mentioned(const struct unit *, const char *option);
/* Says which of the user's flags turn on what is no warning of ours. False: one has a bad value. */
bool warning_check_flags(const struct options *);

#endif

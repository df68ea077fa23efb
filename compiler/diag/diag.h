/*
 * The room diag: messages in the form of the user's compiler.
 *
 * It requires a lexed unit, whose flags and pragmas decide which warnings are wanted. Messages
 * about a place are kept until diag_flush prints them in the order of their places;
 * unit->error_count is right at once. Messages without a place are printed at once.
 */
#ifndef BIDE_COMPILER_DIAG_DIAG_H
#define BIDE_COMPILER_DIAG_DIAG_H

#include "compiler/tree/tree.h"

enum severity { SEV_NOTE, SEV_WARNING, SEV_ERROR };

/* ---- diag.c: messages about a place ---- */

/* A message at a token of the unit: file:line:col: error: ..., the source line and a caret. Notes
 * belong to the message before them. */
void diag(struct unit *, enum severity, uint32_t token, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a range of tokens, which is underlined with ~~~. `option`: the -W name, or NULL. */
void diag_range(struct unit *, enum severity, uint32_t first, uint32_t last, const char *option,
                const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Adds a fix-it to the last message: put `text` before the token. */
void diag_fixit_insert(struct unit *, uint32_t token, const char *text);

/* Prints the messages that are kept, and forgets them. */
void diag_flush(struct unit *);
/* Forgets the messages that are kept, and sets the count of errors to 0. */
void diag_drop(struct unit *);

/* Warnings that the user's compiler may give itself are held back. */
/* Is a warning of this option held back for one of these lines? Then it is left to the compiler. */
bool diag_take_held(struct unit *, const char *option, const struct line_span *);
/* Gives all other held warnings of this option. */
void diag_release(struct unit *, const char *option);

/* ---- plain.c: messages without a place ---- */

/* At once: "bide: error: ...". */
void diag_plain(enum severity, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* From now on diag_plain writes JSON. */
void diag_set_json(void);

/* ---- json.c: messages as JSON ---- */

/* Writes the text as a JSON string, in quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_string(FILE *, const char *text);
/* The same, but such bytes stay, as clang writes them: else no tool could find the file. */
void json_path(FILE *, const char *path);
/* Adds the text in quotes to the buffer. `raw`: bytes that are not UTF-8 stay. */
void json_add(struct buffer *, const char *text, bool raw);
/* A message that does not come from a unit: one of a compiler, or one without a place (`file`
 * NULL). `option` may be NULL. */
void json_plain(const char *severity, const char *file, uint32_t line, uint32_t column,
                const char *text, const char *option, const char *source, FILE *);

/* ---- warning.c: which warnings are wanted ---- */

/* What turns it on. WARN_ERROR: it is on, and an error unless a flag or a pragma names it. */
enum warning_group { WARN_ALWAYS, WARN_ALL, WARN_EXTRA, WARN_NAMED, WARN_ERROR };

struct warning {
    const char *name; /* -Wbide-...; one with a value ends in = */
    enum warning_group group;
    const char *help; /* one line */
};

extern const struct warning warning_table[]; /* ends with a NULL name */

/* For a warning with a value: the largest value that is allowed at this token. UINT64_MAX: the
 * warning is off. */
uint64_t warning_limit(const struct unit *, const char *option, uint32_t token);
/* Is the warning off at this token? -w does not count for a WARN_ERROR. */
bool warning_is_ignored(const struct unit *, const char *option, uint32_t token);
/* Does a flag or a pragma name a warning of bide? */
bool warning_is_mentioned(const struct unit *, const char *option);

/* Warns of flags that name no warning of bide. False: a flag has a bad value, which is reported. */
bool warning_check_flags(const struct options *);

#endif

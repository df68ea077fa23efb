/*
 * The driver's own header: the command line, the processes, the temporary files. Only main.c,
 * driver*.c and process.c include it; the front end and the lowering never do.
 *
 * Memory: what belongs to the command lives in one arena until the program ends.
 */
#ifndef BIDE_COMPILER_DRIVER_INSIDE_H
#define BIDE_COMPILER_DRIVER_INSIDE_H

#include "compiler/driver/driver.h"
#include "compiler/diag/diag.h"
#include "compiler/emit/emit.h"
#include "compiler/object/object.h"
#include "compiler/parse/parse.h"
#include "compiler/translate.h"

/* Does the function there name it in a form that gives the plain reading another flow? What forms
 * count: FLOW_... */
enum {
    FLOW_VALUES,  /* guards and spawned calls, where values are lost */
    FLOW_OUTSIDE, /* and deferred blocks, and scopes that the lines are not in */
    FLOW_ALL
};

/* One run of a program. argv is a list of strings without a NULL at its end. */
struct process {
    struct arena *arena;
    struct list argv;
    const struct buffer *input; /* its standard input; NULL: ours */
    bool catch_out, catch_err;  /* into out and err; else ours */
    struct buffer out, err;
    int signal; /* that ended it, or 0 */
    /* process_start */
    int given;   /* a descriptor that it has too, under the same number; 0: none */
    int said[2]; /* our ends of the pipes to out and err, or -1 */
    int place;   /* among the children that run: CHILD_... */
};
/* The children that run: a signal that ends us ends them first. 0: none. The plain one leads a
 * process group. */
enum { CHILD_NOW, CHILD_EARLY, CHILD_PLAIN, CHILD_COUNT };

enum arg_kind {
    ARG_BOTH,       /* for preprocessing and compiling */
    ARG_PREPROCESS, /* -D -I -include */
    ARG_COMPILE,    /* leaves files or says things that are wanted once: -save-temps --coverage */
    ARG_PCH,        /* names a precompiled header: for what the compiler reads itself */
    ARG_LINK,
    ARG_DEPENDENCY, /* -MD -MF -MT */
    ARG_DATABASE,   /* -MJ */
    ARG_OUTPUT,     /* -o */
    ARG_MODE,       /* -c -S -E -M -fsyntax-only */
    ARG_LANGUAGE,   /* -x */
    ARG_INPUT,
    ARG_OURS, /* -fbide-... -Wbide-... */
};

enum language { LANG_OTHER, LANG_C, LANG_C_PREPROCESSED, LANG_C_HEADER, LANG_CXX };

struct arg {
    enum arg_kind kind;
    const char *word[2]; /* [1] NULL: one word */
    const char *value;   /* of an option that has one, joined or not */
    /* inputs */
    enum language language;
    const char *forced;    /* the language that -x has set, or NULL */
    const char *generated; /* driver.c: compile this text in its place */
};

enum mode { MODE_LINK, MODE_COMPILE, MODE_ASSEMBLE, MODE_SYNTAX, MODE_PREPROCESS, MODE_QUERY };

struct command {
    struct arena *arena;
    struct list words;    /* char *: as given, from the compiler's name on */
    uint32_t first_word;  /* of them after the compiler */
    struct list compiler; /* char *: ccache gcc */
    int launcher_count;   /* words of `compiler` before its real name */
    struct list args;     /* struct arg *: response files opened up */
    enum mode mode;
    bool clang, cxx;
    bool has_response_file, saves_temps, has_assembly, has_header;
    bool has_debug, optimizes;   /* -g, -O */
    bool has_foreign_words;      /* our words in a file that includes nothing of bide */
    bool has_modules;            /* -fmodules */
    const char *traditional;     /* the word that asks for C before C89, or NULL */
    const char *input_charset;   /* the word, or NULL */
    const char *unknown_charset; /* of execution, in which not even ASCII may be itself */
    const char *struct_word;     /* the option by which structs are not as the library has them */
    bool static_link, no_library, other_target;
    bool quiet;             /* generated texts: no warning about them is an error */
    bool silent;            /* nor is there any */
    const char *triple;     /* of a cross compiler */
    const char *output;     /* -o */
    const char *database;   /* -MJ */
    int signal;             /* that ended the compiler, or 0 */
    int input_count;        /* all that is no option */
    int c_count;            /* C or C++ */
    struct options options; /* of ours */
};

/* One C input of the command that has async words. */
struct job {
    const struct command *command;
    struct arg *input;
    struct buffer source;    /* the file as it lies on disk */
    struct buffer text;      /* preprocessed */
    struct buffer err;       /* what the preprocessor said */
    struct buffer check_err; /* what the plain reading gave */
    struct buffer made;      /* the generated text, if a compiler got it that waited: in no file */
    const char *dependency;  /* the file of dependencies that it wrote, or NULL */
    struct unit *unit;
    struct list frames; /* struct frame_info *: of its async functions */
    int status, signal; /* of the preprocessor */
    bool is_doubtful;   /* it has no async words itself, but may get some from macros */
    /* driver_plain.c */
    bool is_plain;      /* only that: the command compiles the file as it is */
    bool plain_code;    /* code is generated */
    bool is_unreadable; /* it names what only bide makes, so there is no plain reading */
    bool plain_done;
    bool plain_c99; /* in this dialect */
    int check_status;
    struct process plain;
};

enum step { STEP_OK, STEP_NOT_ASYNC, STEP_FAILED };

struct early {
    struct process process;
    const char *path;   /* that it compiles; NULL: there is none */
    size_t head_length; /* what it has of the text so far */
    int fd;             /* where the text goes */
    bool done;          /* it has compiled it */
};

/* Prints what the compiler has to say of the files of these jobs: `err` is what it said of the
 * generated text, the rest it says of the plain readings, for which this waits. `failed`: it did
 * not succeed with the command. */
enum verdict {
    VERDICT_FINE,
    VERDICT_OURS,    /* the fault is ours */
    VERDICT_AGAIN,   /* it failed by warnings that do not count: once more, without warnings */
    VERDICT_ALONE,   /* once more, with no plain reading to speak for the generated text */
    VERDICT_REFUSED, /* it made something of a file that it does not take as it is */
};

/* One message with the lines that belong to it. */
struct block {
    const char *start; /* the context lines before it included */
    size_t length, context_length;
    char *place;  /* file:line, NULL: not a message of a compiler about a place */
    char *text;   /* after "error: ", without colours and without the option */
    char *option; /* [-W...], or "" */
    bool error;
};

struct blocks {
    struct arena *arena;
    struct list list;
    const char *context; /* lines that belong to the next message; or NULL */
};

/* What a job's forms mean for messages about its lines. */
struct confirm {
    struct arena *arena;
    struct job *job;
    const struct blocks *got; /* about the generated text */
    struct list flows;    /* struct line_span *: functions whose flow the plain reading has not */
    struct list deferred; /* struct line_span *: deferred blocks */
    struct list orders;   /* struct line_span *: expressions whose order bide defines */
};

/* ---- temp.c ---- */

void temp_remove(void);

/* A new path for a file of this name, alone in a folder; removed at the end, by whatever end. */
const char *temp_path(struct arena *, const char *name);
/* Makes the folder, if it is not there, and watches signals. */
void temp_begin(struct arena *);
/* Keeps the file for the user, elsewhere; its new path, or NULL. */
const char *temp_keep(struct arena *, const char *path);
/* The group that runs, to be ended with us however we end; 0: it has ended. */
void temp_tell_group(int group);
extern volatile int temp_child[CHILD_COUNT];

/* ---- reading.c ---- */

/* struct line_span *: functions whose flow it does not have; full expressions with an await or a
 * form, whose order it leaves open. */
struct list reading_flows(struct unit *);
struct list reading_orders(struct unit *);
/* And deferred blocks, which run later, with other values. */
struct list reading_deferred(struct unit *);
/* Is it a local variable of a function there? */
bool reading_names_local(struct unit *, const char *name, const struct line_span *);
bool reading_flow_names(struct unit *, const char *name, const struct line_span *, int forms);
/* Is it a local variable of a function there that holds a task or a future? It begins empty. */
bool reading_names_owner(struct unit *, const char *name, const struct line_span *);

/* ---- process.c ---- */

/* Its exit status; 128 + n when signal n ended it; 127, with a message, when it cannot be run. */
int process_run(struct process *);
/* The same in two steps. 0, or 127 as above. */
int process_start(struct process *);
/* Writes the text to `fd`, closes that, and waits for the program's end. fd < 0: nothing to do. */
int process_finish(struct process *, const struct buffer *text, int fd);
/* Ends it, the plain one with all that it has started; what it says is lost. */
void process_abandon(struct process *);
/* Becomes the program; input as above. Returns 127, with a message, when it cannot. */
int process_exec(struct process *);
/* Runs the program as the user's own: signals sent to us go to it. */
int process_run_as_user(struct process *);
/* Ends us by the signal that ended a program, if any, so that our parent sees the same, with no
 * core of ours; else returns the exit status. */
int process_end_like(int status, int signal);
void argv_add(struct process *, const char *word);
void argv_add_arg(struct process *, const struct arg *); /* its one or two words */

/* ---- args.c ---- */

/* Reads the words after `bide cc`. 0, or -1 with a message. */
int command_read(struct command *, int argc, char **argv);
/* The compiler of $CC, or cc; then the words in `before`, in $CFLAGS, and these. */
int command_read_default(struct command *, const char *before, int argc, char **argv);
bool word_is_ours(const char *word);
bool arg_is_c(const struct arg *); /* a C file, preprocessed or not */
/* Does the text use words of bide? Such a file goes through the front end. */
bool text_has_async_words(const char *text, size_t length);

/* ---- home.c ---- */

/* The include folder; NULL, with a message, when the tool stands alone. */
const char *home_include(struct arena *);
/* The folder of our libraries for this machine, or NULL. */
const char *home_library(struct arena *);
/* What gdb loads; NULL, with a message, when it is not there. */
const char *home_gdb_script(struct arena *);
/* Adds what a program needs of bide to a command that links. */
void home_add_link_flags(const struct command *, struct process *);
/* Adds the libraries that a first-lines comment "needs: NAME..." asks for. */
void home_add_needs(const struct command *, struct list *words, const char *text);

/* ---- pch.c ---- */

/* Adds the words that name headers to include before the file, for a step that needs their text.
 * 0, or -1 with a message. */
int pch_add_text(const struct command *, struct process *);
/* Is the word one of those? */
bool pch_is_include(const struct arg *);

/* ---- database.c ---- */

/* Writes what clang's -MJ asks for: the command of each C file, as the user gave it. */
void database_write(const struct command *);

/* ---- scan.c ---- */

/* driver_scan.c: may the file, which has no words of ours, get some from headers or options? */
bool may_get_async_words(struct command *, const char *path, const struct buffer *text);

/* ---- step.c ---- */

/* Fills text. What is wrong has been said when it fails. */
enum step job_preprocess(struct job *);
/* Has the preprocessed text async code, of the file itself or of a header? */
bool job_has_words(struct job *);
/* Has it not included <bide/bide.h>, so that it lacks the short words? */
bool job_lacks_words(const struct job *);
/* Prints what -H asks for. */
void print_header_list(const struct job *);
/* Parse, check, lower; writes the generated text to `out`. */
enum step job_translate(struct job *, FILE *out);
void job_free(struct job *);
/* Is a word of the user's command one for an extra step that preprocesses, or else for one that
 * compiles? */
bool command_wants_word(const struct arg *, bool preprocess);
void command_add_input(const struct arg *, struct process *, const char *path);

/* ---- compiler.c ---- */

struct process compiler_process(const struct command *); /* with no words yet */
/* A compiler of another name may be clang, as gcc is on some systems: asks it. */
bool command_says_clang(const struct command *);
void command_add_colour(const struct command *, struct process *);
/* Adds the user's words that are for every step. */
void command_add_common(const struct command *, struct process *);
/* What the compiler calls the output of an input without -o: hello.o, or hello.s for -S. */
const char *command_object(const struct command *, const struct arg *input);

/* ---- plain.c ---- */

/* Not with -w. */
bool plain_is_wanted(const struct command *);
/* A preprocessed file of ours has none. */
bool plain_exists(const struct job *);
/* Is code generated for it, for what a compiler says only then? */
bool plain_needs_code(const struct job *);
/* Starts the compiler on it, when the one that runs has ended. */
void plain_start(struct job *);
/* Waits for its end, once; starts it if it was not. Fills check_err; the exit status. */
int plain_finish(struct job *);
/* The same to the end: some errors and warnings come only when code is generated. */
int plain_finish_code(struct job *);
/* Once more, in the dialect gnu99. */
int plain_finish_c99(struct job *);
/* The same for the preprocessed text with our words in the plain reading: the file may not be the
 * same one to both, if it asks for the names of our macros. Its errors alone are told. */
int plain_check_text(struct job *);
void plain_stop(struct job *);

/* ---- early.c ---- */

/* Does it give the same as a compiler that starts when the text is there? */
bool early_fits(const struct command *, const struct job *);
/* Starts the process, which compiles `path`, if it can. */
void early_start(struct early *, struct process *, const struct job *, const char *path);
/* Makes the text for clang one of which no part compiles. False: it does not begin as usual. */
bool early_guard(const struct job *, struct buffer *text);
/* Gives it the guarded text, and waits. False: it has compiled nothing and said nothing. */
bool early_finish(struct early *, const struct buffer *text);
/* Ends it before it writes anything. */
void early_stop(struct early *);

/* ---- comments.c ---- */

/* Have the two preprocessed texts, one of them with comments, the same tokens? */
bool comments_change_nothing(const struct buffer *without, const struct buffer *with);

/* ---- pragma.c ---- */

/* Puts our pragmas back into the preprocessed text, which clang has dropped, and takes away what it
 * said of that. */
void pragmas_restore(struct job *job);

/* ---- block.c ---- */

/* The line without colour sequences. */
char *without_colours(struct arena *arena, const char *line, size_t length);

struct blocks blocks_read(struct arena *, const struct buffer *);
/* "FILE:LINE:COLUMN: " with the column left out at will; the rest after it, or NULL. */
const char *block_read_place(struct arena *, const char *line, char **place);
/* Two messages are the same when file, line and text agree, or file, line and option. */
bool block_same(const struct block *, const struct block *);
/* The warning's name without -W, error= and a value: "maybe-uninitialized"; "" without one. */
const char *block_option(struct arena *, const struct block *);
/* Is it an error that no option made one? */
bool block_is_hard(const struct block *);

/* ---- report.c ---- */

enum verdict report(struct list *jobs, const struct buffer *err, bool failed);
/* Prints our own warnings that the compiler could have given and has not. 1: an error is among
 * them, else 0. */
int check_held(struct list *jobs);

/* ---- hint.c ---- */

/* Says what include may be missing, if the compiler's errors are about words of ours. */
void hint_missing_include(const struct command *, const struct buffer *err,
                          const struct buffer *standard_input);

/* ---- long.c ---- */

/* Makes the short option of a word that begins with `--`, with the next word as its value where one
 * belongs to it. 0, or -1 when that is missing: said. */
int long_option_read(struct command *, struct list *words, uint32_t *at, struct arg *);

/* How gcc reads a `--` word that is no option of that name: --no-asm as -fno-asm. */
const char *long_option_flag(const struct command *, const char *word);

/* ---- frame.c ---- */

bool wants_frames(const struct job *);
/* Asks what the compiler has made, or the compiler, how large the frames are, and reports those
 * that are too large. Does nothing unless that is wanted. 1: one of them is an error, else 0. */
int check_frames(struct command *, struct list *jobs);

/* ---- json.c ---- */

/* Prints what a compiler said, as it is or, with --error-format=json, as JSON. */
void print_said(const struct command *, const char *text, size_t length);

/* ---- driver.c ---- */

/* Compiles; `extra`: words to add at the end. Used by run. */
int driver_compile(struct command *, const struct list *extra);

/* ---- confirm.c ---- */

struct confirm confirm_begin(struct arena *, struct job *, const struct blocks *got);
/* Does a message about the plain reading hold for what bide makes of the file? */
bool confirm_holds(struct confirm *, const struct block *);
/* Has the unit functions whose flow only the generated code has? */
bool confirm_is_needed(struct unit *);

/* ---- size_print.c ---- */

void size_print_text(const struct list *functions, int members, FILE *);
void size_print_tsv(const struct list *functions, FILE *);
void size_print_json(const struct list *functions, FILE *);

#endif

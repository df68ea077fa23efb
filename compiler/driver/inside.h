/*
 * The driver's own header: the command line, the processes, the temporary files. Only main.c,
 * driver*.c and process.c include it; the front end and the lowering never do.
 *
 * Memory: what belongs to the command lives in one arena until the program ends.
 */
#ifndef BIDE_DRIVER_H
#define BIDE_DRIVER_H

#include "compiler/tree/tree.h"

/* ---- process.c ---- */

struct buffer {
    char *data; /* malloc, terminated by a NUL that does not count; NULL when empty */
    size_t length, room;
};
void buffer_add(struct buffer *, const char *data, size_t length);
void buffer_free(struct buffer *);
/* 0 or a negative errno. */
int buffer_read_file(struct buffer *, const char *path);
int buffer_read_fd(struct buffer *, int fd);

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

/* ---- driver_temp.c: the private folder ---- */

/* A new path for a file of this name, alone in a folder; removed at the end, by whatever end. */
const char *temp_path(struct arena *, const char *name);
/* Makes the folder, if it is not there, and watches signals. */
void temp_begin(struct arena *);
/* Keeps the file for the user, elsewhere; its new path, or NULL. */
const char *temp_keep(struct arena *, const char *path);
void temp_remove(void);
/* The children that run: a signal that ends us ends them first. 0: none. The plain one leads a
 * process group. */
enum { CHILD_NOW, CHILD_EARLY, CHILD_PLAIN, CHILD_COUNT };
/* The group that runs, to be ended with us however we end; 0: it has ended. */
void temp_tell_group(int group);
extern volatile int temp_child[CHILD_COUNT];

/* ---- driver_args.c: the command line of gcc and clang ---- */

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
/* Reads the words after `bide cc`. 0, or -1 with a message. */
int command_read(struct command *, int argc, char **argv);
/* The compiler of $CC, or cc; then the words in `before`, in $CFLAGS, and these. */
int command_read_default(struct command *, const char *before, int argc, char **argv);
bool word_is_ours(const char *word);
/* Does the text use words of bide? Such a file goes through the front end. */
bool text_has_async_words(const char *text, size_t length);
/* The last part of a path. */
const char *base_name(const char *path);
/* BASE or PATH with its suffix (from the last dot of the last part) replaced. */
char *with_suffix(struct arena *, const char *path, const char *suffix);

/* ---- driver_home.c: where our headers and libraries are ---- */

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

/* ---- driver_pch.c: precompiled headers ---- */

/* Adds the words that name headers to include before the file, for a step that needs their text.
 * 0, or -1 with a message. */
int pch_add_text(const struct command *, struct process *);
/* Is the word one of those? */
bool pch_is_include(const struct arg *);

/* ---- driver_database.c: -MJ ---- */

/* Writes what clang's -MJ asks for: the command of each C file, as the user gave it. */
void database_write(const struct command *);

/* ---- driver_step.c: preprocess, translate, check ---- */

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

/* driver_scan.c: may the file, which has no words of ours, get some from headers or options? */
bool may_get_async_words(struct command *, const char *path, const struct buffer *text);

enum step { STEP_OK, STEP_NOT_ASYNC, STEP_FAILED };
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
/* A compiler of another name may be clang, as gcc is on some systems: asks it. */
bool command_says_clang(const struct command *);
void command_add_colour(const struct command *, struct process *);
void command_add_input(const struct arg *, struct process *, const char *path);

/* ---- driver_plain.c: the plain reading, for the compiler's messages ---- */

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

/* ---- driver_early.c: the compiler that waits for its text ---- */

struct early {
    struct process process;
    const char *path;   /* that it compiles; NULL: there is none */
    size_t head_length; /* what it has of the text so far */
    int fd;             /* where the text goes */
    bool done;          /* it has compiled it */
};
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

/* ---- driver_comments.c ---- */

/* Have the two preprocessed texts, one of them with comments, the same tokens? */
bool comments_change_nothing(const struct buffer *without, const struct buffer *with);

/* ---- driver_pragma.c ---- */

/* Puts our pragmas back into the preprocessed text, which clang has dropped, and takes away what it
 * said of that. */
void pragmas_restore(struct job *job);

/* ---- driver_report.c ---- */

/* The line without colour sequences. */
char *without_colours(struct arena *arena, const char *line, size_t length);

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
enum verdict report(struct list *jobs, const struct buffer *err, bool failed);
/* Prints our own warnings that the compiler could have given and has not. 1: an error is among
 * them, else 0. */
int check_held(struct list *jobs);

/* ---- driver_hint.c ---- */

/* Says what include may be missing, if the compiler's errors are about words of ours. */
void hint_missing_include(const struct command *, const struct buffer *err,
                          const struct buffer *standard_input);

/* ---- driver_long.c: long names of options ---- */

/* Makes the short option of a word that begins with `--`, with the next word as its value where one
 * belongs to it. 0, or -1 when that is missing: said. */
int long_option_read(struct command *, struct list *words, uint32_t *at, struct arg *);

/* How gcc reads a `--` word that is no option of that name: --no-asm as -fno-asm. */
const char *long_option_flag(const struct command *, const char *word);

/* ---- driver_frame.c: -Wbide-frame-larger-than= ---- */

bool wants_frames(const struct job *);
/* Asks what the compiler has made, or the compiler, how large the frames are, and reports those
 * that are too large. Does nothing unless that is wanted. 1: one of them is an error, else 0. */
int check_frames(struct command *, struct list *jobs);

/* ---- driver_json.c ---- */

/* Prints what a compiler said, as it is or, with --error-format=json, as JSON. */
void print_said(const struct command *, const char *text, size_t length);

/* ---- driver.c, driver_run.c: the commands; each returns the exit status ---- */

int driver_cc(int argc, char **argv);
int driver_emit(int argc, char **argv);
int driver_run(int argc, char **argv);
int driver_size(int argc, char **argv); /* size.c */
int driver_gdb(int argc, char **argv);

/* ---- help.c ---- */

void help_print(FILE *);                      /* all commands and options */
bool help_print_command(const char *command); /* on standard output; false: there is none */
/* Compiles; `extra`: words to add at the end. Used by run. */
int driver_compile(struct command *, const struct list *extra);

#endif

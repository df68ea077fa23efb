/*
 * Private to the room driver: the command line, the processes, the temporary files, and what is
 * made of the compiler's messages.
 *
 * How `bide cc` goes through this room:
 *
 *   args.c, long.c      the words of the command become a struct command
 *   driver.c, scan.c    each input with async words becomes a struct job
 *   plain.c             the compiler starts to read the file itself, in parallel with what follows
 *   early.c             clang starts, and waits for the text
 *   step.c              preprocess (pch.c, pragma.c, comments.c), then translate
 *   driver.c            the user's own command runs, with the generated texts in the inputs' places
 *   report.c            decides what of all messages is printed (said.c, block.c, confirm.c,
 *                       reading.c), hint.c adds what may be missing
 *   frame.c             measures the frames, database.c writes what -MJ asks for
 *
 * Memory: what belongs to the command lives in one arena until the program ends; a job's unit has
 * an arena of its own until job_free. Functions that can fail print their message themselves,
 * unless their comment says otherwise.
 */
#ifndef BIDE_COMPILER_DRIVER_INSIDE_H
#define BIDE_COMPILER_DRIVER_INSIDE_H

#include "compiler/diag/diag.h"
#include "compiler/driver/driver.h"
#include "compiler/emit/emit.h"
#include "compiler/object/object.h"
#include "compiler/parse/parse.h"
#include "compiler/translate.h"

struct process;

/* ---- the command line ---- */

/* What a word of the command is for. */
enum arg_kind {
    ARG_BOTH,       /* for preprocessing and compiling */
    ARG_PREPROCESS, /* -D -I -include */
    ARG_COMPILE,    /* leaves files or prints what is wanted once: -save-temps --coverage */
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
    const char *generated; /* the file of generated text that is compiled in its place */
};

/* What the command makes. A later mode in this list wins over an earlier one. */
enum mode {
    MODE_LINK,
    MODE_COMPILE,
    MODE_ASSEMBLE,
    MODE_SYNTAX,
    MODE_ANALYZE, /* clang's --analyze */
    MODE_PREPROCESS,
    MODE_QUERY
};

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
    bool quiet;             /* no warning about a generated text is an error */
    bool silent;            /* nor is any given */
    const char *triple;     /* of a cross compiler */
    const char *output;     /* -o */
    const char *database;   /* -MJ */
    int signal;             /* that ended the compiler, or 0 */
    int input_count;        /* words that are no option */
    int c_count;            /* inputs in C or C++ */
    struct options options; /* of ours */
};

/* ---- args.c: reads the words of a command ---- */

/* Reads the words after `bide cc`. 0 or -1. */
int command_read(struct command *, int argc, char **argv);
/* The compiler of $CC, or cc; then the words in `before`, in $CFLAGS, and these. 0 or -1. */
int command_read_default(struct command *, const char *before, int argc, char **argv);
bool word_is_ours(const char *word);
bool arg_is_c(const struct arg *); /* a C file, preprocessed or not */
/* Does the text use words of bide? If so, the file goes through the front end. */
bool text_has_async_words(const char *text, size_t length);

/* ---- long.c: long names of options ---- */

/* Replaces a word that begins with `--` by its short option, with the next word as its value where
 * the option takes one. 0, or -1 when that word is missing. */
int long_option_read(struct command *, struct list *words, uint32_t *at, struct arg *);
/* How gcc reads a `--` word that it does not know: --no-asm as -fno-asm. */
const char *long_option_flag(const struct command *, const char *word);

/* ---- compiler.c: the user's compiler and its command lines ---- */

/* Starts a command line with the compiler, without a launcher such as ccache. */
struct process compiler_process(const struct command *);
/* A compiler of another name may be clang, as gcc is on some systems: asks it. */
bool command_says_clang(const struct command *);
/* Adds the options for the look of messages: with or without colours, with or without carets. */
void command_add_colour(const struct command *, struct process *);
/* Adds the user's words that are for every step. */
void command_add_common(const struct command *, struct process *);
/* What the compiler calls the output of an input without -o: hello.o, or hello.s for -S. */
const char *command_object(const struct command *, const struct arg *input);

/* ---- programs and files ---- */

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

/* The children that run. A signal that ends us ends them first. The plain one leads a process
 * group. */
enum { CHILD_NOW, CHILD_EARLY, CHILD_PLAIN, CHILD_COUNT };

extern volatile int temp_child[CHILD_COUNT]; /* their process numbers; 0: it does not run */

/* ---- process.c: runs programs ---- */

void argv_add(struct process *, const char *word);
void argv_add_arg(struct process *, const struct arg *); /* its one or two words */

/* The exit status; 128 + n if signal n ended the program; 127, with a message, if it cannot be
 * run. */
int process_run(struct process *);
/* process_run in two steps. 0, or 127 as above. */
int process_start(struct process *);
/* Writes the text to `fd`, closes it, and waits for the program's end. With fd < 0 nothing is
 * written. */
int process_finish(struct process *, const struct buffer *text, int fd);
/* Ends the program; the plain one with all processes that it has started. Its output is lost. */
void process_abandon(struct process *);
/* Becomes the program; input as above. Returns 127, with a message, when it cannot. */
int process_exec(struct process *);
/* Runs the program as the user's own: signals sent to us go to it. */
int process_run_as_user(struct process *);
/* If a signal ended a program, ends this process by the same signal, without a core dump, so that
 * the parent sees the same end. Otherwise returns the exit status. */
int process_end_like(int status, int signal);

/* ---- temp.c: the private folder, which is gone when we are ---- */

/* Makes the folder, if it is not there, and watches signals. */
void temp_begin(struct arena *);
/* A new path for a file of this name, alone in a folder. */
const char *temp_path(struct arena *, const char *name);
/* Moves the file to a place where the user finds it. Returns its new path, or NULL. */
const char *temp_keep(struct arena *, const char *path);
/* Removes the folder and all that is in it. */
void temp_remove(void);
/* Names the process group that must end with this process, however it ends. 0: the group has
 * ended. */
void temp_tell_group(int group);

/* ---- home.c: where the tool lies, with its headers and libraries ---- */

/* The include folder; NULL, with a message, when it is not there. */
const char *home_include(struct arena *);
/* The folder of our libraries for this machine, or NULL. */
const char *home_library(struct arena *);
/* What gdb loads; NULL, with a message, when it is not there. */
const char *home_gdb_script(struct arena *);
/* The folder with the files of a new service; NULL, with a message, when it is not there. */
const char *home_new(struct arena *);
/* Adds what a program needs of bide to a command that links. */
void home_add_link_flags(const struct command *, struct process *);
/* Adds the libraries that a comment "needs: NAME..." in the first lines asks for. */
void home_add_needs(const struct command *, struct list *words, const char *text);

/* ---- one input ---- */

/* A C input of the command that has async words; or, when messages are printed, also an input that
 * the command compiles as it is (is_plain). */
struct job {
    const struct command *command;
    struct arg *input;
    bool is_doubtful;     /* it has no async words itself, but may get some from macros */
    struct buffer source; /* the file as it lies on disk */
    /* step.c */
    struct buffer text;     /* preprocessed */
    struct buffer err;      /* what the preprocessor said */
    int status, signal;     /* of the preprocessor */
    const char *dependency; /* the file of dependencies that it wrote, or NULL */
    struct unit *unit;
    struct emitted emitted;
    /* driver.c */
    struct buffer made; /* the generated text, if a compiler that waited got it: then no file has */
    /* plain.c */
    bool is_plain;      /* the command compiles the file as it is */
    bool is_unreadable; /* it names what only bide makes, so it has no plain reading */
    bool plain_code;    /* code is generated */
    bool plain_c99;     /* in the dialect gnu99 */
    bool plain_done;
    int check_status;
    struct buffer check_err; /* what was said of the plain reading */
    struct process plain;
};

enum step { STEP_OK, STEP_NOT_ASYNC, STEP_FAILED };

/* ---- scan.c: may a file get async words from elsewhere? ---- */

/* May the file, which has no words of bide, get some from headers or options? */
bool may_get_async_words(struct command *, const char *path, const struct buffer *text);

/* ---- step.c: preprocesses and translates ---- */

/* Fills text and err. */
enum step job_preprocess(struct job *);
/* Does the preprocessed text have async code, from the file itself or from a header? */
bool job_has_words(struct job *);
/* Does it not include <bide/bide.h>, so that it lacks the short words? */
bool job_lacks_words(const struct job *);
/* Prints what -H asks for. */
void print_header_list(const struct job *);
/* Translates the text; writes the generated one to `out`. */
enum step job_translate(struct job *, FILE *out);
void job_free(struct job *);
/* Does this word of the user's command belong in an extra step, which preprocesses or compiles? */
bool command_wants_word(const struct arg *, bool preprocess);
/* Adds the path in place of the input, with the user's -x. */
void command_add_input(const struct arg *input, struct process *, const char *path);

/* ---- cxx.c: C++ ---- */

/* Reports a file with async functions that is compiled as C++. False: there is no such file. */
bool cxx_is_refused(const struct command *);

/* ---- pch.c: precompiled headers, whose text the front end reads ---- */

/* Adds the words that include headers, for a step that needs their text. 0 or -1. */
int pch_add_text(const struct command *, struct process *);
/* Is it such a word: -include? */
bool pch_is_include(const struct arg *);

/* ---- pragma.c: our pragmas, which clang's preprocessor drops ---- */

/* Puts the pragmas back into the text, and removes clang's messages about them. */
void pragmas_restore(struct job *);

/* ---- comments.c: comments for readers of the generated text ---- */

/* Have the two preprocessed texts, one of them with comments, the same tokens? */
bool comments_change_nothing(const struct buffer *without, const struct buffer *with);

/* ---- the compiler, in parallel ---- */

/* ---- plain.c: the compiler reads the file itself, for its messages ---- */

/* Not with -w. */
bool plain_is_wanted(const struct command *);
/* A preprocessed file has no plain reading. */
bool plain_exists(const struct job *);
/* Is code generated, for what a compiler says only then? */
bool plain_needs_code(const struct job *);
/* Starts the compiler on the file, when the compiler that runs has ended. */
void plain_start(struct job *);
/* Starts the compiler if that was not done, and waits for its end, once. Fills check_err. Returns
 * the exit status. */
int plain_finish(struct job *);
/* The same with code: some errors and warnings come only then. */
int plain_finish_code(struct job *);
/* Once more, in the dialect gnu99. */
int plain_finish_c99(struct job *);
/* Once more, with the preprocessed text and bide's words in their plain reading: a file that asks
 * for the names of bide's macros may differ in the two. Only errors are reported. */
int plain_check_text(struct job *);
void plain_stop(struct job *);

/* ---- early.c: clang, started before its text is there ---- */

struct early {
    struct process process;
    const char *path;   /* that it compiles; NULL: it does not run */
    size_t head_length; /* what it has of the text so far */
    int fd;             /* where the text goes */
    bool done;          /* it has compiled it */
};

/* Is the result the same as that of a compiler that starts when the text is there? */
bool early_fits(const struct command *, const struct job *);
/* Starts the process, which compiles `path`, if it can. */
void early_start(struct early *, struct process *, const struct job *, const char *path);
/* Changes the text for clang so that an incomplete text does not compile. False: the text does not
 * begin as usual. */
bool early_guard(const struct job *, struct buffer *text);
/* Gives clang the guarded text, and waits. False: clang has compiled nothing and printed
 * nothing. */
bool early_finish(struct early *, const struct buffer *text);
/* Ends it before it writes anything. */
void early_stop(struct early *);

/* ---- what the compiler said ---- */

struct said_place {
    const char *file;
    uint32_t line, column; /* column 0: not said */
};

/* One message with the lines that belong to it. */
struct block {
    const char *start; /* the context lines before it included */
    size_t length, context_length;
    struct said_place place; /* file NULL: not a message of a compiler about a place */
    char *text;              /* after "error: ", without colours and without the option */
    char *option;            /* [-W...], or "" */
    bool error;
};

struct blocks {
    struct arena *arena;
    struct list list;    /* struct block * */
    const char *context; /* lines that belong to the next message; or NULL */
};

/* ---- said.c: one line ---- */

char *without_colours(struct arena *, const char *line, size_t length);
/* Reads "FILE:LINE:COLUMN: ", in which the column may be missing. The rest of the line, or NULL. */
const char *said_read_place(struct arena *, const char *line, struct said_place *);
/* Prints what a compiler said, as it is or, with --error-format=json, as JSON. */
void print_said(const struct command *, const char *text, size_t length);

/* ---- block.c: the lines of a message ---- */

struct blocks blocks_read(struct arena *, const struct buffer *);
/* Two messages are the same when file, line and text agree, or file, line and option. */
bool block_same(const struct block *, const struct block *);
/* The warning's name without -W, error= and a value: "maybe-uninitialized"; "" without one. */
const char *block_option(struct arena *, const struct block *);
/* Is it an error by itself, not a warning that an option made an error? */
bool block_is_hard(const struct block *);

/* ---- reading.c: where the plain reading means something else ---- */

/* The forms that give a function a different flow from its plain reading. */
enum {
    FLOW_VALUES,  /* guards and spawned calls, where values are lost */
    FLOW_OUTSIDE, /* these, deferred blocks, and scopes that the lines are not in */
    FLOW_ALL
};

/* Lists of struct line_span *: functions with such a form. */
struct list reading_flows(struct unit *);
/* Full expressions with an await or a form, whose order the plain reading leaves open. */
struct list reading_orders(struct unit *);
/* Deferred blocks, which run later, with other values. */
struct list reading_deferred(struct unit *);
/* Is it a local variable of a function in these lines? */
bool reading_names_local(struct unit *, const char *name, const struct line_span *);
/* Does a function in these lines name the variable in one of the forms (FLOW_...)? */
bool reading_flow_names(struct unit *, const char *name, const struct line_span *, int forms);
/* Is it a local variable, of a function in these lines, that holds a task or a future? It begins
 * empty. */
bool reading_names_owner(struct unit *, const char *name, const struct line_span *);

/* ---- confirm.c: which messages about the plain reading hold ---- */

/* What a job's forms mean for messages about its lines. */
struct confirm {
    struct arena *arena;
    struct job *job;
    const struct blocks *got; /* about the generated text */
    struct list flows;        /* struct line_span *, of reading.c */
    struct list deferred;
    struct list orders;
};

struct confirm confirm_begin(struct arena *, struct job *, const struct blocks *got);
/* Does a message about the plain reading hold for what bide makes of the file? */
bool confirm_holds(struct confirm *, const struct block *);
/* Does the unit have functions whose flow only the generated code has? */
bool confirm_is_needed(struct unit *);

/* ---- report.c: prints what the user is to see ---- */

enum verdict {
    VERDICT_FINE,
    VERDICT_OURS,    /* the fault is ours */
    VERDICT_AGAIN,   /* it failed by warnings that do not count: once more, without warnings */
    VERDICT_ALONE,   /* once more, with no plain reading to speak for the generated text */
    VERDICT_REFUSED, /* it made something of a file that it does not take as it is */
};

/* Prints the compiler's messages about the files of these jobs. `err` has its messages about the
 * generated texts; this waits for those about the plain readings. `failed`: the command did not
 * succeed. */
enum verdict report(struct list *jobs, const struct buffer *err, bool failed);
/* Prints the warnings of bide that the compiler could have given but did not. Returns 1 if there is
 * an error among them, otherwise 0. */
int check_held(struct list *jobs);

/* ---- hint.c: what may be missing ---- */

/* Adds a note that an include may be missing, if the compiler's errors are about words of bide. */
void hint_missing_include(const struct command *, const struct buffer *err,
                          const struct buffer *standard_input);
/* Adds a note that names the library of bide with a name that the linker could not find. `runs`:
 * for bide run. */
void hint_missing_library(const struct command *, const struct buffer *err, bool runs);

/* ---- after the compiler ---- */

/* ---- frame.c: the warning of large frames ---- */

bool wants_frames(const struct job *);
/* Reads the sizes of the frames from the compiler's output, or asks the compiler, and reports
 * frames that are too large. Returns 1 if one of them is an error, otherwise 0. */
int check_frames(struct command *, struct list *jobs);

/* ---- database.c: clang's -MJ ---- */

/* Writes the command of each C file, as the user gave it. */
void database_write(const struct command *);

/* ---- the other commands ---- */

/* ---- driver.c ---- */

/* Compiles; `extra`: words to add at the end. */
int driver_compile(struct command *, const struct list *extra);

/* ---- size_print.c: the reports of `bide size`; functions are struct size_function * ---- */

void size_print_text(const struct list *functions, int members, FILE *);
void size_print_tsv(const struct list *functions, FILE *);
void size_print_json(const struct list *functions, FILE *);

/* ---- json.c: reads JSON ---- */

struct json {
    struct arena *arena; /* of the strings */
    const char *at, *end;
    bool failed;  /* all that is read from now on is empty */
    char key[32]; /* of json_read_key */
};

/* The next sign after blanks; NUL at the end. */
char json_peek(struct json *);
bool json_takes(struct json *, char);
void json_expect(struct json *, char);
/* Opens an array or an object. False: it has nothing in it, and is closed again. */
bool json_opens(struct json *, char open);
/* After a member: is there another one? Otherwise closes it. */
bool json_goes_on(struct json *, char close);
/* "" if there is none. */
const char *json_read_string(struct json *);
/* The name of a member, and its colon. Valid until the next one is read; "" if it is longer than
 * any name that is looked for. */
const char *json_read_key(struct json *);
/* A number, true, false or null, as it is written. */
const char *json_read_word(struct json *);
bool json_read_bool(struct json *);
/* A number of things: one below 0 is 0, one too large is INT64_MAX. */
int64_t json_read_count(struct json *);
/* Takes null, if it is there. */
bool json_read_null(struct json *);
void json_skip(struct json *);

/* ---- trace_read.c: what `bide trace view` has read ---- */

struct trace_span {
    const char *id, *name, *target, *fields; /* fields: each after a newline; or "" */
    struct trace_span *parent;
    int64_t begin_ns, end_ns;
    int64_t busy_ns; /* -1: it is not known */
    bool has_ended;
    size_t number;
    unsigned row;
};

struct trace_event {
    const char *name, *fields;
    struct trace_span *span; /* or NULL */
    int64_t at_ns;
    bool is_error;
};

struct trace {
    struct list spans, events;
    int64_t begin_ns, end_ns;
};

/* False: there are no spans in it. A file that ends too early is read as far as it goes. */
bool trace_read(struct arena *arena, struct trace *trace, const char *text, size_t size);

/* ---- bide top: looks at a program that runs ----
 *
 * How it goes through the files:
 *
 *   top.c                    the command line, and the ways without a screen
 *   top_find.c, top_link.c   find the program's socket, and ask there
 *   top_read.c               an answer becomes a struct top_snapshot
 *   top_tables.c, top_warn.c compare it with the one before: rates, objects, warnings
 *   top_print.c, top_text.c  make lines of text
 *   top_view.c, top_screen.c what the screen shows, and the terminal
 *   top_web.c, top_page.c    the page for a browser
 *
 * A snapshot and all that belongs to it lie in an arena of its own. The text in it comes from the
 * program: top_read.c has taken out of it what a terminal could obey.
 */

/* ---- top_text.c: text for terminals ---- */

/* The text without control characters and bytes that are not UTF-8; as it is, if it has none. */
const char *top_clean(struct arena *, const char *text);
/* Adds JSON; what a terminal could obey, and what is no UTF-8, becomes an escape of JSON. */
void top_add_json(struct buffer *, const char *text, size_t size);
/* How many columns it takes. */
size_t top_width(const char *text);
/* How many bytes of it fit into so many columns. */
size_t top_fit(const char *text, size_t columns);
/* A time in at most 7 columns: "1.25s". Below 0: "-". */
const char *top_time(struct arena *, int64_t ns);
/* A line for each row, with the columns below each other. `cells`: const char *, row by row, the
 * heads first. The columns in the set `right` are numbers. */
struct list top_lines(struct arena *, const struct list *cells, uint32_t columns, uint32_t right);

/* ---- top_read.c: what a program tells of itself ---- */

enum top_state { TOP_WAITS, TOP_READY, TOP_RUNS, TOP_ENDS, TOP_BEGINS, TOP_OTHER };

/* A line of where a task waits. */
struct top_at {
    struct top_at *next;
    const char *text, *file; /* file "": not known */
    int64_t indent, line;
};

struct top_task {
    uint64_t id;
    const char *kind, *name, *function, *file, *state_word; /* "": not known */
    int64_t line, age_ns, polls, yields, busy_ns;
    enum top_state state;
    bool is_future;
    const struct top_at *at, *shown; /* shown: the line that tells the user most; or NULL */
    /* what the leaf waits for */
    const char *what, *place, *on; /* "": nothing, not known */
    uint64_t object, holder;       /* 0: not known */
    int64_t thread;                /* that holds it; 0: none */
    bool is_granted;
    uint32_t runtime;
    /* top_tables.c */
    double busy_share, polls_s;                              /* below 0: not known */
    int64_t first_polls, first_yields, first_busy_ns;        /* when it was first seen */
    int64_t ready_ns, granted_ns, hot_ns, held_ns, stuck_ns; /* since when; below 0: it is not so */
    bool is_warned;
    uint32_t mark;
};

struct top_worker {
    int64_t number, busy_ns, polls, steals, queued, timers;
    bool answers;  /* false: a poll lasts, and its tasks are not in the answer */
    bool is_exact; /* all polls of its tasks were counted; else they are estimates */
    bool has_runs; /* what follows is known */
    uint64_t task; /* that is polled; 0: not known */
    const char *name, *function, *file;
    int64_t line, for_ns;
    int64_t silent_ns; /* since when it does not answer, by our clock; below 0: it answers */
    double busy_share, polls_s; /* below 0: not known */
};

struct top_runtime {
    const char *flavour;
    int64_t alive, made, descriptors, waits, timers, threads, idle, queued;
    struct list workers; /* struct top_worker * */
    bool is_sure;        /* a count that is the same in both answers means: no poll */
};

struct top_snapshot {
    struct arena *arena;
    const char *program;
    int64_t version, pid, now_ns, first_ns; /* first_ns: the now_ns of the first answer */
    int64_t heard_ns;                       /* by our clock */
    struct list runtimes, tasks;            /* struct top_runtime *, struct top_task * */
    struct top_task **by_id;
    size_t by_id_size; /* a power of 2 */
    /* top_tables.c, top_warn.c */
    int64_t since_ns;              /* from the answer before to this one; 0: there is none */
    struct list objects, warnings; /* struct top_object *, struct top_warning * */
};

/* Reads a line, without its newline. NULL, with `why` set, if it is no answer. */
struct top_snapshot *top_read(const char *text, size_t size, const char **why);
void top_free(struct top_snapshot *); /* NULL is allowed */
/* NULL: there is none. */
struct top_task *top_find_task(const struct top_snapshot *, uint64_t id);

/* ---- top_tables.c: what two answers tell ---- */

enum top_column {
    TOP_WARNED,
    TOP_ID,
    TOP_STATE,
    TOP_NAME,
    TOP_AGE,
    TOP_BUSY,
    TOP_SHARE,
    TOP_POLLS,
    TOP_RATE,
    TOP_YIELDS,
    TOP_FUNCTION,
    TOP_PLACE,
    TOP_COLUMNS
};

/* What tasks wait for. */
struct top_object {
    const char *what, *place;
    uint64_t id, holder;
    int64_t thread;
    uint32_t waiters;
};

/* Computes rates, objects and warnings. `before`: the answer before, or NULL. */
void top_compare(struct top_snapshot *, const struct top_snapshot *before);
/* The tasks in the order of a column; those only that have the text, if it is not "". */
struct list top_tasks(struct arena *, const struct top_snapshot *, enum top_column, bool backward,
                      const char *filter);
/* The columns that begin with their greatest number. */
bool top_column_is_count(enum top_column);

/* ---- top_warn.c ---- */

struct top_warning {
    const char *kind;
    uint64_t task;    /* 0: not known */
    const char *text; /* one line: kind, task, place, what to do */
};

void top_warn(struct top_snapshot *);
/* The warnings as a JSON array. */
void top_warnings_json(const struct top_snapshot *, struct buffer *);

/* ---- top_print.c: lines of text ---- */

/* "task 7f00 "name" (f at a.c:3)" */
const char *top_label(struct arena *, const struct top_task *);
/* The same of a task that may be unknown. */
const char *top_label_of(struct arena *, const struct top_snapshot *, uint64_t id);
/* What a worker that does not answer runs. */
const char *top_worker_label(struct arena *, const struct top_worker *);
/* "shop.c:20", without folders; or "". */
const char *top_place(struct arena *, const char *file, int64_t line);
/* Lists of lines. `workers`: no more lines than this are about workers. */
struct list top_head_lines(struct arena *, const struct top_snapshot *, uint32_t workers);
struct list top_task_lines(struct arena *, const struct list *tasks);
struct list top_object_lines(struct arena *, const struct top_snapshot *);
struct list top_detail_lines(struct arena *, const struct top_snapshot *, const struct top_task *);
const char *top_column_name(enum top_column);
/* All tables, on standard output. */
void top_print(const struct top_snapshot *);

/* ---- top_link.c: the socket of a program ---- */

struct top_link {
    int fd;
    struct buffer in;
    size_t seen; /* of `in`: has no newline */
    bool is_asked;
    int64_t asked_ns;
};

int64_t top_now_ns(void);
/* A socket that is connected, or a negative errno. A path may be longer than a socket's. */
int top_connect(const char *path);
/* Asks; NULL, or what went wrong. */
const char *top_ask(struct top_link *);
/* Takes what has come. True: `in` begins with a whole answer of `size` bytes and a newline. `why`
 * is set if no answer will come. */
bool top_receive(struct top_link *, size_t *size, const char **why);
/* Forgets the answer. */
void top_answer_done(struct top_link *);
/* Asks, and waits. NULL, with `why` set: there is no answer within the time. The text stays in
 * link->in. */
struct top_snapshot *top_look(struct top_link *, int64_t limit_ns, const char **why);
void top_link_close(struct top_link *);

/* ---- top_find.c: which program? ---- */

/* The path of a socket, and connects to it; `word`: what the user has given, or NULL. False, with a
 * message, if there is none, or more than one. */
bool top_find(struct arena *, const char *word, struct top_link *, const char **path);

/* ---- top_view.c: what the screen shows ---- */

/* Keys that are no character. */
enum top_key {
    TOP_KEY_UP = 0x110000,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_ENTER,
    TOP_KEY_ESCAPE,
    TOP_KEY_BACK
};

enum top_page { TOP_TASKS, TOP_OBJECTS, TOP_WARNINGS, TOP_DETAIL, TOP_HELP, TOP_PAGES };

/* The lines of a page, and the task that each one is about. */
struct top_page_lines {
    struct arena *arena;
    struct list lines, tasks; /* const char *; struct top_task *, or NULL */
    uint32_t heads;           /* lines that stay while others are scrolled */
    enum top_page page;
    uint32_t width; /* for which it was made */
};

struct top_view {
    const struct top_snapshot *s; /* NULL: no answer has come yet */
    struct arena *arena;          /* of `tasks` */
    struct list tasks;            /* struct top_task *: in their order, filtered */
    enum top_page page, back;     /* back: where Esc leads */
    enum top_column column;
    bool backward, is_typing, is_paused, has_colours;
    char filter[64];
    uint64_t selected, detail;               /* tasks */
    uint32_t row[TOP_PAGES], top[TOP_PAGES]; /* the selected line, and the first one shown */
    uint32_t count, height, width;           /* lines of the page, and of the screen */
    struct top_page_lines made;              /* of the page; or empty */
    int64_t late_ns;                         /* so long the program has not answered; or 0 */
};

/* Shows another answer, which must live until the next one. */
void top_view_set(struct top_view *, const struct top_snapshot *);
/* A byte or an enum top_key. False: it means the end. */
bool top_view_key(struct top_view *, int key);
/* What the terminal is to get. */
void top_view_draw(struct top_view *, struct buffer *);
void top_view_free(struct top_view *);

/* ---- top_screen.c, top_web.c ---- */

/* Until the user or the program ends it. Returns the exit status. `path`: for messages. */
int top_screen(struct top_link *, const char *path, int64_t every_ns);
int top_web(struct top_link *, const char *path, int64_t every_ns, unsigned port);
/* top.c: a message that the program gives no answer. Returns 1. */
int top_say_why(const char *path, const char *why);

/* ---- top_page.c ---- */

extern const char *const top_page[]; /* its parts, and NULL */

#endif

/*
 * The command line of gcc and clang, as far as the driver must understand it: which words are
 * inputs, which options take the next word, and which step each word is for. An unknown option is
 * one word for every step. Sources: the option lists in the manuals of gcc 12 and clang 14.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Where the value of an option is: there is no value; the next word; the rest of the word; the rest
 * of the word or, when that is empty, the next word. */
enum shape { EXACT, SEPARATE, JOINED, EITHER };

struct option {
    const char *name;
    enum shape shape;
    enum arg_kind kind;
    int mode; /* ARG_MODE: the enum mode */
};

/* The first entry that fits a word counts. */
static const struct option option_table[] = {
    {"-c", EXACT, ARG_MODE, MODE_COMPILE},
    {"-S", EXACT, ARG_MODE, MODE_ASSEMBLE},
    {"-E", EXACT, ARG_MODE, MODE_PREPROCESS},
    {"-M", EXACT, ARG_MODE, MODE_PREPROCESS},
    {"-MM", EXACT, ARG_MODE, MODE_PREPROCESS},
    {"-fsyntax-only", EXACT, ARG_MODE, MODE_SYNTAX},
    {"--analyze", EXACT, ARG_MODE, MODE_ANALYZE},
    {"-###", EXACT, ARG_MODE, MODE_QUERY},
    {"--version", EXACT, ARG_MODE, MODE_QUERY},
    {"--help", JOINED, ARG_MODE, MODE_QUERY},
    {"--target-help", EXACT, ARG_MODE, MODE_QUERY},
    {"-dumpmachine", EXACT, ARG_MODE, MODE_QUERY},
    {"-dumpversion", EXACT, ARG_MODE, MODE_QUERY},
    {"-dumpfullversion", EXACT, ARG_MODE, MODE_QUERY},
    {"-dumpspecs", EXACT, ARG_MODE, MODE_QUERY},
    {"-print-", JOINED, ARG_MODE, MODE_QUERY},
    {"--print-", JOINED, ARG_MODE, MODE_QUERY},

    {"-fbide-", JOINED, ARG_OURS, 0},
    {"-fno-bide-", JOINED, ARG_OURS, 0},
    {"-Wbide-", JOINED, ARG_OURS, 0},
    {"-Wno-bide-", JOINED, ARG_OURS, 0},
    {"-Werror=bide-", JOINED, ARG_OURS, 0},
    {"-Wno-error=bide-", JOINED, ARG_OURS, 0},
    {"--error-format=", JOINED, ARG_OURS, 0},

    {"-o", EITHER, ARG_OUTPUT, 0},
    {"-x", EITHER, ARG_LANGUAGE, 0},

    {"-MD", EXACT, ARG_DEPENDENCY, 0},
    {"-MMD", EXACT, ARG_DEPENDENCY, 0},
    {"-MP", EXACT, ARG_DEPENDENCY, 0},
    {"-MG", EXACT, ARG_DEPENDENCY, 0},
    {"-MV", EXACT, ARG_DEPENDENCY, 0},
    {"-MF", EITHER, ARG_DEPENDENCY, 0},
    {"-MT", EITHER, ARG_DEPENDENCY, 0},
    {"-MQ", EITHER, ARG_DEPENDENCY, 0},
    {"-MJ", EITHER, ARG_DATABASE, 0},

    {"-D", EITHER, ARG_PREPROCESS, 0},
    {"-U", EITHER, ARG_PREPROCESS, 0},
    {"-I", EITHER, ARG_PREPROCESS, 0},
    {"-A", EITHER, ARG_PREPROCESS, 0},
    {"-H", EXACT, ARG_PREPROCESS, 0},
    {"--trace-includes", EXACT, ARG_PREPROCESS, 0},
    {"-include-pch", SEPARATE, ARG_PCH, 0},
    {"-fpch-preprocess", EXACT, ARG_PCH, 0},
    {"-Winvalid-pch", EXACT, ARG_PCH, 0},
    {"-include", EITHER, ARG_PREPROCESS, 0},
    {"-imacros", EITHER, ARG_PREPROCESS, 0},
    {"-isystem-after", EITHER, ARG_PREPROCESS, 0},
    {"-isystem", EITHER, ARG_PREPROCESS, 0},
    {"-iquote", EITHER, ARG_PREPROCESS, 0},
    {"-idirafter", EITHER, ARG_PREPROCESS, 0},
    {"-iprefix", EITHER, ARG_PREPROCESS, 0},
    {"-iwithprefixbefore", EITHER, ARG_PREPROCESS, 0},
    {"-iwithprefix", EITHER, ARG_PREPROCESS, 0},
    {"-iframeworkwithsysroot", EITHER, ARG_PREPROCESS, 0},
    {"-iframework", EITHER, ARG_PREPROCESS, 0},
    {"-iwithsysroot", EITHER, ARG_PREPROCESS, 0},
    {"-cxx-isystem", EITHER, ARG_PREPROCESS, 0},
    {"-imultilib", SEPARATE, ARG_PREPROCESS, 0},
    {"-imultiarch", SEPARATE, ARG_PREPROCESS, 0},
    {"-isysroot", EITHER, ARG_BOTH, 0},
    {"-nostdinc", EXACT, ARG_PREPROCESS, 0},
    {"-finput-charset=", JOINED, ARG_PREPROCESS, 0}, /* preprocessed text is UTF-8 */
    {"-undef", EXACT, ARG_PREPROCESS, 0},
    {"-trigraphs", EXACT, ARG_BOTH, 0},
    {"-Wp,", JOINED, ARG_PREPROCESS, 0},
    {"-Xpreprocessor", SEPARATE, ARG_PREPROCESS, 0},

    {"-pie", EXACT, ARG_LINK, 0},
    {"-no-pie", EXACT, ARG_LINK, 0},
    {"-nopie", EXACT, ARG_LINK, 0},
    {"-r", EXACT, ARG_LINK, 0},
    {"-s", EXACT, ARG_LINK, 0},
    {"-rdynamic", EXACT, ARG_LINK, 0},
    {"-symbolic", EXACT, ARG_LINK, 0},
    {"-shared", EXACT, ARG_LINK, 0},
    {"-static", EXACT, ARG_LINK, 0},
    {"-static-pie", EXACT, ARG_LINK, 0},
    {"-static-", JOINED, ARG_LINK, 0},
    {"-shared-", JOINED, ARG_LINK, 0},
    {"-nostdlib", EXACT, ARG_LINK, 0},
    {"-nodefaultlibs", EXACT, ARG_LINK, 0},
    {"-nostartfiles", EXACT, ARG_LINK, 0},
    {"-nolibc", EXACT, ARG_LINK, 0},
    {"-fuse-ld=", JOINED, ARG_LINK, 0},
    {"-rpath", SEPARATE, ARG_LINK, 0},
    {"-Tbss", SEPARATE, ARG_LINK, 0},
    {"-Tdata", SEPARATE, ARG_LINK, 0},
    {"-Ttext", SEPARATE, ARG_LINK, 0},
    {"-T", EITHER, ARG_LINK, 0},
    {"-u", EITHER, ARG_LINK, 0},
    {"-z", EITHER, ARG_LINK, 0},
    {"-e", SEPARATE, ARG_LINK, 0},
    {"-l", EITHER, ARG_LINK, 0},
    {"-L", EITHER, ARG_LINK, 0},
    {"-Wl,", JOINED, ARG_LINK, 0},
    {"-Xlinker", SEPARATE, ARG_LINK, 0},

    {"-save-temps", JOINED, ARG_COMPILE, 0},
    {"--save-temps", JOINED, ARG_COMPILE, 0},
    {"--coverage", EXACT, ARG_COMPILE, 0},
    {"-coverage", EXACT, ARG_COMPILE, 0},
    {"-ftest-coverage", EXACT, ARG_COMPILE, 0},
    {"-fprofile-arcs", EXACT, ARG_COMPILE, 0},
    {"-fprofile-note=", JOINED, ARG_COMPILE, 0},
    {"-fstack-usage", EXACT, ARG_COMPILE, 0},
    {"-fcallgraph-info", JOINED, ARG_COMPILE, 0},
    {"-fdump-", JOINED, ARG_COMPILE, 0},
    {"-ftime-", JOINED, ARG_COMPILE, 0},
    {"-fdbg-cnt-list", EXACT, ARG_COMPILE, 0},
    {"-fmem-report", JOINED, ARG_COMPILE, 0},
    {"-fpre-ipa-mem-report", EXACT, ARG_COMPILE, 0},
    {"-fpost-ipa-mem-report", EXACT, ARG_COMPILE, 0},
    {"-fproc-stat-report", JOINED, ARG_COMPILE, 0},
    {"-fprofile-report", EXACT, ARG_COMPILE, 0},
    {"-fopt-info", JOINED, ARG_COMPILE, 0},
    {"-fsave-optimization-record", JOINED, ARG_COMPILE, 0},
    {"-fdirectives-only", EXACT, ARG_COMPILE, 0},
    {"-frewrite-includes", EXACT, ARG_COMPILE, 0},
    {"-gsplit-dwarf", JOINED, ARG_COMPILE, 0},
    {"-flto", JOINED, ARG_COMPILE, 0},
    {"-emit-", JOINED, ARG_COMPILE, 0},
    {"-aux-info", EITHER, ARG_COMPILE, 0},
    {"-dumpbase", SEPARATE, ARG_COMPILE, 0},
    {"-dumpbase-ext", SEPARATE, ARG_COMPILE, 0},
    {"-dumpdir", SEPARATE, ARG_COMPILE, 0},
    {"-dependency-file", SEPARATE, ARG_DEPENDENCY, 0},
    {"-dependency-dot", SEPARATE, ARG_COMPILE, 0},
    {"--analyzer-output", SEPARATE, ARG_COMPILE, 0},
    {"-d", JOINED, ARG_COMPILE, 0},
    {"-P", EXACT, ARG_COMPILE, 0},
    {"-C", EXACT, ARG_COMPILE, 0},
    {"-CC", EXACT, ARG_COMPILE, 0},
    {"-Q", EXACT, ARG_COMPILE, 0},
    {"-v", EXACT, ARG_COMPILE, 0},
    {"--verbose", EXACT, ARG_COMPILE, 0},
    {"-time", JOINED, ARG_COMPILE, 0},
    {"-pipe", EXACT, ARG_COMPILE, 0},
    {"-wrapper", SEPARATE, ARG_COMPILE, 0},
    {"-Wa,", JOINED, ARG_COMPILE, 0},
    {"-Xassembler", SEPARATE, ARG_COMPILE, 0},
    {"-serialize-diagnostics", SEPARATE, ARG_COMPILE, 0},
    {"--serialize-diagnostics", SEPARATE, ARG_COMPILE, 0},

    {"-Xclang", SEPARATE, ARG_BOTH, 0},
    {"-Xanalyzer", SEPARATE, ARG_BOTH, 0},
    {"-mllvm", SEPARATE, ARG_BOTH, 0},
    {"-target", SEPARATE, ARG_BOTH, 0},
    {"--target", SEPARATE, ARG_BOTH, 0},
    {"-arch", SEPARATE, ARG_BOTH, 0},
    {"--param", SEPARATE, ARG_BOTH, 0},
    {"--sysroot", SEPARATE, ARG_BOTH, 0},
    {"-specs", SEPARATE, ARG_BOTH, 0},
    {"-gcc-toolchain", SEPARATE, ARG_BOTH, 0},
    {"-working-directory", SEPARATE, ARG_BOTH, 0},
    {"-resource-dir", SEPARATE, ARG_BOTH, 0},
    {"-mthread-model", SEPARATE, ARG_BOTH, 0},
    {"-meabi", SEPARATE, ARG_BOTH, 0},
    {"--config", SEPARATE, ARG_BOTH, 0},
    {"-ccc-gcc-name", SEPARATE, ARG_BOTH, 0},
    {"-ccc-install-dir", SEPARATE, ARG_BOTH, 0},
    {"-ivfsoverlay", SEPARATE, ARG_BOTH, 0},
    {"-B", EITHER, ARG_BOTH, 0},
    {"-G", EITHER, ARG_BOTH, 0},
    {"-F", EITHER, ARG_BOTH, 0},
};

static const char *suffix_of(const char *path)
{
    const char *dot = strrchr(base_name(path), '.');
    return dot ? dot : "";
}

/* ---- response files ---- */

/* Reads a word at `p` by the rules of response files: blanks separate words, unless they are in
 * quotes or after a backslash. */
static const char *read_word(struct arena *arena, const char *p, char **word)
{
    char *out, quote = 0;
    while (isspace((unsigned char)*p))
        p++;
    *word = NULL;
    if (!*p)
        return p;
    *word = out = arena_alloc(arena, strlen(p) + 1);
    for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
        if (*p == '\\' && p[1])
            *out++ = *++p;
        else if (quote ? *p == quote : *p == '\'' || *p == '"')
            quote = quote ? 0 : *p;
        else
            *out++ = *p;
    }
    return p;
}

static void split_words(struct arena *arena, const char *text, struct list *words)
{
    char *word;
    for (;;) {
        text = read_word(arena, text, &word);
        if (!word)
            return;
        list_add(arena, words, word);
    }
}

/* A response file may name others. The name of a file that cannot be read is an ordinary word. */
static void add_opened(struct command *cmd, struct list *out, const char *word, int depth)
{
    struct buffer text = {0};
    if (word[0] != '@' || depth > 64 || buffer_read_file(&text, word + 1) < 0) {
        buffer_free(&text);
        list_add(cmd->arena, out, (void *)word);
        return;
    }
    struct list inner = {0};
    cmd->has_response_file = true;
    split_words(cmd->arena, text.data, &inner);
    buffer_free(&text);
    for (uint32_t i = 0; i < inner.count; i++)
        add_opened(cmd, out, inner.item[i], depth + 1);
}

/* ---- options ---- */

static const struct option *find_option(const char *word)
{
    for (size_t i = 0; i < sizeof option_table / sizeof *option_table; i++) {
        const struct option *o = &option_table[i];
        bool whole = o->shape == EXACT || o->shape == SEPARATE;
        if (whole ? !strcmp(word, o->name) : !strncmp(word, o->name, strlen(o->name)))
            return o;
    }
    return NULL;
}

static enum language language_named(const char *name, const char *path)
{
    static const char *const cxx[] = {".cc", ".cpp", ".cxx", ".C", ".c++", ".cp", ".CPP", ".ii"};
    if (name) {
        if (!strcmp(name, "c"))
            return LANG_C;
        if (!strcmp(name, "cpp-output") || !strcmp(name, "c-cpp-output"))
            return LANG_C_PREPROCESSED;
        if (!strcmp(name, "c-header"))
            return LANG_C_HEADER;
        return !strncmp(name, "c++", 3) ? LANG_CXX : LANG_OTHER;
    }
    const char *suffix = suffix_of(path);
    if (!strcmp(suffix, ".c"))
        return LANG_C;
    if (!strcmp(suffix, ".i"))
        return LANG_C_PREPROCESSED;
    if (!strcmp(suffix, ".h"))
        return LANG_C_HEADER;
    for (size_t i = 0; i < sizeof cxx / sizeof *cxx; i++) {
        if (!strcmp(suffix, cxx[i]))
            return LANG_CXX;
    }
    return LANG_OTHER;
}

bool word_is_ours(const char *word)
{
    const struct option *option = find_option(word);
    return option && option->kind == ARG_OURS;
}

bool arg_is_c(const struct arg *a)
{
    return a->kind == ARG_INPUT && (a->language == LANG_C || a->language == LANG_C_PREPROCESSED);
}

static void read_input(struct command *cmd, struct arg *arg, const char *forced)
{
    const char *suffix = suffix_of(arg->word[0]);
    arg->kind = ARG_INPUT;
    arg->value = arg->word[0];
    arg->forced = forced;
    arg->language = language_named(forced, arg->value);
    if (cmd->cxx && !forced && arg->language != LANG_OTHER)
        arg->language = LANG_CXX;
    cmd->input_count++;
    cmd->c_count += arg->language != LANG_OTHER;
    cmd->has_header |= arg->language == LANG_C_HEADER;
    if (forced ? !strcmp(forced, "assembler-with-cpp")
               : !strcmp(suffix, ".S") || !strcmp(suffix, ".sx"))
        cmd->has_assembly = true;
}

static void note_mode(struct command *cmd, enum mode mode)
{
    if (mode > cmd->mode)
        cmd->mode = mode;
}

static void note_link_word(struct command *cmd, const char *word)
{
    if (!strcmp(word, "-static") || !strcmp(word, "-static-pie"))
        cmd->static_link = true;
    if (!strcmp(word, "-nostdlib") || !strcmp(word, "-nodefaultlibs") || !strcmp(word, "-r") ||
        !strcmp(word, "-Wl,-r") || !strcmp(word, "-Wl,--relocatable"))
        cmd->no_library = true;
}

/* The last -g and the last -O count. */
static void note_debug(struct command *cmd, const char *word)
{
    if (word[1] == 'O')
        cmd->optimizes = word[2] != '0';
    else if (!strcmp(word, "-g0"))
        cmd->has_debug = false;
    else if (!strcmp(word, "-g") || isdigit((unsigned char)word[2]) || !strncmp(word, "-ggdb", 5) ||
             !strncmp(word, "-gdwarf", 7))
        cmd->has_debug = true;
    cmd->options.debug = cmd->has_debug;
    cmd->options.debug_locals = cmd->has_debug && !cmd->optimizes;
}

/* ThreadSanitizer would take the copies for gdb for reads of what other tasks may be writing. */
static void note_sanitizer(struct command *cmd, const char *word)
{
    bool off = !strncmp(word, "-fno-sanitize=", 14);
    const char *list = off ? word + 14 : !strncmp(word, "-fsanitize=", 11) ? word + 11 : "";

    for (size_t size; *list; list += size + (list[size] == ',')) {
        size = strcspn(list, ",");
        if ((size == 6 && !strncmp(list, "thread", 6)) || (off && !strncmp(list, "all", size)))
            cmd->options.no_debug_copies = !off;
    }
}

/* The last option about these words counts. For gcc, -std= is such an option. */
static void note_dialect(struct command *cmd, const char *word)
{
    enum gnu_words *words = &cmd->options.gnu_words;
    if (!strcmp(word, "-fno-asm") || !strcmp(word, "-fno-gnu-keywords"))
        *words = GNU_WORDS_OFF;
    else if (!strcmp(word, "-fasm") || !strcmp(word, "-fgnu-keywords"))
        *words = GNU_WORDS_ON;
    else if (!cmd->clang && (!strncmp(word, "-std=", 5) || !strcmp(word, "-ansi")))
        *words = GNU_WORDS_AS_STD;
}

static bool begins_like(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!strncasecmp(name, list[i], strlen(list[i])))
            return true;
    }
    return false;
}

/* In the known charsets, ASCII is encoded as in UTF-8; other characters have other lengths. */
static void note_charset(struct command *cmd, const char *word)
{
    static const char *const utf8[] = {"UTF-8", "UTF8"};
    static const char *const known[] = {"ISO-8859-",   "ISO8859-", "ISO_8859-", "LATIN",
                                        "WINDOWS-125", "CP125",    "CP85",      "CP437",
                                        "KOI8",        "ASCII",    "US-ASCII",  "ANSI_X3.4"};
    const char *name = strchr(word, '=');
    if (!name)
        return;
    name++;
    bool is_utf8 = begins_like(name, utf8, sizeof utf8 / sizeof *utf8);
    if (!strncmp(word, "-finput-charset=", 16))
        cmd->input_charset = word;
    if (!strncmp(word, "-fwide-exec-charset=", 20))
        cmd->options.odd_wide_charset = true;
    if (!strncmp(word, "-fexec-charset=", 15)) {
        cmd->options.odd_charset = !is_utf8;
        cmd->unknown_charset =
            is_utf8 || begins_like(name, known, sizeof known / sizeof *known) ? NULL : word;
    }
}

static void note_file_map(struct command *cmd, const char *word)
{
    const char *map = strchr(word, '=');
    if (map &&
        (!strncmp(word, "-fmacro-prefix-map=", 19) || !strncmp(word, "-ffile-prefix-map=", 18)))
        list_add(cmd->arena, &cmd->options.file_maps, (void *)(map + 1));
}

static void note_layout(struct command *cmd, const char *word)
{
    if (!strncmp(word, "-fpack-struct", 13)) /* packed below the alignment of pointers */
        cmd->struct_word = word[13] != '=' || atoi(word + 14) < 8 ? "-fpack-struct" : NULL;
    if (!strncmp(word, "-fsso-struct=", 13))
        cmd->struct_word = strcmp(word + 13, "native") ? "-fsso-struct" : NULL;
    if (!strncmp(word, "-traditional", 12))
        cmd->traditional = word;
    if (!strcmp(word, "-fno-pack-struct"))
        cmd->struct_word = NULL;
    if (!strcmp(word, "-fmodules") || !strcmp(word, "-fno-modules"))
        cmd->has_modules = word[2] == 'm';
}

static void note_flag(struct command *cmd, struct list *flags, const struct arg *arg)
{
    const char *word = arg->word[0];
    if (!find_option(word))
        word = long_option_flag(cmd, word);
    if (arg->kind == ARG_OURS && !strcmp(word, "-fno-bide-wrappers"))
        cmd->options.wrappers = false;
    if (arg->kind == ARG_OURS && !strcmp(word, "-fbide-wrappers"))
        cmd->options.wrappers = true;
    if (arg->kind == ARG_OURS && !strcmp(word, "-fbide-force"))
        cmd->options.force = true;
    if (arg->kind == ARG_OURS && strstr(word, "bide-multi-thread"))
        cmd->options.multi_thread = strncmp(word, "-fno-", 5) != 0;
    if (!strncmp(word, "-fmax-errors=", 13))
        cmd->options.max_errors = atoi(word + 13);
    if (!strncmp(word, "-ferror-limit=", 14))
        cmd->options.max_errors = atoi(word + 14);
    if (!strcmp(word, "-Wfatal-errors"))
        cmd->options.max_errors = 1;
    note_dialect(cmd, word);
    note_layout(cmd, word);
    note_charset(cmd, word);
    note_file_map(cmd, word);
    if (word[0] == '-' && (word[1] == 'g' || word[1] == 'O'))
        note_debug(cmd, word);
    note_sanitizer(cmd, word);
    if (!strncmp(word, "-W", 2) || !strcmp(word, "-w"))
        list_add(cmd->arena, flags, (void *)word);
    if (arg->kind == ARG_COMPILE && strstr(word, "-save-temps"))
        cmd->saves_temps = true;
    if (!strcmp(word, "-m32") || !strcmp(word, "-mx32"))
        cmd->other_target = true;
    if (!strncmp(arg->word[0], "--target=", 9))
        cmd->triple = arg->word[0] + 9;
    if (!strcmp(word, "-target") || !strcmp(word, "--target"))
        cmd->triple = arg->value;
}

/* --error-format=FORMAT: json, or text as usual. */
static int read_error_format(struct command *cmd, const char *format)
{
    if (strcmp(format, "json") && strcmp(format, "text")) {
        diag_plain(SEV_ERROR, "'--error-format' is text or json, not '%s'", format);
        return -1;
    }
    cmd->options.json = !strcmp(format, "json");
    return 0;
}

static int read_option(struct command *cmd, struct list *words, uint32_t *at, struct arg *arg)
{
    if (!strncmp(arg->word[0], "--", 2) && long_option_read(cmd, words, at, arg) < 0)
        return -1;
    const struct option *option = find_option(arg->word[0]);
    if (!option)
        return 0;
    size_t length = strlen(option->name);
    arg->kind = option->kind;
    if (arg->word[1]) {
        arg->value = arg->word[1];
    } else if (option->shape == JOINED || (option->shape == EITHER && arg->word[0][length])) {
        arg->value = arg->word[0] + length;
    } else if (option->shape != EXACT) {
        if (*at + 1 >= words->count) {
            diag_plain(SEV_ERROR, "nothing follows '%s'", arg->word[0]);
            return -1;
        }
        arg->value = arg->word[1] = words->item[++*at];
    }
    if (arg->kind == ARG_MODE)
        note_mode(cmd, (enum mode)option->mode);
    if (arg->kind == ARG_LINK)
        note_link_word(cmd, arg->word[0]);
    if (arg->kind == ARG_OUTPUT)
        cmd->output = arg->value;
    if (arg->kind == ARG_DATABASE && !cmd->clang) /* gcc has no such option, and reports it */
        arg->kind = ARG_COMPILE;
    if (arg->kind == ARG_DATABASE)
        cmd->database = arg->value;
    if (arg->kind == ARG_OURS && !strcmp(option->name, "--error-format="))
        return read_error_format(cmd, arg->value);
    return 0;
}

static int read_args(struct command *cmd, struct list *words)
{
    const char *forced = NULL;
    bool options_end = false;
    struct list flags = {0};
    for (uint32_t i = 0; i < words->count; i++) {
        struct arg *arg = arena_alloc(cmd->arena, sizeof *arg);
        arg->word[0] = words->item[i];
        list_add(cmd->arena, &cmd->args, arg);
        if (options_end || arg->word[0][0] != '-' || !arg->word[0][1]) {
            read_input(cmd, arg, forced);
            continue;
        }
        if (!strcmp(arg->word[0], "--")) {
            options_end = true;
            continue;
        }
        if (read_option(cmd, words, &i, arg) < 0)
            return -1;
        if (arg->kind == ARG_LANGUAGE)
            forced = strcmp(arg->value, "none") ? arg->value : NULL;
        note_flag(cmd, &flags, arg);
    }
    cmd->options.flag = (const char **)flags.item;
    cmd->options.flag_count = (int)flags.count;
    return 0;
}

/* Options for clang's own front end come as -Xclang WORD -Xclang VALUE. If they name a header or a
 * precompiled header, they are for the steps that read headers. */
static void sort_headers(struct command *cmd)
{
    for (uint32_t i = 0; i + 1 < cmd->args.count; i++) {
        struct arg *a = cmd->args.item[i], *b = cmd->args.item[i + 1];
        if (strcmp(a->word[0], "-Xclang") || strcmp(b->word[0], "-Xclang"))
            continue;
        if (!strcmp(a->value, "-include-pch"))
            a->kind = b->kind = ARG_PCH;
        else if (!strcmp(a->value, "-include"))
            a->kind = b->kind = ARG_PREPROCESS;
    }
}

/* clang refuses some options (-fsanitize=cfi) without -flto, in each of its steps. It warns of
 * -fmacro-prefix-map for a text that is preprocessed already. */
static void sort_for_clang(struct command *cmd)
{
    for (uint32_t i = 0; cmd->clang && i < cmd->args.count; i++) {
        struct arg *a = cmd->args.item[i];
        if (!strncmp(a->word[0], "-flto", 5))
            a->kind = ARG_BOTH;
        else if (!strncmp(a->word[0], "-fmacro-prefix-map=", 19))
            a->kind = ARG_PREPROCESS;
    }
}

/* ---- colours ---- */

/* Decides as the compiler would for our standard error, which it does not see. */
static bool wants_colour(const struct command *cmd)
{
    const char *when = "auto", *off = getenv("NO_COLOR"), *set = getenv("GCC_COLORS");
    const char *term = getenv("TERM");
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const char *word = ((struct arg *)cmd->args.item[i])->word[0];
        if (!strncmp(word, "-fdiagnostics-color=", 20))
            when = word + 20;
        else if (!strcmp(word, "-fdiagnostics-color") || !strcmp(word, "-fcolor-diagnostics"))
            when = "always";
        else if (!strcmp(word, "-fno-diagnostics-color") || !strcmp(word, "-fno-color-diagnostics"))
            when = "never";
    }
    if (!strcmp(when, "always") || !strcmp(when, "never"))
        return !strcmp(when, "always");
    return !(off && *off) && !(set && !*set) && term && strcmp(term, "dumb") && isatty(2);
}

/* ---- the compiler ---- */

static bool is_launcher(const char *word)
{
    static const char *const names[] = {"ccache", "sccache", "distcc", "icecc", "buildcache"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(base_name(word), names[i]))
            return true;
    }
    return false;
}

/* "gcc", "clang-14", "arm-none-eabi-gcc". */
static bool is_compiler(const char *word)
{
    static const char *const names[] = {"gcc", "cc", "clang", "g++", "c++"};
    const char *base = base_name(word);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = strstr(base, names[i]);
        const char *end = at ? at + strlen(names[i]) : NULL;
        if (at && (at == base || at[-1] == '-') && (!*end || (*end == '-' && isdigit(end[1]))))
            return true;
    }
    return false;
}

/* "cc" may be a link to clang. */
static bool is_clang(const char *name)
{
    char path[4096];
    if (strstr(base_name(name), "clang"))
        return true;
    if (strchr(name, '/') || strcmp(name, "cc"))
        return false;
    char *resolved = realpath("/usr/bin/cc", path);
    return resolved && strstr(base_name(resolved), "clang");
}

/* "aarch64-linux-gnu-gcc-12" compiles for aarch64-linux-gnu. */
static const char *triple_in_name(struct arena *arena, const char *name)
{
    static const char *const tools[] = {"-gcc", "-clang", "-cc"};
    name = base_name(name);
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        const char *tool = strstr(name, tools[i]);
        if (tool && memchr(name, '-', (size_t)(tool - name)))
            return arena_strndup(arena, name, (size_t)(tool - name));
    }
    return NULL;
}

static void describe_compiler(struct command *cmd)
{
    const char *name = cmd->compiler.item[cmd->compiler.count - 1];
    size_t length = strlen(base_name(name));
    cmd->clang = is_clang(name);
    cmd->cxx = length > 2 && strstr(base_name(name), "++");
    cmd->triple = triple_in_name(cmd->arena, name);
}

/* Is the word a launcher before the compiler? Some launchers are known; otherwise the word is one
 * if the next word is a compiler. */
static bool is_before_compiler(const char *word, const char *next)
{
    return is_launcher(word) ? *next != '-' : is_compiler(next) && !is_compiler(word);
}

/* "ccache gcc -m32" as one word becomes three, unless it is the name of a program. */
static void split_first(struct command *cmd)
{
    struct list words = {0};
    const char *first = cmd->words.item[0];
    if (!strchr(first, ' ') || access(first, X_OK) == 0)
        return;
    split_words(cmd->arena, first, &words);
    for (uint32_t i = 1; words.count && i < cmd->words.count; i++)
        list_add(cmd->arena, &words, cmd->words.item[i]);
    if (words.count)
        cmd->words = words;
}

/* The compiler's words: ccache gcc; gcc. */
static void read_compiler(struct command *cmd)
{
    uint32_t n = 0;
    split_first(cmd);
    while (n + 1 < cmd->words.count &&
           is_before_compiler(cmd->words.item[n], cmd->words.item[n + 1]))
        list_add(cmd->arena, &cmd->compiler, cmd->words.item[n++]);
    list_add(cmd->arena, &cmd->compiler, cmd->words.item[n]);
    cmd->launcher_count = (int)n;
    cmd->first_word = n + 1;
    describe_compiler(cmd);
}

static int read_words(struct command *cmd)
{
    struct list words = {0};
    cmd->options.wrappers = true;
    read_compiler(cmd);
    for (uint32_t i = cmd->first_word; i < cmd->words.count; i++)
        add_opened(cmd, &words, cmd->words.item[i], 0);
    if (read_args(cmd, &words) < 0)
        return -1;
    sort_headers(cmd);
    sort_for_clang(cmd);
    cmd->options.colour = !cmd->options.json && wants_colour(cmd);
    if (cmd->options.json) {
        diag_set_json();
        cmd->clang = cmd->clang || command_says_clang(cmd);
    }
    return warning_check_flags(&cmd->options) ? 0 : -1;
}

/* Adds the compiler of the environment, without "bide cc" before it. */
static void add_default_compiler(struct command *cmd)
{
    struct list words = {0};
    const char *cc = getenv("CC");
    if (cc && strchr(cc, '/') && access(cc, X_OK) == 0)
        list_add(cmd->arena, &words, (char *)cc); /* a path, perhaps with spaces */
    else
        split_words(cmd->arena, cc && *cc ? cc : "cc", &words);
    uint32_t first = 0;
    if (words.count > 2 && !strcmp(base_name(words.item[0]), "bide") &&
        !strcmp(words.item[1], "cc"))
        first = 2;
    for (uint32_t i = first; i < words.count; i++)
        list_add(cmd->arena, &cmd->words, words.item[i]);
}

int command_read_default(struct command *cmd, const char *before, int argc, char **argv)
{
    add_default_compiler(cmd);
    split_words(cmd->arena, before, &cmd->words);
    const char *flags = getenv("CFLAGS");
    if (flags)
        split_words(cmd->arena, flags, &cmd->words);
    for (int i = 0; i < argc; i++)
        list_add(cmd->arena, &cmd->words, argv[i]);
    return read_words(cmd);
}

int command_read(struct command *cmd, int argc, char **argv)
{
    if (argc == 0) {
        diag_plain(SEV_ERROR, "bide cc needs a compiler, as in: bide cc gcc -O2 hello.c -o hello");
        return -1;
    }
    if (ends_with(argv[0], ".c")) {
        diag_plain(SEV_ERROR, "bide cc needs a compiler before '%s', as in: bide cc gcc %s",
                   argv[0], argv[0]);
        return -1;
    }
    if (argv[0][0] == '-')
        add_default_compiler(cmd);
    for (int i = 0; i < argc; i++)
        list_add(cmd->arena, &cmd->words, argv[i]);
    return read_words(cmd);
}

/* ---- the raw scan ---- */

/* Does a word of the text begin with `beginning`? */
static bool has_beginning(const char *text, size_t length, const char *beginning)
{
    size_t n = strlen(beginning);
    const char *end = text + length, *p = text;
    while ((p = memmem(p, (size_t)(end - p), beginning, n))) {
        if (p == text || !is_word_char(p[-1]))
            return true;
        p += n;
    }
    return false;
}

bool text_has_async_words(const char *text, size_t length)
{
    return length && (has_word(text, length, "async") || has_word(text, length, "await") ||
                      has_word(text, length, "defer") || has_beginning(text, length, "bide_") ||
                      memmem(text, length, "<bide/", 6) || memmem(text, length, "\"bide/", 6));
}

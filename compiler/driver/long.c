/*
 * Long names of options: gcc and clang take `--define-macro=X`, `--define-macro X` and the like for
 * -DX. A long name is replaced by the short one, which the rest of the driver knows. A long name
 * that is not in the table becomes a short one by its beginning: --warn-all is -Wall. For gcc,
 * any other --NAME is -fNAME: --no-asm is -fno-asm.
 */
#include "inside.h"

#include <string.h>

/* What follows the name: nothing; a value that is joined to the short option; a value that becomes
 * a word of its own. */
enum tail { ALONE, JOIN, PAIR };

struct long_option {
    const char *name, *is;
    enum tail tail;
    bool gcc_only;
};

static const struct long_option table[] = {
    {"all-warnings", "-Wall", ALONE, false},
    {"ansi", "-ansi", ALONE, false},
    {"assemble", "-S", ALONE, false},
    {"assert", "-A", PAIR, false},
    {"comments", "-C", ALONE, false},
    {"comments-in-macros", "-CC", ALONE, false},
    {"compile", "-c", ALONE, false},
    {"debug", "-g", ALONE, false},
    {"define-macro", "-D", PAIR, false},
    {"dependencies", "-M", ALONE, false},
    {"dumpbase", "-dumpbase", PAIR, true},
    {"dumpdir", "-dumpdir", PAIR, true},
    {"entry", "-e", PAIR, true},
    {"extra-warnings", "-Wextra", ALONE, false},
    {"for-assembler", "-Xassembler", PAIR, true},
    {"for-linker", "-Xlinker", PAIR, false},
    {"force-link", "-u", PAIR, false},
    {"imacros", "-imacros", PAIR, false},
    {"include", "-include", PAIR, false},
    {"include-directory", "-I", PAIR, false},
    {"include-directory-after", "-idirafter", PAIR, false},
    {"include-prefix", "-iprefix", PAIR, false},
    {"include-with-prefix", "-iwithprefix", PAIR, false},
    {"include-with-prefix-after", "-iwithprefix", PAIR, false},
    {"include-with-prefix-before", "-iwithprefixbefore", PAIR, false},
    {"language", "-x", PAIR, false},
    {"library-directory", "-L", PAIR, false},
    {"machine", "-m", JOIN, true},
    {"no-line-commands", "-P", ALONE, false},
    {"no-standard-includes", "-nostdinc", ALONE, false},
    {"no-standard-libraries", "-nostdlib", ALONE, false},
    {"no-warnings", "-w", ALONE, false},
    {"optimize", "-O", ALONE, false},
    {"output", "-o", PAIR, false},
    {"pedantic", "-pedantic", ALONE, false},
    {"pedantic-errors", "-pedantic-errors", ALONE, false},
    {"pie", "-pie", ALONE, true},
    {"pipe", "-pipe", ALONE, false},
    {"prefix", "-B", PAIR, false},
    {"preprocess", "-E", ALONE, false},
    {"print-missing-file-dependencies", "-MG", ALONE, false},
    {"profile", "-p", ALONE, false},
    {"shared", "-shared", ALONE, false},
    {"static", "-static", ALONE, false},
    {"static-pie", "-static-pie", ALONE, true},
    {"resource", "-fcompile-resource=", JOIN, false},
    {"specs", "-specs=", JOIN, false},
    {"std", "-std=", JOIN, false},
    {"symbolic", "-symbolic", ALONE, true},
    {"trace-includes", "-H", ALONE, false},
    {"traditional-cpp", "-traditional-cpp", ALONE, false},
    {"trigraphs", "-trigraphs", ALONE, false},
    {"undefine-macro", "-U", PAIR, false},
    {"user-dependencies", "-MM", ALONE, false},
    {"write-dependencies", "-MD", ALONE, false},
    {"write-user-dependencies", "-MMD", ALONE, false},
};

/* Beginnings of words, and what replaces them. */
static const struct {
    const char *begins, *is;
    bool gcc_only;
} beginnings[] = {
    {"debug=", "-g", false},
    {"optimize=", "-O", false},
    {"machine-", "-m", true},
    {"warn-", "-W", false},
};

static const struct long_option *find(const char *name, size_t length, bool clang)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length))
            return clang && table[i].gcc_only ? NULL : &table[i];
    }
    return NULL;
}

/* The short form of a word that is not in the table. */
static const char *with_other_beginning(struct arena *arena, bool clang, const char *word)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t n = strlen(beginnings[i].begins);
        if (!strncmp(word + 2, beginnings[i].begins, n) && !(clang && beginnings[i].gcc_only))
            return arena_printf(arena, "%s%s", beginnings[i].is, word + 2 + n);
    }
    return word;
}

const char *long_option_flag(const struct command *cmd, const char *word)
{
    if (cmd->clang || strncmp(word, "--", 2) != 0)
        return word;
    return arena_printf(cmd->arena, "-f%s", word + 2);
}

int long_option_read(struct command *cmd, struct list *words, uint32_t *at, struct arg *arg)
{
    const char *name = arg->word[0] + 2;
    size_t length = strcspn(name, "=");
    const struct long_option *o = find(name, length, cmd->clang);
    if (!o || (o->tail == ALONE && name[length])) {
        arg->word[0] = with_other_beginning(cmd->arena, cmd->clang, arg->word[0]);
        return 0;
    }
    if (o->tail == ALONE) {
        arg->word[0] = o->is;
        return 0;
    }
    const char *value = name + length + 1;
    if (!name[length]) {
        if (*at + 1 >= words->count) {
            diag_plain(SEV_ERROR, "nothing follows '%s'", arg->word[0]);
            return -1;
        }
        value = words->item[++*at];
    }
    if (o->tail == JOIN) {
        arg->word[0] = arena_printf(cmd->arena, "%s%s", o->is, value);
        return 0;
    }
    arg->word[0] = o->is;
    arg->word[1] = value;
    return 0;
}

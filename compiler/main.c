/*
 * The program `bide`: its first word says what to do. Exit status: of what was run; 1 for a
 * mistake in a file or on the command line; 127 when the compiler cannot be run.
 */
#include "driver.h"

#include <string.h>

#ifndef BIDE_VERSION
#define BIDE_VERSION "unknown"
#endif

static const char help_text[] =
    "bide: async/await for C\n"
    "\n"
    "  bide cc CC ARGS...      compile as CC does, with async C understood:\n"
    "                          bide cc gcc -O2 hello.c -o hello\n"
    "  bide run [OPTIONS] FILE.c|FOLDER [ARGS...]\n"
    "                          compile the file, or those of the folder, with $CC (or cc)\n"
    "                          and run the program\n"
    "  bide emit [OPTIONS] FILE.c\n"
    "                          print the C that the file becomes; -o FILE writes it\n"
    "  bide size [OPTIONS] FILE...\n"
    "                          list the frames of the async functions in objects, archives,\n"
    "                          programs, libraries or C files: bytes, reserve, largest members;\n"
    "                          --members N|all, --tsv, --json\n"
    "  bide gdb [GDB'S ARGUMENTS]\n"
    "                          gdb whose next, step and finish know of awaits\n"
    "  bide --version\n"
    "  bide help\n"
    "\n"
    "CC is a gcc or clang, with ccache or its like before it if you want. OPTIONS are the\n"
    "compiler's; $CFLAGS go before them. `bide cc` also knows\n"
    "\n"
    "  -fno-bide-wrappers      async functions get no blocking form of the same name\n"
    "  -fbide-multi-thread     check tasks as for a runtime with several threads\n"
    "  --error-format=json     messages as JSON, one object a line\n"
    "\n"
    "and these warnings, off with -Wno-NAME, errors with -Werror=NAME:\n"
    "\n";

static int help(FILE *out)
{
    static const char *const groups[] = {[WARN_ALWAYS] = "",
                                         [WARN_ALL] = " (-Wall)",
                                         [WARN_EXTRA] = " (-Wextra)",
                                         [WARN_NAMED] = " (off)"};
    fputs(help_text, out);
    for (const struct warning *w = warning_table; w->name; w++)
        fprintf(out, "  -W%-30s %s%s\n", w->name, w->help, groups[w->group]);
    return 0;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (!strcmp(word, "cc"))
        return driver_cc(argc - 2, argv + 2);
    if (!strcmp(word, "run"))
        return driver_run(argc - 2, argv + 2);
    if (!strcmp(word, "emit"))
        return driver_emit(argc - 2, argv + 2);
    if (!strcmp(word, "size"))
        return driver_size(argc - 2, argv + 2);
    if (!strcmp(word, "gdb"))
        return driver_gdb(argc - 2, argv + 2);
    if (!strcmp(word, "--version") || !strcmp(word, "version")) {
        puts("bide " BIDE_VERSION);
        return 0;
    }
    if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h"))
        return help(stdout);
    if (*word)
        diag_plain(SEV_ERROR, "there is no command '%s'; see: bide help", word);
    else
        help(stderr);
    return 1;
}

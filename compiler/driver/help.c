/*
 * What `bide help` and `bide COMMAND --help` print, on standard output. docs/man/bide.1 has the
 * same options; tests/driver/help.sh compares them.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

static const char summary[] =
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
    "  bide COMMAND --help     more of one command\n"
    "  bide --version\n"
    "  bide help\n"
    "\n"
    "CC is a gcc or clang, with ccache or its like before it if you want. OPTIONS are the\n"
    "compiler's; $CFLAGS go before them. `bide cc` also knows\n"
    "\n";

static const char options[] =
    "  -fno-bide-wrappers      async functions get no blocking form of the same name\n"
    "  -fbide-multi-thread     check tasks as for a runtime with several threads\n"
    "  --error-format=json     messages as JSON, one object a line\n"
    "\n"
    "and these warnings, off with -Wno-NAME, errors with -Werror=NAME:\n"
    "\n";

static const char cc_text[] =
    "bide cc CC ARGS...\n"
    "\n"
    "Compiles as CC does, with async C understood. CC is a gcc or clang, with ccache or its like\n"
    "before it if you want; ARGS are its own. A file without async words is left to CC as it is.\n"
    "For the options of the compiler: bide cc CC --help\n"
    "\n"
    "  bide cc gcc -O2 hello.c -o hello\n"
    "  make CC='bide cc gcc'\n"
    "\n"
    "Options of bide:\n"
    "\n";

static const char run_text[] =
    "bide run [OPTIONS] FILE.c|FOLDER [--] [ARGS...]\n"
    "\n"
    "Compiles the file, or the C files of the folder, and runs the program with ARGS; nothing is\n"
    "left behind. The exit status is the program's. The compiler is $CC, or cc; OPTIONS are its\n"
    "options, behind $CFLAGS (-g -O1 where that is not set), and those of bide cc. A file says\n"
    "in a comment near its beginning which libraries it stands on:\n"
    "\n"
    "  // needs: bide-http m\n";

static const char emit_text[] =
    "bide emit [OPTIONS] FILE.c\n"
    "\n"
    "Prints the C that the file becomes, for reading and for building without bide. The compiler\n"
    "that preprocesses it is $CC, or cc; OPTIONS are its options, behind $CFLAGS, and those of\n"
    "bide cc. The file - is standard input.\n"
    "\n"
    "  -o FILE                 write it there\n";

static const char size_text[] =
    "bide size [OPTIONS] FILE...\n"
    "\n"
    "Lists the frames of the async functions in objects, archives, programs, shared libraries and\n"
    "C files, the largest first: bytes, reserve, largest members. The reserve is what a task that\n"
    "begins with the function keeps for the frames of those that it awaits. C files are compiled,\n"
    "with $CC (or cc), $CFLAGS and those OPTIONS that are the compiler's.\n"
    "\n"
    "  --members N|all         this many members of each frame; the default is 3\n"
    "  --tsv                   a line for each function, columns with tabs between\n"
    "  --json                  one JSON object for each function\n";

static const char gdb_text[] =
    "bide gdb [GDB'S ARGUMENTS]\n"
    "\n"
    "Starts $GDB, or gdb, with the script that knows of awaits:\n"
    "\n"
    "  break NAME              stops in an async function's own code too, static ones included\n"
    "  next, step, until, finish\n"
    "                          go over an await that has to wait\n"
    "  bide bt                 the functions that await each other\n"
    "  bide tasks              all tasks, each with where it waits; in a core dump too\n"
    "\n"
    "For the options of gdb: bide gdb -- --help, or gdb --help\n";

static void print_options(FILE *out)
{
    static const char *const groups[] = {[WARN_ALWAYS] = "",
                                         [WARN_ALL] = " (-Wall)",
                                         [WARN_EXTRA] = " (-Wextra)",
                                         [WARN_NAMED] = " (off)"};
    fputs(options, out);
    for (const struct warning *w = warning_table; w->name; w++)
        fprintf(out, "  -W%-30s %s%s\n", w->name, w->help, groups[w->group]);
}

void help_print(FILE *out)
{
    fputs(summary, out);
    print_options(out);
}

bool help_print_command(const char *command)
{
    static const struct {
        const char *name, *text;
    } all[] = {{"cc", cc_text},
               {"run", run_text},
               {"emit", emit_text},
               {"size", size_text},
               {"gdb", gdb_text}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].name, command))
            continue;
        fputs(all[i].text, stdout);
        if (!strcmp(command, "cc"))
            print_options(stdout);
        return true;
    }
    return false;
}

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
    "  bide cc CC ARGS...      compile as CC does, async functions included:\n"
    "                          bide cc gcc -O2 hello.c -o hello\n"
    "  bide run [OPTIONS] FILE.c|FOLDER [ARGS...]\n"
    "                          compile the file, or the C files of the folder, with $CC (or\n"
    "                          cc) and run the program\n"
    "  bide emit [OPTIONS] FILE.c\n"
    "                          print the C that the file is translated to, or write it to\n"
    "                          a file with -o FILE\n"
    "  bide size [OPTIONS] FILE...\n"
    "                          list the frames of the async functions in objects, archives,\n"
    "                          programs, libraries or C files: bytes, reserve, largest members;\n"
    "                          --members N|all, --tsv, --json\n"
    "  bide gdb [GDB'S ARGUMENTS]\n"
    "                          run gdb with commands for async code; next, step and finish\n"
    "                          go over awaits\n"
    "  bide new FOLDER         make an HTTP service that builds, is tested and serves\n"
    "  bide trace view FILE    draw a timeline of libbide-trace as an HTML page\n"
    "  bide top [SOCKET|FOLDER|PID]\n"
    "                          show the tasks of a program that runs, on the terminal or, with\n"
    "                          --web, in a browser; --once, --json\n"
    "  bide COMMAND --help     describe one command\n"
    "  bide --version          print the version\n"
    "  bide help               print this list\n"
    "\n"
    "CC is gcc or clang, perhaps with ccache or another launcher before it. OPTIONS are the\n"
    "compiler's; $CFLAGS go before them. All commands but gdb, new, trace and top also take\n"
    "these options:\n"
    "\n";

static const char options[] =
    "  -fno-bide-wrappers      async functions get no blocking form of the same name\n"
    "  -fbide-multi-thread     check tasks for a runtime with several threads\n"
    "  --error-format=json     print messages as JSON, one object a line\n"
    "\n"
    "They also give these warnings. -Wno-NAME switches a warning off, -Werror=NAME makes it an\n"
    "error:\n"
    "\n";

static const char cc_text[] =
    "bide cc CC ARGS...\n"
    "\n"
    "Compiles as CC does, async functions included. CC is gcc or clang, perhaps with ccache or\n"
    "another launcher before it; ARGS are its arguments. A file without async words goes to CC\n"
    "unchanged. For the options of the compiler: bide cc CC --help\n"
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
    "left behind. The exit status is the program's. The compiler is $CC, or cc. OPTIONS are its\n"
    "options and those of bide cc; they come after $CFLAGS (-g -O1 where that is not set). A\n"
    "comment near the beginning of a file names the libraries that the file needs:\n"
    "\n"
    "  // needs: bide-http m\n";

static const char emit_text[] =
    "bide emit [OPTIONS] FILE.c\n"
    "\n"
    "Prints the C that the file is translated to, for reading and for building without bide. The\n"
    "compiler that preprocesses the file is $CC, or cc. OPTIONS are its options and those of\n"
    "bide cc; they come after $CFLAGS. The options -x c - read the file from standard input.\n"
    "\n"
    "  -o FILE                 write to this file instead of standard output\n";

static const char size_text[] =
    "bide size [OPTIONS] FILE...\n"
    "\n"
    "Lists the frames of the async functions in objects, archives, programs, shared libraries and\n"
    "C files, the largest first: bytes, reserve, largest members. The reserve is what a task that\n"
    "begins with the function keeps above that frame, for the frames of the functions that it\n"
    "awaits; so the task holds the sum of both. C files are compiled, with $CC (or cc), $CFLAGS\n"
    "and those OPTIONS that are the compiler's.\n"
    "\n"
    "  --members N|all         list this many members of each frame; the default is 3\n"
    "  --tsv                   print a line for each function, with tabs between the columns\n"
    "  --json                  print a JSON array with an object for each function\n";

static const char gdb_text[] =
    "bide gdb [GDB'S ARGUMENTS]\n"
    "\n"
    "Starts $GDB, or gdb, with commands for async code:\n"
    "\n"
    "  break NAME              stops in the body of an async function, static or not\n"
    "  next, step, until, finish\n"
    "                          go over an await that has to wait\n"
    "  bide bt                 shows who awaits whom\n"
    "  bide tasks              lists all tasks and where each one waits, also in a core dump\n"
    "\n"
    "For the options of gdb: bide gdb -- --help, or gdb --help\n";

static const char new_text[] =
    "bide new FOLDER\n"
    "\n"
    "Makes an HTTP service in the folder, which is made too: routes with their handlers, JSON in\n"
    "and out, TLS, an end in good order, tests, a makefile, a README. No file is overwritten.\n"
    "\n"
    "  bide new greeter\n"
    "  cd greeter\n"
    "  make test\n"
    "  make run\n";

static const char trace_text[] =
    "bide trace view FILE [-o PAGE]\n"
    "\n"
    "Draws a timeline, which bide_trace_timeline_new of bide/trace.h has written: a bar for each\n"
    "span, with the spans in it below. The page needs nothing but a browser. Its name is that of\n"
    "FILE with .html instead of its suffix.\n"
    "\n"
    "  -o PAGE                 write to this file; to standard output if it is -\n";

static const char top_text[] =
    "bide top [SOCKET|FOLDER|PID] [OPTIONS]\n"
    "\n"
    "Shows what the tasks of a program do, while it runs. Start the program with\n"
    "BIDE_CONSOLE=FOLDER: it listens on the socket FOLDER/PID.bide. If you name nothing,\n"
    "bide top looks at what BIDE_CONSOLE names. On a terminal, ? shows the keys; elsewhere the\n"
    "tables are printed once.\n"
    "\n"
    "  BIDE_CONSOLE=/tmp/look ./shop\n"
    "  bide top /tmp/look\n"
    "\n"
    "  --once                  compare two answers, 200 ms apart; print the tables and exit\n"
    "  --json                  print the answers as they come, a line each; with --once only one\n"
    "  --web                   serve a page for a browser on 127.0.0.1, and print its address\n"
    "  --web=PORT              the same on this port\n"
    "  --every=MS              ask the program every MS milliseconds; the default is 1000\n";

static void print_options(FILE *out)
{
    static const char *const groups[] = {[WARN_ALWAYS] = "",
                                         [WARN_ALL] = " (-Wall)",
                                         [WARN_EXTRA] = " (-Wextra)",
                                         [WARN_NAMED] = " (off)",
                                         [WARN_ERROR] = " (an error)"};
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
    } all[] = {{"cc", cc_text},   {"run", run_text}, {"emit", emit_text},   {"size", size_text},
               {"gdb", gdb_text}, {"new", new_text}, {"trace", trace_text}, {"top", top_text}};
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

/*
 * The program `bide`: its first word says what to do.
 *
 * Exit status: that of the program which was run; 1 for a mistake in a file or on the command
 * line, or when standard output cannot be written; 127 when the compiler cannot be run.
 */
#define _GNU_SOURCE
#include "compiler/diag/diag.h"
#include "compiler/driver/driver.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#ifndef BIDE_VERSION
#define BIDE_VERSION "unknown"
#endif

static const struct command_word {
    const char *word;
    int (*run)(int argc, char **argv);
} commands[] = {{"cc", driver_cc},       {"run", driver_run}, {"emit", driver_emit},
                {"size", driver_size},   {"gdb", driver_gdb}, {"new", driver_new},
                {"trace", driver_trace}, {"top", driver_top}};

/* `bide help [COMMAND]`. */
static int help(const char *command)
{
    if (!command) {
        help_print(stdout);
        return 0;
    }
    if (help_print_command(command))
        return 0;
    diag_plain(SEV_ERROR, "there is no command '%s'; see: bide help", command);
    return 1;
}

/* Someone who tries bide for the first time may give a file or a compiler instead of a command. */
static void no_command(const char *word)
{
    if (ends_with(word, ".c"))
        diag_plain(SEV_ERROR, "there is no command '%s'; did you mean 'bide run %s'?", word, word);
    else if (ends_with(word, "cc") || strstr(word, "gcc") || strstr(word, "clang"))
        diag_plain(SEV_ERROR, "there is no command '%s'; did you mean 'bide cc %s'?", word, word);
    else
        diag_plain(SEV_ERROR, "there is no command '%s'; see: bide help", word);
}

static int run(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(word, commands[i].word))
            continue;
        if (argc > 2 && !strcmp(argv[2], "--help"))
            return help(word);
        return commands[i].run(argc - 2, argv + 2);
    }
    if (!strcmp(word, "--version") || !strcmp(word, "version"))
        return puts("bide " BIDE_VERSION) < 0;
    if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h"))
        return help(argc > 2 ? argv[2] : NULL);
    if (*word)
        no_command(word);
    else
        help_print(stderr);
    return 1;
}

/* A standard file that the user has closed must not become the number of another file. It is
 * opened so that nothing can be read from it or written to it, and is closed again in programs
 * that are started. */
static void hold_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
    hold_standard_files();
    int status = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (!status)
        diag_plain(SEV_ERROR, "cannot write standard output");
    return status ? status : 1;
}

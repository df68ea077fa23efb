/*
 * The room driver: the commands of the tool. It runs the user's compiler, hands texts to the other
 * rooms, and decides what of all messages is shown.
 */
#ifndef BIDE_COMPILER_DRIVER_DRIVER_H
#define BIDE_COMPILER_DRIVER_DRIVER_H

#include "compiler/base/base.h"

/* ---- driver.c ---- */

int driver_cc(int argc, char **argv);

/* ---- run.c ---- */

int driver_emit(int argc, char **argv);
int driver_run(int argc, char **argv);
int driver_gdb(int argc, char **argv);

/* ---- size_command.c ---- */

int driver_size(int argc, char **argv); /* size.c */

/* ---- help.c ---- */

void help_print(FILE *);                      /* all commands and options */
bool help_print_command(const char *command); /* on standard output; false: there is none */

#endif

/*
 * The room driver: the commands of the tool. It runs the user's compiler, hands texts to the other
 * rooms, and decides what of all messages is shown.
 *
 * It requires a command line, and the headers and libraries of bide beside the tool. Each command
 * returns the exit status of the tool, and has removed its own files by then.
 */
#ifndef BIDE_COMPILER_DRIVER_DRIVER_H
#define BIDE_COMPILER_DRIVER_DRIVER_H

#include "compiler/base/base.h"

/* ---- driver.c ---- */

int driver_cc(int argc, char **argv); /* bide cc: compiles as the compiler in argv[0] does */

/* ---- run.c ---- */

int driver_run(int argc, char **argv);  /* compiles, and runs the program */
int driver_emit(int argc, char **argv); /* prints the C that a file becomes */
int driver_gdb(int argc, char **argv);

/* ---- size.c ---- */

int driver_size(int argc, char **argv); /* lists the frames of async functions */

/* ---- new.c ---- */

int driver_new(int argc, char **argv); /* makes an HTTP service */

/* ---- trace.c ---- */

int driver_trace(int argc, char **argv); /* draws a timeline */

/* ---- top.c ---- */

int driver_top(int argc, char **argv); /* shows the tasks of a program that runs */

/* ---- help.c ---- */

void help_print(FILE *);                      /* all commands and options */
bool help_print_command(const char *command); /* on standard output; false: no such command */

#endif

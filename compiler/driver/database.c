/*
 * clang's -MJ FILE: the commands of a build, for tools that read the user's files. clang itself
 * would write the name of the generated text, so the file is written here. Format: one JSON object
 * for each C file, with a comma after it, as clang 14 writes them.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_part_of_command(const struct arg *a)
{
    return a->kind != ARG_INPUT && a->kind != ARG_OUTPUT && a->kind != ARG_DATABASE &&
           a->kind != ARG_DEPENDENCY && a->kind != ARG_LANGUAGE && a->kind != ARG_OURS;
}

static void put_command(FILE *f, const struct command *cmd, const struct arg *input,
                        const char *folder)
{
    const char *output =
        cmd->output && cmd->mode != MODE_LINK ? cmd->output : command_object(cmd, input);
    fputs("{ \"directory\": ", f);
    json_path(f, folder);
    fputs(", \"file\": ", f);
    json_path(f, input->value);
    fputs(", \"output\": ", f);
    json_path(f, output);
    fputs(", \"arguments\": [", f);
    json_path(f, cmd->compiler.item[cmd->compiler.count - 1]);
    fputs(input->language == LANG_C ? ", \"-xc\", " : ", \"-xcpp-output\", ", f);
    json_path(f, input->value);
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        for (int k = 0; k < 2 && a->word[k] && is_part_of_command(a); k++) {
            fputs(", ", f);
            json_path(f, a->word[k]);
        }
    }
    fputs("]},\n", f);
}

void database_write(const struct command *cmd)
{
    char *folder = cmd->database ? getcwd(NULL, 0) : NULL;
    FILE *f = folder ? fopen(cmd->database, "we") : NULL;
    for (uint32_t i = 0; f && i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (arg_is_c(a))
            put_command(f, cmd, a, folder);
    }
    if (folder && (!f || fclose(f) != 0))
        diag_plain(SEV_WARNING, "cannot write '%s'", cmd->database);
    free(folder);
}

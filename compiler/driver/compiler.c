/*
 * The user's compiler: how bide starts it for a step of its own, and which compiler it is.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

void command_add_colour(const struct command *cmd, struct process *p)
{
    if (cmd->options.colour)
        argv_add(p, "-fdiagnostics-color=always");
    if (cmd->options.json) {
        argv_add(p, "-fdiagnostics-color=never");
        argv_add(p, cmd->clang ? "-fno-caret-diagnostics" : "-fno-diagnostics-show-caret");
    }
}

/* The compiler without ccache and the like, which would gain nothing in these steps. */
struct process compiler_process(const struct command *cmd)
{
    struct process p = {.arena = cmd->arena};
    for (uint32_t i = (uint32_t)cmd->launcher_count; i < cmd->compiler.count; i++)
        argv_add(&p, cmd->compiler.item[i]);
    return p;
}

void command_add_common(const struct command *cmd, struct process *p)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind == ARG_BOTH)
            argv_add_arg(p, a);
    }
}

const char *command_object(const struct command *cmd, const struct arg *input)
{
    return with_suffix(cmd->arena, base_name(input->value),
                       cmd->mode == MODE_ASSEMBLE ? ".s" : ".o");
}

bool command_says_clang(const struct command *cmd)
{
    struct process p = compiler_process(cmd);
    argv_add(&p, "--version");
    p.catch_out = p.catch_err = true;
    bool says = process_run(&p) == 0 && p.out.length &&
                memmem(p.out.data, p.out.length, "clang", 5) != NULL;
    buffer_free(&p.out);
    buffer_free(&p.err);
    return says;
}

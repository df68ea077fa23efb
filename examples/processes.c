/*
 * processes: runs commands, a few at a time, each with a time limit, and collects what they print.
 * Ctrl-C ends those that run: they are killed when their tasks are cancelled, and nothing of them
 * stays. Ctrl-C once more would end this program at once.
 *
 *     bide run examples/processes.c 'echo one' 'sleep 1; echo two' 'exit 3'
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { AT_ONCE = 4, LIMIT_S = 10 };

static bide_semaphore places = BIDE_SEMAPHORE_INIT(AT_ONCE);

/* In a group of its own, so that what the shell starts is killed too. */
static async int run_in_shell(const char *command, bide_output **output)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    const bide_process_options options = {.group = BIDE_PROCESS_GROUP_NEW,
                                          .err = {BIDE_PROCESS_OUT, 0}};
    const bide_collect_options collect = {.out_max = 10000, .cut = true};
    return await bide_process_output(argv, &options, &collect, output);
}

static async void report(const char *command)
{
    char end[64];
    int r = await bide_semaphore_acquire(&places, 1);
    if (r < 0)
        return;
    defer {
        bide_semaphore_release(&places, 1);
    }
    bide_output *output = NULL;
    defer {
        bide_output_free(output);
    }
    int late = await bide_timeout(BIDE_S(LIMIT_S), r = run_in_shell(command, &output));
    if (late < 0 || r < 0)
        printf("%s: %s\n", command, strerror(late < 0 ? -late : -r));
    else
        printf("%s: %s\n%s", command, bide_process_exit_text(output->exit, end, sizeof end),
               output->out);
}

static async int report_all(char **commands)
{
    bide_scope(s) {
        for (; *commands != NULL; commands++)
            bide_scope_spawn(s, report(*commands));
    }
    return 0;
}

async int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: processes COMMAND...\n");
        return 2;
    }
    return await bide_select(report_all(argv + 1), bide_ctrl_c()) == 0 ? 0 : 130;
}

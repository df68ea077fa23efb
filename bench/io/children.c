/* bench/io/children.c: processes that end at once, and what they print. */
#include "io.h"

static async void spawn(const char *path)
{
    const char *const argv[] = {path, NULL};
    bide_process_exit exit;
    expect_good(await bide_process_run(argv, NULL, &exit), path);
    run_expect(bide_process_exit_ok(exit), "the child");
}

static async void output(const char *path)
{
    const char *const argv[] = {path, "x", NULL};
    bide_output *output;
    expect_good(await bide_process_output(argv, NULL, NULL, &output), path);
    run_expect(bide_process_exit_ok(output->exit) && output->out_size == OUTPUT_SIZE, "the child");
    bide_output_free(output);
}

async bool operate_on_children(struct run *run, long i)
{
    char path[PATH_SIZE];
    (void)i;
    snprintf(path, sizeof path, "%s/child", run->data);
    if (strcmp(run->what, "spawn") == 0)
        await spawn(path);
    else if (strcmp(run->what, "output") == 0)
        await output(path);
    else
        return false;
    return true;
}

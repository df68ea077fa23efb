/* bench/io/peers/libuv/spawn.c: processes that end at once, and what they print. */
#include "inside.h"

struct child {
    uv_process_t process;
    uv_pipe_t pipe;
    struct operation *op;
    int open; /* handles that are not closed yet */
    size_t output;
};

static void on_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;
    struct operation *op = child->op;
    if (--child->open > 0)
        return;
    run_expect(op->done == child->output, "what the child prints");
    free(child);
    run_next(op);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    run_expect(status == 0 && signal == 0, "the child");
    uv_close((uv_handle_t *)process, on_closed);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *child = stream->data;
    (void)buf;
    if (n >= 0)
        child->op->done += (size_t)n;
    else
        uv_close((uv_handle_t *)stream, on_closed);
}

static void start(struct operation *op, size_t output)
{
    char path[PATH_SIZE];
    char word[] = "child", more[] = "x";
    char *args[] = {path, word, output > 0 ? more : NULL, NULL};
    struct child *child = zeroes(sizeof *child);
    uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = 0},
                                    {.flags = UV_INHERIT_FD, .data.fd = 1},
                                    {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {
        .file = path, .args = args, .exit_cb = on_exit_of, .stdio = stdio, .stdio_count = 3};
    snprintf(path, sizeof path, "%s/child", run.data);
    *child = (struct child){.op = op, .open = 1, .output = output};
    child->process.data = child->pipe.data = child;
    op->done = 0;
    if (output > 0) {
        child->open++;
        uv_pipe_init(uv_default_loop(), &child->pipe, 0);
        stdio[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
        stdio[1].data.stream = (uv_stream_t *)&child->pipe;
    }
    check(uv_spawn(uv_default_loop(), &child->process, &options), "uv_spawn");
    if (output > 0)
        check(uv_read_start((uv_stream_t *)&child->pipe, on_alloc, on_output), "uv_read_start");
}

static void spawn(struct operation *op)
{
    start(op, 0);
}

static void output(struct operation *op)
{
    start(op, OUTPUT_SIZE);
}

const struct row spawn_rows[] = {{"spawn", spawn}, {"output", output}, {NULL, NULL}};

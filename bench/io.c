/*
 * bench/io.c: bide's program for `./x bench io`. bench/io/peers, tokio and go have the same one,
 * with the same arguments.
 *
 *   io tls|tls_bulk|file|relay|lines    a server; prints its port and serves until it is killed
 *   io run WHAT WIDTH N FOLDER          prints two figures (bench/io/run.h), and the driver
 *   io driver                           prints the driver
 *
 * tls       echo, with a buffer of 1 KiB; tls_bulk with one of 64 KiB
 * file      for a byte it sends the file `send`, and closes the connection
 * relay     joins each two connections and copies both ways
 * lines     counts the lines that it reads, and says at the end how many they were
 *
 * The exit status is 77 if this build cannot do what was asked for.
 */
#include "bench/common/driver.h"
#include "bench/io/io.h"

#include <bide/bide.h>

void expect_good(int64_t r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "io: %s: %s\n", what, strerror((int)-r));
    exit(1);
}

const char *data_path(const char *name)
{
    static char path[PATH_SIZE];
    const char *data = getenv("IO_DATA");
    snprintf(path, sizeof path, "%s/%s", data != NULL ? data : ".", name);
    return path;
}

/* ---- servers ---- */

static async void send_file(bide_stream *stream)
{
    bide_file *file;
    bide_copy *copy;
    char request;
    defer {
        bide_stream_close(stream);
    }
    if (await bide_stream_read(stream, &request, 1) != 1)
        return;
    expect_good(await bide_file_open(data_path("send"), NULL, &file), "send");
    defer {
        bide_file_free(file);
    }
    expect_good(bide_copy_new(bide_file_stream(file), stream, &copy), "bide_copy_new");
    defer {
        bide_copy_free(copy);
    }
    expect_good(await bide_copy_run(copy, BIDE_COPY_ALL), "bide_copy_run");
}

static async void relay(bide_stream *one, bide_stream *other)
{
    bide_copy *there, *back;
    defer {
        bide_stream_close(one);
        bide_stream_close(other);
    }
    expect_good(bide_copy_new(one, other, &there), "bide_copy_new");
    defer {
        bide_copy_free(there);
    }
    expect_good(bide_copy_new(other, one, &back), "bide_copy_new");
    defer {
        bide_copy_free(back);
    }
    expect_good(await bide_copy_both(there, back), "bide_copy_both");
}

static async void count_lines(bide_stream *stream)
{
    bide_reader *reader;
    char *line, answer[32];
    size_t size, bytes = 0;
    long lines = 0;
    int r;
    defer {
        bide_stream_close(stream);
    }
    expect_good(bide_reader_new(stream, 4096, &reader), "bide_reader_new");
    defer {
        bide_reader_free(reader);
    }
    while ((r = await bide_reader_line(reader, &line, &size)) > 0) {
        lines++;
        bytes += size;
    }
    expect_good(r, "bide_reader_line");
    snprintf(answer, sizeof answer, "%ld\n", bytes > 0 ? lines : 0);
    expect_good(await bide_stream_write_all(stream, answer, strlen(answer), NULL), "the answer");
}

static async bide_stream *accept_one(bide_tcp_listener *listener)
{
    bide_stream *stream;
    expect_good(await bide_tcp_accept(listener, &stream), "bide_tcp_accept");
    return stream;
}

static async int serve(const char *what)
{
    bide_tcp_listener *listener;
    bool is_bulk = strcmp(what, "tls_bulk") == 0, is_tls = is_bulk || strcmp(what, "tls") == 0;
    struct bide_tls_context *context = is_tls ? tls_context_new() : NULL;
    if (is_tls && context == NULL)
        return NOT_BUILT;
    expect_good(bide_tcp_listen("127.0.0.1", 0, &listener), "bide_tcp_listen");
    defer {
        bide_tcp_listener_close(listener);
    }
    printf("%d\n", bide_tcp_port(listener));
    fflush(stdout);
    for (;;) {
        bide_stream *stream = await accept_one(listener);
        if (is_tls) {
            bide_task_detach(bide_spawn(tls_echo(context, stream, is_bulk ? PIECE_SIZE : 1024)));
        } else if (strcmp(what, "file") == 0) {
            bide_task_detach(bide_spawn(send_file(stream)));
        } else if (strcmp(what, "relay") == 0) {
            bide_stream *other = await accept_one(listener);
            bide_task_detach(bide_spawn(relay(stream, other)));
        } else if (strcmp(what, "lines") == 0) {
            bide_task_detach(bide_spawn(count_lines(stream)));
        } else {
            return NOT_BUILT;
        }
    }
}

/* ---- rows ---- */

static async void operate_one_by_one(struct run *run, long *next, bool *is_known)
{
    while (*is_known && *next < run->n) {
        long i = (*next)++;
        *is_known = await operate_on_files(run, i) || await operate_on_children(run, i);
    }
}

/* Operations from 0 to n - 1, `width` of them at once. */
static async bool operate(struct run *run)
{
    long next = 0;
    bool is_known = true;
    bide_scope(all) {
        for (long k = 0; k < run->width; k++)
            bide_scope_spawn(all, operate_one_by_one(run, &next, &is_known));
    }
    return is_known;
}

static async int run_row(char **argv)
{
    char driver[32];
    struct run run = run_of(argv), warm = run;
    warm.n = run_warm(&run);
    if (!await operate(&warm))
        return NOT_BUILT;
    run_begin(&run);
    await operate(&run);
    snprintf(driver, sizeof driver, " %s", driver_name());
    run_end(&run, driver);
    return 0;
}

async int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "driver") == 0) {
        await bide_sleep(BIDE_US(1));
        puts(driver_name());
        return 0;
    }
    if (argc == 2)
        return await serve(argv[1]);
    return argc == 6 && strcmp(argv[1], "run") == 0 ? await run_row(argv) : 2;
}

/*
 * bench/io/peers/libuv/serve.c: servers as users of libuv write them: a file in pieces that the
 * pool reads, bytes from one connection to another, lines cut out of what arrives.
 */
#include "inside.h"

#include <fcntl.h>

static char buffer[PIECE_SIZE];

void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)handle, (void)size;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void close_stream(uv_stream_t *stream)
{
    if (!uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, on_closed);
}

struct rest {
    uv_write_t write;
    void (*then)(uv_stream_t *to);
    char data[];
};

static void on_written(uv_write_t *write, int status)
{
    struct rest *rest = (struct rest *)write;
    if (status == 0 && rest->then != NULL)
        rest->then(write->handle);
    free(rest);
}

bool send_or_copy(uv_stream_t *to, const char *data, size_t size, void (*then)(uv_stream_t *to))
{
    uv_buf_t buf = uv_buf_init((char *)data, (unsigned)size);
    int sent = uv_try_write(to, &buf, 1);
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done == size)
        return true;
    struct rest *rest = zeroes(sizeof *rest + size - done);
    memcpy(rest->data, data + done, size - done);
    rest->then = then;
    buf = uv_buf_init(rest->data, (unsigned)(size - done));
    if (uv_write(&rest->write, to, &buf, 1, on_written) < 0) {
        free(rest);
        close_stream(to);
    }
    return false;
}

/* ---- file ---- */

struct sending {
    uv_fs_t fs;
    uv_stream_t *to;
    int fd;
    char buffer[PIECE_SIZE];
};

static void read_more(uv_stream_t *to);

static void on_file_read(uv_fs_t *fs)
{
    struct sending *sending = (struct sending *)fs;
    uv_stream_t *to = sending->to;
    int64_t n = fs->result;
    check(n, "read");
    uv_fs_req_cleanup(fs);
    if (n > 0) {
        if (send_or_copy(to, sending->buffer, (size_t)n, read_more))
            read_more(to);
        return;
    }
    uv_fs_close(uv_default_loop(), fs, sending->fd, NULL);
    free(sending);
    close_stream(to);
}

static void read_more(uv_stream_t *to)
{
    struct sending *sending = to->data;
    uv_buf_t buf = uv_buf_init(sending->buffer, sizeof sending->buffer);
    check(uv_fs_read(to->loop, &sending->fs, sending->fd, &buf, 1, -1, on_file_read), "read");
}

static void on_file_open(uv_fs_t *fs)
{
    struct sending *sending = (struct sending *)fs;
    check(fs->result, "open");
    sending->fd = (int)fs->result;
    uv_fs_req_cleanup(fs);
    read_more(sending->to);
}

static void on_request(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    uv_read_stop(stream);
    if (n <= 0) {
        close_stream(stream);
        return;
    }
    struct sending *sending = zeroes(sizeof *sending);
    sending->to = stream;
    stream->data = sending;
    check(uv_fs_open(stream->loop, &sending->fs, data_path("send"), O_RDONLY, 0, on_file_open),
          "open");
}

static void serve_file(uv_tcp_t *conn)
{
    uv_read_start((uv_stream_t *)conn, on_alloc, on_request);
}

/* ---- relay ---- */

static void on_relayed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void read_other(uv_stream_t *stream)
{
    uv_read_start(stream->data, on_alloc, on_relayed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)status;
    free(shutdown);
}

/* A half has ended: tells the other side, and closes both when both have. */
static void end_half(uv_stream_t *stream)
{
    uv_stream_t *other = stream->data;
    uv_read_stop(stream);
    if (!uv_is_writable(stream)) { /* the other half has ended before */
        close_stream(stream);
        close_stream(other);
        return;
    }
    uv_shutdown_t *shutdown = zeroes(sizeof *shutdown);
    if (uv_shutdown(shutdown, other, on_shutdown) < 0)
        free(shutdown);
}

static void on_relayed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    if (n < 0)
        end_half(stream);
    else if (!send_or_copy(stream->data, buf->base, (size_t)n, read_other))
        uv_read_stop(stream);
}

static void serve_relay(uv_tcp_t *conn)
{
    static uv_tcp_t *waits;
    if (waits == NULL) {
        waits = conn;
        return;
    }
    conn->data = waits;
    waits->data = conn;
    uv_read_start((uv_stream_t *)conn, on_alloc, on_relayed);
    uv_read_start((uv_stream_t *)waits, on_alloc, on_relayed);
    waits = NULL;
}

/* ---- lines ---- */

enum { LINE_MAX_SIZE = 4096 };

struct lines {
    long count;
    size_t bytes;
    size_t begun; /* bytes of a line whose end has not come */
    char begin[LINE_MAX_SIZE];
};

/* What a user does with a line. */
static void on_line(struct lines *lines, const char *line, size_t size)
{
    (void)line;
    lines->count++;
    lines->bytes += size;
}

static void keep(struct lines *lines, const char *data, size_t size)
{
    run_expect(lines->begun + size <= LINE_MAX_SIZE, "a long line");
    memcpy(lines->begin + lines->begun, data, size);
    lines->begun += size;
}

static void on_lines(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct lines *lines = stream->data;
    char *at = buf->base, *end = at + n, answer[32];
    if (n < 0) {
        uv_read_stop(stream);
        int size = snprintf(answer, sizeof answer, "%ld\n", lines->count);
        if (send_or_copy(stream, answer, (size_t)size, close_stream))
            close_stream(stream);
        free(lines);
        return;
    }
    for (char *eol; (eol = memchr(at, '\n', (size_t)(end - at))) != NULL; at = eol + 1) {
        if (lines->begun == 0) {
            on_line(lines, at, (size_t)(eol - at));
        } else {
            keep(lines, at, (size_t)(eol - at));
            on_line(lines, lines->begin, lines->begun);
            lines->begun = 0;
        }
    }
    keep(lines, at, (size_t)(end - at));
}

static void serve_lines(uv_tcp_t *conn)
{
    conn->data = zeroes(sizeof(struct lines));
    uv_read_start((uv_stream_t *)conn, on_alloc, on_lines);
}

const struct server servers[] = {
    {"file", serve_file}, {"relay", serve_relay}, {"lines", serve_lines}, {NULL, NULL}};

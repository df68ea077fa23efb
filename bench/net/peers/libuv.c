/*
 * bench/net/peers/libuv.c: the same server on libuv, as its users write it: all connections read
 * into one buffer, and what uv_try_write cannot send is copied.
 *
 *   libuv echo|lean|bulk|udp
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char buffer[65536];

static void check(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "libuv: %s: %s\n", what, uv_strerror(r));
    exit(1);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)handle, (void)size;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_written(uv_write_t *write, int status)
{
    uv_stream_t *stream = write->handle;
    free(write);
    if (status == 0)
        uv_read_start(stream, on_alloc, on_read);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    if (n < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    uv_buf_t data = uv_buf_init(buf->base, (unsigned)n);
    int sent = uv_try_write(stream, &data, 1);
    if (sent == (int)n)
        return;
    size_t done = sent > 0 ? (size_t)sent : 0, size = (size_t)n - done;
    uv_write_t *write = malloc(sizeof *write + size);
    check(write != NULL ? 0 : UV_ENOMEM, "malloc");
    memcpy(write + 1, buf->base + done, size);
    data = uv_buf_init((char *)(write + 1), (unsigned)size);
    uv_read_stop(stream);
    if (uv_write(write, stream, &data, 1, on_written) < 0) {
        free(write);
        uv_close((uv_handle_t *)stream, on_closed);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *client = malloc(sizeof *client);
    check(status, "accept");
    check(client != NULL ? 0 : UV_ENOMEM, "malloc");
    uv_tcp_init(listener->loop, client);
    check(uv_accept(listener, (uv_stream_t *)client), "uv_accept");
    uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    (void)flags;
    if (n < 0 || from == NULL)
        return;
    uv_buf_t data = uv_buf_init(buf->base, (unsigned)n);
    uv_udp_try_send(udp, &data, 1, from);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at;
    int size = sizeof at;
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t tcp;
    uv_udp_t udp;
    if (argc > 1 && strcmp(argv[1], "stuck") == 0)
        return 77;
    uv_ip4_addr("127.0.0.1", 0, &at);
    if (argc > 1 && strcmp(argv[1], "udp") == 0) {
        uv_udp_init(loop, &udp);
        check(uv_udp_bind(&udp, (struct sockaddr *)&at, 0), "bind");
        check(uv_udp_recv_start(&udp, on_alloc, on_datagram), "receive");
        uv_udp_getsockname(&udp, (struct sockaddr *)&at, &size);
    } else {
        uv_tcp_init(loop, &tcp);
        check(uv_tcp_bind(&tcp, (struct sockaddr *)&at, 0), "bind");
        check(uv_listen((uv_stream_t *)&tcp, 4096, on_connection), "listen");
        uv_tcp_getsockname(&tcp, (struct sockaddr *)&at, &size);
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}

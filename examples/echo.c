/*
 * echo: a server. Each client has a task of its own, which sends back every line that it gets.
 * Ctrl-C ends them all, and each connection is closed, whichever way its task ends.
 *
 *     bide run examples/echo.c [PORT]    prints the port that it listens on
 *     nc 127.0.0.1 PORT                  in another terminal
 */
#include <bide/bide.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE_MAX = 1000 };

/* Serves a client to its end; closes the connection. Returns 0, or why it ended early. */
static async int serve_client(bide_stream *client, int id)
{
    defer {
        bide_stream_close(client);
        printf("client %d: closed\n", id);
    }
    printf("client %d: connected\n", id);

    bide_reader *reader = NULL;
    int r = bide_reader_new(client, LINE_SIZE_MAX, &reader);
    if (r < 0)
        return r;
    defer {
        bide_reader_free(reader);
    }

    char *line;
    size_t size;
    while ((r = await bide_reader_line(reader, &line, &size)) > 0) {
        line[size++] = '\n'; /* where the zero byte was */
        r = await bide_stream_write_all(client, line, size, NULL);
        if (r < 0)
            return r;
    }
    return r;
}

/* Accepts clients until the listener fails or the task is cancelled; then waits for them. */
static async int serve(bide_tcp_listener *listener)
{
    int r = 0;
    bide_scope(clients) {
        bide_stream *client;
        for (int id = 1; (r = await bide_tcp_accept(listener, &client)) == 0; id++)
            bide_scope_spawn(clients, serve_client(client, id));
    }
    return r;
}

async int main(int argc, char **argv)
{
    char *end = "";
    long port = argc == 2 ? strtol(argv[1], &end, 10) : 0; /* 0: any that is free */
    if (argc > 2 || *end != '\0' || port < 0 || port > UINT16_MAX) {
        fputs("usage: echo [PORT]\n", stderr);
        return 2;
    }
    bide_tcp_listener *listener = NULL;
    int r = bide_tcp_listen("127.0.0.1", (uint16_t)port, &listener);
    if (r < 0)
        return r;
    defer {
        bide_tcp_listener_close(listener);
    }

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("listening on port %d\n", bide_tcp_port(listener));
    if (await bide_select(r = serve(listener), bide_ctrl_c()) == 1)
        puts("stopping");
    return r;
}

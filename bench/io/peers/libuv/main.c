/*
 * bench/io/peers/libuv/main.c: the peer of `./x bench io` on libuv.
 *
 *   libuv tls|tls_bulk|file|relay|lines    a server; prints its port
 *   libuv run WHAT WIDTH N FOLDER          prints two figures (../../run.h)
 */
#include "inside.h"

struct run run;
static long begun, last;
static const struct row *row;

void check(int64_t r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "libuv: %s: %s\n", what, uv_strerror((int)r));
    exit(1);
}

void *zeroes(size_t size)
{
    void *p = calloc(1, size);
    check(p != NULL ? 0 : UV_ENOMEM, "calloc");
    return p;
}

const char *data_path(const char *name)
{
    static char path[PATH_SIZE];
    const char *data = getenv("IO_DATA");
    snprintf(path, sizeof path, "%s/%s", data != NULL ? data : ".", name);
    return path;
}

/* ---- rows ---- */

void run_next(struct operation *op)
{
    if (begun == last)
        return;
    op->i = begun++;
    row->begin(op);
}

/* Operations from 0 to n - 1, `width` of them at once. */
static void operate(struct operation *ops, long n)
{
    begun = 0;
    last = n;
    for (long k = 0; k < run.width; k++)
        run_next(&ops[k]);
    check(uv_run(uv_default_loop(), UV_RUN_DEFAULT), "uv_run");
}

static const struct row *find_row(const struct row *list)
{
    while (list->what != NULL && strcmp(list->what, run.what) != 0)
        list++;
    return list->what != NULL ? list : NULL;
}

static int run_row(char **argv)
{
    run = run_of(argv);
    row = find_row(file_rows);
    if (row == NULL)
        row = find_row(spawn_rows);
    if (row == NULL)
        return NOT_BUILT;
    struct operation *ops = zeroes((size_t)run.width * sizeof *ops);
    for (long k = 0; k < run.width; k++)
        ops[k].buffer = zeroes(PIECE_SIZE);
    operate(ops, run_warm(&run));
    run_begin(&run);
    operate(ops, run.n);
    run_end(&run, "");
    return 0;
}

/* ---- servers ---- */

static const struct server *server;

static void on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *conn = zeroes(sizeof *conn);
    check(status, "accept");
    check(uv_tcp_init(listener->loop, conn), "uv_tcp_init");
    check(uv_accept(listener, (uv_stream_t *)conn), "uv_accept");
    server->serve(conn);
}

static const struct server *find_server(const struct server *list, const char *what)
{
    while (list->what != NULL && strcmp(list->what, what) != 0)
        list++;
    return list->what != NULL ? list : NULL;
}

static int serve(const char *what)
{
    struct sockaddr_in at;
    int size = sizeof at;
    uv_tcp_t tcp;
    server = find_server(servers, what);
    if (server == NULL)
        server = find_server(tls_servers, what);
    if (server == NULL)
        return NOT_BUILT;
    uv_ip4_addr("127.0.0.1", 0, &at);
    uv_tcp_init(uv_default_loop(), &tcp);
    check(uv_tcp_bind(&tcp, (struct sockaddr *)&at, 0), "bind");
    check(uv_listen((uv_stream_t *)&tcp, 4096, on_connection), "listen");
    uv_tcp_getsockname(&tcp, (struct sockaddr *)&at, &size);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return serve(argv[1]);
    return argc == 6 && strcmp(argv[1], "run") == 0 ? run_row(argv) : 2;
}

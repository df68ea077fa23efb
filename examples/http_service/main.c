/*
 * http_service: notes over HTTP, kept in SQLite.
 *
 *     http_service [PORT [FILE]]    listens on 127.0.0.1; 0, or no port: any that is free, which it
 *                                   prints; FILE is the database, by default one in memory
 *
 *     curl --json '{"text": "buy milk", "seconds": 3600}' 127.0.0.1:8080/notes
 *     curl 127.0.0.1:8080/notes/1
 *
 * This file has the beginning and the end. On SIGTERM or Ctrl-C the server takes no more
 * connections, those that are idle are closed, requests under way have 5 s to end, and the job has
 * ended when the database is closed.
 *
 * needs: bide-http-server bide-json bide-sqlite
 */
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Like the server's own, but as JSON: {"title":"Not Found","status":404}. */
static bide_http_server_options options_of(bide_http_router *router)
{
    return (bide_http_server_options){
        .state = router,
        .error = bide_http_error_json,
        .body_bytes_max = 64 * 1024,
    };
}

/* Serves until the shutdown has come to its end. */
static async int serve(struct service *s, bide_http_server *server)
{
    bide_task_detach(bide_spawn(jobs_run(s, BIDE_S(1))));
    bide_task_detach(bide_spawn(bide_http_server_run(server, &s->stop)));
    printf("http://127.0.0.1:%d\n", bide_http_server_port(server));
    fflush(stdout);
    int rc = await bide_shutdown_on_signals(&s->stop, NULL, NULL);
    printf("stopped after %llu requests\n", (unsigned long long)s->counters.requests);
    return rc;
}

static async int run(struct service *s, uint16_t port, const char *path)
{
    bide_http_router *router = NULL;
    bide_http_server *server = NULL;
    defer {
        bide_http_server_free(server);
        bide_http_router_drop(router);
        await bide_sql_close(s->db);
    }
    int rc = await notes_open(s, path);
    if (rc == 0)
        rc = http_router(s, &router);
    if (rc == 0) {
        const bide_http_server_options options = options_of(router);
        rc = bide_http_server_new(bide_ref(bide_http_serve_router), &options, &server);
    }
    if (rc == 0)
        rc = bide_http_server_listen(server, "127.0.0.1", port);
    if (rc < 0)
        return rc;
    return await serve(s, server);
}

async int main(int argc, char **argv)
{
    static struct service service = {.stop = BIDE_SHUTDOWN_INIT};
    char *end = "";
    unsigned long port = argc > 1 ? strtoul(argv[1], &end, 10) : 0;
    if (argc > 3 || *end != '\0' || port > 65535) {
        fprintf(stderr, "usage: http_service [PORT [FILE]]\n");
        return 2;
    }
    int rc = await run(&service, (uint16_t)port, argc > 2 ? argv[2] : ":memory:");
    if (rc < 0)
        fprintf(stderr, "http_service: %s\n", strerror(-rc));
    return rc < 0;
}

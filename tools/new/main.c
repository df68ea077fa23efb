/*
 * main.c: the beginning and the end of the service.
 *
 *     service [PORT [CERTIFICATE KEY]]    listens on 127.0.0.1; 0, or no port: any that is free,
 *                                         which it prints; with a certificate and its key: https
 *
 * SIGTERM and Ctrl-C end it: it takes no more connections, and what is under way has 5 s.
 */
#include "service.h"

#include <bide/bide.h>
#include <bide/tls.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

static async int serve(bide_http_server *server, const char *scheme)
{
    bide_task_detach(bide_spawn(bide_http_server_run(server, &stop)));
    printf("%s://127.0.0.1:%d\n", scheme, bide_http_server_port(server));
    fflush(stdout);
    return await bide_shutdown_on_signals(&stop, NULL, NULL);
}

/* `certificate` NULL: no TLS. */
static int make_tls(const char *certificate, const char *key, bide_tls_context **tls)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    const bide_tls_identity identity = {.certificate_file = certificate, .key_file = key};
    bide_tls_failure why;
    const bide_tls_options options = {
        .identities = &identity,
        .identity_count = 1,
        .alpn = protocols,
        .alpn_count = sizeof protocols / sizeof *protocols,
        .failure = &why,
    };
    *tls = NULL;
    if (certificate == NULL)
        return 0;
    int rc = bide_tls_server_new(&options, tls);
    if (rc < 0)
        fprintf(stderr, "%s\n", why.text);
    return rc;
}

static async int run(uint16_t port, const char *certificate, const char *key)
{
    static struct service service;
    bide_http_router *router = NULL;
    bide_http_server *server = NULL;
    bide_tls_context *tls = NULL;
    defer {
        bide_http_server_free(server);
        bide_http_router_drop(router);
        bide_tls_context_drop(tls);
    }
    int rc = make_tls(certificate, key, &tls);
    if (rc == 0)
        rc = service_router(&service, &router);
    if (rc == 0) {
        bide_http_server_options options = service_options(router);
        options.tls = tls;
        rc = bide_http_server_new(bide_ref(bide_http_serve_router), &options, &server);
    }
    if (rc == 0)
        rc = bide_http_server_listen(server, "127.0.0.1", port);
    return rc < 0 ? rc : await serve(server, tls != NULL ? "https" : "http");
}

async int main(int argc, char **argv)
{
    char *end = "";
    unsigned long port = argc > 1 ? strtoul(argv[1], &end, 10) : 0;
    if (argc > 4 || argc == 3 || *end != '\0' || port > 65535) {
        fprintf(stderr, "usage: service [PORT [CERTIFICATE KEY]]\n");
        return 2;
    }
    int rc = await run((uint16_t)port, argc > 3 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
    if (rc < 0)
        fprintf(stderr, "service: %s\n", strerror(-rc));
    return rc < 0;
}

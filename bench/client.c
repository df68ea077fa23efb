/*
 * bench/client.c: the client of `./x bench client` on bide, as its users write it: one client, and
 * one task for each connection. bench/client/peers and go have the same one.
 *
 *   client URL CONNECTIONS SIZE
 *
 * Each task asks for the URL again and again, and looks at the status of the answer and at the size
 * of its body, until the process is killed. The exit status is 77 if there is no such driver.
 */
#include "bench/common/driver.h"

#include <bide/bide.h>
#include <bide/http.h>

static bide_http_client *client;
static const char *url;
static size_t size;

static async int ask(void)
{
    int rc = 0;
    while (rc == 0) {
        bide_http_response *page;
        rc = await bide_http_get(client, url, &page);
        if (rc < 0)
            fprintf(stderr, "client: %s\n", bide_http_error(page));
        else if (bide_http_status(page) != 200 || bide_http_body_size(page) != size)
            rc = -EPROTO;
        bide_http_response_free(page);
    }
    return rc;
}

async int main(int argc, char **argv)
{
    int conns = argc == 4 ? atoi(argv[2]) : 0, rc;
    const bide_http_options options = {.proxy = ""};
    if (conns < 1) {
        fputs("client URL CONNECTIONS SIZE\n", stderr);
        return 2;
    }
    url = argv[1];
    size = (size_t)atol(argv[3]);
    rc = bide_http_client_new(&options, &client);
    if (rc < 0)
        return 1;
    defer {
        bide_http_client_free(client);
    }
    bide_try_scope(s, rc) {
        for (int i = 0; i < conns; i++)
            bide_scope_spawn(s, ask());
    }
    fprintf(stderr, "client: %s\n", strerror(-rc));
    return 1;
}

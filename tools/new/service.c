/*
 * service.c: the routes and their handlers. A handler fills in the response, which is sent when it
 * returns 0; a negative errno that it returns becomes a response in one place.
 */
#include "service.h"

#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/json.h>

#include <stdio.h>

/* GET /hello/{name} */
static async int hello(bide_http_exchange *x)
{
    struct service *service = bide_http_state(x);
    const char *name;
    int rc = bide_http_path_text(x, "name", &name);
    if (rc < 0)
        return rc;
    service->greetings++;
    return bide_http_reply_format(x, 200, "Hello, %s!\n", name);
}

/* POST /sum with {"numbers": [1, 2, 3]} answers {"sum":6,"count":3}. */
static async int sum(bide_http_exchange *x)
{
    const bide_json *j, *numbers, *number;
    bide_json_failure why = {0};
    double total = 0, n = 0;
    int rc = await bide_http_body_json(x, &j);
    if (rc < 0)
        return rc;
    if (bide_json_unpack(j, &why, bide_json_need("numbers", &numbers)) < 0)
        return bide_http_fail(x, 422, "%s", why.text);
    bide_json_each each = bide_json_each_of(numbers);
    while (bide_json_each_next(&each, NULL, &number) > 0) {
        if (bide_json_unpack(number, &why, bide_json_need("", &n)) < 0)
            return bide_http_fail(x, 422, "numbers: %s", why.text);
        total += n;
    }
    return bide_http_reply_json(x, 200, "{'sum':f, 'count':U}", total,
                                (uint64_t)bide_json_count(numbers));
}

static const bide_http_route routes[] = {
    {.method = "GET", .path = "/hello/{name}", .handler = bide_ref(hello)},
    {.method = "POST", .path = "/sum", .handler = bide_ref(sum)},
};

/* Functions round all handlers, from outside. */
static const bide_http_layer layers[] = {
    {bide_ref(bide_http_layer_timing), NULL},
    {bide_ref(bide_http_layer_secure), NULL},
};

int service_router(struct service *service, bide_http_router **router)
{
    bide_http_router_failure why;
    const bide_http_router_options options = {
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .layers = layers,
        .layer_count = sizeof layers / sizeof *layers,
        .state = service,
        .failure = &why,
    };
    int rc = bide_http_router_new(&options, router);
    if (rc < 0)
        fprintf(stderr, "%s\n", why.text);
    return rc;
}

bide_http_server_options service_options(bide_http_router *router)
{
    return (bide_http_server_options){.state = router, .error = bide_http_error_json};
}

/*
 * bide/http_route.h: which route a request gets, what is refused when a router is made, nesting,
 * layers, state, and the answers of a router itself.
 */
#include <bide/bide.h>
#include <bide/http_route.h>
#include <bide/testing.h>

#include <errno.h>

#include "failing.h"
#include "fake.h"

static const char *hit; /* the data of the route that was called */
static char trail[256]; /* what layers and handlers have done */

static void note(const char *text)
{
    CHECK(strlen(trail) + strlen(text) + 2 < sizeof trail);
    strcat(trail, text);
    strcat(trail, " ");
}

static async int answer(bide_http_exchange *x)
{
    hit = bide_http_layer_data(x);
    note(hit != NULL ? hit : "-");
    return bide_http_reply_text(x, 200, hit != NULL ? hit : "-");
}

/* ---- a router, asked by text ---- */

static bide_http_router *made(const bide_http_router_options *options)
{
    bide_http_router_failure failure = {0};
    bide_http_router_options copy = *options;
    bide_http_router *router;

    if (copy.failure == NULL)
        copy.failure = &failure;
    int r = bide_http_router_new(&copy, &router);
    if (r < 0)
        fprintf(stderr, "%s\n", copy.failure->text);
    CHECK_ERR(r, 0);
    return router;
}

static struct fake fake;

static int ask(bide_http_router *router, const char *method, const char *path)
{
    static char head[4096];

    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, path);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    fake.head = head;
    fake.body_data = NULL;
    hit = NULL;
    trail[0] = '\0';
    fake_run(&fake);
    return fake.status;
}

#define R(method, path)                                             \
    {                                                               \
        method, path, bide_ref(answer), 0, NULL, 0, method " " path \
    }

static const bide_http_route table[] = {
    R("GET", "/"),
    R("GET", "/users"),
    R("POST", "/users"),
    R("GET", "/users/{id}"),
    R("DELETE", "/users/{id}"),
    R("GET", "/users/me"),
    R("GET", "/users/{id}/posts"),
    R("GET", "/users/{id}/posts/{post}"),
    R("GET", "/users/me/posts/latest"),
    R("GET", "/files/{*path}"),
    R("GET", "/files/index"),
    R("POST", "/files/index"),
    R("PUT", "/files/{name}/lock"),
    R("GET", "/a/b/c"),
    R("GET", "/a/{x}/d"),
    R("GET", "/a/{*rest}"),
    R("GET", "/stra\xc3\x9f"
             "e/{x}"),
    R("GET", "/~me"),
    R("HEAD", "/own"),
    R("GET", "/own"),
    R("PROPFIND", "/dav"),
};

enum { TABLE = sizeof table / sizeof table[0] };

static const bide_http_router_options whole = {.routes = table, .route_count = TABLE};

TEST(the_most_specific_route_is_taken)
{
    static const struct {
        const char *method, *path, *hit;
    } cases[] = {
        {"GET", "/", "GET /"},
        {"GET", "/users", "GET /users"},
        {"POST", "/users", "POST /users"},
        {"GET", "/users/7", "GET /users/{id}"},
        {"GET", "/users/me", "GET /users/me"},
        {"GET", "/users/mean", "GET /users/{id}"},
        {"GET", "/users/m", "GET /users/{id}"},
        {"DELETE", "/users/me", "DELETE /users/{id}"}, /* the literal one has no DELETE */
        {"GET", "/users/me/posts", "GET /users/{id}/posts"},
        {"GET", "/users/me/posts/latest", "GET /users/me/posts/latest"},
        {"GET", "/users/me/posts/last", "GET /users/{id}/posts/{post}"},
        {"GET", "/users/7/posts/latest", "GET /users/{id}/posts/{post}"},
        {"GET", "/files/a/b/c", "GET /files/{*path}"},
        {"GET", "/files/", "GET /files/{*path}"},
        {"GET", "/files/index", "GET /files/index"},
        {"GET", "/files/index/", "GET /files/{*path}"},
        {"PUT", "/files/x/lock", "PUT /files/{name}/lock"},
        {"GET", "/files/x/lock", "GET /files/{*path}"},
        {"GET", "/a/b/c", "GET /a/b/c"},
        {"GET", "/a/b/d", "GET /a/{x}/d"}, /* back from the literal b */
        {"GET", "/a/b/e", "GET /a/{*rest}"},
        {"GET", "/a/b", "GET /a/{*rest}"},
        {"GET", "/%75sers", "GET /users"},
        {"GET", "/users/%6de", "GET /users/me"},
        {"GET", "/users/a%2fb", "GET /users/{id}"}, /* that is no slash */
        {"GET", "/stra%c3%9Fe/1",
         "GET /stra\xc3\x9f"
         "e/{x}"},
        {"GET", "/%7Eme", "GET /~me"},
        {"GET", "/users/%%36d", "GET /users/{id}"}, /* a wrong code: nothing is decoded */
        {"HEAD", "/users", "GET /users"},
        {"HEAD", "/own", "HEAD /own"},
        {"PROPFIND", "/dav", "PROPFIND /dav"},
        {"GET", "/users?x=/users/7", "GET /users"},
    };
    bide_http_router *router = made(&whole);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(ask(router, cases[i].method, cases[i].path), 200);
        CHECK_STR(hit, cases[i].hit);
    }
    bide_http_router_drop(router);
    fake_free(&fake);
}

TEST(what_has_no_route_is_404_and_what_lacks_the_method_405)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *allow;
    } cases[] = {
        {"GET", "/nothing", 404, NULL},
        {"GET", "/users/", 404, NULL}, /* a parameter is not empty */
        {"GET", "//users", 404, NULL},
        {"GET", "/users/7/", 404, NULL},
        {"GET", "/USERS", 404, NULL},
        {"get", "/users", 405, "GET, HEAD, POST, OPTIONS"},
        {"PUT", "/users", 405, "GET, HEAD, POST, OPTIONS"},
        {"PATCH", "/users/me", 405, "GET, HEAD, DELETE, OPTIONS"}, /* of both that fit */
        {"DELETE", "/files/index", 405, "GET, HEAD, POST, OPTIONS"},
        {"POST", "/dav", 405, "PROPFIND, OPTIONS"},
        {"POST", "/own", 405, "GET, HEAD, OPTIONS"},
        {"HEAD", "/dav", 405, "PROPFIND, OPTIONS"},
        {"OPTIONS", "/users", 204, "GET, HEAD, POST, OPTIONS"},
        {"OPTIONS", "/nothing", 404, NULL},
        {"OPTIONS", "*", 204, NULL},
        {"OPTIONS", "http://a", 204, NULL},
    };
    bide_http_router *router = made(&whole);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(ask(router, cases[i].method, cases[i].path), cases[i].status);
        CHECK_STR(fake_header(&fake, "Allow"), cases[i].allow);
        CHECK(hit == NULL);
    }
    bide_http_router_drop(router);
    fake_free(&fake);
}

/* ---- what is refused ---- */

static void refused(const bide_http_router_options *options, int error, const char *text)
{
    bide_http_router_failure failure = {0};
    bide_http_router_options copy = *options;
    bide_http_router *router = (bide_http_router *)&failure;

    copy.failure = &failure;
    CHECK_ERR(bide_http_router_new(&copy, &router), error);
    CHECK(router == NULL);
    CHECK_STR(failure.text, text);
    CHECK_EQ(failure.error, error);
}

TEST(conflicts_name_both_routes)
{
    static const struct {
        bide_http_route routes[2];
        const char *text;
    } cases[] = {
        {{R("GET", "/users/{id}"), R("GET", "/users/{name}")},
         "GET /users/{id} and GET /users/{name} are for the same requests"},
        {{R("GET", "/a"), R("GET", "/a")}, "GET /a and GET /a are for the same requests"},
        {{R("GET", "/a/{*x}"), R("GET", "/a/{*y}")},
         "GET /a/{*x} and GET /a/{*y} are for the same requests"},
        {{R("GET", "/%61"), R("GET", "/a")}, "GET /%61 and GET /a are for the same requests"},
        {{{NULL, "/x", bide_ref(answer), 0, NULL, 0, NULL},
          {NULL, "/x", bide_ref(answer), 0, NULL, 0, NULL}},
         "* /x and * /x are for the same requests"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bide_http_router_options o = {.routes = cases[i].routes, .route_count = 2};
        bide_http_router_failure failure = {0};
        bide_http_router *router;
        o.failure = &failure;
        CHECK_ERR(bide_http_router_new(&o, &router), -EEXIST);
        /* qsort(3) may turn the two round. */
        CHECK(strstr(failure.text, "are for the same requests") != NULL);
        CHECK_EQ(strlen(failure.text), strlen(cases[i].text));
    }
}

TEST(bad_paths_are_named)
{
    static char slashes[1100], many[400];
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"", "GET : a path begins with /"},
        {"users", "GET users: a path begins with /"},
        {"/a{id}", "GET /a{id}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{id}.txt", "GET /{id}.txt: a parameter is a whole segment, as {name} or {*name}"},
        {"/{}", "GET /{}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{*}", "GET /{*}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{", "GET /{: a parameter is a whole segment, as {name} or {*name}"},
        {"/}", "GET /}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{a}{b}", "GET /{a}{b}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{a*}", "GET /{a*}: a parameter is a whole segment, as {name} or {*name}"},
        {"/{*a}/b", "GET /{*a}/b: a rest is only at the end"},
        {"/{a}/{a}", "GET /{a}/{a}: two of its parameters have the same name"},
        {"/{a}/{*a}", "GET /{a}/{*a}: two of its parameters have the same name"},
        {"/a?b", "GET /a?b: it has a byte that is in no path"},
        {"/a#b", "GET /a#b: it has a byte that is in no path"},
        {"/a\nb", "GET /a\nb: it has a byte that is in no path"},
        {"/a%2", "GET /a%2: a percent sign is not followed by two digits"},
        {"/a%zz", "GET /a%zz: a percent sign is not followed by two digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bide_http_route route = {"GET", cases[i].path, bide_ref(answer), 0, NULL, 0, NULL};
        refused(&(bide_http_router_options){.routes = &route, .route_count = 1}, -EINVAL,
                cases[i].text);
    }
    memset(slashes, '/', sizeof slashes - 1);
    for (int i = 0; i < 17; i++)
        sprintf(many + strlen(many), "/{p%d}", i);
    bide_http_route route = {"GET", many, bide_ref(answer), 0, NULL, 0, NULL};
    bide_http_router_options o = {.routes = &route, .route_count = 1};
    bide_http_router_failure failure;
    bide_http_router *router;
    o.failure = &failure;
    CHECK_ERR(bide_http_router_new(&o, &router), -EINVAL);
    CHECK(strstr(failure.text, ": it has more than 16 parameters") != NULL);
    route.path = slashes;
    CHECK_ERR(bide_http_router_new(&o, &router), -EINVAL);
    CHECK(strstr(failure.text, ": it is longer than 1000 bytes") != NULL ||
          failure.text[sizeof failure.text - 2] == '/');
    strrchr(many, '/')[0] = '\0';
    route.path = many;
    CHECK_ERR(bide_http_router_new(&o, &router), 0);
    bide_http_router_drop(router);
}

TEST(other_faults_of_a_table_are_named)
{
    static const bide_http_layer layers[17] = {{bide_ref(answer), NULL}};
    bide_http_route no_handler = {"GET", "/", NULL, 0, NULL, 0, NULL};
    bide_http_route bad_method = {"GE T", "/", bide_ref(answer), 0, NULL, 0, NULL};
    bide_http_route layered = {"GET", "/", bide_ref(answer), 0, layers, 17, NULL};
    static char names[33][8];
    bide_http_route methods[33];

    refused(&(bide_http_router_options){.routes = &no_handler, .route_count = 1}, -EINVAL,
            "GET /: it has no handler");
    refused(&(bide_http_router_options){.routes = &bad_method, .route_count = 1}, -EINVAL,
            "GE T /: the method is no token");
    refused(&(bide_http_router_options){.routes = &layered, .route_count = 1}, -EINVAL,
            "GET /: it has more than 16 layers");
    refused(&(bide_http_router_options){.layers = layers, .layer_count = 17}, -EINVAL,
            ": the router has more than 16 layers");
    for (int i = 0; i < 33; i++) {
        sprintf(names[i], "M%d", i);
        methods[i] = (bide_http_route){names[i], "/", bide_ref(answer), 0, NULL, 0, NULL};
    }
    refused(&(bide_http_router_options){.routes = methods, .route_count = 33}, -E2BIG,
            "M32 /: there are more than 32 methods");
    bide_http_router *router;
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){.routes = methods, .route_count = 32}, &router),
              0);
    CHECK_EQ(ask(router, "M31", "/"), 200);
    CHECK_EQ(ask(router, "GET", "/"), 405);
    CHECK(strlen(fake_header(&fake, "Allow")) > 32 * 4);
    bide_http_router_drop(router);
    fake_free(&fake);
}

/* ---- nesting ---- */

static const bide_http_route inner_table[] = {R("GET", "/"), R("GET", "/items/{item}"),
                                              R("POST", "/{*rest}")};
static const bide_http_route deep_table[] = {R("GET", "/deep"), R("GET", "/{*any}")};

static async int lost(bide_http_exchange *x)
{
    note(bide_http_layer_data(x));
    return bide_http_reply_text(x, 404, "lost");
}

TEST(routers_are_nested_and_merged)
{
    bide_http_router *deep = made(&(bide_http_router_options){
        .routes = deep_table, .route_count = 2, .fallback = bide_ref(lost), .fallback_data = "d"});
    bide_http_nest in_inner = {"/{tenant}/x", deep};
    bide_http_router *inner = made(&(bide_http_router_options){
        .routes = inner_table, .route_count = 3, .nests = &in_inner, .nest_count = 1});
    bide_http_router *extra =
        made(&(bide_http_router_options){.routes = &table[1], .route_count = 3});
    bide_http_nest nests[] = {{"/api", inner}, {"", extra}};
    bide_http_router *outer = made(&(bide_http_router_options){.routes = table,
                                                               .route_count = 1,
                                                               .nests = nests,
                                                               .nest_count = 2,
                                                               .fallback = bide_ref(lost),
                                                               .fallback_data = "o"});
    /* The outer one keeps what it needs. */
    bide_http_router_drop(deep);
    bide_http_router_drop(inner);
    bide_http_router_drop(extra);
    CHECK_EQ(ask(outer, "GET", "/"), 200);
    CHECK_EQ(ask(outer, "GET", "/users/7"), 200);
    CHECK_EQ(ask(outer, "GET", "/api"), 200);
    CHECK_STR(hit, "GET /");
    CHECK_EQ(ask(outer, "GET", "/api/items/7"), 200);
    CHECK_STR(hit, "GET /items/{item}");
    CHECK_EQ(ask(outer, "POST", "/api/anything"), 200);
    CHECK_EQ(ask(outer, "GET", "/api/t/x/deep"), 200);
    CHECK_STR(hit, "GET /deep");
    CHECK_EQ(ask(outer, "GET", "/apiary"), 404);
    CHECK_STR(trail, "o ");
    CHECK_EQ(ask(outer, "GET", "/nothing"), 404);
    CHECK_STR(trail, "o ");
    CHECK_EQ(ask(outer, "GET", "/api/t/x"), 405); /* POST /api/{*rest} */
    CHECK_EQ(ask(outer, "GET", "/api/t/xy"), 405);
    CHECK_EQ(ask(outer, "PUT", "/users"), 405);
    CHECK_STR(fake_header(&fake, "Allow"), "GET, HEAD, POST, OPTIONS");
    bide_http_router_drop(outer);
    fake_free(&fake);
}

TEST(the_deepest_fallback_answers)
{
    bide_http_router *deep = made(&(bide_http_router_options){
        .routes = deep_table, .route_count = 1, .fallback = bide_ref(lost), .fallback_data = "d"});
    bide_http_nest in_inner = {"/{tenant}/x", deep};
    bide_http_router *inner = made(&(bide_http_router_options){
        .routes = inner_table, .route_count = 2, .nests = &in_inner, .nest_count = 1});
    bide_http_nest in_outer = {"/api", inner};
    bide_http_router *outer = made(&(bide_http_router_options){
        .nests = &in_outer, .nest_count = 1, .fallback = bide_ref(lost), .fallback_data = "o"});
    CHECK_EQ(ask(outer, "GET", "/api/t/x/no"), 404);
    CHECK_STR(trail, "d ");
    CHECK_EQ(ask(outer, "GET", "/api/t/x"), 404);
    CHECK_STR(trail, "d ");
    CHECK_EQ(ask(outer, "GET", "/api/t/xx"), 404);
    CHECK_STR(trail, "o ");
    CHECK_EQ(ask(outer, "GET", "/api/no"), 404); /* the inner one has that of the outer one */
    CHECK_STR(trail, "o ");
    bide_http_router_drop(outer);
    bide_http_router_drop(inner);
    bide_http_router_drop(deep);
    fake_free(&fake);
}

TEST(bad_nests_are_named)
{
    bide_http_router *inner = made(&(bide_http_router_options){.routes = table, .route_count = 1});
    bide_http_router *with = made(&(bide_http_router_options){.fallback = bide_ref(answer)});
    const struct {
        bide_http_nest nests[2];
        size_t count;
        int error;
        const char *text;
    } cases[] = {
        {{{"api", inner}}, 1, -EINVAL, "api: a prefix begins with /, and does not end with it"},
        {{{"/api/", inner}}, 1, -EINVAL, "/api/: a prefix begins with /, and does not end with it"},
        {{{"/{*x}", inner}}, 1, -EINVAL, "/{*x}: a prefix has no rest"},
        {{{"/{x", inner}}, 1, -EINVAL, "/{x: a parameter is a whole segment, as {name} or {*name}"},
        {{{"/x", NULL}}, 1, -EINVAL, "/x: there is no router"},
        {{{"", with}}, 1, -EINVAL, ": the router that is merged has a fallback"},
        {{{"/x", with}, {"/x", with}}, 2, -EEXIST, "two routers are nested at /x"},
        {{{"", inner}, {"/", inner}}, 2, -EEXIST, "GET / and GET / are for the same requests"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(&(bide_http_router_options){.nests = cases[i].nests, .nest_count = cases[i].count},
                cases[i].error, cases[i].text);
    bide_http_router_drop(inner);
    bide_http_router_drop(with);
}

/* ---- layers and state ---- */

static async int around(bide_http_exchange *x)
{
    const char *name = bide_http_layer_data(x);
    note(name);
    int r = await bide_http_next(x);
    CHECK(bide_http_layer_data(x) == (const void *)name);
    note(name);
    return r;
}

static async int blocks(bide_http_exchange *x)
{
    note("blocks");
    return bide_http_reply_text(x, 403, "no");
}

static async int tell_state(bide_http_exchange *x)
{
    const char *path = bide_http_matched_path(x);
    note(bide_http_state(x) != NULL ? bide_http_state(x) : "none");
    note(path != NULL ? path : "nowhere");
    return bide_http_reply_status(x, 204);
}

TEST(layers_are_around_in_their_order_and_state_is_per_router)
{
    static const bide_http_layer outer_layers[] = {{bide_ref(around), "a"},
                                                   {bide_ref(around), "b"}};
    static const bide_http_layer inner_layers[] = {{bide_ref(around), "c"}};
    static const bide_http_layer own_layers[] = {{bide_ref(around), "d"}};
    static const bide_http_layer blocking[] = {{bide_ref(blocks), NULL}, {bide_ref(around), "e"}};
    static const bide_http_route inner_routes[] = {
        {"GET", "/here/{x}", bide_ref(tell_state), 0, own_layers, 1, NULL},
        {"GET", "/never", bide_ref(tell_state), 0, blocking, 2, NULL},
    };
    static const bide_http_route outer_routes[] = {
        {"GET", "/out", bide_ref(tell_state), 0, NULL, 0, NULL}};
    char state_a[] = "A", state_b[] = "B";
    bide_http_router *none = made(&(bide_http_router_options){
        .routes = outer_routes, .route_count = 1, .layers = inner_layers, .layer_count = 1});
    bide_http_nest in_none = {"/none", none};
    bide_http_router *inner = made(&(bide_http_router_options){.routes = inner_routes,
                                                               .route_count = 2,
                                                               .layers = inner_layers,
                                                               .layer_count = 1,
                                                               .nests = &in_none,
                                                               .nest_count = 1,
                                                               .state = state_b});
    bide_http_nest nest = {"/in", inner};
    bide_http_router *outer = made(&(bide_http_router_options){.routes = outer_routes,
                                                               .route_count = 1,
                                                               .layers = outer_layers,
                                                               .layer_count = 2,
                                                               .nests = &nest,
                                                               .nest_count = 1,
                                                               .state = state_a});
    CHECK_EQ(ask(outer, "GET", "/out"), 204);
    CHECK_STR(trail, "a b A /out b a ");
    CHECK_EQ(ask(outer, "GET", "/in/here/7"), 204);
    CHECK_STR(trail, "a b c d B /in/here/{x} d c b a ");
    CHECK_EQ(ask(outer, "GET", "/in/none/out"), 204);
    CHECK_STR(trail, "a b c c B /in/none/out c c b a ");
    CHECK_EQ(ask(outer, "GET", "/in/never"), 403);
    CHECK_STR(trail, "a b c blocks c b a ");
    CHECK_EQ(ask(outer, "GET", "/nothing"), 404);
    CHECK_STR(trail, "a b b a ");
    CHECK_EQ(ask(outer, "GET", "/in/nothing"), 404);
    CHECK_STR(trail, "a b c c b a ");
    CHECK_EQ(ask(outer, "PUT", "/in/here/1"), 405);
    CHECK_STR(trail, "a b c c b a ");
    bide_http_router_drop(none);
    bide_http_router_drop(inner);
    bide_http_router_drop(outer);
    fake_free(&fake);
}

static async int twice(bide_http_exchange *x)
{
    int r = await bide_http_next(x);
    CHECK_ERR(await bide_http_next(x), -ENXIO);
    return r;
}

static async int beyond(bide_http_exchange *x)
{
    CHECK_ERR(await bide_http_next(x), -ENXIO);
    return bide_http_reply_status(x, 204);
}

TEST(next_runs_once_and_not_in_a_handler)
{
    static const bide_http_layer layers[] = {{bide_ref(twice), NULL}};
    static const bide_http_route route = {"GET", "/", bide_ref(beyond), 0, layers, 1, NULL};
    bide_http_router *router =
        made(&(bide_http_router_options){.routes = &route, .route_count = 1});
    CHECK_EQ(ask(router, "GET", "/"), 204);
    bide_http_router_drop(router);
    fake.handler = bide_ref(beyond); /* without a router */
    fake_run(&fake);
    CHECK_EQ(fake.status, 204);
    fake_free(&fake);
}

/* ---- what happens with a client that goes ---- */

static async int tell_gone(bide_http_exchange *x)
{
    note(x->gone_policy == BIDE_HTTP_GONE_CANCEL ? "cancel"
         : x->gone_policy == BIDE_HTTP_GONE_RUN  ? "run"
                                                 : "default");
    return bide_http_reply_status(x, 204);
}

TEST(a_route_says_what_happens_when_its_client_goes)
{
    static const bide_http_route routes[] = {
        {"GET", "/a", bide_ref(tell_gone), 0, NULL, 0, NULL},
        {"GET", "/b", bide_ref(tell_gone), BIDE_HTTP_ROUTE_GONE_CANCEL, NULL, 0, NULL},
        {"GET", "/c", bide_ref(tell_gone), BIDE_HTTP_ROUTE_GONE_RUN, NULL, 0, NULL}};
    bide_http_router *router =
        made(&(bide_http_router_options){.routes = routes, .route_count = 3});
    ask(router, "GET", "/a");
    CHECK_STR(trail, "default ");
    ask(router, "GET", "/b");
    CHECK_STR(trail, "cancel ");
    ask(router, "GET", "/c");
    CHECK_STR(trail, "run ");
    bide_http_router_drop(router);
    fake_free(&fake);
}

/* ---- against a simple matcher ---- */

enum { NAMES = 4, RANDOM_ROUTES = 12, DEPTH = 4 };

static unsigned long seed = 1;

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % n;
}

static const char *const segments[NAMES] = {"a", "ab", "b", "abc"};

static void random_pattern(char *out)
{
    unsigned depth = 1 + random_below(DEPTH);

    out[0] = '\0';
    for (unsigned i = 0; i < depth; i++) {
        unsigned kind = random_below(6);
        if (kind == 5 && i == depth - 1)
            sprintf(out + strlen(out), "/{*r}");
        else if (kind >= 4)
            sprintf(out + strlen(out), "/{p%u}", i);
        else
            sprintf(out + strlen(out), "/%s", segments[kind]);
    }
}

/* How a pattern fits: a word with a letter for each segment, by which the better one is smaller;
 * NULL: not at all. */
static const char *fit(const char *pattern, const char *path)
{
    static char word[2][DEPTH + 2];
    static int turn;
    char *w = word[turn ^= 1];
    size_t n = 0;

    while (*pattern != '\0') {
        if (*path != '/')
            return NULL;
        pattern++;
        path++;
        size_t a = strcspn(pattern, "/"), b = strcspn(path, "/");
        if (strncmp(pattern, "{*", 2) == 0) {
            w[n++] = 'c';
            w[n] = '\0';
            return w;
        }
        if (*pattern == '{' ? b == 0 : a != b || strncmp(pattern, path, a) != 0)
            return NULL;
        w[n++] = *pattern == '{' ? 'b' : 'a';
        pattern += a;
        path += b;
    }
    w[n] = '\0';
    return *path == '\0' ? w : NULL;
}

static void compare_random(void)
{
    static char patterns[RANDOM_ROUTES][64];
    bide_http_route routes[RANDOM_ROUTES];
    char path[64], best_word[DEPTH + 2];
    bide_http_router *router;

    for (int i = 0; i < RANDOM_ROUTES; i++) {
        random_pattern(patterns[i]);
        routes[i] =
            (bide_http_route){"GET", patterns[i], bide_ref(answer), 0, NULL, 0, patterns[i]};
    }
    int r = bide_http_router_new(
        &(bide_http_router_options){.routes = routes, .route_count = RANDOM_ROUTES}, &router);
    if (r == -EEXIST)
        return;
    CHECK_ERR(r, 0);
    for (int i = 0; i < 20; i++) {
        const char *best = NULL;
        path[0] = '\0';
        for (unsigned depth = 1 + random_below(DEPTH + 1); depth > 0; depth--)
            sprintf(path + strlen(path), "/%s",
                    random_below(8) == 0 ? "" : segments[random_below(NAMES)]);
        for (int j = 0; j < RANDOM_ROUTES; j++) {
            const char *word = fit(patterns[j], path);
            if (word == NULL || (best != NULL && strcmp(word, best_word) >= 0))
                continue;
            strcpy(best_word, word);
            best = patterns[j];
        }
        CHECK_EQ(ask(router, "GET", path), best != NULL ? 200 : 404);
        CHECK_STR(hit, best);
    }
    bide_http_router_drop(router);
}

TEST(random_tables_agree_with_a_simple_matcher)
{
    unsigned long compared = 0;
    for (int i = 0; i < 400; i++, compared++)
        compare_random();
    CHECK(compared > 0);
    fake_free(&fake);
}

/* ---- memory ---- */

TEST(an_allocation_that_fails_leaves_nothing)
{
    bide_http_router *inner = made(&whole);
    bide_http_nest nest = {"/api", inner};
    bide_http_router_failure failure = {0};
    bide_http_router_options o = {.routes = table,
                                  .route_count = TABLE,
                                  .nests = &nest,
                                  .nest_count = 1,
                                  .failure = &failure};
    unsigned failures = 0;
    uint64_t failed = 1;
    for (unsigned nth = 1; failed > 0; nth++) {
        bide_http_router *router = inner;
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        int r = bide_http_router_new(&o, &router);
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK_ERR(r, failed > 0 ? -ENOMEM : 0);
        CHECK((router == NULL) == (r < 0));
        CHECK(r == 0 || strstr(failure.text, "memory") != NULL);
        failures += failed > 0;
        bide_http_router_drop(router);
    }
    CHECK(failures > 8);
    bide_http_router_drop(inner);
}

TEST(a_lookup_allocates_nothing)
{
    bide_http_router *router = made(&whole);
    fake.room = 4096;
    ask(router, "GET", "/users/7/posts/%41");
    bide_test_watch();
    for (int i = 0; i < 100; i++)
        ask(router, i % 2 == 0 ? "GET" : "DELETE", "/users/7/posts/%41");
    CHECK_EQ(bide_test_calls("alloc"), 0);
    bide_http_router_drop(router);
    fake_free(&fake);
}

/*
 * bide/http_route.h: routes. Link with -lbide-http-server.
 *
 *     static const bide_http_route routes[] = {
 *         {.method = "GET", .path = "/users/{id}", .handler = bide_ref(show_user)},
 *         {.method = "POST", .path = "/users", .handler = bide_ref(add_user)},
 *     };
 *     bide_http_router *router;
 *     bide_http_router_options options = {.routes = routes, .route_count = 2, .state = &app};
 *     int rc = bide_http_router_new(&options, &router);
 *     if (rc < 0)
 *         return rc;
 *     bide_http_server_options serves = {.state = router};
 *     rc = bide_http_server_new(bide_ref(bide_http_serve_router), &serves, &server);
 *
 * A handler takes what it wants out of the request, as values; a bad one is answered with 400:
 *
 *     int64_t id;
 *     int rc = bide_http_path_i64(x, "id", &id);
 *     if (rc < 0)
 *         return rc;
 *     return bide_http_reply_json(x, 200, "{s:I}", "id", id);
 *
 * A router never changes. It is made of tables, and of other routers that are nested in it, and may
 * then be used by any number of servers and threads at once.
 *
 * Paths. A path is compared byte by byte, as it came, but percent codes of letters, digits, "-",
 * ".", "_" and "~" count as these (RFC 3986, 6.2.2). "//", "." and ".." mean nothing here. A
 * segment `{name}` stands for any one segment that is not empty; `{*name}`, at the end, for all
 * that is left, which may be nothing. Of several routes that fit a request the most specific one is
 * taken: from left to right a literal segment goes before a parameter, and that before a rest. Only
 * routes that have the method of the request count; HEAD is served by a route for GET if there is
 * none for HEAD itself.
 *
 * Without a route for its method a path is answered with 405 and Allow, or, for OPTIONS, with 204
 * and Allow; without a route for the path the answer is that of `fallback`, or 404.
 *
 * Layers are functions around handlers: they look at the request, await bide_http_next, which runs
 * what is further inside, and look at the response. Those of a router are around all that it
 * answers, also its 404, 405 and OPTIONS; those of a route are inside them.
 */
#ifndef BIDE_HTTP_ROUTE_H
#define BIDE_HTTP_ROUTE_H

#include <bide/http_server.h>
#include <bide/json.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tables ---- */

/* A function around others, with data of its own (bide_http_layer_data). */
typedef struct bide_http_layer {
    bide_http_handler run;
    const void *data;
} bide_http_layer;

/* What happens with the handler of a route when its client goes away: bide_http_gone_set. */
enum {
    BIDE_HTTP_ROUTE_GONE_CANCEL = 1,
    BIDE_HTTP_ROUTE_GONE_RUN = 2,
};

/* A route. Zero in a member means the default. Write the names of the members, as above: without
 * them compilers that are asked for -Wextra warn of those that are left out. */
typedef struct bide_http_route {
    const char *method; /* "GET"; NULL: any for which the path has no other route */
    const char *path;
    bide_http_handler handler;
    unsigned flags;
    const bide_http_layer *layers; /* around this handler, the outermost first; */
    size_t layer_count;            /* at most 16 */
    const void *data;              /* for the handler: bide_http_layer_data */
} bide_http_route;

typedef struct bide_http_router bide_http_router;

/*
 * A router below a prefix: its paths have that in front. "/api" and "/v1/{tenant}" are prefixes;
 * the path "/" of the inner router is the prefix itself. The prefix "" merges: the routes become
 * those of the outer router, but for their layers and their state.
 */
typedef struct bide_http_nest {
    const char *prefix;
    bide_http_router *router;
} bide_http_nest;

/* Why a router could not be made. Filled in by a call that fails. */
typedef struct bide_http_router_failure {
    int error;      /* what the call returned */
    char text[400]; /* for people: it names the routes, as "GET /users/{id}" */
} bide_http_router_failure;

/* Zero in a member means the default. */
typedef struct bide_http_router_options {
    const bide_http_route *routes;
    size_t route_count;
    const bide_http_nest *nests;
    size_t nest_count;
    const bide_http_layer *layers; /* around all, the outermost first */
    size_t layer_count;            /* at most 16 */
    void *state;                   /* bide_http_state in its handlers and layers; NULL: that of the
                                   router that it is nested in */
    bide_http_handler fallback;    /* for paths without a route; NULL: that of the router that it is
                                   nested in, and at last a 404 */
    const void *fallback_data;     /* bide_http_layer_data in it */
    bide_http_router_failure *failure; /* may be NULL */
} bide_http_router_options;

/*
 * Makes a router. The tables are copied; the strings in them, and what their pointers refer to,
 * must live as long as the router and those that it is nested in. Nested routers are kept, and may
 * be dropped by the caller.
 *
 * Errors; then *router is NULL:
 *   -EINVAL   a path that does not begin with "/", that has a brace elsewhere than round a whole
 *             segment, a rest that is not at the end, "?" or "#", a control byte, more than 16
 *             parameters, or one name twice, or that is longer than 1,000 bytes; a method that is
 *             no token; a route without a handler; too many layers; a merged router with a fallback
 *   -EEXIST   two routes for the same requests: their methods are the same, and their paths but for
 *             the names of parameters; or two routers at the same prefix
 *   -E2BIG    more than 32 different methods
 *   -ENOMEM
 */
bide_must_use int bide_http_router_new(const bide_http_router_options *options,
                                       bide_http_router **router bide_gives(bide_http_router_drop));

/* One more handle of the same router. Any thread. */
bide_http_router *bide_http_router_clone(bide_http_router *router);

/* Drops a handle; the last one frees the router, which then serves nobody. NULL is ignored. Any
 * thread. */
void bide_http_router_drop(bide_http_router *router);

/* The handler for a server whose state is a router. The server does not keep the router: it must
 * live as long. Cancelled: the handler was. */
bide_async int bide_http_serve_router(bide_http_exchange *x);

/* ---- layers ---- */

/*
 * Runs what is inside of this layer: the next one, or at last the handler. Returns what that
 * returns; its response is then filled in, or was sent. A layer may return without a call of this,
 * with a response of its own. A second call of it, or one in a handler, is a fault of the program
 * (-ENXIO; bide/http_server.h).
 * Cancelled: what is inside was cancelled.
 */
bide_async int bide_http_next(bide_http_exchange *x);

/* `data` of the layer, the route or the fallback whose function runs. */
const void *bide_http_layer_data(const bide_http_exchange *x);

/* The path of the route that was found, as it is written, with the prefixes of the routers:
 * "/users/{id}". For metrics. NULL: there is none. */
const char *bide_http_matched_path(const bide_http_exchange *x);

/* ---- errors with words ---- */

/*
 * Notes why the handler fails, and with which status (400 to 599; another becomes 500, and
 * `complain` of the server's options is told), and returns an error to be returned by the handler:
 * the response then has that status, and the text in its body. `format` is as for printf(3), and
 * may be NULL: then the status says enough. The text is for the client.
 *
 *     if (seats == 0)
 *         return bide_http_fail(x, 409, "flight %s is full", flight);
 *
 * The functions below that find fault with a request do the same, with the name of the field.
 */
int bide_http_fail(bide_http_exchange *x, int status, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* The text that was noted last, for `error` of the server's options; NULL: there is none. */
const char *bide_http_problem(const bide_http_exchange *x);

/* For `error` of the server's options: the response is JSON, as RFC 9457 describes it:
 * {"title":"Bad Request","status":400,"detail":"id: this is no whole number of 64 bits"}. */
int bide_http_error_json(bide_http_exchange *x, int error, int status, void *argument);

/* ---- what a request says: path, query, form ---- */

/*
 * Parameters of the path, fields of the query, and fields of a form that was read
 * (bide_http_form_read). Texts are percent-decoded, in the memory of the exchange, and have a zero
 * byte behind them; those that have one inside, or are no UTF-8, are refused.
 *
 * Return 0; -EINVAL: it is missing, or not of this type: the answer is 400 and names the field;
 * -ENOMEM; -ENXIO: there is no such parameter in the route, or no form was read: the answer is 500,
 * and `complain` of the server's options is told.
 * *value changes only with 0.
 *
 *   text     as it is
 *   i64 u64  a decimal whole number, with no blank and no plus sign; u64 has no sign
 *   double   a decimal number as in JSON; finite
 *   bool     true, false, 1, 0, on, off, yes or no
 */
bide_must_use int bide_http_path_text(bide_http_exchange *x, const char *name, const char **value);
bide_must_use int bide_http_path_i64(bide_http_exchange *x, const char *name, int64_t *value);
bide_must_use int bide_http_path_u64(bide_http_exchange *x, const char *name, uint64_t *value);
bide_must_use int bide_http_path_double(bide_http_exchange *x, const char *name, double *value);
bide_must_use int bide_http_path_bool(bide_http_exchange *x, const char *name, bool *value);
bide_must_use int bide_http_query_text(bide_http_exchange *x, const char *name, const char **value);
bide_must_use int bide_http_query_i64(bide_http_exchange *x, const char *name, int64_t *value);
bide_must_use int bide_http_query_u64(bide_http_exchange *x, const char *name, uint64_t *value);
bide_must_use int bide_http_query_double(bide_http_exchange *x, const char *name, double *value);
bide_must_use int bide_http_query_bool(bide_http_exchange *x, const char *name, bool *value);
bide_must_use int bide_http_form_text(bide_http_exchange *x, const char *name, const char **value);
bide_must_use int bide_http_form_i64(bide_http_exchange *x, const char *name, int64_t *value);
bide_must_use int bide_http_form_u64(bide_http_exchange *x, const char *name, uint64_t *value);
bide_must_use int bide_http_form_double(bide_http_exchange *x, const char *name, double *value);
bide_must_use int bide_http_form_bool(bide_http_exchange *x, const char *name, bool *value);

/* The same for a field that need not be there: then *value is `otherwise`. */
bide_must_use int bide_http_query_text_or(bide_http_exchange *x, const char *name,
                                          const char *otherwise, const char **value);
bide_must_use int bide_http_query_i64_or(bide_http_exchange *x, const char *name, int64_t otherwise,
                                         int64_t *value);
bide_must_use int bide_http_query_u64_or(bide_http_exchange *x, const char *name,
                                         uint64_t otherwise, uint64_t *value);
bide_must_use int bide_http_query_double_or(bide_http_exchange *x, const char *name,
                                            double otherwise, double *value);
bide_must_use int bide_http_query_bool_or(bide_http_exchange *x, const char *name, bool otherwise,
                                          bool *value);
bide_must_use int bide_http_form_text_or(bide_http_exchange *x, const char *name,
                                         const char *otherwise, const char **value);
bide_must_use int bide_http_form_i64_or(bide_http_exchange *x, const char *name, int64_t otherwise,
                                        int64_t *value);
bide_must_use int bide_http_form_u64_or(bide_http_exchange *x, const char *name, uint64_t otherwise,
                                        uint64_t *value);
bide_must_use int bide_http_form_double_or(bide_http_exchange *x, const char *name,
                                           double otherwise, double *value);
bide_must_use int bide_http_form_bool_or(bide_http_exchange *x, const char *name, bool otherwise,
                                         bool *value);

/* A field of a query or a form. */
typedef struct bide_http_pair {
    const char *name, *value;
} bide_http_pair;

/*
 * Goes through all fields, or, if `name` is not NULL, those with this name: *at is 0 at first.
 * Returns 1 and stores the next one; 0 at the end; or an error as above.
 *
 *     size_t at = 0;
 *     bide_http_pair tag;
 *     int rc;
 *     while ((rc = bide_http_query_next(x, "tag", &at, &tag)) > 0)
 *         add(tag.value);
 */
bide_must_use int bide_http_query_next(bide_http_exchange *x, const char *name, size_t *at,
                                       bide_http_pair *pair);
bide_must_use int bide_http_form_next(bide_http_exchange *x, const char *name, size_t *at,
                                      bide_http_pair *pair);

/* What the typed functions do with a text: a bad one makes the answer a 400 that names `field`. */
bide_must_use int bide_http_as_i64(bide_http_exchange *x, const char *field, const char *text,
                                   int64_t *value);
bide_must_use int bide_http_as_u64(bide_http_exchange *x, const char *field, const char *text,
                                   uint64_t *value);
bide_must_use int bide_http_as_double(bide_http_exchange *x, const char *field, const char *text,
                                      double *value);
bide_must_use int bide_http_as_bool(bide_http_exchange *x, const char *field, const char *text,
                                    bool *value);

/*
 * Reads a body of the type application/x-www-form-urlencoded; then the functions above find its
 * fields. Returns 0; -EMEDIUMTYPE: it has another type (415); an error of bide_http_body_all.
 * Cancelled: as that; call it again.
 */
bide_must_use bide_async int bide_http_form_read(bide_http_exchange *x);

/* ---- JSON ---- */

/*
 * Reads a body of the type application/json, or another one that ends in +json, and parses it. The
 * tree lives as long as the exchange, which frees it; a second call gives the same one. Returns 0;
 * -EMEDIUMTYPE (415); -EBADMSG: it is no JSON (400, with the place); an error of
 * bide_http_body_all.
 * Cancelled: as that; call it again.
 *
 *     const bide_json *j;
 *     bide_json_failure why = {0};
 *     const char *name;
 *     int rc = await bide_http_body_json(x, &j);
 *     if (rc == 0 && bide_json_unpack(j, &why, bide_json_need("name", &name)) < 0)
 *         rc = bide_http_fail(x, 422, "%s", why.text);
 *     if (rc < 0)
 *         return rc;
 *     return bide_http_reply_text(x, 200, name);
 */
bide_must_use bide_async int bide_http_body_json(bide_http_exchange *x, const bide_json **json);

/*
 * Fill in a response of the type application/json: values as a format says (bide_json_pack); or a
 * tree. In C the first is a macro that hands over the types of the arguments, too, so that one that
 * does not go with its letter is an error. Return 0; -ENXIO: the format or a value is no good,
 * which is a fault of the program: the answer is 500, and `complain` of the server's options is
 * told the place; or the status is none; -EALREADY, -ENOMEM.
 */
int bide_http_reply_json(bide_http_exchange *x, int status, const char *format, ...);
int bide_http_reply_tree(bide_http_exchange *x, int status, const bide_json *json);

/* What the macro calls. `letters` are those of bide/json_letters.h. */
int bide__http_reply_json(bide_http_exchange *x, int status, const char *letters,
                          const char *format, ...);

#ifndef __cplusplus
#define bide_http_reply_json(x, status, ...) \
    bide__http_reply_json((x), (status), bide__json_letters(__VA_ARGS__), __VA_ARGS__)
#endif

/* ---- multipart/form-data ---- */

typedef struct bide_http_multipart bide_http_multipart;

/* Zero in a member means the default. */
typedef struct bide_http_multipart_options {
    unsigned parts_max;      /* default 100. Beyond: 413 */
    uint32_t head_bytes_max; /* of the headers of a part; default 4 KiB, at most 64 KiB. Beyond:
                                431 */
    uint64_t part_bytes_max; /* default: as many as the body may have. Beyond: 413 */
} bide_http_multipart_options;

/* A part. The texts are in the memory of the exchange. */
typedef struct bide_http_part {
    const char *name;
    const char *filename; /* as the client tells it, but without folders before it; NULL: it is no
                             file. It may be "", and is no name to be used for a file of yours */
    const char *type;     /* Content-Type; "text/plain" if there is none */
} bide_http_part;

/*
 * Begins to read a body of the type multipart/form-data (RFC 7578), part after part, as it comes:
 * what is not asked for stays with the client. `options` may be NULL. *multipart is a part of the
 * exchange. Returns 0; -EMEDIUMTYPE (415); -EBADMSG: there is no good boundary (400); -ENXIO: an
 * option is too large, a fault of the program; -ENOMEM.
 *
 *     bide_http_multipart *m;
 *     bide_http_part part;
 *     int rc = bide_http_multipart_begin(x, NULL, &m);
 *     while (rc == 0 && (rc = await bide_http_multipart_next(m, &part)) > 0)
 *         rc = part.filename != NULL ? await keep(m, &part) : 0;
 *     return rc;
 */
bide_must_use int bide_http_multipart_begin(bide_http_exchange *x,
                                            const bide_http_multipart_options *options,
                                            bide_http_multipart **multipart);

/*
 * Goes on to the next part; the rest of this one is passed over. Returns 1 and stores it; 0: there
 * are no more; -EBADMSG: the body is malformed, or ends too early; -EMSGSIZE, -E2BIG: a limit; or
 * an error of bide_http_body_read. After an error each further call returns it.
 * Cancelled: nothing is lost; the next call goes on.
 */
bide_must_use bide_async int bide_http_multipart_next(bide_http_multipart *multipart,
                                                      bide_http_part *part);

/* A header of this part, or NULL. Valid until the next part. */
const char *bide_http_multipart_header(const bide_http_multipart *multipart, const char *name);

/* Reads at most `size` bytes of the part: how many, at least 1; 0 at its end; errors as above.
 * Cancelled: nothing was read. */
bide_must_use bide_async ssize_t bide_http_multipart_read(bide_http_multipart *multipart,
                                                          void *buffer, size_t size);

/* Reads the rest of the part, of at most `size_max` bytes (-EMSGSIZE), into the memory of the
 * exchange, with a zero byte behind it. `size` may be NULL.
 * Cancelled: what was read of it is lost. */
bide_must_use bide_async int bide_http_multipart_all(bide_http_multipart *multipart,
                                                     size_t size_max, char **data, size_t *size);

/* ---- headers, cookies, who it is ---- */

/* A header of the request as a number. Return 0; -EINVAL: it is missing, or no such number: the
 * answer is 400 and names it. */
bide_must_use int bide_http_request_header_i64(bide_http_exchange *x, const char *name,
                                               int64_t *value);

/* The value of the first cookie with this name (RFC 6265), as it was sent, but without quotes round
 * it; NULL: there is none, or no memory. */
const char *bide_http_cookie(bide_http_exchange *x, const char *name);

typedef enum bide_http_same_site {
    BIDE_HTTP_SAME_SITE_LAX, /* the default */
    BIDE_HTTP_SAME_SITE_STRICT,
    BIDE_HTTP_SAME_SITE_NONE, /* needs `secure` */
} bide_http_same_site;

/* A cookie for the client. Zero in a member means the default. */
typedef struct bide_http_cookie_options {
    const char *path;   /* NULL: "/" */
    const char *domain; /* NULL: this host only */
    int64_t max_age_s;  /* 0: until the browser ends; below 0: it is removed */
    bool secure;        /* only over https */
    bool for_scripts;   /* otherwise HttpOnly */
    bool partitioned;   /* needs `secure` */
    bide_http_same_site same_site;
} bide_http_cookie_options;

/*
 * Adds a Set-Cookie. Name and value are as RFC 6265, 4.1.1, allows: no blanks, quotes, commas,
 * semicolons, backslashes and control bytes in the value; encode what may have them. `options` may
 * be NULL. Errors: -EINVAL: the value; -ENXIO, a fault of the program: the name, the options, or
 * the prefix __Host- or __Secure- does not fit them; those of bide_http_header_add.
 */
int bide_http_cookie_set(bide_http_exchange *x, const char *name, const char *value,
                         const bide_http_cookie_options *options);

/* Which proxies are believed. */
typedef struct bide_http_proxies {
    const char *const *trusted; /* addresses or networks: "10.0.0.0/8", "::1", "unix" (peers without
                                   an address) */
    size_t count;
} bide_http_proxies;

/*
 * The address of the client: the peer's; or, if the peer is trusted, what it says in
 * X-Forwarded-For: the last address there that is not trusted itself. A field that is malformed
 * ends the search: then it is the last address that was good. `proxies` NULL: the peer's.
 * Returns 0; -ENOTCONN: nobody knows it; then address->size is 0. -EINVAL: an entry of `trusted` is
 * none.
 */
bide_must_use int bide_http_client_address(const bide_http_exchange *x,
                                           const bide_http_proxies *proxies, bide_address *address);

/* "http" or "https", and the host: as the client has used them, if a trusted peer tells them in
 * X-Forwarded-Proto and X-Forwarded-Host; otherwise bide_http_scheme and bide_http_host. */
const char *bide_http_client_scheme(const bide_http_exchange *x, const bide_http_proxies *proxies);
const char *bide_http_client_host(const bide_http_exchange *x, const bide_http_proxies *proxies);

/* ---- names of files in a response ---- */

/*
 * Sets Content-Disposition so that a browser saves the response under this name (RFC 6266), or, if
 * `is_inline`, shows it and knows the name. The name is UTF-8, and without folders; a name in ASCII
 * stands beside it for old clients (RFC 8187). Errors: -EILSEQ, those of bide_http_header_set.
 */
int bide_http_attachment(bide_http_exchange *x, const char *filename, bool is_inline);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif

/*
 * exchange/json.c: bodies of JSON, read and written.
 *
 * Each thread keeps a writer, so that a response in JSON allocates nothing once the writer's buffer
 * has its size: the text is copied to the memory of the exchange. A writer that has become large is
 * not kept. A response that is made while another one is being made (by a callback of the program)
 * finds none and makes its own.
 */
#include "lib/async.h"

#include "extra/http/exchange/typed.h"

#include <bide/json.h>

#include <pthread.h>
#include <stdarg.h>

enum { KEPT_MOST = 64 << 10 };

/* ---- writers ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void free_writer(void *writer)
{
    bide_json_writer_free(writer);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, free_writer) == 0;
}

static int take_writer(bide_json_writer **writer)
{
    pthread_once(&once, make_key);
    *writer = has_key ? pthread_getspecific(key) : NULL;
    if (*writer == NULL)
        return bide_json_writer_new(NULL, writer);
    pthread_setspecific(key, NULL);
    bide_json_writer_reset(*writer);
    return 0;
}

static void give_writer(bide_json_writer *writer, size_t size)
{
    if (!has_key || size > KEPT_MOST || pthread_getspecific(key) != NULL ||
        pthread_setspecific(key, writer) != 0)
        bide_json_writer_free(writer);
}

/* ---- responses ---- */

static int finish(bide_http_exchange *x, int status, bide_json_writer *writer, int r)
{
    size_t size = 0;

    if (r == 0)
        r = bide_json_writer_finish(writer);
    if (r == 0) {
        const char *data = bide_json_writer_data(writer, &size);
        r = bide_http_reply(x, status, "application/json", data, size);
        give_writer(writer, size);
        return r;
    }
    if (r != -ENOMEM)
        r = bide__http_misused(x, "a response is no good JSON: %s", bide_json_writer_error(writer));
    bide_json_writer_free(writer);
    return r;
}

static int reply(bide_http_exchange *x, int status, const char *letters, const char *format,
                 va_list arguments)
{
    bide_json_writer *writer;
    int r = take_writer(&writer);

    return r < 0 ? r
                 : finish(x, status, writer,
                          bide__json_writer_vpack(writer, letters, format, arguments));
}

int(bide_http_reply_json)(bide_http_exchange *x, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int r = reply(x, status, NULL, format, arguments);
    va_end(arguments);
    return r;
}

int bide__http_reply_json(bide_http_exchange *x, int status, const char *letters,
                          const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int r = reply(x, status, letters, format, arguments);
    va_end(arguments);
    return r;
}

int bide_http_reply_tree(bide_http_exchange *x, int status, const struct bide_json *json)
{
    bide_json_writer *writer;
    int r = take_writer(&writer);

    return r < 0 ? r : finish(x, status, writer, bide_json_writer_json(writer, json));
}

/* ---- requests ---- */

static void free_tree(void *tree)
{
    bide_json_free(tree);
}

static int parse(bide_http_exchange *x, const char *data, size_t size)
{
    bide_json_failure why = {0};
    bide_json *tree;
    bide_json_options options = {.size_max = size > 0 && size <= (1U << 30) ? size : 1};
    int r = bide_json_parse(data, size, &options, &why, &tree);

    if (r == -EBADMSG || r == -EMSGSIZE)
        return bide__http_fail_at(x, r, r == -EBADMSG ? 400 : 413, "the body", why.text);
    if (r < 0)
        return r;
    r = bide__http_at_end(x, free_tree, tree);
    if (r < 0) {
        bide_json_free(tree);
        return r;
    }
    x->json = tree;
    return 0;
}

bide_async int bide_http_body_json(bide_http_exchange *x, const struct bide_json **json)
{
    char *data;
    size_t size;
    *json = x->json;
    if (x->json != NULL)
        return 0;
    if (!bide__http_has_json_type(x))
        return bide__http_fail_at(x, -EMEDIUMTYPE, 415, "Content-Type",
                                  "application/json is needed");
    int r = bide_await bide_http_body_all(x, &data, &size);
    if (r == 0)
        r = parse(x, data, size);
    *json = x->json;
    return r;
}

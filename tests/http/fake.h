/*
 * fake.h: a connection that is memory: the third one beside HTTP/1 and HTTP/2. A test gives the
 * text of a request, and finds the response taken apart.
 *
 *     struct fake f = {.handler = bide_ref(hello), .head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"};
 *     fake_run(&f);
 *     CHECK_EQ(f.status, 200);
 *     CHECK_STR(f.body, "hello\n");
 *     fake_free(&f);
 *
 * The body of the request is what follows the head. With `waits` each operation suspends once, so
 * that a test can cancel there. fake_serve is the same as an async function, for cancel.h.
 */
#ifndef BIDE_TESTS_HTTP_FAKE_H
#define BIDE_TESTS_HTTP_FAKE_H

#include <bide/bide.h>
#include <bide/http_server.h>

#include "extra/http/exchange/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { FAKE_HEAD_MOST = 64 << 10, FAKE_FIELDS = 100, FAKE_ROOM = 2048 };

struct fake {
    bide_http_handler handler;
    bide_http_server_options options;
    const char *head;
    const char *body_data; /* NULL: what is behind the head */
    size_t body_size;
    bool is_chunked; /* the length of the body is not told */
    size_t piece;    /* that a read brings; 0: all */
    bool waits;
    unsigned leaves_at; /* the client goes at the n-th operation that waits; 0: it stays */
    bool leaves_now;    /* it has gone before the handler waits */
    int send_error;     /* of `send` */
    bide_address peer;  /* size 0: none */
    size_t room;        /* of the connection for the exchange; 0: FAKE_ROOM */

    int result; /* of bide__http_exchange_run */
    int status;
    char *headers; /* "Name: value\n" */
    char *body;
    size_t size; /* of the body that was sent */
    unsigned sends;
    bool is_begun, is_finished;

    /* Private. */
    char *text, *memory;
    size_t at, room_out;
    unsigned operations;
    struct bide__http_settings settings;
    struct bide__http_field fields[FAKE_FIELDS];
    bide_notify gone;
    bide_http_exchange x;
};

static inline struct fake *fake_of(const bide_http_exchange *x)
{
    return x->connection;
}

static inline async int fake_wait(struct fake *f)
{
    if (!f->waits)
        return 0;
    if (++f->operations == f->leaves_at)
        bide_notify_one(&f->gone);
    await bide_yield();
    return 0;
}

/* ---- operations ---- */

static inline async ssize_t fake_read(bide_http_exchange *x, void *buffer, size_t size)
{
    struct fake *f = fake_of(x);
    await fake_wait(f);
    size_t left = f->body_size - f->at, n = left < size ? left : size;
    if (f->piece != 0 && n > f->piece)
        n = f->piece;
    memcpy(buffer, f->body_data + f->at, n);
    f->at += n;
    return (ssize_t)n;
}

static inline void fake_take_head(bide_http_exchange *x)
{
    struct fake *f = fake_of(x);
    size_t at = 0, n = 0;
    bide_http_field field;

    f->status = x->reply.status;
    while (bide_http_header_next(x, &at, &field)) {
        n += (size_t)snprintf(f->headers + n, FAKE_HEAD_MOST - n, "%s: %s\n", field.name,
                              field.value);
        CHECK(n < FAKE_HEAD_MOST);
    }
}

static inline void fake_take_body(struct fake *f, const void *data, size_t size)
{
    if (f->size + size + 1 > f->room_out) {
        f->room_out = (f->size + size + 1) * 2;
        f->body = realloc(f->body, f->room_out);
        CHECK(f->body != NULL);
    }
    if (size > 0)
        memcpy(f->body + f->size, data, size);
    f->size += size;
    f->body[f->size] = '\0';
}

static inline async int fake_begin(bide_http_exchange *x)
{
    await fake_wait(fake_of(x));
    CHECK(!fake_of(x)->is_begun);
    fake_of(x)->is_begun = true;
    fake_take_head(x);
    return 0;
}

static inline async int fake_send(bide_http_exchange *x, const void *data, size_t size)
{
    struct fake *f = fake_of(x);
    await fake_wait(f);
    CHECK(f->is_begun && bide__http_has_body(x));
    if (f->send_error != 0)
        return f->send_error;
    f->sends++;
    fake_take_body(f, data, size);
    return 0;
}

static inline async int fake_finish(bide_http_exchange *x)
{
    struct fake *f = fake_of(x);
    await fake_wait(f);
    if (!f->is_begun) {
        fake_take_head(x);
        if (bide__http_has_body(x))
            fake_take_body(f, x->reply.data, x->reply.size);
    }
    f->is_finished = true;
    return 0;
}

static inline async int fake_inform(bide_http_exchange *x, int status)
{
    (void)x, (void)status;
    return 0;
}

static inline async int fake_gone(bide_http_exchange *x)
{
    return await bide_notify_wait(&fake_of(x)->gone);
}

static const struct bide__http_ops fake_ops = {
    .read = bide_ref(fake_read),
    .begin = bide_ref(fake_begin),
    .send = bide_ref(fake_send),
    .finish = bide_ref(fake_finish),
    .inform = bide_ref(fake_inform),
    .gone = bide_ref(fake_gone),
};

/* ---- a run ---- */

static inline void fake_request(struct fake *f)
{
    static const struct bide__http_limits limits = {60 << 10, 64 << 10, FAKE_FIELDS, 16 << 10};
    bide_http_exchange *x = &f->x;
    struct bide__http_head head;
    size_t size = strlen(f->head);

    free(f->text);
    f->text = malloc(size + 1);
    memcpy(f->text, f->head, size + 1);
    bide__http_head_begin(&head, BIDE__HTTP_REQUEST, &limits, f->fields, FAKE_FIELDS);
    int r = bide__http_head_parse(&head, f->text, size);
    if (r < 0)
        fprintf(stderr, "%s\n", head.why);
    CHECK_EQ(r, 1);
    x->request.fields = head.fields;
    x->request.method_text = head.method_text;
    x->request.target = head.target;
    x->request.path = head.path;
    x->request.query = head.query;
    x->request.has_query = head.has_query;
    x->request.host = head.host;
    x->request.method = head.method;
    x->request.version = head.minor == 0 ? BIDE_HTTP_1_0 : BIDE_HTTP_1_1;
    x->request.peer = &f->peer;
    if (f->body_data == NULL) {
        f->body_data = f->head + head.size;
        f->body_size = size - head.size;
    }
    x->body.length = f->is_chunked ? -1 : (int64_t)f->body_size;
    x->body.ended = !f->is_chunked && f->body_size == 0;
}

static inline void fake_begin_run(struct fake *f)
{
    size_t room = f->room != 0 ? f->room : FAKE_ROOM;

    f->status = f->result = 0;
    f->size = f->at = 0;
    f->sends = f->operations = 0;
    f->is_begun = f->is_finished = false;
    f->gone = (bide_notify)BIDE_NOTIFY_INIT;
    if (f->headers == NULL) {
        f->headers = malloc(FAKE_HEAD_MOST);
        f->memory = malloc(room);
    }
    f->headers[0] = '\0';
    if (f->leaves_now)
        bide_notify_one(&f->gone);
    fake_take_body(f, NULL, 0);
    CHECK_ERR(bide__http_settings_fill(&f->settings, f->handler, &f->options), 0);
    bide__http_exchange_begin(&f->x, &fake_ops, f, &f->settings, f->memory, room);
    fake_request(f);
}

static inline async int fake_serve(void *state)
{
    struct fake *f = state;
    fake_begin_run(f);
    defer {
        bide__http_exchange_end(&f->x);
    }
    f->result = await bide__http_exchange_run(&f->x);
    return f->result;
}

static inline void fake_run(struct fake *f)
{
    f->result = bide_block_on(fake_serve(f)); /* -ENOMEM: there was no room for a frame */
}

static inline void fake_free(struct fake *f)
{
    free(f->headers);
    free(f->memory);
    free(f->body);
    free(f->text);
    f->headers = f->memory = f->body = f->text = NULL;
    f->room_out = 0;
}

/* A request that has a body of some type. */
static inline void fake_body(struct fake *f, const char *data, size_t size)
{
    f->body_data = data;
    f->body_size = size;
}

/* The value of a header of the response; NULL: there is none. The text is static. */
static inline const char *fake_header(const struct fake *f, const char *name)
{
    static char value[4096];
    size_t n = strlen(name);

    for (const char *line = f->headers; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, n) != 0 || strncmp(line + n, ": ", 2) != 0)
            continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + n + 2, "\n"), line + n + 2);
        return value;
    }
    return NULL;
}

/* How many headers have this name. */
static inline unsigned fake_count(const struct fake *f, const char *name)
{
    unsigned count = 0;
    size_t n = strlen(name);

    for (const char *line = f->headers; *line != '\0'; line = strchr(line, '\n') + 1)
        count += strncmp(line, name, n) == 0 && strncmp(line + n, ": ", 2) == 0;
    return count;
}

#endif

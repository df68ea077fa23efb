/*
 * h2_client.h: a client that keeps account of what has come, stream by stream, over h2_wire.h. It
 * acknowledges the server's settings. A test is a talk between it and a server:
 *
 *   TALK(get)
 *   {
 *       client_get(c, 1, "/");
 *       await client_until(c, 1);
 *       CHECK_EQ(client_stream(c, 1)->status, 200);
 *   }
 *   ...
 *   get_run(NULL);
 */
#ifndef BIDE_TESTS_H2_CLIENT_H
#define BIDE_TESTS_H2_CLIENT_H

#include "h2_server.h"

enum { CLIENT_STREAMS = 16, CLIENT_TEXT = 1024 };

struct client_stream {
    uint32_t id;
    int status, informed; /* the last informational status */
    size_t bytes, frames; /* of DATA */
    size_t first, last;   /* the numbers of its first and its last frame of DATA */
    bool ended, reset;
    uint32_t code;
    uint64_t opened; /* by WINDOW_UPDATE, how much */
    char head[CLIENT_TEXT], trailers[CLIENT_TEXT], body[CLIENT_TEXT];
};

struct client {
    struct wire w;
    struct client_stream streams[CLIENT_STREAMS];
    unsigned count;
    size_t frames; /* of DATA, of all */
    uint64_t opened;
    unsigned pings; /* acknowledged */
    unsigned goaways;
    uint32_t code, last; /* of the last GOAWAY */
    bool ended;
    bool acks_nothing;
};

static struct client client;

static inline struct client_stream *client_stream(struct client *c, uint32_t id)
{
    unsigned i = 0;
    while (i < c->count && c->streams[i].id != id)
        i++;
    CHECK(i < CLIENT_STREAMS);
    if (i == c->count)
        c->streams[c->count++] = (struct client_stream){.id = id};
    return &c->streams[i];
}

static inline void client__head(struct client *c, const struct wire_frame *f,
                                struct client_stream *s)
{
    char text[CLIENT_TEXT];
    int status = wire_decode(&c->w, f, text, sizeof text);
    if (status == 0)
        memcpy(s->trailers, text, sizeof text);
    else if (status < 200)
        s->informed = status;
    else
        memcpy(s->head, text, sizeof text);
    if (status >= 200)
        s->status = status;
}

static inline void client__data(struct client *c, const struct wire_frame *f,
                                struct client_stream *s)
{
    size_t room = CLIENT_TEXT - 1 > s->bytes ? CLIENT_TEXT - 1 - s->bytes : 0;
    memcpy(s->body + (room > 0 ? s->bytes : 0), f->data, f->size < room ? f->size : room);
    s->bytes += f->size;
    s->frames++;
    s->last = c->frames++;
    if (s->frames == 1)
        s->first = s->last;
}

static inline void client__note(struct client *c, const struct wire_frame *f)
{
    struct client_stream *s = f->id != 0 ? client_stream(c, f->id) : NULL;
    switch (f->type) {
    case W_HEADERS:
        client__head(c, f, s);
        s->ended |= f->flags & W_END_STREAM;
        break;
    case W_DATA:
        client__data(c, f, s);
        s->ended |= f->flags & W_END_STREAM;
        break;
    case W_RST_STREAM:
        s->reset = true;
        s->code = wire_code(f);
        break;
    case W_WINDOW_UPDATE: *(s != NULL ? &s->opened : &c->opened) += wire_u32(f->data); break;
    case W_PING:
        if (f->flags & W_ACK)
            c->pings++;
        else
            wire_frame(&c->w, W_PING, W_ACK, 0, f->data, f->size);
        break;
    case W_GOAWAY:
        c->goaways++;
        c->last = wire_u32(f->data);
        c->code = wire_code(f);
        break;
    case W_SETTINGS:
        if (!(f->flags & W_ACK) && !c->acks_nothing)
            wire_frame(&c->w, W_SETTINGS, W_ACK, 0, NULL, 0);
        break;
    default: break;
    }
}

/* Writes what was collected, and reads one frame. False: that was the end. */
static inline async bool client_step(struct client *c)
{
    struct wire_frame f;
    if (c->w.size > 0)
        await wire_flush(&c->w);
    if (c->ended || await wire_next(&c->w, &f) <= 0) {
        c->ended = true;
        return false;
    }
    client__note(c, &f);
    return true;
}

/* Until the stream has ended or was reset. */
static inline async void client_until(struct client *c, uint32_t id)
{
    while (!client_stream(c, id)->ended && !client_stream(c, id)->reset && await client_step(c))
        ;
}

static inline async void client_until_end(struct client *c)
{
    while (await client_step(c))
        ;
}

/* Until the server has seen all that was sent, and what it has answered at once is there. */
static inline async void client_sync(struct client *c)
{
    unsigned pings = c->pings + 2;
    for (int i = 0; i < 2; i++) { /* the first answer may overtake others */
        wire_frame(&c->w, W_PING, 0, 0, "sync....", 8);
        while (c->pings + 1 - (unsigned)i < pings && await client_step(c))
            ;
    }
}

static inline void client_get(struct client *c, uint32_t id, const char *path)
{
    char fields[256];
    snprintf(fields, sizeof fields, ":method: GET\n:scheme: http\n:authority: a\n:path: %s\n",
             path);
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, id, fields);
}

/* Without its body. */
static inline void client_post(struct client *c, uint32_t id, const char *path, const char *more)
{
    char fields[1024];
    snprintf(fields, sizeof fields, ":method: POST\n:scheme: http\n:authority: a\n:path: %s\n%s",
             path, more);
    wire_fields(&c->w, W_END_HEADERS, id, fields);
}

static inline void client_begin(struct client *c, bide_stream *stream)
{
    *c = (struct client){0};
    wire_begin(&c->w, stream);
    wire_preface(&c->w);
}

/* A talk is the client's side of a connection; NAME_run(options) runs it with a server to the end
 * of both, in virtual time. */
#define TALK(name)                                                                             \
    static async void name##_talk(struct client *c);                                           \
    static async int name##_both(bide_stream *stream, const bide_http_server_options *options) \
    {                                                                                          \
        await bide_join(({                                                                     \
                            await name##_talk(&client);                                        \
                            wire_end(&client.w);                                               \
                        }),                                                                    \
                        (void)h2_serve(stream, options));                                      \
        return 0;                                                                              \
    }                                                                                          \
    static void name##_run(const bide_http_server_options *options)                            \
    {                                                                                          \
        bide_stream *here, *there;                                                             \
        bide_test_time_virtual();                                                              \
        CHECK_EQ(bide_stream_pair(100 * 1000, &here, &there), 0);                              \
        client_begin(&client, here);                                                           \
        CHECK_EQ(bide_block_on(name##_both(there, options)), 0);                               \
    }                                                                                          \
    static async void name##_talk(struct client *c)

#endif

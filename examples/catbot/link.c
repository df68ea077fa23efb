/*
 * link.c: the bot's side of the gateway, as gateway.c tells it. The link stays when its connection
 * does not: it connects again, resumes the session, gets what it has missed, and sends the replies
 * that were ready meanwhile. Each message is answered in a task of its own, so a slow picture keeps
 * nobody else waiting.
 */
#include "catbot.h"

#include <errno.h>
#include <string.h>

enum { SEEN_MAX = 1000 };

/* A reply that is to be sent. */
struct reply {
    struct reply *next;
    int seq;
    char text[240];
};

struct link {
    struct bot *bot;
    bide_websocket *ws; /* NULL: there is no connection at the moment */
    int session, seq;   /* seq is what comes next */
    int heartbeat_ms, resumes;
    bool is_acked;
    struct reply *first, **last;
    bide_notify ready; /* there is a reply */
};

static struct link link_ = {.last = &link_.first};

/* ---- what the bot sends ---- */

/* A reply of bot.c, to the message with this number. It is sent when there is a connection. */
static async int queue_reply(void *to, const char *text)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply == NULL)
        return -ENOMEM;
    reply->seq = (int)(intptr_t)to;
    snprintf(reply->text, sizeof reply->text, "%.*s", (int)strcspn(text, "\n"), text);
    *link_.last = reply;
    link_.last = &reply->next;
    bide_notify_one(&link_.ready);
    return 0;
}

static async int send_packed(bide_websocket *ws, bide_json *j)
{
    bide_json_writer *w = NULL;
    size_t size;
    defer {
        bide_json_writer_free(w);
        bide_json_free(j);
    }
    int n = bide_json_dump(j, NULL, &w);
    if (n < 0)
        return n;
    const char *text = bide_json_writer_data(w, &size);
    return await bide_websocket_send(ws, BIDE_WEBSOCKET_TEXT, text, size);
}

static async int send_replies(bide_websocket *ws)
{
    int n = 0;
    while (n == 0) {
        struct reply *reply = link_.first;
        bide_json *j;
        if (reply == NULL) {
            await bide_notify_wait(&link_.ready);
            continue;
        }
        n = bide_json_pack(&j, NULL, "{s:s, s:i, s:s}", "op", "reply", "seq", reply->seq, "text",
                           reply->text);
        if (n == 0)
            n = await send_packed(ws, j);
        if (n < 0)
            return n; /* it stays, for the next connection */
        link_.first = reply->next;
        if (link_.first == NULL)
            link_.last = &link_.first;
        free(reply);
    }
    return n;
}

/* If the last one was not answered, the connection is dead. */
static async int send_heartbeats(bide_websocket *ws)
{
    int n = 0;
    link_.is_acked = true;
    while (n == 0 && link_.is_acked) {
        bide_json *j;
        await bide_sleep(BIDE_MS(link_.heartbeat_ms));
        link_.is_acked = false;
        n = bide_json_pack(&j, NULL, "{s:s}", "op", "heartbeat");
        if (n == 0)
            n = await send_packed(ws, j);
        await bide_sleep(BIDE_MS(link_.heartbeat_ms / 2));
    }
    return n < 0 ? n : -ETIMEDOUT;
}

/* ---- what it is told ---- */

static async void reply_to(struct bot *bot, const char *author, int seq)
{
    char line[64];
    snprintf(line, sizeof line, "%.16s: ", author);
    (void)await bot_answer(bot, bide_ref(queue_reply), (void *)(intptr_t)seq, line);
}

/* A copy, since the message goes before the task begins. */
struct author {
    char name[17];
};

static async void reply_later(struct bot *bot, struct author author, int seq)
{
    await reply_to(bot, author.name, seq);
}

static int take_message(struct bot *bot, const bide_json *j)
{
    const char *author;
    int seq;
    if (bide_json_get_text(j, "author", &author, NULL) < 0 ||
        bide_json_get_int(j, "seq", &seq) < 0 || seq != link_.seq)
        return -EBADMSG;
    struct author copy;
    snprintf(copy.name, sizeof copy.name, "%s", author);
    link_.seq++;
    bide_spawn(reply_later(bot, copy, seq));
    return 0;
}

static int take_op(struct bot *bot, const bide_json *j, const char *op)
{
    if (strcmp(op, "hello") == 0)
        return bide_json_get_int(j, "heartbeat_ms", &link_.heartbeat_ms);
    if (strcmp(op, "ready") == 0)
        return bide_json_get_int(j, "session", &link_.session);
    if (strcmp(op, "ack") == 0)
        link_.is_acked = true;
    else if (strcmp(op, "message") == 0)
        return take_message(bot, j);
    else if (strcmp(op, "resumed") == 0)
        link_.resumes++;
    return 0;
}

static async int take_one(struct bot *bot, bide_websocket *ws)
{
    bide_websocket_message m;
    const char *op;
    bide_json *j;
    int n = await bide_websocket_recv(ws, &m);
    if (n <= 0)
        return n < 0 ? n : -ECONNRESET;
    n = bide_json_parse(m.data, m.size, NULL, NULL, &j);
    if (n < 0)
        return n;
    defer {
        bide_json_free(j);
    }
    n = bide_json_get_text(j, "op", &op, NULL);
    return n < 0 ? n : take_op(bot, j, op);
}

static async int take_all(struct bot *bot, bide_websocket *ws)
{
    int n = 0;
    while (n == 0)
        n = await take_one(bot, ws);
    return n;
}

/* ---- one connection, and the next one ---- */

static async int greet(struct bot *bot, bide_websocket *ws)
{
    bide_json *j;
    int n = await take_one(bot, ws); /* hello */
    if (n == 0)
        n = link_.session == 0
                ? bide_json_pack(&j, NULL, "{s:s, s:s}", "op", "identify", "token", "a secret")
                : bide_json_pack(&j, NULL, "{s:s, s:i, s:i}", "op", "resume", "session",
                                 link_.session, "seq", link_.seq);
    if (n == 0)
        n = await send_packed(ws, j);
    return n;
}

static async int live(struct bot *bot, const char *url, bide_tls_context *tls)
{
    bide_websocket *ws;
    const bide_websocket_options options = {.tls = tls};
    int n = await bide_websocket_connect(url, &options, &ws);
    if (n < 0)
        return n;
    defer {
        bide_websocket_free(ws);
    }
    n = await greet(bot, ws);
    if (n == 0)
        await bide_select(n = take_all(bot, ws), n = send_replies(ws), n = send_heartbeats(ws));
    return n;
}

async int link_run(struct bot *bot, const char *url, bide_tls_context *tls)
{
    int wait_ms = 50;
    for (int n = 0; !bot->is_closing;) {
        int before = link_.seq;
        n = await live(bot, url, tls);
        if (n == -EKEYREJECTED || n == -EBADMSG)
            return n;
        wait_ms = link_.seq > before ? 50 : wait_ms * 2;
        if (wait_ms > 5000)
            wait_ms = 5000;
        await bide_sleep(BIDE_MS(wait_ms));
    }
    return 0;
}

int link_resumes(void)
{
    return link_.resumes;
}

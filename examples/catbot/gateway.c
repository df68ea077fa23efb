/*
 * gateway.c: a gateway on this machine, of the kind that chat services have for bots: WebSocket
 * over TLS, with JSON. It tells the bot what the users write, and gets the replies:
 *
 *     gateway: {"op": "hello", "heartbeat_ms": 400}
 *     bot:     {"op": "identify", "token": "..."}      or {"op": "resume", "session": 7, "seq": 3}
 *     gateway: {"op": "ready", "session": 7}           or {"op": "resumed"}
 *     gateway: {"op": "message", "seq": 4, "author": "ada", "text": "a cat, please"}
 *     bot:     {"op": "reply", "seq": 4, "text": "Countess Ada, here is your cat: ..."}
 *     bot:     {"op": "heartbeat"}                     gateway: {"op": "ack"}
 *
 * A bot without a heartbeat is cut off. And, since such services do that now and then, the first
 * connection is cut in the middle, after half of the messages. What the bot has not got by then it
 * gets when it resumes.
 */
#include "catbot.h"

#include <errno.h>
#include <string.h>

enum { HEARTBEAT_MS = 400, ENOUGH = 1 + USERS, CUT_AFTER = 1 + USERS / 2 };

/* For "localhost", and for this demonstration only: its key is no secret. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnDCCAUGgAwIBAgIUOTHahJlR/BM92z3JL2ChE343aT8wCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDA1MDAwMFoYDzIxMjYxMTA2\n"
    "MDUwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAATHbAukES3F4nE7Qi/trUrmhO+7i4fQWmkJCsMs1iAx6oDvd7DTmP8v\n"
    "mLEEeFwFlmH8RebrWgKfOoaJSwEdLWREo28wbTAdBgNVHQ4EFgQUoxYU6H1UTP9Y\n"
    "VtUXiqz+KVpQ8B4wHwYDVR0jBBgwFoAUoxYU6H1UTP9YVtUXiqz+KVpQ8B4wDwYD\n"
    "VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI\n"
    "zj0EAwIDSQAwRgIhAJsz7sq6HovmoeMRGGbXRTfIkTyUc+zvScuT/aDA2ciGAiEA\n"
    "hNkYvLmtz+hUiwb1hUmLj9Q5bwtz8Rqm8vTxxk1Ipf8=\n"
    "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEIhzZlCQvMBcmMhP\n"
                          "5FFTpIGzoQrBTizwoIg1pw8WpkyhRANCAATHbAukES3F4nE7Qi/trUrmhO+7i4fQ\n"
                          "WmkJCsMs1iAx6oDvd7DTmP8vmLEEeFwFlmH8RebrWgKfOoaJSwEdLWRE\n"
                          "-----END PRIVATE KEY-----\n";

static struct {
    bide_http_server *server;
    bide_tls_context *tls;
    bide_shutdown stop;
    const char *const *logins;
    int replied; /* messages that have a reply */
    bool has_cut;
    bide_notify changed;
} gateway;

/* ---- one connection of the bot ---- */

static async int send_op(bide_websocket *ws, bide_json_writer *w, int made)
{
    size_t size;
    const char *text = bide_json_writer_data(w, &size);
    if (made == 0)
        made = bide_json_writer_finish(w);
    if (made == 0)
        made = await bide_websocket_send(ws, BIDE_WEBSOCKET_TEXT, text, size);
    bide_json_writer_reset(w);
    return made;
}

/* Sends the messages from `seq` on. One user is alone first; the others write at once. */
static async int send_messages(bide_websocket *ws, bide_json_writer *w, int seq)
{
    int r = 0;
    while (r == 0 && seq < ENOUGH) {
        while (seq > 0 && gateway.replied < 1)
            await bide_notify_wait(&gateway.changed);
        if (seq >= CUT_AFTER && !gateway.has_cut) {
            gateway.has_cut = true;
            return -ECONNRESET;
        }
        r = await send_op(
            ws, w,
            bide_json_writer_pack(w, "{s:s, s:i, s:s, s:s}", "op", "message", "seq", seq, "author",
                                  gateway.logins[seq == 0 ? 0 : seq - 1], "text", "a cat, please"));
        seq++;
    }
    while (r == 0)
        await bide_notify_wait(&gateway.changed);
    return r;
}

/* Takes what the bot sends. */
static async int take_replies(bide_websocket *ws, bide_json_writer *w)
{
    bide_websocket_message m;
    int r = 0, late = 0;
    for (;;) {
        late = await bide_timeout(BIDE_MS(3 * HEARTBEAT_MS), r = bide_websocket_recv(ws, &m));
        if (late < 0 || r <= 0)
            return late < 0 ? late : r; /* it is silent, or leaves */
        const char *op;
        bide_json *j;
        if (bide_json_parse(m.data, m.size, NULL, NULL, &j) < 0)
            return -EBADMSG;
        defer {
            bide_json_free(j);
        }
        if (bide_json_get_text(j, "op", &op, NULL) < 0)
            return -EBADMSG;
        if (strcmp(op, "heartbeat") == 0)
            r = await send_op(ws, w, bide_json_writer_pack(w, "{s:s}", "op", "ack"));
        if (strcmp(op, "reply") == 0) {
            gateway.replied++;
            bide_notify_all(&gateway.changed);
        }
        if (r < 0)
            return r;
    }
}

/* Greets the bot; *seq is where it goes on. */
static async int greet(bide_websocket *ws, bide_json_writer *w, int *seq)
{
    bide_websocket_message m;
    const char *op;
    bide_json *j;
    int r = await send_op(
        ws, w, bide_json_writer_pack(w, "{s:s, s:i}", "op", "hello", "heartbeat_ms", HEARTBEAT_MS));
    if (r < 0)
        return r;
    r = await bide_websocket_recv(ws, &m);
    if (r <= 0)
        return r < 0 ? r : -ECONNRESET;
    if (bide_json_parse(m.data, m.size, NULL, NULL, &j) < 0)
        return -EBADMSG;
    defer {
        bide_json_free(j);
    }
    *seq = 0;
    if (bide_json_get_text(j, "op", &op, NULL) < 0)
        return -EBADMSG;
    if (strcmp(op, "resume") == 0 && bide_json_get_int(j, "seq", seq) < 0)
        return -EBADMSG;
    bool resumes = strcmp(op, "resume") == 0;
    return await send_op(ws, w,
                         resumes
                             ? bide_json_writer_pack(w, "{s:s}", "op", "resumed")
                             : bide_json_writer_pack(w, "{s:s, s:i}", "op", "ready", "session", 7));
}

static async int serve_bot(bide_http_exchange *x)
{
    bide_websocket *ws;
    bide_json_writer *w = NULL, *answers = NULL;
    int seq = 0;
    int r = await bide_websocket_accept(x, NULL, &ws);
    if (r <= 0)
        return r;
    defer {
        bide_websocket_free(ws);
        bide_json_writer_free(w);
        bide_json_writer_free(answers);
    }
    r = bide_json_writer_new(NULL, &w);
    if (r == 0)
        r = bide_json_writer_new(NULL, &answers);
    if (r == 0)
        r = await greet(ws, w, &seq);
    if (r < 0)
        return r;
    await bide_select((void)send_messages(ws, w, seq), (void)take_replies(ws, answers));
    return 0; /* however it ended, that is no fault of this server */
}

/* ---- begin, wait, end ---- */

int gateway_start(const char *const *logins, char *url, size_t size)
{
    const bide_tls_identity identity = {.certificate = certificate, .key = key};
    const bide_tls_options options = {.identities = &identity, .identity_count = 1};
    int n = bide_tls_server_new(&options, &gateway.tls);
    if (n < 0)
        return n;
    const bide_http_server_options serves = {.tls = gateway.tls};
    gateway.logins = logins;
    n = bide_http_server_new(bide_ref(serve_bot), &serves, &gateway.server);
    if (n == 0)
        n = bide_http_server_listen(gateway.server, "127.0.0.1", 0);
    if (n < 0)
        return n;
    snprintf(url, size, "wss://localhost:%d/", bide_http_server_port(gateway.server));
    bide_spawn(bide_http_server_run(gateway.server, &gateway.stop));
    return 0;
}

const char *gateway_authority(void)
{
    return certificate;
}

async void gateway_wait(void)
{
    while (gateway.replied < ENOUGH)
        await bide_notify_wait(&gateway.changed);
}

void gateway_stop(void)
{
    bide_shutdown_begin(&gateway.stop);
}

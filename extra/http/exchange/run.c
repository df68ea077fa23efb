/*
 * exchange/run.c: a handler runs, and what it leaves behind becomes a response.
 *
 * The handler is a branch of a select, whose other branch waits for the client to go away. That
 * branch begins only if the handler waits, so a handler that does not wait costs no watch. What is
 * to be done about a client that has gone is asked only then, since the router may have decided it
 * meanwhile.
 */
#include "lib/async.h"

#include "extra/http/exchange/exchange.h"

#include <bide/time.h>
#include <bide/token.h>

bide_async int bide__http_exchange_run(bide_http_exchange *x);
bide_async int bide__http_exchange_refuse(bide_http_exchange *x, int error, int status);
bide_async int bide_http_drain_wait(bide_http_exchange *x);

/* ---- clients that go away ---- */

static bool is_to_be_cancelled(const bide_http_exchange *x)
{
    if (x->reply.stage == BIDE__HTTP_UPGRADED)
        return false;
    if (x->gone_policy != BIDE_HTTP_GONE_DEFAULT)
        return x->gone_policy == BIDE_HTTP_GONE_CANCEL;
    return x->request.method == BIDE__METHOD_GET || x->request.method == BIDE__METHOD_HEAD;
}

/* Returns when the handler is to be cancelled. */
static bide_async int watch(bide_http_exchange *x)
{
    int rc = bide_await (*x->ops->gone)(x);
    x->is_gone = true;
    while (!is_to_be_cancelled(x))
        bide_await bide_notify_wait(&x->gone_policy_news);
    x->is_cancelled = true;
    return rc;
}

/* A branch that is known: of one that is called by a reference the select would have to find out
 * each time how much room it needs. */
static bide_async int call_handler(bide_http_exchange *x)
{
    return bide_await (*x->settings->handler)(x);
}

/* ---- errors ---- */

static int default_error(bide_http_exchange *x, int error, int status)
{
    const char *reason = bide_http_reason(status);
    if (x->problem.error == error && x->problem.text != NULL)
        return bide_http_reply_format(x, status, "%d %s: %s\n", status, reason, x->problem.text);
    return bide_http_reply_format(x, status, "%d %s\n", status, reason);
}

/* What describes the body that is not sent. */
static void forget_body(bide_http_exchange *x)
{
    static const enum bide__http_name names[] = {
        BIDE__FIELD_CONTENT_ENCODING, BIDE__FIELD_CONTENT_RANGE,    BIDE__FIELD_CONTENT_DISPOSITION,
        BIDE__FIELD_CONTENT_LANGUAGE, BIDE__FIELD_CONTENT_LOCATION, BIDE__FIELD_ETAG,
        BIDE__FIELD_LAST_MODIFIED,    BIDE__FIELD_ACCEPT_RANGES};
    bide__http_reply_clear(x);
    x->reply.trailers.count = 0;
    if (x->reply.headers.count == 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        bide__http_headers_remove(&x->reply.headers, names[i], NULL, 0);
}

void bide__http_reply_error(bide_http_exchange *x, int error, int status)
{
    const bide_http_server_options *o = &x->settings->o;
    int rc;

    forget_body(x);
    rc = o->error != NULL ? o->error(x, error, status, o->error_argument)
                          : default_error(x, error, status);
    if (rc < 0 || x->reply.status == 0) {
        bide__http_reply_clear(x);
        x->reply.status = status;
    }
}

/* What ends the reading of a body is the client's fault. */
int bide__http_status_due(const bide_http_exchange *x, int error)
{
    if (x->problem.error == error && error != 0)
        return x->problem.status;
    if (error == x->body.error && error == -ETIMEDOUT)
        return 408;
    return bide_http_status_of_error(error);
}

/* ---- ends ---- */

static bide_async int finish(bide_http_exchange *x)
{
    if (x->reply.status == 0)
        x->reply.status = 204;
    x->reply.stage = BIDE__HTTP_CUT;
    int rc = bide_await (*x->ops->finish)(x);
    if (rc == 0)
        x->reply.stage = BIDE__HTTP_ENDED;
    return rc;
}

/* What the handler has returned: a fault of the program that it does not tell of is an error. */
static int result_of(bide_http_exchange *x, int rc)
{
    if (rc > 0)
        return bide__http_misused(x, "the handler has returned %d; 0 or a negative errno is due",
                                  rc);
    bool is_empty = x->reply.status == 0 && x->reply.stage == BIDE__HTTP_OPEN;
    return rc == 0 && is_empty && x->is_misused ? -ENXIO : rc;
}

static bool has_lost_client(const bide_http_exchange *x, int rc)
{
    return x->is_cancelled ||
           (rc < 0 && rc == x->body.error && rc != -EMSGSIZE && rc != -EBADMSG && rc != -ETIMEDOUT);
}

bide_async int bide__http_exchange_run(bide_http_exchange *x)
{
    int rc = 0;

    bide_await bide_select_biased(rc = call_handler(x), (void)watch(x));
    if (x->is_cancelled)
        return -ECONNRESET;
    if (x->reply.stage == BIDE__HTTP_UPGRADED)
        return 0;
    rc = result_of(x, rc);
    if (has_lost_client(x, rc))
        return rc;
    if (x->reply.stage == BIDE__HTTP_OPEN) {
        if (rc < 0)
            bide__http_reply_error(x, rc, bide__http_status_due(x, rc));
        return bide_await finish(x);
    }
    if (x->reply.stage == BIDE__HTTP_CUT)
        return rc < 0 ? rc : -EPROTO;
    bool was_told = rc == -ENXIO && x->is_misused;
    if (rc < 0 && !was_told)
        bide__http_complain(x->settings, x, rc, "a handler failed after it had begun to send");
    if (x->reply.stage == BIDE__HTTP_ENDED)
        return 0;
    return rc < 0 ? rc : bide_await bide_http_send_end(x);
}

bide_async int bide__http_exchange_refuse(bide_http_exchange *x, int error, int status)
{
    bide__http_meter_refuse(x, status);
    bide__http_reply_error(x, error, status);
    return bide_await finish(x);
}

/* ---- the end of the server ---- */

bide_async int bide_http_drain_wait(bide_http_exchange *x)
{
    while (x->home == NULL)
        bide_await bide_sleep(BIDE_S(3600));
    return bide_await bide_token_wait(x->home->draining);
}

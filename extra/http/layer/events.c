/*
 * events.c: streams of events.
 *
 * The text of an event is made in one piece, so that it goes out with one call. A comment of
 * bide_http_events_idle is sent in a deferred block, so that a request to cancel, which is how that
 * call mostly ends, waits for it: a comment that was cut off would be the end of the stream.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <bide/time.h>

#include <stdio.h>

enum { KEEP_ALIVE_S = 15, YEAR_S = 365 * 24 * 3600, NUMBER_MOST = 16 };

struct bide_http_events {
    bide_http_exchange *x;
    bide_duration keep_alive;
    int64_t sent_ns; /* when something was sent last */
    char *text;      /* of the last event; kept for the next one */
    size_t room;
};

/* ---- the text of an event ---- */

static bool is_line(const char *text)
{
    return text == NULL || strpbrk(text, "\r\n") == NULL;
}

/* The size of a line, and of what ends it. */
static size_t line_size(const char *text, size_t *end_size)
{
    size_t n = strcspn(text, "\r\n");
    *end_size = text[n] == '\0' ? 0 : text[n] == '\r' && text[n + 1] == '\n' ? 2 : 1;
    return n;
}

static char *put(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

/* "name: line" for each line; NULL as `to`: only counts. Returns how many bytes. */
static size_t put_lines(char *to, const char *name, const char *text)
{
    size_t name_size = strlen(name), size = 0, end_size, n;

    if (text == NULL)
        return 0;
    do {
        n = line_size(text, &end_size);
        if (to != NULL) {
            to = put(to, name, name_size);
            to = put(to, ": ", 2);
            to = put(to, text, n);
            to = put(to, "\n", 1);
        }
        size += name_size + n + 3;
        text += n + end_size;
    } while (end_size > 0);
    return size;
}

static size_t put_event(char *to, const bide_http_event *e)
{
    char retry[NUMBER_MOST] = "";
    size_t n = 0;

    if (e->retry_ms != 0)
        snprintf(retry, sizeof retry, "%u", (unsigned)e->retry_ms);
    n += put_lines(to, "", e->comment);
    n += put_lines(to != NULL ? to + n : NULL, "event", e->event);
    n += put_lines(to != NULL ? to + n : NULL, "id", e->id);
    n += put_lines(to != NULL ? to + n : NULL, "retry", e->retry_ms != 0 ? retry : NULL);
    n += put_lines(to != NULL ? to + n : NULL, "data", e->data);
    if (to != NULL)
        to[n] = '\n';
    return n + 1;
}

static int make_room(bide_http_events *s, size_t size)
{
    if (s->room >= size)
        return 0;
    size_t room = s->room * 2 > size ? s->room * 2 : size;
    char *text = bide__alloc(room);
    if (text == NULL)
        return -ENOMEM;
    bide__free(s->text, s->room);
    s->text = text;
    s->room = room;
    return 0;
}

/* ---- the stream ---- */

static void end(void *events)
{
    bide_http_events *s = events;
    bide__free(s->text, s->room);
}

static int set_headers(bide_http_exchange *x)
{
    int r = bide_http_header_set(x, "Content-Type", "text/event-stream");
    if (r == 0 && bide_http_header_get(x, "Cache-Control") == NULL)
        r = bide_http_header_set(x, "Cache-Control", "no-store");
    if (r == 0) /* nginx would hold events back */
        r = bide_http_header_set(x, "X-Accel-Buffering", "no");
    return r;
}

bide_async int bide_http_events_begin(bide_http_exchange *x,
                                      const bide_http_events_options *options,
                                      bide_http_events **events)
{
    *events = NULL;
    bide_http_events *s = bide_http_alloc(x, sizeof *s);
    int r = s == NULL ? -ENOMEM : set_headers(x);
    if (r < 0)
        return r;
    *s = (bide_http_events){.x = x, .keep_alive = BIDE_S(KEEP_ALIVE_S)};
    if (options != NULL && options->keep_alive.ns != 0)
        s->keep_alive = options->keep_alive;
    if (s->keep_alive.ns < 0 || s->keep_alive.ns > BIDE_S(YEAR_S).ns)
        s->keep_alive = BIDE_S(YEAR_S);
    r = bide__http_at_end(x, end, s);
    if (r < 0)
        return r;
    r = bide_await bide_http_send_begin(x, 200);
    if (r < 0)
        return r;
    if (x->request.method == BIDE__METHOD_HEAD) /* that was all */
        return -ESHUTDOWN;
    s->sent_ns = bide__clock_ns();
    const bide_http_event first = {.retry_ms = options != NULL ? options->retry_ms : 0};
    r = first.retry_ms != 0 ? bide_await bide_http_events_send(s, &first)
                            : bide_await bide_http_send_data(x, NULL, 0);
    if (r == 0)
        *events = s;
    return r;
}

const char *bide_http_last_event_id(const bide_http_exchange *x)
{
    return bide_http_request_header(x, "Last-Event-ID");
}

bide_async int bide_http_events_send(bide_http_events *s, const bide_http_event *event)
{
    if (!is_line(event->event) || !is_line(event->id))
        return -EINVAL;
    size_t size = put_event(NULL, event);
    int r = make_room(s, size);
    if (r < 0)
        return r;
    (void)put_event(s->text, event);
    r = bide_await bide_http_send_data(s->x, s->text, size);
    s->sent_ns = bide__clock_ns();
    return r;
}

static bide_async int send_comment(bide_http_events *s)
{
    int r = 0;
    {
        bide_defer {
            r = bide_await bide_http_send_data(s->x, ":\n\n", 3);
            s->sent_ns = bide__clock_ns();
        }
    }
    return r;
}

/* Returns when nothing was sent for the time of keep_alive. */
static bide_async void wait_for_silence(bide_http_events *s)
{
    int64_t left_ns;
    while ((left_ns = s->sent_ns + s->keep_alive.ns - bide__clock_ns()) > 0)
        bide_await bide_sleep(BIDE_NS(left_ns));
}

bide_async int bide_http_events_idle(bide_http_events *s)
{
    int r = 0;
    while (r == 0) {
        if (bide_http_drains(s->x))
            return -ESHUTDOWN;
        bide_await bide_select_biased((void)bide_http_drain_wait(s->x), wait_for_silence(s));
        if (!bide_http_drains(s->x))
            r = bide_await send_comment(s);
    }
    return r;
}

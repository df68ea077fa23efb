/*
 * exchange/reply.c: responses that are filled in, to be sent when the handler returns.
 *
 * A new response takes the place of an earlier one: its body is released, and the headers that
 * describe the body go. If a call fails, what was there before is gone, too. The body is released
 * last, since what a new one is copied from may lie in it.
 */
#include "extra/http/exchange/exchange.h"

#include <stdarg.h>
#include <stdio.h>

/* The body that a new response replaces. */
struct old {
    void (*release)(void *argument); /* NULL: nothing is to be done */
    void *argument;
};

static void release(const struct old *old)
{
    if (old->release != NULL)
        old->release(old->argument);
}

static struct old take_away(bide_http_exchange *x)
{
    struct bide__http_headers *h = &x->reply.headers;
    const struct old old = {x->reply.release, x->reply.release_argument};
    x->reply.release = NULL;
    x->reply.data = NULL;
    x->reply.size = 0;
    x->reply.status = 0;
    if (h->count > 0) {
        bide__http_headers_remove(h, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
        bide__http_headers_remove(h, BIDE__FIELD_CONTENT_TYPE, NULL, 0);
    }
    return old;
}

void bide__http_reply_clear(bide_http_exchange *x)
{
    const struct old old = take_away(x);
    release(&old);
}

/* The caller releases the old body, also after an error. */
static int begin(bide_http_exchange *x, int status, struct old *old)
{
    *old = (struct old){0};
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    if (status < 200 || status > 599)
        return bide__http_misused(x, "a response: %d is no status from 200 to 599", status);
    *old = take_away(x);
    return 0;
}

/* The caller's; there is none any more. */
static int set_type(bide_http_exchange *x, const char *type)
{
    return type == NULL ? 0 : bide__http_type_add(x, type);
}

static int set_known_type(bide_http_exchange *x, const char *type)
{
    return bide__http_headers_add(x, &x->reply.headers, BIDE__FIELD_CONTENT_TYPE, "Content-Type",
                                  12, type, strlen(type));
}

static int set_copy(bide_http_exchange *x, int status, const void *data, size_t size)
{
    void *copy = size == 0 ? NULL : bide_http_alloc(x, size);
    if (size > 0 && copy == NULL)
        return -ENOMEM;
    if (size > 0)
        memcpy(copy, data, size);
    x->reply.data = copy;
    x->reply.size = size;
    x->reply.status = status;
    return 0;
}

int bide_http_reply(bide_http_exchange *x, int status, const char *type, const void *data,
                    size_t size)
{
    struct old old;
    int rc = begin(x, status, &old);
    if (rc == 0)
        rc = set_type(x, type);
    if (rc == 0)
        rc = set_copy(x, status, data, size);
    release(&old);
    return rc;
}

int bide_http_reply_owned(bide_http_exchange *x, int status, const char *type, const void *data,
                          size_t size, void (*release_data)(void *argument), void *argument)
{
    struct old old;
    int rc = begin(x, status, &old);
    if (rc == 0)
        rc = set_type(x, type);
    release(&old);
    if (rc < 0) {
        if (release_data != NULL)
            release_data(argument);
        return rc;
    }
    x->reply.data = data;
    x->reply.size = size;
    x->reply.release = release_data;
    x->reply.release_argument = argument;
    x->reply.status = status;
    return 0;
}

int bide_http_reply_borrowed(bide_http_exchange *x, int status, const char *type, const void *data,
                             size_t size)
{
    return bide_http_reply_owned(x, status, type, data, size, NULL, NULL);
}

static int reply_as(bide_http_exchange *x, int status, const char *type, const char *text,
                    size_t size)
{
    struct old old;
    int rc = begin(x, status, &old);
    if (rc == 0)
        rc = set_known_type(x, type);
    if (rc == 0)
        rc = set_copy(x, status, text, size);
    release(&old);
    return rc;
}

static const char plain[] = "text/plain; charset=utf-8";

int bide_http_reply_text(bide_http_exchange *x, int status, const char *text)
{
    return reply_as(x, status, plain, text, strlen(text));
}

int bide_http_reply_html(bide_http_exchange *x, int status, const char *html)
{
    return reply_as(x, status, "text/html; charset=utf-8", html, strlen(html));
}

int bide_http_reply_status(bide_http_exchange *x, int status)
{
    struct old old;
    int rc = begin(x, status, &old);
    if (rc == 0)
        x->reply.status = status;
    release(&old);
    return rc;
}

/* The text goes straight to where it stays, if there is room; otherwise it is made twice. */
static int print(bide_http_exchange *x, const char *format, va_list *list)
{
    va_list again;
    va_copy(again, *list);
    size_t room = (size_t)(x->room_end - x->room);
    int size = vsnprintf(x->room, room, format, *list);
    char *text = size < 0 ? NULL : bide_http_alloc(x, (size_t)size + 1);
    if (text != NULL && (size_t)size >= room)
        size = vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    if (text == NULL)
        return size < 0 ? bide__http_misused(
                              x, "bide_http_reply_format: this cannot be printed: %.80s", format)
                        : -ENOMEM;
    x->reply.data = text;
    x->reply.size = (size_t)size;
    return 0;
}

int bide_http_reply_format(bide_http_exchange *x, int status, const char *format, ...)
{
    struct old old;
    va_list list;
    int rc = begin(x, status, &old);
    if (rc == 0)
        rc = set_known_type(x, plain);
    if (rc == 0) {
        va_start(list, format);
        rc = print(x, format, &list);
        va_end(list);
    }
    if (rc == 0)
        x->reply.status = status;
    release(&old);
    return rc;
}

int bide_http_reply_redirect(bide_http_exchange *x, int status, const char *location)
{
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
        return x->reply.stage != BIDE__HTTP_OPEN
                   ? -EALREADY
                   : bide__http_misused(x, "bide_http_reply_redirect: %d is no such status",
                                        status);
    struct old old;
    int rc = begin(x, status, &old);
    if (rc == 0)
        rc = bide_http_header_set(x, "Location", location);
    if (rc == 0)
        x->reply.status = status;
    release(&old);
    return rc;
}

int bide_http_reply_status_of(const bide_http_exchange *x)
{
    return x->reply.status;
}

const void *bide_http_reply_body(const bide_http_exchange *x, size_t *size)
{
    *size = x->reply.size;
    return x->reply.data;
}

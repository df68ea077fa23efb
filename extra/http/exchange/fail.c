/*
 * exchange/fail.c: errors with words, and errors as JSON.
 *
 * What bide_http_fail has noted is believed for the error that it has returned, and for no other:
 * a handler may have gone on after it.
 */
#include "extra/http/exchange/typed.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MOST = 400 };

/* An errno that has this status by itself, so that who only looks at errors understands it, too. */
static int error_of(int status)
{
    switch (status) {
    case 400: return -EINVAL;
    case 401: return -EKEYREJECTED;
    case 403: return -EACCES;
    case 404: return -ENOENT;
    case 409: return -EEXIST;
    case 413: return -EMSGSIZE;
    case 415: return -EMEDIUMTYPE;
    case 501: return -ENOSYS;
    case 503: return -EAGAIN;
    case 504: return -ETIMEDOUT;
    default: return -EREMOTEIO;
    }
}

/* A copy that is UTF-8, as responses have to be: a text may hold what the client has sent, and may
 * have been cut within a character. NULL: no memory. */
static const char *copy_words(bide_http_exchange *x, const char *text)
{
    char *copy = bide__http_copy(x, text, strlen(text));

    for (char *s = copy; s != NULL && *s != '\0';) {
        size_t n = bide__http_utf8(s, strlen(s));
        if (n == 0)
            *s = '?';
        s += n > 0 ? n : 1;
    }
    return copy;
}

void bide__http_note(bide_http_exchange *x, int error, int status, const char *text)
{
    x->problem.error = error;
    x->problem.status = status;
    x->problem.text = text != NULL ? copy_words(x, text) : NULL;
}

int bide__http_fail_at(bide_http_exchange *x, int error, int status, const char *field,
                       const char *why)
{
    char text[TEXT_MOST];

    snprintf(text, sizeof text, "%.100s: %s", field, why);
    bide__http_note(x, error, status, text);
    return error;
}

int bide_http_fail(bide_http_exchange *x, int status, const char *format, ...)
{
    char text[TEXT_MOST];

    if (status < 400 || status > 599) {
        (void)bide__http_misused(x, "bide_http_fail: %d is no status from 400 to 599", status);
        status = 500;
    }
    int error = error_of(status);
    if (format != NULL) {
        va_list list;
        va_start(list, format);
        vsnprintf(text, sizeof text, format, list);
        va_end(list);
    }
    bide__http_note(x, error, status, format != NULL ? text : NULL);
    return error;
}

int bide__http_reply_failure(bide_http_exchange *x, int status, const char *text)
{
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    int error =
        text == NULL ? bide_http_fail(x, status, NULL) : bide_http_fail(x, status, "%s", text);
    bide__http_reply_error(x, error, status);
    return 0;
}

const char *bide_http_problem(const bide_http_exchange *x)
{
    return x->problem.text;
}

int bide_http_error_json(bide_http_exchange *x, int error, int status, void *argument)
{
    const char *text = x->problem.error == error ? x->problem.text : NULL;

    (void)argument;
    int r = text != NULL
                ? bide_http_reply_json(x, status, "{s:s, s:i, s:s}", "title",
                                       bide_http_reason(status), "status", status, "detail", text)
                : bide_http_reply_json(x, status, "{s:s, s:i}", "title", bide_http_reason(status),
                                       "status", status);
    return r < 0 ? r : bide_http_header_set(x, "Content-Type", "application/problem+json");
}

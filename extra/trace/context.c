/*
 * context.c: W3C Trace Context: what traceparent and tracestate say.
 *
 *     traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *                  version, trace id, span id, flags; hexadecimal, in lower case
 *
 * A later version may have more behind the flags, after a dash; version ff does not exist.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>

enum { VERSION_AT = 0, TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, END = 55 };

/* Digits of a byte; -1: they are none. Capital letters are not allowed. */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_bytes(const char *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t all = 0;

    for (size_t i = 0; i < count; i++)
        all |= bytes[i];
    return all == 0;
}

static void read_state(const char *text, bide_trace_context *c)
{
    size_t size = strlen(text);

    if (size >= sizeof c->state)
        return;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return;
    memcpy(c->state, text, size + 1);
}

int bide_trace_context_parse(const char *traceparent, const char *tracestate,
                             bide_trace_context *context)
{
    bide_trace_context c = {.flags = 0};
    size_t size = traceparent != NULL ? strnlen(traceparent, END + 1) : 0;
    uint8_t version;

    *context = (bide_trace_context){.flags = 0};
    if (size < END || !read_bytes(traceparent + VERSION_AT, &version, 1) || version == 0xFF)
        return -EBADMSG;
    if (size > END && (version == 0 || traceparent[END] != '-'))
        return -EBADMSG;
    if (traceparent[TRACE_AT - 1] != '-' || traceparent[SPAN_AT - 1] != '-' ||
        traceparent[FLAGS_AT - 1] != '-')
        return -EBADMSG;
    if (!read_bytes(traceparent + TRACE_AT, c.trace_id, sizeof c.trace_id) ||
        !read_bytes(traceparent + SPAN_AT, c.span_id, sizeof c.span_id) ||
        !read_bytes(traceparent + FLAGS_AT, &c.flags, 1))
        return -EBADMSG;
    if (is_zero(c.trace_id, sizeof c.trace_id) || is_zero(c.span_id, sizeof c.span_id))
        return -EBADMSG;
    c.flags &= 1;
    if (tracestate != NULL)
        read_state(tracestate, &c);
    *context = c;
    return 0;
}

static char *write_bytes(char *to, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

void bide_trace_context_format(const bide_trace_context *context,
                               char traceparent[BIDE_TRACEPARENT_SIZE])
{
    char *to = traceparent;

    memcpy(to, "00-", 3);
    to = write_bytes(to + 3, context->trace_id, sizeof context->trace_id);
    *to++ = '-';
    to = write_bytes(to, context->span_id, sizeof context->span_id);
    *to++ = '-';
    to = write_bytes(to, &context->flags, 1);
    *to = '\0';
}

int bide_trace_context_current(bide_trace_context *context)
{
    const struct bide_trace_span *span = bide__span_here();

    *context = (bide_trace_context){.flags = 0};
    if (span == NULL)
        return -ENOENT;
    memcpy(context->trace_id, span->trace_id, sizeof context->trace_id);
    memcpy(context->span_id, span->span_id, sizeof context->span_id);
    context->flags = span->flags;
    while (span->state == NULL && span->parent != NULL)
        span = span->parent;
    if (span->state != NULL)
        memcpy(context->state, span->state, span->state_size);
    return 0;
}

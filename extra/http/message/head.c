/*
 * head.c: the first line of a head (RFC 9112, 3 and 4), and the way through the rest of it. lines.c
 * reads the fields, frame.c says what they mean for the connection.
 *
 * A state tells which part comes next, so nothing is read twice but the 13 bytes at most of a
 * version and a status, which are compared as a whole. The limits end a part at the same byte
 * however the head was cut into pieces, so the answer does not depend on that either.
 */
#include "extra/http/message/inside.h"

#include <string.h>

enum {
    BEGIN,
    BEGIN_LF,
    METHOD,
    TARGET,
    PATH,
    QUERY,
    OTHER,
    VERSION,
    STATUS,
    REASON,
    REASON_LF,
    REST
};
enum step { MORE, NEXT, FAULTY };
enum { METHOD_MAX = 32 };

void bide__http_head_begin(struct bide__http_head *h, enum bide__http_kind kind,
                           const struct bide__http_limits *limits, struct bide__http_field *list,
                           uint32_t room)
{
    memset(h, 0, sizeof *h);
    h->kind = (uint8_t)kind;
    h->fields.list = list;
    h->fields.room = room;
    h->limits_ = limits;
    h->state_ = kind == BIDE__HTTP_REQUEST ? BEGIN : STATUS;
}

bool bide__http_head_is_untouched(const struct bide__http_head *h)
{
    return h->state_ <= METHOD && h->lines_.at <= 2 && h->begin_ == h->lines_.at;
}

/* ---- the parts of a request line; each begins at *at and moves it to the next part ---- */

/* Skips one empty line. */
static enum step begin(struct bide__http_head *h, const char *data, const char **at)
{
    if (h->state_ == BEGIN && **at == '\r') {
        h->state_ = BEGIN_LF;
        ++*at;
        h->begin_ = 1;
        return NEXT;
    }
    if (h->state_ == BEGIN_LF && *(*at)++ != '\n')
        return FAULTY;
    h->begin_ = (uint32_t)(*at - data);
    h->state_ = METHOD;
    return NEXT;
}

static enum bide__http_method method_of(const char *s, size_t size)
{
    static const struct {
        char text[8];
        uint8_t method;
    } methods[] = {
        {"GET", BIDE__METHOD_GET},       {"POST", BIDE__METHOD_POST},
        {"HEAD", BIDE__METHOD_HEAD},     {"PUT", BIDE__METHOD_PUT},
        {"DELETE", BIDE__METHOD_DELETE}, {"OPTIONS", BIDE__METHOD_OPTIONS},
        {"PATCH", BIDE__METHOD_PATCH},   {"CONNECT", BIDE__METHOD_CONNECT},
        {"TRACE", BIDE__METHOD_TRACE},
    };
    char text[8] = {0};
    if (size >= sizeof text)
        return BIDE__METHOD_EXTENSION;
    for (size_t i = 0; i < size; i++)
        text[i] = s[i];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (memcmp(methods[i].text, text, sizeof text) == 0)
            return (enum bide__http_method)methods[i].method;
    return BIDE__METHOD_EXTENSION;
}

static enum step method(struct bide__http_head *h, const char *data, const char **where,
                        const char *end, enum fault *fault)
{
    const char *first = data + h->begin_, *at = *where;
    if (end - first > METHOD_MAX)
        end = first + METHOD_MAX + 1;
    *where = at = bide__http_skip(at, end, BYTE_TOKEN);
    size_t size = (size_t)(at - first);
    *fault = size > METHOD_MAX ? FAULT_METHOD_LONG : FAULT_METHOD;
    if (size > METHOD_MAX || (at < end && (*at != ' ' || size == 0)))
        return FAULTY;
    if (at == end)
        return MORE;
    h->method_text = (struct bide__http_span){h->begin_, (uint32_t)size};
    h->method = (uint8_t)method_of(first, size);
    *where = at + 1;
    h->begin_ = (uint32_t)(at + 1 - data);
    h->state_ = TARGET;
    return NEXT;
}

static struct bide__http_span span(const char *data, const char *from, const char *to)
{
    return (struct bide__http_span){(uint32_t)(from - data), (uint32_t)(to - from)};
}

/* A target that does not begin with "/", and ends before `end`. */
static enum fault other_target(struct bide__http_head *h, const char *data, const char *end)
{
    const char *s = data + h->begin_;
    size_t size = (size_t)(end - s);
    if (h->method == BIDE__METHOD_CONNECT) {
        h->form = BIDE__HTTP_AUTHORITY;
        h->host = span(data, s, end);
        bool has_port = memchr(s, ':', size) != NULL && end[-1] != ']';
        return has_port && bide__http_is_host(s, size) ? FAULT_NONE : FAULT_AUTHORITY;
    }
    if (size == 1 && *s == '*') {
        h->form = BIDE__HTTP_ASTERISK;
        h->path = span(data, s, end);
        return h->method == BIDE__METHOD_OPTIONS ? FAULT_NONE : FAULT_TARGET_FORM;
    }
    h->form = BIDE__HTTP_ABSOLUTE;
    h->secure = size > 8 && bide__http_same(s, 8, "https://", 8);
    if (!h->secure && !(size > 7 && bide__http_same(s, 7, "http://", 7)))
        return FAULT_TARGET_FORM;
    s += h->secure ? 8 : 7;
    const char *host = s;
    while (s < end && *s != '/' && *s != '?')
        s++;
    h->host = span(data, host, s);
    const char *query = memchr(s, '?', (size_t)(end - s));
    h->path = span(data, s, query ? query : end);
    h->has_query = query != NULL;
    if (query != NULL)
        h->query = span(data, query + 1, end);
    return bide__http_is_host(host, h->host.size) ? FAULT_NONE : FAULT_AUTHORITY;
}

/* The target ends at `at`, where a blank is. */
static enum fault target_ends(struct bide__http_head *h, const char *data, const char *at)
{
    const char *first = data + h->begin_;
    h->target = span(data, first, at);
    if (at == first)
        return FAULT_TARGET;
    if (h->state_ == OTHER)
        return other_target(h, data, at);
    if (h->method == BIDE__METHOD_CONNECT)
        return FAULT_TARGET_FORM;
    if (h->state_ == PATH)
        h->path = h->target;
    else
        h->query.size = (uint32_t)(at - data) - h->query.at;
    return FAULT_NONE;
}

static enum step target(struct bide__http_head *h, const char *data, const char **where,
                        const char *end, enum fault *fault)
{
    const char *first = data + h->begin_, *at = *where;
    uint32_t most = h->limits_->target_max;
    if (h->state_ == TARGET)
        h->state_ = *at == '/' ? PATH : OTHER;
    if ((size_t)(end - first) > most)
        end = first + most + 1;
    if (h->state_ == PATH) {
        at = bide__http_skip(at, end, BYTE_PATH);
        if (at < end && *at == '?') {
            h->state_ = QUERY;
            h->path = span(data, first, at++);
            h->has_query = true;
            h->query.at = (uint32_t)(at - data);
        }
    }
    if (h->state_ != PATH)
        at = bide__http_skip(at, end, BYTE_QUERY);
    *where = at;
    *fault = FAULT_TARGET_LONG;
    if ((size_t)(at - first) > most)
        return FAULTY;
    if (at == end)
        return MORE;
    *fault = *at == ' ' ? target_ends(h, data, at) : FAULT_TARGET;
    h->state_ = VERSION;
    *where = at + 1;
    return *fault ? FAULTY : NEXT;
}

/* ---- versions and statuses ---- */

/* Compares with a pattern, in which "0" stands for any digit. MORE: as far as it goes, it fits. */
static enum step match(const char *at, const char *end, const char *pattern)
{
    for (; *pattern != '\0'; pattern++, at++) {
        if (at == end)
            return MORE;
        if (*pattern == '0' ? !byte_is(*at, BYTE_DIGIT) : *at != *pattern)
            return FAULTY;
    }
    return NEXT;
}

/* HTTP/1.0 and 1.1 are 8 bytes, of which the last two are checked here. */
static enum fault version(struct bide__http_head *h, const char *at)
{
    h->minor = at[7] == '1';
    return at[5] == '1' && (at[7] == '0' || at[7] == '1') ? FAULT_NONE : FAULT_VERSION_OTHER;
}

static enum step request_version(struct bide__http_head *h, const char **at, const char *end,
                                 enum fault *fault)
{
    if (end - *at >= 10 && memcmp(*at, "HTTP/1.1\r\n", 10) == 0) { /* nearly always */
        h->minor = 1;
        h->state_ = REST;
        *at += 10;
        return NEXT;
    }
    enum step step = match(*at, end, "HTTP/0.0\r\n");
    *fault = FAULT_VERSION;
    if (step != NEXT)
        return step;
    *fault = version(h, *at);
    *at += 10;
    h->state_ = REST;
    return *fault ? FAULTY : NEXT;
}

static enum step status(struct bide__http_head *h, const char *data, const char **where,
                        const char *end, enum fault *fault)
{
    const char *at = *where;
    enum step step = match(at, end, "HTTP/0.0 000");
    *fault = FAULT_STATUS;
    if (step != NEXT)
        return step;
    if (end - at == 12)
        return MORE;
    *fault = version(h, at);
    if (*fault)
        return FAULTY;
    *fault = FAULT_STATUS;
    h->status = (uint16_t)((at[9] - '0') * 100 + (at[10] - '0') * 10 + at[11] - '0');
    if (h->status < 100 || h->status > 599 || (at[12] != ' ' && at[12] != '\r'))
        return FAULTY;
    *where = at + 12 + (at[12] == ' ');
    h->begin_ = (uint32_t)(*where - data);
    h->state_ = REASON;
    return NEXT;
}

static enum step reason(struct bide__http_head *h, const char *data, const char **where,
                        const char *end, enum fault *fault)
{
    const char *at = *where;
    *fault = FAULT_LINE_END;
    if (h->state_ == REASON) {
        at += bide__http_value_size(at, (size_t)(end - at));
        *where = at;
        if (at == end)
            return MORE;
        h->reason = span(data, data + h->begin_, at);
        if (*at != '\r')
            return FAULTY;
        *where = ++at;
        h->state_ = REASON_LF;
        return NEXT;
    }
    *where = at + 1;
    h->state_ = REST;
    return *at == '\n' ? NEXT : FAULTY;
}

/* ---- the whole ---- */

/* The first line. NEXT: it is whole. */
static enum step first_line(struct bide__http_head *h, const char *data, const char *end,
                            enum fault *fault)
{
    const char *at = data + h->lines_.at;
    enum step step = NEXT;
    while (step == NEXT && h->state_ != REST) {
        step = MORE;
        if (at == end)
            break;
        switch (h->state_) {
        case BEGIN:
        case BEGIN_LF:
            *fault = FAULT_LINE_END;
            step = begin(h, data, &at);
            break;
        case METHOD: step = method(h, data, &at, end, fault); break;
        case VERSION: step = request_version(h, &at, end, fault); break;
        case STATUS: step = status(h, data, &at, end, fault); break;
        case REASON:
        case REASON_LF: step = reason(h, data, &at, end, fault); break;
        default: step = target(h, data, &at, end, fault); break;
        }
    }
    h->lines_.at = (uint32_t)(at - data);
    return step;
}

int bide__http_head_parse(struct bide__http_head *h, const char *data, size_t size)
{
    uint32_t most = h->limits_->head_max;
    bool is_cut = size >= most;
    enum fault fault = FAULT_NONE;
    if (is_cut)
        size = most;
    h->fields.base = data;
    if (h->state_ != REST) {
        enum step step = first_line(h, data, data + size, &fault);
        if (step == FAULTY)
            return bide__http_fault(fault, &h->refused, &h->why);
        if (step == MORE && !is_cut)
            return 0;
        if (step == MORE)
            return bide__http_fault(h->state_ >= TARGET && h->state_ <= OTHER ? FAULT_TARGET_LONG
                                                                              : FAULT_HEAD_LONG,
                                    &h->refused, &h->why);
    }
    enum lines_end rc =
        bide__http_lines(&h->lines_, &h->fields, h->limits_->fields_max, data, size, &fault);
    if (rc == LINES_MORE && !is_cut)
        return 0;
    if (rc == LINES_MORE)
        fault = FAULT_HEAD_LONG;
    if (rc == LINES_DONE) {
        h->size = h->lines_.at;
        fault = bide__http_frame(h);
    }
    return fault ? bide__http_fault(fault, &h->refused, &h->why) : 1;
}

/*
 * lines.c: the lines of fields of a head or of a trailer section (RFC 9112, 5), up to the empty
 * line at their end.
 *
 * Each step begins where the last call stopped: a state tells which part of a line comes next.
 * Nothing is read twice. The search for the end of a value looks at 16 bytes at a time.
 */
#include "extra/http/message/inside.h"

#include <errno.h>

enum { LINE, NAME, BLANKS, VALUE, VALUE_LF, LAST_LF };

int bide__http_fault(enum fault fault, uint16_t *status, const char **why)
{
    static const struct {
        uint16_t status;
        const char *text;
    } faults[] = {
#define X(id, status, text) {status, text},
        FAULTS(X)
#undef X
    };
    *status = faults[fault].status;
    *why = faults[fault].text;
    return -EBADMSG;
}

/* The value of a line ends before `end`. */
static enum fault add(struct bide__http_lines *l, struct bide__http_fields *f, uint32_t most,
                      const char *data, const char *end)
{
    const char *name = data + l->name, *value = data + l->value;
    while (end > value && is_blank(end[-1]))
        end--;
    if (f->count >= most || (f->count >= f->room && f->room > 0))
        return FAULT_FIELDS_MANY;
    struct bide__http_field field = {
        .name = l->name,
        .value = l->value,
        .value_size = (uint32_t)(end - value),
        .name_size = l->name_size,
        .known = (uint8_t)bide__http_name_of(name, l->name_size),
    };
    if (f->room > 0) {
        bide__http_fields_put(f, field);
    } else {
        f->has |= field.known ? (uint64_t)1 << field.known : 0;
        f->count++;
    }
    return FAULT_NONE;
}

/* Reads a name and its colon. */
static enum lines_end name(struct bide__http_lines *l, const char *data, const char **where,
                           const char *end, enum fault *fault)
{
    const char *begin = data + l->name, *at = *where;
    if (end - begin > BIDE__HTTP_NAME_MAX)
        end = begin + BIDE__HTTP_NAME_MAX + 1;
    *where = at = bide__http_skip(at, end, BYTE_TOKEN);
    size_t size = (size_t)(at - begin);
    *fault = size > BIDE__HTTP_NAME_MAX ? FAULT_NAME_LONG : FAULT_NAME;
    if (size > BIDE__HTTP_NAME_MAX || (at < end && (*at != ':' || size == 0)))
        return LINES_FAULT;
    if (at == end)
        return LINES_MORE;
    l->name_size = (uint16_t)size;
    *where = at + 1;
    return LINES_DONE;
}

enum lines_end bide__http_lines(struct bide__http_lines *l, struct bide__http_fields *f,
                                uint32_t most, const char *data, size_t size, enum fault *fault)
{
    const char *at = data + l->at, *end = data + size;
    enum lines_end rc = LINES_MORE;
    while (at < end)
        switch (l->state) {
        case LINE:
            l->name = (uint32_t)(at - data);
            if (*at == '\r') {
                at++;
                l->state = LAST_LF;
                break;
            }
            l->state = NAME;
            __attribute__((fallthrough));
        case NAME:
            rc = name(l, data, &at, end, fault);
            if (rc != LINES_DONE)
                goto out;
            rc = LINES_MORE;
            l->state = BLANKS;
            __attribute__((fallthrough));
        case BLANKS:
            while (at < end && is_blank(*at))
                at++;
            l->value = (uint32_t)(at - data);
            if (at == end)
                break;
            l->state = VALUE;
            __attribute__((fallthrough));
        case VALUE:
            at += bide__http_value_size(at, (size_t)(end - at));
            if (at == end)
                break;
            *fault = FAULT_VALUE;
            if (*at++ != '\r')
                return LINES_FAULT;
            l->state = VALUE_LF;
            break;
        case VALUE_LF:
            *fault = FAULT_LINE_END;
            if (*at++ != '\n' || (*fault = add(l, f, most, data, at - 2)) != FAULT_NONE)
                return LINES_FAULT;
            l->state = LINE;
            break;
        case LAST_LF:
            *fault = FAULT_LINE_END;
            rc = *at++ == '\n' ? LINES_DONE : LINES_FAULT;
            goto out;
        }
out:
    if (rc != LINES_FAULT)
        *fault = FAULT_NONE;
    l->at = (uint32_t)(at - data);
    return rc;
}

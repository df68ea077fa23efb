/*
 * frame.c: what the fields of a whole head say about the message and its connection: Host (RFC
 * 9112, 3.2), where the body ends (RFC 9112, 6), and Connection, Expect and Upgrade. parse.h has
 * the rules.
 */
#include "extra/http/message/inside.h"

static const uint64_t framing =
    (uint64_t)1 << BIDE__FIELD_CONTENT_LENGTH | (uint64_t)1 << BIDE__FIELD_TRANSFER_ENCODING;

static bool has(const struct bide__http_head *h, enum bide__http_name name)
{
    return bide__http_fields_has(&h->fields, name);
}

static bool has_twice(const struct bide__http_head *h, enum bide__http_name name)
{
    return (h->fields.twice >> name & 1) != 0;
}

static enum fault check_host(struct bide__http_head *h)
{
    if (has_twice(h, BIDE__FIELD_HOST))
        return FAULT_HOST_TWICE;
    const struct bide__http_field *field = bide__http_fields_known(&h->fields, BIDE__FIELD_HOST);
    if (field == NULL)
        return h->minor == 0 ? FAULT_NONE : FAULT_HOST_MISSING;
    const char *value = bide__http_field_value(&h->fields, field);
    if (!bide__http_is_host(value, field->value_size))
        return FAULT_HOST;
    if (h->host.size > 0 &&
        !bide__http_same(h->fields.base + h->host.at, h->host.size, value, field->value_size))
        return FAULT_HOST_OTHER;
    h->host = (struct bide__http_span){field->value, field->value_size};
    return FAULT_NONE;
}

static enum fault read_length(struct bide__http_head *h)
{
    const struct bide__http_field *field =
        bide__http_fields_known(&h->fields, BIDE__FIELD_CONTENT_LENGTH);
    const char *value = bide__http_field_value(&h->fields, field);
    uint64_t length = 0;
    if (has_twice(h, BIDE__FIELD_CONTENT_LENGTH))
        return FAULT_LENGTH_TWICE;
    if (field->value_size == 0 || field->value_size > 19)
        return FAULT_LENGTH;
    for (uint32_t i = 0; i < field->value_size; i++) {
        if (!byte_is(value[i], BYTE_DIGIT))
            return FAULT_LENGTH;
        length = length * 10 + (unsigned)(value[i] - '0');
    }
    if (length > INT64_MAX)
        return FAULT_LENGTH;
    h->body = BIDE__HTTP_LENGTH;
    h->length = (int64_t)length;
    return FAULT_NONE;
}

/* The only good value is "chunked". The others are told apart for their statuses. */
static enum fault read_coding(struct bide__http_head *h)
{
    const struct bide__http_field *field =
        bide__http_fields_known(&h->fields, BIDE__FIELD_TRANSFER_ENCODING);
    const char *value = bide__http_field_value(&h->fields, field), *member;
    size_t size = field->value_size, member_size;
    unsigned chunked = 0, others = 0;
    bool is_last = false;
    if (has(h, BIDE__FIELD_CONTENT_LENGTH))
        return FAULT_CODING_LENGTH;
    if (h->minor == 0)
        return FAULT_CODING_OLD;
    if (has_twice(h, BIDE__FIELD_TRANSFER_ENCODING))
        return FAULT_CODING_TWICE;
    h->body = BIDE__HTTP_CHUNKED;
    if (bide__http_same(value, size, "chunked", 7))
        return FAULT_NONE;
    while (bide__http_member(&value, &size, &member, &member_size)) {
        if (!bide__http_is_token(member, member_size))
            return FAULT_CODING;
        is_last = bide__http_same(member, member_size, "chunked", 7);
        chunked += is_last;
        others += !is_last;
    }
    return is_last && chunked == 1 && others > 0 ? FAULT_CODING_OTHER : FAULT_CODING;
}

static enum fault read_connection(struct bide__http_head *h)
{
    bool close = false, keep_alive = false, upgrade = false;
    for (uint32_t i = 0; has(h, BIDE__FIELD_CONNECTION) && i < h->fields.count; i++) {
        const struct bide__http_field *field = &h->fields.list[i];
        if (field->known != BIDE__FIELD_CONNECTION)
            continue;
        const char *value = bide__http_field_value(&h->fields, field), *member;
        size_t size = field->value_size, member_size;
        while (bide__http_member(&value, &size, &member, &member_size)) {
            if (!bide__http_is_token(member, member_size))
                return FAULT_CONNECTION;
            close |= bide__http_same(member, member_size, "close", 5);
            keep_alive |= bide__http_same(member, member_size, "keep-alive", 10);
            upgrade |= bide__http_same(member, member_size, "upgrade", 7);
        }
    }
    /* Behind a CONNECT there may be bytes for the tunnel already. */
    bool is_tunnel = h->kind == BIDE__HTTP_REQUEST && h->method == BIDE__METHOD_CONNECT;
    h->keep_alive = !close && !is_tunnel && (h->minor == 1 || keep_alive);
    h->upgrade = upgrade && h->minor == 1 && has(h, BIDE__FIELD_UPGRADE);
    return FAULT_NONE;
}

static enum fault read_expect(struct bide__http_head *h)
{
    if (!has(h, BIDE__FIELD_EXPECT) || h->minor == 0)
        return FAULT_NONE;
    const struct bide__http_field *field = bide__http_fields_known(&h->fields, BIDE__FIELD_EXPECT);
    if (has_twice(h, BIDE__FIELD_EXPECT) ||
        !bide__http_same(bide__http_field_value(&h->fields, field), field->value_size,
                         "100-continue", 12))
        return FAULT_EXPECT;
    h->expects = true;
    return FAULT_NONE;
}

static enum fault read_body(struct bide__http_head *h)
{
    if ((h->fields.has & framing) == 0)
        return FAULT_NONE;
    return has(h, BIDE__FIELD_TRANSFER_ENCODING) ? read_coding(h) : read_length(h);
}

/* RFC 9112, 6.3: which responses have no body, whatever their fields say, and which end with the
 * connection. */
static void end_of_response(struct bide__http_head *h)
{
    bool is_tunnel = h->answers == BIDE__METHOD_CONNECT && h->status / 100 == 2;
    if (h->answers == BIDE__METHOD_HEAD || h->status / 100 == 1 || h->status == 204 ||
        h->status == 304 || is_tunnel)
        h->body = BIDE__HTTP_NO_BODY;
    else if ((h->fields.has & framing) == 0)
        h->body = BIDE__HTTP_UNTIL_CLOSE;
    if (h->body == BIDE__HTTP_UNTIL_CLOSE)
        h->keep_alive = false;
}

enum fault bide__http_frame(struct bide__http_head *h)
{
    enum fault fault = FAULT_NONE;
    if (h->kind == BIDE__HTTP_REQUEST)
        fault = check_host(h);
    if (!fault)
        fault = read_body(h);
    if (!fault)
        fault = read_connection(h);
    if (fault)
        return fault;
    if (h->kind == BIDE__HTTP_RESPONSE) {
        end_of_response(h);
        return FAULT_NONE;
    }
    if (h->method == BIDE__METHOD_CONNECT && (h->fields.has & framing) != 0)
        return FAULT_CONNECT_BODY;
    return read_expect(h);
}

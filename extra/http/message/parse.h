/*
 * parse.h: the HTTP/1.1 parser (RFC 9110, RFC 9112): heads of requests and responses, and chunked
 * bodies. Strict: what two programs could read in two ways is refused, also where the RFC lets a
 * receiver be generous. tests/http/refused.txt has the cases.
 *
 * The parser works on the owner's buffer, in place. It allocates nothing, copies nothing, and
 * changes no byte. A head may arrive in any pieces. After each read the owner calls again with the
 * same beginning and more bytes, wherever the buffer is now, and the parser goes on where it
 * stopped. All results are offsets from the beginning of the head.
 *
 *     struct bide__http_head head;
 *     struct bide__http_field fields[100];
 *     bide__http_head_begin(&head, BIDE__HTTP_REQUEST, &bide__http_limits_default, fields, 100);
 *     do
 *         size += receive(data + size);
 *     while ((rc = bide__http_head_parse(&head, data, size)) == 0);
 *     rc < 0 ? refuse(head.refused, head.why) : serve(&head, data + head.size);
 *
 * What is refused, and the status that is due
 *  - 400: everything that is not said otherwise below. Among it: a line that ends in a bare LF, a
 *    bare CR, NUL or another control byte; a line that begins with a blank; a blank before the
 *    colon or more than one between the parts of the request line; a target with other bytes than
 *    a URI has (but percent signs may be followed by anything: paths are decoded elsewhere).
 *  - 400: Host missing in HTTP/1.1, twice, empty or no host; other than the host of an absolute
 *    target, which RFC 9112, 3.2, forbids to send: who routes by one would not agree with who
 *    routes by the other. Targets that do not fit the method: the form of an authority is for
 *    CONNECT, which has no other, and "*" for OPTIONS. User names before the host.
 *  - 400: Content-Length with anything but 1 to 19 digits, above 2^63 - 1, or twice. RFC 9112 lets
 *    a receiver take two that are the same. We do not: whoever sends two has not decided which one
 *    counts, a proxy may have let through one that another would have taken for the first, and no
 *    correct client does it.
 *  - 400: Transfer-Encoding together with Content-Length, in HTTP/1.0, twice, or without "chunked"
 *    as its last coding. 501: other codings before "chunked". So the only value that is accepted
 *    is "chunked".
 *  - 400: CONNECT with a body, whose bytes could be taken for the tunnel's. 417: Expect with
 *    anything but 100-continue.
 *  - 414: a target above the limit. 431: more fields or bytes in the head than the limits allow.
 *    501: a method of more than 32 bytes. 505: a version other than 1.0 and 1.1.
 *
 * One empty line before the request line is skipped (RFC 9112, 2.2), and counts in the size.
 *
 * Requires C. Any thread, for one head or body at a time.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_PARSE_H
#define BIDE_EXTRA_HTTP_MESSAGE_PARSE_H

#include "extra/http/message/fields.h"

struct bide__http_limits {
    uint32_t target_max; /* bytes of a request's target */
    uint32_t head_max;   /* bytes of a head, with its line ends; of a trailer section */
    uint32_t fields_max; /* fields of a head or a trailer section; also bounded by the array */
    uint32_t excess_max; /* bytes of a chunked body that are no data: see below */
};

/* 8 KiB, 32 KiB, 100, 16 KiB. */
static const struct bide__http_limits bide__http_limits_default = {
    .target_max = 8192,
    .head_max = 32768,
    .fields_max = 100,
    .excess_max = 16384,
};

/* Where the parser is in the lines of fields. Its own. */
struct bide__http_lines {
    uint32_t at, name, value; /* offsets */
    uint16_t name_size;
    uint8_t state;
};

/* ---- heads ---- */

enum bide__http_kind { BIDE__HTTP_REQUEST, BIDE__HTTP_RESPONSE };

enum bide__http_method {
    BIDE__METHOD_EXTENSION, /* a token that is none of these; they are case-sensitive */
    BIDE__METHOD_GET,
    BIDE__METHOD_HEAD,
    BIDE__METHOD_POST,
    BIDE__METHOD_PUT,
    BIDE__METHOD_DELETE,
    BIDE__METHOD_CONNECT,
    BIDE__METHOD_OPTIONS,
    BIDE__METHOD_TRACE,
    BIDE__METHOD_PATCH,
};

enum bide__http_form {
    BIDE__HTTP_ORIGIN,    /* /path?query */
    BIDE__HTTP_ABSOLUTE,  /* http://host/path?query, or https */
    BIDE__HTTP_AUTHORITY, /* host:port */
    BIDE__HTTP_ASTERISK,  /* * */
};

enum bide__http_body {
    BIDE__HTTP_NO_BODY,
    BIDE__HTTP_LENGTH,      /* head.length bytes, which may be 0 */
    BIDE__HTTP_CHUNKED,     /* see bide__http_chunks */
    BIDE__HTTP_UNTIL_CLOSE, /* responses only */
};

struct bide__http_head {
    /* Valid when the head is whole. */
    uint32_t size; /* of the head, in bytes; what follows is the body, or the next head */
    uint8_t kind;  /* enum bide__http_kind */
    uint8_t minor; /* the version is 1.minor: 0 or 1 */
    uint8_t body;  /* enum bide__http_body */
    int64_t length;
    bool keep_alive; /* nothing in the head says that the connection ends after this message;
                        false for CONNECT, since bytes for the tunnel may follow */
    bool upgrade;    /* Upgrade, and Connection names it; never in HTTP/1.0 */
    bool expects;    /* a request waits for 100 (Continue); never in HTTP/1.0 */
    struct bide__http_fields fields; /* offsets from the head's beginning, as all spans here */

    /* Requests. */
    uint8_t method; /* enum bide__http_method */
    uint8_t form;   /* enum bide__http_form */
    bool secure;    /* the target begins with https:// */
    struct bide__http_span method_text, target;
    struct bide__http_span path; /* with its first "/"; "*" for "*"; empty if the target has none */
    struct bide__http_span query; /* without "?" */
    bool has_query;
    struct bide__http_span host; /* with its port: of the target, otherwise of Host */

    /* Responses. */
    uint16_t status; /* 100 to 599 */
    struct bide__http_span reason;

    /* When the parser has returned -EBADMSG. */
    uint16_t refused; /* the status that is due to a request; in a response only a number */
    const char *why;  /* a short text for logs, without bytes of the message */

    /* The owner sets it before it parses a response: the method of the request. */
    uint8_t answers; /* enum bide__http_method */

    /* The parser's own. */
    const struct bide__http_limits *limits_;
    struct bide__http_lines lines_;
    uint32_t begin_; /* of the part of the first line that is being read */
    uint8_t state_;
};

/*
 * Begins a head. `list` has room for `room` fields. The limits and the array must stay until the
 * head is no longer used. Costs a few stores: the array is not written.
 */
void bide__http_head_begin(struct bide__http_head *head, enum bide__http_kind kind,
                           const struct bide__http_limits *limits, struct bide__http_field *list,
                           uint32_t room);

/*
 * Goes on with the head that begins at `data`, of which `size` bytes are there. Returns
 *   1         the head is whole: head->size bytes. head->fields.base is `data`; an owner that moves
 *             the bytes sets it anew
 *   0         more bytes are needed. The same bytes must be there at the next call
 *   -EBADMSG  refused: head->refused and head->why say how. To be decided as early as possible is
 *             no aim: some faults are found at the end of the head
 * After 1 or -EBADMSG the head must be begun anew before it is parsed again.
 */
int bide__http_head_parse(struct bide__http_head *head, const char *data, size_t size);

/* A request: true if not a byte of it has arrived, but perhaps the empty line before it. */
bool bide__http_head_is_untouched(const struct bide__http_head *head);

/* ---- chunked bodies ---- */

/*
 * The parser finds the data in the owner's buffer and takes no copy. Sizes have 1 to 16 hexadecimal
 * digits, and are at most 2^63 - 1. Extensions are checked and dropped. No blanks round them or
 * after the size: they were never in use, and parsers disagree about them. Line ends are CR LF, in
 * extensions too. Data is followed by CR LF.
 *
 * What is not data is bounded: each chunk may spend 16 bytes and as many as it has data, and all of
 * them together excess_max bytes more. So chunks of one byte are allowed, and a signature in each
 * large chunk, but not a long extension for every byte.
 *
 * Trailer fields have the form of header fields. Names that would change how the message is framed,
 * routed, authenticated or read are refused (RFC 9110, 6.5.1), with 400.
 */
enum { BIDE__HTTP_MORE, BIDE__HTTP_PIECE, BIDE__HTTP_END };

struct bide__http_chunks {
    struct bide__http_fields trailers; /* when the body has ended; the base is `data` of the last
                                          call */
    uint64_t data_bytes;               /* of data up to now */
    uint16_t refused;                  /* as in a head */
    const char *why;

    /* The parser's own. */
    const struct bide__http_limits *limits_;
    struct bide__http_lines lines_;
    uint64_t left_;  /* data of this chunk that is still to come; its size while that is read */
    int64_t excess_; /* below 0: what this chunk may still spend */
    uint8_t state_, digits_;
};

/* Begins a body. `list` is for the trailer fields; with NULL and 0 they are checked and dropped. */
void bide__http_chunks_begin(struct bide__http_chunks *c, const struct bide__http_limits *limits,
                             struct bide__http_field *list, uint32_t room);

/*
 * Goes on with the body. `data` are the bytes after those that were used up. Sets *used to the
 * number of bytes that have been used up by this call, and returns
 *   BIDE__HTTP_PIECE  *piece, of *piece_size > 0 bytes, is data; it lies in the used bytes
 *   BIDE__HTTP_MORE   more bytes are needed. Those that are not used up must be there at the next
 *                     call, followed by others; there are such only in the trailer section
 *   BIDE__HTTP_END    the body and its trailers have ended; what follows is the next message
 *   -EBADMSG          refused: c->refused and c->why
 */
int bide__http_chunks_next(struct bide__http_chunks *c, const char *data, size_t size,
                           const char **piece, size_t *piece_size, size_t *used);

/* Writes the line before a chunk that is sent: hexadecimal digits and CR LF. Returns its bytes. */
enum { BIDE__HTTP_CHUNK_LINE_MAX = 18 };
size_t bide__http_chunk_line(char line[BIDE__HTTP_CHUNK_LINE_MAX], uint64_t size);

/* True if a field with this name may be in a trailer section. */
bool bide__http_may_trail(const char *name, size_t size);

#endif

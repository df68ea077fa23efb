/*
 * inside.h: what is wrong with a message, and the lines of fields, which heads and trailer sections
 * have in common.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_INSIDE_H
#define BIDE_EXTRA_HTTP_MESSAGE_INSIDE_H

#include "extra/http/message/bytes.h"
#include "extra/http/message/parse.h"

/* X(name, status, text): a fault, the status that is due, and what logs say. */
#define FAULTS(X)                                                                \
    X(NONE, 0, "")                                                               \
    X(LINE_END, 400, "a line does not end in CR LF")                             \
    X(METHOD, 400, "the method is no token")                                     \
    X(METHOD_LONG, 501, "the method is too long")                                \
    X(TARGET, 400, "a byte in the target that is not allowed")                   \
    X(TARGET_LONG, 414, "the target is too long")                                \
    X(TARGET_FORM, 400, "a target of this form does not fit the method")         \
    X(AUTHORITY, 400, "the target has no valid host")                            \
    X(VERSION, 400, "the version is malformed")                                  \
    X(VERSION_OTHER, 505, "neither HTTP/1.1 nor HTTP/1.0")                       \
    X(STATUS, 400, "the status is malformed")                                    \
    X(NAME, 400, "the name of a field is no token before a colon")               \
    X(NAME_LONG, 431, "the name of a field is too long")                         \
    X(VALUE, 400, "a control byte in the value of a field")                      \
    X(FIELDS_MANY, 431, "too many fields")                                       \
    X(HEAD_LONG, 431, "the head is too long")                                    \
    X(HOST_MISSING, 400, "no Host")                                              \
    X(HOST_TWICE, 400, "Host occurs twice")                                      \
    X(HOST, 400, "Host is no valid host")                                        \
    X(HOST_OTHER, 400, "Host is not the host of the target")                     \
    X(LENGTH, 400, "Content-Length is no valid number")                          \
    X(LENGTH_TWICE, 400, "Content-Length occurs twice")                          \
    X(CODING, 400, "Transfer-Encoding is malformed, or does not end in chunked") \
    X(CODING_TWICE, 400, "Transfer-Encoding occurs twice")                       \
    X(CODING_LENGTH, 400, "Transfer-Encoding and Content-Length")                \
    X(CODING_OLD, 400, "Transfer-Encoding in HTTP/1.0")                          \
    X(CODING_OTHER, 501, "a transfer coding other than chunked")                 \
    X(CONNECT_BODY, 400, "CONNECT with a body")                                  \
    X(CONNECTION, 400, "Connection is no list of tokens")                        \
    X(EXPECT, 417, "Expect is not 100-continue")                                 \
    X(CHUNK_SIZE, 400, "the size of a chunk is malformed or too large")          \
    X(CHUNK_EXTENSION, 400, "the extension of a chunk is malformed")             \
    X(CHUNK_EXCESS, 400, "too many bytes of a chunked body are no data")         \
    X(CHUNK_END, 400, "a chunk does not end in CR LF")                           \
    X(TRAILER, 400, "a field that must not be in a trailer section")             \
    X(TRAILER_LONG, 431, "the trailer section is too long")

enum fault {
#define X(id, status, text) FAULT_##id,
    FAULTS(X)
#undef X
};

/* Stores the status and the text of a fault, and returns -EBADMSG. */
int bide__http_fault(enum fault fault, uint16_t *status, const char **why);

enum lines_end { LINES_MORE, LINES_DONE, LINES_FAULT };

/*
 * Reads lines of fields, from `data` + lines->at, up to the empty line, and adds them to `fields`.
 * `most` is how many fields there may be; those for which the list has no room are a fault too,
 * unless it has no room for any: then they are dropped, but for their bits.
 */
enum lines_end bide__http_lines(struct bide__http_lines *lines, struct bide__http_fields *fields,
                                uint32_t most, const char *data, size_t size, enum fault *fault);

/* In the whole head: Host, the body, and what Connection, Expect and Upgrade say. */
enum fault bide__http_frame(struct bide__http_head *head);

#endif

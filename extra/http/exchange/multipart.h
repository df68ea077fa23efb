/*
 * multipart.h: the parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1), without I/O.
 *
 * The caller puts bytes into the buffer (multipart_room, multipart_put), and takes the next part
 * (multipart_next) and pieces of its content (multipart_piece) out of it. Both say -EAGAIN when
 * there is too little in the buffer.
 *
 * The parser is strict where others differ, so that nobody in front of us reads other parts than we
 * do: lines end with CRLF; a delimiter is followed by blanks and CRLF, or by `--`, and anything
 * else behind it is an error; a field is not folded; each part has a Content-Disposition
 * `form-data` with one `name`. What is before the first delimiter and behind the last is passed
 * over.
 *
 * Invariant: the first delimiter counts as one behind CRLF, since the buffer begins with these. A
 * piece never ends inside of what may become a delimiter. The fields of a part are in the buffer,
 * and are copied by the caller's `fields`, since the buffer moves on.
 */
#ifndef BIDE_HTTP_MULTIPART_H
#define BIDE_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

enum {
    MULTIPART_BOUNDARY_MOST = 70, /* RFC 2046 §5.1.1 */
    MULTIPART_BUFFER_LEAST = 256,
};

enum multipart_state {
    MULTIPART_BEFORE, /* the first delimiter */
    MULTIPART_FIELDS,
    MULTIPART_CONTENT,
    MULTIPART_BEHIND, /* the content: a delimiter is next in the buffer */
    MULTIPART_OVER,
};

struct multipart {
    char *buffer; /* the caller's */
    size_t capacity, begin, end;
    enum multipart_state state;
    bool is_complete; /* no more input comes */
    size_t fields_most;
    unsigned parts, parts_most;
    size_t delimiter_size;
    char delimiter[4 + MULTIPART_BOUNDARY_MOST]; /* CRLF, --, boundary */
};

/* A text in the buffer. */
struct multipart_text {
    const char *data;
    size_t size;
};

/*
 * Begins. The buffer has room for the longest fields and a delimiter: fields_most + 128 bytes at
 * least, and MULTIPART_BUFFER_LEAST. Returns 0; -EBADMSG: the boundary is empty, too long, or has
 * bytes that it may not have.
 */
int bide__multipart_begin(struct multipart *m, const char *boundary, size_t boundary_size,
                          char *buffer, size_t capacity, size_t fields_most, unsigned parts_most);

/* Where the next bytes of the body go, at most *size, which is more than 0 after -EAGAIN; and how
 * many have come there: 0 is the end of the body. */
char *bide__multipart_room(struct multipart *m, size_t *size);
void bide__multipart_put(struct multipart *m, size_t size);

/*
 * Goes on to the next part, past the rest of this one, and tells its fields: the lines between the
 * delimiter and the empty line, each with its CRLF. They stay until the next call. Returns 1; 0:
 * there are no more parts; -EAGAIN; -EBADMSG: that is no such body, or it is cut off; -EMSGSIZE:
 * the fields are larger than fields_most; -E2BIG: more than parts_most.
 */
int bide__multipart_next(struct multipart *m, struct multipart_text *fields);

/* The next piece of the content, not empty; it is taken out, and stays until the next call. 1; 0:
 * the part is over; -EAGAIN; -EBADMSG: the body is cut off. */
int bide__multipart_piece(struct multipart *m, size_t most, struct multipart_text *piece);

/*
 * The next field, in the lines that are left, which it advances. Names are tokens, values have no
 * blanks around them. Returns 1, 0 at the end, -EBADMSG.
 */
int bide__multipart_field(struct multipart_text *lines, struct multipart_text *name,
                          struct multipart_text *value);

/*
 * Takes the value of Content-Disposition apart, in place: `name` and `filename` (data is NULL if
 * there is none) point into it and have no quotes and escapes any more. The name of a file has lost
 * the folders before it, and is "" if only `.` or `..` is left. 0 or -EBADMSG.
 */
int bide__multipart_disposition(char *value, size_t size, struct multipart_text *name,
                                struct multipart_text *filename);

#endif

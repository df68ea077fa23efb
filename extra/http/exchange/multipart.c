/*
 * multipart.c: takes a multipart/form-data body apart; multipart.h specifies it.
 */
#include "lib/runtime.h"

#include "extra/http/exchange/multipart.h"

#include <strings.h>

enum { PADDING_MOST = 32 };

/* bcharsnospace of RFC 2046 §5.1.1, and the blank, which may not be last. */
static bool is_boundary(const char *text, size_t size)
{
    if (size == 0 || size > MULTIPART_BOUNDARY_MOST || text[size - 1] == ' ')
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_word && (c == '\0' || strchr("'()+_,-./:=? ", c) == NULL))
            return false;
    }
    return true;
}

int bide__multipart_begin(struct multipart *m, const char *boundary, size_t boundary_size,
                          char *buffer, size_t capacity, size_t fields_most, unsigned parts_most)
{
    if (!is_boundary(boundary, boundary_size))
        return -EBADMSG;
    memset(m, 0, sizeof *m);
    m->buffer = buffer;
    m->capacity = capacity;
    m->fields_most = fields_most;
    m->parts_most = parts_most;
    m->delimiter_size = 4 + boundary_size;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary, boundary_size);
    memcpy(m->buffer, "\r\n", 2);
    m->end = 2;
    return 0;
}

char *bide__multipart_room(struct multipart *m, size_t *size)
{
    if (m->begin > 0) {
        memmove(m->buffer, m->buffer + m->begin, m->end - m->begin);
        m->end -= m->begin;
        m->begin = 0;
    }
    *size = m->capacity - m->end;
    return m->buffer + m->end;
}

void bide__multipart_put(struct multipart *m, size_t size)
{
    m->end += size;
    m->is_complete |= size == 0;
}

static size_t filled(const struct multipart *m)
{
    return m->end - m->begin;
}

/* More must come; if it cannot, the body is cut off. */
static int wait_for_more(const struct multipart *m)
{
    return m->is_complete ? -EBADMSG : -EAGAIN;
}

/* How many bytes before the next delimiter are in the buffer, or before what may become one. */
static size_t before_delimiter(const struct multipart *m, bool *is_there)
{
    const char *data = m->buffer + m->begin;
    size_t size = filled(m);
    const char *at = memmem(data, size, m->delimiter, m->delimiter_size);

    *is_there = at != NULL;
    if (at != NULL)
        return (size_t)(at - data);
    size_t i = size < m->delimiter_size ? 0 : size - m->delimiter_size + 1;
    for (; i < size; i++) {
        const char *cr = memchr(data + i, '\r', size - i);
        if (cr == NULL)
            return size;
        i = (size_t)(cr - data);
        if (memcmp(cr, m->delimiter, size - i) == 0)
            return i;
    }
    return size;
}

int bide__multipart_piece(struct multipart *m, size_t most, struct multipart_text *piece)
{
    bool is_there;

    if (m->state != MULTIPART_CONTENT)
        return 0;
    size_t n = before_delimiter(m, &is_there);
    if (n == 0) {
        if (!is_there)
            return wait_for_more(m);
        m->state = MULTIPART_BEHIND;
        return 0;
    }
    if (n > most)
        n = most;
    *piece = (struct multipart_text){m->buffer + m->begin, n};
    m->begin += n;
    return 1;
}

/* Passes over what is before the next delimiter. 1: that is next. */
static int skip_to_delimiter(struct multipart *m)
{
    bool is_there = true;

    if (m->state == MULTIPART_BEFORE || m->state == MULTIPART_CONTENT) {
        m->begin += before_delimiter(m, &is_there);
        if (is_there)
            m->state = MULTIPART_BEHIND;
    }
    return is_there ? 1 : wait_for_more(m);
}

/* Past the delimiter and the rest of its line. 1: a part begins; 0: it was the last one. */
static int pass_delimiter(struct multipart *m)
{
    const char *rest = m->buffer + m->begin + m->delimiter_size;
    size_t size = filled(m) - m->delimiter_size, n = 0;

    if (size >= 2 && memcmp(rest, "--", 2) == 0) {
        m->state = MULTIPART_OVER;
        return 0;
    }
    while (n < size && n <= PADDING_MOST && (rest[n] == ' ' || rest[n] == '\t'))
        n++;
    bool is_dash = n == 0 && size == 1 && rest[0] == '-';
    bool is_cr = n <= PADDING_MOST && size == n + 1 && rest[n] == '\r';
    if (n == size || is_dash || is_cr)
        return wait_for_more(m);
    if (n > PADDING_MOST || rest[n] != '\r' || rest[n + 1] != '\n')
        return -EBADMSG;
    /* The CRLF stays, so that a part without fields ends like others: with an empty line. */
    m->begin += m->delimiter_size + n;
    m->state = MULTIPART_FIELDS;
    return 1;
}

int bide__multipart_next(struct multipart *m, struct multipart_text *fields)
{
    int r = m->state == MULTIPART_OVER ? 0 : 1;

    if (r > 0 && m->state != MULTIPART_FIELDS) {
        r = skip_to_delimiter(m);
        if (r > 0)
            r = pass_delimiter(m);
        if (r > 0 && m->parts++ >= m->parts_most)
            r = -E2BIG;
    }
    if (r <= 0)
        return r;
    const char *data = m->buffer + m->begin;
    const char *end = memmem(data, filled(m), "\r\n\r\n", 4);
    size_t size = end != NULL ? (size_t)(end - data) : filled(m);
    if (size > m->fields_most + (end != NULL ? 0 : 3))
        return -EMSGSIZE;
    if (end == NULL)
        return wait_for_more(m);
    *fields = (struct multipart_text){data + 2, size};
    m->begin += size + 4;
    m->state = MULTIPART_CONTENT;
    return 1;
}

/* ---- fields ---- */

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int bide__multipart_field(struct multipart_text *lines, struct multipart_text *name,
                          struct multipart_text *value)
{
    const char *line = lines->data;
    const char *end = lines->size == 0 ? NULL : memmem(line, lines->size, "\r\n", 2);
    size_t n = 0;

    if (lines->size == 0)
        return 0;
    if (end == NULL)
        return -EBADMSG;
    size_t size = (size_t)(end - line);
    while (n < size && is_token_byte(line[n]))
        n++;
    if (n == 0 || n == size || line[n] != ':')
        return -EBADMSG;
    *name = (struct multipart_text){line, n};
    for (n++; n < size && is_blank(line[n]); n++)
        ;
    size_t last = size;
    while (last > n && is_blank(line[last - 1]))
        last--;
    for (size_t i = n; i < last; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 127)
            return -EBADMSG;
    *value = (struct multipart_text){line + n, last - n};
    lines->data += size + 2;
    lines->size -= size + 2;
    return 1;
}

/* ---- Content-Disposition ---- */

struct cursor {
    char *at, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && is_blank(*c->at))
        c->at++;
}

static struct multipart_text token(struct cursor *c)
{
    char *begin = c->at;
    while (c->at < c->end && is_token_byte(*c->at))
        c->at++;
    return (struct multipart_text){begin, (size_t)(c->at - begin)};
}

/* A token or a quoted string. Browsers that send a path of Windows do not escape its backslashes,
 * so only those before a quote or another one are escapes. */
static int parameter_value(struct cursor *c, struct multipart_text *value)
{
    if (c->at == c->end || *c->at != '"') {
        *value = token(c);
        return value->size > 0 ? 0 : -EBADMSG;
    }
    char *to = ++c->at;
    value->data = to;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at == '\\' && c->end - c->at > 1 && (c->at[1] == '"' || c->at[1] == '\\'))
            c->at++;
        *to++ = *c->at++;
    }
    if (c->at == c->end)
        return -EBADMSG;
    c->at++;
    value->size = (size_t)(to - value->data);
    return 0;
}

static bool is_named(const struct multipart_text *text, const char *name)
{
    return text->size == strlen(name) && strncasecmp(text->data, name, text->size) == 0;
}

static void cut_folders(struct multipart_text *filename)
{
    for (size_t i = filename->size; i-- > 0;)
        if (filename->data[i] == '/' || filename->data[i] == '\\') {
            filename->data += i + 1;
            filename->size -= i + 1;
            break;
        }
    if (filename->size <= 2 && memcmp(filename->data, "..", filename->size) == 0)
        filename->size = 0;
}

static int set_once(struct multipart_text *to, struct multipart_text value)
{
    if (to->data != NULL)
        return -EBADMSG;
    *to = value;
    return 0;
}

int bide__multipart_disposition(char *value, size_t size, struct multipart_text *name,
                                struct multipart_text *filename)
{
    struct cursor c = {value, value + size};
    struct multipart_text kind = token(&c), key, text;
    int r = 0;

    *name = *filename = (struct multipart_text){NULL, 0};
    if (!is_named(&kind, "form-data"))
        return -EBADMSG;
    for (skip_blanks(&c); r == 0 && c.at < c.end; skip_blanks(&c)) {
        if (*c.at++ != ';')
            return -EBADMSG;
        skip_blanks(&c);
        if (c.at == c.end)
            break;
        key = token(&c);
        if (key.size == 0 || c.at == c.end || *c.at++ != '=')
            return -EBADMSG;
        r = parameter_value(&c, &text);
        if (r == 0 && is_named(&key, "name"))
            r = set_once(name, text);
        else if (r == 0 && is_named(&key, "filename"))
            r = set_once(filename, text);
    }
    if (r < 0 || name->data == NULL)
        return -EBADMSG;
    if (filename->data != NULL)
        cut_folders(filename);
    return 0;
}

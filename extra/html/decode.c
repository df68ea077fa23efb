/*
 * decode.c: the bytes of a page as UTF-8, with newlines as the HTML standard wants them: CR LF and
 * CR become LF. What is no character becomes U+FFFD.
 *
 * gumbo gets nothing but correct UTF-8, so its own replacement, which differs from what the
 * standard says, has nothing to do.
 *
 * UTF-8 and windows-1252 are read here, since nearly all pages are in one of them; all others by
 * iconv, whose memory is libc's own and not the door's. Where iconv has not installed a character
 * set, its pages are read as windows-1252.
 */
#include "internal.h"

#include <iconv.h>
#include <stdatomic.h>

/* ---- UTF-8 ---- */

/* How many bytes the character at p has; 0: it is none, and *bad bytes are to be replaced by one
 * U+FFFD: those that begin a character, but do not end it. */
static unsigned character(const unsigned char *p, size_t left, unsigned *bad)
{
    unsigned char c = p[0], low = 0x80, high = 0xBF;
    unsigned size = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (c == 0xE0)
        low = 0xA0;
    if (c == 0xED)
        high = 0x9F;
    if (c == 0xF0)
        low = 0x90;
    if (c == 0xF4)
        high = 0x8F;
    *bad = 1;
    for (unsigned i = 1; i < size; i++) {
        if (i >= left || p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
        *bad = i + 1;
    }
    return size;
}

bool bide__html_is_utf8(const char *data, size_t size)
{
    unsigned bad;
    for (size_t at = 0; at < size;) {
        unsigned n = character((const unsigned char *)data + at, size - at, &bad);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* ---- output ---- */

struct sink {
    const struct bide__html_work *work;
    struct bide__html_bytes out;
    bool after_cr;
    int error;
};

/* Makes room for `more` bytes, which are fewer than there are already, or the first. */
static bool grow(struct sink *s, size_t more)
{
    size_t most = s->work->options.memory_max / 2;
    if (s->error != 0 || s->out.room - s->out.size >= more)
        return s->error == 0;
    if (atomic_load_explicit(&s->work->cancelled, memory_order_relaxed)) {
        s->error = -ECANCELED;
        return false;
    }
    size_t room = s->out.room + s->out.room / 2 + more;
    if (room > most) {
        s->error = -EMSGSIZE;
        return false;
    }
    char *data = bide__alloc(room);
    if (data == NULL) {
        s->error = -ENOMEM;
        return false;
    }
    if (s->out.size > 0)
        memcpy(data, s->out.data, s->out.size);
    bide__free(s->out.data, s->out.room);
    s->out.data = data;
    s->out.room = room;
    return true;
}

/* Bytes of UTF-8, of which an LF after a CR may be one. There is room. */
static void put(struct sink *s, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = data[i];
        if (c != '\n' || !s->after_cr)
            s->out.data[s->out.size++] = c == '\r' ? '\n' : c;
        s->after_cr = c == '\r';
    }
}

/* ---- input ---- */

static void from_utf8(struct sink *s, const char *data, size_t size)
{
    unsigned bad;
    if (!grow(s, size + 1))
        return;
    for (size_t at = 0; at < size;) {
        size_t from = at;
        unsigned n = 1;
        while (at < size && (n = character((const unsigned char *)data + at, size - at, &bad)) > 0)
            at += n;
        put(s, data + from, at - from);
        if (n == 0) {
            at += bad;
            /* Behind it there is as much room as bytes are left; it takes up to two more. */
            if (!grow(s, size - at + 4))
                return;
            put(s, "\xEF\xBF\xBD", 3);
        }
    }
}

/* 0x80 to 0x9F; those that are not defined stay as they are. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

static void from_windows(struct sink *s, const char *data, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        unsigned char byte = (unsigned char)data[at];
        unsigned c = byte >= 0x80 && byte < 0xA0 ? windows_1252[byte - 0x80] : byte;
        char text[3];
        size_t n = 0;
        if (s->out.room - s->out.size < 3 && !grow(s, size - at + 3))
            return;
        if (c < 0x80) {
            text[n++] = (char)c;
        } else if (c < 0x800) {
            text[n++] = (char)(0xC0 | c >> 6);
            text[n++] = (char)(0x80 | (c & 0x3F));
        } else {
            text[n++] = (char)(0xE0 | c >> 12);
            text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            text[n++] = (char)(0x80 | (c & 0x3F));
        }
        put(s, text, n);
    }
}

/* `unit`: the bytes that are skipped where there is no character. */
static void from_iconv(struct sink *s, iconv_t conversion, const char *data, size_t size,
                       unsigned unit)
{
    char text[1024];
    char *in = (char *)(uintptr_t)(const void *)data;
    size_t left = size;
    bool ends = false;
    while (!ends && grow(s, sizeof text + 3)) {
        char *out = text;
        size_t room = sizeof text;
        ends = left == 0; /* the last call writes what a state still holds */
        size_t r = iconv(conversion, ends ? NULL : &in, &left, &out, &room);
        int error = r == (size_t)-1 ? errno : 0;
        put(s, text, sizeof text - room);
        if (error == EILSEQ || error == EINVAL) {
            size_t skip = error == EINVAL || left < unit ? left : unit;
            in += skip;
            left -= skip;
            put(s, "\xEF\xBF\xBD", 3);
        }
    }
}

int bide__html_decode(const struct bide__html_work *w, struct bide__html_charset *charset,
                      struct bide__html_bytes *out)
{
    struct sink s = {.work = w};
    const char *data = (const char *)w->data + charset->skip;
    size_t size = w->size - charset->skip;
    iconv_t conversion = (iconv_t)-1;
    if (charset->iconv != NULL && strcmp(charset->iconv, "CP1252") != 0) {
        conversion = iconv_open("UTF-8", charset->iconv);
        if (conversion == (iconv_t)-1 && errno != EINVAL)
            return -errno;
        if (conversion == (iconv_t)-1) {
            charset->name = "windows-1252";
            charset->source = BIDE_HTML_BY_GUESS;
        }
    }
    if (charset->iconv == NULL)
        from_utf8(&s, data, size);
    else if (conversion == (iconv_t)-1)
        from_windows(&s, data, size);
    else
        from_iconv(&s, conversion, data, size, strncmp(charset->name, "utf-16", 6) == 0 ? 2 : 1);
    if (conversion != (iconv_t)-1)
        iconv_close(conversion);
    if (s.error == 0)
        grow(&s, 1); /* an empty page has memory too */
    if (s.error != 0) {
        bide__free(s.out.data, s.out.room);
        s.out = (struct bide__html_bytes){0};
    }
    *out = s.out;
    return s.error;
}

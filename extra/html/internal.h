/*
 * internal.h: how the parts of libbide-html fit together.
 *
 *   html.c      the public call, in async C: on this thread, or on the pool
 *   run.c       the leaf that waits for the pool, and stops it
 *   parse.c     one page from bytes to tree: limits, and what an error says
 *   charset.c   which character set it is;  decode.c  and its bytes as UTF-8
 *   memory.c    gumbo's memory: it counts, limits, and leaves gumbo where that must not go on
 *   tree.c      gumbo's tree as ours;  node.c  what is asked of a node
 *   text.c      text as a reader sees it;  write.c  HTML again
 *   selector.c  a selector compiled;  match.c  and matched
 *
 * Invariants
 *  - A page is a row of nodes in the order of the page, so that what is inside a node follows it:
 *    nothing that walks over a page recurses. A page is not changed once it is made.
 *  - gumbo has only memory of memory.c, all of which is freed at once when the page is made or
 *    given up. gumbo's own functions that free, which recurse, are never called.
 *  - Everything in a page points into the page's own blocks: neither to the bytes that were parsed
 *    nor to gumbo's memory.
 */
#ifndef BIDE_EXTRA_HTML_INTERNAL_H
#define BIDE_EXTRA_HTML_INTERNAL_H

#include "lib/runtime.h"

#include <bide/abi.h>
#include <bide/html.h>

#include <gumbo.h>

enum { BIDE__HTML_INLINE = 65536 }; /* more bytes go to the pool */

/* ---- a page ---- */

struct bide__html_attribute {
    const char *name,
        *value; /* each with a zero byte behind it; the name with a prefix: xml:lang */
    uint32_t name_size, value_size;
};

/* Nodes beside this one are told as distances in the row; 0: there is none. */
struct bide_html_node {
    const char *text; /* the name of an element; the characters of a text or comment; of the page
                         what its <!DOCTYPE ...> names */
    const struct bide__html_attribute *attributes;
    const struct bide__html_attribute *id, *classes; /* two of them; NULL: there is none */
    uint32_t size;                                   /* of `text` */
    uint32_t attribute_count;
    uint32_t inside; /* nodes inside it, at any depth */
    uint32_t parent, before, after;
    uint32_t nth, nth_last; /* of an element: its place among its siblings that are, from 1; of the
                               page: 1 if it has a <!DOCTYPE> */
    uint32_t nth_type, nth_type_last; /* and among those of its name */
    uint16_t tag;                     /* a GumboTag */
    uint8_t type;                     /* a bide_html_type */
    bool is_html;                     /* of HTML's namespace */
    bool is_quirky;                   /* ids and classes match in any case */
};

struct bide_html {
    bide_html_node *nodes;
    struct bide__html_attribute *attributes;
    char *strings;
    size_t node_count, attribute_count, string_size; /* what was allocated */
    const char *charset;
    bide_html_source source;
    uint32_t root; /* the node <html> */
};

static inline const bide_html_node *bide__html_end(const bide_html_node *n)
{
    return n + 1 + n->inside;
}

static inline char bide__html_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* White space of HTML, which is that of CSS too. */
static inline bool bide__html_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Equal, but for the case of ASCII letters. */
static inline bool bide__html_same(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bide__html_lower(a[i]) != bide__html_lower(b[i]))
            return false;
    return true;
}

/* ---- parse.c ---- */

/* One page on its way. Its maker sets the first group. */
struct bide__html_work {
    const void *data;
    size_t size;
    bide_html_options options; /* with its defaults filled in */

    _Atomic bool cancelled; /* set once; makes the thread stop as soon as it can */
    int result;             /* -ECANCELED only if `cancelled` */
    bide_html *html;
    bide_html_failure failure; /* if the result is another error */
};

/* Fills in the defaults. -EINVAL, with a failure. */
int bide__html_begin(struct bide__html_work *w, const bide_html_options *options);

/* Sets the result, and what goes with it. Any thread. */
void bide__html_do(struct bide__html_work *w);

/* Fills in *failure, unless it is NULL, with a formatted text. Returns `error`. */
int bide__html_fails(bide_html_failure *failure, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- run.c ---- */

/*
 * Leaf: works on the pool. Cancelled: if no thread has begun it, it is taken back; otherwise the
 * thread is told to stop, and the leaf ends when it has.
 */
bide_async int bide__html_run(struct bide__html_work *work);

/* ---- charset.c ---- */

struct bide__html_charset {
    const char *name;  /* as the Encoding standard names it, in small letters */
    const char *iconv; /* for iconv_open; NULL: it is UTF-8 */
    bide_html_source source;
    unsigned skip; /* bytes of the mark before the text */
};

/* `told`: bide_html_options.charset. */
struct bide__html_charset bide__html_charset_of(const char *data, size_t size, const char *told);

/* ---- decode.c ---- */

/* UTF-8 with newlines as HTML has them, of the allocated size `room`. */
struct bide__html_bytes {
    char *data;
    size_t size, room;
};

bool bide__html_is_utf8(const char *data, size_t size);

/* 0, -ENOMEM, -EMSGSIZE (it has more than max bytes), -ECANCELED; then out->data is NULL. What
 * iconv does not know is read as windows-1252, and *charset says so. */
int bide__html_decode(const struct bide__html_work *w, struct bide__html_charset *charset,
                      struct bide__html_bytes *out);

/* ---- memory.c ---- */

/* Parses. 0, and the tree, which lives as long as `memory`; otherwise why it was given up, with a
 * failure. In both cases memory must be freed. */
struct bide__html_memory;
struct bide__html_memory *bide__html_memory_new(struct bide__html_work *w);
int bide__html_memory_parse(struct bide__html_memory *m, const struct bide__html_bytes *bytes,
                            const GumboOutput **output);
void bide__html_memory_free(struct bide__html_memory *m);

/* ---- tree.c ---- */

/* Sets w->html. 0, -ENOMEM, -EMSGSIZE with a failure. */
int bide__html_tree(struct bide__html_work *w, const GumboOutput *output);

/* ---- node.c ---- */

const struct bide__html_attribute *bide__html_attribute_of(const bide_html_node *node,
                                                           const char *name, size_t size);

/* True if one of the words of a text is this one. */
bool bide__html_has_word(const char *text, size_t size, const char *word, size_t word_size,
                         bool any_case);

/* ---- text.c ---- */

/* A string that grows; after a failure nothing more is added. */
struct bide__html_out {
    char *data;
    size_t size, room;
    bool failed;
};

void bide__html_out_add(struct bide__html_out *o, const char *data, size_t size);

/* Stores the string, with a zero byte. 0 or -ENOMEM. */
int bide__html_out_end(struct bide__html_out *o, char **text, size_t *size);

#endif

/*
 * selector.h: a compiled selector, between selector.c, which makes it, and match.c.
 *
 * It is one block of memory. A list has selectors; a selector is read from its right end, compound
 * by compound, each with what stands between it and the next one to its left; a compound has
 * simple selectors.
 */
#ifndef BIDE_EXTRA_HTML_SELECTOR_H
#define BIDE_EXTRA_HTML_SELECTOR_H

#include "internal.h"

enum bide__html_simple_kind {
    BIDE__HTML_ANY,
    BIDE__HTML_NAME,
    BIDE__HTML_ID,
    BIDE__HTML_CLASS,
    BIDE__HTML_HAS, /* an attribute */
    BIDE__HTML_EQUALS,
    BIDE__HTML_WORD,
    BIDE__HTML_DASH,
    BIDE__HTML_BEGIN,
    BIDE__HTML_END,
    BIDE__HTML_CONTAINS,
    BIDE__HTML_NTH, /* and the three others, in this order */
    BIDE__HTML_NTH_LAST,
    BIDE__HTML_NTH_TYPE,
    BIDE__HTML_NTH_TYPE_LAST,
    BIDE__HTML_ROOT,
    BIDE__HTML_SCOPE,
    BIDE__HTML_EMPTY,
    BIDE__HTML_LINK,
    BIDE__HTML_NOT,
    BIDE__HTML_IS,
};

struct bide__html_simple {
    struct bide__html_simple *next;
    enum bide__html_simple_kind kind;
    bool any_case;
    const char *name; /* of an element, attribute, class or id; not in small letters */
    const char *value;
    uint32_t name_size, value_size;
    int a, b;                        /* of an+b */
    struct bide__html_complex *list; /* of NOT and IS */
};

struct bide__html_compound {
    struct bide__html_simple *first;
    struct bide__html_compound *left; /* NULL: it is the leftmost */
    char combinator;                  /* between that and this: ' ', '>', '+', '~' */
};

struct bide__html_complex {
    struct bide__html_complex *next; /* of its list */
    struct bide__html_compound *right;
};

struct bide_html_selector {
    size_t size; /* of all of it */
    struct bide__html_complex *list;
};

#endif

/*
 * bide/html.h: HTML pages: parsing, CSS selectors, text, attributes. Link with -lbide-html.
 *
 *     bide_html *page = NULL;
 *     bide_html_failure why;
 *     defer { bide_html_free(page); }
 *     rc = await bide_html_parse(data, size, NULL, &why, &page);
 *     if (rc < 0)
 *         printf("%s\n", why.text);
 *     const bide_html_node *title;
 *     char *text;
 *     if (rc == 0 && (rc = bide_html_find(bide_html_top(page), "title", &title)) == 0 &&
 *         (rc = bide_html_text(title, &text, NULL)) == 0) {
 *         printf("%s\n", text);
 *         bide_html_text_free(text);
 *     }
 *
 * A page is parsed as browsers do it (the HTML standard; behind it stands the library gumbo), so
 * no page is refused for its mistakes, only for its size. What comes out is a tree that does not
 * change.
 *
 * Owners. Who parses a page owns it, and frees it by bide_html_free. Nodes, names, attributes and
 * the data of texts belong to the page and live as long as it does; nothing of the parsed bytes is
 * used after the parse. What bide_html_text and its like make is the caller's.
 *
 * Threads. All functions but bide_html_parse never wait, and may be called by any thread, with a
 * runtime or without one. A page and a selector do not change, so several threads may read them at
 * once. A bide_html_each is for one thread at a time.
 *
 * Characters. All strings that go in and come out are UTF-8. bide_html_parse converts pages of
 * other character sets; see bide_html_charset.
 *
 * The tree differs from that of a browser in this: scripts do not run, so what they would add is
 * not there and <noscript> has its elements; what is in <template> are its children.
 */
#ifndef BIDE_HTML_H
#define BIDE_HTML_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_html bide_html;                   /* a page */
typedef struct bide_html_node bide_html_node;         /* a part of a page */
typedef struct bide_html_selector bide_html_selector; /* a compiled CSS selector */

/* Filled in by a call that fails; a call that succeeds leaves it as it is. */
typedef struct bide_html_failure {
    int error;      /* what the call returned */
    size_t column;  /* of a selector: the character, from 1; 0: it is about no place in a text */
    char text[160]; /* for people; never empty, one line, UTF-8 */
} bide_html_failure;

/* ---- parsing ---- */

/* Zero in a member means the default. */
typedef struct bide_html_options {
    size_t size_max;         /* bytes of the page; 0: 16 MiB; at most 256 MiB */
    unsigned depth_max;      /* elements inside each other; 0: 512; at most 4000 */
    size_t nodes_max;        /* elements, texts and comments; 0: 500,000; at most 50,000,000 */
    unsigned attributes_max; /* of one element; 0: 256; at most 4000 */
    size_t memory_max;       /* bytes at once while it is parsed; 0: 512 MiB */
    const char *charset;     /* what the header Content-Type says: its whole value, or the name of a
                                character set alone; NULL: nothing. A name that is not known counts
                                for nothing. */
} bide_html_options;

/*
 * Parses `size` bytes. Returns 0 and stores the page in *html, which the caller frees by
 * bide_html_free. More than 64 KiB are parsed on the blocking pool, so that other tasks go on;
 * less are parsed at once, on this thread. `options` and `failure` may be NULL.
 *
 * `data` is only read, and borrowed until the call has returned or its cancellation has ended.
 * Each page takes time in proportion to its size, with limits that do not let it become more: a
 * page that nests too deep, has too many attributes, or repeats its elements (as the standard
 * demands after misnested tags) until they are too many, ends with an error.
 *
 * Errors: -EMSGSIZE (it exceeds a limit; *failure tells which), -ENOMEM, -EINVAL (an option is too
 * large; `data` is NULL and `size` is not 0); then *html is NULL. An empty page is none: it has the
 * elements html, head and body.
 * Outside any runtime, and if the pool has no thread, all is parsed at once.
 * Cancelled: *html is NULL. A thread of the pool that parses stops at the next tag, and the call is
 * over when it has stopped, so `data` may be freed then.
 */
bide_must_use bide_async int bide_html_parse(const void *data, size_t size,
                                             const bide_html_options *options,
                                             bide_html_failure *failure,
                                             bide_html **html bide_gives(bide_html_free));

/* Frees a page. NULL is ignored. */
void bide_html_free(bide_html *html);

/* What told the character set. */
typedef enum bide_html_source {
    BIDE_HTML_BY_MARK,    /* a byte order mark at the beginning */
    BIDE_HTML_BY_OPTIONS, /* bide_html_options.charset */
    BIDE_HTML_BY_META,    /* a <meta> in the first 1024 bytes */
    BIDE_HTML_BY_GUESS,   /* nothing: UTF-8 if all of it is UTF-8, otherwise windows-1252 */
} __attribute__((__mode__(__SI__))) bide_html_source;

/*
 * The character set that the page was converted from, as the Encoding standard names it in small
 * letters ("utf-8", "windows-1252", "shift_jis"), and what told it; `source` may be NULL. The first
 * that is known counts, in the order of bide_html_source. Bytes that are no character become
 * U+FFFD. The string is static.
 */
const char *bide_html_charset(const bide_html *html, bide_html_source *source);

/* ---- nodes ---- */

/*
 * All functions on nodes accept NULL: nothing is there, and they return NULL, 0, false or "". So
 * calls can be put inside each other, and only the last result needs to be looked at.
 */

typedef enum bide_html_type {
    BIDE_HTML_NOTHING, /* of NULL */
    BIDE_HTML_PAGE,    /* the whole page, bide_html_top */
    BIDE_HTML_ELEMENT,
    BIDE_HTML_TEXT,
    BIDE_HTML_COMMENT,
} __attribute__((__mode__(__SI__))) bide_html_type;

/* The node of the whole page, above <html>; and <html> itself, which is always there. */
const bide_html_node *bide_html_top(const bide_html *html);
const bide_html_node *bide_html_root(const bide_html *html);

/* What it is. */
bide_html_type bide_html_type_of(const bide_html_node *node);

/* The name of an element, in small letters ("div"); those of SVG as SVG writes them
 * ("linearGradient"). "" for what is no element. */
const char *bide_html_name(const bide_html_node *node);

/* The characters of a text or a comment, with the references in them resolved; "" for others. A
 * zero byte follows. `size` may be NULL. */
const char *bide_html_data(const bide_html_node *node, size_t *size);

/* The neighbours of a node. Texts and comments count; NULL: there is none. */
const bide_html_node *bide_html_parent(const bide_html_node *node);
const bide_html_node *bide_html_child(const bide_html_node *node); /* the first one */
const bide_html_node *bide_html_last_child(const bide_html_node *node);
const bide_html_node *bide_html_after(const bide_html_node *node);
const bide_html_node *bide_html_before(const bide_html_node *node);

/*
 * The node after `node` in the order of the page, as a walk over all that is inside `within` meets
 * it; NULL: that was all. The walk begins with `within` itself:
 *
 *     for (const bide_html_node *n = within; n != NULL; n = bide_html_walk(n, within))
 *         if (bide_html_type_of(n) == BIDE_HTML_COMMENT)
 *             comments++;
 */
const bide_html_node *bide_html_walk(const bide_html_node *node, const bide_html_node *within);

/* The value of an attribute, "" if it has none; NULL: the element has no such attribute. Names of
 * HTML's attributes may be written with capitals. */
const char *bide_html_attribute(const bide_html_node *node, const char *name);

/* True if the attribute `class` has this word, which is compared exactly. */
bool bide_html_has_class(const bide_html_node *node, const char *name);

typedef struct bide_html_pair {
    const char *name, *value;
} bide_html_pair;

/* Stores the i-th attribute, from 0, in the order of the page. Returns 0, or -ENOENT if there are
 * fewer. */
bide_must_use int bide_html_attribute_at(const bide_html_node *node, size_t i,
                                         bide_html_pair *pair);

/* ---- text ---- */

/*
 * Each of these makes a string that the caller frees by bide_html_text_free; a zero byte follows
 * it. `size` may be NULL. They return 0, or -ENOMEM; then *text is NULL. Of NULL they make "".
 */

/*
 * The text that a reader sees, as a browser's innerText has it without style sheets: white space is
 * collapsed but in <pre> and <textarea>, and removed at the edges of lines and of the whole; <br>
 * ends a line, and so do the edges of blocks (<div>, <li>, <tr>, <h1>...); between paragraphs there
 * is an empty line; cells of a row are separated by tabs. What is not shown is left out: <script>,
 * <style>, <head>, <template>, and elements with the attribute `hidden`; but the text of `node`
 * itself is always in, so the text of a <title> is its title.
 */
bide_must_use int bide_html_text(const bide_html_node *node,
                                 char **text bide_gives(bide_html_text_free), size_t *size);

/* All texts in it, one after another, as they are (textContent). Comments do not count, unless
 * `node` is one. */
bide_must_use int bide_html_all_text(const bide_html_node *node,
                                     char **text bide_gives(bide_html_text_free), size_t *size);

/*
 * HTML again, as the standard serialises it: the element with what is in it, or only what is in it.
 * To parse it again makes the same tree, but for the cases that the standard names (a <pre> that
 * begins with a newline, a form in a form). Not for pages that somebody must be protected from:
 * nothing is removed.
 */
bide_must_use int bide_html_outer(const bide_html_node *node,
                                  char **text bide_gives(bide_html_text_free), size_t *size);
bide_must_use int bide_html_inner(const bide_html_node *node,
                                  char **text bide_gives(bide_html_text_free), size_t *size);

/* Frees a string of the functions above. NULL is ignored. */
void bide_html_text_free(char *text);

/* ---- selectors ---- */

/*
 * What a selector may have, of CSS's Selectors Level 4:
 *
 *   div  *                      elements of that name; all elements
 *   #id  .class                 its id; a word of its class
 *   [name]                      it has the attribute
 *   [name=v]  [name="v"]        its value is v
 *   [name~=v]                   v is a word of the value
 *   [name|=v]                   the value is v, or begins with v and a -
 *   [name^=v] [name$=v] [name*=v]   the value begins with, ends with, contains v
 *   [name=v i]  [name=v s]      with any case of ASCII letters; exactly, which is the default
 *   :root :scope :empty         <html>; the node that is searched; nothing in it but comments
 *   :first-child :last-child :only-child :nth-child(2n+1) :nth-last-child(even)
 *   :first-of-type :last-of-type :only-of-type :nth-of-type(3) :nth-last-of-type(-n+2)
 *   :link :any-link             <a> or <area> with a href
 *   :not(...) :is(...) :where(...)   none, one of a list of selectors
 *   a b   a > b   a + b   a ~ b   b inside a; a child of it; right behind it; behind it
 *   a, b                        one of them
 *
 * Escapes ("\:", "\31 0") and comments are as in CSS. Names of elements and attributes of HTML may
 * have any case; ids and classes must match exactly, and do in any case only where the standard
 * demands it: on a page without <!DOCTYPE html> (quirks mode). Values of attributes match exactly;
 * that a browser compares some of them (type, lang...) in any case is not done here. There are no
 * namespaces, no pseudo-elements, and no pseudo-classes but these.
 */

/*
 * Compiles a selector, for bide_html_select_first and the others. The caller frees it by
 * bide_html_selector_free. `failure` may be NULL; its column is where the mistake is.
 * Errors: -EINVAL (it is no selector, or has something that is not supported), -EMSGSIZE (it is
 * longer than 16 KiB, has more than 8 lists inside each other, or more than 100 compounds in a
 * row), -ENOMEM; then *selector is NULL.
 */
bide_must_use int bide_html_selector_new(const char *text, bide_html_failure *failure,
                                         bide_html_selector **selector
                                             bide_gives(bide_html_selector_free));

/* Frees a selector. NULL is ignored. */
void bide_html_selector_free(bide_html_selector *selector);

/* The first element inside `node` that matches, in the order of the page; `node` itself does not
 * count, but what is above and beside it does, as in "body > p". NULL: there is none. */
const bide_html_node *bide_html_select_first(const bide_html_node *node,
                                             const bide_html_selector *selector);

/*
 * All of them, one after another, in the order of the page. Nothing is allocated, and nothing has
 * to be freed; page and selector must live meanwhile.
 *
 *     bide_html_each each = bide_html_select_all(bide_html_top(html), links);
 *     const bide_html_node *link;
 *     while (bide_html_each_next(&each, &link) > 0)
 *         puts(bide_html_attribute(link, "href"));
 *
 * To look at one element takes time in proportion to the selector and to what is above it or, for
 * a ~ b, before it; never more. Positions, as of :nth-child, are known beforehand.
 */
typedef struct bide_html_each {
    const bide_html_node *within_, *at_;
    const bide_html_selector *selector_;
} bide_html_each;

/* Begins. Of NULL there is nothing. */
bide_html_each bide_html_select_all(const bide_html_node *node, const bide_html_selector *selector);

/* Returns 1 and stores the next element; 0: that was all. */
int bide_html_each_next(bide_html_each *each, const bide_html_node **node);

/* True if the element itself matches. `:scope` is the element. */
bool bide_html_matches(const bide_html_node *node, const bide_html_selector *selector);

/* The first of the element itself and those above it that matches; NULL: there is none. */
const bide_html_node *bide_html_closest(const bide_html_node *node,
                                        const bide_html_selector *selector);

/*
 * Compiles a selector and stores the first element inside `node` that matches it: for a selector
 * that is needed once. Returns 0, -ENOENT (there is none), or an error of bide_html_selector_new;
 * then *found is NULL.
 */
bide_must_use int bide_html_find(const bide_html_node *node, const char *selector,
                                 const bide_html_node **found);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif

/*
 * html_law.h: what holds of any page and any selector, for the fuzzers (tools/html). Without a
 * runtime: the page is parsed by what bide_html_parse calls.
 */
#ifndef BIDE_TESTS_HTML_LAW_H
#define BIDE_TESTS_HTML_LAW_H

#include "extra/html/selector.h"

#include <stdio.h>
#include <stdlib.h>

#define HTML_LAW(condition)                                                 \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

/* ---- pages ---- */

static bide_html *html_law_parse(const void *data, size_t size, const bide_html_options *options)
{
    struct bide__html_work work = {.data = data, .size = size};
    HTML_LAW(bide__html_begin(&work, options) == 0);
    bide__html_do(&work);
    HTML_LAW(work.result == 0 || (work.result == -EMSGSIZE && work.failure.text[0] != 0));
    HTML_LAW((work.result == 0) == (work.html != NULL));
    return work.html;
}

/* Its places, counted one by one. */
static void html_law_places(const bide_html_node *n)
{
    uint32_t nth = 1, nth_type = 1;
    for (const bide_html_node *b = bide_html_before(n); b != NULL; b = bide_html_before(b)) {
        bool same = b->is_html == n->is_html && strcmp(b->text, n->text) == 0;
        nth += b->type == BIDE_HTML_ELEMENT;
        nth_type += b->type == BIDE_HTML_ELEMENT && same;
    }
    HTML_LAW(n->nth == nth && n->nth_type == nth_type);
    nth = nth_type = 1;
    for (const bide_html_node *a = bide_html_after(n); a != NULL; a = bide_html_after(a)) {
        bool same = a->is_html == n->is_html && strcmp(a->text, n->text) == 0;
        nth += a->type == BIDE_HTML_ELEMENT;
        nth_type += a->type == BIDE_HTML_ELEMENT && same;
    }
    HTML_LAW(n->nth_last == nth && n->nth_type_last == nth_type);
}

static void html_law_node(const bide_html_node *n)
{
    size_t size;
    HTML_LAW(strlen(n->text) <= n->size);
    HTML_LAW(bide__html_is_utf8(n->text, n->size));
    HTML_LAW(bide_html_after(bide_html_before(n)) == (n->before ? n : NULL));
    HTML_LAW(bide_html_before(bide_html_after(n)) == (n->after ? n : NULL));
    const bide_html_node *last = bide_html_last_child(n), *c = bide_html_child(n);
    HTML_LAW((last == NULL) == (c == NULL));
    uint32_t inside = 0;
    for (; c != NULL; c = bide_html_after(c)) {
        HTML_LAW(bide_html_parent(c) == n);
        HTML_LAW(bide_html_after(c) != NULL || c == last);
        inside += 1 + c->inside;
    }
    HTML_LAW(inside == n->inside);
    if (n->type == BIDE_HTML_ELEMENT) {
        HTML_LAW(n->size > 0);
        html_law_places(n);
    } else {
        (void)bide_html_data(n, &size);
        HTML_LAW(n->type == BIDE_HTML_PAGE || size == n->size);
    }
    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct bide__html_attribute *a = &n->attributes[i];
        HTML_LAW(a->name_size > 0 && strlen(a->value) == a->value_size);
        HTML_LAW(strcspn(a->name, " \t\n\f\r/>") == a->name_size);
        HTML_LAW(bide__html_attribute_of(n, a->name, a->name_size) == a || !n->is_html);
    }
}

static void html_law_texts(const bide_html *html)
{
    char *text;
    size_t size;
    HTML_LAW(bide_html_text(bide_html_top(html), &text, &size) == 0);
    HTML_LAW(bide__html_is_utf8(text, size) && strlen(text) == size);
    bide_html_text_free(text);
    HTML_LAW(bide_html_all_text(bide_html_top(html), &text, &size) == 0);
    bide_html_text_free(text);
    HTML_LAW(bide_html_outer(bide_html_top(html), &text, &size) == 0);
    bide_html_options options = {.charset = "utf-8"};
    bide_html_free(html_law_parse(text, size, &options));
    bide_html_text_free(text);
}

/* The first byte chooses options. */
static void html_law_page(const uint8_t *data, size_t size)
{
    static const char *const charsets[] = {NULL,        "utf-8",   "windows-1252", "utf-16le",
                                           "shift_jis", "gb18030", "iso-2022-jp",  "euc-kr"};
    bide_html_options options = {0};
    if (size > 0) {
        options.charset = charsets[*data & 7];
        if (*data & 8)
            options = (bide_html_options){.depth_max = 10, .nodes_max = 50, .attributes_max = 3};
        data++;
        size--;
    }
    bide_html *html = html_law_parse(data, size, &options);
    if (html == NULL)
        return;
    uint32_t count = 0;
    const bide_html_node *top = bide_html_top(html);
    for (const bide_html_node *n = top; n != NULL; n = bide_html_walk(n, top)) {
        HTML_LAW(count++ <= top->inside);
        html_law_node(n);
    }
    HTML_LAW(count == top->inside + 1);
    HTML_LAW(strcmp(bide_html_name(bide_html_root(html)), "html") == 0);
    html_law_texts(html);
    bide_html_free(html);
}

/* ---- selectors ---- */

/* Tries all ways. `steps` bounds them: such a selector is let pass. */
static bool html_law_left(const bide_html_node *n, const struct bide__html_compound *c,
                          const bide_html_node *top, unsigned *steps);

static bool html_law_compound(const bide_html_node *n, const struct bide__html_compound *c,
                              const bide_html_node *top, unsigned *steps)
{
    if (n == NULL || n->type != BIDE_HTML_ELEMENT || *steps == 0)
        return false;
    --*steps;
    struct bide__html_compound alone = {.first = c->first};
    struct bide__html_complex complex = {.right = &alone};
    bide_html_selector selector = {.list = &complex};
    bide_html_each each = {top, n - 1, &selector};
    const bide_html_node *found = NULL;
    if (bide_html_each_next(&each, &found) == 0 || found != n)
        return false;
    return c->left == NULL || html_law_left(n, c, top, steps);
}

static bool html_law_left(const bide_html_node *n, const struct bide__html_compound *c,
                          const bide_html_node *top, unsigned *steps)
{
    bool up = c->combinator == ' ' || c->combinator == '>';
    for (const bide_html_node *m = n;;) {
        do
            m = up ? bide_html_parent(m) : bide_html_before(m);
        while (m != NULL && m->type != BIDE_HTML_ELEMENT);
        if (m == NULL)
            return false;
        if (html_law_compound(m, c->left, top, steps))
            return true;
        if (c->combinator == '>' || c->combinator == '+')
            return false;
    }
}

static void html_law_select(const bide_html *html, const bide_html_selector *s)
{
    const bide_html_node *top = bide_html_top(html), *next = NULL;
    bide_html_each each = bide_html_select_all(top, s);
    int rc = bide_html_each_next(&each, &next);
    for (const bide_html_node *n = top + 1; n != NULL; n = bide_html_walk(n, top)) {
        bool matches = false, selected = rc > 0 && next == n;
        unsigned steps = 3000;
        for (const struct bide__html_complex *x = s->list; x != NULL && !matches; x = x->next)
            matches = html_law_compound(n, x->right, top, &steps);
        HTML_LAW(matches == selected || steps == 0);
        if (selected)
            rc = bide_html_each_next(&each, &next);
    }
    HTML_LAW(rc == 0);
}

/* A selector, a line end, and a page; without one, a page of its own. */
static void html_law_selector(const uint8_t *data, size_t size)
{
    static const char own[] =
        "<!doctype html><div class='a b' id=c><p>1<b>2<i>3</i></b></p><p id=d>"
        "<a href=e>f</a><a></a></p></div><ul><li><li class=a><li title='g h'>"
        "</ul><svg><g></g></svg>";
    char *text = malloc(size + 1);
    bide_html_failure why = {0};
    bide_html_selector *s;
    HTML_LAW(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = 0;
    char *end = strchr(text, '\n');
    if (end != NULL)
        *end = 0;
    int rc = bide_html_selector_new(text, &why, &s);
    HTML_LAW(rc == 0 || (why.error == rc && why.text[0] != 0));
    HTML_LAW(rc != -EINVAL || (why.column > 0 && why.column <= strlen(text) + 1));
    if (rc == 0) {
        bide_html *html = end == NULL ? html_law_parse(own, sizeof own - 1, NULL)
                                      : html_law_parse(end + 1, strlen(end + 1), NULL);
        if (html != NULL && html->node_count < 300)
            html_law_select(html, s);
        bide_html_free(html);
    }
    bide_html_selector_free(s);
    free(text);
}

#endif

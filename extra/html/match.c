/*
 * match.c: does an element match a selector?
 *
 * A selector is matched from its right end. Where the way to the left can go on at several
 * elements, a failure says how far back it is of use to try again, so that the work does not grow
 * with the powers of the depth: what failed because nothing was left above, fails for every
 * element below.
 */
#include "selector.h"

typedef struct bide__html_simple simple;
typedef struct bide__html_compound compound;
typedef struct bide__html_complex complex_;

enum outcome {
    MATCHES,
    NOT_HERE,     /* another element beside, or above, may do */
    NOT_IN_ROW,   /* no element beside does; one above may */
    NOT_ANYWHERE, /* no element above does either */
};

static bool matches_list(const bide_html_node *n, const complex_ *list,
                         const bide_html_node *scope);

/* ---- simple selectors ---- */

static bool equals(const char *a, size_t a_size, const char *b, size_t b_size, bool any_case)
{
    return a_size == b_size &&
           (any_case ? bide__html_same(a, b, a_size) : a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool contains(const struct bide__html_attribute *a, const simple *s)
{
    for (size_t at = 0; at + s->value_size <= a->value_size; at++)
        if (equals(a->value + at, s->value_size, s->value, s->value_size, s->any_case))
            return true;
    return false;
}

static bool matches_attribute(const bide_html_node *n, const simple *s)
{
    const struct bide__html_attribute *a = bide__html_attribute_of(n, s->name, s->name_size);
    if (a == NULL || s->kind == BIDE__HTML_HAS)
        return a != NULL;
    size_t size = s->value_size;
    bool fits = size <= a->value_size;
    switch ((int)s->kind) {
    case BIDE__HTML_EQUALS: return equals(a->value, a->value_size, s->value, size, s->any_case);
    case BIDE__HTML_WORD:
        return bide__html_has_word(a->value, a->value_size, s->value, size, s->any_case);
    case BIDE__HTML_DASH:
        return fits && equals(a->value, size, s->value, size, s->any_case) &&
               (a->value_size == size || a->value[size] == '-');
    case BIDE__HTML_BEGIN:
        return fits && size > 0 && equals(a->value, size, s->value, size, s->any_case);
    case BIDE__HTML_END:
        return fits && size > 0 &&
               equals(a->value + a->value_size - size, size, s->value, size, s->any_case);
    default: return size > 0 && contains(a, s);
    }
}

/* place is a*n+b for an n from 0 on. */
static bool is_nth(const simple *s, uint32_t place)
{
    int64_t rest = (int64_t)place - s->b;
    return s->a == 0 ? rest == 0 : rest % s->a == 0 && rest / s->a >= 0;
}

static bool is_empty(const bide_html_node *n)
{
    for (const bide_html_node *c = bide_html_child(n); c != NULL; c = bide_html_after(c))
        if (c->type != BIDE_HTML_COMMENT)
            return false;
    return true;
}

static bool matches_simple(const bide_html_node *n, const simple *s, const bide_html_node *scope)
{
    switch (s->kind) {
    case BIDE__HTML_ANY: return true;
    case BIDE__HTML_NAME: return equals(n->text, n->size, s->name, s->name_size, n->is_html);
    case BIDE__HTML_ID:
        return n->id != NULL &&
               equals(n->id->value, n->id->value_size, s->name, s->name_size, n->is_quirky);
    case BIDE__HTML_CLASS:
        return n->classes != NULL && bide__html_has_word(n->classes->value, n->classes->value_size,
                                                         s->name, s->name_size, n->is_quirky);
    case BIDE__HTML_HAS:
    case BIDE__HTML_EQUALS:
    case BIDE__HTML_WORD:
    case BIDE__HTML_DASH:
    case BIDE__HTML_BEGIN:
    case BIDE__HTML_END:
    case BIDE__HTML_CONTAINS: return matches_attribute(n, s);
    case BIDE__HTML_NTH: return is_nth(s, n->nth);
    case BIDE__HTML_NTH_LAST: return is_nth(s, n->nth_last);
    case BIDE__HTML_NTH_TYPE: return is_nth(s, n->nth_type);
    case BIDE__HTML_NTH_TYPE_LAST: return is_nth(s, n->nth_type_last);
    case BIDE__HTML_ROOT: return bide_html_type_of(bide_html_parent(n)) == BIDE_HTML_PAGE;
    case BIDE__HTML_SCOPE:
        return n == scope ||
               (scope != NULL && scope->type == BIDE_HTML_PAGE && bide_html_parent(n) == scope);
    case BIDE__HTML_EMPTY: return is_empty(n);
    case BIDE__HTML_LINK:
        return (n->tag == GUMBO_TAG_A || n->tag == GUMBO_TAG_AREA) && n->is_html &&
               bide__html_attribute_of(n, "href", 4) != NULL;
    case BIDE__HTML_NOT: return !matches_list(n, s->list, scope);
    case BIDE__HTML_IS: return matches_list(n, s->list, scope);
    }
    return false;
}

/* ---- combinators ---- */

static const bide_html_node *element_before(const bide_html_node *n)
{
    do
        n = bide_html_before(n);
    while (n != NULL && n->type != BIDE_HTML_ELEMENT);
    return n;
}

static const bide_html_node *element_above(const bide_html_node *n)
{
    const bide_html_node *p = bide_html_parent(n);
    return bide_html_type_of(p) == BIDE_HTML_ELEMENT ? p : NULL;
}

static bool is_sideways(char combinator)
{
    return combinator == '+' || combinator == '~';
}

static enum outcome match_compound(const bide_html_node *n, const compound *c,
                                   const bide_html_node *scope);

/* What is to the left of a compound that matches n. */
static enum outcome match_left(const bide_html_node *n, const compound *c,
                               const bide_html_node *scope)
{
    for (;;) {
        n = is_sideways(c->combinator) ? element_before(n) : element_above(n);
        if (n == NULL)
            return is_sideways(c->combinator) ? NOT_IN_ROW : NOT_ANYWHERE;
        enum outcome o = match_compound(n, c->left, scope);
        if (o == MATCHES || o == NOT_ANYWHERE || c->combinator == '+')
            return o;
        if (c->combinator == '>')
            return NOT_IN_ROW;
        if (c->combinator == '~' && o == NOT_IN_ROW)
            return o;
    }
}

static enum outcome match_compound(const bide_html_node *n, const compound *c,
                                   const bide_html_node *scope)
{
    for (const simple *s = c->first; s != NULL; s = s->next)
        if (!matches_simple(n, s, scope))
            return NOT_HERE;
    return c->left == NULL ? MATCHES : match_left(n, c, scope);
}

static bool matches_list(const bide_html_node *n, const complex_ *list, const bide_html_node *scope)
{
    for (; list != NULL; list = list->next)
        if (match_compound(n, list->right, scope) == MATCHES)
            return true;
    return false;
}

/* ---- what the header promises ---- */

bide_html_each bide_html_select_all(const bide_html_node *node, const bide_html_selector *selector)
{
    return (bide_html_each){.within_ = node, .at_ = node, .selector_ = selector};
}

int bide_html_each_next(bide_html_each *each, const bide_html_node **node)
{
    const bide_html_node *n = each->at_;
    while ((n = bide_html_walk(n, each->within_)) != NULL) {
        if (n->type == BIDE_HTML_ELEMENT && matches_list(n, each->selector_->list, each->within_)) {
            *node = each->at_ = n;
            return 1;
        }
    }
    each->at_ = NULL;
    return 0;
}

const bide_html_node *bide_html_select_first(const bide_html_node *node,
                                             const bide_html_selector *selector)
{
    bide_html_each each = bide_html_select_all(node, selector);
    const bide_html_node *found = NULL;
    return bide_html_each_next(&each, &found) > 0 ? found : NULL;
}

bool bide_html_matches(const bide_html_node *node, const bide_html_selector *selector)
{
    return bide_html_type_of(node) == BIDE_HTML_ELEMENT && matches_list(node, selector->list, node);
}

const bide_html_node *bide_html_closest(const bide_html_node *node,
                                        const bide_html_selector *selector)
{
    const bide_html_node *n = bide_html_type_of(node) == BIDE_HTML_ELEMENT ? node : NULL;
    while (n != NULL && !matches_list(n, selector->list, node))
        n = element_above(n);
    return n;
}

int bide_html_find(const bide_html_node *node, const char *selector, const bide_html_node **found)
{
    bide_html_selector *s;
    *found = NULL;
    int rc = bide_html_selector_new(selector, NULL, &s);
    if (rc < 0)
        return rc;
    *found = bide_html_select_first(node, s);
    bide_html_selector_free(s);
    return *found == NULL ? -ENOENT : 0;
}

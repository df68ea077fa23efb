/*
 * node.c: what is asked of a page and its nodes.
 */
#include "internal.h"

const char *bide_html_charset(const bide_html *html, bide_html_source *source)
{
    if (source != NULL)
        *source = html->source;
    return html->charset;
}

/* ---- neighbours ---- */

const bide_html_node *bide_html_top(const bide_html *html)
{
    return html == NULL ? NULL : html->nodes;
}

const bide_html_node *bide_html_root(const bide_html *html)
{
    return html == NULL ? NULL : html->nodes + html->root;
}

const bide_html_node *bide_html_parent(const bide_html_node *node)
{
    return node == NULL || node->parent == 0 ? NULL : node - node->parent;
}

const bide_html_node *bide_html_child(const bide_html_node *node)
{
    return node == NULL || node->inside == 0 ? NULL : node + 1;
}

/* What ends last inside the node is in its last child, at some depth. */
const bide_html_node *bide_html_last_child(const bide_html_node *node)
{
    if (node == NULL || node->inside == 0)
        return NULL;
    const bide_html_node *n = node + node->inside;
    while (n - n->parent != node)
        n -= n->parent;
    return n;
}

const bide_html_node *bide_html_after(const bide_html_node *node)
{
    return node == NULL || node->after == 0 ? NULL : node + node->after;
}

const bide_html_node *bide_html_before(const bide_html_node *node)
{
    return node == NULL || node->before == 0 ? NULL : node - node->before;
}

const bide_html_node *bide_html_walk(const bide_html_node *node, const bide_html_node *within)
{
    if (node == NULL || within == NULL || node < within || node + 1 >= bide__html_end(within))
        return NULL;
    return node + 1;
}

/* ---- what a node is ---- */

bide_html_type bide_html_type_of(const bide_html_node *node)
{
    return node == NULL ? BIDE_HTML_NOTHING : (bide_html_type)node->type;
}

const char *bide_html_name(const bide_html_node *node)
{
    return bide_html_type_of(node) == BIDE_HTML_ELEMENT ? node->text : "";
}

const char *bide_html_data(const bide_html_node *node, size_t *size)
{
    bool has_data = node != NULL && node->type >= BIDE_HTML_TEXT;
    if (size != NULL)
        *size = has_data ? node->size : 0;
    return has_data ? node->text : "";
}

/* ---- attributes ---- */

const struct bide__html_attribute *bide__html_attribute_of(const bide_html_node *node,
                                                           const char *name, size_t size)
{
    for (uint32_t i = 0; i < node->attribute_count; i++) {
        const struct bide__html_attribute *a = &node->attributes[i];
        if (a->name_size == size && (node->is_html ? bide__html_same(a->name, name, size)
                                                   : memcmp(a->name, name, size) == 0))
            return a;
    }
    return NULL;
}

const char *bide_html_attribute(const bide_html_node *node, const char *name)
{
    if (node == NULL)
        return NULL;
    const struct bide__html_attribute *a = bide__html_attribute_of(node, name, strlen(name));
    return a == NULL ? NULL : a->value;
}

int bide_html_attribute_at(const bide_html_node *node, size_t i, bide_html_pair *pair)
{
    if (node == NULL || i >= node->attribute_count)
        return -ENOENT;
    *pair = (bide_html_pair){node->attributes[i].name, node->attributes[i].value};
    return 0;
}

bool bide__html_has_word(const char *text, size_t size, const char *word, size_t word_size,
                         bool any_case)
{
    for (size_t at = 0; at < size;) {
        while (at < size && bide__html_blank(text[at]))
            at++;
        size_t from = at;
        while (at < size && !bide__html_blank(text[at]))
            at++;
        if (at - from == word_size && word_size > 0 &&
            (any_case ? bide__html_same(text + from, word, word_size)
                      : memcmp(text + from, word, word_size) == 0))
            return true;
    }
    return false;
}

bool bide_html_has_class(const bide_html_node *node, const char *name)
{
    return node != NULL && node->classes != NULL &&
           bide__html_has_word(node->classes->value, node->classes->value_size, name, strlen(name),
                               false);
}

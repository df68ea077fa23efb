/*
 * write.c: HTML again, as the HTML standard serialises it.
 */
#include "internal.h"

static bool has_no_end(const bide_html_node *n)
{
    switch (n->tag) {
    case GUMBO_TAG_AREA:
    case GUMBO_TAG_BASE:
    case GUMBO_TAG_BASEFONT:
    case GUMBO_TAG_BGSOUND:
    case GUMBO_TAG_BR:
    case GUMBO_TAG_COL:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_FRAME:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_IMG:
    case GUMBO_TAG_INPUT:
    case GUMBO_TAG_KEYGEN:
    case GUMBO_TAG_LINK:
    case GUMBO_TAG_META:
    case GUMBO_TAG_PARAM:
    case GUMBO_TAG_SOURCE:
    case GUMBO_TAG_TRACK:
    case GUMBO_TAG_WBR: return n->is_html;
    default: return false;
    }
}

/* Its text is not escaped. */
static bool is_raw(const bide_html_node *n)
{
    switch (n->tag) {
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_PLAINTEXT: return n->is_html;
    default: return false;
    }
}

static void add(struct bide__html_out *o, const char *text)
{
    bide__html_out_add(o, text, strlen(text));
}

/* What stands for the bytes at p, and how many they are; NULL: they stand for themselves. */
static const char *escape(const char *p, size_t left, bool in_attribute, size_t *size)
{
    *size = 1;
    switch (*p) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return in_attribute ? "&quot;" : NULL;
    case '\xC2': *size = 2; return left > 1 && p[1] == '\xA0' ? "&nbsp;" : NULL;
    default: return NULL;
    }
}

static void add_escaped(struct bide__html_out *o, const char *text, size_t size, bool in_attribute)
{
    size_t from = 0, skip;
    for (size_t at = 0; at < size; at++) {
        const char *as = escape(text + at, size - at, in_attribute, &skip);
        if (as == NULL)
            continue;
        bide__html_out_add(o, text + from, at - from);
        add(o, as);
        at += skip - 1;
        from = at + 1;
    }
    bide__html_out_add(o, text + from, size - from);
}

static void begin(struct bide__html_out *o, const bide_html_node *n)
{
    add(o, "<");
    bide__html_out_add(o, n->text, n->size);
    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct bide__html_attribute *a = &n->attributes[i];
        add(o, " ");
        bide__html_out_add(o, a->name, a->name_size);
        add(o, "=\"");
        add_escaped(o, a->value, a->value_size, true);
        add(o, "\"");
    }
    add(o, ">");
}

static void write_node(struct bide__html_out *o, const bide_html_node *n)
{
    switch ((bide_html_type)n->type) {
    case BIDE_HTML_ELEMENT: begin(o, n); break;
    case BIDE_HTML_TEXT:
        if (is_raw(n - n->parent))
            bide__html_out_add(o, n->text, n->size);
        else
            add_escaped(o, n->text, n->size, false);
        break;
    case BIDE_HTML_COMMENT:
        add(o, "<!--");
        bide__html_out_add(o, n->text, n->size);
        add(o, "-->");
        break;
    case BIDE_HTML_PAGE:
        if (n->nth > 0) { /* it has a type */
            add(o, "<!DOCTYPE ");
            bide__html_out_add(o, n->text, n->size);
            add(o, ">");
        }
        break;
    case BIDE_HTML_NOTHING: break;
    }
}

static void end(struct bide__html_out *o, const bide_html_node *n)
{
    if (n->type != BIDE_HTML_ELEMENT || has_no_end(n))
        return;
    add(o, "</");
    bide__html_out_add(o, n->text, n->size);
    add(o, ">");
}

static int write_all(const bide_html_node *node, bool outer, char **text, size_t *size)
{
    struct bide__html_out o = {0};
    for (const bide_html_node *n = node; n != NULL; n = bide_html_walk(n, node)) {
        if (outer || n != node)
            write_node(&o, n);
        for (const bide_html_node *e = n, *next = n + 1;
             bide__html_end(e) == next && (outer || e != node); e -= e->parent) {
            end(&o, e);
            if (e == node)
                break;
        }
    }
    return bide__html_out_end(&o, text, size);
}

int bide_html_outer(const bide_html_node *node, char **text, size_t *size)
{
    return write_all(node, true, text, size);
}

int bide_html_inner(const bide_html_node *node, char **text, size_t *size)
{
    return write_all(node, node != NULL && node->type == BIDE_HTML_PAGE, text, size);
}

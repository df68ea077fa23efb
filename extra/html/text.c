/*
 * text.c: the text of a node, as it is, and as a reader sees it.
 *
 * The second one goes over the row once. White space and ends of lines are not written when they
 * come but noted, and written before the next character that is seen: so there is none at the
 * edges, and the larger of several counts.
 */
#include "internal.h"

/* ---- strings that grow ---- */

enum { ROOM = 128 };

void bide__html_out_add(struct bide__html_out *o, const char *data, size_t size)
{
    if (o->failed || size == 0)
        return;
    if (o->room - o->size <= size) {
        size_t room = o->room + o->room / 2 + size + ROOM;
        /* A block of that size could not be freed without its size. */
        room += room == BIDE__DOOR_PAGES;
        char *new = bide__alloc(room);
        if (new == NULL) {
            o->failed = true;
            return;
        }
        if (o->size > 0)
            memcpy(new, o->data, o->size);
        bide__free(o->data, o->room);
        o->data = new;
        o->room = room;
    }
    memcpy(o->data + o->size, data, size);
    o->size += size;
}

int bide__html_out_end(struct bide__html_out *o, char **text, size_t *size)
{
    bide__html_out_add(o, "", 1);
    if (size != NULL)
        *size = o->failed ? 0 : o->size - 1;
    if (o->failed) {
        bide__free(o->data, o->room);
        *text = NULL;
        return -ENOMEM;
    }
    *text = o->data;
    return 0;
}

void bide_html_text_free(char *text)
{
    bide__free(text, 0);
}

/* ---- as it is ---- */

int bide_html_all_text(const bide_html_node *node, char **text, size_t *size)
{
    struct bide__html_out o = {0};
    for (const bide_html_node *n = node; n != NULL; n = bide_html_walk(n, node))
        if (n->type == BIDE_HTML_TEXT || (n == node && n->type == BIDE_HTML_COMMENT))
            bide__html_out_add(&o, n->text, n->size);
    return bide__html_out_end(&o, text, size);
}

/* ---- as it is seen ---- */

enum kind { PLAIN, BLOCK, PARAGRAPH, CELL, LINE_END, HIDDEN, AS_IT_IS };

static bool is_block(const bide_html_node *n)
{
    switch (n->tag) {
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_DIR:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_HGROUP:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_HTML:
    case GUMBO_TAG_LEGEND:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_OPTGROUP:
    case GUMBO_TAG_OPTION:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_UL: return true;
    default: return false;
    }
}

static enum kind kind_of(const bide_html_node *n)
{
    switch (n->tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_DATALIST:
    case GUMBO_TAG_RP: return HIDDEN;
    case GUMBO_TAG_P: return PARAGRAPH;
    case GUMBO_TAG_BR: return LINE_END;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH: return CELL;
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_PLAINTEXT:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_TEXTAREA: return AS_IT_IS;
    default: return is_block(n) ? BLOCK : PLAIN;
    }
}

struct seen {
    struct bide__html_out out;
    unsigned lines; /* ends of lines that are due: of blocks, */
    unsigned ends;  /* and of <br> */
    bool blank;     /* a blank is due */
    bool tab;
    bool begins; /* the line has no characters yet */
    unsigned as_it_is;
};

static void flush(struct seen *s)
{
    unsigned lines = s->lines > s->ends ? s->lines : s->ends;
    if (s->out.size > 0 && lines > 0)
        s->begins = true;
    for (; s->out.size > 0 && lines > 0; lines--)
        bide__html_out_add(&s->out, "\n", 1);
    if (s->tab)
        bide__html_out_add(&s->out, "\t", 1);
    else if (s->blank && !s->begins)
        bide__html_out_add(&s->out, " ", 1);
    s->lines = s->ends = 0;
    s->tab = s->blank = s->begins = false;
}

static void add_seen(struct seen *s, const bide_html_node *n)
{
    if (s->as_it_is > 0) {
        if (n->size > 0)
            flush(s);
        bide__html_out_add(&s->out, n->text, n->size);
        return;
    }
    for (uint32_t at = 0, from; at < n->size;) {
        for (; at < n->size && bide__html_blank(n->text[at]); at++)
            s->blank = true;
        for (from = at; at < n->size && !bide__html_blank(n->text[at]);)
            at++;
        if (at > from) {
            flush(s);
            bide__html_out_add(&s->out, n->text + from, at - from);
        }
    }
}

/* In front of a cell a tab is due: what begins the cell begins no line. */
static void end_line(struct seen *s, unsigned lines)
{
    if (s->tab)
        return;
    s->lines = s->lines > lines ? s->lines : lines;
    s->blank = false;
}

static void begin_cell(struct seen *s, const bide_html_node *n)
{
    if (n->nth <= 1)
        return;
    s->lines = s->ends = 0;
    if (s->tab) /* the cell before is empty */
        bide__html_out_add(&s->out, "\t", 1);
    s->tab = true;
}

/* At the beginning, and at the end, of an element that is seen. */
static void edge(struct seen *s, const bide_html_node *n, bool begins)
{
    switch (kind_of(n)) {
    case PARAGRAPH: end_line(s, 2); break;
    case BLOCK:
        s->tab &= n->tag != GUMBO_TAG_TR;
        end_line(s, 1);
        break;
    case AS_IT_IS:
        if (n->tag != GUMBO_TAG_TEXTAREA)
            end_line(s, 1);
        s->as_it_is += begins ? 1U : -1U;
        break;
    case CELL:
        s->blank = false;
        if (begins)
            begin_cell(s, n);
        break;
    case LINE_END:
        s->ends += begins;
        s->blank = false;
        break;
    case PLAIN:
    case HIDDEN: break;
    }
}

static bool is_hidden(const bide_html_node *n)
{
    return n->type == BIDE_HTML_COMMENT ||
           (n->type == BIDE_HTML_ELEMENT &&
            (kind_of(n) == HIDDEN || bide__html_attribute_of(n, "hidden", 6) != NULL));
}

int bide_html_text(const bide_html_node *node, char **text, size_t *size)
{
    struct seen s = {.begins = true};
    const bide_html_node *n = node, *next;
    while (n != NULL) {
        bool shown = n == node || !is_hidden(n);
        if (shown && n->type == BIDE_HTML_ELEMENT)
            edge(&s, n, true);
        if (n->type == BIDE_HTML_TEXT || (n == node && n->type == BIDE_HTML_COMMENT))
            add_seen(&s, n);
        next = shown ? n + 1 : bide__html_end(n);
        /* What ends here: the node, if nothing is inside, and those that it is the end of. */
        while (n != NULL && bide__html_end(n) == next) {
            if (shown && n->type == BIDE_HTML_ELEMENT)
                edge(&s, n, false);
            shown = true;
            n = n == node ? NULL : n - n->parent;
        }
        if (n != NULL)
            n = next;
    }
    return bide__html_out_end(&s.out, text, size);
}

/*
 * tree.c: gumbo's tree as a row of nodes. It is walked twice: first to count what there is, so that
 * nodes, attributes and strings have three blocks of the right size; then to copy. Then the places
 * of elements among their siblings are counted, so that selectors need not.
 *
 * The walk has a stack of its own, as deep as elements may be, and is where the depth is limited.
 *
 * Texts beside each other, which gumbo makes where white space ends, become one.
 *
 * A mistake of gumbo is mended here: of an attribute that is there twice and has no value the name
 * stays in gumbo's buffer, and the next name is appended to it. Such a name has a blank or a slash
 * in the text of the page, and its end there is the true one.
 */
#include "internal.h"

enum { NAMES_MIN = 64, REPLACED = 3 /* the bytes of U+FFFD */ };

struct step {
    const GumboNode *node;
    unsigned next;  /* child */
    uint32_t index; /* of ours */
    uint32_t last;  /* child of ours; 0: none */
};

/* A name, and how many elements of it there were inside one parent. */
struct name {
    const bide_html_node *first; /* the first one that has it; NULL: free */
    uint64_t hash;
    uint32_t within; /* the parent, and 1 */
    uint32_t count;
};

struct builder {
    struct bide__html_work *work;
    struct step *stack;
    unsigned depth, room;
    bide_html *html;
    size_t nodes, attributes; /* counted, or copied */
    size_t size;
    struct name *names;
    size_t name_count, name_room;
    uint64_t seed;
};

/* ---- pieces of gumbo's tree ---- */

struct piece {
    const char *text;
    size_t size;
    bool raw; /* as the page writes it: with capitals and zero bytes */
};

static bool is_element(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
}

static bool is_text(const GumboNode *n)
{
    return n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA ||
           n->type == GUMBO_NODE_WHITESPACE;
}

static const GumboVector *children_of(const GumboNode *n)
{
    static const GumboVector none = {NULL, 0, 0};
    return is_element(n)                    ? &n->v.element.children
           : n->type == GUMBO_NODE_DOCUMENT ? &n->v.document.children
                                            : &none;
}

static struct piece piece_of(const char *text)
{
    return (struct piece){text, strlen(text), false};
}

static bool is_letter(char c)
{
    return bide__html_lower(c) >= 'a' && bide__html_lower(c) <= 'z';
}

/* "<name ..." as it is in the page. What gumbo skipped, "</>", may stand before it. */
static struct piece original_name(const GumboStringPiece *tag)
{
    size_t from = 0;
    while (from + 2 < tag->length && (tag->data[from] != '<' || !is_letter(tag->data[from + 1])))
        from++;
    struct piece p = {tag->data + from + 1, 0, true};
    while (from + p.size + 1 < tag->length && !bide__html_blank(p.text[p.size]) &&
           p.text[p.size] != '/' && p.text[p.size] != '>')
        p.size++;
    return p;
}

static struct piece name_of(const GumboElement *e)
{
    if (e->tag_namespace == GUMBO_NAMESPACE_SVG && e->original_tag.length > 1) {
        struct piece p = original_name(&e->original_tag);
        const char *svg =
            gumbo_normalize_svg_tagname(&(GumboStringPiece){.data = p.text, .length = p.size});
        if (svg != NULL)
            return piece_of(svg);
    }
    if (e->tag == GUMBO_TAG_UNKNOWN && e->original_tag.length > 1)
        return original_name(&e->original_tag);
    return piece_of(gumbo_normalized_tagname(e->tag));
}

static struct piece attribute_name(const GumboAttribute *a)
{
    const char *from = a->original_name.data;
    size_t size = a->original_name.length, end = size;
    if (a->attr_namespace != GUMBO_ATTR_NAMESPACE_NONE)
        return piece_of(a->name);
    while (end > 0 && (bide__html_blank(from[end - 1]) || from[end - 1] == '/'))
        end--;
    for (size_t i = end; i > 0; i--)
        if (bide__html_blank(from[i - 1]) || from[i - 1] == '/')
            return (struct piece){from + i, end - i, true};
    return piece_of(a->name);
}

static const char *prefix_of(const GumboAttribute *a)
{
    switch (a->attr_namespace) {
    case GUMBO_ATTR_NAMESPACE_XLINK: return "xlink:";
    case GUMBO_ATTR_NAMESPACE_XML: return "xml:";
    case GUMBO_ATTR_NAMESPACE_XMLNS: return strcmp(a->name, "xmlns") == 0 ? "" : "xmlns:";
    case GUMBO_ATTR_NAMESPACE_NONE: break;
    }
    return "";
}

static size_t copied_size(struct piece p)
{
    size_t size = p.size;
    for (size_t i = 0; p.raw && i < p.size; i++)
        size += p.text[i] == 0 ? REPLACED - 1 : 0;
    return size;
}

/* ---- the walk ---- */

enum event { ENTERED, LEFT, ENDED, TOO_DEEP };

static void walk_begin(struct builder *b, const GumboNode *document)
{
    b->depth = 1;
    b->stack[0] = (struct step){.node = document};
}

/* The next event, about the node on the top of the stack; what was left is just above it. */
static enum event walk(struct builder *b)
{
    struct step *top = &b->stack[b->depth - 1];
    const GumboVector *children = children_of(top->node);
    if (top->next == children->length) {
        b->depth--;
        return b->depth == 0 ? ENDED : LEFT;
    }
    const GumboNode *child = children->data[top->next++];
    if (b->depth == b->room)
        return TOO_DEEP;
    b->stack[b->depth++] = (struct step){.node = child};
    return ENTERED;
}

/* The text that was entered goes on with one that is a node already. */
static bool goes_on(const struct builder *b)
{
    const struct step *parent = &b->stack[b->depth - 2];
    return parent->next > 1 && is_text(b->stack[b->depth - 1].node) &&
           is_text(children_of(parent->node)->data[parent->next - 2]);
}

/* ---- counting ---- */

static void count_element(struct builder *b, const GumboElement *e)
{
    b->size += copied_size(name_of(e)) + 1;
    b->attributes += e->attributes.length;
    for (unsigned i = 0; i < e->attributes.length; i++) {
        const GumboAttribute *a = e->attributes.data[i];
        b->size += strlen(prefix_of(a)) + copied_size(attribute_name(a)) + strlen(a->value) + 2;
    }
}

static int count(struct builder *b, const GumboNode *document)
{
    const bide_html_options *o = &b->work->options;
    bide_html_failure *failure = &b->work->failure;
    enum event event;
    b->nodes = 1;
    b->size = strlen(document->v.document.name) + 1;
    walk_begin(b, document);
    while ((event = walk(b)) != ENDED) {
        const GumboNode *n = b->stack[b->depth - 1].node;
        /* The last place is for what is in the deepest element: texts, and comments. */
        if (event == TOO_DEEP || (event == ENTERED && b->depth == b->room && is_element(n)))
            return bide__html_fails(failure, -EMSGSIZE, "elements are nested deeper than %u",
                                    o->depth_max);
        if (event != ENTERED)
            continue;
        if (is_element(n)) {
            if (n->v.element.attributes.length > o->attributes_max)
                return bide__html_fails(failure, -EMSGSIZE,
                                        "an element has more than %u attributes",
                                        o->attributes_max);
            count_element(b, &n->v.element);
        } else {
            b->size += strlen(n->v.text.text) + 1;
        }
        if (!goes_on(b) && b->nodes++ > o->nodes_max)
            return bide__html_fails(failure, -EMSGSIZE, "the page has more than %zu nodes",
                                    o->nodes_max);
    }
    return 0;
}

/* ---- copying ---- */

static void put_byte(struct builder *b, char c)
{
    b->html->strings[b->size++] = c;
}

/* Returns how many bytes there are. */
static size_t put(struct builder *b, struct piece p)
{
    size_t from = b->size;
    if (!p.raw) {
        if (p.size > 0)
            memcpy(b->html->strings + from, p.text, p.size);
        b->size += p.size;
        return p.size;
    }
    for (size_t i = 0; i < p.size; i++) {
        if (p.text[i] != 0) {
            put_byte(b, bide__html_lower(p.text[i]));
            continue;
        }
        memcpy(b->html->strings + b->size, "\xEF\xBF\xBD", REPLACED);
        b->size += REPLACED;
    }
    return b->size - from;
}

static void copy_attribute(struct builder *b, bide_html_node *n, const GumboAttribute *a)
{
    struct bide__html_attribute *own = &b->html->attributes[b->attributes];
    own->name = b->html->strings + b->size;
    own->name_size = (uint32_t)put(b, piece_of(prefix_of(a)));
    own->name_size += (uint32_t)put(b, attribute_name(a));
    put_byte(b, 0);
    /* gumbo knows neither that the name is there already, nor that a name of one NUL is none. */
    if (own->name_size == 0 || bide__html_attribute_of(n, own->name, own->name_size) != NULL)
        return;
    own->value = b->html->strings + b->size;
    own->value_size = (uint32_t)put(b, piece_of(a->value));
    put_byte(b, 0);
    if (strcmp(own->name, "id") == 0)
        n->id = own;
    if (strcmp(own->name, "class") == 0)
        n->classes = own;
    b->attributes++;
    n->attribute_count++;
}

static void copy_element(struct builder *b, bide_html_node *n, const GumboElement *e)
{
    n->type = BIDE_HTML_ELEMENT;
    n->tag = (uint16_t)e->tag;
    n->is_html = e->tag_namespace == GUMBO_NAMESPACE_HTML;
    n->is_quirky = b->html->nodes[0].is_quirky;
    n->size = (uint32_t)put(b, name_of(e));
    put_byte(b, 0);
    n->attributes = b->html->attributes + b->attributes;
    for (unsigned i = 0; i < e->attributes.length; i++)
        copy_attribute(b, n, e->attributes.data[i]);
}

/* Appends to the last string, which belongs to the text before. */
static void append_text(struct builder *b, const GumboNode *from)
{
    bide_html_node *n = &b->html->nodes[b->nodes - 1];
    b->size--;
    n->size += (uint32_t)put(b, piece_of(from->v.text.text));
    put_byte(b, 0);
}

static void copy_node(struct builder *b)
{
    struct step *step = &b->stack[b->depth - 1], *parent = step - 1;
    const GumboNode *from = step->node;
    bide_html_node *n = &b->html->nodes[b->nodes];
    step->index = (uint32_t)b->nodes++;
    n->parent = step->index - parent->index;
    if (parent->last != 0) {
        n->before = step->index - parent->last;
        b->html->nodes[parent->last].after = n->before;
    }
    parent->last = step->index;
    n->text = b->html->strings + b->size;
    if (is_element(from)) {
        copy_element(b, n, &from->v.element);
        if (parent->index == 0 && n->tag == GUMBO_TAG_HTML)
            b->html->root = step->index;
        return;
    }
    n->type = from->type == GUMBO_NODE_COMMENT ? BIDE_HTML_COMMENT : BIDE_HTML_TEXT;
    n->size = (uint32_t)put(b, piece_of(from->v.text.text));
    put_byte(b, 0);
}

static void copy(struct builder *b, const GumboNode *document)
{
    bide_html_node *top = &b->html->nodes[0];
    const GumboDocument *d = &document->v.document;
    enum event event;
    b->nodes = 1;
    b->attributes = b->size = 0;
    top->text = b->html->strings;
    top->size = (uint32_t)put(b, piece_of(d->name));
    put_byte(b, 0);
    top->type = BIDE_HTML_PAGE;
    top->nth = d->has_doctype;
    top->is_quirky = d->doc_type_quirks_mode == GUMBO_DOCTYPE_QUIRKS;
    walk_begin(b, document);
    while ((event = walk(b)) != ENDED) {
        const struct step *left = &b->stack[b->depth];
        if (event == ENTERED && goes_on(b)) {
            append_text(b, b->stack[b->depth - 1].node);
            b->stack[b->depth - 1].index = (uint32_t)b->nodes - 1;
        } else if (event == ENTERED) {
            copy_node(b);
        } else {
            b->html->nodes[left->index].inside = (uint32_t)b->nodes - 1 - left->index;
        }
    }
    top->inside = (uint32_t)b->nodes - 1;
}

/* ---- places among siblings ---- */

static uint64_t hash_of(const struct builder *b, const bide_html_node *n)
{
    uint64_t hash = b->seed ^ n->is_html;
    for (uint32_t i = 0; i < n->size; i++) {
        hash = (hash ^ (unsigned char)n->text[i]) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29;
    }
    return hash;
}

/* The place of a name in the table: its own, or a free one. */
static struct name *place_of(struct name *names, size_t room, const bide_html_node *n,
                             uint64_t hash)
{
    size_t i = hash & (room - 1);
    while (names[i].first != NULL && (names[i].hash != hash || names[i].first->size != n->size ||
                                      names[i].first->is_html != n->is_html ||
                                      memcmp(names[i].first->text, n->text, n->size) != 0))
        i = (i + 1) & (room - 1);
    return &names[i];
}

static int grow_names(struct builder *b)
{
    size_t room = b->name_room > 0 ? b->name_room * 2 : NAMES_MIN;
    struct name *names = bide__alloc(room * sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    memset(names, 0, room * sizeof *names);
    for (size_t i = 0; i < b->name_room; i++)
        if (b->names[i].first != NULL)
            *place_of(names, room, b->names[i].first, b->names[i].hash) = b->names[i];
    bide__free(b->names, b->name_room * sizeof *names);
    b->names = names;
    b->name_room = room;
    return 0;
}

/* How many elements of the same name there are inside the parent so far, this one included. */
static int count_name(struct builder *b, const bide_html_node *n, uint32_t within, uint32_t *number)
{
    if (b->name_count * 2 >= b->name_room && grow_names(b) < 0)
        return -ENOMEM;
    uint64_t hash = hash_of(b, n);
    struct name *name = place_of(b->names, b->name_room, n, hash);
    if (name->first == NULL) {
        *name = (struct name){.first = n, .hash = hash};
        b->name_count++;
    }
    if (name->within != within)
        name->count = 0;
    name->within = within;
    *number = ++name->count;
    return 0;
}

static int number_children(struct builder *b, uint32_t parent)
{
    bide_html_node *first = &b->html->nodes[parent + 1], *last = first;
    uint32_t count = 0, within = parent * 2 + 1;
    int rc = 0;
    for (bide_html_node *n = first; rc == 0; n += n->after) {
        if (n->type == BIDE_HTML_ELEMENT) {
            n->nth = ++count;
            rc = count_name(b, n, within, &n->nth_type);
        }
        last = n;
        if (n->after == 0)
            break;
    }
    count = 0;
    for (bide_html_node *n = last; rc == 0; n -= n->before) {
        if (n->type == BIDE_HTML_ELEMENT) {
            n->nth_last = ++count;
            rc = count_name(b, n, within + 1, &n->nth_type_last);
        }
        if (n->before == 0)
            break;
    }
    return rc;
}

static int number(struct builder *b)
{
    int rc = 0;
    if (bide__door.getrandom(&b->seed, sizeof b->seed, 0) != (ssize_t)sizeof b->seed)
        b->seed = 0;
    for (uint32_t i = 0; rc == 0 && i < b->nodes; i++)
        if (b->html->nodes[i].inside > 0)
            rc = number_children(b, i);
    bide__free(b->names, b->name_room * sizeof *b->names);
    return rc;
}

/* ---- all of it ---- */

static int make(struct builder *b, const GumboNode *document)
{
    bide_html *html = b->html;
    int rc = count(b, document);
    if (rc < 0)
        return rc;
    html->node_count = b->nodes;
    html->attribute_count = b->attributes > 0 ? b->attributes : 1;
    html->string_size = b->size + 1;
    html->nodes = bide__alloc(html->node_count * sizeof *html->nodes);
    html->attributes = bide__alloc(html->attribute_count * sizeof *html->attributes);
    html->strings = bide__alloc(html->string_size);
    if (html->nodes == NULL || html->attributes == NULL || html->strings == NULL)
        return -ENOMEM;
    memset(html->nodes, 0, html->node_count * sizeof *html->nodes);
    copy(b, document);
    return number(b);
}

void bide_html_free(bide_html *html)
{
    if (html == NULL)
        return;
    bide__free(html->nodes, html->node_count * sizeof *html->nodes);
    bide__free(html->attributes, html->attribute_count * sizeof *html->attributes);
    bide__free(html->strings, html->string_size);
    bide__free(html, sizeof *html);
}

int bide__html_tree(struct bide__html_work *w, const GumboOutput *output)
{
    struct builder b = {.work = w, .room = w->options.depth_max + 2};
    b.stack = bide__alloc(b.room * sizeof *b.stack);
    b.html = bide__alloc(sizeof *b.html);
    int rc = -ENOMEM;
    if (b.html != NULL)
        *b.html = (bide_html){0};
    if (b.stack != NULL && b.html != NULL)
        rc = make(&b, output->document);
    bide__free(b.stack, b.room * sizeof *b.stack);
    if (rc == 0)
        w->html = b.html;
    else
        bide_html_free(b.html);
    return rc;
}

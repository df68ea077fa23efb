/*
 * The translation unit as plain C, an item at a time. Requires the unit's items in the order of the
 * text. Establishes the whole text: text between items is copied, items are replaced.
 */
#include "inside.h"

/* The specifiers of an async declaration are not printed; a tag that they define is. */
static void keep_definition(struct output *o, const struct item *item, const struct type *t)
{
    while (t->kind == TY_POINTER || t->kind == TY_FUNCTION || t->kind == TY_ARRAY)
        t = t->base;
    if (!t->tag || t->tag->first < item->first || t->tag->last > item->last)
        return;
    output_text(o, "\n");
    output_tokens(o, NULL, t->tag->first, t->tag->last);
    output_text(o, ";\n");
}

/* In the form to be read, headers are included as they are. So the async functions of headers that
 * this declaration mentions are declared here. */
static void emit_mentions(struct unit *u, struct output *o, struct item *item)
{
    for (uint32_t i = 0; i < item->symbols.count; i++) {
        struct symbol *s = item->symbols.item[i];
        if (output_is_hidden(o, s->token))
            emit_async_declaration(u, o, s);
    }
}

static void emit_item(struct unit *u, struct output *o, struct item *item)
{
    if (output_is_hidden(o, item->first))
        return;
    output_copy(o, item->first);
    if (o->pretty)
        pretty_item(o);
    o->pack = pack_at(o, item->first);
    if (item->kind == ITEM_MENTIONS) {
        emit_mentions(u, o, item);
        return;
    }
    if (item->kind == ITEM_REF) {
        output_text(o, reference_text(u, item->ref));
    } else if (item->kind == ITEM_RUNTIME) {
        output_text(o, "\n");
    } else if (item->kind == ITEM_FUNCTION) {
        if (item->function->is_async)
            keep_definition(o, item, item->function->type->base);
        emit_function(u, o, item->function);
    } else {
        for (uint32_t i = 0; i < item->symbols.count; i++) {
            struct symbol *s = item->symbols.item[i];
            if (i == 0)
                keep_definition(o, item, s->type->base);
            emit_async_declaration(u, o, s);
        }
    }
    output_skip(o, item->last);
}

void emit(struct unit *u, FILE *out, struct emitted *emitted)
{
    struct output *o = output_new(u, out);
    for (uint32_t i = 0; i < u->items.count; i++)
        emit_item(u, o, u->items.item[i]);
    output_end(o);
    *emitted = o->emitted;
}

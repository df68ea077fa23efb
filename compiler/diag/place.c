/*
 * Where a message points to: the part of the line that it marks, the place of a fix-it, and the
 * function round that place.
 */
#include "inside.h"

#include <ctype.h>

bool diag_fixit_place(struct unit *unit, const struct fixit *f, struct spot *at)
{
    /* a `)` stands right after the word before it, not after the blanks */
    bool closes = *f->text == ')' && f->token > 1;
    if (!place_of(unit, closes ? f->token - 1 : f->token, at) || !at->is_written)
        return false;
    at->start += closes ? at->width : 0;
    return true;
}

size_t diag_mark_length(struct unit *unit, const struct message *m, const struct spot *at)
{
    struct spot end;
    if (m->last <= m->first || !at->is_written || !place_of(unit, m->last, &end) ||
        !end.is_written || unit->token[m->last].file != unit->token[m->first].file)
        return at->width;
    if (end.line == at->line)
        return end.start + end.width > at->start ? end.start + end.width - at->start : at->width;
    size_t length = at->length;
    while (length > at->start + 1 && isspace((unsigned char)at->line[length - 1]))
        length--;
    return length - at->start;
}

const struct function *diag_function_at(struct unit *unit, uint32_t token)
{
    struct list *outer = &unit->outer_functions; /* in the order of the text */
    for (uint32_t i = unit->outer_functions_of; i < unit->functions.count; i++) {
        struct function *f = unit->functions.item[i];
        if (!f->outer && f->name)
            list_add(unit->arena, outer, f);
    }
    unit->outer_functions_of = unit->functions.count;
    uint32_t low = 0, high = outer->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (((struct function *)outer->item[middle])->last < token)
            low = middle + 1;
        else
            high = middle;
    }
    const struct function *f = low < outer->count ? outer->item[low] : NULL;
    return f && f->first <= token ? f : NULL;
}

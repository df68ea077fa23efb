/*
 * The place of a token in the file on disk. The preprocessed text keeps lines but not columns,
 * since blanks are collapsed and macros expanded. So the tokens of a line are aligned with the
 * words of the line on disk (place_align.c), once for all messages about that line.
 *
 * The place of a token that came from the body of a macro is the macro's name.
 */
#include "inside.h"

#include <string.h>

struct places {
    uint32_t *group_of; /* number of each token's group, from 1 */
    struct list groups; /* struct group *; a group is aligned when it is first needed */
};

static bool same_line(const struct token *a, const struct token *b)
{
    return a->line == b->line && a->file == b->file;
}

static struct places *find_groups(struct unit *unit)
{
    struct places *p = unit->places;
    if (p)
        return p;
    p = unit->places = arena_alloc(unit->arena, sizeof *p);
    p->group_of = arena_alloc(unit->arena, (unit->token_count + 1) * sizeof *p->group_of);
    struct group *g = NULL;
    for (uint32_t i = 1; i < unit->token_count; i++) {
        const struct token *t = &unit->token[i];
        if (!g || !same_line(g->token, t)) {
            g = arena_alloc(unit->arena, sizeof *g);
            g->token = t;
            list_add(unit->arena, &p->groups, g);
        }
        g->count++;
        p->group_of[i] = p->groups.count;
    }
    return p;
}

/* The token's group, aligned; NULL: its line is not on disk. */
static struct group *group_of(struct unit *unit, uint32_t token)
{
    struct places *p = find_groups(unit);
    uint32_t number = token < unit->token_count ? p->group_of[token] : 0;
    struct group *g = number ? p->groups.item[number - 1] : NULL;
    if (!g || !unit->token[token].start)
        return NULL;
    if (!g->at) {
        const struct group *next = number < p->groups.count ? p->groups.item[number] : NULL;
        place_read_words(unit, g->token, next ? next->token : NULL, &g->words);
        place_align(unit->arena, g);
    }
    return g->words.first_line ? g : NULL;
}

bool place_of(struct unit *unit, uint32_t token, struct spot *out)
{
    struct group *g = group_of(unit, token);
    *out = (struct spot){.width = 1};
    if (!g)
        return false;
    out->text = g->words.first_line;
    if (g->words.count) {
        uint32_t index = (uint32_t)(&unit->token[token] - g->token);
        const struct word *w = &g->words.word[g->at[index]];
        out->text = w->text;
        out->start = w->start;
        out->width = w->length;
        out->is_written = g->written[index];
    }
    out->line = out->text->line;
    out->length = out->text->length;
    out->number = out->text->number;
    return true;
}

const char *place_macro(struct unit *unit, uint32_t token)
{
    struct spot at;
    if (!place_of(unit, token, &at) || at.is_written || !group_of(unit, token)->is_alike ||
        !is_word_char(at.line[at.start]) || (at.line[at.start] & 0x80) ||
        (at.line[at.start] >= '0' && at.line[at.start] <= '9'))
        return NULL;
    return arena_strndup(unit->arena, at.line + at.start, at.width);
}

static uint32_t word_of(const struct unit *unit, const struct group *g, uint32_t token)
{
    return g->at[&unit->token[token] - g->token];
}

/* The bracket that closes the bracket at `token`, or `last` if that comes first. */
static uint32_t closing(const struct unit *unit, uint32_t token, uint32_t last)
{
    int depth = 0;
    for (uint32_t i = token; i < last; i++) {
        const struct token *t = &unit->token[i];
        depth += t->punct == '(' || t->punct == '[' || t->punct == '{';
        depth -= t->punct == ')' || t->punct == ']' || t->punct == '}';
        if (!depth)
            return i;
    }
    return last;
}

bool place_is_written_out(struct unit *unit, uint32_t first, uint32_t last)
{
    const struct group *before = NULL;
    uint32_t next = 0; /* the word that must come next in the group `before` */
    for (uint32_t i = first; i <= last; i++) {
        const struct group *g = group_of(unit, i);
        struct spot at;
        if (!g || !place_of(unit, i, &at) || !at.is_written ||
            (g == before && word_of(unit, g, i) != next))
            return false;
        before = g;
        next = word_of(unit, g, i) + 1;
        uint32_t punct = unit->token[i].punct;
        uint32_t close = punct == '(' || punct == '[' || punct == '{' ? closing(unit, i, last) : i;
        if (close > i) { /* what is inside may come from macros */
            uint32_t partner = g->words.word[next - 1].partner;
            next = partner ? partner - 1 : 0;
            i = close - 1;
            if (!partner)
                before = NULL; /* the bracket closes in another line */
        }
    }
    return true;
}

/*
 * What the names of a block mean: which declarations give a name another meaning than a variable
 * further out has, and where. scan.c notes the declarations; the questions are asked when the whole
 * function has been scanned.
 *
 * A variable cannot be saved at a suspension where its name means something else. And a deferred
 * block, which is at the end of its scope in the output, must not see names that are declared after
 * it.
 */
#include "inside.h"

/* A declaration in a block, from its token to the end of the block. */
struct inner_name {
    uint32_t token, last;
    struct stmt *block;
    struct inner_name *round; /* of the same name, where this one stands; it may have ended */
};

/* A variable that a later declaration may hide. */
struct hidden {
    uint32_t token;
    uint32_t reach; /* the end of its block, or of that of an earlier variable of the name */
};

/* Everything that has one name; both lists by token. */
struct named {
    struct list inner; /* struct inner_name * */
    struct list vars;  /* struct hidden * */
};

/* What a block declares, for the deferred blocks in it. */
struct block_names {
    struct map last_item;   /* by name: where in the list the last declaration of it is */
    struct stmt **variable; /* the last declaration with a type of variable length, or NULL */
};

struct stmt *block_round(struct stmt *s)
{
    for (s = s->parent; s; s = s->parent)
        if (s->kind == S_COMPOUND || s->kind == S_FOR)
            return s;
    return NULL;
}

void note_name(struct lower *l, struct stmt *declaration, const char *name, uint32_t token)
{
    struct inner_name *n = arena_alloc(l->arena, sizeof *n);
    struct stmt *block = block_round(declaration);
    void **named = map_at(l->arena, &l->work->names, name);

    n->token = token;
    n->block = block ? block : l->fn->body;
    n->last = n->block->last;
    if (!*named)
        *named = arena_alloc(l->arena, sizeof(struct named));
    struct list *inner = &((struct named *)*named)->inner;
    list_add(l->arena, inner, n);
    for (uint32_t i = inner->count - 1; i > 0; i--) { /* they mostly come in order */
        struct inner_name *before = inner->item[i - 1];
        if (before->token <= token)
            break;
        inner->item[i] = before;
        inner->item[i - 1] = n;
    }
}

void note_enumerators(struct lower *l, struct stmt *s)
{
    for (uint32_t i = 0; i < l->fn->tag_uses.count; i++) {
        const struct tag_use *use = l->fn->tag_uses.item[i];
        const struct tag *tag = use->tag;
        if (tag->kind != TY_ENUM || tag->first != use->word || use->word < s->first ||
            use->word > s->last)
            continue;
        for (uint32_t k = tag->first + 1; k < tag->last; k++) {
            const struct token *t = &l->unit->token[k];
            if (t->kind == TK_IDENT && (t[-1].punct == '{' || t[-1].punct == ','))
                note_name(l, s, t->text, k);
        }
    }
}

/* ---- what is hidden ---- */

/* Adds a variable of the user to those of its name, if a block declares that name. */
static void add_hidden(struct lower *l, const struct var *v)
{
    struct named *named = *map_at(l->arena, &l->work->names, v->name);
    if (!named)
        return;
    const struct stmt *block = v->stmt ? block_round(v->stmt) : NULL;
    struct hidden *h = arena_alloc(l->arena, sizeof *h);
    h->token = v->token;
    h->reach = block ? block->last : UINT32_MAX;
    list_add(l->arena, &named->vars, h);
    for (uint32_t i = named->vars.count - 1; i > 0; i--) {
        struct hidden *before = named->vars.item[i - 1];
        if (before->token <= h->token)
            break;
        named->vars.item[i] = before;
        named->vars.item[i - 1] = h;
    }
}

/* For the declarations of one name: finds what each is inside, and which of them hide a
 * variable. */
static void settle_name(struct lower *l, struct named *named)
{
    struct inner_name *before = NULL;
    uint32_t vars = 0, reach = 0;

    for (uint32_t i = 0; i < named->inner.count; i++) {
        struct inner_name *n = named->inner.item[i];
        while (before && before->last < n->token)
            before = before->round;
        n->round = before;
        before = n;
        for (; vars < named->vars.count; vars++) {
            const struct hidden *h = named->vars.item[vars];
            if (h->token >= n->token)
                break;
            reach = h->reach > reach ? h->reach : reach;
        }
        struct stmt_info *info = info_of(l, n->block);
        if (reach >= n->token && n->token > info->last_hiding)
            info->last_hiding = n->token;
    }
}

void settle_names(struct lower *l)
{
    for (uint32_t i = 0; i < l->vars.count; i++)
        if (((struct var *)l->vars.item[i])->symbol)
            add_hidden(l, l->vars.item[i]);
    for (uint32_t i = 0; i < l->work->names.room; i++)
        if (l->work->names.key[i] && l->work->names.value[i])
            settle_name(l, l->work->names.value[i]);
}

bool is_shadowed(struct lower *l, const struct var *v, uint32_t token)
{
    const struct named *named =
        l->work->names.count && v->name ? *map_at(l->arena, &l->work->names, v->name) : NULL;
    uint32_t low = 0, high = named ? named->inner.count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (((struct inner_name *)named->inner.item[middle])->token <= token)
            low = middle + 1;
        else
            high = middle;
    }
    const struct inner_name *n = low ? named->inner.item[low - 1] : NULL;
    while (n && n->token > v->token && n->last < token)
        n = n->round;
    return n && n->token > v->token;
}

/* ---- deferred blocks ---- */

static struct block_names *names_of(struct lower *l, struct stmt *block)
{
    struct stmt_info *info = info_of(l, block);
    if (info->names)
        return info->names;
    struct block_names *names = info->names = arena_alloc(l->arena, sizeof *names);
    for (int i = 0; i < block->count; i++)
        for (int k = 0; k < block->list[i]->decl_count; k++) {
            const struct symbol *symbol = block->list[i]->decl[k]->symbol;
            *map_at(l->arena, &names->last_item, symbol->name) = &block->list[i];
            if (symbol->type->variable)
                names->variable = &block->list[i];
        }
    return names;
}

/*
 * True if what follows the deferred block needs a block of its own. The deferred block is printed
 * at the end of the scope. There a later declaration could give another meaning to one of its
 * names, or, if it awaits, to the name of a variable that is saved. And no jump to a label may pass
 * an array of variable length.
 */
bool needs_block(struct lower *l, struct stmt *s, int from)
{
    const struct stmt *defer = l->at->links->defer;
    const struct symbol *owner = l->at->links->symbol;
    bool awaits = defer ? defer->has_await : owner && type_holds_future(owner->type);
    if (from >= s->count)
        return false;
    if (awaits && info_of(l, s)->last_hiding >= s->list[from]->first)
        return true;
    struct block_names *names = names_of(l, s);
    struct stmt **next = &s->list[from];
    if (names->variable && names->variable >= next)
        return true;
    for (uint32_t i = defer ? defer->first : 1; i <= (defer ? defer->last : 0); i++) {
        const char *text = l->unit->token[i].text;
        struct stmt **item = text ? *map_at(l->arena, &names->last_item, text) : NULL;
        if (item && item >= next)
            return true;
    }
    return false;
}

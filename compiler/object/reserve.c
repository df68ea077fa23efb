/*
 * Computes what a task reserves above its root frame, by the runtime's own rule: core/fn.c is a
 * part of the tool. It gets the descriptors that were read, rebuilt as descriptors of the tool. So
 * the answer is the runtime's for every target whose pointers have the tool's size. For other
 * targets there is no answer, since the rule knows the size of a group only on the tool's own
 * target.
 *
 * A callee in another file is found by its name. A callee that no file defines counts nothing; the
 * reserve is then a lower bound.
 */
#include "inside.h"

#include <bide/core.h>
#include <string.h>

struct mirror {
    struct bide_fn fn;
    struct bide_fn_info info;
    uint32_t need;
};

static const struct size_function *exported(const struct list *files, const char *name,
                                            const struct size_function *for_whom)
{
    for (uint32_t i = 0; i < files->count; i++) {
        const struct size_file *file = files->item[i];
        for (uint32_t k = 0; k < file->functions.count; k++) {
            const struct size_function *f = file->functions.item[k];
            if (f->symbol && !f->is_local && f->is_wide == for_whom->is_wide &&
                f->machine == for_whom->machine && !strcmp(f->symbol, name))
                return f;
        }
    }
    return NULL;
}

/* Looks in all files for the callees that the function's own file does not define. True: one of
 * them that has a name is in none. */
static bool resolve(const struct size_function *f, const struct list *files,
                    const struct list *libraries)
{
    bool lacks = false;
    for (uint32_t i = 0; i < f->callee_count; i++) {
        struct size_callee *c = &f->callee[i];
        if (c->function || !c->name)
            continue;
        const struct size_function *to = exported(files, c->name, f);
        c->function = (struct size_function *)(to ? to : exported(libraries, c->name, f));
        lacks |= !c->function;
    }
    return lacks;
}

static void add_mirror(struct arena *arena, struct size_function *f)
{
    struct mirror *m = arena_alloc(arena, sizeof *m);
    m->fn.info = &m->info;
    m->fn.frame_size = f->frame;
    m->fn.args_size = f->args;
    m->fn.frame_align_log2 = f->frame_align_log2;
    m->fn.args_align_log2 = f->args_align_log2;
    m->fn.flags = f->flags;
    f->mirror = m;
}

static void fill_mirror(struct arena *arena, struct size_function *f)
{
    static const struct bide_fn unknown;
    struct mirror *m = (struct mirror *)f->mirror;
    struct bide_callee *callee = arena_alloc(arena, (f->callee_count + 1) * sizeof *callee);
    for (uint32_t i = 0; i < f->callee_count; i++) {
        const struct size_function *to = f->callee[i].function;
        callee[i].fn = to && to->mirror ? to->mirror : &unknown;
        callee[i].group = f->callee[i].group;
    }
    m->info.callees = callee;
    m->info.callee_count = (uint16_t)f->callee_count;
    m->info.need = &m->need;
}

static void meet(struct arena *arena, struct list *met, struct size_function *f)
{
    if (f->is_met)
        return;
    f->is_met = true;
    list_add(arena, met, f);
}

/* Adds the callees of f to those that were met. */
static void meet_callees(struct arena *arena, struct list *met, const struct size_function *f)
{
    for (uint32_t i = 0; i < f->callee_count; i++)
        if (f->callee[i].function)
            meet(arena, met, f->callee[i].function);
}

static void forget(const struct list *met)
{
    for (uint32_t i = 0; i < met->count; i++)
        ((struct size_function *)met->item[i])->is_met = false;
}

/* The name of the first callee, on any path from f, that was not found; "" if it has no name. NULL:
 * all were found. */
static const char *missing_from(struct arena *arena, struct size_function *f)
{
    struct list met = {0};
    const char *missing = NULL;
    meet(arena, &met, f);
    for (uint32_t i = 0; i < met.count && !missing; i++) {
        struct size_function *g = met.item[i];
        for (uint32_t k = 0; k < g->callee_count && !missing; k++)
            if (!g->callee[k].function)
                missing = g->callee[k].name ? g->callee[k].name : "";
        meet_callees(arena, &met, g);
    }
    forget(&met);
    return missing;
}

static void find_reserve(struct arena *arena, struct size_function *f)
{
    const struct mirror *m = f->mirror;
    size_t align = (size_t)1 << f->frame_align_log2;
    if (!f->has_descriptor || f->is_wide != (sizeof(void *) == 8))
        return;
    size_t pad = align > BIDE_FRAME_UNIT ? align - BIDE_FRAME_UNIT : 0;
    size_t frame = ((size_t)f->frame + BIDE_FRAME_UNIT - 1) / BIDE_FRAME_UNIT * BIDE_FRAME_UNIT;
    f->has_reserve = true;
    f->reserve = (uint32_t)(bide_fn_room(&m->fn) - frame - pad);
    f->missing = missing_from(arena, f);
    f->is_least = f->missing && f->reserve < BIDE_RESERVE_MAX;
}

/* Is the name one of a function of bide's own libraries? */
static bool is_of_library(const char *name)
{
    return !strncmp(name, "bide_", 5);
}

/* The functions of the files, and all that they may come to. */
static struct list reach(struct arena *arena, const struct list *files,
                         const struct list *libraries, bool *wants_library)
{
    struct list met = {0};
    *wants_library = false;
    for (uint32_t i = 0; i < files->count; i++) {
        const struct size_file *file = files->item[i];
        for (uint32_t k = 0; k < file->functions.count; k++)
            meet(arena, &met, file->functions.item[k]);
    }
    for (uint32_t i = 0; i < met.count; i++) {
        const struct size_function *f = met.item[i];
        bool lacks = resolve(f, files, libraries);
        for (uint32_t k = 0; k < f->callee_count && lacks; k++)
            *wants_library |=
                !f->callee[k].function && f->callee[k].name && is_of_library(f->callee[k].name);
        meet_callees(arena, &met, f);
    }
    forget(&met);
    return met;
}

bool size_wants_library(struct arena *arena, const struct list *files, const struct list *libraries)
{
    bool wants;
    (void)reach(arena, files, libraries, &wants);
    return wants;
}

void size_find_reserves(struct arena *arena, const struct list *files, const struct list *libraries)
{
    bool unused;
    struct list all = reach(arena, files, libraries, &unused);
    for (uint32_t i = 0; i < all.count; i++)
        add_mirror(arena, all.item[i]);
    for (uint32_t i = 0; i < all.count; i++)
        fill_mirror(arena, all.item[i]);
    for (uint32_t i = 0; i < files->count; i++) {
        const struct size_file *file = files->item[i];
        for (uint32_t k = 0; k < file->functions.count; k++)
            find_reserve(arena, file->functions.item[k]);
    }
}

/*
 * #pragma pack. Structs of blocks that move to file scope keep the packing of their place.
 * Generated structs (frames, arguments, jobs) are never packed, whatever is in effect at the place
 * of the function: other files must find the same arguments, and a packed frame would misalign its
 * members.
 *
 * The compilers keep a stack: pack(N), pack(), pack(push), pack(push, N), pack(pop). A push may
 * have a name, and a pop with that name goes back to it. 0 means no packing.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, LABEL_MAX = 32 };

/* The packing from a place in the text on. */
struct pack {
    const char *at;
    int value;
};

static const char word[] = "#pragma pack";

struct packing {
    int value, depth;
    struct {
        int value;
        char name[LABEL_MAX];
    } saved[DEPTH_MAX];
};

static void pop(struct packing *p, const char *name)
{
    int depth = p->depth;
    if (depth == 0)
        return;
    while (*name && depth > 0 && strcmp(p->saved[depth - 1].name, name) != 0)
        depth--;
    if (depth == 0)
        return;
    p->depth = depth - 1;
    if (p->depth < DEPTH_MAX)
        p->value = p->saved[p->depth].value;
}

static void push(struct packing *p, const char *name)
{
    if (p->depth < DEPTH_MAX) {
        p->saved[p->depth].value = p->value;
        strcpy(p->saved[p->depth].name, name);
        p->depth++;
    }
}

/* Obeys the arguments in the parentheses, from `s` on. */
static void apply(struct packing *p, const char *s)
{
    char part[3][LABEL_MAX] = {"", "", ""}, *name = part[1];
    int count = 0;
    for (; *s && *s != ')' && *s != '\n' && count < 3; count++) {
        size_t n = 0;
        s += strspn(s, " \t");
        for (; *s && !strchr(", \t)\n", *s); s++)
            if (n < LABEL_MAX - 1)
                part[count][n++] = *s;
        s += strspn(s, " \t");
        if (*s == ',')
            s++;
    }
    int value = atoi(part[count > 0 ? count - 1 : 0]);
    bool named = !(*name >= '0' && *name <= '9');
    if (strcmp(part[0], "push") == 0) {
        push(p, named ? name : "");
        if (value)
            p->value = value;
    } else if (strcmp(part[0], "pop") == 0) {
        pop(p, named ? name : "");
        if (value)
            p->value = value;
    } else {
        p->value = value;
    }
}

static void find_changes(struct output *o)
{
    struct unit *u = o->unit;
    struct packing p = {0};
    o->packs_known = true;
    for (const char *s = u->text; (s = strstr(s, word)); s++) {
        const char *open = s + sizeof word - 1;
        open += strspn(open, " \t");
        if (*open != '(' || (s != u->text && s[-1] != '\n'))
            continue;
        apply(&p, open + 1);
        struct pack *change = arena_alloc(u->arena, sizeof *change);
        *change = (struct pack){s, p.value};
        list_add(u->arena, &o->packs, change);
    }
}

int pack_at(struct output *o, uint32_t token)
{
    int value = 0;
    if (!o->packs_known)
        find_changes(o);
    for (uint32_t i = 0; i < o->packs.count; i++) {
        const struct pack *change = o->packs.item[i];
        if (change->at > o->unit->token[token].start)
            break;
        value = change->value;
    }
    return value;
}

void pack_begin(struct output *o, int wanted)
{
    if (wanted == o->pack)
        return;
    output_directive(o, wanted ? arena_printf(o->unit->arena, "#pragma pack(push, %d)", wanted)
                               : "#pragma pack(push)");
    if (!wanted)
        output_directive(o, "#pragma pack()");
}

void pack_end(struct output *o, int wanted)
{
    if (wanted != o->pack)
        output_directive(o, "#pragma pack(pop)");
}

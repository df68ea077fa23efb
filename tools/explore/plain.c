/*
 * plain.c: ordinary accesses. Two accesses of different threads to the same byte, of which one is a
 * write and one is not atomic, must be ordered by happens-before: otherwise there is a race, which
 * is found in whatever order the two are executed.
 */
#include "inside.h"

#include <sys/mman.h>

/* An access: to `size` bytes from `offset` on in its word. */
struct cell {
    struct cell *next;
    uintptr_t pc;
    uint32_t tick;
    uint8_t thread, offset, size, kind;
    bool frees;
};

enum { WORDS = 1 << 18 }; /* a power of two */

static struct word *table;
static struct word *touched;
static unsigned words;

void plain_begin(void)
{
    if (table == NULL) {
        table = mmap(NULL, WORDS * sizeof(*table), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (table == MAP_FAILED)
            abort();
    }
    touched = NULL;
    words = 0;
}

/* What was before is ordered before all that follows. */
void plain_forget_all(void)
{
    run_number++; /* the words belong to another execution */
    touched = NULL;
    words = 0;
}

struct word *word_of(uintptr_t address)
{
    uintptr_t key = address >> 3;
    for (size_t i = mix(key, 0);; i++) {
        struct word *w = &table[i & (WORDS - 1)];
        if (w->run == run_number && w->address == key)
            return w;
        if (w->run == run_number)
            continue;
        if (++words > WORDS / 2)
            fail("the execution uses too much memory for the explorer");
        *w = (struct word){.address = key, .run = run_number, .next = touched};
        return touched = w;
    }
}

static const char *kind_name(const struct cell *c)
{
    static const char *const names[] = {"read", "write", "atomic read", "atomic write"};
    return c->frees ? "free" : names[c->kind];
}

static void report_race(const struct cell *a, const struct cell *b, uintptr_t address)
{
    char one[256];
    snprintf(one, sizeof(one), "%s", place(a->pc));
    fail("race on %s: %s by thread %d at %s, and %s by thread %d at %s", name_of(address),
         kind_name(a), a->thread, one, kind_name(b), b->thread, place(b->pc));
}

static bool conflict(const struct cell *a, const struct cell *b)
{
    bool writes = (a->kind | b->kind) & 1, atomic = a->kind >= 2 && b->kind >= 2;
    return writes && !atomic && a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static void access_word(uintptr_t address, struct cell *new)
{
    struct thread *t = run.current;
    struct word *w = word_of(address);
    struct cell *same = NULL;
    for (struct cell *c = w->cells; c != NULL; c = c->next) {
        if (c->thread == new->thread) {
            if (c->offset == new->offset && c->size == new->size && c->kind == new->kind)
                same = c;
        } else if (conflict(c, new) && c->tick > t->now.hb[c->thread]) {
            report_race(c, new, address);
        }
    }
    if (new->kind == PLAIN_WRITE)
        for (struct location *l = w->locations; l != NULL; l = l->next)
            if (l->address < address + new->size && address < l->address + l->size)
                l->overwritten = true;
    if (same == NULL) {
        same = run_alloc(sizeof(*same));
        *same = *new;
        same->next = w->cells;
        w->cells = same;
    }
    same->tick = new->tick;
    same->pc = new->pc;
    same->frees = new->frees;
}

static void access_range(uintptr_t address, size_t size, int kind, uintptr_t pc, bool frees)
{
    struct thread *t = run.current;
    int id = thread_id(t);
    while (size > 0) {
        size_t part = 8 - (address & 7);
        part = part < size ? part : size;
        struct cell c = {.pc = pc,
                         .tick = t->now.hb[id],
                         .thread = (uint8_t)id,
                         .offset = address & 7,
                         .size = (uint8_t)part,
                         .kind = (uint8_t)kind,
                         .frees = frees};
        access_word(address, &c);
        address += part;
        size -= part;
    }
}

void plain_access(uintptr_t address, size_t size, int kind, uintptr_t pc)
{
    struct thread *t = run.current;
    if (t == NULL || fiber_is_local(address))
        return;
    if (kind < ATOMIC_READ) {
        heap_check(address, size, kind == PLAIN_WRITE ? "a write" : "a read", pc);
        if (kind == PLAIN_WRITE)
            spin_forget(t);
        t->sum += mix(address, pc);
    }
    if (run.blurred)
        return;
    access_range(address, size, kind, pc, false);
}

/* Nobody may be about to use it. Only words that were used matter. */
void plain_freed(uintptr_t address, size_t size, uintptr_t pc)
{
    for (struct word *w = touched, *next; w != NULL; w = next) {
        next = w->next;
        if ((w->address << 3) - address < size)
            access_range(w->address << 3, 8, PLAIN_WRITE, pc, true);
    }
}

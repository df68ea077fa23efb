/* Addresses of locals that are given to tasks, returned or stored. */
#include <bide/bide.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct conn {
    int fd;
    int *seen;
    struct conn *next;
    char name[8];
};

static int *global;
static struct conn *list;

async int serve(struct conn *c);
async int by_value(struct conn c);
async int count(int *n);
async int text(const char *s);
async int number(uintptr_t n);
int lends(struct conn *c);
void changes(int **p);
int cond(void);

/* ---- spawned ---- */

static async int aliases(int k, int parameter)
{
    int n = 0, m = 0, a[4] = {0};
    int *p = &n, *q = p, *r = a, *none = NULL;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    bide_spawn(count(q)); /* want: -Wbide-borrow */
    bide_spawn(count(r)); /* want: -Wbide-borrow */
    bide_spawn(count(r + 1)); /* want: -Wbide-borrow */
    bide_spawn(count(&r[2])); /* want: -Wbide-borrow */
    bide_spawn(count((int *)(void *)q)); /* want: -Wbide-borrow */
    bide_spawn(number((uintptr_t)q)); /* want: -Wbide-borrow */
    p = &parameter;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    p = k ? &n : &m;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    p = k ? &n : NULL;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    p = a;
    p++;
    p += 2;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    if (k)
        none = &n;
    bide_spawn(count(none)); /* want: -Wbide-borrow */
    if (k)
        p = &n;
    else
        p = &m;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    return n;
}

static async int not_local(int k, int *given)
{
    static int kept;
    int n = 0, *p = &kept, *q = given, *heap = malloc(sizeof *heap);
    bide_spawn(count(p));
    bide_spawn(count(q));
    bide_spawn(count(heap));
    p = &n;
    p = given;
    bide_spawn(count(p));
    p = &n;
    if (k)
        p = given;
    bide_spawn(count(p)); /* only on one way */
    p = &n;
    changes(&p);
    bide_spawn(count(p));
    const char *s = "text";
    bide_spawn(text(s));
    bide_spawn(number((uintptr_t)n));
    return n;
}

static async int structs(struct conn *given)
{
    int n = 0;
    struct conn c = {0}, *p = &c, args = {.seen = &n}, later, *heap = malloc(sizeof *heap);
    bide_spawn(serve(p)); /* want: -Wbide-borrow */
    bide_spawn(text(p->name)); /* want: -Wbide-borrow */
    bide_spawn(count(&p->fd)); /* want: -Wbide-borrow */
    bide_spawn(by_value(args)); /* want: -Wbide-borrow */
    later.fd = 1;
    later.seen = &n;
    bide_spawn(by_value(later)); /* want: -Wbide-borrow */
    bide_spawn(count(later.seen)); /* want: -Wbide-borrow */
    later.seen = NULL;
    bide_spawn(by_value(later));
    heap->seen = &n;
    bide_spawn(serve(heap)); /* want: -Wbide-borrow */
    heap->seen = NULL;
    bide_spawn(serve(heap));
    bide_spawn(serve(given));
    bide_spawn(serve(given->next));
    return n;
}

static async int loops(int k)
{
    for (int i = 0; i < k; i++) {
        struct conn c = {i, 0, 0, ""}, *p = &c;
        bide_task_detach(bide_spawn(serve(p))); /* want: -Wbide-borrow */
    }
    int *p = NULL, n = 0;
again:
    if (k--) {
        p = &n;
        goto again;
    }
    bide_spawn(count(p)); /* want: -Wbide-borrow */
    {
        int inner = 0;
        p = &inner;
        bide_spawn(count(p)); /* want: -Wbide-borrow */
    }
    struct conn *walk = list;
    while (walk) {
        bide_spawn(serve(walk));
        walk = walk->next;
    }
    bide_spawn(bide_async({ await bide_sleep(BIDE_MS(1)); }));
    return n;
}

static async int scopes(void)
{
    int n = 0, *p = &n;
    bide_scope(s)
    {
        int *q = p;
        bide_scope_spawn(s, count(p));
        bide_scope_spawn(s, count(q));
        {
            int inner = 0, *r = &inner;
            bide_scope_spawn(s, count(r)); /* want: -Wbide-borrow */
            r = p;
            bide_scope_spawn(s, count(r));
            inner++;
        }
    }
    return n;
}

static async int blocking(void)
{
    struct conn c = {0}, *p = &c;
    bide_spawn_blocking(lends(p)); /* want: -Wbide-borrow */
    return await bide_blocking(lends(p));
}

static void from_plain_c(void)
{
    int n = 0, *p = &n;
    bide_spawn(count(p)); /* want: -Wbide-borrow */
}

/* ---- returned ---- */

static async int *array(int id)
{
    int b[64];
    b[3] = id;
    await bide_sleep(BIDE_MS(1));
    return b; /* want: -Wreturn-local-addr */
}

static async const char *address(int k)
{
    char a[8] = "", b[8] = "", *p = a;
    struct conn c = {0}, *q = &c;
    await bide_yield();
    if (k == 1)
        return &a[2]; /* want: -Wreturn-local-addr */
    if (k == 2)
        return p; /* want: -Wreturn-local-addr */
    if (k == 3)
        return k ? p : b; /* want: -Wreturn-local-addr */
    if (k == 4)
        return c.name; /* want: -Wreturn-local-addr */
    if (k == 5)
        return q->name; /* want: -Wreturn-local-addr */
    if (k == 6)
        return (char[]){"abc"}; /* want: -Wreturn-local-addr */
    if (k == 7)
        return p + 1; /* want: -Wreturn-local-addr */
    if (k == 8)
        return p ? "yes" : NULL;
    static char kept[8];
    p = kept;
    return p;
}

static async int *parameter(int n)
{
    await bide_yield();
    return &n; /* want: -Wreturn-local-addr */
}

static async struct conn whole(int k)
{
    int n = 0;
    struct conn c = {.fd = k}, with = {.seen = &n};
    await bide_yield();
    if (k)
        return c;
    return with; /* want: -Wreturn-local-addr */
}

static async int values(struct conn *given)
{
    int a[4] = {1}, *p = a;
    await bide_yield();
    return p[0] + *p + (p != NULL) + given->fd;
}

static async struct conn *found(struct conn *c)
{
    struct conn *p = c;
    await bide_yield();
    while (p->next)
        p = p->next;
    return p;
}

/* ---- stored ---- */

static async int stores(int **out, struct conn *given, int k)
{
    int n = 0, a[2] = {0};
    await bide_yield();
    if (k == 1) {
        *out = &n; /* want: -Wbide-dangling */
        return 1;
    }
    if (k == 2) {
        given->seen = a; /* want: -Wbide-dangling */
        return 2;
    }
    if (k == 3) {
        global = &n; /* want: -Wbide-dangling */
        return 3;
    }
    *out = a; /* want: -Wbide-dangling */
    await bide_sleep(BIDE_MS(1));
    return n;
}

static async int takes_back(int **out, struct conn *given, int k)
{
    int n = 0;
    struct conn c = {0}, *p = &c;
    *out = &n;
    await bide_sleep(BIDE_MS(1));
    *out = NULL;
    global = &n;
    defer { global = NULL; }
    given->next = &c;
    lends(given);
    list = &c;
    await serve(given); /* which takes it from the list */
    p->seen = &n;
    struct conn *heap = malloc(sizeof *heap);
    heap->seen = &n;
    free(heap);
    if (k)
        given->seen = &n;
    given->seen = NULL;
    return n;
}

static async int in_memory(int k)
{
    int n = 0;
    await bide_yield();
    struct conn *heap = malloc(sizeof *heap);
    heap->next = list;
    list = heap;
    heap->seen = &n; /* want: -Wbide-dangling */
    return n + k;
}

int main(void)
{
    struct conn c = {0};
    int *p = NULL;
    from_plain_c();
    return bide_block_on(aliases(1, 2)) + bide_block_on(not_local(1, p)) +
           bide_block_on(structs(&c)) + bide_block_on(loops(1)) + bide_block_on(scopes()) +
           bide_block_on(blocking()) + *bide_block_on(array(1)) + *bide_block_on(address(1)) +
           *bide_block_on(parameter(1)) + bide_block_on(whole(1)).fd + bide_block_on(values(&c)) +
           bide_block_on(found(&c))->fd + bide_block_on(stores(&p, &c, 1)) +
           bide_block_on(takes_back(&p, &c, 1)) + bide_block_on(in_memory(1));
}

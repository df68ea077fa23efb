/*
 * Used by the programs of lifetimes.sh. Callees overwrite the dead part of the C stack before and
 * after they pause, so that a pointer to memory of a dead stack frame is found.
 */
#include <alloca.h>
#include <bide/bide.h>
#include <stdio.h>
#include <string.h>

struct pair { int a[2]; };
struct wrapped { char before; struct pair s; };
struct grid { int rows[2][2]; };
struct hold { int *p; };
union both { long long n; int a[2]; };
static volatile int one = 1;
static int count, table[64];

static __attribute__((noinline)) int scribble(void)
{
    volatile unsigned char room[6000];
    memset((void *)room, 0x5a, sizeof room);
    return room[17];
}
static __attribute__((noinline)) struct pair make(int a, int b) { return (struct pair){{a, b}}; }
static struct wrapped wrap(int a, int b) { return (struct wrapped){'a', {{a, b}}}; }
static struct grid grid(int a, int b) { return (struct grid){{{a, b}, {1, 2}}}; }
static int *keep(int *p) { return p; }
static inline int *fill(int *p) { p[0] = 10; p[1] = 20; return p; }
static int plain(int n, const int *p) { scribble(); return n + p[0] + p[1]; }
static int plain2(const int *p, int n) { scribble(); return n + p[0] + p[1]; }
static async int later(int n) { scribble(); await bide_yield(); scribble(); return n; }
static async int never(void)
{
    for (;;)
        await bide_sleep(BIDE_S(1000));
}
static async struct pair amake(int a, int b) { await later(1); return (struct pair){{a, b}}; }
static async struct wrapped awrap(int a, int b) { await later(1); return wrap(a, b); }
static async int sum(int n, const int *p)
{
    scribble();
    int first = p[0];
    await bide_yield();
    scribble();
    await bide_yield();
    return n + first + p[1];
}
static async int both2(const int *p, int n) { int r = await sum(n, p); return r + await sum(-30, p); }
static async int both3(int m, const int *p, int n) { return await sum(m + n, p); }
static async struct pair made(const int *p) { int n = await sum(0, p); return (struct pair){{n, 0}}; }
typedef bide_async_fn(int, int, const int *) sum_type;
typedef bide_async_fn(struct pair, int, int) make_type;
static const sum_type sum_ref = bide_ref(sum);
static const make_type make_ref = bide_ref(amake);

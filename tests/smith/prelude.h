/*
 * The beginning of every program of awaitsmith: types, checksums and async helpers. Each helper may
 * suspend, as the mode says:
 *
 *   PROGRAM [MODE [SEED [CASE]]]
 *
 *   MODE 0   never
 *        1   each time
 *        2   at random
 *        3   one to three times
 *        4   at random, now and then until another thread wakes it
 *
 * tally() adds to a sum that does not depend on the order of calls. The checksum of trace() does,
 * so only owners of the world may call it. SMITH_TRACE=1 prints the arguments of both.
 */
#if defined(__BIDE__) || defined(SMITH_FORMS)
#include <bide/bide.h>
#include <bide/testing.h>
#else
#define async
#define await
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct S {
    int x;
    short y;
    unsigned b : 5;
    signed c : 6;
    unsigned char z;
    long long w;
};
struct P {
    struct S s;
    int a[4];
    double d;
    unsigned u;
};
union U {
    unsigned u;
    unsigned char c[4];
    unsigned short h;
};
struct C {
    const int k;
    unsigned v;
};
struct __attribute__((packed)) K {
    signed char t;
    int x;
    short y;
    unsigned u;
    long long w;
};
struct B {
    int a[40];
    struct S b[4];
    double d;
    unsigned u;
};

#define PICK(c, a, b) ((c) ? (a) : (b))
#define BOTH(a, b)    ((a) + (b))
#define MOST(a, b)    ((a) > (b) ? (a) : (b))
#define AGAIN(e)      ((void)(e), (e) + 0)
#define REPEAT(n, ...)                             \
    for (int round_ = 0; round_ < (n); round_++) { \
        __VA_ARGS__                                \
    }
#define UNLESS(c) \
    if (c) {      \
    } else
#define INTO(place, call)     \
    do {                      \
        (place) = await call; \
    } while (0)
#define SWAP_INTS(a, b) \
    do {                \
        int t_ = (a);   \
        (a) = (b);      \
        await rest();   \
        (b) = t_;       \
    } while (0)
#define SQUARE(e)                             \
    ({                                        \
        int square_ = await id_i((e) % 1000); \
        square_ *square_;                     \
    })
#define LATER(e)      \
    ({                \
        int e_ = (e); \
        await rest(); \
        e_;           \
    })

static int g_i, g_a[4];
static unsigned g_u;
static struct S g_S;
static uint64_t tally_sum, trace_hash;
static int printing, rest_mode;
static volatile int zero;
static uint32_t rest_random;

static uint64_t mix(uint64_t id, uint64_t v)
{
    uint64_t z = (v + 0x9e3779b97f4a7c15u) * (id * 2 + 1);
    z = (z ^ z >> 29) * 0xbf58476d1ce4e5b9u;
    return z ^ z >> 32;
}

static void tally(int id, long long v)
{
    if (printing)
        printf("  %d: %lld\n", id, v);
    tally_sum += mix((uint64_t)id, (uint64_t)v);
}

static void tally_d(int id, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    tally(id, (long long)bits);
}

static void tally_S(int id, struct S s)
{
    tally(id, s.x + s.y * 3LL + (int)s.b * 5 + s.c * 7 + s.z * 11 + s.w * 13);
}

static void tally_P(int id, struct P p)
{
    tally_S(id, p.s);
    tally(id, p.a[0] + p.a[1] * 3LL + p.a[2] * 5LL + p.a[3] * 7LL + p.u * 11LL);
    tally_d(id, p.d);
}

static void tally_K(int id, struct K k)
{
    tally(id, k.t + k.x * 3LL + k.y * 5LL + k.u * 7LL + k.w * 11);
}

static void tally_B(int id, const volatile struct B *b)
{
    tally(id, b->a[0] + b->a[1] * 3LL + b->a[2] * 5LL + b->a[3] * 7LL + b->u * 11LL);
    tally_S(id, b->b[1]);
    tally_S(id, b->b[2]);
    tally_d(id, b->d);
}

static void trace(int id, long long v)
{
    if (printing)
        printf("  trace %d: %lld\n", id, v);
    trace_hash = mix((uint64_t)id, trace_hash ^ (uint64_t)v);
}

static double fold(double d)
{
    return d > 1e6 || d < -1e6 ? 0.5 : d;
}

#ifdef __BIDE__
static void rest_elsewhere(void)
{
}
#endif

static async void rest(void)
{
#ifdef __BIDE__
    rest_random = rest_random * 1664525u + 1013904223u;
    if (rest_mode == 4) {
        if (rest_random >> 27 == 0)
            await bide_blocking(rest_elsewhere());
        else if (rest_random >> 31)
            await bide_yield();
        return;
    }
    int times = rest_mode == 2   ? (int)(rest_random >> 31)
                : rest_mode == 3 ? 1 + (int)((rest_random >> 24) % 3)
                                 : rest_mode;
    while (times-- > 0)
        await bide_yield();
#endif
}

/* Fills the memory of the next frames with 0xA5. */
static async int soil(void)
{
    unsigned char dirt[3000];
    memset(dirt, 0xA5, sizeof dirt);
    await rest();
    return dirt[rest_random % sizeof dirt] == 0xA5;
}

static async _Bool id_b(_Bool v)
{
    await rest();
    tally(1, v);
    return v;
}

static async signed char id_c(signed char v)
{
    await rest();
    return v;
}

static async unsigned char id_uc(unsigned char v)
{
    unsigned char *p = &v;
    await rest();
    return *p;
}

static async short id_s(short v)
{
    tally(2, v);
    await rest();
    return v;
}

static async unsigned short id_us(unsigned short v)
{
    await rest();
    return v;
}

static async int id_i(int v)
{
    await rest();
    tally(3, v);
    return v;
}

static async unsigned id_u(unsigned v)
{
    await rest();
    return v;
}

static async long long id_ll(long long v)
{
    tally(4, v);
    await rest();
    return v;
}

static async unsigned long long id_ull(unsigned long long v)
{
    await rest();
    return v;
}

static async double id_d(double v)
{
    await rest();
    return v;
}

static async int *id_p(int *p)
{
    await rest();
    return p;
}

static async struct S id_S(struct S s)
{
    await rest();
    tally_S(5, s);
    return s;
}

static async struct P id_P(struct P p)
{
    await rest();
    return p;
}

static async union U id_U(union U u)
{
    await rest();
    return u;
}

static async struct C id_C(struct C c)
{
    await rest();
    return c;
}

static async struct K id_K(struct K k)
{
    await rest();
    return k;
}

static async struct K mk_K(int x, struct S s)
{
    struct K k = {.t = 3, .x = x};
    await rest();
    k.w = await id_ll(s.w);
    k.y = s.y;
    return k;
}

static async int get_K(struct K k)
{
    await rest();
    return k.x % 10000 + k.y;
}

static async struct B id_B(struct B b)
{
    await rest();
    return b;
}

static async struct B mk_B(int x, struct S s)
{
    struct B b = {.a = {x, 1, [39] = 2}, .b = {s, s}, .u = 9};
    await rest();
    b.b[3].x = await id_i(b.a[39] + x % 1000);
    return b;
}

static async int get_B(struct B b, int i)
{
    await rest();
    return (b.a[i & 3] + b.b[i & 1].x) % 30000;
}

static async struct C mk_C(int k, unsigned v)
{
    struct C c = {k, v};
    await rest();
    return k == 0 ? await id_C(c) : (struct C){.k = c.k, .v = v + 1};
}

static async int get_C(struct C c)
{
    await rest();
    return c.k;
}

static async _Bool less(int a, int b)
{
    await rest();
    return a < b;
}

static async unsigned char at(const int *p, int v)
{
    int before = *p;
    await rest();
    tally(6, before);
    return (unsigned char)(before == *p ? before + v : 77);
}

static async int add(int *p, int v)
{
    int before = *p;
    await rest();
    *p = (before + v) % 9973;
    return before % 9973;
}

static async int swap(int *p, int *q)
{
    int t = *p % 20000;
    await rest();
    *p = *q % 20000;
    *q = t;
    await rest();
    return t;
}

static async int sum(const int *a, int from)
{
    int s = 0;
    for (int i = 0; i < 4; i++)
        s = await id_i((s + a[i]) % 10007);
    return (s + from) % 10007;
}

static async void fill(int *a, int v)
{
    for (int i = 0; i < 4; i++) {
        await rest();
        a[i] = (v + i) % 10007;
    }
}

static async void set(int *p, int v)
{
    await rest();
    *p = v;
    tally(7, v);
}

static async void nop(double d)
{
    tally_d(8, d);
    await rest();
}

static async int get_S(struct S s)
{
    await rest();
    return s.x % 1000 + s.y + (int)s.b + s.c;
}

static async int get_P(struct P p, int i)
{
    struct S *s = &p.s;
    await rest();
    return (p.a[i & 3] + await get_S(*s)) % 30000;
}

static async unsigned get_U(union U u)
{
    await rest();
    return u.u;
}

static async struct S mk_S(int x, int y)
{
    struct S s = {.x = x, .y = (short)y, .z = (unsigned char)(x + y)};
    await rest();
    s.b = (unsigned)y & 31;
    s.w = (long long)x * y % 1000003;
    return s;
}

static async struct S mix_S(struct S s, int v)
{
    struct S t = await mk_S(v, s.x % 10000);
    await rest();
    t.y = (short)(t.y + s.y);
    t.c = s.c;
    return t;
}

static async struct P mk_P(struct S s, int v)
{
    struct P p = {.s = s, .d = v};
    await fill(p.a, v);
    return p;
}

static async union U mk_U(unsigned u)
{
    union U r = {.u = u};
    await rest();
    r.c[1] ^= 3;
    return r;
}

static async struct S pair(union U u, struct P p)
{
    await rest();
    p.s.z = u.c[2];
    return p.s;
}

static async long long mix_ll(long long v, signed char c)
{
    await rest();
    return (v * 31 + c) % 1000003;
}

static async double half(double d, int v)
{
    d = await id_d(d / 2);
    return fold(d + v);
}

static int plain(int a, int b)
{
    return (a * 3 + b) % 30011;
}

static async int plain_bridge(int a, int b)
{
    int (*fn)(int, int) = plain;
    await rest();
    return fn(a % 10000, plain(await id_i(b % 1000), a % 1000));
}

static async int wide(int i, signed char c, short s, unsigned u, long long l, double d, struct S t,
                      int j)
{
    await rest();
    tally_d(9, d);
    tally_S(9, t);
    return (int)((i + c + s + u % 1000 + l % 1000 + j) % 30000);
}

static async int big(int v)
{
    char text[300] = "big";
    int numbers[40];
    for (int i = 0; i < 40; i++)
        numbers[i] = v % 1000 + i;
    await rest();
    text[v & 255] = (char)('a' + (v & 15));
    await rest();
    return text[v & 255] + numbers[v & 31] + (int)strlen(__func__);
}

/* Recursion far deeper than first polls may nest on the C stack. */
static async int deep(int n, struct S s)
{
    if (n == 0) {
        await rest();
        return s.x % 1000;
    }
    s.x = s.x % 5000 + n;
    int below = await deep(n - 1, s);
    tally(10, s.x);
    return (below * 3 + n + s.x) % 10007;
}

static async int ack(int n)
{
    if (n <= 0)
        return 1;
    return (await ack(n - 1) + await ack(n - 2) * 2 + n) % 10007;
}

static void begin_case(void)
{
    g_i = 3;
    g_u = 7;
    memset(g_a, 0, sizeof g_a);
    g_S = (struct S){.x = 5};
    tally_sum = trace_hash = 0;
}

static void end_case(int number, long long value)
{
    printf("case %d: %lld %016llx %016llx\n", number, value, (unsigned long long)tally_sum,
           (unsigned long long)trace_hash);
    fflush(stdout);
}

#ifdef __BIDE__
/* An allocator that fills fresh memory with 0xA5. */
static void *(*original_alloc)(size_t, size_t);

static void *soiled_alloc(size_t size, size_t align)
{
    void *p = original_alloc(size, align);
    if (p != NULL)
        memset(p, 0xA5, size);
    return p;
}

__attribute__((constructor)) static void soil_memory(void)
{
    void (*alloc)(void) = bide_test_replace("alloc", (void (*)(void))soiled_alloc);
    original_alloc = (void *(*)(size_t, size_t))alloc;
}
#endif

static int case_wanted = -1;

static void begin(int argc, char **argv)
{
    printing = getenv("SMITH_TRACE") != NULL;
    rest_mode = argc > 1 ? atoi(argv[1]) : 0;
    rest_random = argc > 2 ? (uint32_t)atoi(argv[2]) * 2654435761u : 1;
    case_wanted = argc > 3 ? atoi(argv[3]) : -1;
}

static int wanted(int number)
{
    if (case_wanted >= 0 && case_wanted != number)
        return 0;
    begin_case();
    return 1;
}

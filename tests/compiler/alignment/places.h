/*
 * One alignment N, at every place where bide puts an object: frames, arguments, results, captures,
 * groups, scopes, futures, the pool. Each address is checked. UBSan checks what the compilers
 * assume about other addresses. `all` runs all functions.
 */
#define T struct IN(over)
#define A IN(number)
#define M struct IN(member)
#define S IN(small)
#define E enum IN(aligned)
#define V IN(vector)

T {
    _Alignas(N) unsigned char c;
    int n;
};
typedef int A __attribute__((aligned(N)));
typedef struct {
    unsigned char n;
} __attribute__((aligned(N))) S;
enum __attribute__((aligned(N))) IN(aligned)
{
    IN(one) = 1
};
#if N > 1 && N <= 64
typedef unsigned char V __attribute__((vector_size(N)));
#else
typedef struct {
    _Alignas(N) unsigned char n[N];
} V;
#endif
M {
    char before;
    T t;
    A a;
};

static async T IN(make)(int n)
{
    T t = {1, n};
    CHECK(&t);
    await bide_yield();
    CHECK(&t);
    return t;
}

static async T IN(ready)(int n)
{
    return (T){1, n};
}

static async A IN(count)(int n)
{
    await bide_yield();
    return n;
}

static async S IN(byte)(int n)
{
    await bide_yield();
    return (S){(unsigned char)n};
}

static async V IN(lanes)(V v)
{
    check(&v, __alignof__(V), "&v", __func__);
    await bide_yield();
    check(&v, __alignof__(V), "&v", __func__);
    V w = v;
    await bide_yield();
    check(&w, __alignof__(V), "&w", __func__);
    return w;
}

static async E IN(constant)(E e)
{
    E copy = e;
    check(&e, __alignof__(E), "&e", __func__);
    await bide_yield();
    check(&copy, __alignof__(E), "&copy", __func__);
    return copy;
}

static async M IN(whole)(int n)
{
    await bide_yield();
    return (M){1, {2, n}, n};
}

static async int IN(arguments)(char c, T t, char d, A a, M m, S s)
{
    T copy;
    CHECK(&t);
    CHECK(&a);
    CHECK(&m.t);
    CHECK(&m.a);
    CHECK(&s);
    await bide_yield();
    CHECK(&t);
    CHECK(&a);
    CHECK(&m.t);
    CHECK(&s);
    CHECK(&copy);
    copy = t;
    await bide_yield();
    return copy.n + a + m.t.n + m.a + s.n + c + d;
}

#ifdef __clang__
#define MARK __attribute__((aligned(N)))
#else
#define MARK /* gcc does not allow it for a parameter */
#endif
static async int IN(marked)(int x MARK)
{
#ifdef __clang__
    CHECK(&x);
#endif
    await bide_yield();
#ifdef __clang__
    CHECK(&x);
#endif
    return x;
}
#undef MARK

static async bide_cancel_returns int IN(returns)(T t)
{
    int r = await bide_sleep(BIDE_S(1000));
    CHECK(&t);
    return r + t.n;
}

static async int IN(locals)(int n)
{
    typedef int local __attribute__((aligned(N)));
    struct block {
        char c;
        A a;
    };
    struct __attribute__((packed)) packed {
        char c;
        int a __attribute__((aligned(N)));
    };
    char c = 1;
    _Alignas(N) char first[3];
    char second[3] __attribute__((aligned(N)));
    __attribute__((aligned(N))) char third = 1, fourth = 1;
    local l = 1;
    A a = 1;
    typeof(a) b = 1;
    const A k = 1;
    typedef A again;
    again g = 1;
    struct block s = {1, 1};
    struct packed p = {1, 1};
    T list[2] = {{1, 1}, {1, 1}};
    __auto_type t = list[0];
    union {
        char c;
        A a;
    } u = {1};
    _Alignas(T) char typed = 1;
    bide_scope(scope) {
        _Alignas(N) char inner = 1;
        bide_task_detach(bide_scope_spawn(scope, IN(marked)(1)));
        CHECK(&inner);
        await bide_yield();
        CHECK(&inner);
    }
    for (A i = 0; i < 2; i++) {
        await bide_yield();
        CHECK(&i);
    }
    void *all[] = {first, second, &third, &fourth, &l, &a, &b, (void *)&k, &g, &s.a, &p.a,
                   &list[0], &list[1], &t, &u, &typed};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], N, "a local", __func__);
    first[0] = second[0] = c;
    await bide_yield();
    CHECK(first);
    CHECK(second);
    CHECK(&third);
    CHECK(&fourth);
    CHECK(&l);
    CHECK(&a);
    CHECK(&b);
    CHECK(&k);
    CHECK(&g);
    CHECK(&s.a);
    CHECK(&p.a);
    CHECK(&list[0]);
    CHECK(&list[1]);
    CHECK(&t);
    CHECK(&u);
    CHECK(&typed);
    return n + c + first[0] + third + l + a + s.a + p.a + k + g + list[1].n + t.n + u.c + typed - 13;
}

static async int IN(positions)(int n)
{
    typedef int plain;
    typedef plain local __attribute__((aligned(N)));
    typedef local again;
    typedef struct {
        unsigned char c;
    } boxed __attribute__((aligned(N)));
    enum in_block {
        ONE = 1
    };
    typedef enum in_block local_enum __attribute__((aligned(N)));
    struct of_local {
        char c;
        again a;
        boxed b;
    };
    struct __attribute__((packed)) packed {
        char c;
        struct of_local o __attribute__((aligned(N)));
    };
    int *__attribute__((aligned(N))) after_star = &n;
    int(__attribute__((aligned(N))) in_parens) = 1;
    int __attribute__((aligned(N))) *before_star = &n;
    _Alignas(int) _Alignas(N) int both __attribute__((aligned(1))) = 1;
    _Alignas(4) _Alignas(N) _Alignas(8) int three = 1;
    __attribute__((unused, aligned(N), unused)) int among = 1;
    int biggest __attribute__((aligned)) = 1;
    _Alignas(max_align_t) char most = 1;
    _Alignas(double) char as_double = 1;
    int first = 1, second __attribute__((__aligned__(N))) = 1;
    int length[2] __attribute__((aligned(N))) = {1, 1};
    again g = 1;
    boxed b = {1};
    boxed const cb = {1};
    local_enum e = ONE;
    struct of_local o = {1, 1, {1}};
    struct packed p = {1, {1, 1, {1}}};
    struct of_local os[2] = {{1, 1, {1}}};
    __typeof__(g) of = 1;
    _Alignas(int) _Alignas(N) typeof(int[3]) three_ints = {1, 2, 3};
    A *volatile where;
    {
        A in_block = 1;
        where = &in_block;
        CHECK(where);
        await bide_yield();
        CHECK(&in_block);
    }
    void *all[] = {&after_star, &in_parens, &before_star, &both, &three, &among, &second, length,
                   &g, &b, (void *)&cb, &e, &o.a, &o.b, &p.o, &p.o.a, &os[1].a, &of, three_ints};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], N, "a position", __func__);
    check(&biggest, __alignof__(static_biggest), "&biggest", __func__);
    check(&most, _Alignof(max_align_t), "&most", __func__);
    check(&as_double, _Alignof(double), "&as_double", __func__);
    bide_task(int) t = bide_spawn(async({
        again inside = g;
        CHECK(&g);
        CHECK(&b);
        CHECK(&o.a);
        CHECK(&three);
        CHECK(&second);
        CHECK(three_ints);
        await bide_yield();
        CHECK(&inside);
        CHECK(&g);
        CHECK(&b);
        CHECK(&o.a);
        CHECK(&three);
        CHECK(&second);
        CHECK(three_ints);
        inside + b.c + o.a;
    }));
    int r = 0;
    await bide_task_join(t, &r);
    await bide_join(({
                        again mine = 1;
                        await bide_yield();
                        CHECK(&mine);
                        CHECK(&g);
                    }),
                    e = ({
                        await bide_yield();
                        ONE;
                    }),
                    g = ({
                        again mine = g;
                        CHECK(&mine);
                        await bide_yield();
                        mine;
                    }));
    return r + *after_star + in_parens + *before_star + both + three + among + first + second + length[1] + g + b.c +
           cb.c + (int)e + o.a + p.c + os[0].a + of + three_ints[0] + biggest + most + as_double - 2 * n - 6;
}

struct IN(rows) {
    T row[1];
};

static async struct IN(rows) IN(rows)(int n)
{
    await bide_yield();
    return (struct IN(rows)){{{1, n}}};
}

static async int IN(literals)(int n)
{
    const T *t = &(T){1, n};
    const A *a = &(A){n};
    await bide_yield();
    CHECK(t);
    CHECK(a);
    const T *result = (await IN(rows)(n)).row;
    CHECK(result);
    return t->n + *a + result->n;
}

static async int IN(deep)(int n, char c, T t, S s)
{
    char room[40];
    T own = t;
    CHECK(&t);
    CHECK(&s);
    room[0] = c;
    int r = n == 0 ? (await bide_yield(), 0) : await IN(deep)(n - 1, c, own, s);
    CHECK(&t);
    CHECK(&own);
    CHECK(&s);
    return r + own.n + room[0] - 1;
}

static void IN(clean)(T *t)
{
    CHECK(t);
}

static async int IN(deferred)(void)
{
    int n = 0;
    {
        T t = {1, 1};
        defer {
            T u = {1, 2};
            CHECK(&t);
            await bide_yield();
            CHECK(&t);
            CHECK(&u);
            n += t.n + u.n;
        }
        {
            T from __attribute__((cleanup(IN(clean)))) = await IN(make)(1);
            CHECK(&from);
            await bide_yield();
        }
        await bide_yield();
    }
    return n;
}

typedef bide_async_fn(T, int) IN(make_ref);
typedef bide_async_fn(int, char, T, char, A, M, S) IN(arguments_ref);

static async int IN(direct)(void)
{
    T t = await IN(make)(1);
    A a = await IN(count)(2);
    S s = await IN(byte)(3);
    M m = await IN(whole)(4);
    IN(make_ref) make = bide_ref(IN(make));
    IN(arguments_ref) arguments = bide_ref(IN(arguments));
    EXPECT(t.n + a + s.n + m.t.n + m.a, 14);
    (void)await IN(count)(1);
    await IN(count)(1);
    (void)await IN(byte)(1);
    EXPECT((await (*make)(5)).n, 5);
    EXPECT(await IN(arguments)(1, t, 2, a, m, s), 1 + 1 + 2 + 2 + 8 + 3);
    EXPECT(await (*arguments)(1, t, 2, a, m, s), 1 + 1 + 2 + 2 + 8 + 3);
    EXPECT(await IN(marked)(7), 7);
    EXPECT(await IN(locals)(7), 7);
    EXPECT(await IN(literals)(7), 21);
    EXPECT(await IN(positions)(7), 16);
    EXPECT((int)await IN(constant)(IN(one)), 1);
    V v;
    memset(&v, 5, sizeof v);
    v = await IN(lanes)(v);
    EXPECT(((unsigned char *)&v)[sizeof v - 1], 5);
    EXPECT(await IN(deep)(150, 1, t, s), 151);
    EXPECT(await IN(deferred)(), 3);
    return 0;
}

static async int IN(tasks)(void)
{
    T t = {0, 1};
    A a = 2;
    S s = {3};
    M m = {1, {1, 4}, 4};
    int n;
    _Alignas(N) char room[3] = {1, 2, 3};
    bide_task(T) make = bide_spawn(IN(make)(30));
    bide_task(T) ready = bide_spawn(IN(ready)(31));
    bide_task(A) count = bide_spawn(IN(count)(32));
    bide_task(S) byte = bide_spawn(IN(byte)(33));
    bide_task(M) whole = bide_spawn(IN(whole)(34));
    bide_task(E) constant = bide_spawn(IN(constant)(IN(one)));
    V v;
    memset(&v, 5, sizeof v);
    bide_task(V) lanes = bide_spawn(IN(lanes)(v));
    bide_task(int) arguments = bide_spawn(IN(arguments)(1, t, 2, a, m, s));
    bide_task(T) block = bide_spawn(async({
        T own = t;
        CHECK(&t);
        CHECK(&a);
        CHECK(&s);
        CHECK(&m.t);
        CHECK(room);
        await bide_yield();
        CHECK(&own);
        CHECK(&t);
        CHECK(&a);
        CHECK(&s);
        CHECK(&m.t);
        CHECK(room);
        own.n += a + s.n + room[2];
        own;
    }));
    bide_task(int) returns = bide_spawn(IN(returns)(t));
    await bide_yield();
    bide_task_abort(returns);
    EXPECT(await bide_task_wait(returns), -ECANCELED);
    E e;
    EXPECT(await bide_task_join(constant, &e), 0);
    EXPECT((int)e, 1);
    EXPECT(await bide_task_join(lanes, &v), 0);
    EXPECT(((unsigned char *)&v)[sizeof v - 1], 5);
    EXPECT(await bide_task_join(make, &t), 0);
    EXPECT(t.n, 30);
    EXPECT(await bide_task_join(ready, &t), 0);
    EXPECT(t.n, 31);
    EXPECT(await bide_task_join(count, &a), 0);
    EXPECT(a, 32);
    EXPECT(await bide_task_join(byte, &s), 0);
    EXPECT(s.n, 33);
    EXPECT(await bide_task_join(whole, &m), 0);
    EXPECT(m.t.n + m.a, 68);
    EXPECT(await bide_task_join(arguments, &n), 0);
    EXPECT(n, 1 + 1 + 2 + 2 + 8 + 3);
    EXPECT(await bide_task_join(block, &t), 0);
    EXPECT(t.n, 9);
    return 0;
}

static async int IN(children)(void)
{
    T t = {0, 1};
    bide_task(T) make;
    bide_task(S) byte;
    bide_task(T) block;
    S s;
    bide_scope(scope) {
        make = bide_scope_spawn(scope, IN(make)(1));
        byte = bide_scope_spawn(scope, IN(byte)(2));
        block = bide_scope_spawn(scope, async({
            CHECK(&t);
            await bide_yield();
            CHECK(&t);
            t;
        }));
    }
    EXPECT(await bide_task_join(make, &t), 0);
    EXPECT(await bide_task_join(byte, &s), 0);
    EXPECT(t.n + s.n, 3);
    EXPECT(await bide_task_join(block, &t), 0);
    EXPECT(t.n, 1);
    return 0;
}

struct IN(holder)
{
    char c;
    bide_future(T) f;
};

static async int IN(futures)(void)
{
    T t = {1, 5};
    A a = 1;
    S s;
    int n;
    bide_future(T) make = bide_lazy(IN(make)(30));
    bide_future(T) ready = bide_lazy(IN(ready)(31));
    bide_future(A) count = bide_lazy(IN(count)(32));
    bide_future(S) byte = bide_lazy(IN(byte)(33));
    bide_future(T) never = bide_lazy(IN(make)(1));
    bide_future(int) arguments = bide_lazy(
        IN(arguments)(1, t, 2, a, (M){1, {1, 1}, 1}, (S){1}));
    bide_future(T) block = bide_lazy(async({
        CHECK(&t);
        await bide_yield();
        CHECK(&t);
        t;
    }));
    struct IN(holder) holder = {1, bide_lazy(IN(make)(34))};
    EXPECT((await bide_get(block)).n, 5);
    EXPECT((await bide_get(make)).n, 30);
    t = await bide_get(ready);
    EXPECT(t.n, 31);
    a = await bide_get(count);
    EXPECT(a, 32);
    s = await bide_get(byte);
    EXPECT(s.n, 33);
    EXPECT(await bide_get(arguments), 1 + 5 + 2 + 1 + 2 + 1);
    EXPECT(await bide_timeout(BIDE_S(100), t = bide_get(holder.f)), 0);
    EXPECT(t.n, 34);
    await bide_join(n = IN(arguments)(1, t, 2, a, (M){1, {1, 1}, 1}, s), bide_yield());
    (void)never;
    bide_drop(never);
    return n != 1 + 34 + 2 + 32 + 2 + 33;
}

static async int IN(groups)(void)
{
    T t, u, outer = {1, 1};
    A a;
    S s;
    M m;
    int n;
    await bide_join(t = IN(make)(1), a = IN(count)(2), s = IN(byte)(3), m = IN(whole)(4),
                    bide_if(outer.n, u = IN(make)(5)));
    EXPECT(t.n + a + s.n + m.t.n + m.a + u.n, 19);
    EXPECT(await bide_try_join(t = IN(make)(6), a = IN(count)(7), IN(byte)(1)), 0);
    EXPECT(t.n + a, 13);
    EXPECT(await bide_select(t = IN(make)(8), bide_sleep(BIDE_S(1000))), 0);
    EXPECT(await bide_timeout(BIDE_S(1000), bide_join(u = IN(make)(9), n = IN(deep)(80, 1, t, s))),
           0);
    EXPECT(t.n + u.n, 17);
    EXPECT(n, 81 * 8);
    await bide_join(({
                        T own = {1, 1};
                        CHECK(&outer);
                        await bide_yield();
                        CHECK(&own);
                        CHECK(&outer);
                        outer.n += own.n;
                    }),
                    t = ({
                        T own = await IN(make)(20);
                        _Alignas(N) char room[1] = {1};
                        CHECK(&own);
                        CHECK(room);
                        await bide_yield();
                        CHECK(room);
                        own;
                    }),
                    s = ({
                        S own = await IN(byte)(4);
                        own;
                    }));
    EXPECT(outer.n + t.n + s.n, 26);
    return 0;
}

static async int IN(wide)(T t)
{
    await bide_join(IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1),
                    IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1),
                    IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1),
                    IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1),
                    IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), IN(make)(1), t = IN(make)(9));
    CHECK(&t);
    return t.n - 9;
}

static T IN(plain)(char c, T t, A a, S s)
{
    CHECK(&t);
    CHECK(&s);
    t.n += a + s.n + c;
    return t;
}

static async T IN(known)(char c, T t, A a)
{
    CHECK(&t);
    await bide_yield();
    CHECK(&t);
    t.n += a + c;
    return t;
}

static int IN(from_plain)(void)
{
    T t = {1, 1};
    A a = 2;
    t = bide_block_on(IN(known)(1, t, a));
    t = bide_block_on(IN(known)(1, t, a));
    struct IN(holder) holder = {1, bide_lazy(IN(make)(1))};
    bide_task_detach(bide_spawn(IN(make)(1)));
    bide_drop(holder.f);
    a = bide_block_on(IN(count)(3));
    return t.n + bide_block_on(IN(byte)(3)).n + a;
}

static async int IN(blocking)(void)
{
    T t = {1, 1};
    A a = 2;
    S s = {3};
    T (*pointer)(char, T, A, S) = IN(plain);
    t = await bide_blocking(IN(plain)(1, t, a, s));
    EXPECT(t.n, 7);
    t = await bide_blocking((*pointer)(1, t, a, s));
    EXPECT(t.n, 13);
    await bide_join(t = bide_blocking(IN(plain)(1, t, a, s)), bide_yield());
    EXPECT(t.n, 19);
    bide_task(T) task = bide_spawn_blocking(IN(plain)(1, t, a, s));
    EXPECT(await bide_task_join(task, &t), 0);
    EXPECT(t.n, 25);
    EXPECT(await bide_blocking(IN(from_plain)()), 13);
    return 0;
}

static async int IN(all)(void)
{
    for (int i = 0; i < 2; i++) {
        EXPECT(await IN(direct)(), 0);
        EXPECT(await IN(tasks)(), 0);
        EXPECT(await IN(children)(), 0);
        EXPECT(await IN(futures)(), 0);
        EXPECT(await IN(groups)(), 0);
        EXPECT(await IN(wide)((T){1, 1}), 0);
        EXPECT(await IN(blocking)(), 0);
    }
    return 0;
}

#undef T
#undef A
#undef M
#undef S
#undef E
#undef V
#undef N

/* Alignments that use names that only a block knows: constants, types, sizes. */
#include <bide/bide.h>
#include <stdint.h>
#include <stdio.h>
static int bad;

#define CHECK(p, n) ((uintptr_t)(p) % (n) ? (void)(bad++, printf("%d: %s\n", __LINE__, #p)) : (void)0)
struct __attribute__((aligned(256))) outer { int n; };
static async int f(int n)
{
    enum { K = 64 };
    struct local { _Alignas(128) char c; };
    typedef struct local local_type;
    typedef int lint __attribute__((aligned(sizeof(struct local))));
    int x = 1;
    lint y = 2;
    _Alignas(K) char a = 1;
    _Alignas(struct local) char b = 1;
    _Alignas(local_type) char c = 1;
    _Alignas(sizeof(struct local)) char d = 1;
    _Alignas(__typeof__(y)) char e = 1;
    char g __attribute__((aligned(sizeof(struct local)))) = 1;
    char h __attribute__((aligned(K * 2))) = 1;
    _Alignas(lint) char i = 1;
    __auto_type z = (struct outer){1};
    __auto_type pz = &z;
    _Alignas(_Alignof(struct outer)) char j = 1;
    static _Alignas(K) char s = 1;
    CHECK(&a, 64); CHECK(&b, 128); CHECK(&c, 128); CHECK(&d, 128); CHECK(&e, 128); CHECK(&g, 128); CHECK(&h, 128);
    CHECK(&i, 128); CHECK(&y, 128); CHECK(&z, 256); CHECK(&j, 256);
    await bide_yield();
    CHECK(&a, 64); CHECK(&b, 128); CHECK(&c, 128); CHECK(&d, 128); CHECK(&e, 128); CHECK(&g, 128); CHECK(&h, 128);
    CHECK(&i, 128); CHECK(&y, 128); CHECK(&z, 256); CHECK(&j, 256); CHECK(pz, 256);
    return n + x + y + a + b + c + d + e + g + h + i + j + s;
}
static async int in_structs(int n)
{
    enum { K = 64 };
    typedef int again __attribute__((aligned(K)));
    struct one { char c; _Alignas(K) char d; } a = {1, 1};
    struct __attribute__((packed)) two { char c; again d; } b = {1, 1};
    struct { char c; again d; } e = {1, 1};
    struct { char c[K]; again __attribute__((unused)) *d; } g = {{1}, 0};
    int *p = &n; void *q = &a, *r = &b, *s = &e, *t = &g;
    await bide_yield();
    printf("%d %d %zu %d\n", *p, (int)((uintptr_t)&a.d % 64), (size_t)((char *)&b.d - (char *)&b),
           (int)((uintptr_t)&e.d % 64) + (int)sizeof g);
    return q == r || s == t;
}
async int main(void)
{
    char pad[3] = {0};
    _Alignas(1024) char m = 1;
    bide_task(int) t[3] = {bide_spawn(f(1)), bide_spawn(f(2)), bide_spawn(f(3))};
    int r = 0;
    CHECK(&m, 1024);
    for (int i = 0; i < 3; i++) await bide_task_join(t[i], &r);
    CHECK(&m, 1024);
    await in_structs(1);
    r = await f(1);
    printf("%d %d %d\n", r, bad, pad[0]);
    return bad;
}

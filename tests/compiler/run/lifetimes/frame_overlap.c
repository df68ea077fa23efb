/* Members of a frame that share bytes: each keeps its value for its whole lifetime in C. */
#include <bide/bide.h>
#include <bide/core.h>
#include <stdio.h>
#include <string.h>

extern const struct bide_fn bide__desc_scopes, bide__desc_chain_of, bide__desc_wide_results;
extern const struct bide_fn bide__desc_nested, bide__desc_nothing, bide__desc_raced;

struct wide {
    long x[32];
};

async int value(int x);
async int scopes(int k);
async long chain_of(long n);
async struct wide wide(long x);
async long wide_results(long x);
async int nested(int n);
async void nothing(void);
async int raced(int n);
async int deferred(int n);
async int deferred_early(int n);

static void fill(char *p, size_t n, int seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(seed + (int)i);
}

static int check(const char *p, size_t n, int seed)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != (char)(seed + (int)i))
            return 1;
    return 0;
}

async int value(int x)
{
    await bide_yield();
    return x;
}

async int scopes(int k)
{
    int bad = 0;
    {
        char a[1000];
        fill(a, sizeof a, k);
        bad += await value(k) - k;
        bad += check(a, sizeof a, k);
    }
    {
        char b[1000];
        fill(b, sizeof b, k + 1);
        for (int i = 0; i < 3; i++) {
            char inner[10];
            fill(inner, sizeof inner, i);
            await bide_yield();
            bad += check(inner, sizeof inner, i);
        }
        bad += check(b, sizeof b, k + 1);
    }
    for (char c[1000] = {1}; c[0] < 3; c[0]++) {
        await bide_yield();
        bad += c[999];
    }
    return bad + k;
}

/* a-b, b-c, c-d, d-e live together: nested structs and unions alone cannot pack this. */
async long chain_of(long n)
{
    long a = n + 1, b = n + 2;
    await bide_yield();
    n = a;
    long c = n + 3;
    await bide_yield();
    n += b;
    long d = n + 4;
    await bide_yield();
    n += c;
    long e = n + 5;
    await bide_yield();
    return n + d + e;
}

async struct wide wide(long x)
{
    struct wide w;
    await bide_yield();
    for (int i = 0; i < 32; i++)
        w.x[i] = x + i;
    return w;
}

/* The slot of a result shares bytes with variables that do not live at the same time. */
async long wide_results(long x)
{
    struct wide first = await wide(x);
    await bide_yield();
    x = first.x[31];
    struct wide second = await wide(x);
    await bide_yield();
    x += second.x[0];
    {
        struct wide kept = {{x}}, *p = &kept;
        x += (await wide(1)).x[2] + p->x[0];
        x += p->x[0];
    }
    return x;
}

static int *global;

async int nested(int n)
{
    int sum = 0;
again:;
    {
        int *p = &(int){n};
        {
            int q[4] = {n, n, n, n};
            global = q;
            await bide_yield();
            sum += *p + global[3];
        }
        {
            long r[2] = {n, n};
            sum += await value(*p) + (int)r[1];
            sum += *p;
        }
        if (--n > 0)
            goto again;
    }
    const int last = sum;
    volatile int other = 7;
    await bide_yield();
    int late = other;
    await bide_yield();
    return last + late;
}

async void nothing(void)
{
    await value(3);
    (void)await value(4);
    for (int i = 0; i < 2; i++, await value(i))
        ;
    await bide_join(value(1), value(2));
}

async int raced(int n)
{
    int a = 0, b = 0, won = 0;
    {
        char before[64];
        fill(before, sizeof before, n);
        await bide_yield();
        won += check(before, sizeof before, n);
    }
    await bide_join(a = value(n), b = value(n + 1));
    char after[64];
    fill(after, sizeof after, n);
    won += await bide_timeout(BIDE_S(100), a = value(a + b));
    won += check(after, sizeof after, n);
    switch (await bide_select_biased(b = value(5), bide_sleep(BIDE_S(1)))) {
    case 0: won += check(after, sizeof after, n); break;
    default: won += 1000; break;
    }
    return a + b + 100 * won;
}

async int deferred(int n)
{
    int seen = 0;
    {
        char a[100];
        fill(a, sizeof a, n);
        defer {
            char in[50];
            fill(in, sizeof in, 1);
            await bide_yield();
            seen += check(in, sizeof in, 1) + check(a, sizeof a, n);
        }
        {
            char b[100];
            fill(b, sizeof b, n + 1);
            await bide_yield();
            seen += check(b, sizeof b, n + 1);
            if (n > 1)
                goto out;
        }
        {
            char c[100];
            fill(c, sizeof c, n + 2);
            await bide_yield();
            seen += check(c, sizeof c, n + 2);
        }
    }
out:
    return seen;
}

/* The deferred block is before the declarations of variables that live when it runs. */
async int deferred_early(int n)
{
    char *kept = NULL;
    int bad = 0, *to = &bad;
    {
        defer
        {
            char in[40];
            fill(in, sizeof in, 9);
            *to += await value(n) - n;
            *to += check(in, sizeof in, 9) + check(kept, 40, n);
        }
        char late[40];
        kept = late;
        fill(late, sizeof late, n);
        await bide_yield();
    }
    return bad;
}

async int main(void)
{
    printf("scopes %d, share: %d\n", await scopes(5), bide__desc_scopes.frame_size < 1100);
    printf("chain %ld, share: %d\n", await chain_of(1),
           bide__desc_chain_of.frame_size <= sizeof(struct bide_frame) + 3 * sizeof(long));
    printf("wide %ld, share: %d\n", await wide_results(1),
           bide__desc_wide_results.frame_size < 600);
    printf("nested %d\n", await nested(3));
    await nothing();
    printf("nothing: %d\n", bide__desc_nothing.frame_size <= sizeof(struct bide_frame) + 8);
    printf("raced %d, share: %d\n", await raced(3),
           bide__desc_raced.frame_size <= sizeof(struct bide_frame) + 96);
    printf("deferred %d %d\n", await deferred(1), await deferred(2));
    printf("early %d\n", await deferred_early(4));
    return 0;
}

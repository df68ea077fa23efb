/* Branches together with other parts of the language: every kind of variable, type and label of the
 * function round them, macros, names, function declarations of a block, owners, literals. */
#include "../step.h"
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wshadow"

static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}

static int square(int x)
{
    return x * x;
}

struct fixed {
    const int a;
    int b;
};

/* Variables of every kind; they are in the frame while branches may run. */
static async int kinds(int array[3], int (*f)(int), const char *const text)
{
    register int r = 1;
    _Atomic int counter = 0;
    static _Thread_local int own;
    static struct {
        int x[2];
    } kept = {{1, 2}};
    alignas(64) char line[64] = "line";
    __auto_type guessed = 2.5;
    __typeof__(array[0]) copy = 3;
    union {
        uint32_t word;
        uint8_t byte[4];
    } u = {.word = 0};
    struct fixed c = {4, 5};
    enum { SMALL = 7, LARGE = 70 } size = SMALL;
    struct {
        struct {
            int deep;
        };
        int tail[2];
    } anonymous = {{1}, {2, 3}};
    int matrix[2][2] = {{1, 2}, {3, 4}}, (*row)[2] = matrix;
    float _Complex z = 1;
    own = 0;
    kept.x[1] = 2;
    await bide_join(({
                        r += await step(1);
                        counter++;
                        own += await step(2);
                        kept.x[1] += (int)sizeof line;
                        line[0] = 'L';
                        guessed *= await step(2);
                        __typeof__(copy) k = copy;
                        copy += k;
                        array[1] = f(await step(copy));
                    }),
                    ({
                        atomic_fetch_add(&counter, await step(10));
                        u.byte[0] = u.byte[1] = (uint8_t)await step(1);
                        c.b += c.a + await step(0);
                        size = LARGE;
                        anonymous.deep += anonymous.tail[1] + await step(1);
                        row[1][0] += await step(10);
                        row++;
                        (*row)[1] = await step(size);
                        z += 1.0f + (float)await step(1);
                    }));
    printf("%d %d %d %d %s %g %d %d %d %d %d %d %d %d %d %d %g %s %d\n", r, counter,
           has_one_worker() ? own : 2, kept.x[1], line, guessed, copy, array[1],
           u.word == 0x0101 || u.word == 0x01010000, c.b, (int)size, anonymous.deep, matrix[1][0],
           matrix[1][1], (int)((uintptr_t)line % 64), row == matrix + 1, (double)__real__ z, text,
           _Generic(c.a, const int: 1, default: 0));
    return r;
}

/* Types of a block, used by branches only. */
static async int types(void)
{
    typedef struct node {
        struct node *next;
        int value;
    } node;
    enum kind { FIRST = 3, SECOND };
    struct node last = {NULL, 4};
    int sum = 0, size = 0;
    node copy = {NULL, 0};
    await bide_join(copy = ({
                        struct node n = {&last, await step(FIRST)};
                        for (node *p = &n; p; p = p->next)
                            sum += p->value;
                        n;
                    }),
                    ({
                        struct node {
                            char other[3];
                        } mine = {"ab"};
                        enum kind k = await step(1) ? SECOND : FIRST;
                        size = (int)sizeof mine + (int)k;
                    }));
    return sum * 100 + size * 10 + (copy.next == &last);
}

/* Labels, the same names in each branch; jumps inside branches. */
static async int labels(int n)
{
    int sum = 0;
    await bide_join(({
                        int i = 0;
                    again:
                        sum += await step(1);
                        if (++i < n)
                            goto again;
                    }),
                    ({
                        __label__ loop, out;
                        void *to[] = {&&loop, &&out};
                        int i = 0;
                    loop:
                        sum += await step(10);
                        goto *to[++i >= n];
                    out:
                        sum++;
                    }),
                    ({
                        __label__ loop;
                        int i = 0;
                    loop:
                        sum += await step(100);
                        if (++i < n)
                            goto loop;
                    }));
loop:
    if (sum < 1000) {
        sum += 1000;
        goto loop;
    }
    return sum;
}

#define WORK(into, x)         \
    ({                        \
        int k_ = await(x);    \
        (into) += k_;         \
        k_;                   \
    })
#define BOTH(a, b) await bide_join(a, b)

static async int macros(void)
{
    int sum = 0, k = 0;
    BOTH(k = WORK(sum, step(3)), WORK(sum, step(4)));
    await bide_join((k = (({ k + await step(1); }))), (({ sum += await step(10); })));
    return sum * 10 + k;
}

/* Names that generated code uses, for variables of the function. */
static async int names(int frame, int cx)
{
    int outer = 1, args = 2, h = 3, result = 4, sub_1 = 5, group_1 = 6, poll_1 = 7, value = 8;
    await bide_join(({
                        outer += await step(frame);
                        args += cx + h;
                        int bide = sub_1 + group_1, from_1 = bide, site_1 = from_1;
                        await bide_join(({
                            result += await step(outer) + site_1;
                            poll_1 += value;
                        }));
                    }),
                    value = ({
                        int frame = await step(1), outer = frame;
                        outer + value;
                    }));
    return outer + args * 10 + result * 100 + poll_1 * 10000 + value * 1000000;
}

static async int declared(int x)
{
    int square(int);
    async int step(int);
    extern int shared;
    int sum = 0;
    await bide_join(({ sum += square(await step(x)) + shared; }));
    return sum;
}

int shared = 5;

static async bide_task(int) start(int x)
{
    return bide_spawn(after(1, x));
}

/* A branch assigns a handle to a variable that has one already. */
static async int owners(void)
{
    bide_task(int) h = bide_spawn(after(1, 1)), k = NULL, many[2];
    int a = 0, b = 0, c = 0;
    await bide_join(h = start(2), k = ({
                        bide_task(int) mine = bide_spawn(after(1, 3));
                        await step(0);
                        bide_move(mine);
                    }),
                    ({ many[1] = bide_spawn(after(await step(1), 4)); }));
    await bide_join(bide_task_join(h, &a), bide_task_join(k, &b), ({
                        await bide_task_join(many[1], &c);
                    }));
    return a * 100 + b * 10 + c;
}

static async int literals(int x)
{
    int *p = NULL, sum = 0;
    await bide_join(({
        p = (int[]){x, x + 1, x + 2};
        await step(0);
        sum += p[0] + p[2];
        struct fixed *f = &(struct fixed){await step(1), 2};
        await step(0);
        sum += f->a * 100 + f->b;
        sum += ({
            int k = await step(x);
            k * 1000;
        });
        sum += x > 1 ? await step(10000) : await step(0);
        sum += x && await step(1) ? 20000 : 0;
    }));
    return sum;
}

/* Many small branches. */
#define ONE   ({ sum += await step(1); })
#define EIGHT ONE, ONE, ONE, ONE, ONE, ONE, ONE, ONE
static async int many(void)
{
    int sum = 0;
    await bide_join(EIGHT, EIGHT, EIGHT, EIGHT);
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int array[3] = {1, 2, 3};
        printf("%d\n", await kinds(array, square, "text"));
        printf("%d\n", await types());
        printf("%d\n", await labels(3));
        printf("%d\n", await macros());
        printf("%d\n", await names(20, 30));
        printf("%d\n", await declared(3));
        printf("%d\n", await owners());
        printf("%d\n", await literals(2));
        printf("%d\n", await many());
    }
    return 0;
}

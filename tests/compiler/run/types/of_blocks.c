/* Types declared in blocks: tags, enums, typedefs, anonymous types, function declarations, shadowed
 * tags; for locals that live across awaits and for others. */
#include "../step.h"

struct pair {
    char outer[3];
};

static async int tags(int x)
{
    struct pair {
        int a, b;
    } p = {x, await step(2)}, *q = &p;
    struct node {
        int value;
        struct node *next;
    };
    struct node second = {await step(2), NULL}, first = {1, &second};
    enum level { LOW = 3, HIGH } level = LOW, other = HIGH;
    enum { ALONE = 9 } alone = ALONE;
    typedef struct {
        enum level level;
        struct pair pair;
    } both_t;
    typedef int row_t[3];
    union bits {
        int i;
        unsigned u;
    } u = {.i = await step(-1)};
    both_t both = {HIGH, {5, 6}};
    row_t row = {1, await step(2), 3};
    struct {
        int z;
    } s = {4}, t = {await step(5)};
    int helper(int);
    await step(0);
    q->a += 10;
    both.pair = p;
    level = other;
    printf("%d %d %d %d %d\n", p.a, p.b, first.next->value, level == HIGH, alone);
    printf("%d %d %d %u %d %d\n", both.level, both.pair.a, row[1] + row[2], u.u, s.z + t.z,
           helper(3));
    printf("%d %d %d\n", (int)(sizeof(row_t) / sizeof(int)), (int)sizeof(struct pair) == 2 * sizeof(int), (int)sizeof(both_t) > 0);
    return (await step(ALONE)) + LOW;
}

int helper(int);
int helper(int x)
{
    return x * 11;
}

static async int shadowed(void)
{
    struct pair p = {{1, 2, 3}};
    int sum = 0;
    for (int i = 0; i < 2; i++) {
        struct pair {
            int inner;
        } q = {i};
        await step(0);
        sum += q.inner + (int)sizeof(struct pair);
        {
            struct pair {
                long deeper[2];
            };
            struct pair r = {{await step(i), 4}};
            await step(0);
            sum += (int)(r.deeper[0] + r.deeper[1]);
        }
    }
    await step(0);
    return sum + p.outer[2] + (int)sizeof(struct pair);
}

static async int only_here(int x)
{
    {
        struct local {
            int a;
        } l = {x};
        x += l.a;
    }
    await step(0);
    struct late {
        int a[2];
    };
    struct late l = {{x, 1}};
    return l.a[0] + l.a[1];
}

static async int self(int x)
{
    struct tree {
        struct tree *left, *right;
        int value;
    } a = {.value = 1}, b = {.value = await step(2)}, root = {&a, &b, x};
    struct tree *stack[4] = {&root};
    int top = 1, sum = 0;
    while (top) {
        struct tree *t = stack[--top];
        sum = sum * 10 + await step(t->value);
        if (t->left)
            stack[top++] = t->left;
        if (t->right)
            stack[top++] = t->right;
    }
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d %d\n", await tags(1), await shadowed(), await only_here(4), await self(3));
    return 0;
}

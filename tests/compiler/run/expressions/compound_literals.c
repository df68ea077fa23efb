/* Compound literals live as long as their block, across awaits too, and are made anew each time. */
#include "../step.h"

struct point {
    int x, y;
};

static async int length(const struct point *p)
{
    await step(0);
    return p->x * p->x + p->y * p->y;
}

static async int sum(const int *a, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += await step(a[i]);
    return total;
}

static async int take(struct point p) { return await step(p.x) - p.y; }

static async int uses(int x)
{
    struct point *p = &(struct point){x, 1};
    int *a = (int[]){1, 2, await step(x)};
    const char *s = (char[]){"text"};
    const int *c = (const int[]){7, x};
    int r = await length(p) + await sum(a, 3);
    p->x++;
    a[0] = await step(10);
    r += await length(&(struct point){.y = await step(2)});
    r += await sum((int[4]){x, x}, 4);
    r += await take((struct point){x, await step(1)});
    r += (int[]){5, 6, 7}[await step(1)];
    (struct point){1, 2}.x += await step(1);
    return r * 1000 + p->x * 100 + a[0] + (s[1] == 'e') + c[1];
}

static async int fresh(void)
{
    int r = 0;
    for (int i = 0; i < 3; i++) {
        int *p = (int[]){i, 0};
        p[1] += await step(p[0] + 1);
        r = r * 10 + p[1];
    }
    return r;
}

struct node {
    int value;
    struct node *next;
};

static async int list(void)
{
    struct node *n = &(struct node){1, &(struct node){2, &(struct node){await step(3), NULL}}};
    int r = 0;
    for (; n; n = n->next)
        r = r * 10 + await step(n->value);
    return r;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d\n", await uses(3), await fresh(), await list());
    return 0;
}

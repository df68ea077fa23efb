/* Structs and unions as locals: partly assigned, copied, with bit-fields, const members, anonymous. */
#include "../step.h"

struct point {
    int x, y;
};
struct line {
    struct point from, to;
    const char *name;
};
struct flags {
    unsigned a : 1, b : 4;
    int : 3;
    signed c : 6;
};
struct fixed {
    const int id;
    int value;
};
struct shape {
    int kind;
    union {
        struct point at;
        struct {
            int left, right;
        };
        int all[2];
    };
};
struct packed {
    char c;
    int i;
} __attribute__((packed));
struct tail {
    int n;
    int more[];
};

static async struct point middle(struct line l)
{
    struct point p;
    p.x = await step(l.from.x + l.to.x) / 2;
    p.y = await step(l.from.y + l.to.y) / 2;
    return p;
}

static async int uses(int x)
{
    struct point a = {x, 2}, b = a, c;
    struct line l = {{1, 2}, .to = {.x = await step(9), .y = 4}, "line"};
    struct flags f = {1, 2, -3}, g = f;
    struct fixed k = {.id = await step(5), .value = 6}, m = k;
    struct shape s = {.kind = 1, .at = {await step(3), 4}};
    struct packed p = {'p', await step(10)};
    struct {
        int q;
        struct point r;
    } anonymous = {x, {1, await step(2)}};
    union {
        int i;
        char bytes[4];
    } u = {.i = await step(0x01010101)};
    c = await middle(l);
    b.x += await step(1);
    c.y = await step(c.y + 1);
    f.b += 3;
    g.b = (unsigned)await step(4) & 15u;
    m.value += k.value + await step(1);
    s.right = await step(s.left);
    p.i += await step(p.c);
    anonymous.r.x += await step(anonymous.q);
    l.to = a;
    struct point *pp = &c;
    await step(0);
    pp->x++;
    printf("%d,%d %d,%d %d,%d %d,%d %s\n", a.x, a.y, b.x, b.y, c.x, c.y, l.to.x, l.from.y, l.name);
    printf("%d %d %d %d %d %d\n", f.a, f.b, f.c, g.a, g.b, g.c);
    printf("%d %d %d %d %d %d\n", k.id, m.id, m.value, s.at.x, s.at.y, s.all[1]);
    printf("%d %d %d %d\n", p.i, anonymous.r.x, anonymous.r.y, u.bytes[2]);
    return a.x;
}

/* Assigned member by member, and on one path only. */
static async int partly(int x)
{
    struct point p;
    p.x = x;
    await step(0);
    p.y = await step(p.x);
    struct point q;
    if (x > 2) {
        q.x = 1;
        q.y = await step(2);
    } else {
        q = p;
    }
    int unset;
    if (x > 2)
        unset = 5;
    await step(0);
    if (x > 2)
        q.x += unset;
    return p.x + p.y + q.x * 10 + q.y;
}

static async int by_pointer(struct tail *t)
{
    int sum = 0;
    for (int i = 0; i < t->n; i++)
        t->more[i] += await step(i), sum += t->more[i];
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        union {
            struct tail t;
            int room[4];
        } u = {.room = {3, 10, 20, 30}};
        await uses(7);
        printf("%d %d %d\n", await partly(1), await partly(3), await by_pointer(&u.t));
    }
    return 0;
}

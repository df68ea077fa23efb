/* flags: -Wno-missing-field-initializers -Wno-initializer-overrides -Wno-override-init */
/* Initialisers with awaits in them: designators in any order, nested, ranges, elided braces,
 * members without an initialiser, unnamed structs and unions, literals in literals. */
#include "../step.h"

struct inner {
    int x, y[3];
};
struct outer {
    struct inner a, b[2];
    union {
        int i;
        struct {
            short low, high;
        };
    };
    const char *name;
};

static async int sum(const struct outer *o)
{
    await step(0);
    return o->a.x + o->a.y[2] * 10 + o->b[0].x * 100 + o->b[1].y[1] * 1000 + (o->name != NULL);
}

static async void show(const struct outer *o)
{
    printf("%d %d%d%d, %d %d%d%d, %d %d%d%d, %d, %s, %d\n", o->a.x, o->a.y[0], o->a.y[1], o->a.y[2],
           o->b[0].x, o->b[0].y[0], o->b[0].y[1], o->b[0].y[2], o->b[1].x, o->b[1].y[0],
           o->b[1].y[1], o->b[1].y[2], o->low, o->name ? o->name : "none", await sum(o));
}

static async int all(int n)
{
    struct outer plain = {{await step(1), {2, await step(3)}}, {{4}, {5, {6}}}, {n}, "plain"};
    struct outer named = {
        .name = "named", .b[1].y[1] = await step(7), .a = {.y = {[2] = n}, .x = 8}};
    struct outer again = {.a.x = 1, .b = {[1] = {n, {1, 2, 3}}}, .b[0].x = await step(9)};
    struct outer copy = {.a = plain.a, .high = 0, .low = (short)await step(4), .b[0] = named.b[1]};
    struct outer list[] = {[1] = plain, [0] = {.name = "first", .b[0].y = {await step(5)}}};
    struct inner few[] = {{n, {await step(1)}}, {2, {0}}}, nothing = {0};
    int grid[2][3] = {{await step(1), 2}, {[2] = await step(3)}};
    int spread[8] = {[2 ... 4] = 5, 6, [0] = await step(1)};
    int *counted = (int[]){[3] = await step(2), [1] = n};
    const struct outer *literal = &(struct outer){
        .b = {[1] = *&(struct inner){await step(6), {7, 8}}}, .name = (char[]){"lit"}};
    await step(0);
    await show(&plain);
    await show(&named);
    await show(&again);
    await show(&copy);
    await show(&list[0]);
    await show(&list[1]);
    await show(literal);
    return few[0].y[0] + few[1].x + nothing.y[1] + grid[0][0] + grid[1][2] + spread[3] + spread[5] +
           spread[0] + counted[3] + counted[1] + (int)(sizeof few / sizeof *few);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await all(2));
    return 0;
}

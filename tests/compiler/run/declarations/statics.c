/* Static variables of async functions: all calls share one. Their initialisers have addresses of
 * each other, of labels and of themselves. In blocks, loops and branches. */
#include "../step.h"

static async int counted(int n)
{
    static int calls, *where = &calls, list[] = {[3] = 4, 5};
    static const struct node {
        const char *name;
        const struct node *next;
    } nodes[] = {{"one", &nodes[1]}, {"two", &nodes[2]}, {"three", nodes}};
    static const char *const names[] = {__FILE__, "b"}, letters[] = "xyz";
    static void *const labels[] = {&&even, &&odd};
    static int depth;
    const struct node *node = nodes;
    ++*where;
    depth++;
    for (int i = 0; i < n; i++) {
        static int turns;
        turns += await step(1);
        node = node->next;
        list[4] += turns;
    }
    if (n > 1)
        await counted(n - 1);
    goto *labels[n & 1];
even:
    printf("even %s %c %zu ", node->name, letters[n % 3], sizeof names / sizeof *names);
    goto out;
odd:
    printf("odd %s %d ", node->name, list[3]);
out:
    await bide_join(({
                        static int inside = 7;
                        inside += await step(1);
                        printf("%d ", inside);
                    }),
                    step(2));
    printf("%d %d\n", list[4], depth--);
    return calls;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await counted(3));
    return 0;
}

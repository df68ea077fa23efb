/* Addresses of locals that are stored through more than one pointer. */
#include <bide/bide.h>

#include <stdlib.h>

struct node {
    struct node *next;
    int *p;
};
struct list {
    struct node *head, **last;
};

static struct list *all;
static struct node one;

async int work(void);
void link_in(struct list *list);

static async int behind_two(struct node **out, int n)
{
    await bide_yield();
    (*out)->p = &n; /* want: -Wbide-dangling */
    return n;
}

static async int behind_members(struct list *list, int ***out)
{
    struct node mine = {0};
    int n = 0;
    await bide_yield();
    list->head->next = &mine; /* want: -Wbide-dangling */
    list->head->next->p = &n; /* what it leads to has just been stored */
    **out = &n;               /* want: -Wbide-dangling */
    return n;
}

static async int behind_elements(struct node **nodes, struct node *(*rows)[4])
{
    int n = 0;
    nodes[2]->p = &n;      /* want: -Wbide-dangling */
    rows[1][2]->p = &n;    /* want: -Wbide-dangling */
    all->head->next->p = &n; /* want: -Wbide-dangling */
    return n;
}

/* Nothing is wrong with these. */
static async int taken_back(struct list *list, struct node **out, int n)
{
    (*out)->p = &n;
    await work();
    (*out)->p = NULL;
    list->head->p = &n;
    n += await work();
    list->head->p = NULL;
    (*list->last)->p = &n;
    link_in(list);
    all->head->p = &n;
    struct node *alias = all->head;
    alias->p = NULL;
    return n;
}

static async int own_nodes(struct list *list, struct node **out)
{
    struct node mine = {0}, *p = &mine, **pp = &p;
    int n = 0;
    (*pp)->p = &n;
    struct list own = {.head = &mine}, *far = &own;
    own.head->p = &n;
    far->head->p = &n;
    *out = &mine;
    (*out)->p = &n;
    *out = &one;
    list->head = &one;
    return n + await work();
}

static async int given_back(void)
{
    int n = 0;
    struct list *list = calloc(1, sizeof *list);
    defer { free(list); }
    if (!list)
        return -1;
    link_in(list);
    list->head->p = &n;
    n = await work();
    return n;
}

int main(void)
{
    struct node *node = &one;
    int *p = NULL, **pp = &p;
    struct node *row[1][4] = {{0}};
    return bide_block_on(behind_two(&node, 1)) + bide_block_on(behind_members(all, &pp)) +
           bide_block_on(behind_elements(&node, row)) +
           bide_block_on(taken_back(all, &node, 1)) + bide_block_on(own_nodes(all, &node)) +
           bide_block_on(given_back());
}

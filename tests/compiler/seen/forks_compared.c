/* Children of fork: a variable has the value of a comparison with the result. */
#include <bide/bide.h>

#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

bool is_ready(void);

static async int equal(void)
{
    bool child = fork() == 0;
    if (child) {
        await bide_yield(); /* want: -Wbide-fork */
        _exit(0);
    }
    await bide_yield();
    return 0;
}

static async int unequal(void)
{
    const int is_parent = 0 != fork();
    if (is_parent)
        await bide_yield();
    else
        await bide_yield(); /* want: -Wbide-fork */
    if (is_parent == 0)
        await bide_yield(); /* want: -Wbide-fork */
    return 0;
}

static async int negated(void)
{
    _Bool child = !fork(), parent = !child, also = !!child;
    if (!parent)
        await bide_yield(); /* want: -Wbide-fork */
    if (also)
        await bide_yield(); /* want: -Wbide-fork */
    if (parent)
        await bide_yield();
    return 0;
}

static async int of_a_variable(void)
{
    pid_t pid = fork();
    bool child;
    if (pid < 0)
        return -1;
    child = (pid == 0);
    if (child)
        await bide_yield(); /* want: -Wbide-fork */
    else
        await bide_yield();
    bool parent = pid;
    if (!parent)
        await bide_yield(); /* want: -Wbide-fork */
    return 0;
}

static async int assigned_on_the_way(void)
{
    pid_t pid;
    bool child = (pid = fork()) == 0;
    while (child)
        await bide_yield(); /* want: -Wbide-fork */
    return pid;
}

static async int in_a_condition(void)
{
    bool child;
    if ((child = fork() == 0) && is_ready())
        await bide_yield(); /* want: -Wbide-fork */
    int other = fork() ? 0 : 1;
    switch (other) {
    case 1: await bide_yield(); break; /* want: -Wbide-fork */
    default: await bide_yield();
    }
    return child;
}

/* Nothing is wrong with these. */
static async int parents(void)
{
    bool failed = fork() < 0;
    if (failed)
        await bide_yield();
    if (!failed)
        await bide_yield(); /* both */
    bool parent = fork() > 0;
    if (parent)
        await bide_yield();
    if (!parent)
        await bide_yield(); /* or it failed */
    bool child = fork() == 0;
    if (child)
        _exit(0);
    await bide_yield();
    child = is_ready();
    if (child)
        await bide_yield();
    bool one = fork() == 0, both = one || is_ready();
    if (both)
        await bide_yield();
    bool mixed = is_ready() ? fork() == 0 : is_ready();
    if (mixed)
        await bide_yield();
    return 0;
}

static async int met(void)
{
    bool some;
    if (is_ready())
        some = fork() == 0;
    else
        some = fork() > 0;
    if (some)
        await bide_yield();
    return 0;
}

int main(void)
{
    return bide_block_on(equal()) + bide_block_on(unequal()) + bide_block_on(negated()) +
           bide_block_on(of_a_variable()) + bide_block_on(assigned_on_the_way()) +
           bide_block_on(in_a_condition()) + bide_block_on(parents()) + bide_block_on(met());
}

/* A task is cancelled at its 1st, 2nd, ... suspension: every deferred block runs once, in order,
 * also a block that waits; a child is unwound before its parent.
 * one thread: the aborts come after a number of turns. */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

static char trace[200];
static int length;

static void note(char c)
{
    if (length < (int)sizeof trace - 1)
        trace[length++] = c;
}

static void close_it(char *c)
{
    note(*c);
}

static async int child(int n)
{
    note('(');
    defer { note(')'); }
    for (int i = 0; i < n; i++) {
        defer { await bide_yield(); note('.'); }
        await bide_yield();
    }
    return n;
}

static async int parent(void)
{
    defer { note('1'); }
    __attribute__((cleanup(close_it))) char c = 'c';
    (void)c;
    int a = await child(1);
    {
        defer { note('2'); int k = await child(1); note((char)('0' + k)); }
        a += await child(2);
    }
    int b = 0;
    await bide_join(a = child(1), b = child(0));
    note('e');
    return a + b;
}

async int main(void)
{
    for (int turns = 0;; turns++) {
        int out = -1;
        length = 0;
        bide_task(int) h = bide_spawn(parent());
        for (int i = 0; i < turns; i++)
            await bide_yield();
        int finished = bide_task_finished(h);
        bide_task_abort(h);
        int err = await bide_task_join(h, &out);
        trace[length] = '\0';
        printf("%d: %s %s\n", turns, err == -ECANCELED ? "cancelled" : "finished", trace);
        if (finished)
            return err;
        if (turns > 50)
            return 1;
    }
}

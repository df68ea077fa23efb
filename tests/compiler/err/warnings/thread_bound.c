/* Values of one thread in tasks that may change threads are errors. */
/* flags: -fbide-multi-thread */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bide_thread_bound window {
    int width;
};
typedef struct pen *pen bide_thread_bound;
struct tools {
    pen pen;
    int count;
};

int pen_draw(pen pen, int n);
static _Thread_local char scratch[64];

static async int draw(struct window *w)
{
    await bide_yield();
    return w->width;
}

static async int paint(struct tools tools, int rc)
{
    const char *text = rc ? strerror(rc) : "no error";
    await bide_yield();
    puts(text);
    int *where = &errno;
    char *buffer = scratch;
    char *home = getenv("HOME"), *again = home;
    await bide_yield();
    puts(again);
    buffer[0] = (char)*where;
    return pen_draw(tools.pen, buffer[0]);
}

static async int session(struct window *w)
{
    return await draw(w);
}

/* Nothing is wrong with these: not spawned; or gone before the await. */
static async int at_home(struct window *w)
{
    await bide_yield();
    return w->width;
}

static async int short_lived(int rc)
{
    const char *text = strerror(rc);
    puts(text);
    await bide_yield();
    text = "another";
    await bide_yield();
    puts(text);
    return 0;
}

async int main(void)
{
    static struct window w = {10};
    struct tools tools = {NULL, 1};
    bide_spawn(session(&w));
    bide_task(int) task = bide_spawn(paint(tools, 1));
    bide_spawn(short_lived(1));
    bide_spawn(async ({
        struct window mine = {1};
        await bide_yield();
        printf("%d\n", mine.width);
    }));
    await bide_task_wait(task);
    return await at_home(&w);
}

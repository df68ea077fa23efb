/* Names: the user's names that generated code uses too, __func__, words of C++. */
#include <bide/bide.h>
#include <stdio.h>
#include <string.h>

struct frame {
    int state;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async int same_names(struct frame *frame, int args, int *result)
{
    int cx = await later(1), h = 2, state = 3, parent = 4, poll = 5, resume_1 = 6, next_1 = 7;
    defer { next_1++; }
    frame->state += args;
    await bide_yield();
    *result = cx + h + state + parent + poll + resume_1 + next_1;
resume_2:
    if (frame->state++ < 5)
        goto resume_2;
    return frame->state;
}

static async int get(int get)
{
    int get_2 = await later(get);
    return get_2 + get;
}

/* The names of parts of the runtime. */
static async int task_join(int n) { return await later(n); }
static async int blocking(int n) { return await task_join(n); }
static async int block_on(int n) { return await blocking(n); }

static async const char *function(void)
{
    await bide_yield();
    return __func__;
}

static async int where(int start_line)
{
    printf("%s %s %s\n", __func__, __FUNCTION__, __PRETTY_FUNCTION__);
    await bide_yield();
    int line = __LINE__;
    int here = await later(__LINE__) - line;
    return line - start_line + here;
}

static async int template(int class)
{
    int new = await later(class), this = await later(2);
    return new + this;
}

async int main(void)
{
    struct frame f = {1};
    int r = 0;
    int s = await same_names(&f, 1, &r);
    printf("%d %d %d %d\n", s, r, await get(21), await block_on(5));
    printf("%s\n", await function());
    printf("%d\n", await where(__LINE__ - 20));
    printf("%d\n", await template(1));
    printf("%s\n", strrchr(__FILE__, '.'));
    return 0;
}

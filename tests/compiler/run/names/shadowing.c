/* flags: -Wno-shadow */
/* Names: shadowing, the same name in several scopes, names that generated code uses too. */
#include "../step.h"

static int value_1 = 1000;

static async int shadows(int x)
{
    int sum = x;
    for (int i = 0; i < 2; i++) {
        int x = await step(i + 10);
        sum += x;
        {
            int x = await step(100);
            int *i = &x;
            await step(0);
            ++*i;
            sum += x;
        }
        for (int i = 0; i < 2; i++) {
            char x[3] = {(char)i, 1};
            await step(0);
            sum += x[0] + x[1];
        }
        sum += await step(x);
    }
    return sum + x;
}

static async int ours(int cx, int frame, int args, int result, int poll)
{
    int h = cx, parent = frame, state = args, resume_1 = result;
    int next_1 = poll, group = 6, call = 7, defer_1 = 8, returned_1 = 9;
    int *place_1 = &h;
    value_1 += await step(1) + await step(value_1);
    {
        defer { *place_1 += await step(next_1); }
        if (state)
            resume_1 += await step(group);
    }
resume_2:
    if (call++ < 8) {
        await step(call);
        goto resume_2;
    }
    return h + parent + state + resume_1 + next_1 + group + call + defer_1 + returned_1;
}

struct frame {
    int frame, cx;
};

static async struct frame members(struct frame frame)
{
    frame.frame += await step(frame.cx);
    return (struct frame){.frame = frame.frame, .cx = 1};
}

static async const char *who(void)
{
    await step(0);
    return __func__;
}

static async int who_size(void)
{
    const char *name = __FUNCTION__;
    await step(0);
    return (int)sizeof __func__ + (name[0] == 'w') + (__PRETTY_FUNCTION__[3] == '_');
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int frame = await shadows(1);
        printf("%d %d %d\n", frame, await ours(1, 2, 3, 4, 5), value_1);
        printf("%d %s %d\n", (await members((struct frame){1, 2})).frame, await who(),
               await who_size());
    }
    return 0;
}

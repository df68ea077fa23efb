/* Computed goto: a threaded interpreter whose instructions wait, tables of offsets, labels in loops
 * and in statement expressions, addresses of labels that are kept across awaits.
 * flags: -Wno-maybe-uninitialized -Wno-unknown-warning-option */
#include "../step.h"

enum { PUSH, ADD, JUMP_IF, DUP, DECREMENT, HALT };

static async int run(const int *code)
{
    static void *const table[] = {
        [PUSH] = &&push,           [ADD] = &&add,   [JUMP_IF] = &&jump_if, [DUP] = &&dup,
        [DECREMENT] = &&decrement, [HALT] = &&halt,
    };
    int stack[8], *top = stack, turns = 0;
    const int *at = code;
#define NEXT goto *table[await step(*at++)]
    NEXT;
push:
    *top++ = await step(*at++);
    NEXT;
add:
    top--;
    top[-1] += top[0];
    turns++;
    NEXT;
jump_if:
    if (*--top)
        at = code + await step(*at);
    else
        at++;
    NEXT;
dup:
    *top = top[-1];
    top++;
    NEXT;
decrement:
    top[-1] -= await step(1);
    NEXT;
halt:
    return top[-1] * 10 + turns;
#undef NEXT
}

static async int offsets(int n)
{
    static const long table[] = {&&zero - &&zero, &&one - &&zero, &&two - &&zero};
    int sum = 0;
    for (int i = 0; i < n; i++) {
        void *to = &&zero + table[i % 3];
        await step(0);
        goto *to;
zero:
        sum += await step(1);
        continue;
one : {
    int local = await step(10);
    sum += local;
    continue;
}
two:
        sum += ({
            __label__ inside, done;
            void *where = await step(i) > 2 ? &&inside : &&done;
            int value = 100;
            goto *where;
inside:
            value += await step(900);
done:
            value;
        });
    }
    return sum;
}

async int main(void)
{
    const int code[] = {PUSH, 0, PUSH, 4, DECREMENT, DUP, JUMP_IF, 4, ADD, PUSH, 5, ADD, HALT};
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await run(code), await offsets(7));
    return 0;
}

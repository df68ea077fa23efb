/* Loops with awaits in their conditions, steps and bodies; break and continue at every depth. */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async void whiles(int n)
{
    int i = 0;
    while (await later(i) < n) {
        i++;
        if (i == 2)
            continue;
        if (i == 5)
            break;
        printf("while %d\n", await later(i));
    }
    do {
        i--;
        if (i % 2)
            continue;
        printf("do %d\n", i);
        await bide_yield();
    } while (await later(i) > 0);
    do
        printf("once %d\n", await later(i));
    while (0);
    while (i++ < 3)
        await bide_yield();
    printf("end %d\n", i);
}

static async void fors(int n)
{
    for (int i = await later(1); await later(i) < n; i += await later(2)) {
        if (i == 3)
            continue;
        printf("for %d\n", i);
    }
    for (int i = 0, j = n; i < j; i++, j -= await later(1))
        printf("two %d %d\n", i, j);
    int k = 0;
    for (;;) {
        if (++k == 3)
            break;
        await bide_yield();
    }
    for (; k < 5; k++)
        ;
    printf("k %d\n", k);
}

static async void nested(void)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; await later(1); j++) {
            if (j == 2)
                break;
            int k = 0;
            while (1) {
                if (k++ == await later(1))
                    break;
                if (i == 1)
                    goto next;
                printf("%d %d %d\n", i, j, k);
            }
        }
    next:
        printf("after %d\n", i);
    }
}

static async int sum_until(const int *numbers, int end)
{
    int sum = 0;
    for (const int *p = numbers; *p != end; p++) {
        switch (*p) {
        case 3: continue;
        default: break;
        }
        sum += await later(*p);
    }
    return sum;
}

static async int early(int n)
{
    for (int i = 0;; i++)
        for (int j = 0; j < 10; j++)
            if (await later(i * 10 + j) == n)
                return i * 100 + j;
}

/* The test of the loop moves into the body, but its step does not. */
static async int deferring(int n)
{
    int sum = 0, rounds = 0;
    for (int i = 0; i < await later(n); i++) {
        defer { rounds += 10; }
        if (i % 2)
            continue;
        sum += i;
    }
    return sum + rounds;
}

async int main(void)
{
    static const int numbers[] = {1, 2, 3, 4, 0};
    await whiles(7);
    await fors(6);
    await nested();
    printf("%d %d\n", await sum_until(numbers, 0), await early(23));
    for (int i = 0; i < 3; i++) {
        int fresh = i * 2;
        await bide_yield();
        fresh += i;
        printf("fresh %d\n", fresh);
    }
    printf("deferring %d\n", await deferring(5));
    return 0;
}

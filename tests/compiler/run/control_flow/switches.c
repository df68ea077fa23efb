/* switch: awaits in the operand and the bodies, fall through, default in the middle, ranges, nesting,
 * cases inside loops (Duff's device). */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async const char *name(int n)
{
    switch (await later(n)) {
    case 0: return "zero";
    case 1: await bide_yield(); return "one";
    default: break;
    case 2:
    case 3: return "a few";
    case 10 ... 20: return "teens";
    }
    return "many";
}

static async int fall(int n)
{
    int sum = 0;
    switch (n) {
    case 3: sum += await later(3); __attribute__((fallthrough));
    case 2: sum += 20; __attribute__((fallthrough));
    case 1: {
        int local = await later(100);
        sum += local;
        break;
    }
    default: sum = await later(-1);
    }
    return sum;
}

static async void copy(char *to, const char *from, int count)
{
    int n = (count + 3) / 4;
    switch (count % 4) {
    case 0:
        do {
            *to++ = *from++;
            await bide_yield();
            __attribute__((fallthrough));
        case 3: *to++ = *from++; __attribute__((fallthrough));
        case 2: *to++ = *from++; await bide_yield(); __attribute__((fallthrough));
        case 1: *to++ = *from++;
        } while (--n > await later(0));
    }
    *to = '\0';
}

static async int nested(int a, int b)
{
    switch (a) {
    case 1:
        switch (await later(b)) {
        case 1: return 11;
        case 2: break;
        default:
            switch (b + await later(0)) {
            case 3: return 13;
            }
            return 10;
        }
        return 12;
    case 2:
        for (int i = 0;; i++) {
            switch (i) {
            case 0: continue;
            case 1: await bide_yield(); continue;
            }
            break;
        }
        return 20;
    }
    return 0;
}

enum colour { RED, GREEN = 5 };

static async int wide(unsigned long long n, enum colour colour)
{
    int r = 0;
    switch (n) {
    case 0xffffffff00000000ULL: r = await later(1); break;
    case 'x': r = await later(2);
    }
    switch (colour) {
    case RED: return r + await later(10);
    case GREEN: return r + await later(20);
    }
    return r;
}

async int main(void)
{
    for (int i = 0; i < 25; i += 4)
        printf("%d %s\n", i, await name(i));
    printf("%s %s %s\n", await name(1), await name(2), await name(3));
    for (int i = 0; i < 5; i++)
        printf("%d ", await fall(i));
    printf("\n");
    for (int i = 1; i < 10; i++) {
        char text[16];
        await copy(text, "abcdefghij", i);
        printf("%s ", text);
    }
    printf("\n%d %d %d %d %d\n", await nested(1, 1), await nested(1, 2), await nested(1, 3),
           await nested(1, 4), await nested(2, 0));
    printf("%d %d\n", await wide(0xffffffff00000000ULL, RED), await wide('x', GREEN));
    return 0;
}

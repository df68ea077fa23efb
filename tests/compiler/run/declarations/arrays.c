/* Arrays and their initialisers; each execution of the declaration initialises anew. */
#include "../step.h"
#include <string.h>
#include <wchar.h>

struct item {
    int id;
    char name[6];
    int tags[3];
};

static async int initialisers(int x)
{
    char s[] = "hello", t[10] = "hi", u[3] = {'a', 'b'}, v[] = {"wrapped"};
    wchar_t w[] = L"wide";
    int a[4] = {1, [2] = await step(x), 9}, zero[5] = {0}, none[3];
    int grid[2][3] = {{1, 2}, {[1] = await step(5)}}, flat[2][2] = {{1, 2}, {3, 4}};
    const int table[] = {2, 3, 5, 7, 11};
    const char *words[] = {"one", "two", [3] = "four"};
    struct item items[2] = {{1, "ab", {1, 2, 3}}, {.id = await step(x), .tags[1] = 8}};
    double d[] = {1, 2.5, [5] = 3};
    int range[6] = {[1 ... 4] = 7};
    int more[] = {await step(1), x, await step(x) + a[2]};
    none[0] = a[3];
    await step(0);
    none[1] = table[4];
    s[0] = 'j';
    grid[1][2] += 4;
    printf("%s %s %c%c%d %s %d %d\n", s, t, u[0], u[1], u[2], v, (int)wcslen(w), (int)sizeof s);
    printf("%d %d %d %d %d %d\n", a[0], a[1], a[2], a[3], zero[4], none[0] + none[1]);
    printf("%d %d %d %d\n", grid[0][1], grid[1][1], grid[1][2], flat[1][0]);
    printf("%d %s %s %d %s %d %d\n", table[2], words[1], words[3], words[2] == NULL, items[0].name,
           items[1].id, items[1].tags[1]);
    printf("%.1f %.0f %d %d %d\n", d[1], d[5], (int)(sizeof d / sizeof *d), range[4], range[5]);
    printf("%d %d %d %d\n", more[0], more[1], more[2], (int)(sizeof more / sizeof *more));
    return 0;
}

static async int fresh(void)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        int a[3] = {i, i + 1};
        char text[4] = "ab";
        int counter = 0;
        int *p = &counter;
        a[2] += await step(a[0]);
        text[2] = (char)('0' + await step(i));
        ++*p;
        await step(0);
        sum += a[0] + a[1] + a[2] + counter;
        printf("%s ", text);
    }
    puts("");
    return sum;
}

static async int pointers(void)
{
    int a[5] = {1, 2, 3, 4, 5}, *p = a, *end = a + 5;
    int (*row)[5] = &a;
    int sum = 0;
    while (p < end)
        sum += await step(*p++);
    (*row)[0] = await step(9);
    char big[5000];
    memset(big, 'x', sizeof big);
    await step(0);
    big[4999] = 0;
    return sum * 100 + a[0] + (int)strlen(big);
}

static async int sum_of(const int *values, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += await step(values[i]);
    return sum;
}

/* Arrays that no await can see stay where they are. */
static async int dead_before(void)
{
    int r;
    {
        char scratch[100];
        r = snprintf(scratch, sizeof scratch, "%d", 12345);
    }
    r += await step(1);
    {
        char scratch[100] = "tail";
        r += (int)strlen(scratch);
    }
    return r;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int values[] = {10, 20, 30};
        await initialisers(4);
        printf("%d\n", await fresh());
        printf("%d\n", await pointers());
        printf("%d %d\n", await sum_of(values, 3), await dead_before());
    }
    return 0;
}

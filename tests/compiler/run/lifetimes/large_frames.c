/* Large frames, long functions, many awaits, buffers that are filled between awaits. */
#include <bide/bide.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

#define FOUR(x)    x x x x
#define SIXTEEN(x) FOUR(FOUR(x))

static async int many(int n)
{
    int sum = 0, i = 0;
    SIXTEEN(sum += await later(i++) + n;)
    SIXTEEN(sum -= await later(1); sum ^= i;)
    return sum;
}

static async unsigned buffer(unsigned seed)
{
    uint8_t bytes[4096];
    unsigned sum = 0;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(seed + i);
        if (i % 1024 == 0)
            await bide_yield();
    }
    for (unsigned i = 0; i < sizeof bytes; i++)
        sum += bytes[i] * (i & 3);
    return sum;
}

static async unsigned disjoint(int n)
{
    unsigned sum = 0;
    for (int i = 0; i < n; i++) {
        {
            char first[1024];
            memset(first, i, sizeof first);
            await bide_yield();
            sum += (unsigned char)first[1023];
        }
        {
            char second[1024];
            memset(second, i + 1, sizeof second);
            await bide_yield();
            sum += (unsigned char)second[0] * 2U;
        }
    }
    return sum;
}

static async int line_reader(const char *input, char *out, size_t room)
{
    char line[64];
    size_t length = 0, used = 0;
    for (const char *p = input; *p; p++) {
        char c = (char)await later(*p);
        if (c != '\n' && length + 1 < sizeof line) {
            line[length++] = c;
            continue;
        }
        line[length] = '\0';
        int n = snprintf(out + used, room - used, "<%s>", line);
        used += (size_t)n;
        length = 0;
    }
    return (int)used;
}

async int main(void)
{
    char out[100];
    printf("%d %d\n", await many(1), await many(2));
    printf("%u %u %u\n", await buffer(1), await buffer(7), await disjoint(3));
    int n = await line_reader("one\ntwo\n\nthree\n", out, sizeof out);
    printf("%d %s\n", n, out);
    return 0;
}

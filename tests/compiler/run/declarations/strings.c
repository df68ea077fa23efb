/* Arrays initialised by strings: of every character type, with and without room for the null, in
 * structs, const and static, made anew each time. */
#include "../step.h"
#include <string.h>
#include <uchar.h>
#include <wchar.h>

struct line {
    char key[4], value[8];
    const char *comment;
};

static async int all(int n)
{
    char text[] = "text\0hidden", braced[] = {"braced"}, exact[4] = "four", room[12] = "room";
    const char fixed[] = "fix" "ed";
    signed char bytes[] = "\x7f\377\101";
    unsigned char high[] = u8"\u00e4";
    wchar_t wide[] = L"wide\u20ac";
    char16_t half[] = u"\U0001F600";
    char32_t full[] = U"\U0001F600!";
    char empty[] = "", rows[][4] = {"one", "two", {'a', (char)await step('b')}}, deep[2][2][3] = {{"ab"}, {[1] = "cd"}};
    struct line line = {"key", .value = "value", await step(1) ? "yes" : "no"};
    static char kept[] = "kept";
    char *moved = text + await step(2);
    await step(0);
    room[4] = (char)('0' + await step(n));
    *moved = 'X';
    kept[0]++;
    line.key[2] = (char)await step('Y');
    printf("%s %s %s %.4s %s %s %d %d %s\n", text, text + 5, braced, exact, room, fixed, bytes[0],
           bytes[1], kept);
    printf("%zu %zu %zu %zu %zu %zu %zu\n", sizeof text, sizeof braced, sizeof bytes, sizeof high,
           sizeof wide / sizeof *wide, sizeof half / sizeof *half, sizeof empty);
    printf("%lx %x %lx %s %s %s %s %s\n", (unsigned long)wide[4], half[1], (unsigned long)full[0],
           rows[1], rows[2], deep[0][0], deep[1][1], deep[1][0]);
    printf("%s %s %s %d\n", line.key, line.value, line.comment, room[11]);
    return (int)strlen(text);
}

static async int each(void)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        char digits[] = "000";
        digits[i] = (char)('1' + await step(i));
        await step(0);
        sum = sum * 10 + (digits[0] - '0') + (digits[1] - '0') + (digits[2] - '0');
    }
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await all(3), await each());
    return 0;
}

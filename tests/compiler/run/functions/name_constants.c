/* __func__, __FUNCTION__ and __PRETTY_FUNCTION__ name the user's function wherever they are: in
 * loops, deferred blocks, branches, async blocks, macros and static variables. */
#include "../step.h"
#include <assert.h>
#include <string.h>

#define WHERE(s) printf("%s %s\n", s, __func__)
#define CHECKED(x)                        \
    ({                                    \
        int checked = (x);                \
        assert(checked >= 0);           \
        checked;                          \
    })

static async const char *of(const char *name)
{
    await step(0);
    return name;
}

static async const char *named(int n)
{
    const char *first = __func__, *again;
    static const char *const list[] = {"a", "b"};
    char copy[sizeof __func__];
    for (int i = 0; i < 2; i++) {
        memcpy(copy, __func__, sizeof copy);
        await step(i);
        WHERE(list[i]);
    }
    defer { WHERE(await of("deferred")); }
    again = await of(__FUNCTION__);
    await bide_join(({ WHERE(await of("branch")); }), ({ await of(__func__); }));
    printf("%s %d %d %d\n", copy, strcmp(first, again), strcmp(__PRETTY_FUNCTION__, __func__),
           CHECKED(await step(n)));
    return first == __func__ ? __func__ : "moved";
}

async void bare(void);
async void bare(void)
{
    WHERE("bare");
    bide_task(int) task = bide_spawn(async ({
        WHERE("block");
        await step(1);
        WHERE("block");
        1;
    }));
    await bide_task_wait(task);
}

int plain(void);
int plain(void)
{
    defer { WHERE("plain deferred"); }
    WHERE("plain");
    return 0;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%s\n", await named(3));
        await bare();
    }
    WHERE("main");
    return plain();
}

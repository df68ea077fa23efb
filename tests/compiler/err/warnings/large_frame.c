/* flags: -Wbide-frame-larger-than=200 -Werror=bide-frame-larger-than= */
#include <bide/bide.h>
#include <string.h>

struct record {
    char name[256];
};

async struct record look_up(int key)
{
    struct record r;
    memset(&r, key, sizeof r);
    await bide_yield();
    return r;
}

async int small(int key)
{
    char text[100];
    memset(text, key, sizeof text);
    await bide_yield();
    return text[key];
}

static async int both(int key);

static async int both(int key)
{
    char buffer[512];
    memset(buffer, key, sizeof buffer);
    struct record r = await look_up(key);
    memcpy(buffer, r.name, sizeof r.name);
    await bide_join(small(key), small(key + 1));
    return buffer[key];
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbide-frame-larger-than="
async int meant(int key)
{
    char buffer[512];
    memset(buffer, key, sizeof buffer);
    await bide_yield();
    return buffer[key];
}
#pragma GCC diagnostic warning "-Wbide-frame-larger-than=600"
async int not_so_large(int key)
{
    char buffer[512];
    memset(buffer, key, sizeof buffer);
    await bide_yield();
    return buffer[key];
}
#pragma GCC diagnostic pop

async int main(void)
{
    bide_task(int) task = bide_spawn(bide_async({
        char own[300] = "";
        await bide_yield();
        (int)strlen(own) + await both(1) + await meant(2) + await not_so_large(3);
    }));
    int result;
    return await bide_task_join(task, &result) + result;
}

/*
 * bide_named in every form that makes a task: with calls, pointers, blocks and blocking calls; the
 * name is evaluated once, may await, and is copied.
 */
#include <bide/bide.h>
#include <bide/set.h>
#include <bide/runtime.h>
#include <stdio.h>
#include <string.h>

static const char *own_name(void)
{
    return bide_task_name() != NULL ? bide_task_name() : "-";
}

static async int name_is(const char *name)
{
    int same = !strcmp(own_name(), name);
    await bide_yield();
    return same && !strcmp(own_name(), name);
}

static async const char *later(const char *name)
{
    await bide_yield();
    return name;
}

static int evaluated;

static const char *once(const char *name)
{
    evaluated++;
    return name;
}

static int adds(int a, int b)
{
    return a + b;
}

static void say(const char *what, int error, int n)
{
    printf("%s %d %d\n", what, error, n);
}

static async int spawned_in(bide_task(int) inner, const char *name)
{
    int n = 0, same = await name_is(name);
    int error = await bide_task_join(inner, &n);
    return error == 0 && n && same;
}

static async void spawns(void)
{
    bide_async_fn(int, const char *) ref = bide_ref(name_is);
    char text[8] = "text";
    int n = 0, error;
    bide_task(int) h = bide_spawn(bide_named(text, name_is("text")));
    strcpy(text, "gone");
    error = await bide_task_join(h, &n);
    say("spawn", error, n);
    h = bide_spawn_on(bide_runtime_current(), bide_named(once("on"), (*ref)("on")));
    error = await bide_task_join(h, &n);
    say("on", error, n);
    h = bide_spawn_local((bide_named(await later("local"), name_is(await later("local")))));
    error = await bide_task_join(h, &n);
    say("local", error, n);
    h = bide_spawn_low(
        bide_named("block", async({ !strcmp(text, "gone") && await name_is("block"); })));
    error = await bide_task_join(h, &n);
    say("block", error, n);
    h = bide_spawn_blocking(bide_named(once("blocking"), adds(40, 2)));
    error = await bide_task_join(h, &n);
    say("blocking", error, n);
    /* neither takes the name of the other */
    h = bide_spawn(bide_named("outer", spawned_in(bide_spawn(name_is("-")), "outer")));
    error = await bide_task_join(h, &n);
    say("outer", error, n);
    h = bide_spawn(bide_named(
        "outer", spawned_in(bide_spawn(bide_named("inner", name_is("inner"))), "outer")));
    error = await bide_task_join(h, &n);
    say("inner", error, n);
    h = bide_spawn(bide_named(NULL, name_is("-")));
    error = await bide_task_join(h, &n);
    say("none", error, n);
    h = bide_spawn(name_is("-"));
    error = await bide_task_join(h, &n);
    say("unnamed", error, n);
    bide_spawn(bide_named("not kept", name_is("not kept")));
    say("evaluated", 0, evaluated);
}

static async void children(void)
{
    int n = 0, key = 0;
    bide_task_set(int) set;
    bide_task_map(int, int) map;
    bide_scope(s) {
        bide_task(int) h = bide_scope_spawn(s, bide_named("child", name_is("child")));
        say("scope", await bide_task_join(h, &n), n);
    }
    if (bide_task_set_new(1, &set) < 0)
        return;
    defer {
        await bide_task_set_close(set);
    }
    if (bide_task_map_new(0, &map) < 0)
        return;
    defer {
        await bide_task_map_close(map);
    }
    bide_task_set_spawn(set, bide_named("first", name_is("first")));
    bide_task_set_spawn(set, bide_named("held", name_is("held"))); /* until the first has ended */
    bide_task_set_spawn(set, name_is("-"));
    while (await bide_task_set_next(set, &n) > 0)
        say("set", 0, n);
    key = 7;
    bide_task_map_spawn(map, &key, bide_named("of a map", name_is("of a map")));
    while (await bide_task_map_next(map, &key, &n) > 0)
        say("map", key, n);
}

static async int joins(bide_task(int) h)
{
    int n = 0, error = await bide_task_join(h, &n);
    return error != 0 ? error : n;
}

static int from_plain_code(void)
{
    bide_task(int) h = bide_spawn(bide_named("plain", name_is("plain")));
    return bide_block_on(joins(bide_move(h)));
}

static async void all(void)
{
    await spawns();
    await children();
}

int main(void)
{
    bide_block_on(all());
    say("plain", 0, from_plain_code());
    return 0;
}

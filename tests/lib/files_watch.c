/*
 * bide/fs.h: watches: each kind of event, several paths, trees that grow, what is lost, ends.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <limits.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"
#include "files.h"

static bide_path_watch *watch;

static async int next_soon(bide_path_event *e)
{
    int r = 0;
    int late = await bide_timeout(BIDE_MS(50), r = bide_path_watch_next(watch, e));
    return late < 0 ? late : r;
}

/* The events that come next, in one text: "path:what ", without the folder; ends before an event
 * that takes longer than a moment. */
static const char *told(void)
{
    static char text[4096];
    bide_path_event e;
    int r;
    text[0] = '\0';
    for (;;) {
        r = bide_block_on(next_soon(&e));
        if (r == -ETIMEDOUT)
            return text;
        CHECK_EQ(r, 1);
        size_t root = strlen(folder), at = strlen(text);
        bool is_in = strncmp(e.path, folder, root) == 0;
        snprintf(text + at, sizeof text - at, "%s:%s%s%s%s%s%s%s%s%s ",
                 is_in ? e.path + root : e.path, e.what & BIDE_PATH_MADE ? "M" : "",
                 e.what & BIDE_PATH_REMOVED ? "R" : "", e.what & BIDE_PATH_CHANGED ? "C" : "",
                 e.what & BIDE_PATH_CLOSED ? "c" : "", e.what & BIDE_PATH_ATTRIBUTES ? "a" : "",
                 e.what & BIDE_PATH_GONE ? "G" : "", e.what & BIDE_PATH_LOST ? "L" : "",
                 e.what & BIDE_PATH_MOVED ? "m" : "", e.what & BIDE_PATH_IS_FOLDER ? "d" : "");
        CHECK((e.cookie != 0) == !!(e.what & BIDE_PATH_MOVED));
    }
}

static void begin(void)
{
    files_begin();
    CHECK_EQ(bide_path_watch_new(&watch), 0);
}

static int add(const char *path)
{
    return bide_block_on(bide_path_watch_add(watch, path));
}

static int add_tree(const char *path)
{
    return bide_block_on(bide_path_watch_add_tree(watch, path));
}

TEST(a_folder_is_watched)
{
    begin();
    int id = add(folder);
    CHECK(id >= 1);
    CHECK_EQ(add(folder), id);
    put_file("a", "x");
    CHECK_STR(told(), "/a:M /a:C /a:c ");
    CHECK_EQ(chmod(in_folder("a"), 0600), 0);
    CHECK_EQ(rename(in_folder("a"), in_folder("b")), 0);
    CHECK_STR(told(), "/a:a /a:Rm /b:Mm ");
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    put_file("d/inner", "x"); /* it is below */
    CHECK_EQ(unlink(in_folder("b")), 0);
    CHECK_STR(told(), "/d:Md /b:R ");
    CHECK_EQ(bide_path_watch_remove(watch, id), 0);
    CHECK_ERR(bide_path_watch_remove(watch, id), -EINVAL);
    put_file("c", "x");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
    bide_path_watch_free(NULL);
}

TEST(a_file_is_watched)
{
    begin();
    put_file("a", "x");
    CHECK(add(in_folder("a")) >= 1);
    CHECK_ERR(add(in_folder("none")), -ENOENT);
    FILE *f = fopen(in_folder("a"), "a");
    CHECK(f != NULL && fputs("y", f) >= 0);
    fclose(f);
    CHECK_STR(told(), "/a:C /a:c ");
    CHECK_EQ(unlink(in_folder("a")), 0);
    CHECK_STR(told(), "/a:a /a:G ");
    bide_path_watch_free(watch);
}

TEST(a_tree_is_watched_as_it_grows)
{
    begin();
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("d/e"), 0700), 0);
    CHECK(add_tree(folder) >= 1);
    put_file("d/e/f", "x");
    CHECK_STR(told(), "/d/e/f:M /d/e/f:C /d/e/f:c ");
    CHECK_EQ(mkdir(in_folder("new"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("new/inner"), 0700), 0);
    put_file("new/inner/x", "");
    CHECK_STR(told(), "/new:Md /new/inner:Md /new/inner/x:M ");
    put_file("new/inner/y", "");
    CHECK_STR(told(), "/new/inner/y:M /new/inner/y:c ");
    CHECK_EQ(rename(in_folder("new"), in_folder("d/moved")), 0);
    /* The files of a folder come in the order in which the file system has them. */
    const char *all = told();
    const char *first = "/new:Rmd /d/moved:Mmd /d/moved/inner:Md ";
    CHECK(strncmp(all, first, strlen(first)) == 0);
    all += strlen(first);
    CHECK_STR(all, strstr(all, "x:M") < strstr(all, "y:M")
                       ? "/d/moved/inner/x:M /d/moved/inner/y:M "
                       : "/d/moved/inner/y:M /d/moved/inner/x:M ");
    CHECK_EQ(unlink(in_folder("d/moved/inner/x")), 0);
    CHECK_STR(told(), "/d/moved/inner/x:R ");
    char outside[80];
    snprintf(outside, sizeof outside, "%s-outside", folder);
    CHECK_EQ(rename(in_folder("d"), outside), 0);
    CHECK_STR(told(), "/d:Rmd ");
    strcpy(folder + strlen(folder), "-outside");
    put_file("e/f", "z");
    folder[strlen(folder) - strlen("-outside")] = '\0';
    CHECK_STR(told(), "");
    CHECK_EQ(rename(outside, in_folder("d")), 0);
    bide_path_watch_free(watch);
}

TEST(a_tree_may_be_given_with_a_slash)
{
    begin();
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("d/e"), 0700), 0);
    int id = add_tree(in_folder(""));
    CHECK(id >= 1);
    put_file("d/e/f", "");
    CHECK_STR(told(), "/d/e/f:M /d/e/f:c ");
    char outside[80];
    snprintf(outside, sizeof outside, "%s-outside", folder);
    CHECK_EQ(rename(in_folder("d"), outside), 0);
    CHECK_STR(told(), "/d:Rmd ");
    CHECK_EQ(rename(outside, in_folder("n")), 0);
    CHECK_STR(told(), "/n:Mmd /n/e:Md /n/e/f:M ");
    CHECK_EQ(bide_path_watch_remove(watch, id), 0);
    put_file("n/e/g", "");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
}

/* Folders d, d/e and d/e/f. */
static void begin_deep(void)
{
    begin();
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("d/e"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("d/e/f"), 0700), 0);
}

TEST(a_tree_goes_on_when_one_in_it_ends)
{
    begin_deep();
    int outer = add_tree(folder), inner = add_tree(in_folder("d"));
    CHECK(outer >= 1 && inner >= 1 && outer != inner);
    CHECK_EQ(bide_path_watch_remove(watch, inner), 0);
    put_file("d/x", "");
    put_file("d/e/f/x", "");
    CHECK_STR(told(), "/d/x:M /d/x:c /d/e/f/x:M /d/e/f/x:c ");
    CHECK_EQ(mkdir(in_folder("d/n"), 0700), 0);
    put_file("d/n/x", "");
    CHECK_STR(told(), "/d/n:Md /d/n/x:M ");
    CHECK_EQ(bide_path_watch_remove(watch, outer), 0);
    put_file("d/e/y", "");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
}

TEST(a_tree_goes_on_when_the_one_round_it_ends)
{
    begin_deep();
    int inner = add_tree(in_folder("d/e")), outer = add_tree(folder);
    CHECK_EQ(bide_path_watch_remove(watch, outer), 0);
    put_file("x", "");
    put_file("d/x", "");
    CHECK_STR(told(), "");
    put_file("d/e/f/x", "");
    CHECK_STR(told(), "/d/e/f/x:M /d/e/f/x:c ");
    CHECK_EQ(mkdir(in_folder("d/e/n"), 0700), 0);
    put_file("d/e/n/x", "");
    CHECK_STR(told(), "/d/e/n:Md /d/e/n/x:M ");
    CHECK_EQ(bide_path_watch_remove(watch, inner), 0);
    put_file("d/e/f/y", "");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
}

TEST(a_folder_of_a_tree_may_be_given_by_itself)
{
    begin_deep();
    int outer = add_tree(folder), plain = add(in_folder("d"));
    CHECK_EQ(bide_path_watch_remove(watch, plain), 0);
    put_file("d/x", "");
    CHECK_STR(told(), "/d/x:M /d/x:c ");
    CHECK_EQ(add(in_folder("d")), plain);
    CHECK_EQ(bide_path_watch_remove(watch, outer), 0);
    put_file("d/y", "");
    put_file("d/e/y", "");
    CHECK_EQ(mkdir(in_folder("d/n"), 0700), 0);
    put_file("d/n/y", "");
    CHECK_STR(told(), "/d/y:M /d/y:c /d/n:Md ");
    put_file("d/n/z", "");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
}

/* Also when all of what is left out has an id that nobody has given. */
TEST(a_part_of_a_tree_may_be_left_out)
{
    bide_path_event e;
    begin_deep();
    CHECK(add_tree(folder) >= 1);
    int deepest = add_tree(in_folder("d/e/f"));
    put_file("d/x", "");
    CHECK_EQ(bide_block_on(next_soon(&e)), 1);
    CHECK_STR(e.name, "x");
    CHECK_EQ(bide_path_watch_remove(watch, e.id), 0); /* d */
    put_file("x", "");
    put_file("d/y", "");
    put_file("d/e/y", "");
    put_file("d/e/f/y", "");
    CHECK_STR(told(), "/x:M /x:c /d/e/f/y:M /d/e/f/y:c ");
    CHECK_EQ(bide_path_watch_remove(watch, deepest), 0);
    put_file("d/e/f/z", "");
    CHECK_STR(told(), "");
    bide_path_watch_free(watch);
}

static ssize_t lost_read(int fd, void *buffer, size_t size)
{
    static bool is_told;
    const struct inotify_event {
        int wd;
        uint32_t mask, cookie, len;
    } lost = {-1, 0x4000, 0, 0};
    if (is_told || size < sizeof lost) {
        ssize_t n = read(fd, buffer, size);
        return n < 0 ? -errno : n;
    }
    ssize_t n = read(fd, buffer, size);
    if (n < 0)
        return -errno;
    is_told = true;
    memcpy(buffer, &lost, sizeof lost);
    return sizeof lost;
}

TEST(what_is_lost_is_told_and_the_tree_looked_at_anew)
{
    begin();
    CHECK(add_tree(folder) >= 1);
    CHECK(bide_test_replace("read", (void (*)(void))lost_read) != NULL);
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0); /* the event of it is that which is lost */
    CHECK_STR(told(), ":L ");
    put_file("d/x", "");
    CHECK_STR(told(), "/d/x:M /d/x:c ");
    bide_path_watch_free(watch);
}

/* The user has too many watches. */
TEST(a_folder_that_cannot_be_watched_is_an_error_once)
{
    bide_path_event e;
    begin();
    CHECK(add_tree(folder) >= 1);
    CHECK_EQ(bide_test_fail("inotify_add_watch", 1, -ENOSPC, 2), 0);
    CHECK_ERR(add(folder), -ENOSPC);
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    CHECK_EQ(bide_block_on(next_soon(&e)), 1);
    CHECK_STR(e.name, "d");
    CHECK_ERR(bide_block_on(next_soon(&e)), -ENOSPC);
    put_file("d/x", "");
    put_file("x", "");
    CHECK_STR(told(), "/x:M /x:c ");
    bide_path_watch_free(watch);
}

static async int waits(void)
{
    bide_path_event e;
    return await bide_path_watch_next(watch, &e);
}

static async int second(void)
{
    bide_task(int) task = bide_spawn(waits());
    await bide_yield();
    CHECK_ERR(await waits(), -EBUSY);
    put_file("x", "");
    int r = 0;
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_EQ(r, 1);
    return 0;
}

TEST(one_task_waits_at_a_time)
{
    begin();
    CHECK(add(folder) >= 1);
    CHECK_EQ(bide_block_on(second()), 0);
    bide_path_watch_free(watch);
}

static async int iterates(void)
{
    bide_iter(bide_path_event) events = bide_iter_of_path_watch(watch);
    defer {
        await bide_iter_close(events);
    }
    bide_path_event e;
    put_file("i", "");
    CHECK_EQ(await bide_next(events, &e), 1);
    CHECK_STR(e.name, "i");
    CHECK_EQ(e.what, BIDE_PATH_MADE);
    return 0;
}

TEST(events_are_an_iterator)
{
    begin();
    CHECK(add(folder) >= 1);
    CHECK_EQ(bide_block_on(iterates()), 0);
    bide_path_watch_free(watch);
}

static int make(void)
{
    bide_path_watch *w = (bide_path_watch *)&folder;
    int r = bide_path_watch_new(&w);
    CHECK((r == 0) == (w != NULL));
    bide_path_watch_free(w);
    return r;
}

static void destroy(void)
{
}

TEST(a_watch_that_cannot_be_made)
{
    fails_everywhere(make, destroy);
    CHECK_EQ(bide_test_fail("inotify_init1", 1, -EMFILE, 1), 0);
    CHECK_ERR(make(), -EMFILE);
}

static async int grows(void)
{
    int r = await bide_path_watch_add_tree(watch, folder);
    if (r < 0)
        return r;
    CHECK_EQ(await bide_folder_make_all(in_folder("m/n"), 0), 0);
    bide_path_event e;
    for (int i = 0; i < 2; i++)
        if ((r = await bide_path_watch_next(watch, &e)) < 0)
            return r;
    return 0;
}

static int grown(void)
{
    files_end();
    strcpy(folder, "/tmp/bide-files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    int r = bide_path_watch_new(&watch);
    if (r == 0)
        r = bide_block_on(grows());
    bide_path_watch_free(watch);
    return r;
}

TEST(without_memory_a_tree_says_so)
{
    unsigned nth = 1;
    files_begin();
    CHECK_EQ(grown(), 0);
    for (bool more = true; more; nth++) {
        alloc_fails(nth);
        more = alloc_has_failed(grown());
    }
    CHECK(nth > 5);
}

/* ---- cancelled ---- */

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static int made;

static async int takes(void)
{
    bide_path_event e;
    while (made < 3) {
        int r = await bide_path_watch_next(watch, &e);
        if (r < 0)
            return r;
        if (e.what & BIDE_PATH_MADE)
            made++;
    }
    return 0;
}

static async int makes(void)
{
    await bide_yield();
    CHECK_EQ(mkdir(in_folder("c"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("c/d"), 0700), 0);
    await bide_yield();
    CHECK_EQ(mkdir(in_folder("z"), 0700), 0);
    return 0;
}

SCENARIO(follows)
{
    (void)state;
    bide_task(int) task = bide_spawn(makes());
    defer {
        CHECK_EQ(await takes(), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    return await takes();
}

static void before(void *state)
{
    (void)state;
    files_end();
    strcpy(folder, "/tmp/bide-files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    made = 0;
    CHECK_EQ(bide_path_watch_new(&watch), 0);
    CHECK(add_tree(folder) >= 1);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK(made >= 3);
    bide_path_watch_free(watch);
}

TEST(a_cancelled_wait_loses_no_event)
{
    files_begin();
    CHECK(cancel_everywhere(&bide__desc_follows, NULL, before, after) >= cancel_least(2));
}

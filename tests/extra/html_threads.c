/*
 * bide/html.h on several workers: pages parsed by many tasks at once, and one page read by all.
 */
#include <bide/bide.h>
#include <bide/html.h>
#include <bide/runtime.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { TASKS = 8, TURNS = 3, SIZE = 100000 };

static char data[SIZE];
static bide_html *page;
static bide_html_selector *selector;
static _Atomic int done;

static void read_it(const bide_html *html)
{
    bide_html_each each = bide_html_select_all(bide_html_top(html), selector);
    const bide_html_node *n;
    int count = 0;
    char *text;
    while (bide_html_each_next(&each, &n) > 0)
        count++;
    CHECK_EQ(count, SIZE / 100 - 1);
    CHECK_EQ(bide_html_text(bide_html_root(html), &text, NULL), 0);
    bide_html_text_free(text);
}

static async int work(int turns)
{
    for (int i = 0; i < turns; i++) {
        bide_html *own;
        int rc = await bide_html_parse(data, i % 2 ? SIZE : SIZE / 2, NULL, NULL, &own);
        if (rc < 0)
            return rc;
        bide_html_free(own);
        read_it(page);
        await bide_yield();
    }
    done++;
    return 0;
}

static async int work_all(void)
{
    bide_scope(s) {
        for (int i = 0; i < TASKS; i++)
            bide_scope_spawn(s, work(TURNS));
    }
    return 0;
}

TEST_LIMIT(many_at_once, 60)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_runtime *rt;
    memset(data, 'x', SIZE);
    for (size_t at = 0; at + 100 < SIZE; at += 100)
        memcpy(data + at, "<p class=a><b>b</b>", 19);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(bide_html_parse(data, SIZE, NULL, NULL, &page)), 0);
    CHECK_EQ(bide_html_selector_new("body > p.a > b", NULL, &selector), 0);
    CHECK_EQ(bide_block_on(work_all()), 0);
    CHECK_EQ(done, TASKS);
    bide_html_selector_free(selector);
    bide_html_free(page);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

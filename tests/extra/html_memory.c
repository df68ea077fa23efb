/*
 * bide/html.h without memory: each allocation of each call fails in turn, and nothing is lost.
 * gumbo does not know that there could be none.
 */
#include <bide/bide.h>
#include <bide/html.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static const char page[] =
    "<!DOCTYPE html><title>t</title><p class=a id=b title='a long text that needs some room'>x"
    "<b>1<i>2</b>3</i><table><b>y<tr><td>z</table><svg viewbox=0><a xlink:href=x /></svg>"
    "<x-1></x-1><x-2 a a b></x-2><!-- c --><script>d</script>";

static char large[100000];
static bide_html *html;

static int parse_it(const char *text, size_t size, const char *charset)
{
    bide_html *h = html;
    bide_html_failure why = {0};
    bide_html_options options = {.charset = charset};
    int rc = bide_block_on(bide_html_parse(text, size, &options, &why, &h));
    CHECK((rc == 0) == (h != NULL));
    if (rc < 0)
        CHECK_STR(why.text, "out of memory");
    bide_html_free(h);
    return rc;
}

static int parses(void)
{
    return parse_it(page, sizeof page - 1, NULL);
}

static int parses_on_the_pool(void)
{
    return parse_it(large, sizeof large, NULL);
}

static int converts(void)
{
    return parse_it(page, sizeof page - 1, "iso-8859-2");
}

static int makes_text(int (*make)(const bide_html_node *, char **, size_t *))
{
    char *text = large;
    size_t size = 1;
    int rc = make(bide_html_top(html), &text, &size);
    CHECK((rc == 0) == (text != NULL));
    if (rc < 0)
        CHECK_EQ(size, 0);
    bide_html_text_free(text);
    return rc;
}

static int texts(void)
{
    return makes_text(bide_html_text);
}

static int all_texts(void)
{
    return makes_text(bide_html_all_text);
}

static int writes(void)
{
    return makes_text(bide_html_outer);
}

static int compiles(void)
{
    bide_html_selector *s;
    bide_html_failure why = {0};
    int rc = bide_html_selector_new("a:not(.b, [c='d'])", &why, &s);
    CHECK((rc == 0) == (s != NULL));
    if (rc < 0)
        CHECK_STR(why.text, "out of memory");
    bide_html_selector_free(s);
    return rc;
}

static int finds(void)
{
    const bide_html_node *n;
    int rc = bide_html_find(bide_html_top(html), "#b", &n);
    CHECK((rc == 0) == (n != NULL));
    return rc;
}

/* The call's own allocations, and perhaps some of the runtime. */
static unsigned fails_at_each(int (*call)(void))
{
    unsigned nth = 0, seen = 0;
    for (uint64_t failed = 1; failed > 0;) {
        CHECK_EQ(bide_test_fail("alloc", ++nth, -ENOMEM, 1), 0);
        int rc = call();
        failed = bide_test_failed("alloc");
        CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
        if (failed == 0)
            CHECK_ERR(rc, 0);
        else if (rc != 0)
            CHECK_ERR(rc, -ENOMEM);
        seen += rc != 0;
    }
    return seen;
}

static void begin(void)
{
    memset(large, ' ', sizeof large);
    for (size_t at = 0; at + 100 < sizeof large; at += 100)
        memcpy(large + at, "<p class=x>text<b>", 18);
    bide_test_watch();
    CHECK_EQ(parses(), 0); /* the runtime is made */
    CHECK_EQ(bide_block_on(bide_html_parse(page, sizeof page - 1, NULL, NULL, &html)), 0);
}

TEST_LIMIT(each_allocation_fails, 60)
{
    begin();
    CHECK(fails_at_each(parses) >= 9);
    CHECK(fails_at_each(converts) >= 9);
    CHECK(fails_at_each(parses_on_the_pool) >= 20);
    CHECK(fails_at_each(texts) >= 1);
    CHECK(fails_at_each(all_texts) >= 1);
    CHECK(fails_at_each(writes) >= 2);
    CHECK(fails_at_each(compiles) == 1);
    CHECK(fails_at_each(finds) == 1);
    bide_html_free(html);
}

/* What is allocated is what is freed, and a page is all that stays. */
TEST(all_memory_is_given_back)
{
    begin();
    bide_html_free(html);
    bide_test_watch();
    int64_t before = bide_test_calls("alloc") - bide_test_calls("free");
    for (int i = 0; i < 3; i++)
        CHECK_EQ(parses() + converts(), 0);
    CHECK_EQ(bide_test_calls("alloc") - bide_test_calls("free"), before);
}

/* Without randomness names are numbered all the same. */
TEST(no_random_numbers)
{
    begin();
    bide_html_free(html);
    CHECK_EQ(bide_test_fail("getrandom", 1, -EAGAIN, 0), 0);
    CHECK_EQ(parses(), 0);
    CHECK(bide_test_failed("getrandom") > 0);
}

/* Where no thread can be had, the page is parsed here. */
TEST(no_thread)
{
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 0), 0);
    memset(large, 'x', sizeof large);
    CHECK_EQ(parses_on_the_pool(), 0);
    CHECK(bide_test_failed("thread_create") > 0);
}

/*
 * bide/html.h against pages that mean harm: each ends with the named error, or in a time that a
 * page of its size may take. The stack of the thread is small, so that what recurses would fall.
 */
#include <bide/bide.h>
#include <bide/html.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_html_failure why;

/* Text that grows. */
static char *text;
static size_t size, room;

static void add(const char *piece)
{
    size_t more = strlen(piece);
    if (size + more > room) {
        room = 2 * (room + more);
        text = realloc(text, room);
        CHECK(text != NULL);
    }
    memcpy(text + size, piece, more);
    size += more;
}

static void add_times(const char *piece, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add(piece);
}

static void add_numbered(const char *format, unsigned i)
{
    char piece[100];
    int n = snprintf(piece, sizeof piece, format, i, i);
    CHECK(n > 0 && n < (int)sizeof piece);
    add(piece);
}

/* Parses the text with all limits as they are, or as given, selects in it, and begins anew. */
static int parse(const bide_html_options *options)
{
    bide_html *html;
    memset(&why, 0, sizeof why);
    int rc = bide_block_on(bide_html_parse(text, size, options, &why, &html));
    CHECK((rc == 0) == (html != NULL));
    CHECK_EQ(why.error, rc);
    if (rc == 0) {
        char *out;
        CHECK_EQ(bide_html_text(bide_html_top(html), &out, NULL), 0);
        bide_html_text_free(out);
        CHECK_EQ(bide_html_outer(bide_html_top(html), &out, NULL), 0);
        bide_html_text_free(out);
    }
    bide_html_free(html);
    size = 0;
    return rc;
}

#define CHECK_FAILS(options, words)           \
    do {                                      \
        CHECK_ERR(parse(options), -EMSGSIZE); \
        CHECK_STR(why.text, words);           \
    } while (0)

/* ---- each limit, to the last ---- */

TEST(the_size)
{
    add("0123456789");
    CHECK_EQ(parse(&(bide_html_options){.size_max = 10}), 0);
    add("01234567890");
    CHECK_FAILS(&(bide_html_options){.size_max = 10}, "the page is longer than 10 bytes");
}

/* html and body are two of them. */
TEST(the_depth)
{
    add_times("<div>", 8);
    add("text<!-- and this -->");
    CHECK_EQ(parse(&(bide_html_options){.depth_max = 10}), 0);
    add_times("<div>", 9);
    CHECK_FAILS(&(bide_html_options){.depth_max = 10}, "elements are nested deeper than 10");
    add_times("<div>", 510);
    CHECK_EQ(parse(NULL), 0);
    add_times("<div>", 511);
    CHECK_FAILS(NULL, "elements are nested deeper than 512");
    add_times("<p>x", 5000); /* these are beside each other */
    CHECK_EQ(parse(NULL), 0);
}

/* html, head, body, and texts that are beside each other are one. */
TEST(the_nodes)
{
    add("<p>a b c</p><!--x-->");
    CHECK_EQ(parse(&(bide_html_options){.nodes_max = 6}), 0);
    add("<p>a b c</p><!--x-->y");
    CHECK_FAILS(&(bide_html_options){.nodes_max = 6}, "the page has more than 6 nodes");
}

TEST(the_attributes)
{
    add("<p a b c d=1>");
    CHECK_EQ(parse(&(bide_html_options){.attributes_max = 4}), 0);
    add("<p a b c d=1 e>");
    CHECK_FAILS(&(bide_html_options){.attributes_max = 4}, "an element has more than 4 attributes");
    /* Attributes of end tags, and those of many tags, do not add up. */
    add_times("</p a b><br c d e>", 3000);
    CHECK_EQ(parse(&(bide_html_options){.attributes_max = 4}), 0);
}

TEST(the_memory)
{
    add_times("<p>text", 5000);
    CHECK_FAILS(&(bide_html_options){.memory_max = 100000},
                "parsing the page takes more than 100000 bytes of memory");
    add_times("<p>text", 5000);
    CHECK_FAILS(&(bide_html_options){.memory_max = 10000},
                "parsing the page takes more than 10000 bytes of memory");
}

TEST(options_that_are_too_large)
{
    const bide_html_options options[] = {{.size_max = (size_t)257 << 20},
                                         {.depth_max = 4001},
                                         {.nodes_max = 50000001},
                                         {.attributes_max = 4001}};
    bide_html *html = (bide_html *)(void *)&why;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        add("x");
        CHECK_ERR(parse(&options[i]), -EINVAL);
        CHECK_STR(why.text, "an option is too large");
    }
    CHECK_ERR(bide_block_on(bide_html_parse(NULL, 1, NULL, NULL, &html)), -EINVAL);
    CHECK(html == NULL);
    CHECK_ERR(bide_block_on(bide_html_parse(NULL, 0, NULL, NULL, &html)), 0);
    bide_html_free(html);
}

/* ---- pages that mean harm ---- */

static void *on_small_stack(void *run)
{
    ((void (*)(void))(uintptr_t)run)();
    return NULL;
}

/* Without AddressSanitizer's frames a task's thread needs much less. */
static void with_small_stack(void (*run)(void))
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK_EQ(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
    CHECK_EQ(pthread_create(&thread, &attributes, on_small_stack, (void *)(uintptr_t)run), 0);
    pthread_join(thread, NULL);
}

static void nested(void)
{
    static const char *const tags[] = {
        "<b>",      "<div>",           "<a>",      "<font a=1>", "<x>",
        "<ul><li>", "<table><tr><td>", "<svg>",    "<math>",     "<template>",
        "<select>", "<table><b>",      "<button>", "<i><div>",   "<svg><desc>"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        add_times(tags[i], 100000);
        int rc = parse(NULL);
        /* <a> and <select> end the one before, and a page is then too large, or it is fine. */
        if (rc != 0)
            CHECK_ERR(rc, -EMSGSIZE);
    }
    add_times("<b>", 1000000);
    CHECK_FAILS(NULL, "elements are nested deeper than 512");
    add_times("<div>", 3000);
    CHECK_EQ(parse(&(bide_html_options){.depth_max = 4000}), 0);
}

TEST_LIMIT(a_million_tags_inside_each_other, 120)
{
    with_small_stack(nested);
}

/* Each paragraph repeats all that were not closed: the standard wants it so. */
TEST_LIMIT(formatting_that_is_repeated, 60)
{
    for (unsigned i = 0; i < 20000; i++)
        add_numbered("<p><b id=%u>x</p>", i);
    CHECK_ERR(parse(NULL), -EMSGSIZE);
    for (unsigned i = 0; i < 20000; i++)
        add_numbered("<p><b id=%u><i>x</p>", i % 50);
    CHECK_ERR(parse(NULL), -EMSGSIZE);
}

/* The algorithm that puts misnested tags right. */
TEST_LIMIT(misnested_tags, 120)
{
    for (unsigned i = 0; i < 400; i++)
        add_numbered("<b id=%u><p>", i);
    add_times("</b>x", 20000);
    (void)parse(NULL);
    for (unsigned i = 0; i < 100; i++)
        add("<a><b><i><u><div>");
    add_times("</a></b></i></u>x", 20000);
    (void)parse(NULL);
    add("<b>");
    add_times("<br>", 20000);
    for (unsigned i = 0; i < 20000; i++)
        add("<p>x</b><b>");
    (void)parse(NULL);
    add_times("<table><a>", 200);
    add_times("x</a><a>", 20000);
    (void)parse(NULL);
}

TEST_LIMIT(many_attributes, 60)
{
    add("<p");
    for (unsigned i = 0; i < 200000; i++)
        add_numbered(" a%u=%u", i);
    add(">");
    CHECK_FAILS(NULL, "an element has more than 256 attributes");
    for (unsigned i = 0; i < 200000; i++)
        add_numbered("<html a%u=%u>", i);
    CHECK_FAILS(NULL, "an element has more than 256 attributes");
    add("<body>");
    for (unsigned i = 0; i < 200000; i++)
        add_numbered("x<body a%u=%u>", i);
    CHECK_FAILS(NULL, "an element has more than 256 attributes");
    add("<p");
    add_times(" a", 500); /* they are all one */
    add(" b=c>");
    CHECK_EQ(parse(NULL), 0);
    add("<p");
    add_times(" a", 500000); /* of which gumbo makes some more */
    add(">");
    int rc = parse(NULL);
    if (rc != 0)
        CHECK_ERR(rc, -EMSGSIZE);
}

/* Each is compared with all others, attribute by attribute. */
TEST_LIMIT(formatting_with_many_attributes, 120)
{
    for (unsigned i = 0; i < 400; i++) {
        add("<b");
        for (unsigned j = 0; j < 250; j++)
            add_numbered(" a%u", j);
        add_numbered(" z=%u>", i);
    }
    for (unsigned i = 0; i < 1000; i++) {
        add("</b><b");
        for (unsigned j = 0; j < 250; j++)
            add_numbered(" a%u", j);
        add_numbered(" y=%u>", i);
    }
    CHECK_FAILS(NULL, "formatting elements with many attributes (256 are allowed) are nested");
}

TEST_LIMIT(text_below_many_elements, 60)
{
    add_times("<b>", 500);
    add_times("some text ", 100000);
    CHECK_EQ(parse(NULL), 0);
    add_times("<", 300000);
    CHECK_EQ(parse(NULL), 0);
    add_times("&", 300000);
    CHECK_EQ(parse(NULL), 0);
    add_times("</", 300000);
    CHECK_EQ(parse(NULL), 0);
    add("<title>");
    add_times("</titl", 100000);
    CHECK_EQ(parse(NULL), 0);
    add("<!--");
    add_times("--", 300000);
    CHECK_EQ(parse(NULL), 0);
    add("<script>");
    add_times("<!--<script", 50000);
    CHECK_EQ(parse(NULL), 0);
}

TEST_LIMIT(many_names, 60)
{
    for (unsigned i = 0; i < 100000; i++)
        add_numbered("<x%u></x%u>", i);
    CHECK_EQ(parse(NULL), 0);
    add_times("<br>", 400000);
    CHECK_EQ(parse(NULL), 0);
}

/*
 * bide/html.h: what becomes of a page: its tree, text, attributes, HTML again, and its character
 * set. Expectations are those of the HTML standard and the Encoding standard.
 */
#include <bide/bide.h>
#include <bide/html.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_html *parse_bytes(const void *data, size_t size, const char *charset)
{
    bide_html *html;
    bide_html_options options = {.charset = charset};
    CHECK_ERR(bide_block_on(bide_html_parse(data, size, &options, NULL, &html)), 0);
    return html;
}

static bide_html *parse(const char *text)
{
    return parse_bytes(text, strlen(text), NULL);
}

static void check_outer(const char *text, const char *expected)
{
    bide_html *html = parse(text);
    char *outer;
    size_t size;
    CHECK_EQ(bide_html_outer(bide_html_top(html), &outer, &size), 0);
    CHECK_STR(outer, expected);
    CHECK_EQ(size, strlen(expected));
    bide_html_text_free(outer);
    bide_html_free(html);
}

/* ---- the tree ---- */

TEST(what_is_missing_is_made)
{
    check_outer("", "<html><head></head><body></body></html>");
    check_outer("a", "<html><head></head><body>a</body></html>");
    check_outer("<!doctype html><title>x</title>b",
                "<!DOCTYPE html><html><head><title>x</title></head><body>b</body></html>");
    check_outer("<ul><li>a<li>b</ul>",
                "<html><head></head><body><ul><li>a</li><li>b</li></ul></body></html>");
    check_outer("<table><tr><td>1", "<html><head></head><body><table><tbody><tr><td>1</td></tr>"
                                    "</tbody></table></body></html>");
    check_outer("<p>a<div>b</p>c", "<html><head></head><body><p>a</p><div>b<p></p>c</div></body>"
                                   "</html>");
}

TEST(misnested_tags_are_put_right)
{
    check_outer("<p>1<b>2<i>3</b>4</i>5</p>",
                "<html><head></head><body><p>1<b>2<i>3</i></b><i>4</i>5</p></body></html>");
    check_outer("<b>1<p>2</b>3</p>",
                "<html><head></head><body><b>1</b><p><b>2</b>3</p></body></html>");
    check_outer("<table><b>x<tr><td>y",
                "<html><head></head><body><b>x</b><table><tbody><tr><td>y</td></tr></tbody>"
                "</table></body></html>");
}

TEST(what_is_written_is_escaped)
{
    check_outer("<p title='a\"&lt;b'>&amp;&lt;x&nbsp;<!-- <c> --><br><img src=a>",
                "<html><head></head><body><p title=\"a&quot;&lt;b\">&amp;&lt;x&nbsp;"
                "<!-- <c> --><br><img src=\"a\"></p></body></html>");
    check_outer("<script>a<b && \"c\"</script><style>a>b</style>",
                "<html><head><script>a<b && \"c\"</script><style>a>b</style></head><body></body>"
                "</html>");
    check_outer("<svg viewbox='0'><lineargradient xlink:href=a /></svg>",
                "<html><head></head><body><svg viewBox=\"0\"><linearGradient xlink:href=\"a\">"
                "</linearGradient></svg></body></html>");
    check_outer("</></><x-y>z", "<html><head></head><body><x-y>z</x-y></body></html>");
    check_outer("<X-Y Q=1>z</X-y>", "<html><head></head><body><x-y q=\"1\">z</x-y></body></html>");
}

/* gumbo appends the next name to that of a second attribute without a value. */
TEST(attributes_that_are_there_twice)
{
    bide_html *html = parse("<p a a class=x Id=1 id=2 b b/b c>t</p><i x=1 x y>");
    const bide_html_node *p, *i;
    bide_html_pair pair;
    CHECK_EQ(bide_html_find(bide_html_top(html), "p", &p), 0);
    CHECK_EQ(bide_html_find(bide_html_top(html), "i", &i), 0);
    CHECK_STR(bide_html_attribute(p, "class"), "x");
    CHECK_STR(bide_html_attribute(p, "a"), "");
    CHECK_STR(bide_html_attribute(p, "ID"), "1");
    CHECK_STR(bide_html_attribute(p, "b"), "");
    CHECK_STR(bide_html_attribute(p, "c"), "");
    CHECK(bide_html_attribute(p, "aclass") == NULL && bide_html_attribute(p, "bc") == NULL);
    CHECK(bide_html_has_class(p, "x") && !bide_html_has_class(p, "X"));
    CHECK_EQ(bide_html_attribute_at(p, 4, &pair), 0);
    CHECK_STR(pair.name, "c");
    CHECK_ERR(bide_html_attribute_at(p, 5, &pair), -ENOENT);
    CHECK_STR(bide_html_attribute(i, "x"), "1");
    CHECK_STR(bide_html_attribute(i, "y"), "");
    bide_html_free(html);
}

TEST(nodes_and_their_neighbours)
{
    bide_html *html = parse("<!--c--><body><p id=a>x<b>y</b><!--z--></p><hr>w");
    const bide_html_node *top = bide_html_top(html), *root = bide_html_root(html), *p;
    CHECK_EQ(bide_html_type_of(top), BIDE_HTML_PAGE);
    CHECK_STR(bide_html_name(root), "html");
    CHECK(bide_html_parent(root) == top && bide_html_parent(top) == NULL);
    CHECK_STR(bide_html_data(bide_html_child(top), NULL), "c");
    CHECK(bide_html_last_child(top) == root && bide_html_before(root) == bide_html_child(top));
    CHECK_EQ(bide_html_find(top, "#a", &p), 0);
    CHECK_EQ(bide_html_type_of(bide_html_child(p)), BIDE_HTML_TEXT);
    CHECK_STR(bide_html_name(bide_html_after(bide_html_child(p))), "b");
    CHECK_EQ(bide_html_type_of(bide_html_last_child(p)), BIDE_HTML_COMMENT);
    CHECK_STR(bide_html_name(bide_html_after(p)), "hr");
    CHECK_STR(bide_html_data(bide_html_last_child(bide_html_parent(p)), NULL), "w");
    unsigned count = 0;
    for (const bide_html_node *n = p; n != NULL; n = bide_html_walk(n, p))
        count++;
    CHECK_EQ(count, 5);
    bide_html_free(html);
}

TEST(nothing_is_asked_of_null)
{
    char *text;
    size_t size = 1;
    bide_html_pair pair;
    CHECK_EQ(bide_html_type_of(NULL), BIDE_HTML_NOTHING);
    CHECK_STR(bide_html_name(NULL), "");
    CHECK_STR(bide_html_data(NULL, &size), "");
    CHECK_EQ(size, 0);
    CHECK(bide_html_parent(NULL) == NULL && bide_html_child(NULL) == NULL);
    CHECK(bide_html_last_child(NULL) == NULL && bide_html_after(NULL) == NULL);
    CHECK(bide_html_before(NULL) == NULL && bide_html_walk(NULL, NULL) == NULL);
    CHECK(bide_html_attribute(NULL, "a") == NULL && !bide_html_has_class(NULL, "a"));
    CHECK_ERR(bide_html_attribute_at(NULL, 0, &pair), -ENOENT);
    CHECK(bide_html_top(NULL) == NULL && bide_html_root(NULL) == NULL);
    CHECK_EQ(bide_html_text(NULL, &text, &size), 0);
    CHECK_STR(text, "");
    bide_html_text_free(text);
    CHECK_EQ(bide_html_outer(NULL, &text, NULL), 0);
    CHECK_STR(text, "");
    bide_html_text_free(text);
    bide_html_free(NULL);
    bide_html_text_free(NULL);
    bide_html_selector_free(NULL);
}

/* ---- text ---- */

static const struct {
    const char *page, *text;
} texts[] = {
    {"a  b\n c", "a b c"},
    {" <b> a </b> b ", "a b"},
    {"a<b> </b>b", "a b"},
    {"a<div>b</div>c", "a\nb\nc"},
    {"<div>a</div><div>b</div>", "a\nb"},
    {"<div><div>a</div></div>b", "a\nb"},
    {"<p>a<p>b", "a\n\nb"},
    {"<h1>a</h1><p>b</p>c", "a\n\nb\n\nc"},
    {"a<br>b", "a\nb"},
    {"a <br> b", "a\nb"},
    {"a<br><br>b", "a\n\nb"},
    {"<div>a<br></div>b", "a\nb"},
    {"<br>a<br>", "a"},
    {"<ul><li>a<li>b</ul>", "a\nb"},
    {"<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a\tb\nc\td"},
    {"<table><tr><td>a<td><td>b</table>", "a\t\tb"},
    {"<table><tr><td><p>a</p><td><p>b</p></table>", "a\tb"},
    {"<table><tr><td>a<td><tr><td>c</table>", "a\nc"},
    {"x<pre>\n a\n  b</pre>y", "x\n a\n  b\ny"},
    {"<textarea>a  b</textarea>", "a  b"},
    {"a<script>b</script><style>c</style><!--d-->e", "ae"},
    {"a<span hidden>b</span>c", "ac"},
    {"a<template><p>b</template>c", "ac"},
    {"a&nbsp; b", "a\xC2\xA0 b"},
    {"<title>t</title>a", "a"},
    {"<noscript>n</noscript>", "n"},
    {"", ""},
};

TEST(text_as_a_reader_sees_it)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bide_html *html = parse(texts[i].page);
        char *text;
        size_t size;
        CHECK_EQ(bide_html_text(bide_html_top(html), &text, &size), 0);
        CHECK_STR(text, texts[i].text);
        CHECK_EQ(size, strlen(text));
        bide_html_text_free(text);
        bide_html_free(html);
    }
}

TEST(text_of_a_node_itself)
{
    bide_html *html = parse("<title> a\n b </title><p hidden>c<b>d</b>");
    const bide_html_node *n;
    char *text;
    CHECK_EQ(bide_html_find(bide_html_top(html), "title", &n), 0);
    CHECK_EQ(bide_html_text(n, &text, NULL), 0);
    CHECK_STR(text, "a b");
    bide_html_text_free(text);
    CHECK_EQ(bide_html_all_text(n, &text, NULL), 0);
    CHECK_STR(text, " a\n b ");
    bide_html_text_free(text);
    CHECK_EQ(bide_html_find(bide_html_top(html), "p", &n), 0);
    CHECK_EQ(bide_html_text(n, &text, NULL), 0);
    CHECK_STR(text, "cd");
    bide_html_text_free(text);
    CHECK_EQ(bide_html_inner(n, &text, NULL), 0);
    CHECK_STR(text, "c<b>d</b>");
    bide_html_text_free(text);
    CHECK_EQ(bide_html_outer(n, &text, NULL), 0);
    CHECK_STR(text, "<p hidden=\"\">c<b>d</b></p>");
    bide_html_text_free(text);
    bide_html_free(html);
}

/* ---- character sets ---- */

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *page;
    size_t size;
    const char *told, *charset;
    bide_html_source source;
    const char *text;
} charsets[] = {
    {BYTES("\xEF\xBB\xBF\xC3\xA9"), "latin1", "utf-8", BIDE_HTML_BY_MARK, "\xC3\xA9"},
    {BYTES("\xFF\xFE"
           "a\0\xE9\0"),
     NULL, "utf-16le", BIDE_HTML_BY_MARK, "a\xC3\xA9"},
    {BYTES("\xFE\xFF\0a\x20\xAC"), NULL, "utf-16be", BIDE_HTML_BY_MARK, "a\xE2\x82\xAC"},
    {BYTES("\xFE\xFF\0a\xD8\x00\0b"), NULL, "utf-16be", BIDE_HTML_BY_MARK,
     "a\xEF\xBF\xBD"
     "b"},
    {BYTES("\xE9"), "text/html; charset=ISO-8859-1", "windows-1252", BIDE_HTML_BY_OPTIONS,
     "\xC3\xA9"},
    {BYTES("\x80"), "text/html;charset=\"latin1\"", "windows-1252", BIDE_HTML_BY_OPTIONS,
     "\xE2\x82\xAC"},
    {BYTES("\xE9"), "windows-1251", "windows-1251", BIDE_HTML_BY_OPTIONS, "\xD0\xB9"},
    {BYTES("\x82\xA0"), "Shift_JIS", "shift_jis", BIDE_HTML_BY_OPTIONS, "\xE3\x81\x82"},
    {BYTES("\xC3\xA9"), "utf-7", "utf-8", BIDE_HTML_BY_GUESS, "\xC3\xA9"},
    {BYTES("\xC3\xA9"), "text/html", "utf-8", BIDE_HTML_BY_GUESS, "\xC3\xA9"},
    {BYTES("\xE9"), NULL, "windows-1252", BIDE_HTML_BY_GUESS, "\xC3\xA9"},
    {BYTES("<meta charset=koi8-r>\xC1"), NULL, "koi8-r", BIDE_HTML_BY_META, "\xD0\xB0"},
    {BYTES("<META CHARSET='UTF-16'>\xC3\xA9"), NULL, "utf-8", BIDE_HTML_BY_META, "\xC3\xA9"},
    {BYTES("<meta http-equiv=Content-Type content='text/html; charset=iso-8859-2'>\xB1"), NULL,
     "iso-8859-2", BIDE_HTML_BY_META, "\xC4\x85"},
    {BYTES("<meta content='x; charset=iso-8859-2'>\xE9"), NULL, "windows-1252", BIDE_HTML_BY_GUESS,
     "\xC3\xA9"},
    {BYTES("<!-- <meta charset=koi8-r> -->\xE9"), NULL, "windows-1252", BIDE_HTML_BY_GUESS,
     "\xC3\xA9"},
    {BYTES("<a title='<meta charset=koi8-r>'>\xE9"), NULL, "windows-1252", BIDE_HTML_BY_GUESS,
     "\xC3\xA9"},
    {BYTES("a\xC3(\xE2\x82"
           "b"),
     "utf-8", "utf-8", BIDE_HTML_BY_OPTIONS,
     "a\xEF\xBF\xBD(\xEF\xBF\xBD"
     "b"},
    {BYTES("\xF0\x9F\x98\x80"), NULL, "utf-8", BIDE_HTML_BY_GUESS, "\xF0\x9F\x98\x80"},
    {BYTES("\xED\xA0\x80"), "utf8", "utf-8", BIDE_HTML_BY_OPTIONS,
     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
};

TEST(character_sets)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        bide_html *html = parse_bytes(charsets[i].page, charsets[i].size, charsets[i].told);
        bide_html_source source;
        char *text;
        CHECK_STR(bide_html_charset(html, &source), charsets[i].charset);
        CHECK_EQ(source, charsets[i].source);
        CHECK_EQ(bide_html_text(bide_html_top(html), &text, NULL), 0);
        CHECK_STR(text, charsets[i].text);
        bide_html_text_free(text);
        bide_html_free(html);
    }
}

TEST(newlines_become_one)
{
    check_outer("<pre>x\r\ny\rz\n\r", "<html><head></head><body><pre>x\ny\nz\n\n</pre></body>"
                                      "</html>");
}

TEST(a_large_page_is_the_same_as_a_small_one)
{
    size_t size = 0, room = 300000;
    char *page = malloc(room + 100), *text;
    bide_html *html;
    for (unsigned i = 0; size < room; i++)
        size += (size_t)snprintf(page + size, 100, "<p id=p%u class='a b'>text %u</p>\n", i, i);
    CHECK_EQ(bide_block_on(bide_html_parse(page, size, NULL, NULL, &html)), 0);
    memset(page, '#', size);
    free(page);
    const bide_html_node *n;
    CHECK_EQ(bide_html_find(bide_html_top(html), "#p5000.b", &n), 0);
    CHECK_EQ(bide_html_text(n, &text, NULL), 0);
    CHECK_STR(text, "text 5000");
    bide_html_text_free(text);
    bide_html_free(html);
}

/*
 * Selectors of bide/html.h: a table of what each selects on one page, derived from Selectors
 * Level 4; and what is no selector, with the column of the mistake.
 *
 * Elements of the page are named by their ids, which also are the order of the page.
 */
#include <bide/bide.h>
#include <bide/html.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const char page[] =
    "<!DOCTYPE html>"
    "<html id=html lang=en-GB><head id=head><title id=title>t</title></head>"
    "<body id=body class='main  wide'>"
    "<div id=d1 class='box red'>"
    "<p id=p1 class=red>one</p>"
    "<p id=p2 title='hello world'>two <b id=b1>x</b></p>"
    "<ul id=ul><li id=l1>1</li><li id=l2 class=Red>2</li><li id=l3 lang=en>3</li>"
    "<li id=l4 lang=en-US>4</li><li id=l5 lang=english>5</li></ul>"
    "</div>"
    "<div id=d2 class=box data-n=12 data-E=''><span id=s1></span><span id=s2> </span>"
    "<span id=s3><!-- c --></span><em id=e1><i id=i1><b id=b2>y</b></i></em>"
    "<a id=a1 href='http://example.org/a.html'>a</a><a id=a2 name=x>b</a>"
    "<a id=a3 href=#top class='ext a:b'>c</a></div>"
    "<form id=f><input id=in1 type=text name=q><input id=in2 type=CHECKBOX checked>"
    "<select id=sel><option id=o1>1<option id=o2 selected>2</select></form>"
    "<div id=d3><div id=d4><div id=d5><p id=p3>deep</p></div><p id=p4>less</p></div>"
    "<p id=p5>least</p></div>"
    "<svg id=svg><linearGradient id=g1 gradientUnits=x></linearGradient><a id=a4 href=y></a></svg>"
    "<p id='1st' class='caf\xC3\xA9 -x _y'>n</p>"
    "</body></html>";

static const struct {
    const char *selector, *ids;
} cases[] = {
    /* types */
    {"title", "title"},
    {"TITLE", "title"},
    {"p", "p1 p2 p3 p4 p5 1st"},
    {"li", "l1 l2 l3 l4 l5"},
    {"nothing", ""},
    {"html", "html"},
    {"lineargradient", ""},
    {"linearGradient", "g1"},
    {"LINEARGRADIENT", ""},
    {"svg *", "g1 a4"},
    {"*", "html head title body d1 p1 p2 b1 ul l1 l2 l3 l4 l5 d2 s1 s2 s3 e1 i1 b2 a1 a2 a3 f in1 "
          "in2 sel o1 o2 d3 d4 d5 p3 p4 p5 svg g1 a4 1st"},
    {" p ", "p1 p2 p3 p4 p5 1st"},
    {"\n\tb\f", "b1 b2"},
    /* ids */
    {"#p1", "p1"},
    {"#P1", ""},
    {"p#p1", "p1"},
    {"div#p1", ""},
    {"#p1#p1", "p1"},
    {"#p1#p2", ""},
    {"#\\31st", "1st"},
    {"#\\31 st", "1st"},
    {"#\\000031st", "1st"},
    {"#\\000031 st", "1st"},
    {"#\\31\nst", "1st"},
    /* classes */
    {".red", "d1 p1"},
    {".Red", "l2"},
    {".RED", ""},
    {".box.red", "d1"},
    {".red.box", "d1"},
    {"div.box", "d1 d2"},
    {"p.red", "p1"},
    {"*.red", "d1 p1"},
    {".main.wide", "body"},
    {".caf\xC3\xA9", "1st"},
    {".caf\\e9", "1st"},
    {".caf\\0000E9", "1st"},
    {".\\63 af\xC3\xA9", "1st"},
    {".-x", "1st"},
    {"._y", "1st"},
    {".a\\:b", "a3"},
    {".a\\3a b", "a3"},
    {".ext.a\\:b#a3", "a3"},
    /* attributes */
    {"[href]", "a1 a3 a4"},
    {"[HREF]", "a1 a3"},
    {"a[href]", "a1 a3 a4"},
    {"[ href ]", "a1 a3 a4"},
    {"[data-n]", "d2"},
    {"[DATA-N]", "d2"},
    {"[data-e]", "d2"},
    {"[data-e='']", "d2"},
    {"[data-n='']", ""},
    {"[gradientUnits]", "g1"},
    {"[gradientunits]", ""},
    {"[checked]", "in2"},
    {"[checked='']", "in2"},
    {"[data-n=\"12\"]", "d2"},
    {"[data-n='12']", "d2"},
    {"[data-n=\\31 2]", "d2"},
    {"[data-n='1']", ""},
    {"[title='hello world']", "p2"},
    {"[title=\"hello\\20world\"]", "p2"},
    {"[title='hello\\\n world']", "p2"},
    {"[ title = 'hello world' ]", "p2"},
    {"[type=text]", "in1"},
    {"[type=checkbox]", ""},
    {"[type=checkbox i]", "in2"},
    {"[type='checkbox'i]", "in2"},
    {"[type=checkbox I]", "in2"},
    {"[type=CHECKBOX s]", "in2"},
    {"[type=checkbox S]", ""},
    {"[title~=hello]", "p2"},
    {"[title~=world]", "p2"},
    {"[title~='hello world']", ""},
    {"[title~=wor]", ""},
    {"[title~='']", ""},
    {"[title~=WORLD i]", "p2"},
    {"[class~=red]", "d1 p1"},
    {"[class~=red i]", "d1 p1 l2"},
    {"[class=red]", "p1"},
    {"[class='box red']", "d1"},
    {"[lang|=en]", "html l3 l4"},
    {"[lang|=EN]", ""},
    {"[lang|=EN i]", "html l3 l4"},
    {"[lang|='en-US']", "l4"},
    {"[lang|='']", ""},
    {"[data-e|='']", "d2"},
    {"[lang^=en]", "html l3 l4 l5"},
    {"[lang^='en-']", "html l4"},
    {"[lang^='']", ""},
    {"[href^=HTTP i]", "a1"},
    {"[href^=HTTP]", ""},
    {"[href$='.html']", "a1"},
    {"[href$='.HTML' i]", "a1"},
    {"[href$='']", ""},
    {"[href*=example]", "a1"},
    {"[href*=EXAMPLE i]", "a1"},
    {"[href*='']", ""},
    {"[href*='#']", "a3"},
    {"[href][name]", ""},
    {"[id][href^='#']", "a3"},
    {"[id='p1'],[id='p2']", "p1 p2"},
    /* combinators */
    {"div p", "p1 p2 p3 p4 p5"},
    {"div div p", "p3 p4"},
    {"div div div p", "p3"},
    {"div div div div p", ""},
    {"body div ul li", "l1 l2 l3 l4 l5"},
    {"div > p", "p1 p2 p3 p4 p5"},
    {"body > p", "1st"},
    {"body>div", "d1 d2 d3"},
    {"body >div> p", "p1 p2 p5"},
    {"#d3 > p", "p5"},
    {"#d3 p", "p3 p4 p5"},
    {"#d3 > div > p", "p4"},
    {"#d3 > div p", "p3 p4"},
    {"#d3 div > p", "p3 p4"},
    {"body > div div > p", "p3 p4"},
    {"html > body > div > div > div > p", "p3"},
    {"em > b", ""},
    {"em b", "b2"},
    {"em > i > b", "b2"},
    {"p + p", "p2"},
    {"p+ul", "ul"},
    {"li + li", "l2 l3 l4 l5"},
    {"li + li + li", "l3 l4 l5"},
    {"#l1 + #l3", ""},
    {"p ~ ul", "ul"},
    {"#l2 ~ li", "l3 l4 l5"},
    {"#l2~li", "l3 l4 l5"},
    {"li ~ li ~ li", "l3 l4 l5"},
    {"#l1 ~ #l3 + li", "l4"},
    {"#l1 + li ~ li", "l3 l4 l5"},
    {"#l5 ~ li", ""},
    {"span ~ a", "a1 a2 a3"},
    {"span + a", ""},
    {"em + a", "a1"},
    {"div ~ div p", "p3 p4 p5"},
    {"div ~ form ~ div", "d3"},
    {"#d1 ~ div > p", "p5"},
    {"#d1 + div a", "a1 a2 a3"},
    {"#d1 + div ~ div p", "p3 p4 p5"},
    {".box.red > .red + p b", "b1"},
    {"div#d5 ~ p", "p4"},
    {"form ~ div > div ~ p", "p5"},
    {"head + body", "body"},
    {"head ~ body > svg", "svg"},
    /* lists */
    {"b, i", "b1 i1 b2"},
    {"i,b", "b1 i1 b2"},
    {"#p5 , #p1", "p1 p5"},
    {"p, p", "p1 p2 p3 p4 p5 1st"},
    {"nothing, title", "title"},
    {"ul > li:first-child, em b", "l1 b2"},
    /* structure */
    {":root", "html"},
    {"body:root", ""},
    {":root > body", "body"},
    {":empty", "s1 s3 in1 in2 g1 a4"},
    {"span:empty", "s1 s3"},
    {"p:first-child", "p1 p3"},
    {"li:first-child", "l1"},
    {":first-child:last-child", "html title b1 i1 b2 p3"},
    {":only-child", "html title b1 i1 b2 p3"},
    {"b:only-child", "b1 b2"},
    {"html:first-child", "html"},
    {"li:last-child", "l5"},
    {"p:last-child", "p3 p4 p5 1st"},
    {"li:nth-child(1)", "l1"},
    {"li:nth-child(2)", "l2"},
    {"li:nth-child(0)", ""},
    {"li:nth-child(6)", ""},
    {"li:nth-child(-1)", ""},
    {"li:nth-child(+3)", "l3"},
    {"li:nth-child(odd)", "l1 l3 l5"},
    {"li:nth-child(ODD)", "l1 l3 l5"},
    {"li:nth-child(even)", "l2 l4"},
    {"li:nth-child( even )", "l2 l4"},
    {"li:nth-child(2n)", "l2 l4"},
    {"li:nth-child(2N+1)", "l1 l3 l5"},
    {"li:nth-child(2n + 1)", "l1 l3 l5"},
    {"li:nth-child( 2n+1 )", "l1 l3 l5"},
    {"li:nth-child(2n-1)", "l1 l3 l5"},
    {"li:nth-child(3n+2)", "l2 l5"},
    {"li:nth-child(n)", "l1 l2 l3 l4 l5"},
    {"li:nth-child(+n)", "l1 l2 l3 l4 l5"},
    {"li:nth-child(n+4)", "l4 l5"},
    {"li:nth-child(-n+2)", "l1 l2"},
    {"li:nth-child(-2n+5)", "l1 l3 l5"},
    {"li:nth-child(-n)", ""},
    {"li:nth-child(0n+3)", "l3"},
    {"li:nth-child(10n-1)", ""},
    {"li:nth-child(3n- 2)", "l1 l4"},
    {"li:nth-child(n+2):nth-child(-n+4)", "l2 l3 l4"},
    {"li:nth-last-child(1)", "l5"},
    {"li:nth-last-child(2n)", "l2 l4"},
    {"li:nth-last-child(-n+2)", "l4 l5"},
    {"body > :nth-child(2)", "d2"},
    {"#d2 > a:nth-child(5)", "a1"},
    {"a:first-of-type", "a1 a4"},
    {"a:last-of-type", "a3 a4"},
    {"#d2 > :first-of-type", "s1 e1 a1"},
    {"#d2 > :last-of-type", "s3 e1 a3"},
    {"#d2 > :only-of-type", "e1"},
    {"#d2 > :nth-of-type(2)", "s2 a2"},
    {"#d2 > :nth-last-of-type(2)", "s2 a2"},
    {"#d2 > a:nth-of-type(odd)", "a1 a3"},
    {"body > p:only-of-type", "1st"},
    {"body > div:nth-of-type(3)", "d3"},
    /* others */
    {":link", "a1 a3"},
    {"a:any-link", "a1 a3"},
    {"a:not(:link)", "a2 a4"},
    {"p:not(.red)", "p2 p3 p4 p5 1st"},
    {"p:not(.red):not(#p2)", "p3 p4 p5 1st"},
    {"p:not(.red, #p2)", "p3 p4 p5 1st"},
    {"li:not(:first-child):not(:last-child)", "l2 l3 l4"},
    {"div:not(.box)", "d3 d4 d5"},
    {"p:not(div p)", "1st"},
    {"p:not(div > div > *)", "p1 p2 p5 1st"},
    {":not(*)", ""},
    {"li:not(li:not(.Red))", "l2"},
    {"input:not([type=text])", "in2"},
    {"b:not( #b1 )", "b2"},
    {":is(b, i)", "b1 i1 b2"},
    {"p:is(.red, #p4)", "p1 p4"},
    {":is(#d1, #d3) > p", "p1 p2 p5"},
    {":where(#d1, #d3) > p", "p1 p2 p5"},
    {":is(ul, em) :is(li:first-child, b)", "l1 b2"},
    {":scope > body", "body"},
    {":scope > head", "head"},
    {"P:FIRST-CHILD", "p1 p3"},
    /* comments, and what looks odd */
    {"p/**/.red", "p1"},
    {"p /* > */ b", "b1"},
    {"/* x */ title /* y */", "title"},
    {"div/**/>/**/p.red", "p1"},
    {"\\70", "p1 p2 p3 p4 p5 1st"},
    {"\\50 .red", "p1"},
    {"a\\:b", ""},
    {"--x", ""},
};

static bide_html *html;

static void parse(const char *text)
{
    CHECK_ERR(bide_block_on(bide_html_parse(text, strlen(text), NULL, NULL, &html)), 0);
}

static void ids_of(const bide_html_node *within, const bide_html_selector *s, char *ids)
{
    bide_html_each each = bide_html_select_all(within, s);
    const bide_html_node *n, *first = bide_html_select_first(within, s);
    size_t size = 0;
    ids[0] = 0;
    while (bide_html_each_next(&each, &n) > 0) {
        if (size == 0)
            CHECK(n == first);
        size += (size_t)sprintf(ids + size, size > 0 ? " %s" : "%s", bide_html_attribute(n, "id"));
    }
    CHECK(size > 0 || first == NULL);
    CHECK_EQ(bide_html_each_next(&each, &n), 0);
}

TEST(what_each_selects)
{
    char ids[1000];
    size_t count = sizeof cases / sizeof *cases;
    parse(page);
    CHECK(count >= 150);
    for (size_t i = 0; i < count; i++) {
        bide_html_selector *s;
        bide_html_failure why = {0};
        int rc = bide_html_selector_new(cases[i].selector, &why, &s);
        if (rc < 0)
            printf("%s: %s\n", cases[i].selector, why.text);
        CHECK_ERR(rc, 0);
        ids_of(bide_html_top(html), s, ids);
        if (strcmp(ids, cases[i].ids) != 0)
            printf("%s\n", cases[i].selector);
        CHECK_STR(ids, cases[i].ids);
        bide_html_selector_free(s);
    }
    bide_html_free(html);
}

/* What an element matches is the same whoever asks. */
TEST(each_element_matches_what_selects_it)
{
    parse(page);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bide_html_selector *s;
        char ids[1000] = " ", id[20];
        if (strstr(cases[i].selector, ":scope") != NULL)
            continue;
        CHECK_ERR(bide_html_selector_new(cases[i].selector, NULL, &s), 0);
        strcat(strcat(ids, cases[i].ids), " ");
        for (const bide_html_node *n = bide_html_root(html); n != NULL;
             n = bide_html_walk(n, bide_html_root(html))) {
            snprintf(id, sizeof id, " %s ", bide_html_attribute(n, "id"));
            bool expected = bide_html_type_of(n) == BIDE_HTML_ELEMENT && strstr(ids, id) != NULL;
            CHECK_EQ(bide_html_matches(n, s), expected);
        }
        bide_html_selector_free(s);
    }
    bide_html_free(html);
}

/* ---- within a node ---- */

static const struct {
    const char *within, *selector, *ids;
} inside[] = {
    {"#d3", "p", "p3 p4 p5"},
    {"#d3", "div", "d4 d5"},
    {"#d3", "body p", "p3 p4 p5"},
    {"#d3", "#d3 > p", "p5"},
    {"#d3", ":scope > p", "p5"},
    {"#d3", ":scope p", "p3 p4 p5"},
    {"#d3", ":scope", ""},
    {"#d3", ":scope > div > :not(p)", "d5"},
    {"#d3", "#d3", ""},
    {"#d3", "form ~ div p", "p3 p4 p5"},
    {"#l1", "*", ""},
    {"#p5", "*", ""},
    {"#ul", "li:nth-child(2)", "l2"},
};

TEST(what_is_selected_within_a_node)
{
    char ids[1000];
    parse(page);
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        bide_html_selector *s;
        const bide_html_node *within;
        CHECK_ERR(bide_html_find(bide_html_top(html), inside[i].within, &within), 0);
        CHECK_ERR(bide_html_selector_new(inside[i].selector, NULL, &s), 0);
        ids_of(within, s, ids);
        CHECK_STR(ids, inside[i].ids);
        bide_html_selector_free(s);
    }
    bide_html_free(html);
}

TEST(the_closest)
{
    const bide_html_node *n;
    bide_html_selector *s;
    parse(page);
    CHECK_EQ(bide_html_find(bide_html_top(html), "#b2", &n), 0);
    CHECK_EQ(bide_html_selector_new("div, i", NULL, &s), 0);
    CHECK_STR(bide_html_attribute(bide_html_closest(n, s), "id"), "i1");
    CHECK_STR(bide_html_attribute(bide_html_closest(bide_html_closest(n, s), s), "id"), "i1");
    n = bide_html_parent(bide_html_closest(n, s));
    CHECK_STR(bide_html_attribute(bide_html_closest(n, s), "id"), "d2");
    CHECK(bide_html_closest(bide_html_root(html), s) == NULL);
    CHECK(bide_html_closest(bide_html_top(html), s) == NULL);
    CHECK(bide_html_closest(NULL, s) == NULL && !bide_html_matches(NULL, s));
    CHECK(bide_html_select_first(NULL, s) == NULL);
    bide_html_selector_free(s);
    CHECK_ERR(bide_html_find(bide_html_top(html), "h6", &n), -ENOENT);
    CHECK(n == NULL);
    CHECK_ERR(bide_html_find(bide_html_top(html), "h6[", &n), -EINVAL);
    bide_html_free(html);
}

/* Without a DOCTYPE ids and classes match in any case; names of attributes' values do not. */
TEST(quirks)
{
    const bide_html_node *n;
    parse("<p id=Ab class=Cd title=Ef>");
    CHECK_EQ(bide_html_find(bide_html_top(html), "#aB", &n), 0);
    CHECK_EQ(bide_html_find(bide_html_top(html), ".cD", &n), 0);
    CHECK_ERR(bide_html_find(bide_html_top(html), "[title=ef]", &n), -ENOENT);
    CHECK_ERR(bide_html_find(bide_html_top(html), "[class=cd]", &n), -ENOENT);
    bide_html_free(html);
}

/* ---- mistakes ---- */

static const struct {
    const char *selector;
    size_t column;
    const char *words;
} mistakes[] = {
    {"", 1, "column 1: a selector is needed, and the selector ends"},
    {"   ", 4, "column 4: a selector is needed, and the selector ends"},
    {",", 1, "column 1: a selector is needed, and this is ','"},
    {"a,", 3, "column 3: a selector is needed, and the selector ends"},
    {"a,,b", 3, "column 3: a selector is needed, and this is ','"},
    {"a >", 4, "column 4: a selector is needed, and the selector ends"},
    {"> a", 1, "column 1: a selector is needed, and this is '>'"},
    {"a > > b", 5, "column 5: a selector is needed, and this is '>'"},
    {"a ! b", 3, "column 3: a selector is needed, and this is '!'"},
    {"a!b", 2, "column 2: a combinator or a comma is needed, and this is '!'"},
    {"a/**/b", 6, "column 6: a combinator or a comma is needed, and this is 'b'"},
    {"#", 2, "column 2: an id is needed, and the selector ends"},
    {"#1", 2, "column 2: an id is needed, and this is '1'"},
    {".", 2, "column 2: a class is needed, and the selector ends"},
    {"..a", 2, "column 2: a class is needed, and this is '.'"},
    {".2a", 2, "column 2: a class is needed, and this is '2'"},
    {"\xC3\xA9\xC3\xA9 .5", 5, "column 5: a class is needed, and this is '5'"},
    {"1a", 1, "column 1: a selector is needed, and this is '1'"},
    {"-1a", 1, "column 1: a selector is needed, and this is '-'"},
    {"a[", 3, "column 3: the name of an attribute is needed, and the selector ends"},
    {"a[]", 3, "column 3: the name of an attribute is needed, and this is ']'"},
    {"a[b", 4, "column 4: ']' or one of = ~= |= ^= $= *= is needed, and the selector ends"},
    {"a[b c]", 5, "column 5: ']' or one of = ~= |= ^= $= *= is needed, and this is 'c'"},
    {"a[b!=c]", 4, "column 4: ']' or one of = ~= |= ^= $= *= is needed, and this is '!'"},
    {"a[b=]", 5, "column 5: a value, as a name or in quotes is needed, and this is ']'"},
    {"a[b=12]", 5, "column 5: a value, as a name or in quotes is needed, and this is '1'"},
    {"a[b='c]", 5, "column 5: the string has no end"},
    {"a[b='c\n']", 7, "column 7: the string goes over the end of a line"},
    {"a[b=c", 6, "column 6: ']' is needed, and the selector ends"},
    {"a[b=c x]", 7, "column 7: ']' is needed, and this is 'x'"},
    {"a[b=c ii]", 8, "column 8: ']' is needed, and this is 'i'"},
    {":", 2, "column 2: the name of a pseudo-class is needed, and the selector ends"},
    {"a::before", 2, "column 2: there are no pseudo-elements"},
    {"a:hover", 2, "column 2: :hover is not known here"},
    {"a:nth-child", 12, "column 12: :nth-child needs parentheses"},
    {"a:nth-child()", 13,
     "column 13: odd, even, a number, or one with n is needed, and this is ')'"},
    {"a:nth-child(x)", 13,
     "column 13: odd, even, a number, or one with n is needed, and this is 'x'"},
    {"a:nth-child(2 n)", 15, "column 15: ')' is needed, and this is 'n'"},
    {"a:nth-child(+ 2)", 14, "column 14: a number or n is needed"},
    {"a:nth-child(2n+)", 16, "column 16: a number is needed, and this is ')'"},
    {"a:nth-child(2n+ -1)", 17, "column 17: a number is needed, and this is '-'"},
    {"a:nth-child(2n 1)", 16, "column 16: ')' is needed, and this is '1'"},
    {"a:nth-child(1", 14, "column 14: ')' is needed, and the selector ends"},
    {"a:nth-child(oddly)", 13,
     "column 13: odd, even, a number, or one with n is needed, and this is 'o'"},
    {"a:first-child(1)", 14, "column 14: :first-child takes no parentheses"},
    {"a:not", 6, "column 6: :not needs parentheses"},
    {"a:not()", 7, "column 7: a selector is needed, and this is ')'"},
    {"a:not(b", 8, "column 8: ')' is needed, and the selector ends"},
    {"a:not(b,)", 9, "column 9: a selector is needed, and this is ')'"},
    {"a)", 2, "column 2: a combinator or a comma is needed, and this is ')'"},
    {"svg|a", 4, "column 4: there are no namespaces"},
    {"*|a", 2, "column 2: there are no namespaces"},
    {"a /* b", 3, "column 3: the comment has no end"},
    {"a\\", 2, "column 2: a combinator or a comma is needed, and this is '\\'"},
};

TEST(mistakes_have_a_column)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        bide_html_selector *s = (bide_html_selector *)(void *)&html;
        bide_html_failure why = {0};
        int rc = bide_html_selector_new(mistakes[i].selector, &why, &s);
        if (rc != -EINVAL || why.column != mistakes[i].column)
            printf("%s: %s\n", mistakes[i].selector, why.text);
        CHECK_ERR(rc, -EINVAL);
        CHECK(s == NULL);
        CHECK_EQ(why.error, -EINVAL);
        CHECK_EQ(why.column, mistakes[i].column);
        CHECK_STR(why.text, mistakes[i].words);
        CHECK_ERR(bide_html_selector_new(mistakes[i].selector, NULL, &s), -EINVAL);
    }
}

TEST(selectors_have_limits)
{
    static char text[20000];
    bide_html_selector *s;
    bide_html_failure why;
    memset(text, 'a', 16384);
    CHECK_ERR(bide_html_selector_new(text, &why, &s), 0);
    bide_html_selector_free(s);
    text[16384] = 'a';
    CHECK_ERR(bide_html_selector_new(text, &why, &s), -EMSGSIZE);
    CHECK_STR(why.text, "the selector is longer than 16384 bytes");
    CHECK_EQ(why.column, 0);
    for (int deep = 8; deep <= 9; deep++) {
        text[0] = 0;
        for (int i = 0; i < deep; i++)
            strcat(text, ":not(");
        strcat(text, "a");
        for (int i = 0; i < deep; i++)
            strcat(text, ")");
        CHECK_ERR(bide_html_selector_new(text, &why, &s), deep <= 8 ? 0 : -EMSGSIZE);
        bide_html_selector_free(s);
    }
    CHECK_STR(why.text, "column 41: more than 8 lists are inside each other");
    for (int many = 100; many <= 101; many++) {
        text[0] = 0;
        for (int i = 0; i < many; i++)
            strcat(text, i > 0 ? ">a" : "a");
        CHECK_ERR(bide_html_selector_new(text, &why, &s), many <= 100 ? 0 : -EMSGSIZE);
        bide_html_selector_free(s);
    }
    CHECK_STR(why.text, "column 201: more than 100 compounds are in a row");
}

/* A match that goes back at each element above would take 400 to the power of 6 steps. */
TEST(many_ways_up_are_not_all_tried)
{
    static char text[20000];
    const bide_html_node *n;
    for (int i = 0; i < 400; i++)
        strcat(text, "<div><b></b><i></i>");
    parse(text);
    CHECK_ERR(bide_html_find(bide_html_top(html), "p div div div div div div div i", &n), -ENOENT);
    CHECK_ERR(bide_html_find(bide_html_top(html), "p > div div > div div > div div > div i", &n),
              -ENOENT);
    CHECK_ERR(bide_html_find(bide_html_top(html), "p b ~ i ~ div b ~ i ~ div b ~ i ~ div", &n),
              -ENOENT);
    bide_html_free(html);
}

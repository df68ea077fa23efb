/*
 * bide/json.h: what is JSON and what is not, the limits, failures in words, and looking into a
 * tree.
 */
#include <bide/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_json *parse(const char *text)
{
    bide_json *j;
    bide_json_failure why = {0};
    int rc = bide_json_parse(text, strlen(text), NULL, &why, &j);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", text, why.text);
    CHECK_EQ(rc, 0);
    CHECK(j != NULL);
    return j;
}

/* A text with a size, which may have zero bytes. */
#define TEXT(s) s, sizeof(s) - 1

/* ---- what is JSON (RFC 8259), and what not ---- */

struct text {
    const char *text;
    size_t size;
    const char *dump; /* what it is written as; NULL: the same */
};

static const struct text accepted[] = {
    {TEXT("null"), NULL},
    {TEXT("true"), NULL},
    {TEXT("false"), NULL},
    {TEXT("0"), NULL},
    {TEXT("-0"), "0"},
    {TEXT("7"), NULL},
    {TEXT("-7"), NULL},
    {TEXT("9223372036854775807"), NULL},
    {TEXT("-9223372036854775808"), NULL},
    {TEXT("1.5"), NULL},
    {TEXT("-0.0"), NULL},
    {TEXT("1.0"), NULL},
    {TEXT("1e3"), "1000.0"},
    {TEXT("1E+3"), "1000.0"},
    {TEXT("1e-2"), "0.01"},
    {TEXT("1.25e+02"), "125.0"},
    {TEXT("1e-400"), "0.0"},
    {TEXT("18446744073709551616.0"), "1.8446744073709552e19"},
    {TEXT("1.7976931348623157e308"), NULL},
    {TEXT("5e-324"), NULL},
    {TEXT("\"\""), NULL},
    {TEXT("\"a\""), NULL},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {TEXT("\"\\u0041\\u00e9\\u20AC\""), "\"A\xC3\xA9\xE2\x82\xAC\""},
    {TEXT("\"\\ud83d\\ude00\""), "\"\xF0\x9F\x98\x80\""},
    {TEXT("\"\\u001f\\u007f\""), "\"\\u001f\x7F\""},
    {TEXT("\"\x7F\""), NULL},
    {TEXT("\"\xC2\x80\xDF\xBF\""), NULL},
    {TEXT("\"\xE0\xA0\x80\xEF\xBF\xBF\""), NULL},
    {TEXT("\"\xED\x9F\xBF\xEE\x80\x80\""), NULL},
    {TEXT("\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""), NULL},
    {TEXT("\"\xE2\x80\xA8\xE2\x80\xA9\""), NULL},
    {TEXT("\"\\ufffe\\uffff\""), "\"\xEF\xBF\xBE\xEF\xBF\xBF\""},
    {TEXT("\"// no comment /* \""), NULL},
    {TEXT("\"a\\\\\""), NULL},
    {TEXT("[]"), NULL},
    {TEXT("{}"), NULL},
    {TEXT("[[]]"), NULL},
    {TEXT("[{}]"), NULL},
    {TEXT("[1,2,3]"), NULL},
    {TEXT("[null,true,false,0,\"\",[],{}]"), NULL},
    {TEXT("{\"\":0}"), NULL},
    {TEXT("{\"a\":{\"b\":[{\"c\":1}]}}"), NULL},
    {TEXT("{\"b\":1,\"a\":2}"), NULL},
    {TEXT("{\"\\u0061\":1}"), "{\"a\":1}"},
    {TEXT("{\"a\":1,\"a\":2}"), "{\"a\":2}"},
    {TEXT(" \t\r\n1 \t\r\n"), "1"},
    {TEXT(" [ 1 , 2 ] "), "[1,2]"},
    {TEXT("{ \"a\" : 1 , \"b\" : [ ] }"), "{\"a\":1,\"b\":[]}"},
    {TEXT("[\"a,b\",\"]\",\"}\",\"{\",\"[\",\":\"]"), NULL},
    {TEXT("{\"a:b\":\"\\\":\"}"), NULL},
};

TEST(what_is_json_is_accepted)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        const struct text *t = &accepted[i];
        bide_json *j;
        bide_json_writer *w;
        bide_json_failure why = {0};
        int rc = bide_json_parse(t->text, t->size, NULL, &why, &j);
        if (rc < 0)
            fprintf(stderr, "%s: %s\n", t->text, why.text);
        CHECK_EQ(rc, 0);
        CHECK_EQ(bide_json_dump(j, NULL, &w), 0);
        CHECK_STR(bide_json_writer_data(w, NULL), t->dump != NULL ? t->dump : t->text);
        bide_json_writer_free(w);
        bide_json_free(j);
    }
}

static const struct text refused[] = {
    {TEXT(""), NULL},
    {TEXT(" "), NULL},
    {TEXT("\n\n"), NULL},
    {TEXT("nul"), NULL},
    {TEXT("nulll"), NULL},
    {TEXT("Null"), NULL},
    {TEXT("TRUE"), NULL},
    {TEXT("undefined"), NULL},
    {TEXT("NaN"), NULL},
    {TEXT("-NaN"), NULL},
    {TEXT("Infinity"), NULL},
    {TEXT("-Infinity"), NULL},
    {TEXT("inf"), NULL},
    {TEXT("01"), NULL},
    {TEXT("-01"), NULL},
    {TEXT("00"), NULL},
    {TEXT("+1"), NULL},
    {TEXT("-"), NULL},
    {TEXT("--1"), NULL},
    {TEXT("."), NULL},
    {TEXT(".5"), NULL},
    {TEXT("5."), NULL},
    {TEXT("-.5"), NULL},
    {TEXT("1.e1"), NULL},
    {TEXT("1e"), NULL},
    {TEXT("1e+"), NULL},
    {TEXT("1e1.5"), NULL},
    {TEXT("0x10"), NULL},
    {TEXT("1_000"), NULL},
    {TEXT("1,5"), NULL},
    {TEXT("1 2"), NULL},
    {TEXT("9223372036854775808"), NULL},
    {TEXT("-9223372036854775809"), NULL},
    {TEXT("100000000000000000000"), NULL},
    {TEXT("1e309"), NULL},
    {TEXT("-1e309"), NULL},
    {TEXT("\""), NULL},
    {TEXT("\"a"), NULL},
    {TEXT("'a'"), NULL},
    {TEXT("a"), NULL},
    {TEXT("\"\\"), NULL},
    {TEXT("\"\\\""), NULL},
    {TEXT("\"\\x41\""), NULL},
    {TEXT("\"\\a\""), NULL},
    {TEXT("\"\\0\""), NULL},
    {TEXT("\"\\'\""), NULL},
    {TEXT("\"\\u\""), NULL},
    {TEXT("\"\\u12\""), NULL},
    {TEXT("\"\\u123g\""), NULL},
    {TEXT("\"\\U0041\""), NULL},
    {TEXT("\"\\ud800\""), NULL},
    {TEXT("\"\\ud800\\u0041\""), NULL},
    {TEXT("\"\\ud800x\""), NULL},
    {TEXT("\"\\udc00\""), NULL},
    {TEXT("\"\\udc00\\ud800\""), NULL},
    {TEXT("\"\\u0000\""), NULL},
    {TEXT("\"a\0b\""), NULL},
    {TEXT("\"\t\""), NULL},
    {TEXT("\"\n\""), NULL},
    {TEXT("\"\x1F\""), NULL},
    {TEXT("\"\x80\""), NULL},
    {TEXT("\"\xC0\x80\""), NULL},
    {TEXT("\"\xC1\xBF\""), NULL},
    {TEXT("\"\xC3\""), NULL},
    {TEXT("\"\xC3(\""), NULL},
    {TEXT("\"\xE0\x80\x80\""), NULL},
    {TEXT("\"\xE2\x82\""), NULL},
    {TEXT("\"\xED\xA0\x80\""), NULL},
    {TEXT("\"\xED\xBF\xBF\""), NULL},
    {TEXT("\"\xF0\x80\x80\x80\""), NULL},
    {TEXT("\"\xF4\x90\x80\x80\""), NULL},
    {TEXT("\"\xF5\x80\x80\x80\""), NULL},
    {TEXT("\"\xF8\x88\x80\x80\x80\""), NULL},
    {TEXT("\"\xFE\""), NULL},
    {TEXT("\"\xFF\""), NULL},
    {TEXT("\xEF\xBB\xBF{}"), NULL},
    {TEXT("\xFF\xFE[\0]\0"), NULL},
    {TEXT("\xC2\xA0"), NULL},
    {TEXT("["), NULL},
    {TEXT("]"), NULL},
    {TEXT("[1"), NULL},
    {TEXT("[1,"), NULL},
    {TEXT("[1,]"), NULL},
    {TEXT("[,1]"), NULL},
    {TEXT("[,]"), NULL},
    {TEXT("[1,,2]"), NULL},
    {TEXT("[1 2]"), NULL},
    {TEXT("[1}"), NULL},
    {TEXT("[1:2]"), NULL},
    {TEXT("[\"a\":1]"), NULL},
    {TEXT("[1]]"), NULL},
    {TEXT("[1][2]"), NULL},
    {TEXT("{"), NULL},
    {TEXT("}"), NULL},
    {TEXT("{]"), NULL},
    {TEXT("{\"a\""), NULL},
    {TEXT("{\"a\":"), NULL},
    {TEXT("{\"a\":1"), NULL},
    {TEXT("{\"a\":1,"), NULL},
    {TEXT("{\"a\":1,}"), NULL},
    {TEXT("{,\"a\":1}"), NULL},
    {TEXT("{\"a\"}"), NULL},
    {TEXT("{\"a\" 1}"), NULL},
    {TEXT("{\"a\":}"), NULL},
    {TEXT("{\"a\"::1}"), NULL},
    {TEXT("{\"a\":1 \"b\":2}"), NULL},
    {TEXT("{\"a\":1;\"b\":2}"), NULL},
    {TEXT("{a:1}"), NULL},
    {TEXT("{1:1}"), NULL},
    {TEXT("{null:1}"), NULL},
    {TEXT("{'a':1}"), NULL},
    {TEXT("{\"a\\u0000b\":1}"), NULL},
    {TEXT("{}}"), NULL},
    {TEXT("{}{}"), NULL},
    {TEXT("{} x"), NULL},
    {TEXT("{}//"), NULL},
    {TEXT("/**/{}"), NULL},
    {TEXT("# a\n1"), NULL},
    {TEXT("1\0"), NULL},
    {TEXT("[1\0]"), NULL},
    {TEXT("[1\0,2]"), NULL},
    {TEXT("[true\0]"), NULL},
    {TEXT("{\"a\"\0:1}"), NULL},
    {TEXT("{\"a\":1.5\0}"), NULL},
    {TEXT("{}\0"), NULL},
    {TEXT("\0"), NULL},
    {TEXT("\v1"), NULL},
    {TEXT("\f1"), NULL},
};

TEST(what_is_no_json_is_refused_in_words)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct text *t = &refused[i];
        bide_json *j = (bide_json *)(void *)&i;
        bide_json_failure why = {0};
        char *copy = malloc(t->size + 1); /* so that the sanitizer sees a read behind it */
        memcpy(copy, t->text, t->size);
        copy = realloc(copy, t->size > 0 ? t->size : 1);
        int rc = bide_json_parse(copy, t->size, NULL, &why, &j);
        fprintf(stderr, "%s: %d %s\n", t->text, rc, why.text);
        CHECK_ERR(rc, -EBADMSG);
        CHECK(j == NULL);
        CHECK_EQ(why.error, -EBADMSG);
        CHECK(why.text[0] != 0 && strlen(why.text) < sizeof why.text);
        for (const char *p = why.text; *p != 0; p++)
            CHECK((unsigned char)*p >= ' ' && *p != 127);
        CHECK(why.position <= t->size);
        CHECK(t->size == 0 || (why.line >= 1 && why.column >= 1));
        CHECK_ERR(bide_json_parse(copy, t->size, NULL, NULL, &j), -EBADMSG);
        free(copy);
    }
}

static void check_place(const char *text, size_t line, size_t column, const char *words)
{
    bide_json *j;
    bide_json_failure why;
    CHECK_ERR(bide_json_parse(text, strlen(text), NULL, &why, &j), -EBADMSG);
    CHECK_STR(why.text, words);
    CHECK_EQ(why.line, line);
    CHECK_EQ(why.column, column);
}

TEST(a_failure_names_its_place)
{
    check_place("{\"a\": 1,\n \"b\": x}", 2, 8,
                "line 2, column 8: this is not JSON (invalid token) near 'x'");
    check_place("[\"\xC3\xA9\xC3\xA9\" 1]", 1, 8,
                "line 1, column 8: this is not JSON (']' expected) near '1'");
    check_place("{\"a\":1", 1, 7, "line 1, column 7: the text ends too early near end of file");
    check_place("1 2", 1, 4, "line 1, column 4: more follows after the value near '2'");
    check_place("[1,\n12345678901234567890]", 2, 21,
                "line 2, column 21: a number is too large near '12345678901234567890'");
}

TEST(the_depth_has_a_limit)
{
    char text[5000];
    bide_json *j;
    bide_json_failure why;
    for (unsigned limit = 1; limit <= 2000; limit += 1999) {
        bide_json_options options = {.depth_max = limit};
        for (unsigned depth = limit; depth <= limit + 1; depth++) {
            memset(text, '[', depth);
            memset(text + depth, ']', depth);
            int rc = bide_json_parse(text, 2 * (size_t)depth, &options, &why, &j);
            CHECK_ERR(rc, depth <= limit ? 0 : -EMSGSIZE);
            bide_json_free(j);
        }
    }
    CHECK_STR(why.text, "line 1, column 2001: this is nested deeper than 2000");
    memset(text, '[', sizeof text); /* far deeper than jansson allows */
    CHECK_ERR(bide_json_parse(text, sizeof text, NULL, &why, &j), -EMSGSIZE);
    CHECK_STR(why.text, "line 1, column 129: this is nested deeper than 128");
    CHECK_ERR(
        bide_json_parse("{\"a\":{\"b\":{}}}", 14, &(bide_json_options){.depth_max = 2}, NULL, &j),
        -EMSGSIZE);
    /* Brackets in texts do not count. */
    CHECK_EQ(bide_json_parse("[\"[[\\\"[[\"]", 10, &(bide_json_options){.depth_max = 1}, NULL, &j),
             0);
    bide_json_free(j);
    CHECK_ERR(bide_json_parse("1", 1, &(bide_json_options){.depth_max = 2001}, &why, &j), -EINVAL);
}

TEST(the_size_has_a_limit)
{
    bide_json *j;
    bide_json_failure why;
    bide_json_options options = {.size_max = 5};
    CHECK_EQ(bide_json_parse("12345", 5, &options, &why, &j), 0);
    bide_json_free(j);
    CHECK_ERR(bide_json_parse("123456", 6, &options, &why, &j), -EMSGSIZE);
    CHECK_STR(why.text, "the text is longer than 5 bytes");
    options.size_max = ((size_t)1 << 30) + 1;
    CHECK_ERR(bide_json_parse("1", 1, &options, &why, &j), -EINVAL);
    size_t size = ((size_t)16 << 20) + 1;
    char *blank = malloc(size);
    memset(blank, ' ', size);
    blank[0] = '1';
    CHECK_EQ(bide_json_parse(blank, size - 1, NULL, &why, &j), 0);
    bide_json_free(j);
    CHECK_ERR(bide_json_parse(blank, size, NULL, &why, &j), -EMSGSIZE);
    free(blank);
}

TEST(the_number_of_values_has_a_limit)
{
    static const struct {
        const char *text;
        size_t values;
    } texts[] = {{"1", 1},
                 {"[]", 1},
                 {"[ ]", 1},
                 {"[1,2,\"a\",null]", 5},
                 {"{\"a\":1,\"b\" : {\"c\":[]}}", 4},
                 {"[[[[]]]]", 4},
                 {"[\"\\\"\",\",\"]", 3}};
    bide_json *j;
    bide_json_failure why;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bide_json_options options = {.values_max = texts[i].values};
        CHECK_EQ(bide_json_parse(texts[i].text, strlen(texts[i].text), &options, &why, &j), 0);
        bide_json_free(j);
        options.values_max--;
        if (options.values_max > 0)
            CHECK_ERR(bide_json_parse(texts[i].text, strlen(texts[i].text), &options, &why, &j),
                      -EMSGSIZE);
    }
    CHECK_STR(why.text, "line 1, column 7: there are more than 2 values");
}

TEST(names_may_have_to_be_unique)
{
    static const char text[] = "{\"a\":1,\"b\":{\"a\":2},\"\\u0061\":3}";
    bide_json *j;
    bide_json_failure why;
    int n = 0;
    CHECK_EQ(bide_json_parse(text, strlen(text), NULL, &why, &j), 0);
    CHECK_EQ(bide_json_get_int(j, "a", &n), 0);
    CHECK_EQ(n, 3);
    bide_json_free(j);
    bide_json_options options = {.unique_keys = true};
    CHECK_ERR(bide_json_parse(text, strlen(text), &options, &why, &j), -EBADMSG);
    CHECK(strstr(why.text, "an object has two members of one name") != NULL);
    CHECK_EQ(bide_json_parse(text, 18, &options, &why, &j), -EBADMSG);
}

TEST(zero_bytes_in_texts_must_be_asked_for)
{
    static const char text[] = "{\"a\":\"x\\u0000y\"}";
    bide_json *j;
    bide_json_failure why;
    const char *s = "unchanged", *t;
    size_t size = 7;
    CHECK_ERR(bide_json_parse(text, strlen(text), NULL, &why, &j), -EBADMSG);
    CHECK(strstr(why.text, "a text has a zero byte") != NULL);
    bide_json_options options = {.nul = true};
    CHECK_EQ(bide_json_parse(text, strlen(text), &options, &why, &j), 0);
    CHECK_ERR(bide_json_get_text(j, "a", &s, NULL), -EILSEQ);
    CHECK_STR(s, "unchanged");
    CHECK_EQ(bide_json_get_text(j, "a", &t, &size), 0);
    CHECK_EQ(size, 3);
    CHECK(memcmp(t, "x\0y", 4) == 0);
    CHECK_ERR(bide_json_unpack(j, &why, bide_json_need("a", &s)), -EBADMSG);
    CHECK_STR(why.text, "a: it has a zero byte");
    bide_json_text whole;
    CHECK_EQ(bide_json_unpack(j, &why, bide_json_need("a", &whole)), 0);
    CHECK_EQ(whole.size, 3);
    bide_json_free(j);
    CHECK_ERR(bide_json_parse("{\"\\u0000\":1}", 12, &options, &why, &j), -EBADMSG);
    CHECK(strstr(why.text, "the name of a member has a zero byte") != NULL);
}

/* ---- looking into a tree ---- */

static const char tree[] =
    "{\"user\":{\"id\":7,\"name\":\"ada\",\"old\":null},"
    "\"tags\":[\"a\",\"b\",[1,2,3]],\"x.y\":{\"it's\":1,\"\":2},\"[0]\":3,"
    "\"half\":0.5,\"three\":3.0,\"yes\":true,\"no\":false,\"big\":9007199254740993,"
    "\"huge\":1e19,\"minus\":-1,\"max\":9223372036854775807,\"min\":-9223372036854775808}";

TEST(a_path_leads_to_a_value)
{
    static const struct {
        const char *path;
        int rc; /* of bide_json_get_int; else the value */
        int value;
    } paths[] = {
        {"user.id", 0, 7},
        {"'user'.'id'", 0, 7},
        {"tags[2][0]", 0, 1},
        {"tags[-1][-1]", 0, 3},
        {"tags[-1][-3]", 0, 1},
        {"'x.y'.'it''s'", 0, 1},
        {"'x.y'.''", 0, 2},
        {"'[0]'", 0, 3},
        {"three", 0, 3},
        {"nobody", -ENODATA, 0},
        {"user.nobody", -ENODATA, 0},
        {"user.nobody.at[0].all", -ENODATA, 0},
        {"user.old", -ENODATA, 0},
        {"user.old.er", -ENODATA, 0},
        {"tags[3]", -ENODATA, 0},
        {"tags[-4]", -ENODATA, 0},
        {"tags[99999999999999]", -ENODATA, 0},
        {"User.id", -ENODATA, 0},
        {"user.id.x", -EBADMSG, 0},
        {"user[0]", -EBADMSG, 0},
        {"tags.a", -EBADMSG, 0},
        {"user.name", -EBADMSG, 0},
        {"user", -EBADMSG, 0},
        {"yes", -EBADMSG, 0},
        {"half", -ERANGE, 0},
        {"huge", -ERANGE, 0},
        {"big", -ERANGE, 0},
        {"", -EBADMSG, 0},
        {".", -EINVAL, 0},
        {".user", -EINVAL, 0},
        {"user.", -EINVAL, 0},
        {"user..id", -EINVAL, 0},
        {"user id'", -EINVAL, 0},
        {"'user", -EINVAL, 0},
        {"'user'id", -EINVAL, 0},
        {"tags[", -EINVAL, 0},
        {"tags]", -EINVAL, 0},
        {"tags[]", -EINVAL, 0},
        {"tags[-]", -EINVAL, 0},
        {"tags[-0]", -EINVAL, 0},
        {"tags[0", -EINVAL, 0},
        {"tags[x]", -EINVAL, 0},
        {"tags[0x1]", -EINVAL, 0},
        {"tags[99999999999999999999]", -EINVAL, 0},
        {"nobody..id", -EINVAL, 0}, /* also behind what is not there */
        {"nobody[]", -EINVAL, 0},
    };
    bide_json *j = parse(tree);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int value = -77;
        int rc = bide_json_get_int(j, paths[i].path, &value);
        fprintf(stderr, "%s: %d\n", paths[i].path, rc);
        CHECK_ERR(rc, paths[i].rc);
        CHECK_EQ(value, rc == 0 ? paths[i].value : -77);
        CHECK_ERR(bide_json_get_int(NULL, paths[i].path, &value),
                  paths[i].rc == -EINVAL ? -EINVAL : -ENODATA);
    }
    char path[300] = "'";
    memset(path + 1, 'x', 257);
    memcpy(path + 258, "'", 2);
    CHECK_ERR(bide_json_get_int(j, path, &(int){0}), -EINVAL);
    CHECK_ERR(bide_json_get_int(j, NULL, &(int){0}), -EBADMSG);
    CHECK(bide_json_get(j, NULL) == j);
    CHECK(bide_json_get(j, "user.nobody") == NULL && bide_json_get(j, "[") == NULL);
    bide_json_free(j);
}

TEST(values_have_types)
{
    bide_json *j = parse(tree);
    int64_t n = 0;
    double d = 0;
    bool yes = false, no = true;
    const char *s = NULL;
    size_t size = 0;
    CHECK_EQ(bide_json_type_of(j), BIDE_JSON_OBJECT);
    CHECK_EQ(bide_json_type_of(NULL), BIDE_JSON_NULL);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "tags")), BIDE_JSON_ARRAY);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "user.id")), BIDE_JSON_INTEGER);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "three")), BIDE_JSON_DOUBLE);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "no")), BIDE_JSON_BOOL);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "user.name")), BIDE_JSON_TEXT);
    CHECK_EQ(bide_json_type_of(bide_json_get(j, "user.old")), BIDE_JSON_NULL);
    CHECK_EQ(bide_json_get_i64(j, "max", &n), 0);
    CHECK(n == INT64_MAX);
    CHECK_EQ(bide_json_get_i64(j, "min", &n), 0);
    CHECK(n == INT64_MIN);
    CHECK_ERR(bide_json_get_i64(j, "huge", &n), -ERANGE);
    CHECK_EQ(bide_json_get_double(j, "half", &d), 0);
    CHECK(d == 0.5);
    CHECK_EQ(bide_json_get_double(j, "user.id", &d), 0);
    CHECK(d == 7.0);
    CHECK_ERR(bide_json_get_double(j, "big", &d), -ERANGE);
    CHECK_ERR(bide_json_get_double(j, "max", &d), -ERANGE);
    CHECK_EQ(bide_json_get_double(j, "min", &d), 0);
    CHECK(d == -0x1p63);
    CHECK_ERR(bide_json_get_double(j, "yes", &d), -EBADMSG);
    CHECK_EQ(bide_json_get_bool(j, "yes", &yes), 0);
    CHECK_EQ(bide_json_get_bool(j, "no", &no), 0);
    CHECK(yes && !no);
    CHECK_ERR(bide_json_get_bool(j, "user.id", &yes), -EBADMSG);
    CHECK_EQ(bide_json_get_text(j, "user.name", &s, &size), 0);
    CHECK_STR(s, "ada");
    CHECK_EQ(size, 3);
    CHECK_EQ(bide_json_get_text(j, "tags[1]", &s, NULL), 0);
    CHECK_STR(s, "b");
    CHECK_ERR(bide_json_get_text(j, "half", &s, NULL), -EBADMSG);
    bide_json_free(j);
}

TEST(members_and_items)
{
    bide_json *j = parse("{\"z\":1,\"a\":[10,20],\"x.y\":2}");
    const char *name;
    const bide_json *value;
    char names[20] = "";
    bide_json_each each = bide_json_each_of(j);
    while (bide_json_each_next(&each, &name, &value) > 0)
        strcat(strcat(names, name), " ");
    CHECK_STR(names, "z a x.y ");
    CHECK_EQ(bide_json_each_next(&each, &name, &value), 0);
    CHECK_EQ(bide_json_count(j), 3);
    CHECK(bide_json_member(j, "x.y") != NULL && bide_json_member(j, "y") == NULL);
    const bide_json *a = bide_json_member(j, "a");
    CHECK_EQ(bide_json_count(a), 2);
    CHECK(bide_json_item(a, 1) == bide_json_get(j, "a[1]"));
    CHECK(bide_json_item(a, 2) == NULL && bide_json_item(j, 0) == NULL);
    CHECK(bide_json_member(a, "z") == NULL && bide_json_member(NULL, "z") == NULL);
    int sum = 0, n;
    each = bide_json_each_of(a);
    while (bide_json_each_next(&each, NULL, &value) > 0) {
        CHECK_EQ(bide_json_get_int(value, "", &n), 0);
        sum += n;
    }
    CHECK_EQ(sum, 30);
    each = bide_json_each_of(bide_json_get(j, "z"));
    CHECK_EQ(bide_json_each_next(&each, &name, &value), 0);
    each = bide_json_each_of(NULL);
    CHECK_EQ(bide_json_each_next(&each, &name, &value), 0);
    CHECK_EQ(bide_json_count(NULL), 0);
    bide_json_free(j);
    bide_json_free(NULL);
}

/* ---- several values at once ---- */

TEST(unpack_fills_in_variables_of_their_types)
{
    bide_json *j = parse(tree);
    bide_json_failure why;
    short a = 0;
    int b = 0, other = 42;
    long c = 0;
    long long d = 0;
    unsigned char e = 0;
    unsigned short f = 0;
    unsigned g = 0;
    unsigned long h = 0;
    unsigned long long i = 0;
    double k = 0;
    bool l = false;
    const char *m = NULL, *nick = "none";
    const bide_json *n = NULL;
    bide_json_text o = {0};
    CHECK_EQ(bide_json_unpack(j, &why, bide_json_need("user.id", &a), bide_json_need("minus", &b),
                              bide_json_need("max", &c), bide_json_need("min", &d),
                              bide_json_need("tags[2][0]", &e), bide_json_need("three", &f),
                              bide_json_need("tags[2][1]", &g), bide_json_need("max", &h),
                              bide_json_need("big", &i), bide_json_need("half", &k),
                              bide_json_need("yes", &l), bide_json_need("user.name", &m),
                              bide_json_need("tags", &n), bide_json_need("tags[0]", &o),
                              bide_json_may("user.old", &other), bide_json_may("user.nick", &nick)),
             0);
    CHECK_EQ(a, 7);
    CHECK_EQ(b, -1);
    CHECK_EQ(c, INT64_MAX);
    CHECK_EQ(d, INT64_MIN);
    CHECK_EQ(e, 1);
    CHECK_EQ(f, 3);
    CHECK_EQ(g, 2);
    CHECK_EQ(h, INT64_MAX);
    CHECK_EQ(i, 9007199254740993);
    CHECK(k == 0.5 && l);
    CHECK_STR(m, "ada");
    CHECK_EQ(bide_json_count(n), 3);
    CHECK_STR(o.data, "a");
    CHECK_EQ(other, 42);
    CHECK_STR(nick, "none");
    bide_json_free(j);
}

#define UNPACK_FAILS(text_, error_, ...)                              \
    do {                                                              \
        bide_json_failure why_ = {0};                                 \
        CHECK_ERR(bide_json_unpack(j, &why_, __VA_ARGS__), (error_)); \
        CHECK_STR(why_.text, (text_));                                \
        CHECK_EQ(why_.error, (error_));                               \
        CHECK_ERR(bide_json_unpack(j, NULL, __VA_ARGS__), (error_));  \
    } while (0)

TEST(unpack_says_what_is_wrong)
{
    bide_json *j = parse(tree);
    int n = 5;
    unsigned char small = 5;
    unsigned u = 5;
    bool b;
    double d;
    const char *s = "same";
    UNPACK_FAILS("user.name: a whole number is needed, and this is a text", -EBADMSG,
                 bide_json_need("user.name", &n));
    UNPACK_FAILS("tags: a text is needed, and this is an array", -EBADMSG,
                 bide_json_need("tags", &s));
    UNPACK_FAILS("yes: a number is needed, and this is true or false", -EBADMSG,
                 bide_json_need("yes", &d));
    UNPACK_FAILS("half: true or false is needed, and this is a number", -EBADMSG,
                 bide_json_may("half", &b));
    UNPACK_FAILS("user.x: it is missing", -EBADMSG, bide_json_need("user.x", &n));
    UNPACK_FAILS("user.old: it is null", -EBADMSG, bide_json_need("user.old", &n));
    UNPACK_FAILS("minus: a whole number from 0 to 4294967295 is needed", -EBADMSG,
                 bide_json_need("minus", &u));
    UNPACK_FAILS("big: a whole number from 0 to 255 is needed", -EBADMSG,
                 bide_json_need("big", &small));
    UNPACK_FAILS("half: a whole number from -2147483648 to 2147483647 is needed", -EBADMSG,
                 bide_json_need("half", &n));
    UNPACK_FAILS("tags.a: what is on the way there is no object or array", -EBADMSG,
                 bide_json_may("tags.a", &n));
    UNPACK_FAILS("tags[: this is no path", -EINVAL, bide_json_need("tags[", &n));
    UNPACK_FAILS("the value: a text is needed, and this is an object", -EBADMSG,
                 bide_json_need("", &s));
    /* Nothing has changed, though the first fields were good. */
    UNPACK_FAILS("nothing: it is missing", -EBADMSG, bide_json_need("user.id", &n),
                 bide_json_need("user.name", &s), bide_json_need("nothing", &u));
    CHECK_EQ(n, 5);
    CHECK_STR(s, "same");
    bide_json_free(j);
    j = NULL;
    UNPACK_FAILS("a: it is missing", -EBADMSG, bide_json_need("a", &n));
}

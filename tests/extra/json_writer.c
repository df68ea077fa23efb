/*
 * The writer of bide/json.h: its states and errors, escapes, numbers, layouts, formats, and its
 * buffer.
 */
#include <bide/json.h>
#include <bide/testing.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "full.h"

static bide_json_writer *writer(const bide_json_writer_options *options)
{
    bide_json_writer *w;
    CHECK_EQ(bide_json_writer_new(options, &w), 0);
    return w;
}

static const char *data(const bide_json_writer *w)
{
    size_t size;
    const char *text = bide_json_writer_data(w, &size);
    CHECK_EQ(strlen(text), size);
    return text;
}

/* ---- states ---- */

/* A row of calls, by letters: { [ begin, . ends, k a key, v a value, $ finish. */
static int call(bide_json_writer *w, char letter)
{
    switch (letter) {
    case '{': return bide_json_writer_begin_object(w);
    case '[': return bide_json_writer_begin_array(w);
    case '.': return bide_json_writer_end(w);
    case 'k': return bide_json_writer_key(w, "k");
    case 'v': return bide_json_writer_i64(w, 1);
    default: return bide_json_writer_finish(w);
    }
}

static const struct {
    const char *calls; /* all but the last succeed if there is an error */
    const char *text, *error;
    bool lines;
} rows[] = {
    {"v$", "1", "", false},
    {"{.$", "{}", "", false},
    {"[.$", "[]", "", false},
    {"{kv.$", "{\"k\":1}", "", false},
    {"{kvkv.$", "{\"k\":1,\"k\":1}", "", false},
    {"[vvv.$", "[1,1,1]", "", false},
    {"[[.[v.{.v.$", "[[],[1],{},1]", "", false},
    {"{k{k[v.kv.kv.$", "{\"k\":{\"k\":[1],\"k\":1},\"k\":1}", "", false},
    {"vv", "1", "after 1 bytes, 0 deep: a second value after the end of the first", false},
    {"{.v", "{}", "after 2 bytes, 0 deep: a second value after the end of the first", false},
    {"{v", "{", "after 1 bytes, 1 deep: a value without a key, in an object", false},
    {"{kvv", "{\"k\":1", "after 6 bytes, 1 deep: a value without a key, in an object", false},
    {"{{", "{", "after 1 bytes, 1 deep: a value without a key, in an object", false},
    {"{kk", "{\"k\":", "after 5 bytes, 1 deep: a second key, and no value between", false},
    {"{k.", "{\"k\":", "after 5 bytes, 1 deep: the object ends after a key without a value", false},
    {"[k", "[", "after 1 bytes, 1 deep: a key, in an array", false},
    {"k", "", "after 0 bytes, 0 deep: a key, and no object has begun", false},
    {"{.k", "{}", "after 2 bytes, 0 deep: a key, and no object has begun", false},
    {".", "", "after 0 bytes, 0 deep: an end, and nothing has begun", false},
    {"[..", "[]", "after 2 bytes, 0 deep: an end, and nothing has begun", false},
    {"$", "", "after 0 bytes, 0 deep: there is no value", false},
    {"{$", "{", "after 1 bytes, 1 deep: an object has not ended", false},
    {"{k[$", "{\"k\":[", "after 6 bytes, 2 deep: an array has not ended", false},
    {"{k$", "{\"k\":", "after 5 bytes, 1 deep: an object has not ended", false},
    {"$", "", "", true},
    {"vv$", "1\n1\n", "", true},
    {"{kv.[v.v$", "{\"k\":1}\n[1]\n1\n", "", true},
    {"v[$", "1\n[", "after 3 bytes, 1 deep: an array has not ended", true},
};

TEST(misuse_is_an_error_that_names_it)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bide_json_writer *w = writer(&(bide_json_writer_options){.lines = rows[i].lines});
        int rc = 0;
        for (const char *c = rows[i].calls; *c != 0; c++) {
            rc = call(w, *c);
            CHECK(rc == 0 || c[1] == 0);
        }
        CHECK_STR(bide_json_writer_error(w), rows[i].error);
        CHECK_STR(data(w), rows[i].text);
        CHECK_ERR(rc, rows[i].error[0] != 0 ? -EPROTO : 0);
        if (rc < 0) { /* the first error stays, and nothing more is written */
            static const char all[] = "{[.kv$";
            for (const char *c = all; *c != 0; c++)
                CHECK_ERR(call(w, *c), -EPROTO);
            CHECK_ERR(bide_json_writer_text(w, "\xFF"), -EPROTO);
            CHECK_ERR(bide_json_writer_double(w, NAN), -EPROTO);
            CHECK_ERR(bide_json_writer_pack(w, "{}"), -EPROTO);
            CHECK_ERR(bide_json_writer_json(w, NULL), -EPROTO);
            CHECK_STR(bide_json_writer_error(w), rows[i].error);
            CHECK_STR(data(w), rows[i].text);
            bide_json_writer_reset(w);
            CHECK_STR(bide_json_writer_error(w), "");
            CHECK_EQ(call(w, 'v'), 0);
            CHECK_EQ(bide_json_writer_finish(w), 0);
        }
        bide_json_writer_free(w);
    }
}

TEST(the_depth_and_the_size_have_limits)
{
    for (unsigned limit = 1; limit <= 2000; limit += 1999) {
        bide_json_writer *w = writer(&(bide_json_writer_options){.depth_max = limit, .indent = 1});
        for (unsigned i = 0; i < limit; i++)
            CHECK_EQ(i % 2 == 0 ? bide_json_writer_begin_array(w)
                                : (bide_json_writer_begin_object(w), bide_json_writer_key(w, "k")),
                     0);
        CHECK_ERR(bide_json_writer_begin_array(w), -EMSGSIZE);
        CHECK_ERR(bide_json_writer_finish(w), -EMSGSIZE);
        bide_json_writer_free(w);
    }
    bide_json_writer *w = writer(NULL);
    for (unsigned i = 0; i < 128; i++)
        CHECK_EQ(bide_json_writer_begin_array(w), 0);
    CHECK_ERR(bide_json_writer_begin_object(w), -EMSGSIZE);
    CHECK_STR(bide_json_writer_error(w), "after 128 bytes, 128 deep: it is nested too deep");
    bide_json_writer_free(w);

    w = writer(&(bide_json_writer_options){.size_max = 10});
    CHECK_EQ(bide_json_writer_text(w, "12345678"), 0);
    bide_json_writer_reset(w);
    CHECK_ERR(bide_json_writer_text(w, "123456789"), -EMSGSIZE);
    bide_json_writer_free(w);
    w = writer(&(bide_json_writer_options){.size_max = 1000});
    char *large = calloc(1, 1000000);
    memset(large, 'x', 999999);
    bide_test_watch();
    CHECK_ERR(bide_json_writer_text(w, large), -EMSGSIZE); /* and takes no memory for it */
    CHECK_EQ(bide_test_calls("alloc"), 0);
    bide_json_writer_free(w);
    free(large);

    CHECK_ERR(bide_json_writer_new(&(bide_json_writer_options){.depth_max = 2001}, &w), -EINVAL);
    CHECK(w == NULL);
    CHECK_ERR(bide_json_writer_new(&(bide_json_writer_options){.indent = 17}, &w), -EINVAL);
    bide_json_writer_free(NULL);
}

/* ---- texts ---- */

static void check_text(const char *text, size_t size, bool ascii, const char *expected)
{
    bide_json_writer *w = writer(&(bide_json_writer_options){.ascii = ascii});
    char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, text, size);
    CHECK_EQ(bide_json_writer_text_sized(w, copy, size), 0);
    CHECK_STR(data(w), expected);
    bide_json_writer_free(w);
    free(copy);
}

TEST(texts_are_escaped)
{
    static const char controls[] =
        "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"
        "\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"
        "\\u001b\\u001c\\u001d\\u001e\\u001f\"";
    char all[32], text[64], expected[80];
    for (int i = 0; i < 32; i++)
        all[i] = (char)i;
    check_text(all, 32, false, controls);
    check_text(all, 32, true, controls);
    check_text("\"\\/", 3, false, "\"\\\"\\\\/\"");
    check_text("", 0, false, "\"\"");
    check_text("\x7F", 1, true, "\"\x7F\"");
    check_text("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", 11, false,
               "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
    check_text("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", 11, true,
               "\"\\u00e9 \\u20ac \\ud83d\\ude00\"");
    check_text("\xF4\x8F\xBF\xBF\xEF\xBF\xBF", 7, true, "\"\\udbff\\udfff\\uffff\"");
    /* At each place of the words in which it is looked for. */
    for (size_t size = 0; size < 40; size++) {
        for (size_t at = 0; at < size; at++) {
            memset(text, 'a', size);
            text[at] = '"';
            memset(expected, 'a', size + 3);
            expected[0] = expected[size + 2] = '"';
            memcpy(expected + at + 1, "\\\"", 2);
            expected[size + 3] = 0;
            check_text(text, size, false, expected);
        }
    }
}

TEST(what_is_no_utf8_is_refused)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x61",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "abcdefgh\xFF",
                                      "\xF0\x9F\x98"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bide_json_writer *w = writer(NULL);
        bide_json *j;
        CHECK_EQ(bide_json_writer_begin_array(w), 0);
        CHECK_EQ(bide_json_writer_i64(w, 1), 0);
        CHECK_ERR(bide_json_writer_text(w, bad[i]), -EILSEQ);
        CHECK_STR(data(w), "[1"); /* no half of it */
        CHECK(strstr(bide_json_writer_error(w), "a text is no UTF-8") != NULL);
        bide_json_writer_reset(w);
        CHECK_EQ(bide_json_writer_begin_object(w), 0);
        CHECK_ERR(bide_json_writer_key(w, bad[i]), -EILSEQ);
        CHECK_STR(data(w), "{");
        bide_json_writer_free(w);
        CHECK_ERR(bide_json_pack(&j, NULL, "s", bad[i]), -EILSEQ);
        CHECK_ERR(bide_json_pack(&j, NULL, "{s:n}", bad[i]), -EILSEQ);
    }
}

/* ---- numbers ---- */

TEST(doubles_are_as_short_as_can_be)
{
    static const struct {
        double value;
        const char *text;
    } table[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {123456.789, "123456.789"},
        {1e15, "1000000000000000.0"},
        {9007199254740993.0, "9007199254740992.0"},
        {1e16, "1e16"},
        {123456789012345678.0, "1.2345678901234568e17"},
        {1e21, "1e21"},
        {1e23, "1e23"},
        {9.999999999999997e22, "9.999999999999997e22"},
        {0.0001, "0.0001"},
        {0.00001, "0.00001"},
        {0.000001, "1e-6"},
        {1.5e-10, "1.5e-10"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p-1074 * 3, "1.5e-323"},
        {4.35, "4.35"},
        {2.0e-3, "0.002"},
        {8.41, "8.41"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
    };
    bide_json_writer *w = writer(NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bide_json_writer_reset(w);
        CHECK_EQ(bide_json_writer_double(w, table[i].value), 0);
        CHECK_STR(data(w), table[i].text);
    }
    static const double none[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 4; i++) {
        bide_json_writer_reset(w);
        CHECK_ERR(bide_json_writer_double(w, none[i]), -ERANGE);
        CHECK_STR(data(w), "");
        CHECK_STR(bide_json_writer_error(w),
                  "after 0 bytes, 0 deep: the double is infinite, or no number");
    }
    bide_json_writer_free(w);
}

static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static double random_double(long i)
{
    uint64_t bits = next_random();
    double value;
    switch (i % 5) {
    case 0: return (double)(bits % 100000000) / 100;
    case 1: return (double)(bits >> 11) * 0x1p-53;
    case 2: bits &= 0x7FF0000000000000; break; /* powers of two */
    case 3: bits &= 0x000FFFFFFFFFFFFF; break; /* subnormal ones */
    default: break;
    }
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 0;
}

static size_t digits_of(const char *text)
{
    size_t count = 0, zeroes = 0;
    for (; *text != 0 && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
            continue;
        count++;
        zeroes = *text == '0' ? zeroes + 1 : 0;
    }
    return count - zeroes;
}

/* What printf finds by trying; a power of two may have a shorter one than the nearest. */
static size_t digits_needed(double value)
{
    char text[40];
    for (int digits = 1; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            return digits_of(text);
    }
    return 17;
}

TEST_LIMIT(doubles_are_read_back_as_they_were, 60)
{
    bide_json_writer *w = writer(NULL);
    long count = is_full() ? 3000000 : 10000;
    for (long i = 0; i < count; i++) {
        double value = random_double(i);
        bide_json_writer_reset(w);
        CHECK_EQ(bide_json_writer_double(w, value), 0);
        if (strtod(data(w), NULL) != value || digits_of(data(w)) > digits_needed(value)) {
            fprintf(stderr, "%a: %s\n", value, data(w));
            check_fail(__FILE__, __LINE__, "the digits of a double");
        }
    }
    bide_json_writer_free(w);
}

TEST(whole_numbers)
{
    bide_json_writer *w = writer(&(bide_json_writer_options){.lines = true});
    static const int64_t numbers[] = {0,  7,   10,   99,        100,       12345,
                                      -1, -10, -999, INT64_MAX, INT64_MIN, 1000000000000};
    char expected[400];
    size_t at = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK_EQ(bide_json_writer_i64(w, numbers[i]), 0);
        at +=
            (size_t)snprintf(expected + at, sizeof expected - at, "%lld\n", (long long)numbers[i]);
    }
    CHECK_EQ(bide_json_writer_u64(w, UINT64_MAX), 0);
    snprintf(expected + at, sizeof expected - at, "18446744073709551615\n");
    CHECK_STR(data(w), expected);
    bide_json_writer_free(w);
}

/* ---- layouts and formats ---- */

static void check_layout(const bide_json_writer_options *options, const char *expected)
{
    static const char text[] = "{\"b\":[1,{},[]],\"a\":{\"d\":\"\xC3\xA9\",\"c\":null}}";
    bide_json *j;
    bide_json_writer *w;
    CHECK_EQ(bide_json_parse(text, strlen(text), NULL, NULL, &j), 0);
    CHECK_EQ(bide_json_dump(j, options, &w), 0);
    CHECK_STR(data(w), expected);
    bide_json_writer_free(w);
    bide_json_free(j);
}

TEST(layouts)
{
    check_layout(NULL, "{\"b\":[1,{},[]],\"a\":{\"d\":\"\xC3\xA9\",\"c\":null}}");
    check_layout(&(bide_json_writer_options){.sorted = true, .ascii = true},
                 "{\"a\":{\"c\":null,\"d\":\"\\u00e9\"},\"b\":[1,{},[]]}");
    check_layout(&(bide_json_writer_options){.indent = 2, .lines = true},
                 "{\n  \"b\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": {\n    \"d\": "
                 "\"\xC3\xA9\",\n    \"c\": null\n  }\n}\n");
}

TEST(a_format_writes_several_parts)
{
    bide_json_writer *w = writer(NULL);
    bide_json *j;
    CHECK_EQ(bide_json_parse("[1]", 3, NULL, NULL, &j), 0);
    CHECK_EQ(bide_json_writer_pack(w, "{s:I, 's': s, s: [i, u, U, f, b, b, n, O, O, s, s%]}", "id",
                                   (int64_t)7, "ada", "all", -1, 1U, UINT64_MAX, 0.5, true, false,
                                   j, (const bide_json *)NULL, (const char *)NULL, "xyz",
                                   (size_t)2),
             0);
    CHECK_STR(data(w), "{\"id\":7,\"s\":\"ada\",\"all\":[-1,1,18446744073709551615,0.5,true,false,"
                       "null,[1],null,null,\"xy\"]}");
    bide_json_free(j);
    bide_json_writer_reset(w); /* the rest of an object, and the value of a key */
    CHECK_EQ(bide_json_writer_begin_object(w), 0);
    CHECK_EQ(bide_json_writer_pack(w, "s:i, 'b':i", "a", 1, 2), 0);
    CHECK_EQ(bide_json_writer_key(w, "c"), 0);
    CHECK_EQ(bide_json_writer_pack(w, "[i]", 3), 0);
    CHECK_EQ(bide_json_writer_key(w, "d"), 0);
    CHECK_EQ(bide_json_writer_begin_array(w), 0);
    CHECK_EQ(bide_json_writer_pack(w, "i i", 4, 5), 0);
    CHECK_EQ(bide_json_writer_end(w), 0);
    CHECK_EQ(bide_json_writer_end(w), 0);
    CHECK_EQ(bide_json_writer_finish(w), 0);
    CHECK_STR(data(w), "{\"a\":1,\"b\":2,\"c\":[3],\"d\":[4,5]}");
    bide_json_writer_reset(w);
    CHECK_ERR(bide_json_writer_pack(w, "{s:q}", "a"), -EINVAL);
    CHECK_STR(bide_json_writer_error(w), "after 5 bytes, 1 deep: the format \"{s:q}\", after 3 "
                                         "characters: no value has this letter");
    bide_json_writer_free(w);
}

/* ---- the buffer ---- */

static void write_answer(bide_json_writer *w)
{
    bide_json_writer_reset(w);
    CHECK_EQ(bide_json_writer_begin_array(w), 0);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(
            bide_json_writer_pack(w, "{s:i, s:s, s:f}", "id", i, "name", "ada\n", "x", i / 7.0), 0);
    CHECK_EQ(bide_json_writer_end(w), 0);
    CHECK_EQ(bide_json_writer_finish(w), 0);
}

TEST(a_second_text_needs_no_memory)
{
    bide_json_writer *w = writer(NULL);
    write_answer(w);
    bide_test_watch();
    write_answer(w);
    CHECK_EQ(bide_test_calls("alloc"), 0);
    CHECK_EQ(bide_test_calls("free"), 0);
    bide_json_writer_free(w);
}

TEST(text_is_taken_out_of_the_buffer)
{
    bide_json_writer *w = writer(NULL);
    CHECK_STR(data(w), "");
    bide_json_writer_consume(w, 7);
    CHECK_EQ(bide_json_writer_pack(w, "[i", 1), -EINVAL);
    bide_json_writer_reset(w);
    CHECK_EQ(bide_json_writer_begin_array(w), 0);
    CHECK_EQ(bide_json_writer_text(w, "abc"), 0);
    bide_json_writer_consume(w, 2);
    CHECK_STR(data(w), "abc\"");
    bide_json_writer_consume(w, 100);
    CHECK_STR(data(w), "");
    CHECK_EQ(bide_json_writer_text(w, "d"), 0);
    CHECK_EQ(bide_json_writer_end(w), 0);
    CHECK_STR(data(w), ",\"d\"]");
    CHECK_ERR(bide_json_writer_end(w), -EPROTO);
    CHECK_STR(bide_json_writer_error(w), "after 11 bytes, 0 deep: an end, and nothing has begun");
    bide_json_writer_free(w);
}

TEST(what_is_json_already_is_taken_as_it_is)
{
    bide_json_writer *w = writer(NULL);
    CHECK_EQ(bide_json_writer_begin_array(w), 0);
    CHECK_EQ(bide_json_writer_raw(w, "{\"a\" : 1}", 9), 0);
    CHECK_EQ(bide_json_writer_bool(w, true), 0);
    CHECK_EQ(bide_json_writer_bool(w, false), 0);
    CHECK_EQ(bide_json_writer_null(w), 0);
    CHECK_EQ(bide_json_writer_text(w, NULL), 0);
    CHECK_EQ(bide_json_writer_json(w, NULL), 0);
    CHECK_EQ(bide_json_writer_end(w), 0);
    CHECK_STR(data(w), "[{\"a\" : 1},true,false,null,null,null]");
    CHECK_ERR(bide_json_writer_key(w, NULL), -EPROTO);
    bide_json_writer_free(w);
}

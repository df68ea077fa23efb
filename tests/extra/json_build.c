/*
 * Trees of bide/json.h that a program makes: by formats, copied, compared, changed by paths.
 */
#include <bide/json.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static void check_dump(const bide_json *j, const char *expected)
{
    bide_json_writer *w;
    CHECK_EQ(bide_json_dump(j, NULL, &w), 0);
    CHECK_STR(bide_json_writer_data(w, NULL), expected);
    bide_json_writer_free(w);
}

static bide_json *parse(const char *text)
{
    bide_json *j;
    CHECK_EQ(bide_json_parse(text, strlen(text), NULL, NULL, &j), 0);
    return j;
}

/* ---- formats ---- */

TEST(a_format_makes_a_tree)
{
    bide_json *j, *all;
    bide_json_failure why;
    CHECK_EQ(bide_json_pack(&j, &why, "{s:I, s:s, 'tags': [s, s]}", "id", (int64_t)7, "name", "ada",
                            "old", "wise"),
             0);
    check_dump(j, "{\"id\":7,\"name\":\"ada\",\"tags\":[\"old\",\"wise\"]}");
    CHECK_EQ(bide_json_pack(&all, &why, "[iuIUfbbnOOss%{s%:i}{}[]]", -1, 2U, INT64_MIN,
                            (uint64_t)INT64_MAX, 0.25, true, false, j, (const bide_json *)NULL,
                            (const char *)NULL, "a\0b", (size_t)3, "key", (size_t)2, 5),
             0);
    bide_json_free(j); /* what was put in is a copy */
    check_dump(all,
               "[-1,2,-9223372036854775808,9223372036854775807,0.25,true,false,null,"
               "{\"id\":7,\"name\":\"ada\",\"tags\":[\"old\",\"wise\"]},null,null,\"a\\u0000b\","
               "{\"ke\":5},{},[]]");
    bide_json_free(all);
    CHECK_EQ(bide_json_pack(&j, NULL, " s ", "alone"), 0);
    check_dump(j, "\"alone\"");
    bide_json_free(j);
    CHECK_EQ(bide_json_pack(&j, NULL, "{s:i, s:i}", "a", 1, "a", 2), 0);
    check_dump(j, "{\"a\":2}");
    bide_json_free(j);
}

TEST(a_wrong_format_names_the_place)
{
    static const struct {
        const char *format, *words;
        size_t position;
    } rows[] = {
        {"", "there is no value", 0},
        {"q", "no value has this letter", 0},
        {"nn", "a second value", 1},
        {"n[]", "a second value", 1},
        {"[", "an array has no end", 1},
        {"[n", "an array has no end", 2},
        {"{", "an object has no end", 1},
        {"{'a'", "an object has no end", 4},
        {"{'a'}", "the value of a member is missing", 4},
        {"{'a:n}", "this name has no end", 1},
        {"{n:n}", "the name of a member is due, s or '...'", 1},
        {"{'a':n, 7}", "the name of a member is due, s or '...'", 8},
        {"[}", "nothing is open that this would close", 1},
        {"{]", "nothing is open that this would close", 1},
        {"]", "nothing is open that this would close", 0},
        {"[n]]", "nothing is open that this would close", 3},
        {"['a']", "no value has this letter", 1},
        {"[n;n]", "no value has this letter", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bide_json *j = (bide_json *)(void *)&i;
        bide_json_failure why = {0};
        char words[160];
        snprintf(words, sizeof words, "the format \"%s\", after %zu characters: %s", rows[i].format,
                 rows[i].position, rows[i].words);
        CHECK_ERR(bide_json_pack(&j, &why, rows[i].format), -EINVAL);
        CHECK(j == NULL);
        CHECK_STR(why.text, words);
        CHECK_EQ(why.position, rows[i].position);
        CHECK_EQ(why.error, -EINVAL);
        CHECK_ERR(bide_json_pack(&j, NULL, rows[i].format), -EINVAL);
    }
}

static int by_list(bide_json **j, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = bide_json_vpack(j, NULL, format, arguments);
    va_end(arguments);
    return rc;
}

#define PACK_FAILS(error_, text_, ...)                                \
    do {                                                              \
        bide_json *j_;                                                \
        bide_json_failure why_ = {0};                                 \
        CHECK_ERR(bide_json_pack(&j_, &why_, __VA_ARGS__), (error_)); \
        CHECK(j_ == NULL);                                            \
        CHECK_STR(why_.text, (text_));                                \
    } while (0)

#define CHECK_PACK(expected, ...)                            \
    do {                                                     \
        bide_json *j_;                                       \
        CHECK_EQ(bide_json_pack(&j_, NULL, __VA_ARGS__), 0); \
        check_dump(j_, (expected));                          \
        bide_json_free(j_);                                  \
    } while (0)

TEST(any_type_of_number_goes_with_its_letters)
{
    const signed char c = -1;
    const unsigned char uc = 200;
    short s = -300;
    unsigned short us = 60000;
    bool yes = true;
    float half = 0.5F;
    char word[] = "abc";
    /* Each is passed with garbage above it if its width is not known. */
    CHECK_PACK("[-1,200,-300,60000,1,-5,5,-6,6,-7,7]", "[I I I I I I I I I I I]", c, uc, s, us, yes,
               -5, 5U, -6L, 6UL, -7LL, 7ULL);
    CHECK_PACK("[-6,6,-7,7,0,4294967295]", "[i i i u u u]", -6L, 6UL, -7LL, 7ULL, 'a' - 'a',
               UINT32_MAX);
    CHECK_PACK("[0.5,0.25,3.0,4.0]", "[f f f f]", half, 0.25, 3, 4UL);
    CHECK_PACK("[true,true,false,true]", "[bbbb]", yes, 2L, 0ULL, 0x100000000LL);
    CHECK_PACK("[\"abc\",\"ab\",\"a\",null,null]", "[s s% s% s O]", word, word, 2, word, (size_t)1,
               NULL, NULL);
    bide_json *j;
    CHECK_EQ(by_list(&j, "[iIuUfbs]", -1, INT64_MIN, 1U, (uint64_t)1, 0.5, 1, "x"), 0);
    check_dump(j, "[-1,-9223372036854775808,1,1,0.5,true,\"x\"]");
    bide_json_free(j);
    CHECK_EQ((bide_json_pack)(&j, NULL, "[Is]", INT64_MAX, "x"), 0);
    check_dump(j, "[9223372036854775807,\"x\"]");
    bide_json_free(j);
}

TEST(sixty_arguments)
{
#define TEN 1, 2, 3, 4, 5, 6, 7, 8, 9, 0
    bide_json *j;
    CHECK_EQ(bide_json_pack(&j, NULL,
                            "[iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii]", TEN,
                            TEN, TEN, TEN, TEN, TEN),
             0);
    CHECK_EQ(bide_json_count(j), 60);
    int last = -1;
    CHECK_EQ(bide_json_get_int(j, "[58]", &last), 0);
    CHECK_EQ(last, 9);
    bide_json_free(j);
}

TEST(an_argument_of_another_kind_is_found)
{
    static int object;
    PACK_FAILS(-EINVAL,
               "the format \"{s:i}\", after 3 characters: this needs a whole number, and the "
               "argument is a text",
               "{s:i}", "id", "7");
    PACK_FAILS(-EINVAL,
               "the format \"[s]\", after 1 characters: this needs a text, and the argument "
               "is a whole number",
               "[s]", 7);
    PACK_FAILS(-EINVAL,
               "the format \"[i]\", after 1 characters: this needs a whole number, and the "
               "argument is a double",
               "[i]", 7.0);
    PACK_FAILS(-EINVAL,
               "the format \"[O]\", after 1 characters: this needs a tree, and the argument "
               "is a text",
               "[O]", "x");
    PACK_FAILS(-EINVAL,
               "the format \"[s]\", after 1 characters: this needs a text, and the argument "
               "is of a type that none has",
               "[s]", &object);
    PACK_FAILS(-EINVAL,
               "the format \"{i:i}\", after 1 characters: the name of a member is due, s or "
               "'...'",
               "{i:i}", 1, 2);
    PACK_FAILS(-EINVAL,
               "the format \"[s%]\", after 2 characters: this needs a whole number, and the "
               "argument is a text",
               "[s%]", "x", "y");
    PACK_FAILS(-EINVAL, "the format \"[s%]\", after 2 characters: an argument is missing", "[s%]",
               "x");
    PACK_FAILS(-EINVAL, "the format \"[s%]\", after 2 characters: the size of a text is negative",
               "[s%]", "x", -1);
    PACK_FAILS(-EINVAL, "the format \"[i, i]\", after 4 characters: an argument is missing",
               "[i, i]", 1);
    PACK_FAILS(-EINVAL, "the format \"[i]\", after 3 characters: there are more arguments", "[i]",
               1, 2);
}

TEST(values_that_json_does_not_have)
{
    char deep[260];
    PACK_FAILS(-ERANGE, "a double is infinite, or no number", "[f]", (double)NAN);
    PACK_FAILS(-ERANGE, "a double is infinite, or no number", "[f]", (double)INFINITY);
    PACK_FAILS(-ERANGE, "an unsigned number is too large", "[U]", (uint64_t)INT64_MAX + 1);
    PACK_FAILS(-EILSEQ, "a text is no UTF-8", "[s]", "\xFF");
    PACK_FAILS(-EILSEQ, "the name of a member is no UTF-8", "{s:n}", "\xFF");
    PACK_FAILS(-EILSEQ, "the name of a member has a zero byte", "{s%:n}", "a\0b", (size_t)3);
    PACK_FAILS(-EINVAL, "the format \"{s:n}\", after 1 characters: the name of a member is NULL",
               "{s:n}", (const char *)NULL);
    memset(deep, '[', 129);
    memset(deep + 129, ']', 129);
    deep[258] = 0;
    PACK_FAILS(-EMSGSIZE, "the value is nested too deep", deep);
    bide_json *j;
    deep[257] = 0;
    CHECK_EQ(bide_json_pack(&j, NULL, deep + 1), 0);
    bide_json_free(j);
}

/* ---- copies and comparisons ---- */

TEST(a_copy_is_equal_and_of_its_own)
{
    bide_json *j = parse("{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null}}"), *copy, *other;
    CHECK_EQ(bide_json_copy(bide_json_get(j, "a"), &copy), 0);
    CHECK_EQ(bide_json_set_i64(j, "a[0]", 7), 0);
    check_dump(copy, "[1,2.5,\"x\"]");
    bide_json_free(copy);
    CHECK_EQ(bide_json_copy(j, &copy), 0);
    CHECK(bide_json_equal(j, copy));
    CHECK_EQ(bide_json_set_text(copy, "b.c", "new"), 0);
    CHECK(!bide_json_equal(j, copy));
    other = parse("{\"b\":{\"c\":null},\"a\":[7,2.5,\"x\"]}");
    CHECK(bide_json_equal(j, other));
    CHECK(!bide_json_equal(j, NULL) && !bide_json_equal(NULL, j));
    bide_json_free(other);
    bide_json_free(copy);
    bide_json_free(j);
    CHECK_ERR(bide_json_copy(NULL, &copy), -EINVAL);
    CHECK(copy == NULL);
}

/* ---- changes ---- */

TEST(values_are_put_at_paths)
{
    bide_json *j = parse("{\"a\":1,\"list\":[1,2]}");
    CHECK_EQ(bide_json_set_i64(j, "a", -5), 0);
    CHECK_EQ(bide_json_set_text(j, "user.name", "ada"), 0);
    CHECK_EQ(bide_json_set_bool(j, "user.'x.y'.deep", true), 0);
    CHECK_EQ(bide_json_set_double(j, "list[0]", 0.5), 0);
    CHECK_EQ(bide_json_set_null(j, "list[-1]"), 0);
    CHECK_EQ(bide_json_set_i64(j, "list[2]", 3), 0);
    CHECK_EQ(bide_json_set_i64(j, "list[]", 4), 0);
    CHECK_EQ(bide_json_set_text(j, "rows[].id", "first"), 0);
    CHECK_EQ(bide_json_set_text(j, "rows[].id", "second"), 0);
    CHECK_EQ(bide_json_set_text(j, "rows[1].more", NULL), 0);
    CHECK_EQ(bide_json_set_i64(j, "grid[0][0]", 9), 0);
    CHECK_EQ(bide_json_set_bool(j, "''", false), 0);
    check_dump(j, "{\"a\":-5,\"list\":[0.5,null,3,4],\"user\":{\"name\":\"ada\",\"x.y\":{\"deep\":"
                  "true}},\"rows\":[{\"id\":\"first\"},{\"id\":\"second\",\"more\":null}],\"grid\":"
                  "[[9]],\"\":false}");
    bide_json_free(j);
}

TEST(a_tree_is_put_into_another)
{
    bide_json *j = parse("{}"), *part = parse("[1]");
    CHECK_EQ(bide_json_set(j, "a.b", part), 0);
    CHECK_EQ(bide_json_set(j, "a.b[0]", parse("{\"c\":2}")), 0);
    check_dump(j, "{\"a\":{\"b\":[{\"c\":2}]}}");
    /* What fails takes the tree all the same; the leak checker looks. */
    CHECK_ERR(bide_json_set(j, "a.b.c", parse("[1]")), -EBADMSG);
    CHECK_ERR(bide_json_set(j, "", parse("[1]")), -EINVAL);
    CHECK_ERR(bide_json_set(j, "a..", parse("[1]")), -EINVAL);
    CHECK_ERR(bide_json_set(NULL, "a", parse("[1]")), -EINVAL);
    CHECK_ERR(bide_json_set(j, "a", NULL), -EINVAL);
    CHECK_ERR(bide_json_set(j, "a", j), -EINVAL);
    check_dump(j, "{\"a\":{\"b\":[{\"c\":2}]}}");
    bide_json_free(j);
}

TEST(what_does_not_fit_changes_nothing)
{
    static const struct {
        const char *path;
        int rc;
    } rows[] = {
        {"", -EINVAL},         {"[", -EINVAL},         {"a.", -EINVAL},
        {"a.b", -EBADMSG},     {"a[0]", -EBADMSG},     {"list.x", -EBADMSG},
        {"list[3]", -EBADMSG}, {"list[-3]", -EBADMSG}, {"list[9].x", -EBADMSG},
        {"[0]", -EBADMSG},     {"\xFF", -EILSEQ},      {"none[1]", -EBADMSG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bide_json *j = parse("{\"a\":1,\"list\":[1,2]}");
        fprintf(stderr, "%s\n", rows[i].path);
        CHECK_ERR(bide_json_set_i64(j, rows[i].path, 7), rows[i].rc);
        CHECK_EQ(bide_json_count(bide_json_get(j, "list")), 2);
        CHECK_EQ(bide_json_type_of(bide_json_get(j, "a")), BIDE_JSON_INTEGER);
        bide_json_free(j);
    }
    bide_json *j = parse("{}");
    CHECK_ERR(bide_json_set_text(j, "a", "\xFF"), -EILSEQ);
    CHECK_ERR(bide_json_set_double(j, "a", NAN), -ERANGE);
    check_dump(j, "{}");
    char path[300];
    for (int i = 0; i < 129; i++)
        memcpy(path + 2 * i, "a.", 3);
    path[2 * 129 - 1] = 0;
    CHECK_ERR(bide_json_set_i64(j, path, 1), -EMSGSIZE);
    path[2 * 128 - 1] = 0;
    CHECK_EQ(bide_json_set_i64(j, path, 1), 0);
    bide_json_free(j);
}

TEST(values_are_removed)
{
    bide_json *j = parse("{\"a\":{\"b\":1,\"c\":2},\"list\":[1,2,3,4],\"d\":null}");
    CHECK_EQ(bide_json_remove(j, "a.b"), 0);
    CHECK_EQ(bide_json_remove(j, "list[1]"), 0);
    CHECK_EQ(bide_json_remove(j, "list[-1]"), 0);
    CHECK_EQ(bide_json_remove(j, "d"), 0);
    check_dump(j, "{\"a\":{\"c\":2},\"list\":[1,3]}");
    CHECK_ERR(bide_json_remove(j, "d"), -ENODATA);
    CHECK_ERR(bide_json_remove(j, "a.b"), -ENODATA);
    CHECK_ERR(bide_json_remove(j, "a.c.d"), -ENODATA);
    CHECK_ERR(bide_json_remove(j, "x.y.z"), -ENODATA);
    CHECK_ERR(bide_json_remove(j, "list[2]"), -ENODATA);
    CHECK_ERR(bide_json_remove(j, "list[]"), -EINVAL);
    CHECK_ERR(bide_json_remove(j, ""), -EINVAL);
    CHECK_ERR(bide_json_remove(j, "x..y"), -EINVAL);
    CHECK_ERR(bide_json_remove(NULL, "x"), -EINVAL);
    check_dump(j, "{\"a\":{\"c\":2},\"list\":[1,3]}");
    bide_json_free(j);
}

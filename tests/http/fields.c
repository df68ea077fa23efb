/*
 * Lists of header fields, the usual names, and which bytes may be where:
 * extra/http/message/fields.h and bytes.h, whose table is compared with the rules of the RFCs byte
 * by byte.
 */
#include "extra/http/message/fields.h"

#include "extra/http/message/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* ---- bytes ---- */

TEST(the_table_of_bytes_says_what_the_rfcs_say)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool is_ascii = i < 128, is_word = is_ascii && isalnum(i), shown = i > 0x20 && i < 0x7f;
        CHECK_EQ(byte_is(c, BYTE_TOKEN), is_word || (i && strchr("!#$%&'*+-.^_`|~", i)));
        CHECK_EQ(byte_is(c, BYTE_PATH), shown && !strchr("\"#<>?\\", i));
        CHECK_EQ(byte_is(c, BYTE_QUERY), shown && !strchr("\"#<>\\", i));
        CHECK_EQ(byte_is(c, BYTE_HOST), is_word || (i && strchr("-._~", i)));
        CHECK_EQ(byte_is(c, BYTE_DIGIT), is_ascii && isdigit(i));
        CHECK_EQ(byte_is(c, BYTE_HEX), is_ascii && isxdigit(i));
        CHECK_EQ(byte_is(c, BYTE_VALUE), i == '\t' || (i >= 0x20 && i != 0x7f));
        CHECK_EQ(byte_is(c, BYTE_COOKIE), shown && !strchr("\",;\\", i));
        if (byte_is(c, BYTE_HEX))
            CHECK_EQ(hex_of(c), strtol((char[]){c, 0}, NULL, 16));
    }
}

/* Every byte at every place of values up to 70 bytes, in memory that ends there. */
TEST(a_value_ends_before_its_first_control_byte)
{
    for (size_t size = 0; size <= 70; size++) {
        char *s = malloc(size + (size == 0));
        for (size_t at = 0; at < size; at++)
            for (int i = 0; i < 256; i += at % 16 == 3 ? 1 : 5) {
                memset(s, at % 2 ? 'x' : '\t', size);
                s[at] = (char)i;
                bool stops = (i < 0x20 && i != '\t') || i == 0x7f;
                CHECK_EQ(bide__http_value_size(s, size), stops ? at : size);
            }
        free(s);
    }
}

static bool is_value(const char *s)
{
    return bide__http_is_value(s, strlen(s));
}

TEST(what_is_sent_cannot_end_a_line)
{
    CHECK(is_value("") && is_value("a") && is_value("a b\tc") && is_value("\xc3\xa4"));
    CHECK(!is_value("a\r\nSet-Cookie: b") && !is_value("a\n") && !is_value("a\rb"));
    CHECK(!is_value(" a") && !is_value("a ") && !is_value("\ta") && !is_value("a\x7f"));
    CHECK(!bide__http_is_value("a\0b", 3));
    CHECK(bide__http_is_token("X-A", 3) && !bide__http_is_token("", 0));
    CHECK(!bide__http_is_token("X:", 2) && !bide__http_is_token("X\r\n", 3));
    CHECK(!bide__http_is_token("X Y", 3) && !bide__http_is_token("X\0", 2));
}

TEST(hosts)
{
    static const char *const good[] = {
        "a",       "a.b-c_d~e", "a:0",      "a:65535",           "a:00080",
        "1.2.3.4", "[::1]",     "[::1]:80", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]",
        "-",       "."};
    static const char *const bad[] = {"",
                                      ":",
                                      ":80",
                                      "a:",
                                      "a:65536",
                                      "a:000080",
                                      "a:b",
                                      "a b",
                                      "a,b",
                                      "a/b",
                                      "a@b",
                                      "a?b",
                                      "a#b",
                                      "a%20",
                                      "a\\b",
                                      "[]",
                                      "[::1",
                                      "::1",
                                      "[a]",
                                      "[::1]a",
                                      "[::1]:",
                                      "[1.2.3.4]",
                                      "[fe80::1%25eth0]",
                                      "[::1]]",
                                      "[:::1]",
                                      "a[::1]",
                                      "\xc3\xa4",
                                      "[1:2:3:4:5:6:7:8:9]"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!bide__http_is_host(good[i], strlen(good[i])))
            check_fail(__FILE__, __LINE__, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bide__http_is_host(bad[i], strlen(bad[i])))
            check_fail(__FILE__, __LINE__, bad[i]);
    CHECK(!bide__http_is_host("[::1\0]", 6) && !bide__http_is_host("a\0", 2));
}

/* ---- names ---- */

TEST(each_usual_name_has_its_number_in_any_case)
{
    CHECK(BIDE__FIELD_COUNT <= 64);
    for (int i = 1; i < BIDE__FIELD_COUNT; i++) {
        enum bide__http_name name = (enum bide__http_name)i;
        size_t size = strlen(bide__http_name_text(name));
        char *copy = malloc(size); /* without a byte behind it */
        memcpy(copy, bide__http_name_text(name), size);
        CHECK_EQ(bide__http_name_of(copy, size), name);
        for (size_t at = 0; at < size; at++)
            copy[at] = (char)toupper(copy[at]);
        CHECK_EQ(bide__http_name_of(copy, size), name);
        CHECK_EQ(bide__http_name_of(copy, size - 1), bide__http_name_of("x-not-usual", 11));
        /* With any other byte of a token at any place it is another name. */
        for (size_t at = 0; at < size; at++)
            for (int c = 0x21; c < 0x7f; c++) {
                char old = copy[at];
                copy[at] = (char)c;
                if (byte_is((char)c, BYTE_TOKEN) && tolower(c) != tolower(old))
                    CHECK(bide__http_name_of(copy, size) != name);
                copy[at] = old;
            }
        free(copy);
    }
    CHECK_EQ(bide__http_name_of("", 0), BIDE__FIELD_OTHER);
    CHECK_EQ(bide__http_name_of("x", 1), BIDE__FIELD_OTHER);
}

/* ---- lists ---- */

/* Each field is "name value", with blanks between all. */
static struct bide__http_fields list_of(const char *text, struct bide__http_field *list,
                                        uint32_t room)
{
    struct bide__http_fields f = {.base = text, .list = list, .room = room};
    for (const char *s = text; *s != '\0';) {
        size_t name = strcspn(s, " "), value = strcspn(s + name + 1, " ");
        uint32_t at = (uint32_t)(s - text);
        CHECK_EQ(bide__http_fields_add(&f, at, name, at + (uint32_t)name + 1, value), 0);
        s += name + 1 + value;
        s += *s == ' ';
    }
    return f;
}

static int value_is(const struct bide__http_fields *f, const struct bide__http_field *field,
                    const char *value)
{
    return field != NULL && field->value_size == strlen(value) &&
           memcmp(bide__http_field_value(f, field), value, field->value_size) == 0;
}

TEST(fields_are_found_by_number_and_by_name)
{
    struct bide__http_field list[5];
    struct bide__http_fields f = list_of("Host a X-One b cookie c x-one d Cookie e", list, 5);
    CHECK_EQ(f.count, 5);
    CHECK_ERR(bide__http_fields_add(&f, 0, 4, 5, 1), -E2BIG);
    CHECK(value_is(&f, bide__http_fields_known(&f, BIDE__FIELD_HOST), "a"));
    CHECK(value_is(&f, bide__http_fields_known(&f, BIDE__FIELD_COOKIE), "c"));
    CHECK(bide__http_fields_known(&f, BIDE__FIELD_DATE) == NULL);
    CHECK(bide__http_fields_has(&f, BIDE__FIELD_HOST));
    CHECK(!bide__http_fields_has(&f, BIDE__FIELD_DATE));
    CHECK_EQ(f.twice, (uint64_t)1 << BIDE__FIELD_COOKIE);
    const struct bide__http_field *field = bide__http_fields_find(&f, NULL, "X-ONE", 5);
    CHECK(value_is(&f, field, "b"));
    field = bide__http_fields_find(&f, field, "X-ONE", 5);
    CHECK(value_is(&f, field, "d"));
    CHECK(bide__http_fields_find(&f, field, "X-ONE", 5) == NULL);
    field = bide__http_fields_find(&f, NULL, "COOKIE", 6);
    CHECK(value_is(&f, field, "c"));
    CHECK(value_is(&f, bide__http_fields_find(&f, field, "COOKIE", 6), "e"));
    CHECK(bide__http_fields_find(&f, NULL, "date", 4) == NULL);
    CHECK(bide__http_fields_find(&f, NULL, "x-on", 4) == NULL);
}

static void members(const char *text, const char *expected)
{
    const char *member;
    size_t size = strlen(text), member_size, n = 0;
    char got[100];
    while (bide__http_member(&text, &size, &member, &member_size)) {
        memcpy(got + n, member, member_size);
        n += member_size;
        got[n++] = '|';
    }
    got[n] = '\0';
    CHECK_STR(got, expected);
    CHECK_EQ(size, 0);
}

TEST(members_of_lists)
{
    members("", "");
    members(" , ,\t,", "");
    members("a", "a|");
    members(" a ,b\t, ,c c ,", "a|b|c c|");
    members("a=\"b,c\\\",d\",e", "a=\"b,c\\\",d\"|e|");
    members("\"a,b", "\"a,b|");
    members("\"a\\", "\"a\\|");
}

TEST(tokens_in_lists)
{
    struct bide__http_field list[4];
    struct bide__http_fields f = list_of("Connection a,Close connection upgrade X close", list, 4);
    CHECK(bide__http_fields_has_token(&f, BIDE__FIELD_CONNECTION, "close"));
    CHECK(bide__http_fields_has_token(&f, BIDE__FIELD_CONNECTION, "upgrade"));
    CHECK(!bide__http_fields_has_token(&f, BIDE__FIELD_CONNECTION, "clos"));
    CHECK(!bide__http_fields_has_token(&f, BIDE__FIELD_TE, "close"));
}

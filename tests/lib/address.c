/*
 * bide/address.h: addresses from text and back, and what they have in common.
 */
#include "lib/net/address.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

/* ---- text ---- */

static void check_text(const bide_address *address, const char *expected)
{
    char text[BIDE_ADDRESS_MAX];
    CHECK_EQ(bide_address_text(address, text, sizeof text), 0);
    CHECK_STR(text, expected);
    size_t length = strlen(expected);
    memset(text, 'x', sizeof text);
    CHECK_EQ(bide_address_text(address, text, length + 1), 0);
    CHECK_STR(text, expected);
    CHECK(length + 2 > sizeof text || text[length + 1] == 'x');
    for (size_t size = 0; size <= length; size++)
        CHECK_ERR(bide_address_text(address, text, size), -ENOSPC);
}

TEST(addresses_are_read_and_written)
{
    static const struct {
        const char *text, *again; /* NULL: as it was */
        int family, port;
    } cases[] = {
        {"127.0.0.1:80", NULL, AF_INET, 80},
        {"0.0.0.0:0", NULL, AF_INET, 0},
        {"255.255.255.255:65535", NULL, AF_INET, 65535},
        {"1.2.3.4:00080", "1.2.3.4:80", AF_INET, 80},
        {"[::1]:80", NULL, AF_INET6, 80},
        {"[::]:0", NULL, AF_INET6, 0},
        {"[0:0:0:0:0:0:0:1]:65535", "[::1]:65535", AF_INET6, 65535},
        {"[FE80::AB]:1", "[fe80::ab]:1", AF_INET6, 1},
        {"[::ffff:1.2.3.4]:5", NULL, AF_INET6, 5},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", AF_INET6, 65535},
        {"[fe80::1%4294967295]:80", NULL, AF_INET6, 80},
        {"[fe80::1%0]:80", "[fe80::1]:80", AF_INET6, 80},
        {"[ff02::1%lo]:80", NULL, AF_INET6, 80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bide_address address, again;
        CHECK_ERR(bide_address_parse(cases[i].text, &address), 0);
        CHECK_EQ(bide__to_of(&address)->any.sa_family, cases[i].family);
        CHECK_EQ(address.size, cases[i].family == AF_INET ? sizeof(struct sockaddr_in)
                                                          : sizeof(struct sockaddr_in6));
        CHECK_EQ(bide_address_port(&address), cases[i].port);
        const char *text = cases[i].again != NULL ? cases[i].again : cases[i].text;
        check_text(&address, text);
        CHECK_EQ(bide_address_parse(text, &again), 0);
        CHECK(bide_address_is_same(&address, &again));
    }
}

TEST(what_is_no_address)
{
    static const char *const cases[] = {
        "",
        ":",
        ":80",
        "80",
        "localhost:80",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:99999999999999999999",
        "1.2.3.4:-1",
        "1.2.3.4:+1",
        "1.2.3.4: 1",
        "1.2.3.4:1 ",
        "1.2.3.4:0x1",
        "1.2.3:80",
        "1.2.3.256:80",
        "127.1:80",
        "1.2.3.4.5:80",
        "1.2.3.4%lo:80",
        " 1.2.3.4:80",
        "[1.2.3.4]:80",
        "::1:80",
        "::1",
        "[::1]",
        "[::1]80",
        "[::1]:",
        "[::1:80",
        "[]:80",
        "[:::1]:80",
        "[1:2:3:4:5:6:7]:80",
        "[1:2:3:4:5:6:7:8:9]:80",
        "[::12345]:80",
        "[::g]:80",
        "[::1%]:80",
        "[%lo]:80",
        "[::1] :80",
        "@name",
        "/a/path",
        "[0000000000000000000000000000000000000000000000000000000::1]:80",
        ("00000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "00000000000000000000000000000000000000000000000000000000000000000000000000.1:1"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bide_address address;
        memset(&address, 0xff, sizeof address);
        CHECK_ERR(bide_address_parse(cases[i], &address), -EINVAL);
        CHECK_EQ(address.size, 0);
    }
}

TEST(interfaces_have_names_and_numbers)
{
    char text[BIDE_ADDRESS_MAX];
    bide_address address;
    unsigned lo = if_nametoindex("lo");
    CHECK(lo > 0);
    CHECK_EQ(bide_address_parse("[fe80::1%lo]:80", &address), 0);
    CHECK_EQ(bide__to_of(&address)->in6.sin6_scope_id, lo);
    snprintf(text, sizeof text, "[fe80::1%%%u]:80", lo);
    CHECK_EQ(bide_address_parse(text, &address), 0);
    CHECK_EQ(bide__to_of(&address)->in6.sin6_scope_id, lo);
    check_text(&address, "[fe80::1%lo]:80");

    CHECK_ERR(bide_address_parse("[fe80::1%none0]:80", &address), -ENODEV);
    CHECK_EQ(address.size, 0);
    CHECK_ERR(bide_address_parse("[fe80::1%4294967296]:80", &address), -ENODEV);
    CHECK_ERR(bide_address_parse("[fe80::1%a_name_that_is_too_long]:80", &address), -ENODEV);
    CHECK_ERR(bide_address_parse("[fe80::1%lo%lo]:80", &address), -ENODEV);

    /* Without a descriptor for the question, numbers do. */
    CHECK_EQ(bide_test_fail("if_nametoindex", 1, -EMFILE, 0), 0);
    CHECK_ERR(bide_address_parse("[fe80::1%lo]:80", &address), -EMFILE);
    CHECK_EQ(address.size, 0);
    CHECK_EQ(bide_address_parse("[fe80::1%7]:80", &address), 0);
    CHECK_EQ(bide__to_of(&address)->in6.sin6_scope_id, 7);
    CHECK_EQ(bide_test_fail("if_indextoname", 1, -EMFILE, 0), 0);
    check_text(&address, "[fe80::1%7]:80");
}

/* ---- Unix names ---- */

static bide_address unix_address(const char *name, size_t size)
{
    bide_address address = {.bytes = {AF_UNIX}};
    memcpy(bide__to_of(&address)->un.sun_path, name, size);
    address.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return address;
}

TEST(unix_names_have_text)
{
    char path[sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path) + 1] = "";
    bide_address address = unix_address("/run/x", 7);
    check_text(&address, "/run/x");
    address = unix_address("/run/x", 6); /* without its zero byte */
    memset(bide__to_of(&address)->un.sun_path + 6, 'y', 20);
    check_text(&address, "/run/x");
    address = unix_address("a\tb\xff", 5);
    check_text(&address, "a\tb\xff");
    address = unix_address("\0name", 5);
    check_text(&address, "@name");
    address = unix_address("\0a\0b\n\xff~ ", 8);
    check_text(&address, "@a?b??~ ");
    address = unix_address("\0", 1);
    check_text(&address, "@");

    memset(path, 'p', sizeof path - 1);
    address = unix_address(path, sizeof path - 1);
    check_text(&address, path);
    address.size =
        sizeof address.bytes + 100; /* what a system call says of a name that is longer */
    check_text(&address, path);
    path[0] = '\0';
    address = unix_address(path, sizeof path - 1);
    path[0] = '@';
    check_text(&address, path);
}

TEST(who_has_no_name_has_no_text)
{
    bide_address none = BIDE_ADDRESS_INIT, unnamed = unix_address("", 0), empty;
    check_text(&none, "");
    check_text(&unnamed, "");
    empty = unix_address("", 1);
    bide__to_of(&empty)->un.sun_path[0] = 'x';
    empty.size--;
    check_text(&empty, "");
    CHECK(!bide_address_is_same(&none, &none));
    CHECK(!bide_address_is_same(&unnamed, &unnamed));
}

/* ---- families ---- */

TEST(other_families_and_parts_of_addresses_are_refused)
{
    char text[BIDE_ADDRESS_MAX];
    bide_address address = {.size = sizeof(struct sockaddr), .bytes = {AF_PACKET}};
    bide_address part;
    CHECK_ERR(bide_address_text(&address, text, sizeof text), -EAFNOSUPPORT);
    CHECK_ERR(bide_address_port(&address), -EAFNOSUPPORT);
    CHECK_ERR(bide_address_set_port(&address, 1), -EAFNOSUPPORT);
    CHECK(!bide_address_is_same(&address, &address));
    address = unix_address("/x", 3);
    CHECK_ERR(bide_address_port(&address), -EAFNOSUPPORT);
    CHECK_ERR(bide_address_set_port(&address, 1), -EAFNOSUPPORT);

    CHECK_EQ(bide_address_parse("1.2.3.4:5", &address), 0);
    part = address;
    for (part.size--; part.size > 0; part.size--) {
        CHECK_ERR(bide_address_text(&part, text, sizeof text), -EAFNOSUPPORT);
        CHECK_ERR(bide_address_port(&part), -EAFNOSUPPORT);
        CHECK(!bide_address_is_same(&part, &address));
    }
    CHECK_ERR(bide_address_port(&part), -EAFNOSUPPORT);
    CHECK_EQ(bide_address_parse("[::1]:5", &address), 0);
    part = address;
    part.size--;
    CHECK_ERR(bide_address_text(&part, text, sizeof text), -EAFNOSUPPORT);
    CHECK_ERR(bide_address_set_port(&part, 1), -EAFNOSUPPORT);
}

TEST(a_port_is_changed)
{
    static const uint16_t ports[] = {0, 1, 258, 65535};
    bide_address four, six;
    CHECK_EQ(bide_address_parse("1.2.3.4:5", &four), 0);
    CHECK_EQ(bide_address_parse("[::1]:5", &six), 0);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        CHECK_EQ(bide_address_set_port(&four, ports[i]), 0);
        CHECK_EQ(bide_address_port(&four), ports[i]);
        CHECK_EQ(bide_address_set_port(&six, ports[i]), 0);
        CHECK_EQ(bide_address_port(&six), ports[i]);
    }
    check_text(&four, "1.2.3.4:65535");
    check_text(&six, "[::1]:65535");
}

static bide_address parsed(const char *text)
{
    bide_address address;
    CHECK_EQ(bide_address_parse(text, &address), 0);
    return address;
}

TEST(the_same_place)
{
    bide_address places[] = {
        parsed("1.2.3.4:5"),          parsed("1.2.3.4:6"),     parsed("1.2.3.5:5"),
        parsed("[::ffff:1.2.3.4]:5"), parsed("[fe80::1]:5"),   parsed("[fe80::1%1]:5"),
        parsed("[fe80::1%2]:5"),      parsed("[fe80::1%2]:6"), unix_address("a", 2),
        unix_address("ab", 3),        unix_address("\0a", 2),  unix_address("\0a\0", 3),
        unix_address("\0b", 2),
    };
    size_t n = sizeof places / sizeof *places;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            CHECK_EQ(bide_address_is_same(&places[i], &places[j]), i == j);

    /* Neither what a path ends with nor the flow counts. */
    bide_address path = unix_address("a", 1), flow = places[4];
    CHECK(bide_address_is_same(&path, &places[8]));
    bide__to_of(&flow)->in6.sin6_flowinfo = 7;
    CHECK(bide_address_is_same(&flow, &places[4]));
}

/* ---- splitting ---- */

TEST(addresses_are_split)
{
    static const struct {
        const char *text, *host;
        int port, error;
    } cases[] = {
        {"127.0.0.1:80", "127.0.0.1", 80, 0},
        {"[::1]:65535", "::1", 65535, 0},
        {":0", "", 0, 0},
        {"a.b:7", "a.b", 7, 0},
        {"", "", 0, -EINVAL},
        {"a", "", 0, -EINVAL},
        {"a:", "", 0, -EINVAL},
        {"a:65536", "", 0, -EINVAL},
        {"a:-1", "", 0, -EINVAL},
        {"a:1x", "", 0, -EINVAL},
        {"::1", "", 0, -EINVAL},
        {"[::1]", "", 0, -EINVAL},
        {"[::1:80", "", 0, -EINVAL},
        {"[::1]80", "", 0, -EINVAL},
        {"a: 1", "", 0, -EINVAL},
        {"0123456789:1", "", 0, -ENOSPC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[10] = "";
        uint16_t at = 0;
        CHECK_ERR(bide_address_split(cases[i].text, name, sizeof name, &at), cases[i].error);
        CHECK_STR(name, cases[i].host);
        CHECK_EQ(at, cases[i].port);
    }
}

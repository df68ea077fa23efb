/*
 * The door: calls are counted, fail and are replaced by name.
 */
#include "frames.h"

static int sockets;

static int no_socket(int domain, int type, int protocol)
{
    (void)domain, (void)type, (void)protocol;
    return -EAFNOSUPPORT - 1000 * sockets++;
}

TEST(errors_are_negative)
{
    char c;
    CHECK_EQ(bide__door.read(-1, &c, 1), -EBADF);
    CHECK_EQ(bide__door.close(-1), -EBADF);
    CHECK_EQ(bide__door.epoll_ctl(-1, EPOLL_CTL_DEL, 0, NULL), -EBADF);
    CHECK_EQ(bide__door.fcntl(-1, F_GETFL, 0), -EBADF);
}

TEST(a_call_fails_at_its_position)
{
    char buffer[8];
    CHECK_EQ(bide_test_fail("getrandom", 3, -EINTR, 2), 0);
    for (int i = 1; i <= 6; i++) {
        ssize_t n = bide__door.getrandom(buffer, sizeof(buffer), 0);
        CHECK_EQ(n, i == 3 || i == 4 ? -EINTR : (ssize_t)sizeof(buffer));
    }
    CHECK_EQ(bide_test_failed("getrandom"), 2);
    CHECK_EQ(bide_test_fail("getrandom", 1, -EIO, 0), 0);
    for (int i = 1; i <= 6; i++)
        CHECK_EQ(bide__door.getrandom(buffer, sizeof(buffer), 0), -EIO);
    CHECK_EQ(bide_test_fail("getrandom", 0, 0, 0), 0);
    CHECK_EQ(bide__door.getrandom(buffer, sizeof(buffer), 0), sizeof(buffer));
    CHECK_EQ(bide_test_fail("getrandom", 1, -EIO, 0), 0);
    bide_test_reset();
    CHECK_EQ(bide__door.getrandom(buffer, sizeof(buffer), 0), sizeof(buffer));
    CHECK_EQ(bide_test_failed("getrandom"), 0);
}

TEST(an_allocation_fails)
{
    CHECK_EQ(bide_test_fail("alloc", 2, -ENOMEM, 1), 0);
    void *a = bide__alloc(10), *b = bide__alloc(10), *c = bide__door.alloc(10, 4096);
    CHECK(a != NULL && b == NULL && c != NULL);
    CHECK_EQ((uintptr_t)c % 4096, 0);
    bide__free(a, 10);
    bide__free(b, 10);
    bide__free(c, 10);
}

TEST(calls_are_counted)
{
    bide_test_watch();
    bide__door.clock();
    bide__door.clock();
    bide__free(bide__alloc(1), 1);
    CHECK_EQ(bide_test_calls("clock"), 2);
    CHECK_EQ(bide_test_calls("alloc"), 1);
    CHECK_EQ(bide_test_calls("free"), 1);
    CHECK_EQ(bide_test_calls("read"), 0);
    CHECK_EQ(bide_test_calls("reed"), -EINVAL);
    bide_test_watch();
    CHECK_EQ(bide_test_calls("clock"), 0);
}

TEST(a_call_is_replaced)
{
    void (*real)(void) = bide_test_replace("socket", (void (*)(void))no_socket);
    CHECK(real != NULL);
    CHECK_EQ(bide__door.socket(0, 0, 0), -EAFNOSUPPORT);
    CHECK_EQ(bide__door.socket(0, 0, 0), -EAFNOSUPPORT - 1000);
    CHECK_EQ(bide_test_fail("socket", 1, -EMFILE, 1), 0);
    CHECK_EQ(bide__door.socket(0, 0, 0), -EMFILE);
    CHECK(bide_test_replace("socket", NULL) == (void (*)(void))no_socket);
    int fd = bide__door.socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bide__door.close(fd), 0);
    CHECK(bide_test_replace("no such call", NULL) == NULL);
}

TEST(rules_that_make_no_sense)
{
    CHECK_ERR(bide_test_fail("no such call", 1, -EIO, 1), -EINVAL);
    CHECK_ERR(bide_test_fail("read", 1, 0, 1), -EINVAL);
    CHECK_ERR(bide_test_fail("read", 1, 5, 1), -EINVAL);
    CHECK_ERR(bide_test_fail("free", 1, -EIO, 1), -EINVAL);
    CHECK_ERR(bide_test_fail("clock", 1, -EIO, 1), -EINVAL);
    CHECK_EQ(bide_test_failed("no such call"), 0);
}

TEST(virtual_time_and_rules_go_together)
{
    bide_test_watch();
    bide_test_time_virtual();
    int64_t now = bide__clock_ns();
    bide_test_time_advance(BIDE_S(1));
    CHECK_EQ(bide__clock_ns(), now + 1000000000);
    CHECK(bide_test_calls("clock") >= 2);
}

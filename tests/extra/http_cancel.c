/*
 * bide/http.h: requests cancelled at every suspension, a client that is freed during requests, and
 * shortages at every call. Time is virtual.
 */
#include <bide/http.h>
#include <bide/testing.h>

#include <bide/abi.h>

#include <limits.h>
#include <sys/epoll.h>

#include "cancel.h"
#include "http_server.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static bide_http_client *client;
static int cleaned;
static bide_task(int) neighbour;

static void begin(void)
{
    bide_test_time_virtual();
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
}

static void end(void)
{
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

static async int get(const char *path, const char *expected)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_get(client, url(path), &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), expected);
    return n;
}

/* ---- cancelled everywhere ---- */

/* Every run has another request on the same client, which must not notice. */
static void before(void *state)
{
    (void)state;
    cleaned = 0;
    neighbour = bide_spawn(get("/half/500", "slow"));
}

static async int join_neighbour(void)
{
    int n = -1;
    CHECK_EQ(await bide_task_join(neighbour, &n), 0);
    return n;
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    CHECK(run->error != 0 || run->result == 0);
    CHECK_EQ(cleaned, 1);
    CHECK_EQ(bide_block_on(join_neighbour()), 0);
}

SCENARIO(get_some)
{
    (void)state;
    defer {
        /* The client is as good as new. */
        CHECK_EQ(await get("/hello", "hello"), 0);
        cleaned++;
    }
    CHECK_EQ(await get("/slow/100", "slow"), 0);
    CHECK_EQ(await get("/half/100", "slow"), 0);
    CHECK_EQ(await get("/to/hello", "hello"), 0);
    return 0;
}

TEST_LIMIT(cancelled_at_every_suspension, 60)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_get_some, NULL, before, after) >= 3);
    end();
}

static async int race(void)
{
    int n = 0, winner;
    winner = await bide_select(n = get("/slow/1000", "slow"), bide_sleep(BIDE_MS(100)),
                               get("/half/900", "slow"));
    CHECK_EQ(winner, 1);
    CHECK_EQ(n, 0);
    CHECK_EQ(await bide_timeout(BIDE_MS(100), get("/slow/200", "slow")), -ETIMEDOUT);
    CHECK_EQ(await get("/hello", "hello"), 0);
    return 0;
}

TEST(losers_are_gone)
{
    begin();
    CHECK_EQ(bide_block_on(race()), 0);
    end();
}

/* An answer that was complete before the request to cancel is not lost. */
static async int abort_late(void)
{
    bide_task(int) one = bide_spawn(get("/slow/100", "slow"));
    bide_task(int) two = bide_spawn(get("/slow/100", "slow"));
    int n = -1;
    CHECK_EQ(await bide_task_wait(one), 0);
    bide_task_abort(one);
    CHECK_EQ(await bide_task_join(one, &n), 0);
    CHECK_EQ(n, 0);
    bide_task_abort(two);
    n = await bide_task_wait(two);
    CHECK(n == 0 || n == -ECANCELED);
    return 0;
}

TEST(aborts_that_come_late)
{
    begin();
    CHECK_EQ(bide_block_on(abort_late()), 0);
    end();
}

/* ---- a client that is freed ---- */

static async int get_and_see(const char *path, int *result)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    *result = await bide_http_get(client, url(path), &r);
    CHECK_STR(bide_http_error(r), "the client was closed");
    return *result;
}

static async int free_client_in_use(void)
{
    static int a, b;
    bide_task(int) one = bide_spawn(get_and_see("/slow/1000", &a));
    bide_task(int) two = bide_spawn(get_and_see("/half/1000", &b));
    await bide_sleep(BIDE_MS(100));
    bide_http_client_free(client);
    client = NULL;
    CHECK_EQ(await bide_task_wait(one), 0);
    CHECK_EQ(await bide_task_wait(two), 0);
    CHECK_ERR(a, -ECANCELED);
    CHECK_ERR(b, -ECANCELED);
    return 0;
}

TEST(a_client_freed_in_use)
{
    begin();
    CHECK_EQ(bide_block_on(free_client_in_use()), 0);
    end();
}

/* ---- two runtimes ---- */

TEST(a_client_is_at_work_on_one_runtime)
{
    bide_runtime *other = NULL;
    begin();
    neighbour = bide_spawn(get("/slow/100", "slow"));
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(10))), 0);

    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    bide_runtime_enter(other);
    CHECK_ERR(bide_block_on(get("/hello", "")), -EXDEV);
    bide_runtime_enter(NULL);

    CHECK_EQ(bide_block_on(join_neighbour()), 0);
    CHECK_EQ(bide_runtime_shutdown(other, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(other), 0);
    end();
}

/* ---- shortages ---- */

TEST(no_descriptor)
{
    begin();
    CHECK_EQ(bide_test_fail("socket", 1, -EMFILE, 1), 0);
    CHECK_ERR(bide_block_on(get("/hello", "hello")), -EMFILE);
    CHECK_EQ(bide_block_on(get("/hello", "hello")), 0);
    CHECK_EQ(bide_test_fail("epoll_create1", 1, -EMFILE, 1), 0);
    bide_http_client *other = NULL;
    CHECK_ERR(bide_http_client_new(NULL, &other), -EMFILE);
    CHECK(other == NULL);
    end();
}

/* Makes the nth registration of a socket fail, in curl's set or in the runtime's. */
static int additions, bad_addition;

static int no_room(int ep, int op, int fd, struct epoll_event *event)
{
    if (op == EPOLL_CTL_ADD && ++additions == bad_addition)
        return -ENOSPC;
    int n = epoll_ctl(ep, op, fd, event);
    return n < 0 ? -errno : n;
}

/* The server registers sockets too; if one of those fails, it hangs up. */
TEST(no_room_in_epoll)
{
    int n;
    bool hit;
    begin();
    CHECK(bide_test_replace("epoll_ctl", (void (*)(void))no_room) != NULL);
    do {
        additions = 0;
        bad_addition++;
        bide_http_client *shared = client;
        CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
        n = bide_block_on(get("/hello", "hello"));
        CHECK(n == 0 || n == -ENOSPC || n == -ECONNRESET);
        hit = additions >= bad_addition;
        additions = INT_MIN;
        CHECK_EQ(bide_block_on(get("/hello", "hello")), 0);
        bide_http_client_free(client);
        client = shared;
    } while (hit);
    CHECK(bad_addition > 2);
    CHECK_EQ(n, 0);
    bide_test_replace("epoll_ctl", NULL);
    end();
}

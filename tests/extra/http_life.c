/*
 * The life of a request (extra/http/client/life.h): each pair of a state and an event. Pairs that
 * can occur are reached through the public functions, whether or not anybody drives the request,
 * and whether it is at work or queued for a connection; pairs that cannot occur are refused. Time
 * is virtual.
 */
#include "extra/http/client/internal.h"

#include <bide/testing.h>

#include <signal.h>
#include <sys/wait.h>

#include "full.h"
#include "http_server.h"

static bide_http_client *client;

/* ---- pairs that cannot occur ---- */

static bool is_fatal(enum bide__http_state state, enum bide__http_event event)
{
    struct bide__http_transfer *t = aligned_alloc(32, sizeof *t);
    int status;
    *t = (struct bide__http_transfer){.state = state};
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        bide__http_happens(t, event, 0);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    free(t);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

TEST_LIMIT(what_cannot_be_is_fatal, 60)
{
    int impossible = 0;
    for (int s = 0; s < BIDE__HTTP_STATES; s++)
        for (int e = 0; e < BIDE__HTTP_EVENTS; e++)
            if (bide__http_next(s, e) < 0) {
                CHECK(is_fatal(s, e));
                impossible++;
            }
    CHECK_EQ(impossible, BIDE__HTTP_STATES * BIDE__HTTP_EVENTS - 12);
}

/* ---- pairs that can ---- */

/* What ends the request, and what is then done with it. */
enum first { NOTHING, ANSWERED, FAILED, NOTED, NO_SOCKET, EXPIRED, CLOSED, FIRSTS };
enum then { TAKE, TAKE_ELSEWHERE, DROP, CLOSE_TAKE, CLOSE_DROP, LATE_TAKE, SHUT_DOWN, THENS };

struct life {
    enum first first;
    enum then then;
    bool queued; /* behind another request, for the only connection */
    bool driven; /* by a task, while `first` happens */
};

static const int outcomes[FIRSTS] = {
    [ANSWERED] = 0,        [FAILED] = -EPROTO,     [NOTED] = -EMSGSIZE,
    [NO_SOCKET] = -ENOSPC, [EXPIRED] = -ETIMEDOUT, [CLOSED] = -ECANCELED,
};

static bool no_room;

static int maybe_no_room(int ep, int op, int fd, struct epoll_event *event)
{
    if (no_room && op == EPOLL_CTL_ADD && client != NULL && ep == client->set_fd)
        return -ENOSPC;
    int n = epoll_ctl(ep, op, fd, event);
    return n < 0 ? -errno : n;
}

static void close_client(void)
{
    bide_http_client_free(client);
    client = NULL;
}

static bide_http_request request_of(const struct life *life)
{
    static const char *const paths[FIRSTS] = {
        [NOTHING] = "/slow/600000", [ANSWERED] = "/hello",  [FAILED] = "/garbage",
        [NOTED] = "/bytes/100",     [NO_SOCKET] = "/hello", [EXPIRED] = "/slow/600000",
        [CLOSED] = "/slow/600000",
    };
    return (bide_http_request){
        .url = url(paths[life->first]),
        .response_max_bytes = 50,
        .timeout = life->first == EXPIRED ? BIDE_MS(40) : BIDE_S(1000),
    };
}

static void check_outcome(int n, const bide_http_response *r, int expected)
{
    CHECK_ERR(n, expected);
    CHECK(r != NULL);
    CHECK_EQ(bide_http_status(r), expected == 0 ? 200 : 0);
    CHECK((bide_http_error(r)[0] == '\0') == (expected == 0));
}

/* A task's request; if it is cancelled, it leaves nothing. */
static async int request(const bide_http_request *q, int expected)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_send(client, q, &r);
    check_outcome(n, r, expected);
    return n;
}

static struct bide__http_transfer *last_one(void)
{
    CHECK(client != NULL && client->last != NULL);
    return client->last;
}

/* Gives `first` time to happen; the clock is virtual. */
static async void let_happen(const struct life *life)
{
    CHECK_EQ(last_one()->state, BIDE__HTTP_ACTIVE);
    if (life->first == CLOSED)
        close_client();
    await bide_sleep(BIDE_MS(100));
    /* `first` has ended the request, whether or not anybody drives it. */
    if (life->first != NOTHING && client != NULL)
        CHECK(client->first == NULL);
}

static async int drive_in_task(const struct life *life, const bide_http_request *q)
{
    bool closes = life->then == CLOSE_TAKE || life->then == CLOSE_DROP;
    int expected = life->first == NOTHING && closes ? -ECANCELED : outcomes[life->first];
    bide_task(int) task = bide_spawn(request(q, expected));
    await bide_yield();
    await let_happen(life);
    if (closes)
        close_client();
    if (life->then == DROP || life->then == CLOSE_DROP)
        bide_task_abort(task);
    if (life->then == SHUT_DOWN)
        await bide_sleep(BIDE_S(1000000));
    /* A request that had ended before it was asked to cancel returns its result. */
    CHECK_ERR(await bide_task_wait(task), life->first == NOTHING && !closes ? -ECANCELED : 0);
    return 0;
}

/* Drives the future in another task than the one that began it. */
static async int take(bide_future(int) f)
{
    return await bide_get(f);
}

static async int drive_now_and_then(const struct life *life, const bide_http_request *q)
{
    bide_http_response *r = NULL;
    int n = 1, expected = outcomes[life->first];
    defer {
        bide_http_response_free(r);
    }
    bide_future(int) f = bide_lazy(bide_http_send(client, q, &r));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(f)), -ETIMEDOUT);
    await let_happen(life);
    CHECK_EQ(n, 1);
    if (life->then == CLOSE_TAKE || life->then == CLOSE_DROP)
        close_client();
    if (life->then == LATE_TAKE)
        await bide_sleep(BIDE_S(2000));
    if (life->then == SHUT_DOWN)
        await bide_sleep(BIDE_S(1000000));
    if (life->then == DROP || life->then == CLOSE_DROP)
        return 0; /* drops f */
    bide_instant start = bide_now();
    if (life->then == TAKE_ELSEWHERE) {
        bide_scope(s) {
            bide_task(int) task = bide_scope_spawn(s, take(bide_move(f)));
            CHECK_EQ(await bide_task_join(task, &n), 0);
        }
    } else {
        n = await bide_get(f);
    }
    if (life->first == NOTHING)
        expected = life->then == CLOSE_TAKE ? -ECANCELED : 0;
    else
        CHECK_EQ(bide_elapsed(start).ns, 0);
    check_outcome(n, r, expected);
    return 0;
}

static async int get(const char *at)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    return await bide_http_get(client, at, &r);
}

static async int live(const struct life *life)
{
    bide_http_request q = request_of(life);
    bide_task(int) neighbour = bide_spawn(get(url("/slow/20")));
    if (life->queued)
        await bide_yield();
    else
        CHECK_ERR(await bide_task_wait(neighbour), 0);
    no_room = life->first == NO_SOCKET;
    int n = life->driven ? await drive_in_task(life, &q) : await drive_now_and_then(life, &q);
    no_room = false;
    if (life->queued)
        CHECK_ERR(await bide_task_wait(neighbour), 0);
    return n;
}

static async int result_of(bide_task(int) task)
{
    int n = -1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

/* Runs one life on a new runtime, which is shut down at the end in whatever state things are. */
static void run(const struct life *life)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    server_start();
    const bide_http_options options = {.proxy = "", .connections_max = life->queued};
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    bide_task(int) task = bide_spawn(live(life));
    if (life->then == SHUT_DOWN)
        bide_block_on(bide_sleep(BIDE_MS(200)));
    else
        CHECK_EQ(bide_block_on(result_of(bide_move(task))), 0);
    bide_tcp_listener_close(server.listener);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    no_room = false;
    if (client != NULL)
        CHECK(client->first == NULL && client->runtime == NULL);
    close_client();
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static bool makes_sense(const struct life *life)
{
    bool closed = life->first == CLOSED;
    bool closes = life->then == CLOSE_TAKE || life->then == CLOSE_DROP;
    if (closed && closes)
        return false;
    /* A queued request uses the existing connection. */
    if (life->first == NO_SOCKET && life->queued)
        return false;
    if (life->driven && (life->then == TAKE_ELSEWHERE || life->then == LATE_TAKE))
        return false;
    return !(life->driven && life->first == NOTHING && life->then == TAKE);
}

TEST_LIMIT(every_pair, 60)
{
    int count = 0;
    bide_test_time_virtual();
    CHECK(bide_test_replace("epoll_ctl", (void (*)(void))maybe_no_room) != NULL);
    for (int i = 0; i < FIRSTS * THENS * 4; i++) {
        struct life life = {i / 4 % FIRSTS, i / 4 / FIRSTS, i & 1, i >> 1 & 1};
        if (!makes_sense(&life))
            continue;
        fprintf(stderr, "first %d, then %d, queued %d, driven %d\n", life.first, life.then,
                life.queued, life.driven);
        run(&life);
        count++;
    }
    CHECK(count > 100);
}

/* ---- requests that never began ---- */

static async int refused(void)
{
    bide_http_response *r = NULL;
    CHECK_ERR(await bide_http_get(client, "no URL", &r), -EINVAL);
    CHECK(bide_http_error(r)[0] != '\0');
    bide_http_response_free(r);
    r = NULL;
    bide_future(int) f = bide_lazy(bide_http_get(client, "no URL", &r));
    CHECK_ERR(await bide_get(f), -EINVAL);
    CHECK(client->first == NULL && client->runtime == NULL);
    bide_http_response_free(r);
    return 0;
}

TEST(a_request_that_is_refused)
{
    bide_test_time_virtual();
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    CHECK_EQ(bide_block_on(refused()), 0);
    close_client();
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

/* ---- a client that is freed while no executor runs ---- */

static int ended;

static async int get_until_closed(bool in_future)
{
    bide_http_response *r = NULL;
    int n = 0;
    if (in_future) {
        bide_future(int) f = bide_lazy(bide_http_get(client, url("/slow/1000"), &r));
        await bide_timeout(BIDE_MS(1), bide_get(f));
        await bide_sleep(BIDE_MS(500));
        n = await bide_get(f);
    } else {
        n = await bide_http_get(client, url("/slow/1000"), &r);
    }
    CHECK_ERR(n, -ECANCELED);
    CHECK_STR(bide_http_error(r), "the client was closed");
    bide_http_response_free(r);
    ended++;
    return n;
}

TEST(a_client_that_is_freed_outside)
{
    bide_test_time_virtual();
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    bide_spawn(get_until_closed(false));
    bide_spawn(get_until_closed(true));
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(100))), 0);
    close_client();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(1))), 0);
    CHECK_EQ(ended, 1);
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(1000))), 0);
    CHECK_EQ(ended, 2);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

/* ---- many requests that nobody drives ---- */

enum { MANY = 20 };

static async int begin_and_leave(int i)
{
    bide_future(int) f = bide_lazy(get(url(i % 2 ? "/half/50" : "/slow/600000")));
    await bide_timeout(BIDE_MS(1), bide_get(f));
    await bide_sleep(BIDE_S(1)); /* then the future is dropped */
    return 0;
}

static async int others_go_on(void)
{
    bide_task(int) tasks[MANY];
    for (int i = 0; i < MANY; i++)
        tasks[i] = bide_spawn(begin_and_leave(i));
    await bide_sleep(BIDE_MS(10));
    for (int i = 0; i < MANY; i++) {
        bide_instant start = bide_now();
        CHECK_EQ(await get(url("/slow/10")), 0);
        CHECK_EQ(bide_elapsed(start).ns, 10000000);
    }
    for (int i = 0; i < MANY; i++)
        CHECK_ERR(await bide_task_wait(tasks[i]), 0);
    return 0;
}

TEST(undriven_requests_hold_up_no_other)
{
    bide_test_time_virtual();
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    CHECK_EQ(bide_block_on(others_go_on()), 0);
    close_client();
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

/* ---- random orders ---- */

enum { ROUNDS_ = 40, TASKS = 12 };

static unsigned seed;

static int below(int n)
{
    return rand_r(&seed) % n;
}

/* Begins a request, drives it now and then, and takes its result or drops it. */
static async int one_of_many(void)
{
    static const char *const paths[] = {"/hello",  "/slow/3",   "/half/7",      "/garbage",
                                        "/reset",  "/to/hello", "/bytes/70000", "/cut",
                                        "nothing", "/loop"};
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    bide_http_request q = {.url = url(paths[below(10)]), .timeout = BIDE_MS(1 + below(12))};
    q.response_max_bytes = (size_t)(below(3) > 0 ? 100000 : 10);
    bide_future(int) f = bide_lazy(bide_http_send(client, &q, &r));
    int n = 1;
    for (int i = below(4); i >= 0 && n == 1; i--) {
        await bide_timeout(BIDE_MS(below(3)), n = bide_get(f));
        await bide_sleep(BIDE_MS(below(5)));
    }
    if (n == 1 && below(2) == 0)
        n = await bide_get(f);
    if (n != 1)
        CHECK((bide_http_error(r)[0] == '\0') == (n == 0));
    return 0;
}

static async int many_rounds(void)
{
    for (int round = 0; round < ROUNDS_; round++) {
        const bide_http_options options = {.proxy = "", .connections_max = below(4)};
        CHECK_EQ(bide_http_client_new(&options, &client), 0);
        bide_task(int) tasks[TASKS];
        for (int i = 0; i < TASKS; i++)
            tasks[i] = bide_spawn(one_of_many());
        await bide_sleep(BIDE_MS(1 + below(10))); /* all have begun */
        for (int i = 0; i < TASKS; i++)
            if (below(4) == 0)
                bide_task_abort(tasks[i]);
        bool early = below(2) == 0;
        if (early)
            bide_http_client_free(client);
        for (int i = 0; i < TASKS; i++) {
            int n = await bide_task_wait(tasks[i]);
            CHECK(n == 0 || n == -ECANCELED);
        }
        if (!early) {
            CHECK(client->first == NULL && client->runtime == NULL);
            bide_http_client_free(client);
        }
    }
    return 0;
}

TEST_LIMIT(any_order, 60)
{
    bide_test_time_virtual();
    server_start();
    for (unsigned first = 0; first < (is_full() ? 100 : 4); first++) {
        seed = first;
        fprintf(stderr, "seed %u\n", first);
        CHECK_EQ(bide_block_on(many_rounds()), 0);
    }
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

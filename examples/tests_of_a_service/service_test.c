/*
 * service_test.c: the tests of the service. None of them waits: the clock stands still while
 * something can run, and then jumps. docs/testing.md explains them.
 *
 *     bide cc gcc service.c service_test.c -o service_test && ./service_test
 */
#include "service.h"

#include <bide/test.h>

#include <errno.h>
#include <string.h>

static long saved;
static int saves;

static async int save(long total)
{
    await bide_sleep(BIDE_MS(5));
    saved = total;
    saves++;
    return 0;
}

/* ---- one client, whose words are a script ---- */

bide_test(it_adds_and_says_goodbye)
{
    struct service s = {0};
    bide_stream *client;
    bide_test_steps steps = BIDE_TEST_STEPS(
        BIDE_TEST_READ("ADD 2\n"), BIDE_TEST_WRITE("OK 2\n"), /* a line, and its answer */
        BIDE_TEST_READ("ADD "), BIDE_TEST_WAIT(BIDE_S(20)),   /* one that comes slowly */
        BIDE_TEST_READ("40\nHELLO\n"), BIDE_TEST_WRITE("OK 42\nWHAT?\n"), /* two at once */
        BIDE_TEST_READ("QUIT\n"), BIDE_TEST_WRITE("BYE\n"));

    bide_check_eq(bide_test_stream(steps, &client), 0);
    bide_check_err(await service_talk(&s, client), 0);
    bide_check_eq(s.total, 42);
    bide_check_eq(s.clients, 0);
}

bide_test(a_client_that_says_nothing_is_sent_away)
{
    struct service s = {0};
    bide_stream *client;
    bide_instant start = bide_now();

    bide_check_eq(
        bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_READ("ADD 1\n"), BIDE_TEST_WRITE("OK 1\n"),
                                         BIDE_TEST_SILENCE, BIDE_TEST_WRITE("TIMEOUT\n")),
                         &client),
        0);
    bide_check_err(await service_talk(&s, client), 0);
    bide_check_eq(bide_elapsed(start).ns, BIDE_S(IDLE_S).ns);
}

bide_test(a_connection_that_breaks_is_closed)
{
    struct service s = {0};
    bide_stream *client;

    bide_check_eq(
        bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_READ("ADD 1\n"), BIDE_TEST_WRITE_ERROR(-EPIPE)),
                         &client),
        0);
    bide_check_err(await service_talk(&s, client), -EPIPE);
    bide_check_eq(
        bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_READ("ADD 1\n"), BIDE_TEST_WRITE("OK 2\n"),
                                         BIDE_TEST_READ_ERROR(-ECONNRESET)),
                         &client),
        0);
    bide_check_err(await service_talk(&s, client), -ECONNRESET);
    bide_check_eq(s.clients, 0);
}

/* ---- the whole of it, over TCP ---- */

/* A client that adds a number and then listens until the service says that it ends. */
static async int add_and_stay(int port, const char *line, char *last)
{
    bide_stream *server;
    bide_reader *reader;
    char *text;

    bide_check_eq(await bide_tcp_connect("127.0.0.1", (uint16_t)port, &server), 0);
    bide_check_eq(bide_reader_new(server, 80, &reader), 0);
    defer {
        bide_reader_free(reader);
        bide_stream_close(server);
    }
    bide_check_eq(await bide_stream_write_all(server, line, strlen(line), NULL), 0);
    while (await bide_reader_line(reader, &text, NULL) > 0)
        strcpy(last, text);
    return 0;
}

bide_test(a_shutdown_tells_everyone_and_leaves_nothing)
{
    struct service s = {.save = bide_ref(save)};
    bide_tcp_listener *listener;
    char last[2][80];

    bide_check_eq(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    defer {
        bide_tcp_listener_close(listener);
    }
    int port = bide_tcp_port(listener);
    bide_check(port > 0);
    bide_scope(t) {
        bide_task(int) service = bide_scope_spawn(t, service_run(&s, listener));
        bide_scope_spawn(t, add_and_stay(port, "ADD 40\n", last[0]));
        bide_scope_spawn(t, add_and_stay(port, "ADD 2\n", last[1]));
        while (s.total < 42)
            await bide_sleep(BIDE_MS(1));
        service_stop(&s);
        int r = -1, ended = -1;
        r = await bide_timeout(BIDE_S(1), ended = bide_task_wait(service));
        bide_check_err(r, 0);
        bide_check_err(ended, 0);
    }
    bide_check_str(last[0], "BYE");
    bide_check_str(last[1], "BYE");
    bide_check_eq(saved, 42);
}

bide_test(the_total_is_saved_once_a_minute)
{
    static struct service s = {.save = bide_ref(save), .total = 7};
    bide_tcp_listener *listener;

    bide_check_eq(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    defer {
        bide_tcp_listener_close(listener);
    }
    bide_scope(t) {
        bide_scope_spawn(t, service_run(&s, listener));
        await bide_sleep(BIDE_S(10 * (SAVE_S + 1)));
        bide_check_eq(saves, 10);
        bide_check_eq(saved, 7);
        bide_scope_cancel(t); /* cancelled, it leaves nothing behind either */
    }
}

/* ---- polled by hand ---- */

static async int talk(void *argument)
{
    static struct service s;
    (void)argument;
    return await service_talk(&s, argument);
}

bide_test(a_client_that_is_quiet_wakes_nobody)
{
    bide_stream *here, *there;
    bide_test_task *task;

    bide_check_eq(bide_stream_pair(80, &here, &there), 0);
    defer {
        bide_stream_close(there);
    }
    bide_check_eq(bide_test_task_new(bide_ref(talk), here, &task), 0);
    defer {
        bide_test_task_free(task);
    }
    bide_check_pending(task);
    bide_check_eq(bide_test_task_wakes(task), 0);
    bide_check_eq(await bide_stream_write(there, "QUIT\n", 5), 5);
    bide_check_eq(bide_test_task_wakes(task), 1);
    bide_check_ready(task, 0);
}

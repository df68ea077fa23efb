/*
 * libuv: bide inside a libuv loop. Callbacks of the loop and tasks work together on one thread: a
 * timer of libuv produces numbers, a task of bide takes its time over each of them.
 *
 *     bide cc gcc examples/libuv.c $(pkg-config --cflags --libs libuv) -o libuv
 *     ./libuv
 */
#include <uv.h>

#include <bide/bide.h>
#include <bide/runtime.h>

#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 5 };

static bide_runtime *runtime;
static uv_poll_t ready;
static bide_sender(int) numbers; /* from the timer to the task */

/* ---- the task ---- */

static async void square(bide_receiver(int) receiver)
{
    int n;
    defer {
        bide_receiver_drop(receiver);
    }
    while (await bide_recv(receiver, &n) > 0) {
        await bide_sleep(BIDE_MS(30)); /* the loop goes on meanwhile */
        printf("  %d * %d = %d\n", n, n, n * n);
    }
    puts("  there are no more numbers");
}

/* ---- the callbacks of the loop ---- */

/* All of bide happens in here. When no task is left, the loop has nothing to watch any more. */
static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    bide_runtime_turn(runtime, 0);
    if (bide_runtime_tasks(runtime) == 0)
        uv_close((uv_handle_t *)handle, NULL);
}

/* A callback may do all that does not wait. What it wakes runs in the next turn, for which the
 * descriptor asks. */
static void on_timer(uv_timer_t *timer)
{
    static int n;
    n++;
    printf("number %d\n", n);
    if (bide_try_send(numbers, &n) < 0)
        puts("the task is too slow");
    if (n == NUMBERS) {
        bide_sender_drop(numbers);
        uv_close((uv_handle_t *)timer, NULL);
    }
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t timer;
    bide_receiver(int) receiver;

    if (bide_runtime_new(NULL, &runtime) < 0)
        return EXIT_FAILURE;
    bide_runtime_enter(runtime);
    if (bide_channel_new(NUMBERS, &numbers, &receiver) < 0)
        return EXIT_FAILURE;
    bide_task_detach(bide_spawn(square(receiver)));

    int fd = bide_runtime_fd(runtime);
    if (fd < 0 || uv_poll_init(loop, &ready, fd) < 0)
        return EXIT_FAILURE;
    uv_poll_start(&ready, UV_READABLE, on_ready);
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, on_timer, 0, 20);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);

    if (bide_runtime_shutdown(runtime, BIDE_SHUTDOWN_DEFAULT) < 0)
        return EXIT_FAILURE;
    return bide_runtime_free(runtime) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

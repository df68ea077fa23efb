/*
 * The async functions of bide/task.h, time.h, io.h, channel.h, lock.h and signal.h, and the forms
 * for tasks and futures: outside any runtime, on another runtime than that of the object, and at
 * home. Those of other headers are in lib/outside_* and extra/.
 */
#include "outside.h"

#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- the objects ---- */

static bide_stream *from, *to, *one, *two;
static bide_reader *lines;
static bide_tcp_listener *listener;
static bide_stream *client;
static bide_sender(int) sender;
static bide_receiver(int) receiver;
static bide_oneshot(int) oneshot;
static bide_oneshot_sender(int) one_sender;
static bide_oneshot_receiver(int) one_receiver;
static bide_broadcast(int) news;
static bide_subscriber(int) subscriber;
static bide_watch(int) watch;
static bide_watcher(int) watcher;
static bide_notify notify;
static bide_timer timer;
static bide_interval interval;
static bide_delay_queue *delays;
static bide_task(int) task;
static bide_future(int) future;
static int item, value = 5;

static async int seven(void)
{
    return 7;
}

/* Leaves a line in the buffer of `lines`. */
static async int read_a_line(void)
{
    char *line;
    return await bide_reader_line(lines, &line, NULL);
}

static async int connects(void)
{
    return await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &client);
}

static void prepare(void)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &from), 0);
    CHECK_EQ(bide_stream_open(ends[1], &to), 0);
    CHECK_EQ(bide_reader_new(from, 100, &lines), 0);
    CHECK_EQ(write(ends[1], "one\ntwo\n", 8), 8);
    CHECK_EQ(bide_block_on(read_a_line()), 1);
    CHECK_EQ(write(ends[1], "more", 4), 4);
    CHECK_EQ(bide_stream_pair(10, &one, &two), 0);
    CHECK_EQ(bide_block_on(bide_stream_write(two, "data", 4)), 4);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(bide_block_on(connects()), 0);
    CHECK_EQ(bide_channel_new(3, &sender, &receiver), 0);
    CHECK_EQ(bide_try_send(sender, &value), 0);
    memset(&oneshot, 0, sizeof oneshot);
    bide_oneshot_ends(&oneshot, &one_sender, &one_receiver);
    CHECK_EQ(bide_oneshot_send(one_sender, &value), 0);
    CHECK_EQ(bide_broadcast_new(1, &news), 0);
    CHECK_EQ(bide_broadcast_subscribe(news, &subscriber), 0);
    CHECK_EQ(bide_watch_new(&item, &watch), 0);
    CHECK_EQ(bide_watch_subscribe(watch, &watcher), 0);
    bide_notify_one(&notify);
    timer = bide_timer_after(BIDE_NS(1));
    interval = bide_interval_every(BIDE_MS(1), BIDE_MISSED_BURST);
    CHECK_EQ(bide_delay_queue_new(sizeof(int), NULL, &delays), 0);
    CHECK_EQ(bide_delay_queue_insert(delays, &value, BIDE_NS(1), NULL), 0);
    task = bide_spawn(seven());
    future = bide_lazy(seven());
}

static void clean(void)
{
    bide_reader_free(lines);
    bide_stream_close(from);
    bide_stream_close(to);
    bide_stream_close(one);
    bide_stream_close(two);
    bide_stream_close(client);
    client = NULL;
    bide_tcp_listener_close(listener);
    bide_sender_drop(sender);
    bide_receiver_drop(receiver);
    bide_subscriber_drop(subscriber);
    bide_broadcast_drop(news);
    bide_watcher_drop(watcher);
    bide_watch_drop(watch);
    bide_delay_queue_free(delays);
    bide_task_detach(task);
    bide_drop(future);
}

/* ---- the calls ---- */

static char buffer[16];

static async int sleeps(void)
{
    return await bide_sleep(BIDE_NS(1));
}

static async int sleeps_until(void)
{
    return await bide_sleep_until(bide_now());
}

static async int waits_for_timer(void)
{
    return await bide_timer_wait(&timer);
}

static async int waits_for_tick(void)
{
    return await bide_interval_tick(&interval);
}

static async int waits_for_delay(void)
{
    return await bide_delay_queue_next(delays, &item);
}

static async int yields(void)
{
    await bide_yield();
    return 0;
}

static async int consumes(void)
{
    await bide_budget_consume();
    return 0;
}

static async int waits_to_read(void)
{
    return await bide_fd_readable(bide_stream_fd(from));
}

static async int waits_to_write(void)
{
    return await bide_fd_writable(bide_stream_fd(to));
}

static async int reads(void)
{
    return (int)await bide_stream_read(from, buffer, 2);
}

static async int writes(void)
{
    return (int)await bide_stream_write(to, "abc", 3);
}

static async int reads_exactly(void)
{
    return await bide_stream_read_exactly(from, buffer, 4, NULL);
}

static async int writes_all(void)
{
    return await bide_stream_write_all(to, "abc", 3, NULL);
}

static async int reads_pieces(void)
{
    struct iovec piece = {buffer, 2};
    return (int)await bide_stream_readv(from, &piece, 1);
}

static async int writes_pieces(void)
{
    struct iovec piece = {buffer, 3};
    return (int)await bide_stream_writev(to, &piece, 1);
}

static async int writes_all_pieces(void)
{
    struct iovec piece = {buffer, 3};
    return await bide_stream_writev_all(to, &piece, 1, NULL);
}

static async int takes_descriptor(void)
{
    int fd, n = (int)await bide_stream_take_fd(to, buffer, sizeof buffer, &fd);
    if (n < 0)
        return n;
    to = NULL;
    return close(fd);
}

static async int reads_line(void)
{
    char *line;
    return await bide_reader_line(lines, &line, NULL);
}

static async int reads_buffered(void)
{
    return (int)await bide_reader_read(lines, buffer, 3);
}

static async int reads_pair(void)
{
    return (int)await bide_stream_read(one, buffer, 4);
}

static async int writes_pair(void)
{
    return (int)await bide_stream_write(one, "ab", 2);
}

static async int reads_pair_exactly(void)
{
    return await bide_stream_read_exactly(one, buffer, 4, NULL);
}

static async int writes_all_to_pair(void)
{
    return await bide_stream_write_all(one, "ab", 2, NULL);
}

static async int opens_no_fifo(void)
{
    bide_stream *stream;
    return await bide_fifo_open("/nowhere/fifo", BIDE_FIFO_READ, &stream);
}

static async int connects_again(void)
{
    bide_stream *stream;
    int r = await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &stream);
    bide_stream_close(stream);
    return r;
}

static async int accepts(void)
{
    bide_stream *stream;
    int r = await bide_tcp_accept(listener, &stream);
    bide_stream_close(stream);
    return r;
}

static async int sends(void)
{
    return await bide_send(sender, &value);
}

static async int reserves(void)
{
    int r = await bide_reserve(sender, 1);
    if (r == 0)
        bide_unreserve(sender, 1);
    return r;
}

static async int receives(void)
{
    return await bide_recv(receiver, &item);
}

static async int receives_many(void)
{
    return await bide_recv_many(receiver, &item, 1);
}

static async int hears(void)
{
    CHECK_EQ(bide_broadcast_send(news, &value), 1);
    return await bide_subscriber_recv(subscriber, &item);
}

static async int follows(void)
{
    CHECK_EQ(bide_watch_set(watch, &value), 0);
    return await bide_watcher_changed(watcher, &item);
}

static async int waits_for_nobody(void)
{
    bide_watcher_drop(watcher);
    watcher = NULL;
    return await bide_watch_unwatched(watch);
}

static async int waits_for_the_end(void)
{
    bide_receiver_close(receiver);
    return await bide_sender_closed(sender);
}

static async int receives_one(void)
{
    return await bide_oneshot_recv(one_receiver, &item);
}

static async int waits_for_notice(void)
{
    return await bide_notify_wait(&notify);
}

static async int waits_for_signal(void)
{
    return await bide_signal_wait(SIGUSR1);
}

static async int sends_signal(void)
{
    return raise(SIGUSR1);
}

/* The wait is polled first, and installs the handler. */
static async int waits_for_own_signal(void)
{
    int r = 0;
    await bide_join(r = waits_for_signal(), sends_signal());
    return r;
}

static async int waits_for_ctrl_c(void)
{
    return await bide_ctrl_c();
}

static async int joins(void)
{
    int result = 0, r = await bide_task_join(task, &result);
    return r < 0 ? r : result;
}

static async int waits_for_task(void)
{
    return await bide_task_wait(task);
}

static async int gets(void)
{
    return await bide_get(future);
}

static async int drops(void)
{
    bide_drop(future);
    return 0;
}

static int plain_seven(void)
{
    return 7;
}

/* Where there is no pool, the call is made in place. */
static async int blocks(void)
{
    return await bide_blocking(plain_seven());
}

static async int spawns_in_scope(void)
{
    int r = 0, result = 0;
    bide_scope(s) {
        bide_task(int) child = bide_scope_spawn(s, seven());
        r = await bide_task_join(child, &result);
    }
    return r < 0 ? r : result;
}

/* ---- the table ---- */

#define ROW(name, call, outside, elsewhere, home)      \
    {                                                  \
#name, CALL_OF(call), outside, elsewhere, home \
    }

#define ROWS                                                                                      \
    ROW(bide_sleep, sleeps, -ENXIO, 0, 0), ROW(bide_sleep_until, sleeps_until, -ENXIO, 0, 0),     \
        ROW(bide_timer_wait, waits_for_timer, -ENXIO, 0, 0),                                      \
        ROW(bide_interval_tick, waits_for_tick, -ENXIO, 0, 0),                                    \
        ROW(bide_delay_queue_next, waits_for_delay, -ENXIO, 1, 1),                                \
        ROW(bide_yield, yields, 0, 0, 0), ROW(bide_budget_consume, consumes, 0, 0, 0),            \
        ROW(bide_fd_readable, waits_to_read, -ENXIO, 0, 0),                                       \
        ROW(bide_fd_writable, waits_to_write, -ENXIO, 0, 0),                                      \
        ROW(bide_fifo_open, opens_no_fifo, -ENXIO, -ENOENT, -ENOENT),                             \
        ROW(bide_stream_read, reads, -ENXIO, -EXDEV, 2),                                          \
        ROW(bide_stream_write, writes, -ENXIO, -EXDEV, 3),                                        \
        ROW(bide_stream_read_exactly, reads_exactly, -ENXIO, -EXDEV, 0),                          \
        ROW(bide_stream_write_all, writes_all, -ENXIO, -EXDEV, 0),                                \
        ROW(bide_stream_readv, reads_pieces, -ENXIO, -EXDEV, 2),                                  \
        ROW(bide_stream_writev, writes_pieces, -ENXIO, -EXDEV, 3),                                \
        ROW(bide_stream_writev_all, writes_all_pieces, -ENXIO, -EXDEV, 0),                        \
        ROW(bide_stream_take_fd, takes_descriptor, -ENXIO, -EXDEV, 0),                            \
        ROW(bide_stream_read, reads_pair, 4, 4, 4), ROW(bide_stream_write, writes_pair, 2, 2, 2), \
        ROW(bide_stream_read_exactly, reads_pair_exactly, 0, 0, 0),                               \
        ROW(bide_stream_write_all, writes_all_to_pair, 0, 0, 0),                                  \
        ROW(bide_reader_line, reads_line, -ENXIO, -EXDEV, 1),                                     \
        ROW(bide_reader_read, reads_buffered, -ENXIO, -EXDEV, 3),                                 \
        ROW(bide_tcp_connect, connects_again, -ENXIO, 0, 0),                                      \
        ROW(bide_tcp_accept, accepts, -ENXIO, -EXDEV, 0), ROW(bide_send, sends, 0, 0, 0),         \
        ROW(bide_reserve, reserves, 0, 0, 0), ROW(bide_recv, receives, 1, 1, 1),                  \
        ROW(bide_recv_many, receives_many, 1, 1, 1),                                              \
        ROW(bide_sender_closed, waits_for_the_end, 0, 0, 0),                                      \
        ROW(bide_subscriber_recv, hears, 1, 1, 1), ROW(bide_watcher_changed, follows, 1, 1, 1),   \
        ROW(bide_watch_unwatched, waits_for_nobody, 0, 0, 0),                                     \
        ROW(bide_oneshot_recv, receives_one, 1, 1, 1),                                            \
        ROW(bide_notify_wait, waits_for_notice, 0, 0, 0),                                         \
        ROW(bide_ctrl_c, waits_for_ctrl_c, -ENXIO, ROW_SKIP, ROW_SKIP),                           \
        ROW(bide_task_join, joins, -ENXIO, -EXDEV, 7),                                            \
        ROW(bide_task_wait, waits_for_task, -ENXIO, -EXDEV, 0),                                   \
        ROW(bide_get, gets, -ENXIO, -EXDEV, 7), ROW(bide_drop, drops, 0, 0, 0),                   \
        ROW(bide_blocking, blocks, 7, 7, 7), ROW(bide_scope_spawn, spawns_in_scope, -ENXIO, 7, 7)

TEST_LIMIT(every_call_outside_elsewhere_and_at_home, 60)
{
    const struct row rows[] = {ROWS};
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), prepare, clean);
}

static void nothing(void)
{
}

TEST(signals_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {{"bide_signal_wait", CALL_OF(waits_for_own_signal), -ENXIO, 0, 0}};
    signal(SIGUSR1, SIG_IGN);
    check_rows(rows, 1, nothing, nothing);
}

static bide_signals *listener_of_usr1;
static bide_signal got;

static void prepare_listener(void)
{
    static const int usr1 = SIGUSR1;
    CHECK_EQ(bide_signals_new(&usr1, 1, &listener_of_usr1), 0);
}

static void clean_listener(void)
{
    bide_signals_free(listener_of_usr1);
}

static async int waits_to_be_told(void)
{
    int r = 0;
    await bide_join(r = bide_signals_next(listener_of_usr1, &got), sends_signal());
    return r;
}

static async int is_told(void)
{
    CHECK_EQ(raise(SIGUSR1), 0);
    return await bide_signals_next(listener_of_usr1, &got);
}

#define SIGNAL_ROWS                                         \
    ROW(bide_signals_next, waits_to_be_told, -ENXIO, 1, 1), \
        ROW(bide_signals_next, is_told, -ENXIO, 1, 1)

TEST(listeners_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {SIGNAL_ROWS};
    check_rows(rows, 2, prepare_listener, clean_listener);
}

/* ---- locks, which belong to no runtime ---- */

static bide_mutex mutex;
static bide_rwlock rwlock;
static bide_semaphore semaphore;
static bide_barrier barrier;
static bide_condition condition;
static bide_once once;

static async int locks_mutex(void)
{
    int r = await bide_mutex_lock(&mutex);
    bide_mutex_unlock(&mutex);
    return r;
}

static async int locks_through_references(void)
{
    int r = await (*bide_ref(bide_mutex_lock))(&mutex);
    bide_mutex_unlock(&mutex);
    r += await (*bide_ref(bide_rwlock_write))(&rwlock);
    bide_rwlock_write_unlock(&rwlock);
    return r;
}

static async int locks_rwlock(void)
{
    int r = await bide_rwlock_read(&rwlock);
    bide_rwlock_read_unlock(&rwlock);
    r += await bide_rwlock_write(&rwlock);
    bide_rwlock_write_unlock(&rwlock);
    return r;
}

static async int locks_blocks(void)
{
    bide_locked(&mutex)
        bide_read_locked(&rwlock)
            await bide_yield();
    bide_write_locked(&rwlock)
        return 0;
    return -1;
}

static async int takes_permits(void)
{
    bide_permit permit = BIDE_PERMIT_INIT;
    bide_semaphore_release(&semaphore, 2);
    int r = await bide_semaphore_acquire(&semaphore, 1);
    r += await bide_permit_acquire(&semaphore, 1, &permit);
    return r;
}

static async int listens(void)
{
    bide_notified change;
    bide_notify_listen(&notify, &change);
    defer {
        bide_notified_drop(&change);
    }
    return await bide_notified_wait(&change);
}

static async int arrives(void)
{
    return await bide_barrier_wait(&barrier);
}

static async int signals(void)
{
    bide_condition_signal(&condition);
    return 0;
}

static async int waits_for_condition(void)
{
    int r = -1;
    bide_locked(&mutex)
        await bide_join(r = bide_condition_wait(&condition, &mutex), signals());
    return r;
}

static async int makes(int *made)
{
    await bide_yield();
    *made = 7;
    return 0;
}

static async int makes_once(void)
{
    int made = 0;
    once = (bide_once)BIDE_ONCE_INIT;
    int r = await bide_once_make(&once, bide_ref(makes), &made);
    return r < 0 ? r : made;
}

#define LOCK_ROWS                                                                            \
    ROW(bide__mutex_lock, locks_mutex, 0, 0, 0),                                             \
        ROW(bide_mutex_lock, locks_through_references, 0, 0, 0),                             \
        ROW(bide_rwlock_read, locks_rwlock, 0, 0, 0),                                        \
        ROW(bide__rwlock_write, locks_rwlock, 0, 0, 0),                                      \
        ROW(bide_rwlock_write, locks_through_references, 0, 0, 0),                           \
        ROW(bide__mutex_enter, locks_blocks, 0, 0, 0),                                       \
        ROW(bide__rwlock_enter_read, locks_blocks, 0, 0, 0),                                 \
        ROW(bide__rwlock_enter_write, locks_blocks, 0, 0, 0),                                \
        ROW(bide_semaphore_acquire, takes_permits, 0, 0, 0),                                 \
        ROW(bide_permit_acquire, takes_permits, 0, 0, 0),                                    \
        ROW(bide_notify_wait, waits_for_notice, 0, 0, 0),                                    \
        ROW(bide_notified_wait, listens, 0, 0, 0), ROW(bide_barrier_wait, arrives, 1, 1, 1), \
        ROW(bide_condition_wait, waits_for_condition, 0, 0, 0),                              \
        ROW(bide__once_make, makes_once, 7, 7, 7)

static void notify_once(void)
{
    bide_notify_one(&notify);
}

TEST(locks_outside_elsewhere_and_at_home)
{
    const struct row rows[] = {LOCK_ROWS};
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), notify_once, nothing);
}

TEST(every_async_function_of_the_library_has_a_row)
{
    const struct row rows[] = {ROWS, LOCK_ROWS, SIGNAL_ROWS,
                               ROW(bide_signal_wait, waits_for_signal, -ENXIO, 0, 0)};
    static const struct {
        const char *header;
        int least;
    } headers[] = {{"task", 1},    {"time", 5},  {"io", 9},
                   {"channel", 9}, {"lock", 15}, {"signal", 3}};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        CHECK(check_covers(headers[i].header, rows, sizeof(rows) / sizeof(rows[0])) >=
              headers[i].least);
}

/* ---- what only these have ---- */

static async int accepts_in_a_shortage(void)
{
    bide_stream *stream;
    int r = 0, timeout = await bide_timeout(BIDE_MS(1), r = bide_tcp_accept(listener, &stream));
    return timeout < 0 ? timeout : r;
}

/* A connection that the listener keeps, since its stream could not be made, is not given to another
 * runtime either. */
TEST(a_connection_that_a_listener_keeps_stays_at_home)
{
    CHECK_EQ(bide_runtime_new(NULL, &row_home), 0);
    CHECK_EQ(bide_runtime_new(NULL, &row_other), 0);
    bide_runtime_enter(row_home);
    prepare();
    CHECK_EQ(bide_test_fail("epoll_ctl", 1, -ENOSPC, 0), 0);
    CHECK_ERR(bide_block_on(accepts_in_a_shortage()), -ETIMEDOUT);
    CHECK(bide_test_failed("epoll_ctl") > 0);
    bide_test_fail("epoll_ctl", 0, 0, 0);
    CHECK_ERR(run_on(row_other, CALL_OF(accepts)), -EXDEV);
    CHECK_ERR(run_outside(CALL_OF(accepts)), -ENXIO);
    CHECK_EQ(run_on(row_home, CALL_OF(accepts)), 0);
    clean();
    bide_test_reset();
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(row_home, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(row_home), 0);
    CHECK_EQ(bide_runtime_free(row_other), 0);
}

/* Outside any runtime, a call makes none and leaves nothing open. */
TEST(a_refused_call_makes_no_runtime)
{
    bide_test_watch();
    CHECK_ERR(run_outside(CALL_OF(waits_for_signal)), -ENXIO);
    CHECK_ERR(run_outside(CALL_OF(waits_for_ctrl_c)), -ENXIO);
    CHECK_EQ(bide_test_calls("epoll_create1"), 0);
    CHECK_EQ(bide_test_calls("sigaction"), 0);
    CHECK_EQ(bide_test_calls("eventfd"), 0);
}

/* ---- the message ---- */

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* Makes the calls outside of any runtime; what was said on stderr. */
static const char *said_by(const struct bide_fn *const *calls, size_t count)
{
    static char said[1024];
    int ends[2], before = dup(STDERR_FILENO);
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    bool refused = true;
    for (size_t i = 0; i < count; i++)
        refused &= run_outside(calls[i]) == -ENXIO;
    dup2(before, STDERR_FILENO);
    CHECK(refused);
    ssize_t size = read(ends[0], said, sizeof(said) - 1);
    said[size > 0 ? size : 0] = '\0';
    return said;
}

TEST(it_is_said_once_in_all_builds_but_release)
{
    const struct bide_fn *const calls[] = {CALL_OF(sleeps), CALL_OF(sleeps),
                                           CALL_OF(waits_for_ctrl_c)};
    const char *said = said_by(calls, 3);
#ifdef BIDE_CHECK_STATES
    CHECK_EQ(count_of(said, "bide: bide_sleep: it was awaited where no runtime runs"), 1);
    CHECK_EQ(count_of(said, "bide: "), 1);
#else
    CHECK_STR(said, "");
    CHECK_EQ(count_of(said, "bide: "), 0);
#endif
}

/* That a stream has a function of its own in its place does not show. */
TEST(the_function_is_named_as_it_was_called)
{
    const struct bide_fn *const call = CALL_OF(reads);
    prepare();
    const char *said = said_by(&call, 1);
#ifdef BIDE_CHECK_STATES
    CHECK_EQ(count_of(said, "bide: bide_stream_read: it was awaited where no runtime runs"), 1);
#else
    CHECK_EQ(count_of(said, "bide: "), 0);
#endif
    clean();
}

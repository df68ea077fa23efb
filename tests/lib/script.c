/*
 * Streams that go by a script (bide/test.h): the order of steps, pieces, waits, errors; closed and
 * cancelled at every suspension; without memory.
 */
#define BIDE_TEST_NO_MAIN
#include <bide/bide.h>
#include <bide/test.h>

#include <errno.h>
#include <string.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

static bide_stream *stream;
static char buffer[64];
static size_t done;

static void begin(bide_test_steps steps)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_test_stream(steps, &stream), 0);
}

static async int reads(const char *expected)
{
    memset(buffer, 0, sizeof(buffer));
    ssize_t n = await bide_stream_read(stream, buffer, sizeof(buffer) - 1);
    CHECK_EQ(n, strlen(expected));
    CHECK_STR(buffer, expected);
    return 0;
}

static async int writes(const char *text)
{
    done = 0;
    int r = await bide_stream_write_all(stream, text, strlen(text), &done);
    if (r == 0)
        CHECK_EQ(done, strlen(text));
    return r;
}

/* ---- the order ---- */

static async int in_order(void)
{
    bide_instant start = bide_now();
    CHECK_EQ(await reads("one"), 0);
    CHECK_EQ(await writes("t"), 0); /* in pieces */
    CHECK_EQ(await writes("wo"), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    CHECK_EQ(await reads("three"), 0); /* after the wait */
    CHECK_EQ(bide_elapsed(start).ns, BIDE_S(5).ns);
    CHECK_EQ(await bide_stream_read(stream, buffer, 2), 2);
    CHECK_EQ(await reads("ur"), 0);
    CHECK_ERR(await bide_stream_read(stream, buffer, 9), -ECONNRESET);
    CHECK_ERR(await writes("x"), -EPIPE);
    CHECK_EQ(await bide_stream_read(stream, buffer, 9), 0); /* the end, again and again */
    CHECK_EQ(await bide_stream_read(stream, buffer, 9), 0);
    CHECK_EQ(await bide_stream_write(stream, "x", 0), 0);
    return 0;
}

TEST(the_steps_come_one_after_another)
{
    begin(BIDE_TEST_STEPS(BIDE_TEST_READ("one"), BIDE_TEST_WRITE("two"), BIDE_TEST_WAIT(BIDE_S(5)),
                          BIDE_TEST_READ("three"), BIDE_TEST_READ("four"),
                          BIDE_TEST_READ_ERROR(-ECONNRESET), BIDE_TEST_READ(""),
                          BIDE_TEST_WRITE_ERROR(-EPIPE), BIDE_TEST_WAIT(BIDE_S(1))));
    CHECK_EQ(bide_block_on(in_order()), 0);
    CHECK_ERR(bide_stream_fd(stream), -EBADF);
    bide_stream_close(stream);
}

static async int reads_first(void)
{
    int n = 0;
    bide_task(int) reader = bide_spawn(reads("answer"));
    await bide_sleep(BIDE_MS(1)); /* all that can run has run then */
    CHECK_EQ(bide_task_finished(reader), 0);
    CHECK_EQ(await writes("ques"), 0);
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(bide_task_finished(reader), 0); /* it waits for the whole question */
    CHECK_EQ(await bide_stream_read(stream, buffer, 9), -EBUSY);
    CHECK_EQ(await writes("tion"), 0);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    return n;
}

TEST(a_read_waits_for_what_is_to_be_written_before)
{
    begin(BIDE_TEST_STEPS(BIDE_TEST_WRITE("question"), BIDE_TEST_READ("answer")));
    CHECK_EQ(bide_block_on(reads_first()), 0);
    bide_stream_close(stream);
}

static async int writes_first(void)
{
    bide_instant start = bide_now();
    CHECK_EQ(await writes("early"), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    bide_task(int) late = bide_spawn(writes("late"));
    await bide_sleep(BIDE_S(1));
    CHECK_EQ(bide_task_finished(late), 0); /* not past a wait that has not begun */
    CHECK_EQ(await reads("greeting"), 0);
    CHECK_EQ(await bide_task_wait(late), 0);
    CHECK_EQ(bide_elapsed(start).ns, BIDE_S(3).ns);
    return 0;
}

TEST(a_write_goes_before_what_is_to_be_read_but_not_past_a_wait)
{
    begin(BIDE_TEST_STEPS(BIDE_TEST_READ("greeting"), BIDE_TEST_WRITE("early"),
                          BIDE_TEST_WAIT(BIDE_S(2)), BIDE_TEST_WRITE("late")));
    CHECK_EQ(bide_block_on(writes_first()), 0);
    bide_stream_close(stream);
}

static async int in_silence(void)
{
    ssize_t n = 0;
    CHECK_ERR(await bide_timeout(BIDE_S(60), n = bide_stream_read(stream, buffer, 9)), -ETIMEDOUT);
    CHECK_EQ(await writes("bye"), 0);
    CHECK_EQ(bide_stream_shutdown(stream), 0);
    CHECK_ERR(await writes("more"), -EPIPE);
    bide_task(int) reader = bide_spawn(reads("nothing"));
    await bide_yield();
    bide_task_abort(reader);
    CHECK_ERR(await bide_task_wait(reader), -ECANCELED);
    return 0;
}

TEST(after_a_silence_nothing_is_read_and_writes_go_on)
{
    begin(BIDE_TEST_STEPS(BIDE_TEST_SILENCE, BIDE_TEST_READ("never"), BIDE_TEST_WRITE("bye"),
                          BIDE_TEST_READ_ERROR(-EIO)));
    CHECK_EQ(bide_block_on(in_silence()), 0);
    bide_stream_close(stream);
}

/* ---- bytes that are no text ---- */

static async int zeroes(void)
{
    static const char data[] = {0, 1, 0, -1};
    CHECK_EQ(await bide_stream_read_exactly(stream, buffer, sizeof(data), NULL), 0);
    CHECK(memcmp(buffer, data, sizeof(data)) == 0);
    CHECK_ERR(await bide_stream_read_exactly(stream, buffer, 1, NULL), -ENODATA);
    return 0;
}

TEST(bytes_may_be_anything)
{
    static const char data[] = {0, 1, 0, -1};
    begin(BIDE_TEST_STEPS(BIDE_TEST_READ_BYTES(data, 1), BIDE_TEST_READ_BYTES(data + 1, 3)));
    CHECK_EQ(bide_block_on(zeroes()), 0);
    bide_stream_close(stream);
}

/* ---- the end ---- */

static async int closed(void)
{
    ssize_t read = 0, written = 0;
    bide_task(ssize_t) reader = bide_spawn(bide_stream_read(stream, buffer, 9));
    bide_task(ssize_t) writer = bide_spawn(bide_stream_write(stream, "x", 1));
    await bide_sleep(BIDE_MS(1));
    bide_stream_close(stream);
    CHECK_EQ(await bide_task_join(reader, &read), 0);
    CHECK_EQ(await bide_task_join(writer, &written), 0);
    CHECK_ERR(read, -EBADF);
    CHECK_ERR(written, -EBADF);
    return 0;
}

TEST(a_close_ends_those_that_wait)
{
    begin(BIDE_TEST_STEPS(BIDE_TEST_WAIT(BIDE_S(1000))));
    CHECK_EQ(bide_block_on(closed()), 0);
    bide_stream_close(NULL);
}

async int talk(void *state);
extern const struct bide_fn bide__desc_talk;

async int talk(void *state)
{
    bide_reader *reader = NULL;
    char *line;
    (void)state;
    CHECK_EQ(bide_reader_new(stream, 80, &reader), 0);
    defer {
        bide_reader_free(reader);
    }
    int r = await writes("hello\n");
    if (r == 0)
        r = await bide_reader_line(reader, &line, NULL);
    if (r == 1)
        CHECK_STR(line, "world");
    return r;
}

static void make(void *state)
{
    (void)state;
    begin(BIDE_TEST_STEPS(BIDE_TEST_WAIT(BIDE_MS(1)), BIDE_TEST_WRITE("hel"),
                          BIDE_TEST_WAIT(BIDE_MS(1)), BIDE_TEST_WRITE("lo\n"),
                          BIDE_TEST_WAIT(BIDE_MS(1)), BIDE_TEST_READ("wor"),
                          BIDE_TEST_WAIT(BIDE_MS(1)), BIDE_TEST_READ("ld\n")));
}

static async int goes_on(size_t written)
{
    size_t have = written;
    CHECK_EQ(await bide_stream_write_all(stream, "hello\n", 6, &have), 0);
    return 0;
}

/* What was written before counts, so it can go on there; then the rest of the script is read. */
static async int rest_is_read(void)
{
    while (await bide_stream_read(stream, buffer, sizeof(buffer)) > 0) {}
    return 0;
}

static void nothing_is_lost(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    CHECK_EQ(bide_block_on(goes_on(done)), 0);
    CHECK_EQ(bide_block_on(rest_is_read()), 0);
    bide_stream_close(stream);
}

TEST(a_cancelled_call_takes_no_step)
{
    CHECK(cancel_everywhere(&bide__desc_talk, NULL, make, nothing_is_lost) >= cancel_least(4));
}

static int construct(void)
{
    int r = bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_WAIT(BIDE_S(1))), &stream);
    CHECK(r == 0 || stream == NULL);
    return r;
}

static void destroy(void)
{
    bide_stream_close(stream);
}

TEST(without_memory_there_is_none)
{
    CHECK_EQ(fails_everywhere(construct, destroy), 1);
}

TEST(bad_steps_are_refused)
{
    stream = (bide_stream *)(void *)buffer;
    CHECK_ERR(bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_READ_ERROR(EIO)), &stream), -EINVAL);
    CHECK(stream == NULL);
    CHECK_ERR(bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_WRITE_ERROR(0)), &stream), -EINVAL);
    CHECK_ERR(bide_test_stream(BIDE_TEST_STEPS({99, 0, NULL, 0, {0}}), &stream), -EINVAL);
    CHECK_EQ(bide_test_stream((bide_test_steps){NULL, 0}, &stream), 0);
    CHECK_EQ(bide_block_on(bide_stream_read(stream, buffer, 1)), 0);
    bide_stream_close(stream);
}

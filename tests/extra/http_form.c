/*
 * bide/http_form.h and bide_http_send_retry: forms with files on the wire, and what is tried again,
 * when, and how often. Time is virtual.
 */
#include <bide/fs.h>
#include <bide/http_form.h>
#include <bide/testing.h>

#include <bide/abi.h>

#include <limits.h>

#include "cancel.h"
#include "http_wire.h"

#pragma GCC diagnostic ignored "-Wbide-borrow"

static bide_http_client *client;

static void run(wire_answer answer, bide_async_fn(int, void) test)
{
    bide_test_time_virtual();
    wire_start(answer);
    client = wire_client((bide_http_options){0});
    CHECK_EQ(bide_block_on((*test)()), 0);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/* ---- forms ---- */

static char chunked_body[16384];

/* Puts the body together that came in chunks. */
static async int take_chunks(bide_stream *s)
{
    bide_reader *reader;
    char *line;
    size_t size = 0;
    CHECK_EQ(bide_reader_new(s, 4096, &reader), 0);
    defer {
        bide_reader_free(reader);
    }
    for (;;) {
        CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
        size_t left = strtoul(line, NULL, 16);
        bool last = left == 0;
        for (; left > 0; left--, size++) {
            CHECK(size < sizeof chunked_body - 1);
            CHECK_EQ(await bide_reader_read(reader, chunked_body + size, 1), 1);
        }
        CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
        if (last)
            break;
    }
    chunked_body[size] = '\0';
    return 0;
}

static async int take_form(bide_stream *s)
{
    if (wire_has("Transfer-Encoding: chunked"))
        CHECK_EQ(await take_chunks(s), 0);
    return await wire_hello(s);
}

/* What is expected, with each "B" at the beginning of a line after "--" replaced by the
 * boundary. */
static void check_body(const char *body, const char *expected)
{
    char text[8192], boundary[64];
    const char *type = strstr(wire.head, "Content-Type: multipart/form-data; boundary=");
    size_t size = 0;
    CHECK(type != NULL);
    CHECK_EQ(sscanf(strchr(type, '=') + 1, "%63[^\r]", boundary), 1);
    for (; *expected != '\0'; expected++) {
        if (*expected == '@')
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", boundary);
        else
            text[size++] = *expected;
    }
    text[size] = '\0';
    CHECK_STR(body, text);
}

static char path[PATH_MAX + 16];

static async int make_file(size_t size)
{
    static char data[200000];
    char folder[PATH_MAX];
    memset(data, 'f', size);
    CHECK(await bide_folder_temporary(NULL, folder, sizeof folder) >= 0);
    snprintf(path, sizeof path, "%s/my \"file\"", folder);
    CHECK_EQ(await bide_path_write(path, data, size), 0);
    return 0;
}

static async int send_parts(const bide_http_parts *parts)
{
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/form")};
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_send_parts(client, &q, parts, &r);
    return n < 0 ? n : bide_http_status(r);
}

static async int all_parts(void)
{
    bide_http_parts *parts;
    CHECK_EQ(await make_file(6), 0);
    CHECK_EQ(bide_http_parts_new(&parts), 0);
    CHECK_EQ(bide_http_parts_add_text(parts, "a\"b\r\n", "one\r\ntwo"), 0);
    CHECK_EQ(bide_http_parts_add_bytes(parts, "raw", "\1\2\3", 3, "x.bin", "image/png"), 0);
    CHECK_EQ(bide_http_parts_add_file(parts, "up", path, NULL, NULL), 0);
    CHECK_EQ(await send_parts(parts), 200);
    CHECK(wire_has("POST /form ") && wire_has("Content-Length: ") && !wire_has("chunked"));
    static const char expected[] =
        "--@\r\nContent-Disposition: form-data; name=\"a%22b%0D%0A\"\r\n\r\none\r\ntwo\r\n"
        "--@\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"x.bin\"\r\n"
        "Content-Type: image/png\r\n\r\n\1\2\3\r\n"
        "--@\r\nContent-Disposition: form-data; name=\"up\"; filename=\"my %22file%22\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\nffffff\r\n--@--\r\n";
    check_body(wire.body, expected);
    CHECK_EQ(await send_parts(parts), 200); /* again */
    check_body(wire.body, expected);
    bide_http_parts_free(parts);
    return 0;
}

TEST(a_form_of_all_kinds)
{
    run(bide_ref(take_form), bide_ref(all_parts));
}

static async int stream_part(int64_t size)
{
    bide_http_parts *parts;
    bide_stream *from, *to;
    CHECK_EQ(bide_stream_pair(100, &from, &to), 0);
    CHECK_EQ(await bide_stream_write_all(to, "stream", 6, NULL), 0);
    bide_stream_close(to);
    CHECK_EQ(bide_http_parts_new(&parts), 0);
    CHECK_EQ(bide_http_parts_add_stream(parts, "s", from, size, "f", "text/plain"), 0);
    int n = await send_parts(parts);
    bide_http_parts_free(parts);
    bide_stream_close(from);
    return n;
}

static async int stream_parts(void)
{
    static const char expected[] = "--@\r\nContent-Disposition: form-data; name=\"s\"; "
                                   "filename=\"f\"\r\nContent-Type: text/plain\r\n\r\nstream\r\n"
                                   "--@--\r\n";
    CHECK_EQ(await stream_part(6), 200);
    check_body(wire.body, expected);
    CHECK_EQ(await stream_part(-1), 200);
    check_body(chunked_body, expected);
    CHECK_ERR(await stream_part(7), -ENODATA);

    bide_http_parts *parts;
    CHECK_EQ(bide_http_parts_new(&parts), 0);
    CHECK_EQ(await send_parts(parts), 200); /* an empty one */
    check_body(wire.body, "--@--\r\n");
    CHECK_ERR(bide_http_parts_add_text(parts, NULL, "x"), -EINVAL);
    CHECK_ERR(bide_http_parts_add_text(parts, "x", NULL), -EINVAL);
    CHECK_ERR(bide_http_parts_add_bytes(parts, "x", "y", 1, NULL, "a\r\nb"), -EINVAL);
    CHECK_ERR(bide_http_parts_add_file(parts, "x", NULL, NULL, NULL), -EINVAL);
    CHECK_ERR(bide_http_parts_add_stream(parts, "x", NULL, 1, NULL, NULL), -EINVAL);
    CHECK_EQ(bide_http_parts_add_file(parts, "x", "/nowhere/at/all", NULL, NULL), 0);
    CHECK_ERR(await send_parts(parts), -ENOENT);
    bide_http_parts_free(parts);
    bide_http_parts_free(NULL);

    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/"), .content_type = "a/b"};
    CHECK_EQ(bide_http_parts_new(&parts), 0);
    CHECK_ERR(await bide_http_send_parts(client, &q, parts, &r), -EINVAL);
    bide_http_parts_free(parts);
    return 0;
}

TEST(parts_out_of_streams)
{
    run(bide_ref(take_form), bide_ref(stream_parts));
}

/* ---- cancelled, and without memory ---- */

async int sends_a_form(void *state);
extern const struct bide_fn bide__desc_sends_a_form;
async int sends_a_form(void *state)
{
    bide_http_parts *parts = NULL;
    (void)state;
    defer {
        bide_http_parts_free(parts);
    }
    int n = bide_http_parts_new(&parts);
    if (n == 0)
        n = bide_http_parts_add_text(parts, "a", "b");
    if (n == 0)
        n = bide_http_parts_add_file(parts, "up", path, NULL, NULL);
    if (n == 0)
        n = await send_parts(parts);
    return n == 200 ? 0 : n;
}

static void after(void *state, const struct cancel_run *run_)
{
    (void)state;
    CHECK(run_->error == 0 || run_->error == -ECANCELED);
    CHECK(run_->error != 0 || run_->result == 0);
}

static async int get(void)
{
    bide_http_response *r = NULL;
    int n = await bide_http_get(client, wire_url("/"), &r);
    bide_http_response_free(r);
    return n;
}

TEST_LIMIT(a_form_cancelled_at_every_suspension, 100)
{
    bide_test_time_virtual();
    wire_start(bide_ref(take_form));
    client = wire_client((bide_http_options){0});
    CHECK_EQ(bide_block_on(make_file(200000)), 0);
    CHECK(cancel_everywhere(&bide__desc_sends_a_form, NULL, NULL, after) >= 3);
    CHECK_EQ(bide_block_on(get()), 0);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

TEST(a_form_without_randomness)
{
    bide_http_parts *parts;
    CHECK_EQ(bide_test_fail("getrandom", 1, -ENOSYS, 1), 0);
    CHECK_ERR(bide_http_parts_new(&parts), -ENOSYS);
    CHECK(parts == NULL);
}

/* ---- requests that are tried again ---- */

static int bad_left; /* so many answers are bad */

static async int fail_at_first(bide_stream *s)
{
    if (bad_left-- <= 0)
        return await wire_hello(s);
    if (wire_has(" /silent "))
        return -EPIPE;
    if (wire_has(" /later ")) {
        await wire_say(s, "HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        return 0;
    }
    if (wire_has(" /never ")) {
        await wire_say(s, "HTTP/1.1 503 Later\r\nRetry-After: 700\r\nContent-Length: 0\r\n\r\n");
        return 0;
    }
    if (wire_has(" /gone "))
        return await wire_say(s, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    return await wire_say(s, "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n");
}

struct tries {
    int result, status, requests;
    int64_t ms;
};

static async struct tries try(bide_http_request q, bide_http_retry retry, int bad)
{
    struct tries t = {0};
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    bad_left = bad;
    int before = wire.requests;
    bide_instant begin = bide_now();
    t.result = await bide_http_send_retry(client, &q, &retry, &r);
    t.status = bide_http_status(r);
    t.requests = wire.requests - before;
    t.ms = bide_elapsed(begin).ns / 1000000;
    return t;
}

static async int retries(void)
{
    const bide_http_retry none = {0};
    bide_http_client_free(client);
    client = wire_client((bide_http_options){.retry_percent = -1});
    struct tries t = await try((bide_http_request){.url = wire_url("/bad")}, none, 2);
    CHECK(t.status == 200 && t.requests == 3);
    CHECK(t.ms >= 50 + 100 && t.ms <= 100 + 200); /* half of it at least, at random */
    t = await try((bide_http_request){.url = wire_url("/bad")}, none, 100);
    CHECK(t.status == 502 && t.requests == 4);
    t = await try((bide_http_request){.url = wire_url("/bad")},
                  (bide_http_retry){.times_max = 9, .longest = BIDE_MS(150)}, 5);
    CHECK(t.status == 200 && t.requests == 6 && t.ms <= 100 + 4 * 150);
    t = await try((bide_http_request){.url = wire_url("/bad")}, (bide_http_retry){.times_max = -1},
                  1);
    CHECK(t.status == 502 && t.requests == 1);
    t = await try((bide_http_request){.url = wire_url("/gone")}, none, 1);
    CHECK(t.status == 404 && t.requests == 1);

    t = await try((bide_http_request){.url = wire_url("/later")}, none, 1);
    CHECK(t.status == 200 && t.requests == 2 && t.ms == 7000);
    t = await try((bide_http_request){.url = wire_url("/never")}, none, 1);
    CHECK(t.status == 503 && t.requests == 1 && t.ms == 0);

    /* What may do harm is not sent twice, unless that is asked for. */
    bide_http_request post = {.url = wire_url("/bad"), .body = "pay", .body_size = 3};
    t = await try(post, none, 1);
    CHECK(t.status == 502 && t.requests == 1);
    t = await try(post, (bide_http_retry){.any_method = true}, 1);
    CHECK(t.status == 200 && t.requests == 2);
    post.may_repeat = true;
    t = await try(post, none, 1);
    CHECK(t.status == 200 && t.requests == 2);
    post.body_streamed = true;
    t = await try(post, none, 0);
    CHECK_ERR(t.result, -EINVAL);

    bide_http_request refused = {.url = "http://127.0.0.1:1/"};
    t = await try(refused, none, 0);
    CHECK_ERR(t.result, -ECONNREFUSED);
    CHECK(t.ms >= 350 && t.ms <= 700);
    return 0;
}

TEST(what_is_tried_again)
{
    run(bide_ref(fail_at_first), bide_ref(retries));
}

/* When a service is down, its clients do not send three times as much. */
static async int budget(void)
{
    int before = wire.requests;
    for (int i = 0; i < 100; i++) {
        struct tries t =
            await try((bide_http_request){.url = wire_url("/bad")}, (bide_http_retry){0}, 100);
        CHECK_EQ(t.status, 502);
    }
    CHECK_EQ(wire.requests - before, 100 + 10 + 20);
    bide_http_client_free(client);
    client = wire_client((bide_http_options){.retry_percent = -1});
    before = wire.requests;
    for (int i = 0; i < 20; i++)
        (void)await try((bide_http_request){.url = wire_url("/bad")}, (bide_http_retry){0}, 100);
    CHECK_EQ(wire.requests - before, 80);
    return 0;
}

TEST(a_budget_for_further_times)
{
    run(bide_ref(fail_at_first), bide_ref(budget));
}

/* ---- cancelled between two times ---- */

async int tries_again(void *state);
extern const struct bide_fn bide__desc_tries_again;
async int tries_again(void *state)
{
    (void)state;
    struct tries t =
        await try((bide_http_request){.url = wire_url("/bad")}, (bide_http_retry){0}, 2);
    return t.status == 200 ? 0 : -EPROTO;
}

TEST_LIMIT(a_retry_cancelled_at_every_suspension, 60)
{
    bide_test_time_virtual();
    wire_start(bide_ref(fail_at_first));
    client = wire_client((bide_http_options){.retry_percent = -1});
    CHECK(cancel_everywhere(&bide__desc_tries_again, NULL, NULL, after) >= 5);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/*
 * bide/tls.h and memory: each allocation fails in turn, those of the library and those of OpenSSL,
 * which is given the door's memory; and what a connection that does nothing holds.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/tls.h>

#include <openssl/crypto.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/door/door.h"

#include "counted.h"
#include "full.h"
#include "tls_peers.h"

/* ---- OpenSSL's memory, through the door ---- */

static atomic_bool through_door; /* else from malloc, which never fails */

struct block {
    size_t size;
    bool of_door;
    _Alignas(max_align_t) char data[];
};

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((char *)p - offsetof(struct block, data));
}

static atomic_long openssl_bytes;

static void *ssl_malloc(size_t size, const char *file, int line)
{
    bool door = atomic_load(&through_door);
    (void)file, (void)line;
    struct block *b = door ? bide__door.alloc(sizeof *b + size, 0) : malloc(sizeof *b + size);
    if (b == NULL)
        return NULL;
    *b = (struct block){size, door};
    atomic_fetch_add(&openssl_bytes, (long)size);
    return b->data;
}

static void ssl_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    if (p == NULL)
        return;
    struct block *b = block_of(p);
    atomic_fetch_sub(&openssl_bytes, (long)b->size);
    if (b->of_door)
        bide__door.free(b, sizeof *b + b->size);
    else
        free(b);
}

static void *ssl_realloc(void *p, size_t size, const char *file, int line)
{
    if (p == NULL)
        return ssl_malloc(size, file, line);
    if (size == 0) {
        ssl_free(p, file, line);
        return NULL;
    }
    void *to = ssl_malloc(size, file, line);
    if (to == NULL)
        return NULL;
    memcpy(to, p, block_of(p)->size < size ? block_of(p)->size : size);
    ssl_free(p, file, line);
    return to;
}

static void __attribute__((constructor)) take_over(void)
{
    if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
        abort(); /* OpenSSL has allocated already */
}

/* ---- a whole life, in which an allocation fails ---- */

static async int client_side(bide_tls_context *context, bide_stream *stream)
{
    char text[4];
    bide_stream *tls = NULL;
    defer {
        bide_stream_close(tls != NULL ? tls : stream);
        CHECK_QUEUE();
    }
    int r = await bide_tls_connect(context, stream, "localhost", &tls);
    CHECK_QUEUE();
    CHECK((r == 0) == (tls != NULL));
    if (r == 0)
        r = await bide_stream_write_all(tls, "ping", 4, NULL);
    CHECK_QUEUE();
    if (r == 0 && (r = await bide_stream_read_exactly(tls, text, 4, NULL)) == 0)
        CHECK(memcmp(text, "pong", 4) == 0);
    CHECK_QUEUE();
    if (r == 0)
        r = await bide_tls_shutdown(tls);
    CHECK_QUEUE();
    return r;
}

static async int server_side(bide_tls_context *context, bide_stream *stream)
{
    char text[100];
    bide_stream *tls = NULL;
    defer {
        bide_stream_close(tls != NULL ? tls : stream);
        CHECK_QUEUE();
    }
    int r = await bide_tls_accept(context, stream, &tls);
    CHECK_QUEUE();
    CHECK((r == 0) == (tls != NULL));
    if (r == 0 && (r = await bide_stream_read_exactly(tls, text, 4, NULL)) == 0)
        CHECK(memcmp(text, "ping", 4) == 0);
    CHECK_QUEUE();
    if (r == 0)
        r = await bide_stream_write_all(tls, "pong", 4, NULL);
    CHECK_QUEUE();
    if (r == 0)
        r = (int)await bide_stream_read(tls, text, sizeof text);
    CHECK_QUEUE();
    return r;
}

static async int live(void)
{
    bide_tls_context *client = NULL, *server = NULL;
    const bide_tls_identity identity = {.certificate = peers.cert.certificate,
                                        .key = peers.cert.key};
    static const char *const protocols[] = {"echo"};
    bide_tls_options options = {.ca = peers.ca.certificate, .alpn = protocols, .alpn_count = 1};
    bide_stream *near, *far;
    int r[2] = {0, 0};
    defer {
        bide_tls_context_drop(client);
        bide_tls_context_drop(server);
    }
    int made = bide_tls_client_new(&options, &client);
    CHECK_QUEUE();
    if (made < 0)
        return made;
    options.identities = &identity;
    options.identity_count = 1;
    made = bide_tls_server_new(&options, &server);
    CHECK_QUEUE();
    if (made < 0)
        return made;
    made = bide_stream_pair(150, &near, &far);
    if (made < 0)
        return made;
    await bide_join(r[0] = client_side(client, near), r[1] = server_side(server, far));
    CHECK_QUEUE();
    if (r[0] == -ENOMEM || r[1] == -ENOMEM) /* the other one is told something */
        return -ENOMEM;
    return r[0] < 0 ? r[0] : r[1];
}

/* A lack of memory must be called so if it is in the library, and else be some error. */
static unsigned fail_each(bool of_openssl, unsigned step)
{
    unsigned failures = 0;
    peers_begin();
    CHECK_EQ(bide_block_on(live()), 0); /* what is made once is there */
    for (unsigned nth = 1;; nth += step) {
        atomic_store(&through_door, of_openssl);
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int r = bide_block_on(live());
        bool failed = bide_test_failed("alloc") > 0;
        bide_test_reset();
        atomic_store(&through_door, false);
        if (!failed) {
            CHECK_EQ(r, 0);
            break;
        }
        failures++;
        if (!of_openssl)
            CHECK_ERR(r, r == 0 ? 0 : -ENOMEM);
        if (nth % 32 == 1)
            CHECK_EQ(bide_block_on(live()), 0);
    }
    peers_end();
    return failures;
}

TEST_LIMIT(each_allocation_of_the_library, 60)
{
    CHECK(fail_each(false, 1) > 20);
}

TEST_LIMIT(each_allocation_of_openssl, 600)
{
    CHECK(fail_each(true, is_full() ? 1 : 53) > (is_full() ? 1000 : 20));
}

/* ---- what a connection holds ---- */

enum { CONNECTIONS = 20, PAIR = 64000 };

/* One that has carried data in both directions, and waits for more. */
static async void carries(void)
{
    static char data[20000];
    await peers_meet_in_memory(PAIR);
    await bide_join((void)bide_stream_write_all(peers.client, data, sizeof data, NULL),
                    (void)bide_stream_read_exactly(peers.server, data, sizeof data, NULL));
    await bide_join((void)bide_stream_write_all(peers.server, data, sizeof data, NULL),
                    (void)bide_stream_read_exactly(peers.client, data, sizeof data, NULL));
    (void)await bide_timeout(BIDE_MS(1), (void)bide_stream_read(peers.client, data, 1));
    (void)await bide_timeout(BIDE_MS(1), (void)bide_stream_read(peers.server, data, 1));
}

static async int hold(void)
{
    bide_stream *near[CONNECTIONS], *far[CONNECTIONS];

    await carries(); /* what is made once */
    peers_part();
    long ssl = atomic_load(&openssl_bytes), ours = counted_left();
    for (int i = 0; i < CONNECTIONS; i++) {
        await carries();
        near[i] = peers.client;
        far[i] = peers.server;
        peers.client = peers.server = NULL;
    }
    ours = (counted_left() - ours) / CONNECTIONS - 2 * PAIR;
    long both = atomic_load(&openssl_bytes) - ssl;
    for (int i = 0; i < CONNECTIONS; i++)
        bide_stream_close(near[i]);
    long server = (atomic_load(&openssl_bytes) - ssl) / CONNECTIONS;
    long client = both / CONNECTIONS - server;
    fprintf(stderr, "OpenSSL's: client %ld, server %ld; ours: both, with their pair, %ld\n", client,
            server, ours);
    CHECK(ours < 4000); /* the two small buffers, and no others */
    CHECK(client < 20000 && server < 16000);
    for (int i = 0; i < CONNECTIONS; i++)
        bide_stream_close(far[i]);
    return 0;
}

static async int wait_for_byte(void)
{
    char byte;
    return (int)await bide_stream_read(peers.client, &byte, 1);
}

/* What a read holds that waits after so many bytes. The last receive of one of these sizes has
 * just filled the large buffer: 512 bytes and 32 KiB, with 22 for each of three records. */
static async int wait_after_much(void)
{
    enum { FROM = 33150, TO = 33280, FEW = 8000 };
    static char data[TO];
    long most = 0;

    await peers_meet_in_memory(PAIR);
    for (size_t size = FROM; size < TO; size++) {
        int n = 0;
        CHECK_EQ(await bide_stream_write_all(peers.server, data, size, NULL), 0);
        CHECK_EQ(await bide_stream_read_exactly(peers.client, data, size, NULL), 0);
        long before = counted_left();
        bide_task(int) task = bide_spawn(wait_for_byte());
        await bide_sleep(BIDE_MS(1));
        if (size > FROM && counted_left() - before > most) /* the first task makes what stays */
            most = counted_left() - before;
        CHECK_EQ(await bide_stream_write(peers.server, data, 1), 1);
        CHECK_EQ(await bide_task_join(bide_move(task), &n), 0);
        CHECK_EQ(n, 1);
    }
    fprintf(stderr, "a read that waits holds at most %ld, its task included\n", most);
    CHECK(most < FEW);
    return 0;
}

TEST(what_a_read_holds_that_waits)
{
    bide_test_time_virtual();
    peers_begin();
    counted_begin();
    CHECK_EQ(bide_block_on(wait_after_much()), 0);
    peers_end();
}

/* Without sessions, which are the context's. */
TEST(what_an_idle_connection_holds)
{
    bide_test_time_virtual();
    peers_begin();
    bide_tls_context_drop(peers.of_client);
    peers.of_client = peers_client((bide_tls_options){.no_resumption = true});
    counted_begin();
    CHECK_EQ(bide_block_on(hold()), 0);
    peers_end();
}

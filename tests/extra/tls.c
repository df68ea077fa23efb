/*
 * bide/tls.h: both sides talk over pairs in memory and over TCP. What they say arrives, in both
 * directions at once; what they negotiate is what was asked for; bad certificates are refused and
 * named; an end is told from a connection that was cut off.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/tls.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tls_peers.h"

/* A ROOMY pair takes all that is written in turn, with the tickets of the server. */
enum { BULK = 300000, ROOMY = 5000 };

static unsigned char byte_at(size_t i, unsigned salt)
{
    return (unsigned char)(i * 31 + i / 251 + salt);
}

static async int says(bide_stream *to, size_t size, unsigned salt)
{
    unsigned char data[5000];
    for (size_t done = 0; done < size;) {
        size_t n = size - done < sizeof data ? size - done : sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = byte_at(done + i, salt);
        int r = await bide_stream_write_all(to, data, n, NULL);
        CHECK_QUEUE();
        if (r < 0)
            return r;
        done += n;
    }
    return await bide_tls_shutdown(to);
}

/* Returns how many bytes came before the end, which was a clean one. */
static async ssize_t hears(bide_stream *from, unsigned salt)
{
    unsigned char data[7001];
    ssize_t n, done = 0;
    while ((n = await bide_stream_read(from, data, sizeof data)) > 0) {
        CHECK_QUEUE();
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(data[i], byte_at((size_t)(done + i), salt));
        done += n;
    }
    CHECK_QUEUE();
    return n < 0 ? n : done;
}

static async void talk(size_t size)
{
    int sent[2] = {1, 1};
    ssize_t heard[2] = {0, 0};
    await bide_join(sent[0] = says(peers.client, size, 1), heard[0] = hears(peers.server, 1),
                    sent[1] = says(peers.server, size, 2), heard[1] = hears(peers.client, 2));
    CHECK_ERR(sent[0], 0);
    CHECK_ERR(sent[1], 0);
    CHECK_EQ(heard[0], size);
    CHECK_EQ(heard[1], size);
}

static async int over_memory(size_t capacity, size_t size)
{
    await peers_meet_in_memory(capacity);
    await talk(size);
    peers_part();
    return 0;
}

TEST(both_talk_at_once_in_memory)
{
    peers_begin();
    CHECK_EQ(bide_block_on(over_memory(1, 100)), 0);
    CHECK_EQ(bide_block_on(over_memory(64, 3000)), 0);
    CHECK_EQ(bide_block_on(over_memory(100000, BULK)), 0);
    peers_end();
}

static async int over_tcp(void)
{
    bide_stream *near, *far;
    await peers_tcp(&near, &far);
    await peers_meet(near, far);
    CHECK(bide_tls_transport(peers.client) == near);
    CHECK_ERR(bide_stream_fd(peers.client), -EBADF);
    await talk(BULK);
    peers_part();
    return 0;
}

TEST(both_talk_at_once_over_tcp)
{
    peers_begin();
    CHECK_EQ(bide_block_on(over_tcp()), 0);
    peers_end();
}

static async int exactly(void)
{
    char text[6] = "";
    size_t done = 0;
    await peers_meet_in_memory(50);
    await bide_join(({ CHECK_EQ(await bide_stream_write(peers.client, "hello", 5), 5); }), ({
                        CHECK_EQ(await bide_stream_read_exactly(peers.server, text, 5, &done), 0);
                    }));
    CHECK_STR(text, "hello");
    CHECK_EQ(done, 5);
    CHECK_EQ(await bide_stream_read(peers.client, text, 0), 0);
    CHECK_EQ(await bide_stream_write(peers.client, text, 0), 0);
    CHECK_STR(bide_tls_error(peers.client), "");
    peers_part();
    return 0;
}

TEST(exactly_so_many_bytes)
{
    peers_begin();
    CHECK_EQ(bide_block_on(exactly()), 0);
    peers_end();
}

/* ---- ends ---- */

static async int ends(void)
{
    char text[10];
    await peers_meet_in_memory(ROOMY);
    CHECK_EQ(await bide_stream_write(peers.client, "last", 4), 4);
    CHECK_EQ(bide_stream_shutdown(peers.client), 0);
    CHECK_EQ(bide_stream_shutdown(peers.client), 0); /* once is enough */
    CHECK_ERR(await bide_stream_write(peers.client, "more", 4), -EPIPE);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 4);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 0);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 0);
    /* The other direction goes on. */
    CHECK_EQ(await bide_stream_write(peers.server, "answer", 6), 6);
    CHECK_EQ(await bide_stream_read(peers.client, text, 10), 6);
    bide_stream_close(peers.server);
    CHECK_EQ(await bide_stream_read(peers.client, text, 10), 0); /* a close says so too */
    peers.server = NULL;
    peers_part();
    return 0;
}

TEST(an_end_is_said_in_one_direction)
{
    peers_begin();
    CHECK_EQ(bide_block_on(ends()), 0);
    peers_end();
}

static async int is_cut(void)
{
    char text[10];
    await peers_meet_in_memory(ROOMY);
    CHECK_EQ(await bide_stream_write(peers.client, "half", 4), 4);
    CHECK_EQ(bide_stream_shutdown(bide_tls_transport(peers.client)), 0);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 4);
    CHECK_ERR(await bide_stream_read(peers.server, text, 10), -ECONNABORTED);
    CHECK_STR(bide_tls_error(peers.server), "the connection ended without a close_notify");
    CHECK_ERR(await bide_stream_read(peers.server, text, 10), -ECONNABORTED);
    size_t done = 0;
    CHECK_ERR(await bide_stream_read_exactly(peers.server, text, 10, &done), -ECONNABORTED);
    CHECK_EQ(await bide_stream_write(peers.server, "still", 5), 5);
    CHECK_EQ(await bide_stream_read(peers.client, text, 10), 5);
    CHECK_QUEUE();
    peers_part();
    return 0;
}

TEST(a_connection_that_is_cut_off_has_no_end)
{
    peers_begin();
    CHECK_EQ(bide_block_on(is_cut()), 0);
    peers_end();
}

static async int waits_to_read(bide_stream *from)
{
    char text[10];
    return (int)await bide_stream_read(from, text, sizeof text);
}

static async int is_deaf(void)
{
    await peers_meet_in_memory(500);
    bide_task(int) reader = bide_spawn(waits_to_read(peers.client));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(bide_stream_shutdown_read(peers.client), 0);
    int n = 1;
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(await bide_stream_write(peers.client, "said", 4), 4);
    CHECK_EQ(await waits_to_read(peers.server), 4);
    peers_part();
    return 0;
}

TEST(the_reading_half_is_ended)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK_EQ(bide_block_on(is_deaf()), 0);
    peers_end();
}

static async int closes_while_one_waits(bool tcp)
{
    bide_stream *near, *far;
    if (tcp) {
        await peers_tcp(&near, &far);
        await peers_meet(near, far);
    } else {
        await peers_meet_in_memory(500);
    }
    bide_task(int) reader = bide_spawn(waits_to_read(peers.client));
    for (int i = 0; i < 20; i++)
        await bide_yield();
    await bide_sleep(BIDE_MS(5));
    bide_stream_close(peers.client);
    peers.client = NULL;
    int n = 1;
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK_ERR(n, -EBADF);
    peers_part();
    return 0;
}

TEST(a_close_ends_a_read_that_waits)
{
    peers_begin();
    CHECK_EQ(bide_block_on(closes_while_one_waits(false)), 0);
    CHECK_EQ(bide_block_on(closes_while_one_waits(true)), 0);
    peers_end();
}

static async int is_busy(void)
{
    static char data[3000];
    await peers_meet_in_memory(100);
    bide_task(int) reader = bide_spawn(waits_to_read(peers.client));
    bide_task(int) writer = bide_spawn(bide_stream_write_all(peers.client, data, 3000, NULL));
    await bide_sleep(BIDE_MS(1));
    CHECK_ERR(await waits_to_read(peers.client), -EBUSY);
    CHECK_ERR(await bide_stream_write(peers.client, "x", 1), -EBUSY);
    CHECK_ERR(await bide_tls_flush(peers.client), -EBUSY);
    CHECK_EQ(await bide_stream_write(peers.server, "x", 1), 1);
    CHECK_EQ(await bide_stream_read_exactly(peers.server, data, 3000, NULL), 0);
    int r = 0;
    CHECK_EQ(await bide_task_join(reader, &r), 0);
    CHECK_EQ(r, 1);
    CHECK_EQ(await bide_task_join(writer, &r), 0);
    CHECK_EQ(r, 0);
    peers_part();
    return 0;
}

TEST(one_reads_and_one_writes)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK_EQ(bide_block_on(is_busy()), 0);
    peers_end();
}

static async int splits(void)
{
    bide_stream *reader, *writer;
    char text[10];
    await peers_meet_in_memory(ROOMY);
    CHECK_EQ(bide_stream_split(peers.client, &reader, &writer), 0);
    peers.client = NULL;
    CHECK_EQ(await bide_stream_write_all(writer, "over", 4, NULL), 0);
    bide_stream_close(writer);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 4);
    CHECK_EQ(await bide_stream_read(peers.server, text, 10), 0);
    CHECK_EQ(await bide_stream_write_all(peers.server, "back", 4, NULL), 0);
    CHECK_EQ(await bide_stream_read(reader, text, 10), 4);
    bide_stream_close(reader);
    peers_part();
    return 0;
}

TEST(it_is_split_into_halves)
{
    peers_begin();
    CHECK_EQ(bide_block_on(splits()), 0);
    peers_end();
}

/* TLS over TLS. */
static async int nests(void)
{
    await peers_meet_in_memory(500);
    bide_stream *near = peers.client, *far = peers.server;
    peers.client = peers.server = NULL;
    await peers_meet(near, far);
    await talk(20000);
    peers_part();
    return 0;
}

TEST(one_goes_through_another)
{
    peers_begin();
    CHECK_EQ(bide_block_on(nests()), 0);
    peers_end();
}

/* ---- keys are changed under way ---- */

static async int updates(void)
{
    char text[10];
    await peers_meet_in_memory(ROOMY);
    for (int i = 0; i < 50; i++) {
        /* The server answers in its next read, though it has nothing to write itself. */
        CHECK_EQ(SSL_key_update(bide_tls_ssl(peers.client), SSL_KEY_UPDATE_REQUESTED), 1);
        CHECK_EQ(await bide_stream_write(peers.client, "new", 3), 3);
        CHECK_EQ(await bide_stream_read(peers.server, text, 10), 3);
        if (i % 2 == 0)
            CHECK_EQ(await bide_stream_write(peers.server, "old", 3), 3);
        if (i % 2 == 0)
            CHECK_EQ(await bide_stream_read(peers.client, text, 10), 3);
        CHECK_QUEUE();
    }
    await talk(30000);
    peers_part();
    return 0;
}

TEST(keys_are_updated)
{
    peers_begin();
    CHECK_EQ(bide_block_on(updates()), 0);
    peers_end();
}

/* A peer that asks for new keys all the time, and never reads the answers, does not fill our
 * memory: we read no more, and its own writes stop. */
static async int floods(void)
{
    enum { FLOOD = 20000 };
    char text[10];
    int r = 0, asked = 0;
    await peers_meet_in_memory(400);
    await bide_timeout(BIDE_S(10), ({
                           await bide_join(
                               ({
                                   for (; asked < FLOOD && r >= 0; asked++) {
                                       SSL_key_update(bide_tls_ssl(peers.client),
                                                      SSL_KEY_UPDATE_REQUESTED);
                                       r = await bide_stream_write_all(peers.client, "x", 1, NULL);
                                   }
                               }),
                               ({
                                   while (await bide_stream_read(peers.server, text, 1) == 1) {}
                               }));
                       }));
    CHECK(asked > 1000 && asked < FLOOD);
    peers_part();
    return 0;
}

TEST(a_flood_of_updates_is_held_up)
{
    bide_test_time_virtual();
    peers_begin();
    CHECK_EQ(bide_block_on(floods()), 0);
    peers_end();
}

/* ---- what is negotiated ---- */

static async int versions(void)
{
    const bide_tls_options only_2 = {.version_max = BIDE_TLS_1_2},
                           only_3 = {.version_min = BIDE_TLS_1_3};
    bide_tls_context *client = peers_client(only_2), *server = peers_server(&peers.cert, only_3);
    struct meeting m = await peers_try(client, peers.of_server, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_STR(bide_tls_version_name(peers.client), "TLSv1.2");
    CHECK_STR(bide_tls_version_name(peers.server), "TLSv1.2");
    CHECK(strstr(bide_tls_cipher(peers.client), "ECDHE-ECDSA-") != NULL);
    await talk(1000);
    peers_part();
    m = await peers_try(peers.of_client, server, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_STR(bide_tls_version_name(peers.client), "TLSv1.3");
    peers_part();
    m = await peers_try(client, server, "localhost");
    CHECK_ERR(m.client, -EPROTO);
    CHECK_ERR(m.server, -EPROTO);
    CHECK(strstr(peers.client_failure.text, "version") != NULL);
    CHECK_EQ(peers.server_failure.error, -EPROTO);
    bide_tls_context_drop(client);
    bide_tls_context_drop(server);
    return 0;
}

TEST(versions_of_tls)
{
    peers_begin();
    CHECK_EQ(bide_block_on(versions()), 0);
    peers_end();
}

static async int protocols(void)
{
    static const char *const two[] = {"h2", "http/1.1"}, *const one[] = {"http/1.1"};
    static const char *const other[] = {"smtp"};
    bide_tls_context *both = peers_client((bide_tls_options){.alpn = two, .alpn_count = 2});
    bide_tls_context *mail = peers_client((bide_tls_options){.alpn = other, .alpn_count = 1});
    bide_tls_context *server =
        peers_server(&peers.cert, (bide_tls_options){.alpn = one, .alpn_count = 1});

    struct meeting m = await peers_try(both, server, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_STR(bide_tls_alpn(peers.client), "http/1.1");
    CHECK_STR(bide_tls_alpn(peers.server), "http/1.1");
    peers_part();
    m = await peers_try(mail, server, "localhost");
    CHECK_ERR(m.client, -EPROTO);
    CHECK_ERR(m.server, -EPROTO);
    m = await peers_try(peers.of_client, server, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_STR(bide_tls_alpn(peers.client), "");
    peers_part();
    m = await peers_try(both, peers.of_server, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_STR(bide_tls_alpn(peers.client), "");
    peers_part();
    bide_tls_context_drop(both);
    bide_tls_context_drop(mail);
    bide_tls_context_drop(server);
    return 0;
}

TEST(application_protocols)
{
    peers_begin();
    CHECK_EQ(bide_block_on(protocols()), 0);
    peers_end();
}

/* Asks for a name and checks whose certificate comes. */
static async void asks_for(bide_tls_context *client, bide_tls_context *server, const char *host,
                           const char *expected)
{
    char name[80];
    struct meeting m = await peers_try(client, server, host);
    CHECK_ERR(m.client, 0);
    CHECK_ERR(m.server, 0);
    CHECK_EQ(bide_tls_peer_name(peers.client, name, sizeof name), 0);
    CHECK_STR(name, expected);
    CHECK_STR(bide_tls_server_name(peers.server), host);
    CHECK_ERR(bide_tls_peer_name(peers.server, name, sizeof name), -ENODATA);
    peers_part();
}

static async int names(void)
{
    const struct cert_kind none = {0};
    struct cert a = cert_new("a", &peers.ca, &none), b = cert_new("b", &peers.ca, &none);
    struct cert wild = cert_new("wild", &peers.ca, &none), other = cert_new("other", NULL, &none);
    const bide_tls_identity identities[] = {
        {.host = "a.example.org", .certificate = a.certificate, .key = a.key},
        {.host = "*.example.org", .certificate = wild.certificate, .key = wild.key},
        {.certificate = other.certificate, .key = other.key},
        {.host = "b.example.org", .certificate = b.certificate, .key = b.key},
    };
    bide_tls_context *client = peers_client((bide_tls_options){.verify = BIDE_TLS_VERIFY_NONE});
    bide_tls_context *server =
        peers_server(NULL, (bide_tls_options){.identities = identities, .identity_count = 4});
    await asks_for(client, server, "a.example.org", "CN=a");
    await asks_for(client, server, "B.example.ORG", "CN=b");
    await asks_for(client, server, "c.example.org", "CN=wild");
    await asks_for(client, server, "x.a.example.org", "CN=other");
    await asks_for(client, server, "example.org", "CN=other");
    bide_tls_context_drop(client);
    bide_tls_context_drop(server);
    cert_free(&a);
    cert_free(&b);
    cert_free(&wild);
    cert_free(&other);
    return 0;
}

TEST(a_server_shows_the_certificate_of_the_name)
{
    peers_begin();
    CHECK_EQ(bide_block_on(names()), 0);
    peers_end();
}

/* ---- certificates ---- */

static async void is_refused(const struct cert *cert, const char *host, int error)
{
    bide_tls_context *server = peers_server(cert, (bide_tls_options){0});
    struct meeting m = await peers_try(peers.of_client, server, host);
    CHECK_ERR(m.client, -EKEYREJECTED);
    CHECK_ERR(m.server, -EACCES);
    CHECK_EQ(peers.client_failure.error, -EKEYREJECTED);
    CHECK_EQ(peers.client_failure.certificate_error, error);
    CHECK(strstr(peers.client_failure.text, X509_verify_cert_error_string(error)) != NULL);
    CHECK(strstr(peers.server_failure.text, "alert") != NULL);
    bide_tls_context_drop(server);
}

static async int bad_ones(void)
{
    const struct cert_kind good = {.names = "DNS:localhost"}, ca = {.is_ca = true};
    struct cert expired = cert_new("localhost", &peers.ca,
                                   &(struct cert_kind){.names = "DNS:localhost", .to_s = -1000});
    struct cert early = cert_new("localhost", &peers.ca,
                                 &(struct cert_kind){.names = "DNS:localhost", .from_s = 7200});
    struct cert own = cert_new("localhost", NULL, &good);
    struct cert stranger = cert_new("a stranger", NULL, &ca);
    struct cert untrusted = cert_new("localhost", &stranger, &good);
    await is_refused(&expired, "localhost", X509_V_ERR_CERT_HAS_EXPIRED);
    await is_refused(&early, "localhost", X509_V_ERR_CERT_NOT_YET_VALID);
    await is_refused(&own, "localhost", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    await is_refused(&untrusted, "localhost", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    await is_refused(&peers.cert, "example.org", X509_V_ERR_HOSTNAME_MISMATCH);
    await is_refused(&peers.cert, "ocalhost", X509_V_ERR_HOSTNAME_MISMATCH);
    await is_refused(&peers.cert, "127.0.0.2", X509_V_ERR_IP_ADDRESS_MISMATCH);
    cert_free(&expired);
    cert_free(&early);
    cert_free(&own);
    cert_free(&stranger);
    cert_free(&untrusted);
    return 0;
}

TEST(bad_certificates_are_refused_and_named)
{
    peers_begin();
    CHECK_EQ(bide_block_on(bad_ones()), 0);
    peers_end();
}

static async int hosts(void)
{
    static const char *const good[] = {"localhost", "LOCALHOST", "localhost.",
                                       "127.0.0.1", "::1",       "[::1]"};
    static const char *const bad[] = {"", ".localhost", "[.localhost]", "[]", NULL};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct meeting m = await peers_try(peers.of_client, peers.of_server, good[i]);
        CHECK_ERR(m.client, 0);
        /* An address is not asked for. */
        CHECK_EQ(bide_tls_server_name(peers.server)[0] == '\0', strchr("1:[", good[i][0]) != NULL);
        peers_part();
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct meeting m = await peers_try(peers.of_client, peers.of_server, bad[i]);
        CHECK_ERR(m.client, -EINVAL);
        CHECK(peers.client_failure.text[0] != '\0');
        CHECK_ERR(m.server, -ECONNABORTED);
    }
    /* Without verification the name need not be known. */
    bide_tls_context *client = peers_client((bide_tls_options){.verify = BIDE_TLS_VERIFY_NONE});
    struct meeting m = await peers_try(client, peers.of_server, NULL);
    CHECK_ERR(m.client, 0);
    peers_part();
    bide_tls_context_drop(client);
    return 0;
}

TEST(hosts_are_names_or_addresses)
{
    peers_begin();
    CHECK_EQ(bide_block_on(hosts()), 0);
    peers_end();
}

static async int clients(bide_tls_version version)
{
    const struct cert_kind none = {0};
    struct cert ada = cert_new("ada", &peers.ca, &none), eve = cert_new("eve", NULL, &none);
    const bide_tls_identity of_ada = {.certificate = ada.certificate, .key = ada.key};
    const bide_tls_identity of_eve = {.certificate = eve.certificate, .key = eve.key};
    bide_tls_options options = {.ca = peers.ca.certificate, .verify = BIDE_TLS_VERIFY_ASK};
    bide_tls_context *asks = peers_server(&peers.cert, options);
    options.verify = BIDE_TLS_VERIFY_REQUIRE;
    bide_tls_context *requires = peers_server(&peers.cert, options);
    options = (bide_tls_options){.version_max = version};
    bide_tls_context *nobody = peers_client(options);
    options.identity_count = 1;
    options.identities = &of_ada;
    bide_tls_context *good = peers_client(options);
    options.identities = &of_eve;
    bide_tls_context *bad = peers_client(options);
    char name[40], der[2000];

    for (int i = 0; i < 2; i++) { /* the second time it is resumed, and still known */
        struct meeting m = await peers_try(good, requires, "localhost");
        CHECK_ERR(m.server, 0);
        CHECK_EQ(bide_tls_peer_name(peers.server, name, sizeof name), 0);
        CHECK_STR(name, "CN=ada");
        CHECK(bide_tls_peer_certificate(peers.server, der, sizeof der) > 100);
        CHECK_ERR(bide_tls_peer_certificate(peers.server, der, 10), -ENOBUFS);
        CHECK_EQ(bide_tls_is_resumed(peers.server), i);
        await talk(100);
        peers_part();
    }
    struct meeting m = await peers_try(nobody, asks, "localhost");
    CHECK_ERR(m.server, 0);
    CHECK_EQ(bide_tls_peer_certificate(peers.server, der, sizeof der), 0);
    peers_part();
    m = await peers_try(nobody, requires, "localhost");
    CHECK_ERR(m.server, -EKEYREJECTED);
    CHECK_STR(peers.server_failure.text, "the peer has no certificate");
    if (m.client == 0) { /* TLS 1.3: the client learns of it when it reads */
        CHECK_ERR(await bide_stream_read(peers.client, der, 1), -EACCES);
        CHECK(strstr(bide_tls_error(peers.client), "certificate required") != NULL);
    }
    peers_part();
    m = await peers_try(bad, asks, "localhost");
    CHECK_ERR(m.server, -EKEYREJECTED);
    CHECK_EQ(peers.server_failure.certificate_error, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    if (m.client == 0)
        CHECK_ERR(await bide_stream_read(peers.client, der, 1), -EACCES);
    peers_part();
    bide_tls_context_drop(asks);
    bide_tls_context_drop(requires);
    bide_tls_context_drop(nobody);
    bide_tls_context_drop(good);
    bide_tls_context_drop(bad);
    cert_free(&ada);
    cert_free(&eve);
    return 0;
}

TEST(clients_with_certificates)
{
    peers_begin();
    CHECK_EQ(bide_block_on(clients(BIDE_TLS_1_3)), 0);
    CHECK_EQ(bide_block_on(clients(BIDE_TLS_1_2)), 0);
    peers_end();
}

/* ---- sessions ---- */

static async bool resumes(bide_tls_context *client, bide_tls_context *server, const char *host)
{
    struct meeting m = await peers_try(client, server, host);
    CHECK_ERR(m.client, 0);
    await talk(10); /* tickets of TLS 1.3 come with what is read */
    bool resumed = bide_tls_is_resumed(peers.client);
    CHECK_EQ(bide_tls_is_resumed(peers.server), resumed);
    peers_part();
    return resumed;
}

static async int sessions(bide_tls_version version)
{
    bide_tls_options options = {.version_max = version};
    bide_tls_context *client = peers_client(options);
    options.sessions_max = 1;
    bide_tls_context *small = peers_client(options);
    options.no_resumption = true;
    bide_tls_context *none = peers_client(options);
    bide_tls_context *forgetful =
        peers_server(&peers.cert, (bide_tls_options){.no_resumption = true});

    CHECK(!await resumes(client, peers.of_server, "localhost"));
    for (int i = 0; i < 4; i++)
        CHECK(await resumes(client, peers.of_server, "localhost"));
    CHECK(!await resumes(client, peers.of_server, "127.0.0.1")); /* another host */
    CHECK(await resumes(client, peers.of_server, "127.0.0.1"));

    CHECK(!await resumes(small, peers.of_server, "localhost"));
    CHECK(!await resumes(small, peers.of_server, "127.0.0.1")); /* the other one goes */
    CHECK(!await resumes(small, peers.of_server, "localhost"));
    CHECK(await resumes(small, peers.of_server, "localhost"));

    CHECK(!await resumes(none, peers.of_server, "localhost"));
    CHECK(!await resumes(none, peers.of_server, "localhost"));
    CHECK(!await resumes(client, forgetful, "::1"));
    CHECK(!await resumes(client, forgetful, "::1"));
    bide_tls_context_drop(client);
    bide_tls_context_drop(small);
    bide_tls_context_drop(none);
    bide_tls_context_drop(forgetful);
    return 0;
}

/* A server that hands out many leaves those of others alone. */
static async int many_sessions(void)
{
    bide_tls_context *client = peers_client((bide_tls_options){.sessions_max = 4});
    bide_tls_context *lavish = peers_server(&peers.cert, (bide_tls_options){0});
    bide_tls_context *modest = peers_server(&peers.cert, (bide_tls_options){0});
    CHECK(SSL_CTX_set_num_tickets(bide_tls_context_ssl(lavish), 9));
    CHECK(SSL_CTX_set_num_tickets(bide_tls_context_ssl(modest), 1));

    CHECK(!await resumes(client, modest, "127.0.0.1"));
    CHECK(!await resumes(client, lavish, "localhost"));
    CHECK(await resumes(client, modest, "127.0.0.1"));
    for (int i = 0; i < 5; i++)
        CHECK(await resumes(client, lavish, "localhost"));
    CHECK(!await resumes(client, modest, "::1"));
    CHECK(await resumes(client, modest, "::1"));
    CHECK(await resumes(client, modest, "127.0.0.1"));
    bide_tls_context_drop(client);
    bide_tls_context_drop(lavish);
    bide_tls_context_drop(modest);
    return 0;
}

TEST(no_server_pushes_out_the_sessions_of_others)
{
    peers_begin();
    CHECK_EQ(bide_block_on(many_sessions()), 0);
    peers_end();
}

TEST(sessions_are_taken_up_again)
{
    peers_begin();
    CHECK_EQ(bide_block_on(sessions(BIDE_TLS_1_3)), 0);
    CHECK_EQ(bide_block_on(sessions(BIDE_TLS_1_2)), 0);
    peers_end();
}

/* ---- contexts ---- */

static int give_password(char *buffer, size_t size, void *argument)
{
    const char *password = argument;
    if (password == NULL || strlen(password) > size)
        return -ENOENT;
    memcpy(buffer, password, strlen(password));
    return (int)strlen(password);
}

/* The text that is expected to be part of the reason. */
static void check_no_context(bide_tls_options options, int error, const char *text)
{
    static int garbage;
    bide_tls_failure why = {0};
    bide_tls_context *context = (bide_tls_context *)(void *)&garbage;
    options.failure = &why;
    CHECK_ERR(bide_tls_server_new(&options, &context), error);
    CHECK(context == NULL);
    CHECK_QUEUE();
    CHECK_EQ(why.error, error);
    if (strstr(why.text, text) == NULL)
        CHECK_STR(why.text, text);
}

TEST(contexts_that_cannot_be_made)
{
    struct cert one = cert_new("one", NULL, &(struct cert_kind){0});
    struct cert two = cert_new("two", NULL, &(struct cert_kind){0});
    static const char *const empty[] = {""};
    bide_tls_identity bad[] = {{.certificate_file = "/nowhere.pem"},
                               {.certificate = one.certificate, .key = two.key},
                               {.certificate = one.certificate, .key_file = "/nowhere.key"},
                               {.certificate = one.key, .key = one.key},
                               {.certificate = one.certificate},
                               {.host = "x"}};
    static const int errors[] = {-ENOENT, -EINVAL, -ENOENT, -EINVAL, -EINVAL, -EINVAL};
    static const char *const texts[] = {"the certificate in /nowhere.pem: No such file",
                                        "the key: key values mismatch",
                                        "the key in /nowhere.key: No such file",
                                        "the certificate: none that can be read (no start line)",
                                        "the key: none that can be read (",
                                        "without"};
    bide_tls_identity good = {.certificate = one.certificate, .key = one.key};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_no_context((bide_tls_options){.identities = &bad[i], .identity_count = 1}, errors[i],
                         texts[i]);
    bide_tls_options options = {.identities = &good, .identity_count = 1};
    check_no_context((bide_tls_options){0}, -EINVAL, "needs");
    options.alpn = empty;
    options.alpn_count = 1;
    check_no_context(options, -EINVAL, "protocol");
    options.alpn_count = 0;
    options.ciphers = "none of them";
    check_no_context(options, -EINVAL, "cipher");
    options.ciphers = NULL;
    options.verify = BIDE_TLS_VERIFY_REQUIRE;
    options.ca_file = "/nowhere.ca";
    check_no_context(options, -ENOENT, "the authority in /nowhere.ca: No such file");
    options.ca_file = NULL;
    options.ca = "nothing";
    check_no_context(options, -EINVAL, "no certificate");
    options.ca = NULL;
    options.version_min = BIDE_TLS_1_3;
    options.version_max = BIDE_TLS_1_2;
    check_no_context(options, -EINVAL, "versions");
    cert_free(&one);
    cert_free(&two);
}

TEST(a_key_with_a_password)
{
    struct cert one = cert_new("one", NULL, &(struct cert_kind){0});
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, one.pkey, EVP_aes_128_cbc(),
                                   (const unsigned char *)"secret", 6, NULL, NULL));
    char *key = cert__text(bio);
    bide_tls_identity identity = {.certificate = one.certificate, .key = key};
    bide_tls_options options = {.identities = &identity, .identity_count = 1};
    /* Nobody is asked at the terminal. */
    check_no_context(options, -EINVAL, "the key: it has a password, and the options have none");
    options.password = give_password;
    check_no_context(options, -ENOENT, "the key: its password: No such file or directory");
    char wrong[] = "wrong", secret[] = "secret";
    options.password_argument = wrong;
    check_no_context(options, -EINVAL, "the key: this is not its password");
    options.password_argument = secret;
    bide_tls_context *context;
    CHECK_EQ(bide_tls_server_new(&options, &context), 0);
    bide_tls_context_drop(context);
    free(key);
    cert_free(&one);
}

TEST(contexts_are_counted)
{
    peers_begin();
    bide_tls_context *other = bide_tls_context_clone(peers.of_server);
    CHECK(other == peers.of_server);
    CHECK(bide_tls_context_ssl(other) != NULL);
    bide_tls_context_drop(other);
    bide_tls_context_drop(NULL);
    CHECK_EQ(bide_block_on(over_memory(100, 10)), 0);
    peers_end();
}

static async int wrong_sides(void)
{
    bide_stream *near, *far, *tls;
    bide_tls_failure why;
    char text[10];
    CHECK_EQ(bide_stream_pair(10, &near, &far), 0);
    CHECK_ERR(await bide_tls_connect(peers.of_server, near, "localhost", &tls), -EINVAL);
    CHECK(tls == NULL);
    const bide_tls_stream_options options = {.failure = &why};
    CHECK_ERR(await bide_tls_accept_with(peers.of_client, near, &options, &tls), -EINVAL);
    CHECK(tls == NULL && why.error == -EINVAL);
    CHECK_ERR(await bide_tls_flush(near), -EINVAL);
    CHECK_ERR(await bide_tls_shutdown(near), -EINVAL);
    CHECK(bide_tls_error(near) == NULL && bide_tls_alpn(near) == NULL);
    CHECK(bide_tls_cipher(near) == NULL && bide_tls_version_name(near) == NULL);
    CHECK(bide_tls_server_name(near) == NULL && !bide_tls_is_resumed(near));
    CHECK(bide_tls_transport(near) == NULL && bide_tls_ssl(near) == NULL);
    CHECK_ERR(bide_tls_peer_certificate(near, text, 10), -EINVAL);
    CHECK_ERR(bide_tls_peer_name(near, text, 10), -EINVAL);
    bide_stream_close(near);
    bide_stream_close(far);
    return 0;
}

TEST(what_is_not_of_tls_is_refused)
{
    peers_begin();
    CHECK_EQ(bide_block_on(wrong_sides()), 0);
    peers_end();
}

/*
 * service_test.c: tests of the service. The connections are pairs of streams in memory, so there is
 * no port and no other program, and the clock stands still while something can run: a time limit of
 * ten seconds is tested at once.
 */
#include "service.h"

#include <bide/bide.h>
#include <bide/test.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct service service;

/* Sends the request, and stores all that comes back. */
static async int talk(bide_stream *client, const char *request, char *answer, size_t room)
{
    size_t size = 0;
    int rc = await bide_stream_write_all(client, request, strlen(request), NULL);
    if (rc == 0) {
        rc = await bide_stream_read_exactly(client, answer, room - 1, &size);
        rc = rc == -ENODATA ? 0 : rc; /* it ends before the room does */
    }
    answer[size] = '\0';
    bide_stream_close(client);
    return rc;
}

/* Serves one connection, on which this is sent. Returns the answer. */
static async const char *ask(const char *request)
{
    static char answer[4096];
    bide_http_router *router;
    bide_http_server *server;
    bide_stream *here, *there;
    bide_check_eq(service_router(&service, &router), 0);
    bide_http_server_options options = service_options(router);
    bide_check_eq(bide_http_server_new(bide_ref(bide_http_serve_router), &options, &server), 0);
    bide_check_eq(bide_stream_pair(4096, &here, &there), 0);
    int served = -1, talked = -1;
    await bide_join(served = bide_http_server_serve_stream(server, there),
                    talked = talk(here, request, answer, sizeof answer));
    bide_check_err(served, 0);
    bide_check_err(talked, 0);
    bide_http_server_free(server);
    bide_http_router_drop(router);
    return answer;
}

static async const char *get(const char *target)
{
    char request[200];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
             target);
    return await ask(request);
}

static async const char *post(const char *target, const char *json)
{
    char request[1000];
    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             target, strlen(json), json);
    return await ask(request);
}

#define CHECK_ANSWER(call, status, text)                                                   \
    do {                                                                                   \
        const char *answer_ = (call);                                                      \
        printf("%s\n", answer_); /* shown if the test fails */                             \
        bide_check(strncmp(answer_, "HTTP/1.1 " status, strlen("HTTP/1.1 " status)) == 0); \
        bide_check(strstr(answer_, text) != NULL);                                         \
    } while (0)

bide_test(it_greets)
{
    CHECK_ANSWER(await get("/hello/ada"), "200", "Hello, ada!\n");
    CHECK_ANSWER(await get("/hello/J%C3%BCrgen"), "200", "Hello, J\xC3\xBCrgen!\n");
    bide_check_eq(service.greetings, 2);
}

bide_test(it_adds_up)
{
    CHECK_ANSWER(await post("/sum", "{\"numbers\": [1, 2, 3.5]}"), "200",
                 "{\"sum\":6.5,\"count\":3}");
    CHECK_ANSWER(await post("/sum", "{\"numbers\": []}"), "200", "{\"sum\":0.0,\"count\":0}");
}

bide_test(it_says_what_is_wrong)
{
    CHECK_ANSWER(await get("/"), "404", "Not Found");
    CHECK_ANSWER(await get("/sum"), "405", "Allow: ");
    CHECK_ANSWER(await post("/sum", "{\"numbers\": "), "400", "line 1, column");
    CHECK_ANSWER(await post("/sum", "{}"), "422", "numbers: it is missing");
    CHECK_ANSWER(await post("/sum", "{\"numbers\": [1, \"2\"]}"), "422", "a number is needed");
}

bide_test(who_sends_nothing_is_not_waited_for)
{
    bide_instant begin = bide_now();
    await ask("GET /hello/ada HT"); /* and no more */
    bide_check(bide_elapsed(begin).ns >= BIDE_S(10).ns);
}

/*
 * bide/http.h and host names, which libcurl looks up on its own thread. This program's getaddrinfo
 * replaces libc's. Time is real, since the virtual clock does not know about curl's threads.
 */
#define _GNU_SOURCE
#include <bide/http.h>

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>

#include "http_server.h"

/* A slow look-up of a name waits for `may_answer`. */
static sem_t is_asked, may_answer;

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host != NULL && strcmp(host, "slow.test") == 0) {
        sem_post(&is_asked);
        sem_wait(&may_answer);
    }
    if (host != NULL && strcmp(host, "unknown.test") == 0)
        return EAI_NONAME;
    if (host != NULL && strstr(host, ".test") != NULL)
        host = "127.0.0.1";
    return next(host, service, hints, list);
}

static bide_http_client *client;

static async int get(const char *host)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_get(client, url_at(host, "/hello"), &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    return n;
}

static async int names(void)
{
    CHECK_EQ(await get("known.test"), 0);
    CHECK_ERR(await get("unknown.test"), -ENOENT);
    CHECK_EQ(await get("localhost"), 0);
    bide_http_client *own = client;
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = "unknown.test:1"}, &client), 0);
    CHECK_ERR(await get("known.test"), -ENOENT);
    bide_http_client_free(client);
    client = own;
    return 0;
}

/* A look-up that does not end delays neither its own cancellation nor another request. */
static async int slow_name(void)
{
    bide_task(int) task = bide_spawn(get("slow.test"));
    await bide_yield();
    await bide_blocking(sem_wait(&is_asked));
    CHECK_EQ(await get("known.test"), 0);
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    CHECK_EQ(await get("known.test"), 0);
    sem_post(&may_answer);
    return 0;
}

static void with_server(void (*run)(void))
{
    sem_init(&is_asked, 0, 0);
    sem_init(&may_answer, 0, 0);
    server_start();
    CHECK_EQ(bide_http_client_new(&(bide_http_options){.proxy = ""}, &client), 0);
    run();
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

static void run_names(void)
{
    CHECK_EQ(bide_block_on(names()), 0);
}

static void run_slow_name(void)
{
    CHECK_EQ(bide_block_on(slow_name()), 0);
}

TEST(names_are_looked_up)
{
    with_server(run_names);
}

TEST(a_look_up_that_does_not_end)
{
    with_server(run_slow_name);
}

/*
 * retry.c: sends a request again after a failure that may pass.
 *
 * The budget of a client is counted in hundredths of a request: each request adds retry_percent,
 * and each further time takes 100. So while all is well it fills up, and when a service is down the
 * program asks it hardly more often than it would without this.
 */
#include <bide/time.h>

#include "internal.h"

#include <bide/lang.h>

#include <stdlib.h>

enum { BUDGET_FIRST = 1000, BUDGET_MOST = 100000, ONE = 100 };

/* ---- the budget ---- */

static void earn(bide_http_client *client)
{
    bide__http_lock(client);
    client->budget += client->options.retry_percent;
    if (client->budget > BUDGET_MOST)
        client->budget = BUDGET_MOST;
    bide__http_unlock(client);
}

static bool spend(bide_http_client *client)
{
    bide__http_lock(client);
    bool free = client->options.retry_percent < 0;
    bool may = free || client->budget + BUDGET_FIRST >= ONE;
    if (may && !free)
        client->budget -= ONE;
    bide__http_unlock(client);
    return may;
}

/* ---- what may pass ---- */

static bool passes(int error, int status)
{
    static const int errors[] = {-ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH, -ENETUNREACH,
                                 -ETIMEDOUT,    -EPIPE,      -ENOENT,       -EAGAIN};
    static const int statuses[] = {408, 429, 502, 503, 504};
    for (size_t i = 0; error < 0 && i < sizeof errors / sizeof *errors; i++)
        if (error == errors[i])
            return true;
    for (size_t i = 0; error == 0 && i < sizeof statuses / sizeof *statuses; i++)
        if (status == statuses[i])
            return true;
    return false;
}

/* ---- how long to wait ---- */

/* From half of `longest` to all of it. */
static bide_duration some_of(bide_duration longest)
{
    uint32_t random = 0;
    if (bide__door.getrandom(&random, sizeof random, 0) != sizeof random)
        return longest;
    int64_t half = longest.ns / 2;
    return (bide_duration){longest.ns - (int64_t)((double)half * ((double)random / UINT32_MAX))};
}

static bide_duration wait_of(const bide_http_retry *retry, int times)
{
    int64_t ns = retry->first.ns > 0 ? retry->first.ns : BIDE_MS(100).ns;
    int64_t longest = retry->longest.ns > 0 ? retry->longest.ns : BIDE_S(10).ns;
    for (int i = 0; i < times && ns < longest; i++)
        ns = ns > longest / 2 ? longest : 2 * ns;
    return some_of((bide_duration){ns < longest ? ns : longest});
}

/* The time that the server asks for, in seconds; -1: none. */
static long retry_after(const bide_http_response *r)
{
    const char *value = bide_http_header_value(r, "Retry-After");
    if (value == NULL || *value < '0' || *value > '9')
        return -1;
    char *end;
    long seconds = strtol(value, &end, 10);
    return *end == '\0' && seconds < 1000000 ? seconds : -1;
}

/* Stores how long to wait before the next time. False: there is none. */
static bool again(bide_http_client *client, const bide_http_retry *retry, int times, int error,
                  const bide_http_response *r, bide_duration *wait)
{
    int times_max = retry->times_max != 0 ? retry->times_max : 3;
    int64_t longest = retry->longest.ns > 0 ? retry->longest.ns : BIDE_S(10).ns;
    long seconds = error == 0 ? retry_after(r) : -1;
    if (times >= times_max || !passes(error, bide_http_status(r)))
        return false;
    *wait = wait_of(retry, times);
    if (seconds >= 0)
        *wait = BIDE_S(seconds);
    return (seconds < 0 || wait->ns <= longest) && spend(client);
}

bide_async int bide_http_send_retry(bide_http_client *client, const bide_http_request *request,
                                    const bide_http_retry *retry, bide_http_response **response)
{
    static const bide_http_retry none;
    bide_http_response *r = NULL;
    bide_duration wait;
    *response = NULL;
    if (request->body_streamed)
        return -EINVAL;
    if (retry == NULL)
        retry = &none;
    bide_defer {
        bide_http_response_free(r);
    }
    bide_http_request q = *request;
    q.may_repeat = q.may_repeat || retry->any_method;
    bool may = bide__http_is_repeatable(&q);
    int n;
    earn(client);
    for (int times = 0;; times++) {
        n = bide_await bide_http_send(client, &q, &r);
        if (!may || !again(client, retry, times, n, r, &wait))
            break;
        bide_http_response_free(r);
        r = NULL;
        bide_await bide_sleep(wait);
    }
    *response = r;
    r = NULL;
    return n;
}

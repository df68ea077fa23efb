/*
 * callbacks: a flow of three steps (connect, ask, and ask again if the host is busy) on a library
 * that reports by callbacks. callbacks.c has it in callback style, futures.c as an async function;
 * both say who owns what. courier.c stands for the library.
 *
 *     bide run examples/callbacks
 */
#include <bide/bide.h>

#include "ask.h"

#include "courier.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *const hosts[] = {"oracle", "nowhere"};
enum { HOSTS = 2 };

static void print(const char *host, int error, const char *answer)
{
    printf("  %s: %s\n", host, error < 0 ? strerror(-error) : answer);
}

/* ---- in callback style ---- */

/* The one who asks is plain C: it waits on a condition for the flow to be done. */
struct asker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_done;
    const char *host;
};

static void on_done(void *argument, int error, const char *answer)
{
    struct asker *asker = argument;
    pthread_mutex_lock(&asker->lock);
    print(asker->host, error, answer);
    asker->is_done = 1;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
}

static void with_callbacks(void)
{
    static struct asker asker = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, NULL};
    for (int i = 0; i < HOSTS; i++) {
        asker.host = hosts[i];
        asker.is_done = 0;
        if (ask_with_callbacks(hosts[i], "what is it?", on_done, &asker) < 0)
            continue;
        pthread_mutex_lock(&asker.lock);
        while (!asker.is_done)
            pthread_cond_wait(&asker.changed, &asker.lock);
        pthread_mutex_unlock(&asker.lock);
    }
}

/* ---- as futures ---- */

static async void with_futures(void)
{
    char answer[ANSWER_SIZE] = "";
    for (int i = 0; i < HOSTS; i++) {
        int rc = await ask_with_futures(hosts[i], "what is it?", answer);
        print(hosts[i], rc, answer);
    }

    /* Not to wait for ever is one more word; in callback style it would be another flow. The call
     * is cancelled where it waits, for the answer of a host that never answers. */
    int rc = 0;
    int in_time = await bide_timeout(BIDE_MS(20), rc = ask_with_futures("sphinx", "?", answer));
    print("sphinx", in_time < 0 ? in_time : rc, answer);
}

async int main(void)
{
    puts("with callbacks");
    await bide_blocking(with_callbacks());
    puts("with futures");
    await with_futures();
    courier_end();
    return 0;
}

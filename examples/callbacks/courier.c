/*
 * courier.c: the library itself. There is no network: it makes up what hosts do. "oracle" is busy
 * twice, then answers; "sphinx" never answers; others cannot be reached.
 *
 * What is to happen lies in a list, in the order of time, from which a thread takes it.
 */
#include "courier.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct courier {
    bool is_silent;
    int busy; /* so many questions will be refused yet */
    void (*answered)(void *argument, int error, const char *answer); /* NULL: none is open */
    void *argument;
};

/* One of three: a pause has passed, a connection is made or refused, a question is answered. */
struct event {
    struct event *next;
    struct timespec when;
    void (*passed)(void *argument);
    void (*connected)(void *argument, int error, struct courier *courier);
    void *argument;
    struct courier *courier;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct event *events;
static struct courier *told; /* whose callback runs at the moment */
static bool runs, ends;
static pthread_t thread;

static void answer(struct courier *c)
{
    void (*answered)(void *argument, int error, const char *answer) = c->answered;
    char text[] = "42"; /* gone when we return */

    c->answered = NULL;
    if (c->busy > 0) {
        c->busy--;
        answered(c->argument, -EAGAIN, NULL); /* from here on it may be closed */
    } else {
        answered(c->argument, 0, text);
    }
}

static void happen(const struct event *e)
{
    if (e->passed != NULL)
        e->passed(e->argument);
    else if (e->connected != NULL)
        e->connected(e->argument, e->courier == NULL ? -ECONNREFUSED : 0, e->courier);
    else
        answer(e->courier);
}

/* Positive: a is later than b. */
static int compare(struct timespec a, struct timespec b)
{
    if (a.tv_sec != b.tv_sec)
        return a.tv_sec < b.tv_sec ? -1 : 1;
    return (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!ends || events != NULL) {
        struct timespec now;
        struct event *event = events;
        clock_gettime(CLOCK_REALTIME, &now);
        if (event == NULL) {
            pthread_cond_wait(&changed, &lock);
        } else if (compare(event->when, now) > 0) {
            struct timespec when = event->when; /* a close may free the event meanwhile */
            pthread_cond_timedwait(&changed, &lock, &when);
        } else {
            events = event->next;
            told = event->courier;
            pthread_mutex_unlock(&lock);
            happen(event);
            free(event);
            pthread_mutex_lock(&lock);
            told = NULL;
            pthread_cond_broadcast(&changed);
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Makes something happen after `ms`. */
static int after(int ms, struct event what)
{
    struct event *event = malloc(sizeof *event), **at = &events;
    if (event == NULL)
        return -ENOMEM;
    *event = what;
    clock_gettime(CLOCK_REALTIME, &event->when);
    event->when.tv_nsec += ms * 1000000L;
    event->when.tv_sec += event->when.tv_nsec / 1000000000;
    event->when.tv_nsec %= 1000000000;

    pthread_mutex_lock(&lock);
    int error = runs ? 0 : pthread_create(&thread, NULL, run, NULL);
    if (error == 0) {
        runs = true;
        while (*at != NULL && compare((*at)->when, event->when) <= 0)
            at = &(*at)->next;
        event->next = *at;
        *at = event;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (error != 0)
        free(event);
    return -error;
}

/* ---- the calls ---- */

int courier_connect(const char *host,
                    void (*done)(void *argument, int error, struct courier *courier),
                    void *argument)
{
    struct courier *c = NULL;
    bool is_silent = strcmp(host, "sphinx") == 0;

    if (is_silent || strcmp(host, "oracle") == 0) {
        c = calloc(1, sizeof *c);
        if (c == NULL)
            return -ENOMEM;
        c->is_silent = is_silent;
        c->busy = 2;
    }
    int error = after(1, (struct event){.connected = done, .argument = argument, .courier = c});
    if (error < 0)
        free(c);
    return error;
}

int courier_ask(struct courier *c, const char *question,
                void (*done)(void *argument, int error, const char *answer), void *argument)
{
    (void)question; /* there is but one answer */
    c->answered = done;
    c->argument = argument;
    return c->is_silent ? 0 : after(1, (struct event){.courier = c});
}

int courier_after(int ms, void (*done)(void *argument), void *argument)
{
    return after(ms, (struct event){.passed = done, .argument = argument});
}

void courier_close(struct courier *c)
{
    pthread_mutex_lock(&lock);
    while (told == c && !pthread_equal(pthread_self(), thread))
        pthread_cond_wait(&changed, &lock);
    for (struct event **at = &events, *event; (event = *at) != NULL;) {
        if (event->courier == c) {
            *at = event->next;
            free(event);
        } else {
            at = &event->next;
        }
    }
    pthread_mutex_unlock(&lock);
    if (c->answered != NULL)
        c->answered(c->argument, -ECANCELED, NULL);
    free(c);
}

void courier_end(void)
{
    pthread_mutex_lock(&lock);
    bool had_thread = runs;
    ends = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (had_thread)
        pthread_join(thread, NULL);
}

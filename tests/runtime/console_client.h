/*
 * console_client.h: for tests of the console: a client that asks, what an answer has, and a program
 * of a flavour that has a console while a function runs.
 */
#ifndef BIDE_TESTS_CONSOLE_CLIENT_H
#define BIDE_TESTS_CONSOLE_CLIENT_H

#include "check.h"

#include <bide/bide.h>
#include <bide/console.h>
#include <bide/runtime.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char path[] = CONSOLE_SOCKET; /* of the test that includes this */

/* ---- one that asks ---- */

static int attach(const char *to)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", to);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *words)
{
    CHECK_EQ(send(fd, words, strlen(words), MSG_NOSIGNAL), strlen(words));
}

/* The answer, without the end of the line; "" at the end. To be freed. */
static char *hear(int fd)
{
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    CHECK(text != NULL);
    for (;;) {
        ssize_t n = recv(fd, text + size, room - 1 - size, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
        if (text[size - 1] == '\n')
            break;
        if (size + 1 == room) {
            room *= 2;
            text = realloc(text, room);
            CHECK(text != NULL);
        }
    }
    text[size > 0 ? size - 1 : 0] = '\0';
    return text;
}

static char *ask(int fd)
{
    say(fd, "tasks\n");
    return hear(fd);
}

static inline char *ask_once(const char *to)
{
    int fd = attach(to);
    CHECK(fd >= 0);
    char *text = ask(fd);
    close(fd);
    return text;
}

/* The object of the task with this function, up to the next one's. */
static inline const char *task_of(const char *text, const char *function)
{
    static char found[20000];
    char wanted[80];
    snprintf(wanted, sizeof wanted, "\"function\":\"%s\"", function);
    const char *tasks = strstr(text, "\"tasks\":["), *at = NULL;
    if (tasks != NULL)
        at = strstr(tasks, wanted);
    if (at == NULL)
        return "";
    while (strncmp(at, "{\"id\":", 6) != 0)
        at--;
    const char *end = strstr(at + 1, "{\"id\":");
    size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
    CHECK(size < sizeof found);
    memcpy(found, at, size);
    found[size] = '\0';
    return found;
}

static inline long long number_in(const char *object, const char *name)
{
    char wanted[40];
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = strstr(object, wanted);
    CHECK(at != NULL);
    return atoll(at + strlen(wanted));
}

static inline bool has(const char *text, const char *part)
{
    bool there = strstr(text, part) != NULL;
    if (!there)
        fprintf(stderr, "no %s in: %s\n", part, text);
    return there;
}

/* ---- a thread that asks ---- */

static atomic_bool stops;
static atomic_int answers;

/* strstr would look for the end of the whole text each time. */
static inline size_t count_of(const char *text, const char *part)
{
    const char *at = text, *end = text + strlen(text);
    size_t size = strlen(part), n = 0;
    for (; (at = memmem(at, (size_t)(end - at), part, size)) != NULL; at += size)
        n++;
    return n;
}

/* The answer, which is whole. */
static inline char *ask_whole(int fd)
{
    char *text = ask(fd);
    CHECK(strncmp(text, "{\"version\":1", 12) == 0);
    CHECK(strcmp(text + strlen(text) - 2, "]}") == 0);
    return text;
}

/* Asks until it is to stop. */
static inline void *only_asks(void *argument)
{
    int fd = attach(argument);
    CHECK(fd >= 0);
    while (!stops) {
        free(ask_whole(fd));
        answers++;
    }
    close(fd);
    return NULL;
}

static inline void join(pthread_t thread)
{
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- a program with a console ---- */

static inline void on(bide_flavour flavour, unsigned workers, bide_async_fn(int, void) f)
{
    bide_runtime *rt;
    bide_runtime_options o = {.flavour = flavour, .workers = workers};
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_console_begin(path), 0);
    CHECK_EQ(bide_block_on((*f)()), 0);
    bide_console_end();
    CHECK(access(path, F_OK) < 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* A test that runs f on such a runtime. */
#define ON(name, limit_s, flavour, workers, f) \
    TEST_LIMIT(name, limit_s)                  \
    {                                          \
        on(flavour, workers, bide_ref(f));     \
    }

#endif

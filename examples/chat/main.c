/*
 * chat: a chat server with rooms. Everybody who connects gets a name, and reads what the others in
 * the room say.
 *
 *     chat [[HOST]:]PORT    listens on 127.0.0.1, on HOST, or with `:PORT` on all addresses;
 *                           0, or no argument: any port that is free, which it prints
 *     nc 127.0.0.1 PORT     in other terminals, or telnet; /help tells the commands
 *
 * Each client has one task, with two loops in it: one hears what the client types, one speaks what
 * the others have said. Who types nothing for an hour holds up nobody, since a loop that waits
 * costs no thread. Who does not read is not waited for: lines go into a queue, and a client that
 * lets its queue fill up is dropped.
 *
 * Ctrl-C says goodbye to everybody, and ends when the lines that are still on their way have been
 * sent, or after a second.
 *
 * This runs on one thread. On all cores it needs the line `bide_runtime(multi_thread);` or
 * `bide_runtime(thread_per_core);` before main, and nothing else: what the sessions share is in
 * hall.c, under a mutex, and a session only puts lines into the queues of others.
 */
#include "chat.h"

#include <bide/runtime.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CORES_MAX = 256 };

/* The system keeps so much for a client that does not read; the queue comes on top. */
static const int send_buffer_size = 16384;

/* Who says something can say the next thing after this pause, so that nobody can fill the queues of
 * the others by talking too fast. */
#define PAUSE   BIDE_MS(10)

#define GOODBYE BIDE_S(1)

/* ---- what a client types ---- */

/* Control characters do strange things on the terminals of others. */
static void clean(char *line)
{
    for (; *line != '\0'; line++)
        if ((unsigned char)*line < ' ' || *line == 127)
            *line = ' ';
}

static void help(struct client *me)
{
    client_tell(me, "* /name NAME    be called NAME\n"
                    "* /join ROOM    go to another room, which need not exist yet\n"
                    "* /who          who is in this room\n"
                    "* /rooms        which rooms there are\n"
                    "* /quit         leave\n"
                    "* All other lines are said to those in the room.\n");
}

static async void rename_client(struct client *me, const char *name)
{
    switch (await hall_rename(me, name)) {
    case 0: client_tell(me, "* you are %s\n", name); break;
    case -EEXIST: client_tell(me, "* the name %s is taken\n", name); break;
    default: client_tell(me, "* a name has up to %d letters and digits\n", NAME_SIZE_MAX);
    }
}

static async void join(struct client *me, const char *room)
{
    switch (await hall_join(me, room)) {
    case 0: client_tell(me, "* you are in %s\n", room); break;
    case -EINVAL: client_tell(me, "* a name has up to %d letters and digits\n", NAME_SIZE_MAX);
    }
}

/* Returns false if the client wants to leave. */
static async bool obey(struct client *me, char *line)
{
    char *word = strchr(line, ' ');
    if (word != NULL) {
        *word++ = '\0';
        word += strspn(word, " ");
    }
    if (strcmp(line, "/name") == 0)
        await rename_client(me, word != NULL ? word : "");
    else if (strcmp(line, "/join") == 0)
        await join(me, word != NULL ? word : "");
    else if (strcmp(line, "/who") == 0)
        await hall_who(me);
    else if (strcmp(line, "/rooms") == 0)
        await hall_rooms(me);
    else if (strcmp(line, "/quit") == 0)
        return false;
    else
        help(me);
    return true;
}

/* Returns 0 when the client has left, or why it can be heard no longer. */
static async int hear(struct client *me)
{
    bide_reader *reader = NULL;
    int rc = bide_reader_new(me->stream, LINE_SIZE_MAX, &reader);
    if (rc < 0)
        return rc;
    defer {
        bide_reader_free(reader);
    }
    char *line;
    while ((rc = await bide_reader_line(reader, &line, NULL)) != 0) {
        if (rc == -EMSGSIZE) {
            client_tell(me, "* that is too long\n");
            continue;
        }
        if (rc < 0)
            return rc;
        clean(line);
        if (line[0] == '/') {
            if (!await obey(me, line))
                return 0;
        } else if (line[0] != '\0') {
            await hall_say(me, line);
        }
        await bide_sleep(PAUSE);
    }
    return 0;
}

/* ---- what a client is sent ---- */

/* Sends what is in the queue until nobody can put more into it: then returns 0. If it is cancelled
 * in the middle of a line, the next call goes on there. */
static async int speak(struct client *me)
{
    for (;;) {
        int rc = 1;
        if (me->line == NULL) {
            me->line_done = 0;
            rc = await bide_recv(me->lines, &me->line);
        }
        if (rc <= 0)
            return rc;
        size_t size;
        const char *bytes = text_bytes(me->line, &size);
        rc = await bide_stream_write_all(me->stream, bytes, size, &me->line_done);
        if (rc < 0)
            return rc;
        text_drop(&me->line);
        me->line = NULL;
    }
}

/* ---- sessions ---- */

/* From the greeting to the end. Returns whether the client can still be told something. */
static async bool talk(struct client *me, bide_token *closing)
{
    int heard = 0, spoken = 0;
    client_tell(me, "* Welcome. You are %s, in the room hall. /help tells what you can do.\n",
                me->name);
    switch (await bide_select(heard = hear(me), spoken = speak(me), bide_notify_wait(&me->too_slow),
                              bide_token_wait(closing))) {
    case 0:
        printf("%s: %s\n", me->name, heard < 0 ? strerror(-heard) : "has left");
        client_tell(me, "* Goodbye.\n");
        return heard == 0;
    case 1: printf("%s: %s\n", me->name, strerror(-spoken)); return false;
    case 2: printf("%s: does not read, and is dropped\n", me->name); return false;
    default: client_tell(me, "* The server ends. Goodbye.\n"); return true;
    }
}

static async void session(bide_stream *stream, bide_token *closing)
{
    struct client me = {.stream = stream};
    defer {
        bide_stream_close(stream);
    }
    setsockopt(bide_stream_fd(stream), SOL_SOCKET, SO_SNDBUF, &send_buffer_size,
               sizeof send_buffer_size);
    if (bide_channel_new_with(LINES_BEHIND_MAX, text_drop, &me.queue, &me.lines) < 0)
        return;
    defer {
        bide_sender_drop(me.queue);
        bide_receiver_drop(me.lines);
        text_drop(&me.line);
    }
    if (await hall_enter(&me) < 0)
        return;
    bool is_there;
    {
        defer {
            await hall_leave(&me);
        }
        printf("%s: connected\n", me.name);
        is_there = await talk(&me, closing);
    }
    /* Now nobody else knows the client. What is left in the queue is sent, if the client reads. */
    bide_sender_drop(me.queue);
    me.queue = NULL;
    if (is_there)
        (void)await bide_timeout(GOODBYE, speak(&me));
}

/* Accepts clients until the token is cancelled or the listener fails, and waits for their end. Owns
 * the listener, and closes it before the wait, so that nobody comes to a hall that is closing. */
static async int serve(bide_tcp_listener *listener, bide_token *closing)
{
    int rc = 0;
    bide_scope(sessions) {
        bide_stream *stream;
        defer {
            bide_tcp_listener_close(listener);
        }
        while (await bide_until_cancelled(closing, rc = bide_tcp_accept(listener, &stream)) == 1 &&
               rc == 0)
            bide_scope_spawn(sessions, session(stream, closing));
        bide_token_cancel(closing);
    }
    return rc;
}

/* Owns the token. */
static async void end_on_signal(bide_token *closing)
{
    defer {
        bide_token_drop(closing);
    }
    await bide_select(bide_ctrl_c(), bide_signal_wait(SIGTERM));
    puts("stopping");
    bide_token_cancel(closing);
}

/* The address may be a port alone. */
static int listen_at(const char *address, const bide_tcp_options *options,
                     bide_tcp_listener **listener)
{
    char text[BIDE_ADDRESS_MAX + 16], host[BIDE_ADDRESS_MAX];
    uint16_t port;
    bool is_port = strchr(address, ':') == NULL;
    snprintf(text, sizeof text, "%s%s", is_port ? "127.0.0.1:" : "", address);
    int rc = bide_address_split(text, host, sizeof host, &port);
    if (rc < 0)
        return rc;
    return bide_tcp_listen_with(host[0] != '\0' ? host : NULL, port, options, listener);
}

/* What another core does, with thread_per_core: it has a listener of its own at the same address,
 * and the system gives each core a share of the clients. Owns the token. */
static async int serve_core(bide_address address, bide_token *closing)
{
    static const bide_tcp_options shared = {.reuse_port = true};
    bide_tcp_listener *listener = NULL;
    defer {
        bide_token_drop(closing);
    }
    int rc = bide_tcp_listen_on(&address, &shared, &listener);
    return rc < 0 ? rc : await serve(listener, closing);
}

/* On all cores; on one thread, or with multi_thread, that is one. Owns the listener. */
static async int serve_all(bide_tcp_listener *listener, bide_token *closing)
{
    bide_address address;
    bide_task(int) others[CORES_MAX];
    uint32_t cores = bide_runtime_cores(bide_runtime_current());
    int rc = bide_tcp_listener_address(listener, &address);
    if (rc < 0) {
        bide_tcp_listener_close(listener);
        return rc;
    }
    for (uint32_t core = 1; core < cores; core++)
        others[core] = bide_spawn_at(core, serve_core(address, bide_token_clone(closing)));
    rc = await serve(listener, closing);
    for (uint32_t core = 1; core < cores; core++)
        (void)await bide_task_wait(others[core]);
    return rc;
}

async int main(int argc, char **argv)
{
    bide_tcp_options options = {.reuse_port = bide_runtime_cores(bide_runtime_current()) > 1};
    bide_token *closing = NULL;
    int rc = bide_token_new(&closing);
    if (rc < 0)
        return rc;
    defer {
        bide_token_drop(closing);
    }
    bide_tcp_listener *listener = NULL;
    rc = argc > 2 ? -E2BIG : listen_at(argc == 2 ? argv[1] : "0", &options, &listener);
    if (rc < 0) {
        fprintf(stderr, "chat: cannot listen: %s\nusage: chat [[HOST]:]PORT\n", strerror(-rc));
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("listening on port %d\n", bide_tcp_port(listener));
    bide_task_detach(bide_spawn(end_on_signal(bide_token_clone(closing))));
    return await serve_all(listener, closing);
}

/*
 * service.c: see service.h. Everything that waits does so in a select with the stop of the service,
 * and everything that runs beside the listener is in a scope, so nothing outlives service_run.
 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void service_stop(struct service *s)
{
    s->stops = true;
    bide_notify_all(&s->stopped);
}

/* Returns when the service is asked to stop, or has been. */
static async int stop_of(struct service *s)
{
    return s->stops ? 0 : await bide_notify_wait(&s->stopped);
}

/* ---- one client ---- */

static async int say(bide_stream *client, const char *text)
{
    return await bide_stream_write_all(client, text, strlen(text), NULL);
}

/* Returns 1 if the client goes on, 0 if it leaves, or a negative errno. */
static async int answer(struct service *s, bide_stream *client, const char *line)
{
    char text[40];
    int r;

    if (strcmp(line, "QUIT") == 0)
        return await say(client, "BYE\n");
    if (strncmp(line, "ADD ", 4) == 0) {
        s->total += strtol(line + 4, NULL, 10);
        snprintf(text, sizeof text, "OK %ld\n", s->total);
        r = await say(client, text);
    } else {
        r = await say(client, "WHAT?\n");
    }
    return r < 0 ? r : 1;
}

async int service_talk(struct service *s, bide_stream *client)
{
    s->clients++;
    defer {
        bide_stream_close(client);
        s->clients--;
    }
    bide_reader *reader;
    int r = bide_reader_new(client, LINE_MAX_BYTES, &reader);
    if (r < 0)
        return r;
    defer {
        bide_reader_free(reader);
    }

    for (;;) {
        char *line = NULL;
        switch (await bide_select_biased(stop_of(s), r = bide_reader_line(reader, &line, NULL),
                                         bide_sleep(BIDE_S(IDLE_S)))) {
        case 0: return await say(client, "BYE\n");
        case 1:
            if (r > 0)
                r = await answer(s, client, line);
            if (r <= 0)
                return r;
            break;
        default: return await say(client, "TIMEOUT\n");
        }
    }
}

/* ---- all of them ---- */

static async void save_often(struct service *s)
{
    for (;;) {
        await bide_sleep(BIDE_S(SAVE_S));
        int r = await (*s->save)(s->total);
        if (r < 0)
            fprintf(stderr, "not saved: %s\n", strerror(-r));
    }
}

async int service_run(struct service *s, bide_tcp_listener *listener)
{
    bide_task(void) saver = bide_spawn(save_often(s));
    defer {
        bide_task_abort(saver);
        (void)await bide_task_wait(saver);
    }
    int r = 0;
    bide_scope(talks) {
        bide_stream *client;
        while (r == 0) {
            int which =
                await bide_select_biased(stop_of(s), r = bide_tcp_accept(listener, &client));
            if (which == 0)
                break;
            if (r == 0)
                bide_scope_spawn(talks, service_talk(s, client));
        }
    }
    return r < 0 ? r : await (*s->save)(s->total);
}

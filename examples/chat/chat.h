/*
 * chat.h: what the two halves of the chat server share: main.c, which talks to a client, and
 * hall.c, which knows who is where.
 */
#ifndef CHAT_H
#define CHAT_H

#include <bide/bide.h>

#include <stddef.h>

enum {
    NAME_SIZE_MAX = 20,   /* of a person's or a room's name */
    LINE_SIZE_MAX = 1000, /* of what is said */
    LINES_BEHIND_MAX = 64 /* a client that is further behind is dropped */
};

/* A line on its way. It is made once, and all the queues that it waits in share it. */
struct text;
struct room;

/* One for each connection, in the frame of its session, from hall_enter to hall_leave. */
struct client {
    bide_stream *stream;
    /* What it has to be sent. Whoever says something puts a line in and never waits: if there is
     * no room, the client does not read, and `too_slow` ends it. */
    bide_sender(struct text *) queue;
    bide_receiver(struct text *) lines;
    bide_notify too_slow;
    /* The line that is being sent, and how much of it has been. */
    struct text *line;
    size_t line_done;

    /* These are the hall's. Others read them, so the session changes them only through hall.c. */
    char name[NAME_SIZE_MAX + 1];
    struct room *room;
    struct client *next, *previous; /* in the room */
};

/* Puts a line into the client's own queue. Never waits. */
void client_tell(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *text_bytes(const struct text *text, size_t *size);

/* Gives up a share in a text; `item` points to the pointer, as in a queue. */
void text_drop(void *item);

/* Gives the client a name and a place in the room "hall". Returns 0 or -ENOMEM. */
async int hall_enter(struct client *client);
async void hall_leave(struct client *client);

/* Return 0; -EINVAL (not a good name), -EEXIST (somebody has that name) or -ENOMEM. */
async int hall_join(struct client *client, const char *room);
async int hall_rename(struct client *client, const char *name);

/* Says something to all others in the room. */
async void hall_say(struct client *client, const char *words);

/* Tell the client who is in the room, and which rooms there are. */
async void hall_who(struct client *client);
async void hall_rooms(struct client *client);

#endif

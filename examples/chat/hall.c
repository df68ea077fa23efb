/*
 * hall.c: the rooms, and who is in them. All of it is under one mutex, so that it is the same on
 * one thread and on several. Whoever has the mutex waits for nothing: lines go into the clients'
 * queues, and a queue without room is not waited for.
 */
#include "chat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    atomic_int users;
    size_t size;
    char bytes[];
};

/* Made when the first one joins it, and freed when the last one leaves. */
struct room {
    struct room *next;
    struct client *first;
    int count;
    char name[NAME_SIZE_MAX + 1];
};

static bide_mutex mutex = BIDE_MUTEX_INIT;
static struct room *rooms;
static unsigned guests; /* who have ever come */

/* ---- lines ---- */

/* NULL: no memory. */
static struct text *text_new(const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    struct text *text = malloc(sizeof *text + (size_t)size + 1);
    if (text == NULL)
        return NULL;
    text->users = 1;
    text->size = (size_t)size;
    vsnprintf(text->bytes, (size_t)size + 1, format, values);
    return text;
}

const char *text_bytes(const struct text *text, size_t *size)
{
    *size = text->size;
    return text->bytes;
}

void text_drop(void *item)
{
    struct text *text = *(struct text **)item;
    if (text != NULL && atomic_fetch_sub(&text->users, 1) == 1)
        free(text);
}

/* The client has its own share of the text afterwards, or is too slow. */
static void post(struct client *client, struct text *text)
{
    if (text != NULL) {
        atomic_fetch_add(&text->users, 1);
        if (bide_try_send(client->queue, &text) == 0)
            return;
        text_drop(&text);
    }
    bide_notify_one(&client->too_slow);
}

void client_tell(struct client *client, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct text *text = text_new(format, values);
    va_end(values);
    post(client, text);
    text_drop(&text);
}

/* To all others in the room. With the mutex. */
static void tell_others(const struct client *client, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct text *text = text_new(format, values);
    va_end(values);
    for (struct client *other = client->room->first; other != NULL; other = other->next)
        if (other != client)
            post(other, text);
    text_drop(&text);
}

/* ---- rooms; with the mutex ---- */

static struct room *room_named(const char *name)
{
    struct room *room = rooms;
    while (room != NULL && strcmp(room->name, name) != 0)
        room = room->next;
    if (room == NULL && (room = calloc(1, sizeof *room)) != NULL) {
        strcpy(room->name, name);
        room->next = rooms;
        rooms = room;
    }
    return room;
}

static void put(struct client *client, struct room *room)
{
    client->room = room;
    client->previous = NULL;
    client->next = room->first;
    if (room->first != NULL)
        room->first->previous = client;
    room->first = client;
    room->count++;
}

static void take_out(struct client *client)
{
    struct room *room = client->room, **link = &rooms;
    if (client->next != NULL)
        client->next->previous = client->previous;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        room->first = client->next;
    if (--room->count > 0)
        return;
    while (*link != room)
        link = &(*link)->next;
    *link = room->next;
    free(room);
}

static bool is_taken(const char *name)
{
    for (struct room *room = rooms; room != NULL; room = room->next)
        for (struct client *client = room->first; client != NULL; client = client->next)
            if (strcmp(client->name, name) == 0)
                return true;
    return false;
}

static bool is_good(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t size = strlen(name);
    return size > 0 && size <= NAME_SIZE_MAX && strspn(name, letters) == size;
}

/* ---- what a session asks for ---- */

async int hall_enter(struct client *client)
{
    bide_locked(&mutex) {
        struct room *room = room_named("hall");
        if (room == NULL)
            return -ENOMEM;
        do
            snprintf(client->name, sizeof client->name, "guest%u", ++guests);
        while (is_taken(client->name));
        put(client, room);
        tell_others(client, "* %s has come\n", client->name);
    }
    return 0;
}

async void hall_leave(struct client *client)
{
    bide_locked(&mutex) {
        tell_others(client, "* %s has gone\n", client->name);
        take_out(client);
    }
}

async int hall_join(struct client *client, const char *name)
{
    if (!is_good(name))
        return -EINVAL;
    bide_locked(&mutex) {
        struct room *room = room_named(name);
        if (room == NULL)
            return -ENOMEM;
        if (room == client->room)
            return 0;
        tell_others(client, "* %s has gone to %s\n", client->name, name);
        take_out(client);
        put(client, room);
        tell_others(client, "* %s has come\n", client->name);
    }
    return 0;
}

async int hall_rename(struct client *client, const char *name)
{
    if (!is_good(name))
        return -EINVAL;
    bide_locked(&mutex) {
        if (is_taken(name))
            return -EEXIST;
        tell_others(client, "* %s is now %s\n", client->name, name);
        strcpy(client->name, name);
    }
    return 0;
}

async void hall_say(struct client *client, const char *words)
{
    bide_locked(&mutex) {
        tell_others(client, "%s: %s\n", client->name, words);
    }
}

async void hall_who(struct client *client)
{
    bide_locked(&mutex) {
        char names[LINE_SIZE_MAX] = "";
        size_t size = 0;
        int left = client->room->count;
        for (struct client *other = client->room->first; other != NULL; other = other->next, left--)
            if (size + NAME_SIZE_MAX + 2 < sizeof names)
                size += (size_t)snprintf(names + size, sizeof names - size, " %s", other->name);
            else
                break;
        if (left > 0)
            client_tell(client, "* in %s:%s, and %d more\n", client->room->name, names, left);
        else
            client_tell(client, "* in %s:%s\n", client->room->name, names);
    }
}

async void hall_rooms(struct client *client)
{
    bide_locked(&mutex) {
        char list[LINE_SIZE_MAX] = "";
        size_t size = 0;
        for (struct room *room = rooms; room != NULL; room = room->next)
            if (size + NAME_SIZE_MAX + 16 < sizeof list)
                size += (size_t)snprintf(list + size, sizeof list - size, " %s (%d)", room->name,
                                         room->count);
        client_tell(client, "* rooms:%s\n", list);
    }
}

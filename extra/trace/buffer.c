/*
 * buffer.c: text that grows: in the struct itself at first, then in memory. Once there was no
 * memory, nothing is added any more, and whoever made it drops it.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

void bide__text_begin(struct bide__text *t)
{
    t->data = t->small;
    t->size = 0;
    t->room = sizeof t->small;
    t->failed = false;
}

void bide__text_end(struct bide__text *t)
{
    if (t->data != t->small)
        bide__free(t->data, t->room);
}

static bool make_room(struct bide__text *t, size_t size)
{
    size_t room = t->room;

    if (t->failed || size <= t->room - t->size)
        return !t->failed;
    while (room - t->size < size)
        room *= 2;
    char *data = bide__alloc(room);
    if (data == NULL) {
        t->failed = true;
        return false;
    }
    memcpy(data, t->data, t->size);
    bide__text_end(t);
    t->data = data;
    t->room = room;
    return true;
}

void bide__text_add(struct bide__text *t, const char *bytes, size_t size)
{
    if (size == 0 || !make_room(t, size))
        return;
    memcpy(t->data + t->size, bytes, size);
    t->size += size;
}

void bide__text_put(struct bide__text *t, const char *text)
{
    bide__text_add(t, text, strlen(text));
}

void bide__text_print(struct bide__text *t, const char *format, ...)
{
    char line[128];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    bide__text_add(t, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1);
}

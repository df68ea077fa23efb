/* Random numbers (splitmix64, a stream for each case), and text. */
#include "smith.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t rng_state;

static uint64_t rng_next(void)
{
    uint64_t z = rng_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void rng_seed(uint64_t seed, uint64_t stream)
{
    rng_state = seed * 1000003 + stream;
    rng_state = rng_next() ^ stream;
}

int rng(int n)
{
    return (int)(rng_next() % (uint64_t)n);
}

bool percent(int chance)
{
    return rng(100) < chance;
}

static char **texts;
static size_t text_count, text_room;

static void *checked(void *p)
{
    if (p == NULL) {
        fputs("awaitsmith: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static char *text_keep(char *s)
{
    if (text_count == text_room) {
        text_room = text_room ? text_room * 2 : 1024;
        texts = checked(realloc(texts, text_room * sizeof *texts));
    }
    return texts[text_count++] = checked(s);
}

__attribute__((nonnull(1))) static char *vtext(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *s = checked(malloc((size_t)n + 1));
    vsnprintf(s, (size_t)n + 1, fmt, args);
    return s;
}

char *text(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = vtext(fmt, args);
    va_end(args);
    return text_keep(s);
}

void text_reset(void)
{
    while (text_count > 0)
        free(texts[--text_count]);
    free(texts);
    texts = NULL;
    text_room = 0;
}

struct buffer {
    char *text;
    size_t length, room;
    int outer_indent;
};
static struct buffer stack[64];
static int top = -1;
int indent;

static void append(struct buffer *b, const char *s, size_t n)
{
    if (b->length + n + 1 > b->room) {
        b->room = (b->length + n + 1) * 2;
        b->text = checked(realloc(b->text, b->room));
    }
    memcpy(b->text + b->length, s, n);
    b->length += n;
    b->text[b->length] = '\0';
}

void put(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = vtext(fmt, args);
    va_end(args);
    if (top < 0) {
        fputs(s, stdout);
    } else {
        struct buffer *b = &stack[top];
        for (char *p = s; *p != '\0';) {
            size_t n = strcspn(p, "\n");
            if (n > 0 && b->length > 0 && b->text[b->length - 1] == '\n')
                for (int i = 0; i < indent; i++)
                    append(b, "    ", 4);
            n += p[n] == '\n';
            append(b, p, n);
            p += n;
        }
    }
    free(s);
}

void put_push(void)
{
    if (++top == (int)(sizeof stack / sizeof stack[0]))
        abort();
    stack[top] = (struct buffer){.outer_indent = indent};
    indent = 0;
    append(&stack[top], "\n", 1);
}

char *put_pop(void)
{
    struct buffer *b = &stack[top--];
    indent = b->outer_indent;
    memmove(b->text, b->text + 1, b->length);
    return text_keep(b->text);
}

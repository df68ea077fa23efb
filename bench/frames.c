/*
 * bench/frames.c: what a parked task holds; see docs/frames.md. Each program of frames/ is spawned
 * and runs until it waits; then its chain and its block are measured. One line a program: name,
 * title, levels of awaits, the bytes from the first frame to the end of the last, and the bytes of
 * the task with its segments.
 */
#include "frames/programs.h"
#include "core/inside.h"
#include "runtime/task/task.h"

#include <bide/bide.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static size_t whole(const struct bide__task *task)
{
    const struct bide__chunk *chunk = bide__chunk_of(task);
    size_t size = chunk->block_size ? chunk->block_size : chunk->size;

    for (struct bide_segment *s = bide_chain_segment(&task->chain); s; s = s->previous)
        size += s->size;
    return size;
}

/* The end of the top frame; a group ends with the rooms of its branches. */
static const char *top_of(const struct bide_chain *c)
{
    unsigned first = 0;
    if (!bide_group_branch(c->leaf, &first))
        return bide__frame_end(c->leaf);
    return bide__group_end((const struct bide_group *)c->leaf);
}

static size_t frames(const struct bide__task *task)
{
    const char *top = top_of(&task->chain);
    size_t size = 0;

    for (struct bide_segment *s = bide_chain_segment(&task->chain); s; s = s->previous) {
        size += (size_t)(top - (const char *)(s + 1));
        top = s->previous_top;
    }
    return size + (size_t)(top - task->room);
}

/* The levels of a chain and of the chains of its branches. */
static unsigned levels(const struct bide_chain *c)
{
    struct bide_segment *segment = bide_chain_segment(c);
    unsigned n = 0;

    for (struct bide_frame *at = c->leaf; at; at = bide_frame_below(at, &segment)) {
        struct bide_chain *branch;
        for (unsigned i = 0; (branch = bide_group_branch(at, &i)) != NULL; i++)
            n += levels(branch);
        n++;
    }
    return n;
}

/* The near end of a connection on which nothing ever arrives. */
static bide_stream *connection(void)
{
    bide_stream *near_end;
    int fd[2]; /* the far end stays open until the program ends */
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0 || bide_stream_open(fd[0], &near_end) < 0)
        abort();
    return near_end;
}

async int main(void)
{
    bide_sender(int) sender;
    bide_receiver(int) receiver;
    if (bide_channel_new(8, &sender, &receiver) < 0)
        return 1;
#define RUN(name, parameters, arguments, title)                                                 \
    {                                                                                           \
        bide_task(int) task = bide_spawn(name arguments);                                       \
        for (int i = 0; i < 10; i++)                                                            \
            await bide_yield();                                                                 \
        const struct bide__task *t = (const void *)task;                                        \
        printf("%s\t%s\t%u\t%zu\t%zu\n", #name, title, levels(&t->chain), frames(t), whole(t)); \
        bide_task_abort(task);                                                                  \
        await bide_task_wait(task);                                                             \
    }
    PROGRAMS(RUN)
    bide_sender_drop(sender);
    bide_receiver_drop(receiver);
    return 0;
}

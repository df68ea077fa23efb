/*
 * bench/sched/talk.c: tasks that take turns and that answer each other.
 */
#include "rows.h"

#include <bide/bide.h>

#include <stdint.h>

/* ---- turns ---- */

static async long yields(long depth, long n)
{
    if (depth > 1)
        return await yields(depth - 1, n);
    for (long i = 0; i < n; i++)
        await bide_yield();
    return n;
}

enum { MOST = 1000 };

static async long take_turns(long tasks, long n)
{
    static bide_task(long) task[MOST];
    long sum = 0;
    for (long i = 0; i < tasks; i++)
        task[i] = bide_spawn(yields(1, n / tasks + (i < n % tasks)));
    for (long i = 0; i < tasks; i++) {
        long x = 0;
        await bide_task_join(task[i], &x);
        sum += x;
    }
    return sum;
}

static void turns(struct run *run, long tasks)
{
    run_begin(run);
    long sum = bide_block_on(take_turns(tasks, run->n));
    run_end(run);
    expect("turns", sum, run->n);
}

static void yield_1(struct run *run)
{
    turns(run, 1);
}

static void yield_many(struct run *run)
{
    turns(run, 200);
}

static void yield_1000(struct run *run)
{
    turns(run, 1000);
}

static async long yield_deep(long n)
{
    long x = 0;
    bide_task(long) task = bide_spawn(yields(100, n));
    await bide_task_join(task, &x);
    return x;
}

/* One task, under 100 nested awaits. */
static void yield_100_deep(struct run *run)
{
    run_begin(run);
    long x = bide_block_on(yield_deep(run->n));
    run_end(run);
    expect("yield_100_deep", x, run->n);
}

/* The bare work of 1,000 tasks that take turns: a queue and a call through a pointer. */
struct step {
    struct step *next;
    long (*run)(struct step *);
    long done, most;
};

static __attribute__((noinline)) long step(struct step *s)
{
    return ++s->done < s->most;
}

static void yield_floor(struct run *run)
{
    static struct step all[MOST];
    struct step *first = NULL, **last = &first;
    long sum = 0;

    for (long i = 0; i < MOST; i++) {
        all[i] = (struct step){NULL, step, 0, run->n / MOST + (i < run->n % MOST)};
        if (all[i].most == 0)
            continue;
        *last = &all[i];
        last = &all[i].next;
    }
    run_begin(run);
    while (first) {
        struct step *s = first;
        first = s->next;
        if (!first)
            last = &first;
        if (s->run(s)) {
            s->next = NULL;
            *last = s;
            last = &s->next;
        }
    }
    run_end(run);
    for (long i = 0; i < MOST; i++)
        sum += all[i].done;
    expect("yield_floor", sum, run->n);
}

/* ---- ping and pong ---- */

static async void pong(bide_oneshot_receiver(char) ping, bide_oneshot_sender(char) answer)
{
    char c;
    expect("ping", await bide_oneshot_recv(ping, &c), 1);
    bide_oneshot_receiver_drop(ping);
    expect("pong", bide_oneshot_send(answer, &c), 0);
}

static async void ping(void)
{
    bide_oneshot_sender(char) to, answer;
    bide_oneshot_receiver(char) from, back;
    char c = 'c';
    expect("bide_oneshot_new", bide_oneshot_new(&to, &from), 0);
    expect("bide_oneshot_new", bide_oneshot_new(&answer, &back), 0);
    bide_spawn(pong(from, answer));
    expect("ping", bide_oneshot_send(to, &c), 0);
    expect("pong", await bide_oneshot_recv(back, &c), 1);
    bide_oneshot_receiver_drop(back);
    crowd_leave();
}

static async void pings(long count)
{
    for (long i = 0; i < count; i++)
        bide_spawn(ping());
}

static async void rounds_of_pings(long n)
{
    for (long left = n; left > 0; left -= MOST) {
        long count = left < MOST ? left : MOST;
        crowd_begin(count);
        bide_spawn(pings(count));
        await crowd_wait();
    }
}

/* One task spawns 1,000, of which each spawns a child and talks to it over two oneshots. */
static void ping_pong(struct run *run)
{
    run_begin(run);
    bide_block_on(rounds_of_pings(run->n));
    run_end(run);
}

/* ---- requests ---- */

enum { REQUESTS = 10 };

typedef bide_oneshot_sender(long) request;

static async void server(bide_receiver(request) requests)
{
    request reply;
    long count = 0;
    while (await bide_recv(requests, &reply) > 0) {
        count++;
        expect("reply", bide_oneshot_send(reply, &count), 0);
    }
    bide_receiver_drop(requests);
}

static async long client(bide_sender(request) requests, long n)
{
    long last = 0;
    for (long i = 0; i < n; i++) {
        request reply;
        bide_oneshot_receiver(long) answer;
        expect("bide_oneshot_new", bide_oneshot_new(&reply, &answer), 0);
        expect("request", await bide_send(requests, &reply), 0);
        expect("answer", await bide_oneshot_recv(answer, &last), 1);
        bide_oneshot_receiver_drop(answer);
    }
    return last;
}

static async long ask(long n, bool spawned)
{
    bide_sender(request) to;
    bide_receiver(request) from;
    long last = 0;
    expect("bide_channel_new", bide_channel_new(REQUESTS, &to, &from), 0);
    bide_task(void) serving = bide_spawn(server(from));
    if (spawned) {
        bide_task(long) asking = bide_spawn(client(to, n));
        expect("client", await bide_task_join(asking, &last), 0);
    } else {
        last = await client(to, n);
    }
    bide_sender_drop(to);
    expect("server", await bide_task_join(serving, NULL), 0);
    return last;
}

/* A request over a channel of 10, which carries the oneshot for the answer. With one worker the
 * client is the call that blocks, as in Tokio's benchmark; with more it is a task. */
static void request_reply(struct run *run)
{
    run_begin(run);
    long last = bide_block_on(ask(run->n, run->workers > 1));
    run_end(run);
    expect("request_reply", last, run->n);
}

const struct row talk_rows[] = {
    {"yield_1", yield_1, false, false},
    {"yield_many", yield_many, false, false},
    {"yield_1000", yield_1000, false, false},
    {"yield_100_deep", yield_100_deep, false, false},
    {"yield_floor", yield_floor, false, false},
    {"ping_pong", ping_pong, false, false},
    {"request_reply", request_reply, false, false},
    {NULL, NULL, false, false},
};

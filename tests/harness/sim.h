/*
 * sim.h: a driver that is simulated: it knows all operations, and everything that a kernel may do
 * at some time it does here when the test says so, or at random.
 *
 *   sim_begin(seed);     the thread's runtime uses it from now on; seed 0: by hand
 *   ...
 *   sim_end();           checks that nothing is under way, and that all buffers are there
 *
 * With a seed it makes real calls on the real sockets of the test, and it decides at random how
 * many bytes come at a time, whether an operation that was cancelled has brought something before,
 * or is over at once, or when an operation ends by itself. `sim.lacks` are bits of kinds that it
 * refuses.
 *
 * By hand nothing happens but what the test says: sim_tell(kind, fd, result, last), sim_bytes and
 * sim_sent put an event into a queue, which the next wait reports. A wait that would last for ever
 * fails the test.
 *
 * Readiness is left to the real driver, but for the time between its cancel and its last event.
 */
#ifndef BIDE_TESTS_SIM_H
#define BIDE_TESTS_SIM_H

#include "runtime/entry.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"

#include <stdlib.h>

#include "check.h"

enum { SIM_OPS = 256, SIM_EVENTS = 256, SIM_BUFFERS = 64, SIM_SIZE = 4096 };

struct sim_op {
    struct bide__op op; /* kind 0: free */
    bool cancelled;
};

static struct {
    struct bide__driver driver; /* the first member */
    struct bide__driver *real;  /* epoll, for readiness */
    struct bide__driver *home;  /* the runtime's own, which other threads wake */
    struct bide_runtime *rt;
    int real_fd, home_fd;
    uint64_t seed;
    unsigned lacks;
    int submit_error;      /* of the next submit; 0: none */
    bool cancels_at_once;  /* cancel returns 0 */
    bool is_counted_quick; /* no pauses for the sanitizers */
    struct sim_op op[SIM_OPS];
    unsigned ops; /* slots that were ever used */
    struct bide__event event[SIM_EVENTS];
    unsigned events;
    struct bide__buffer buffer[SIM_BUFFERS];
    bool out[SIM_BUFFERS]; /* a registration has it */
    unsigned buffers;      /* how many there are; at most SIM_BUFFERS */
    char *data[SIM_BUFFERS];
    unsigned submits[8], cancels[8]; /* by kind */
} sim;

static uint64_t sim_random(void)
{
    sim.seed ^= sim.seed << 13;
    sim.seed ^= sim.seed >> 7;
    return sim.seed ^= sim.seed << 17;
}

/* True once in n. */
static bool sim_chance(unsigned n)
{
    return sim.seed != 0 && sim_random() % n == 0;
}

static inline struct sim_op *sim_find(enum bide__op_kind kind, int fd)
{
    for (unsigned i = 0; i < sim.ops; i++)
        if (sim.op[i].op.kind == kind && sim.op[i].op.fd == fd)
            return &sim.op[i];
    return NULL;
}

static inline bool sim_is_armed(enum bide__op_kind kind, int fd)
{
    struct sim_op *op = sim_find(kind, fd);
    return op != NULL && !op->cancelled;
}

static unsigned sim_free_buffers(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < sim.buffers; i++)
        n += !sim.out[i];
    return n;
}

/* ---- the operations of the driver ---- */

static int sim_submit(struct bide__driver *driver, const struct bide__op *op)
{
    unsigned i = 0;

    (void)driver;
    if (sim.lacks & 1U << op->kind)
        return -ENOSYS;
    int error = sim.submit_error;
    sim.submit_error = 0;
    if (error != 0)
        return error;
    if (op->kind == BIDE__OP_READY && (error = sim.real->ops->submit(sim.real, op)) < 0)
        return error;
    for (unsigned k = 0; k < sim.ops; k++)
        CHECK(op->io != NULL || sim.op[k].op.kind != op->kind || sim.op[k].op.key != op->key);
    while (i < sim.ops && sim.op[i].op.kind != 0)
        i++;
    CHECK(i < SIM_OPS);
    if (i == sim.ops)
        sim.ops++;
    sim.op[i] = (struct sim_op){*op, false};
    sim.submits[op->kind]++;
    return 0;
}

static struct sim_op *sim_same(const struct bide__op *op)
{
    for (unsigned i = 0; i < sim.ops; i++) {
        const struct bide__op *other = &sim.op[i].op;
        if (other->kind == op->kind &&
            (op->io != NULL ? other->io == op->io : other->key == op->key))
            return &sim.op[i];
    }
    return NULL;
}

static int sim_cancel(struct bide__driver *driver, const struct bide__op *op)
{
    struct sim_op *s = sim_same(op);

    (void)driver;
    CHECK(s != NULL && !s->cancelled);
    sim.cancels[op->kind]++;
    if (op->kind == BIDE__OP_READY)
        sim.real->ops->cancel(sim.real, op);
    if (sim.cancels_at_once || sim_chance(4)) {
        s->op.kind = (enum bide__op_kind)0;
        return 0;
    }
    s->cancelled = true;
    return 1;
}

static void sim_give_back(struct bide__driver *driver, struct bide__buffer *buffer)
{
    (void)driver;
    CHECK(buffer == &sim.buffer[buffer->number] && sim.out[buffer->number]);
    /* Whoever still looks at it reads what is freed. */
    free(sim.data[buffer->number]);
    sim.data[buffer->number] = NULL;
    sim.out[buffer->number] = false;
}

/* NULL: all are out. */
static struct bide__buffer *sim_take_buffer(void)
{
    for (unsigned i = 0; i < sim.buffers; i++) {
        if (sim.out[i])
            continue;
        sim.out[i] = true;
        sim.data[i] = malloc(SIM_SIZE);
        CHECK(sim.data[i] != NULL);
        sim.buffer[i] = (struct bide__buffer){.data = sim.data[i], .number = i};
        return &sim.buffer[i];
    }
    return NULL;
}

static void sim_report(struct bide__fds *fds, struct sim_op *s, struct bide__event event)
{
    struct bide__op op = s->op;
    event.kind = op.kind;
    event.key = op.key;
    if (event.last)
        s->op.kind = (enum bide__op_kind)0;
    if (op.io != NULL)
        bide__io_end(op.io, event.result);
    else
        bide__fd_report(fds, &event);
}

/* ---- at random ---- */

static int sim_receive(struct bide__fds *fds, struct sim_op *s)
{
    struct bide__buffer *b = sim_take_buffer();
    if (b == NULL) {
        sim_report(fds, s, (struct bide__event){.result = -ENOBUFS, .last = true});
        return 1;
    }
    size_t size = sim_chance(2) ? 1 + sim_random() % 16 : 1 + sim_random() % SIM_SIZE;
    ssize_t n = recv(s->op.fd, sim.data[b->number], size, MSG_DONTWAIT);
    int error = errno;
    if (n > 0) {
        b->size = (uint32_t)n;
        sim_report(fds, s,
                   (struct bide__event){
                       .result = (int)n, .buffer = b, .last = !s->cancelled && sim_chance(8)});
        return 1;
    }
    sim_give_back(&sim.driver, b);
    if (n < 0 && error == EAGAIN)
        return 0;
    sim_report(fds, s, (struct bide__event){.result = n < 0 ? -error : 0, .last = true});
    return 1;
}

static int sim_accept(struct bide__fds *fds, struct sim_op *s)
{
    int fd = bide__door.accept4(s->op.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -EAGAIN)
        return 0;
    sim_report(
        fds, s,
        (struct bide__event){.result = fd, .last = fd < 0 || (!s->cancelled && sim_chance(8))});
    return 1;
}

static int sim_send(struct bide__fds *fds, struct sim_op *s)
{
    size_t size = sim_chance(2) ? 1 + sim_random() % s->op.size : s->op.size;
    ssize_t n = send(s->op.fd, s->op.data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
        return 0;
    sim_report(fds, s, (struct bide__event){.result = n < 0 ? -errno : (int)n, .last = true});
    return 1;
}

static int sim_try(struct bide__fds *fds, struct sim_op *s)
{
    switch (s->op.kind) {
    case BIDE__OP_RECEIVE: return sim_receive(fds, s);
    case BIDE__OP_ACCEPT: return sim_accept(fds, s);
    case BIDE__OP_SEND: return sim_send(fds, s);
    default: return 0;
    }
}

static int sim_step(struct bide__fds *fds, struct sim_op *s)
{
    uint64_t key = s->op.key;
    int n = 0;

    if (s->op.kind == 0)
        return 0;
    if (!s->cancelled || sim_chance(2))
        n = sim_try(fds, s);
    if (s->op.kind != 0 && s->op.key == key && s->cancelled && (n == 0 || sim_chance(2))) {
        sim_report(fds, s, (struct bide__event){.result = -ECANCELED, .last = true});
        n++;
    }
    return n;
}

static void sim_sleep(int64_t timeout_ns)
{
    static const short events[] = {
        [BIDE__OP_RECEIVE] = POLLIN, [BIDE__OP_ACCEPT] = POLLIN, [BIDE__OP_SEND] = POLLOUT};
    struct pollfd p[SIM_OPS + 2] = {{.fd = sim.real_fd, .events = POLLIN},
                                    {.fd = sim.home_fd, .events = POLLIN}};
    nfds_t count = 2;

    for (unsigned i = 0; i < sim.ops; i++)
        if (sim.op[i].op.kind > BIDE__OP_READY)
            p[count++] = (struct pollfd){sim.op[i].op.fd, events[sim.op[i].op.kind], 0};
    int ms = timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000);
    poll(p, count, ms);
    sim.home->ops->wait(sim.home, sim.rt->fds, 0);
}

/* ---- by hand ---- */

static int sim_report_events(struct bide__fds *fds)
{
    unsigned n = sim.events;
    struct bide__event event[SIM_EVENTS];

    memcpy(event, sim.event, sizeof event);
    sim.events = 0;
    for (unsigned i = 0; i < n; i++) {
        struct sim_op *s = NULL;
        for (unsigned k = 0; k < sim.ops && s == NULL; k++)
            if (sim.op[k].op.kind == event[i].kind && sim.op[k].op.key == event[i].key)
                s = &sim.op[k];
        CHECK(s != NULL);
        sim_report(fds, s, event[i]);
    }
    return (int)n;
}

static inline struct bide__event *sim_tell(enum bide__op_kind kind, int fd, int result, bool last)
{
    struct sim_op *s = sim_find(kind, fd);
    CHECK(s != NULL && sim.events < SIM_EVENTS);
    struct bide__event *event = &sim.event[sim.events++];
    *event = (struct bide__event){.kind = kind, .key = s->op.key, .result = result, .last = last};
    return event;
}

/* A receive has brought this text. */
static inline void sim_bytes(int fd, const char *text, bool last)
{
    struct bide__buffer *b = sim_take_buffer();
    CHECK(b != NULL);
    b->size = (uint32_t)strlen(text);
    memcpy(sim.data[b->number], text, b->size);
    sim_tell(BIDE__OP_RECEIVE, fd, (int)b->size, last)->buffer = b;
}

static int sim_wait(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns)
{
    int n = 0;

    (void)driver;
    if (sim.seed == 0) {
        n = sim_report_events(fds);
        if (n == 0)
            n = sim.real->ops->wait(sim.real, fds, timeout_ns < 0 ? 0 : timeout_ns);
        CHECK(n > 0 || timeout_ns >= 0);
        return n;
    }
    for (int round = 0; round < 2 && n == 0; round++) {
        n += sim.real->ops->wait(sim.real, fds, 0);
        for (unsigned i = 0; i < sim.ops; i++)
            n += sim_step(fds, &sim.op[i]);
        if (n == 0 && timeout_ns != 0 && round == 0)
            sim_sleep(timeout_ns);
    }
    return n;
}

static void sim_wake(struct bide__driver *driver)
{
    (void)driver;
    sim.home->ops->wake(sim.home);
}

static int sim_watch(struct bide__driver *driver)
{
    (void)driver;
    return -ENOSYS;
}

static int sim_alarm(struct bide__driver *driver, int64_t at_ns)
{
    (void)driver, (void)at_ns;
    return -ENOSYS;
}

static const struct bide__driver_ops sim_ops = {
    .name = "simulated",
    .is_lazy = true,
    .submit = sim_submit,
    .cancel = sim_cancel,
    .give_back = sim_give_back,
    .wait = sim_wait,
    .wake = sim_wake,
    .watch = sim_watch,
    .alarm = sim_alarm,
};

static inline void sim_use(struct bide__driver *driver)
{
    sim.rt->worker->driver = driver;
    sim.rt->fds->driver = driver;
}

static inline void sim_begin(uint64_t seed)
{
    int error = 0;
    sim.rt = bide__runtime_need(&error);
    CHECK(sim.rt != NULL && !sim.rt->multi);
    sim.driver.ops = &sim_ops;
    const struct bide__driver_options options = {.events_max = 64};
    CHECK_EQ(bide__driver_epoll.begin(&sim.real, &options), 0);
    sim.home = sim.rt->worker->driver;
    sim.real_fd = sim.real->ops->watch(sim.real);
    sim.home_fd = sim.home->ops->watch(sim.home);
    CHECK(sim.real_fd >= 0 && sim.home_fd >= 0);
    sim.seed = seed;
    sim.buffers = SIM_BUFFERS;
    sim_use(&sim.driver);
}

static inline void sim_end(void)
{
    bide__fds_drain(sim.rt->fds, &sim.driver);
    for (unsigned i = 0; i < sim.ops; i++)
        CHECK_EQ(sim.op[i].op.kind, 0);
    CHECK_EQ(sim_free_buffers(), sim.buffers);
    CHECK_EQ(sim.rt->fds->waiting, 0);
    sim_use(sim.home);
    sim.real->ops->end(sim.real);
}

#endif

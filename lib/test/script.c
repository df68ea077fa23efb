/*
 * lib/test/script.c: streams whose other side goes by a script; bide/test.h has the rules.
 *
 * The state is under a mutex. `at` is the first step that is not done. A read takes that one, if it
 * is one of a read; a write takes the first one of a write, past steps of reads. The time of a wait
 * begins when it becomes the first step. Whoever finds nothing to do waits outside the mutex for
 * the notification of its direction, which is given at each change and kept until it is taken. The
 * script is freed when the stream is closed and the last operation has ended.
 */
#include "lib/async.h"

#include "lib/io/stream.h"
#include "lib/test/test.h"

#include <bide/sync.h>
#include <bide/time.h>

#include <pthread.h>
#include <stdio.h>

enum { READ, READ_ERROR, WRITE, WRITE_ERROR, WAIT, SILENCE, KINDS };

struct step {
    bide_test_step s;
    size_t used; /* bytes that came already */
    bool done;
};

struct script {
    bide_stream base;
    pthread_mutex_t mutex;
    unsigned holders; /* the stream while it is open, and the operations */
    size_t at, count;
    bide_instant due;                  /* if the step at `at` is a wait */
    bool closed, ended, deaf, busy[2]; /* ended: for writing; deaf: for reading */
    bide_notify changed[2];            /* for the reader, for the writer */
    struct step steps[];
};

enum { READER, WRITER };

static struct script *of(bide_stream *stream)
{
    return (struct script *)(void *)stream;
}

static size_t size_of(size_t count)
{
    return sizeof(struct script) + count * sizeof(struct step);
}

static void let_go(struct script *s)
{
    pthread_mutex_lock(&s->mutex);
    bool last = --s->holders == 0;
    pthread_mutex_unlock(&s->mutex);
    if (!last)
        return;
    pthread_mutex_destroy(&s->mutex);
    bide__free(s, size_of(s->count));
}

static void tell_both(struct script *s)
{
    bide_notify_one(&s->changed[READER]);
    bide_notify_one(&s->changed[WRITER]);
}

/* ---- a script that is not kept ---- */

static void print_bytes(const char *label, const void *data, size_t size)
{
    const unsigned char *p = data;

    fprintf(stderr, "    %s \"", label);
    for (size_t i = 0; i < size; i++) {
        if (p[i] == '\n')
            fputs("\\n", stderr);
        else if (p[i] == '\r')
            fputs("\\r", stderr);
        else if (p[i] < ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\')
            fprintf(stderr, "\\%03o", (unsigned)p[i]);
        else
            fputc(p[i], stderr);
    }
    fputs("\"\n", stderr);
}

static void fails_at(const struct script *s, size_t i, const char *what)
{
    fprintf(stderr, "a scripted stream, at step %zu of %zu: %s\n", i + 1, s->count, what);
}

static void unexpected(const struct script *s, const void *data, size_t size)
{
    fails_at(s, s->at, "a write that is not in the script");
    print_bytes("written ", data, size);
    bide__test_end_failed();
}

static void differs(const struct script *s, size_t i, const void *data, size_t size)
{
    const struct step *step = &s->steps[i];
    fails_at(s, i, "another write than in the script");
    print_bytes("written ", data, size);
    print_bytes("expected", (const char *)step->s.data_ + step->used, step->s.size_ - step->used);
    bide__test_end_failed();
}

static void closed_early(const struct script *s, size_t i)
{
    static const char *const what[KINDS] = {
        [READ] = "closed before this was read",
        [READ_ERROR] = "closed before this error was read",
        [WRITE] = "closed before this was written",
        [WRITE_ERROR] = "closed before a write got this error",
    };
    const struct step *step = &s->steps[i];

    fails_at(s, i, what[step->s.kind_]);
    if (step->s.error_ != 0)
        fprintf(stderr, "    %s\n", strerrorname_np(-step->s.error_));
    else
        print_bytes("left    ", (const char *)step->s.data_ + step->used,
                    step->s.size_ - step->used);
    bide__test_end_failed();
}

/* ---- steps; under the mutex ---- */

/* Passes what is done, and waits whose time is over. */
static void advance(struct script *s)
{
    for (; s->at < s->count; s->at++) {
        struct step *step = &s->steps[s->at];
        if (step->done)
            continue;
        if (step->s.kind_ != WAIT)
            return;
        if (s->due.ns == INT64_MAX)
            s->due = bide_instant_add(bide_now(), step->s.wait_);
        if (bide_now().ns < s->due.ns)
            return;
        step->done = true;
        s->due.ns = INT64_MAX;
    }
}

static void end_step(struct script *s, struct step *step)
{
    step->done = true;
    advance(s);
}

static ssize_t take_error(struct script *s, struct step *step)
{
    int error = step->s.error_;
    end_step(s, step);
    return error;
}

/* How many of `size` bytes the step has left; they count as used. */
static size_t use(struct script *s, struct step *step, size_t size)
{
    size_t left = step->s.size_ - step->used, n = size < left ? size : left;
    step->used += n;
    if (step->used == step->s.size_)
        end_step(s, step);
    return n;
}

/* What a read returns; -EAGAIN: it waits. */
static ssize_t look_to_read(struct script *s, void *buffer, size_t size)
{
    if (s->closed)
        return -EBADF;
    advance(s);
    if (s->at == s->count || size == 0 || s->deaf)
        return 0;
    struct step *step = &s->steps[s->at];
    if (step->s.kind_ == READ_ERROR)
        return take_error(s, step);
    if (step->s.kind_ != READ)
        return -EAGAIN;
    const char *data = (const char *)step->s.data_ + step->used;
    size_t n = use(s, step, size);
    memcpy(buffer, data, n);
    return (ssize_t)n;
}

static bool is_passed_by_writes(const struct step *step)
{
    return step->s.kind_ == READ || step->s.kind_ == SILENCE;
}

/* What a write returns; -EAGAIN: it waits. */
static ssize_t look_to_write(struct script *s, const void *data, size_t size)
{
    if (s->closed || s->ended)
        return s->closed ? -EBADF : -EPIPE;
    advance(s);
    size_t i = s->at;
    while (i < s->count && (s->steps[i].done || is_passed_by_writes(&s->steps[i])))
        i++;
    if (size == 0)
        return 0;
    if (i == s->count)
        unexpected(s, data, size);
    struct step *step = &s->steps[i];
    if (step->s.kind_ == WRITE_ERROR)
        return take_error(s, step);
    if (step->s.kind_ != WRITE)
        return -EAGAIN;
    const char *expected = (const char *)step->s.data_ + step->used;
    size_t left = step->s.size_ - step->used, n = size < left ? size : left;
    if (memcmp(expected, data, n) != 0)
        differs(s, i, data, size);
    return (ssize_t)use(s, step, size);
}

/* ---- the operations ---- */

/* Returns 0 or -EBUSY. */
static int enter(struct script *s, int who)
{
    pthread_mutex_lock(&s->mutex);
    int r = s->busy[who] ? -EBUSY : 0;
    if (r == 0) {
        s->busy[who] = true;
        s->holders++;
    }
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static void leave(struct script *s, int who)
{
    pthread_mutex_lock(&s->mutex);
    s->busy[who] = false;
    pthread_mutex_unlock(&s->mutex);
    let_go(s);
}

static bide_instant due_of(struct script *s)
{
    pthread_mutex_lock(&s->mutex);
    bide_instant due = s->due;
    pthread_mutex_unlock(&s->mutex);
    return due;
}

/* Waits until there may be something new for this direction. Returns 0 or a negative errno. */
static bide_async int wait_for_change(struct script *s, int who)
{
    int waited = 0, r = 0;
    bide_instant due = due_of(s);
    if (due.ns == INT64_MAX)
        return bide_await bide_notify_wait(&s->changed[who]);
    r = bide_await bide_timeout_at(due, waited = bide_notify_wait(&s->changed[who]));
    return r == -ETIMEDOUT ? 0 : r < 0 ? r : waited;
}

bide_async ssize_t bide__script_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__script_write(bide_stream *stream, const void *data, size_t size);

bide_async ssize_t bide__script_read(bide_stream *stream, void *buffer, size_t size)
{
    struct script *s = of(stream);
    int waited = enter(s, READER);
    if (waited < 0)
        return waited;
    bide_defer {
        leave(s, READER);
    }
    bide_await bide__turn();
    while (waited >= 0) {
        pthread_mutex_lock(&s->mutex);
        ssize_t n = look_to_read(s, buffer, size);
        pthread_mutex_unlock(&s->mutex);
        if (n != -EAGAIN) {
            tell_both(s);
            return n;
        }
        waited = bide_await wait_for_change(s, READER);
    }
    return waited;
}

bide_async ssize_t bide__script_write(bide_stream *stream, const void *data, size_t size)
{
    struct script *s = of(stream);
    int waited = enter(s, WRITER);
    if (waited < 0)
        return waited;
    bide_defer {
        leave(s, WRITER);
    }
    bide_await bide__turn();
    while (waited >= 0) {
        pthread_mutex_lock(&s->mutex);
        ssize_t n = look_to_write(s, data, size);
        pthread_mutex_unlock(&s->mutex);
        if (n != -EAGAIN) {
            tell_both(s);
            return n;
        }
        waited = bide_await wait_for_change(s, WRITER);
    }
    return waited;
}

/* *which is set under the mutex. */
static int end_half(struct script *s, bool *which)
{
    pthread_mutex_lock(&s->mutex);
    *which = true;
    pthread_mutex_unlock(&s->mutex);
    tell_both(s);
    return 0;
}

static int script_shutdown(bide_stream *stream)
{
    return end_half(of(stream), &of(stream)->ended);
}

static int script_shutdown_read(bide_stream *stream)
{
    return end_half(of(stream), &of(stream)->deaf);
}

static void script_close(bide_stream *stream)
{
    struct script *s = of(stream);
    pthread_mutex_lock(&s->mutex);
    bool silent = s->deaf; /* then nothing more can be read */
    for (size_t i = s->at; i < s->count; i++) {
        int kind = s->steps[i].s.kind_;
        bool reads = kind == READ || kind == READ_ERROR;
        silent |= kind == SILENCE;
        if (!s->steps[i].done && kind != WAIT && kind != SILENCE && !(silent && reads))
            closed_early(s, i);
    }
    s->closed = true;
    pthread_mutex_unlock(&s->mutex);
    tell_both(s);
    let_go(s);
}

static void script_hold(bide_stream *stream)
{
    struct script *s = of(stream);
    pthread_mutex_lock(&s->mutex);
    s->holders++;
    pthread_mutex_unlock(&s->mutex);
}

static void script_let_go(bide_stream *stream)
{
    let_go(of(stream));
}

static int script_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static const struct bide__stream_ops script_ops = {
    .read = &bide__desc_bide__script_read,
    .write = &bide__desc_bide__script_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__any_writev,
    .shutdown = script_shutdown,
    .shutdown_read = script_shutdown_read,
    .close = script_close,
    .hold = script_hold,
    .let_go = script_let_go,
    .fd = script_fd,
};

static bool is_good(const bide_test_step *step)
{
    bool is_error = step->kind_ == READ_ERROR || step->kind_ == WRITE_ERROR;
    return step->kind_ >= READ && step->kind_ < KINDS && is_error == (step->error_ < 0);
}

int bide_test_stream(bide_test_steps steps, bide_stream **stream)
{
    *stream = NULL;
    for (size_t i = 0; i < steps.count; i++)
        if (!is_good(&steps.steps[i]))
            return -EINVAL;
    struct script *s = bide__alloc(size_of(steps.count));
    if (s == NULL)
        return -ENOMEM;
    *s = (struct script){.base = {&script_ops}, .holders = 1, .count = steps.count};
    s->due.ns = INT64_MAX;
    pthread_mutex_init(&s->mutex, NULL);
    for (size_t i = 0; i < steps.count; i++) {
        bool is_data = steps.steps[i].kind_ == READ || steps.steps[i].kind_ == WRITE;
        s->steps[i] = (struct step){.s = steps.steps[i]};
        s->steps[i].done = is_data && steps.steps[i].size_ == 0;
    }
    *stream = &s->base;
    return 0;
}

/*
 * fiber.c: see fiber.h.
 *
 * The functions that change the name under which the thread runs are not instrumented: an entry
 * that is noted under one name must not be left under another.
 */
#include "runtime/fiber.h"

#ifdef BIDE__FIBERS

#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    FIBERS_MAX = 192,     /* in the process; ThreadSanitizer gets slow with more than 256 threads */
    STACK_BYTES = 32768,  /* what a poll uses of the stack */
    TLS_BYTES_MAX = 8192, /* more are those of ThreadSanitizer */
};

/* sanitizer/tsan_interface.h, and what it does not have. Those with `java` forget memory; they need
 * no heap to be declared. */
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_set_fiber_name(void *fiber, const char *name);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_release(void *at);
void __tsan_acquire(void *at);
void __tsan_java_alloc(unsigned long at, unsigned long size);
void __tsan_java_free(unsigned long at, unsigned long size);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);

enum { UNORDERED = 1 }; /* flags of a switch: the fiber does not come after the one before */

_Atomic bool bide__fibers;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_once(void)
{
    const char *wanted = getenv("BIDE_TSAN_TASKS");

    if (wanted != NULL && strcmp(wanted, "0") == 0)
        return;
    atomic_store_explicit(&bide__fibers, true, memory_order_relaxed);
}

void bide__fibers_begin(void)
{
    pthread_once(&once, begin_once);
}

/* ---- not checked ---- */

static void ignore_begin(void)
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static void ignore_end(void)
{
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

void bide__quiet_begin_slow(void)
{
    ignore_begin();
    AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
}

void bide__quiet_end_slow(void)
{
    AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
    ignore_end();
}

void bide__fiber_release(void *at)
{
    if (bide__has_fibers())
        __tsan_release(at);
}

void bide__fiber_acquire(void *at)
{
    if (bide__has_fibers())
        __tsan_acquire(at);
}

void bide__fiber_forget(void *memory, size_t size)
{
    unsigned long from = (unsigned long)memory & ~7ul;
    unsigned long to = ((unsigned long)memory + size + 7) & ~7ul;

    if (!bide__has_fibers() || to == from)
        return;
    __tsan_java_free(from, to - from);
    __tsan_java_alloc(from, to - from);
}

/* ---- the home of a worker ---- */

/* Notes where the thread-local variables of a loaded object are. */
static int add_tls(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct bide__home *home = argument;

    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_TLS || info->dlpi_tls_data == NULL ||
            part->p_memsz > TLS_BYTES_MAX || home->tls_count == BIDE__HOME_TLS)
            continue;
        home->tls[home->tls_count].from = info->dlpi_tls_data;
        home->tls[home->tls_count++].size = part->p_memsz;
    }
    return 0;
}

void bide__home_begin(struct bide__worker *worker)
{
    struct bide__home *home = &worker->home;

    if (!bide__has_fibers())
        return;
    ignore_begin();
    home->thread = __tsan_get_current_fiber();
    home->fiber = __tsan_create_fiber(0);
    home->tls_count = 0;
    dl_iterate_phdr(add_tls, home);
}

void bide__home_end(struct bide__worker *worker)
{
    struct bide__home *home = &worker->home;

    if (home->fiber == NULL)
        return;
    __tsan_destroy_fiber(home->fiber);
    home->fiber = NULL;
    ignore_end();
}

/* ---- fibers ---- */

/* A fiber takes some 0.4 ms to make, so those of tasks that have ended are used again, the oldest
 * first: the task is then ordered after one that ended long ago. */
static struct {
    pthread_mutex_t mutex;
    void *ring[FIBERS_MAX];
    unsigned first, count, made;
} idle = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void *take_fiber(void)
{
    void *fiber = NULL;

    pthread_mutex_lock(&idle.mutex);
    if (idle.made < FIBERS_MAX) {
        idle.made++;
        fiber = __tsan_create_fiber(0);
    } else if (idle.count > 0) {
        fiber = idle.ring[idle.first];
        idle.first = (idle.first + 1) % FIBERS_MAX;
        idle.count--;
    }
    pthread_mutex_unlock(&idle.mutex);
    return fiber;
}

void *bide__fiber_new(const char *name)
{
    if (!bide__has_fibers())
        return NULL;
    bide__quiet_begin_slow();
    void *fiber = take_fiber();
    bide__quiet_end_slow();
    if (fiber != NULL)
        __tsan_set_fiber_name(fiber, name);
    return fiber;
}

void bide__fiber_free(void *fiber)
{
    if (fiber == NULL)
        return;
    bide__quiet_begin_slow();
    pthread_mutex_lock(&idle.mutex);
    idle.ring[(idle.first + idle.count++) % FIBERS_MAX] = fiber;
    pthread_mutex_unlock(&idle.mutex);
    bide__quiet_end_slow();
}

/* A process that ends with threads, as which fibers count, waits for a second. */
void bide__fibers_end(void)
{
    if (!bide__has_fibers())
        return;
    bide__quiet_begin_slow();
    pthread_mutex_lock(&idle.mutex);
    for (; idle.count > 0; idle.count--, idle.made--) {
        __tsan_destroy_fiber(idle.ring[idle.first]);
        idle.first = (idle.first + 1) % FIBERS_MAX;
    }
    pthread_mutex_unlock(&idle.mutex);
    bide__quiet_end_slow();
}

__attribute__((no_sanitize("thread"), noinline)) void bide__fiber_enter(struct bide__worker *worker,
                                                                        void *fiber, void *frame)
{
    struct bide__home *home = &worker->home;

    if (home->fiber == NULL)
        return;
    bide__fiber_forget((char *)frame - STACK_BYTES, STACK_BYTES);
    for (unsigned i = 0; i < home->tls_count; i++)
        bide__fiber_forget(home->tls[i].from, home->tls[i].size);
    __tsan_switch_to_fiber(fiber != NULL ? fiber : home->fiber, UNORDERED);
}

__attribute__((no_sanitize("thread"), noinline)) void bide__fiber_leave(struct bide__worker *worker)
{
    if (worker->home.fiber != NULL)
        __tsan_switch_to_fiber(worker->home.thread, 0);
}

#endif

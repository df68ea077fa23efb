/*
 * door.c: the functions with which the door begins: thin shells round libc that turn errno into a
 * negative result. Nothing else in core, runtime, lib and extra calls the system.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "runtime/door/door.h"

#include "runtime/door/spawn.h"

#include <bide/core.h>

#include <errno.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#ifdef BIDE__URING
#include <liburing.h>
#endif

/* The libc functions, each under a name of its own: some libcs declare one variadic or const. */
#define X(type, name, parameters, arguments) \
    static type real_##name parameters       \
    {                                        \
        type r = name arguments;             \
        return r < 0 ? (type)-errno : r;     \
    }
BIDE__DOOR_CALLS(X)
#undef X

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED ? p : NULL;
}

/* New mappings mostly stand one after another, so when one is aligned, the next one is as well. */
static void *map_pages(void)
{
    size_t size = BIDE__DOOR_PAGES;
    char *p = map(size);
    if (p == NULL || (uintptr_t)p % size == 0)
        return p;
    munmap(p, size);
    p = map(2 * size);
    if (p == NULL)
        return NULL;
    size_t before = -(uintptr_t)p % size;
    if (before > 0)
        munmap(p, before);
    munmap(p + before + size, size - before);
    return p + before;
}

/* The heap keeps what is below a block that is still in use. But for the leak detector of
 * AddressSanitizer, what is in use must be on the heap. */
#ifdef BIDE__ASAN
enum { MAPS = 0 };
#else
enum { MAPS = 1 };
#endif

static void *real_alloc(size_t size, size_t align)
{
    void *p = NULL;
    if (MAPS && size == BIDE__DOOR_PAGES)
        return map_pages();
    if (size == BIDE__DOOR_PAGES)
        align = size;
    if (align <= _Alignof(max_align_t))
        return malloc(size);
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

static void real_free(void *p, size_t size)
{
    if (MAPS && size == BIDE__DOOR_PAGES)
        munmap(p, size);
    else
        free(p);
}

static int64_t real_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t real_date(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return t.tv_sec;
}

static int64_t real_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int real_epoll_pwait2(int ep, struct epoll_event *events, int max, int64_t timeout_ns)
{
#ifdef SYS_epoll_pwait2
    /* What the kernel reads is two 64-bit words, whatever libc's struct timespec is. */
    struct {
        int64_t s, ns;
    } timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    long r = syscall(SYS_epoll_pwait2, ep, events, max, timeout_ns < 0 ? NULL : &timeout, NULL,
                     (size_t)0);
    return r < 0 ? -errno : (int)r;
#else
    (void)ep, (void)events, (void)max, (void)timeout_ns;
    return -ENOSYS;
#endif
}

static int real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **list)
{
    int r = getaddrinfo(host, service, hints, list);
    switch (r) {
    case 0: return 0;
    case EAI_SYSTEM: return -errno;
    case EAI_MEMORY: return -ENOMEM;
    default: return r < 0 ? -r : r;
    }
}

static void real_freeaddrinfo(struct addrinfo *list)
{
    freeaddrinfo(list);
}

/* Since Linux 6.18. */
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100
#endif

/* Blocks SIGPIPE for one call. */
struct hush {
    sigset_t mask, pending;
    bool was_blocked;
};

static void hush_begin(struct hush *h)
{
    sigset_t signal;
    sigemptyset(&signal);
    sigaddset(&signal, SIGPIPE);
    sigemptyset(&h->pending);
    pthread_sigmask(SIG_BLOCK, &signal, &h->mask);
    h->was_blocked = sigismember(&h->mask, SIGPIPE);
    if (h->was_blocked)
        sigpending(&h->pending);
}

static ssize_t hush_end(const struct hush *h, ssize_t r)
{
    static const struct timespec now;
    ssize_t result = r < 0 ? -errno : r;
    sigset_t signal;
    sigemptyset(&signal);
    sigaddset(&signal, SIGPIPE);
    /* It is this thread's. One that was there before may be from somebody else. */
    if (result == -EPIPE && !sigismember(&h->pending, SIGPIPE))
        sigtimedwait(&signal, NULL, &now);
    if (!h->was_blocked)
        pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
    return result;
}

static ssize_t real_writev_quiet(int fd, const struct iovec *pieces, int count)
{
    static _Atomic bool lacks_flag;
    struct hush hush;
    if (!atomic_load_explicit(&lacks_flag, memory_order_relaxed)) {
        ssize_t r = pwritev2(fd, pieces, count, -1, RWF_NOSIGNAL);
        if (r >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
            return r < 0 ? -errno : r;
        atomic_store_explicit(&lacks_flag, true, memory_order_relaxed);
    }
    hush_begin(&hush);
    return hush_end(&hush, writev(fd, pieces, count));
}

static ssize_t real_write_quiet(int fd, const void *buffer, size_t size)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = size};
    return real_writev_quiet(fd, &piece, 1);
}

static ssize_t real_splice(int from, int to, size_t size)
{
    ssize_t r = splice(from, NULL, to, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return r < 0 ? -errno : r;
}

static ssize_t real_splice_quiet(int from, int to, size_t size)
{
    struct hush hush;
    hush_begin(&hush);
    return hush_end(&hush, splice(from, NULL, to, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

static ssize_t real_sendfile_quiet(int to, int from, off_t offset, size_t size)
{
    struct hush hush;
    hush_begin(&hush);
    return hush_end(&hush, sendfile(to, from, &offset, size));
}

/* Since Linux 5.12. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

static int open_how(int folder, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = resolve};
    long r = syscall(SYS_openat2, folder, path, &how, sizeof(how));
    /* A kernel that does not know a bit refuses it; so it may any of the others, too. */
    return r >= 0 ? (int)r : errno == EINVAL ? -ENOSYS : -errno;
}

static int real_open_cached(int folder, const char *path, int flags)
{
    return open_how(folder, path, flags, RESOLVE_CACHED);
}

static int real_open_beneath(int folder, const char *path, int flags, bool cached)
{
    uint64_t beneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return open_how(folder, path, flags, cached ? beneath | RESOLVE_CACHED : beneath);
}

static int real_realpath(const char *path, char *out)
{
    return realpath(path, out) != NULL ? 0 : -errno;
}

static int real_posix_spawn(const struct bide__spawn *spawn)
{
    return bide__posix_spawn(spawn);
}

/* Since Linux 5.3 and 5.1; libc has them later. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static int real_pidfd_open(pid_t process, unsigned flags)
{
    long r = syscall(SYS_pidfd_open, process, flags);
    return r < 0 ? -errno : (int)r;
}

static int real_pidfd_send_signal(int pidfd, int signo)
{
    long r = syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
    return r < 0 ? -errno : (int)r;
}

static int real_if_nametoindex(const char *name)
{
    unsigned r = if_nametoindex(name);
    return r == 0 ? -errno : (int)r;
}

static int real_if_indextoname(unsigned index, char *name)
{
    return if_indextoname(index, name) == NULL ? -errno : 0;
}

static int real_thread_create(pthread_t *thread, size_t stack, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    int r = pthread_attr_init(&attributes);
    if (r != 0)
        return -r;
    if (stack > 0)
        r = pthread_attr_setstacksize(&attributes, stack);

    /* A thread inherits the mask; signals are for the program's own threads. */
    sigset_t all, before;
    sigfillset(&all);
    if (r == 0)
        r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r == 0) {
        r = pthread_create(thread, &attributes, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return -r;
}

static int real_thread_join(pthread_t thread)
{
    return -pthread_join(thread, NULL);
}

static int real_thread_detach(pthread_t thread)
{
    return -pthread_detach(thread);
}

static int real_thread_name(const char *name)
{
    return -pthread_setname_np(pthread_self(), name);
}

/* The condition must have been made for CLOCK_MONOTONIC. */
static int real_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ns)
{
    if (timeout_ns < 0)
        return -pthread_cond_wait(cond, mutex);
    int64_t until = real_clock();
    until = timeout_ns > INT64_MAX - until ? INT64_MAX : until + timeout_ns;
    struct timespec t = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
    return -pthread_cond_timedwait(cond, mutex, &t);
}

static int real_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    struct timespec t = {(time_t)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000)};
    long r = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &t);
    return r < 0 ? -errno : 0;
}

static int real_futex_wake(_Atomic uint32_t *word, int count)
{
    long r = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
    return r < 0 ? -errno : (int)r;
}

/* ---- liburing ---- */

#ifdef BIDE__URING
#define X(type, name, parameters, arguments) \
    static type real_##name parameters       \
    {                                        \
        return name arguments;               \
    }
BIDE__DOOR_URING(X)
#undef X

/* liburing unmaps a ring in a way that ThreadSanitizer does not see. So it is told to forget what
 * it has noted of the ring, or it would report a race with the next one at that address. */
#if defined __SANITIZE_THREAD__ && !defined BIDE__EXPLORE
#define FORGETS 1
#elif defined __has_feature && !defined BIDE__EXPLORE
#if __has_feature(thread_sanitizer)
#define FORGETS 1
#endif
#endif

#ifdef FORGETS
void __tsan_java_alloc(unsigned long at, unsigned long size);
void __tsan_java_free(unsigned long at, unsigned long size);

static void forget(void *memory, size_t size)
{
    unsigned long at = (unsigned long)memory, rounded = (size + 7) & ~7ul;
    __tsan_java_free(at, rounded); /* what others synchronized on; needs no heap to be declared */
    __tsan_java_alloc(at, rounded);
    __tsan_java_free(at, rounded);
}

static void forget_ring(struct io_uring *ring)
{
    forget(ring->sq.sqes, ring->sq.ring_entries * sizeof(*ring->sq.sqes));
    forget(ring->sq.ring_ptr, ring->sq.ring_sz);
    if (ring->cq.ring_ptr != ring->sq.ring_ptr)
        forget(ring->cq.ring_ptr, ring->cq.ring_sz);
}
#else
static void forget_ring(struct io_uring *ring)
{
    (void)ring;
}
#endif

static void real_io_uring_queue_exit(struct io_uring *ring)
{
    forget_ring(ring);
    io_uring_queue_exit(ring);
}
#else
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define X(type, name, parameters, arguments) \
    static type real_##name parameters       \
    {                                        \
        return -ENOSYS;                      \
    }
BIDE__DOOR_URING(X)
#undef X
#pragma GCC diagnostic pop

static void real_io_uring_queue_exit(struct io_uring *ring)
{
    (void)ring;
}
#endif

#define X(type, name, parameters, arguments) .name = real_##name,
const struct bide__door bide__door_real = {BIDE__DOOR(X)};
struct bide__door bide__door = {BIDE__DOOR(X)};
#undef X

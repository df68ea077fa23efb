/*
 * door.h: the one door to the world.
 *
 * Every system call, allocation, clock reading and random number of core, runtime, lib and extra is
 * a call through bide__door, a table of named functions. bide/testing.h replaces any of them by
 * name, counts them and makes the n-th call fail; virtual time is a replaced clock.
 *
 * Errors are results: a negative errno, or NULL for an allocation. errno is never read by a caller.
 * In the normal case a call costs one indirect call and nothing is counted.
 *
 * To add a system call, add a line to BIDE__DOOR_CALLS: X(type, name, (parameters), (arguments)).
 * It becomes the libc function of that name, with its error taken from errno. Other calls are in
 * the lists below it, and all but liburing's are written by hand in door.c; the calls of the last
 * list are in testing.c, too.
 *
 * Requires libc. Only bide/testing.h writes the table, once, while nothing else runs.
 */
#ifndef BIDE_DOOR_H
#define BIDE_DOOR_H

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct bide__spawn; /* spawn.h */
struct iovec;
struct statx;
struct mmsghdr; /* some who include this have not asked for GNU's declarations */
struct io_uring;
struct io_uring_params;
struct io_uring_probe;
struct io_uring_cqe;
struct io_uring_buf_reg;
struct __kernel_timespec;

#define BIDE__DOOR_CALLS(X)                                                                        \
    X(int, epoll_create1, (int flags), (flags))                                                    \
    X(int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *event), (ep, op, fd, event))    \
    X(int, epoll_wait, (int ep, struct epoll_event *events, int max, int timeout_ms),              \
      (ep, events, max, timeout_ms))                                                               \
    X(int, eventfd, (unsigned initial, int flags), (initial, flags))                               \
    X(int, timerfd_create, (int clock, int flags), (clock, flags))                                 \
    X(int, timerfd_settime,                                                                        \
      (int fd, int flags, const struct itimerspec *value, struct itimerspec *old),                 \
      (fd, flags, value, old))                                                                     \
    X(int, sigaction, (int signo, const struct sigaction *action, struct sigaction *old),          \
      (signo, action, old))                                                                        \
    X(int, raise, (int signo), (signo))                                                            \
    X(int, kill, (pid_t process, int signo), (process, signo))                                     \
    X(int, waitid, (int type, id_t id, siginfo_t *info, int options), (type, id, info, options))   \
    X(pid_t, gettid, (void), ())                                                                   \
    X(pid_t, getpid, (void), ())                                                                   \
    X(int, sched_yield, (void), ())                                                                \
    X(int, sched_getaffinity, (pid_t thread, size_t size, cpu_set_t * cores),                      \
      (thread, size, cores))                                                                       \
    X(int, sched_setaffinity, (pid_t thread, size_t size, const cpu_set_t *cores),                 \
      (thread, size, cores))                                                                       \
    X(int, timer_create, (clockid_t clock, struct sigevent * event, timer_t * timer),              \
      (clock, event, timer))                                                                       \
    X(int, timer_settime,                                                                          \
      (timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old),          \
      (timer, flags, value, old))                                                                  \
    X(int, timer_delete, (timer_t timer), (timer))                                                 \
    X(int, socket, (int domain, int type, int protocol), (domain, type, protocol))                 \
    X(int, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))    \
    X(int, listen, (int fd, int backlog), (fd, backlog))                                           \
    X(int, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),                \
      (fd, address, size, flags))                                                                  \
    X(int, connect, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size)) \
    X(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t size),         \
      (fd, level, option, value, size))                                                            \
    X(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *size),              \
      (fd, level, option, value, size))                                                            \
    X(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size), (fd, address, size))  \
    X(int, getpeername, (int fd, struct sockaddr *address, socklen_t *size), (fd, address, size))  \
    X(int, shutdown, (int fd, int how), (fd, how))                                                 \
    X(ssize_t, read, (int fd, void *buffer, size_t size), (fd, buffer, size))                      \
    X(ssize_t, write, (int fd, const void *buffer, size_t size), (fd, buffer, size))               \
    X(ssize_t, readv, (int fd, const struct iovec *pieces, int count), (fd, pieces, count))        \
    X(ssize_t, writev, (int fd, const struct iovec *pieces, int count), (fd, pieces, count))       \
    X(ssize_t, recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))    \
    X(ssize_t, send, (int fd, const void *buffer, size_t size, int flags),                         \
      (fd, buffer, size, flags))                                                                   \
    X(ssize_t, recvfrom,                                                                           \
      (int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *from_size), \
      (fd, buffer, size, flags, from, from_size))                                                  \
    X(ssize_t, sendto,                                                                             \
      (int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,              \
       socklen_t to_size),                                                                         \
      (fd, buffer, size, flags, to, to_size))                                                      \
    X(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))         \
    X(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))   \
    X(int, recvmmsg,                                                                               \
      (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),     \
      (fd, messages, count, flags, timeout))                                                       \
    X(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),                \
      (fd, messages, count, flags))                                                                \
    X(int, socketpair, (int domain, int type, int protocol, int *fds),                             \
      (domain, type, protocol, fds))                                                               \
    X(int, pipe2, (int *fds, int flags), (fds, flags))                                             \
    X(int, open, (const char *path, int flags), (path, flags))                                     \
    X(int, openat, (int folder, const char *path, int flags, mode_t mode),                         \
      (folder, path, flags, mode))                                                                 \
    X(ssize_t, preadv2, (int fd, const struct iovec *pieces, int count, off_t offset, int flags),  \
      (fd, pieces, count, offset, flags))                                                          \
    X(ssize_t, pwritev2, (int fd, const struct iovec *pieces, int count, off_t offset, int flags), \
      (fd, pieces, count, offset, flags))                                                          \
    X(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence))                      \
    X(int, fsync, (int fd), (fd))                                                                  \
    X(int, fdatasync, (int fd), (fd))                                                              \
    X(int, ftruncate, (int fd, off_t size), (fd, size))                                            \
    X(int, flock, (int fd, int operation), (fd, operation))                                        \
    X(int, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group))                         \
    X(int, fstatat, (int folder, const char *path, struct stat *status, int flags),                \
      (folder, path, status, flags))                                                               \
    X(int, statx, (int folder, const char *path, int flags, unsigned mask, struct statx *status),  \
      (folder, path, flags, mask, status))                                                         \
    X(int, renameat, (int from_folder, const char *from, int to_folder, const char *to),           \
      (from_folder, from, to_folder, to))                                                          \
    X(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))             \
    X(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))             \
    X(int, link, (const char *target, const char *path), (target, path))                           \
    X(int, symlink, (const char *target, const char *path), (target, path))                        \
    X(ssize_t, readlink, (const char *path, char *buffer, size_t size), (path, buffer, size))      \
    X(ssize_t, copy_file_range,                                                                    \
      (int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags),       \
      (from, from_offset, to, to_offset, size, flags))                                             \
    X(ssize_t, getdents64, (int fd, void *buffer, size_t size), (fd, buffer, size))                \
    X(int, inotify_init1, (int flags), (flags))                                                    \
    X(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask))         \
    X(int, inotify_rm_watch, (int fd, int id), (fd, id))                                           \
    X(int, close, (int fd), (fd))                                                                  \
    X(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument))        \
    X(int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), (fds, count, timeout_ms))    \
    X(int, fcntl, (int fd, int command, long argument), (fd, command, argument))                   \
    X(int, fstat, (int fd, struct stat *status), (fd, status))                                     \
    X(int, stat, (const char *path, struct stat *status), (path, status))                          \
    X(int, lstat, (const char *path, struct stat *status), (path, status))                         \
    X(int, access, (const char *path, int mode), (path, mode))                                     \
    X(int, chmod, (const char *path, mode_t mode), (path, mode))                                   \
    X(int, fchmod, (int fd, mode_t mode), (fd, mode))                                              \
    X(int, unlink, (const char *path), (path))                                                     \
    X(ssize_t, process_vm_readv,                                                                   \
      (pid_t process, const struct iovec *to, unsigned long to_count, const struct iovec *from,    \
       unsigned long from_count, unsigned long flags),                                             \
      (process, to, to_count, from, from_count, flags))                                            \
    X(ssize_t, getrandom, (void *buffer, size_t size, unsigned flags), (buffer, size, flags))

/*
 * Results as above, written by hand.
 * epoll_pwait2: timeout_ns < 0 waits for ever; -ENOSYS if the kernel does not have it.
 * getaddrinfo: 0, a negative errno, or libc's EAI_ code made positive.
 * if_nametoindex: 1 or more, or -ENODEV and others. if_indextoname: 0, and a name of at most 15
 * bytes; it has room for 16.
 * write_quiet, writev_quiet: write(2) and writev(2) that raise no SIGPIPE.
 * splice, splice_quiet: splice(2) without offsets, which does not wait for the pipe; the second one
 * raises no SIGPIPE.
 * sendfile_quiet: sendfile(2) from an offset, which raises no SIGPIPE.
 * open_cached: openat(2), which is closed on exec, if all that it takes is in the memory of the
 * kernel; otherwise -EAGAIN. -ENOSYS if the kernel does not have it (5.12).
 * open_beneath: the same, or, if `cached` is false, whatever it takes; but nothing on the way leads
 * out of the folder, nor through a magic link of /proc: -EXDEV, -ELOOP. -ENOSYS: since 5.6.
 * realpath: `out` has room for PATH_MAX bytes.
 * posix_spawn: what `spawn` says, with posix_spawn(3); the id of the child.
 * thread_create: `stack` bytes of stack, 0: the system's default; the thread has all signals
 * blocked.
 * thread_name: of the calling thread; at most 15 bytes.
 * cond_wait: timeout_ns < 0 waits for ever; 0 or -ETIMEDOUT. Real time, even if the clock is
 * virtual.
 * futex_wait: sleeps while *word is `expected`, in this process; may return at any time, and with
 * -ETIMEDOUT when the time, as in cond_wait, is over. futex_wake: wakes up to `count` of those that
 * sleep; the word may be gone.
 */
#define BIDE__DOOR_OTHERS(X)                                                                       \
    X(int, epoll_pwait2, (int ep, struct epoll_event *events, int max, int64_t timeout_ns),        \
      (ep, events, max, timeout_ns))                                                               \
    X(int, getaddrinfo,                                                                            \
      (const char *host, const char *service, const struct addrinfo *hints,                        \
       struct addrinfo **list),                                                                    \
      (host, service, hints, list))                                                                \
    X(ssize_t, write_quiet, (int fd, const void *buffer, size_t size), (fd, buffer, size))         \
    X(ssize_t, writev_quiet, (int fd, const struct iovec *pieces, int count), (fd, pieces, count)) \
    X(ssize_t, splice, (int from, int to, size_t size), (from, to, size))                          \
    X(ssize_t, splice_quiet, (int from, int to, size_t size), (from, to, size))                    \
    X(ssize_t, sendfile_quiet, (int to, int from, off_t offset, size_t size),                      \
      (to, from, offset, size))                                                                    \
    X(int, open_cached, (int folder, const char *path, int flags), (folder, path, flags))          \
    X(int, open_beneath, (int folder, const char *path, int flags, bool cached),                   \
      (folder, path, flags, cached))                                                               \
    X(int, realpath, (const char *path, char *out), (path, out))                                   \
    X(int, posix_spawn, (const struct bide__spawn *spawn), (spawn))                                \
    X(int, pidfd_open, (pid_t process, unsigned flags), (process, flags))                          \
    X(int, pidfd_send_signal, (int pidfd, int signo), (pidfd, signo))                              \
    X(int, if_nametoindex, (const char *name), (name))                                             \
    X(int, if_indextoname, (unsigned index, char *name), (index, name))                            \
    X(int, thread_create,                                                                          \
      (pthread_t * thread, size_t stack, void *(*run)(void *), void *argument),                    \
      (thread, stack, run, argument))                                                              \
    X(int, thread_join, (pthread_t thread), (thread))                                              \
    X(int, thread_detach, (pthread_t thread), (thread))                                            \
    X(int, thread_name, (const char *name), (name))                                                \
    X(int, cond_wait, (pthread_cond_t * cond, pthread_mutex_t * mutex, int64_t timeout_ns),        \
      (cond, mutex, timeout_ns))                                                                   \
    X(int, futex_wait, (_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns),            \
      (word, expected, timeout_ns))                                                                \
    X(int, futex_wake, (_Atomic uint32_t *word, int count), (word, count))

/* Of liburing, whose functions return negative errnos too; -ENOSYS if bide was built without it. */
#define BIDE__DOOR_URING(X)                                                                        \
    X(int, io_uring_queue_init_params,                                                             \
      (unsigned entries, struct io_uring *ring, struct io_uring_params *params),                   \
      (entries, ring, params))                                                                     \
    X(int, io_uring_register,                                                                      \
      (unsigned fd, unsigned opcode, const void *argument, unsigned count),                        \
      (fd, opcode, argument, count))                                                               \
    X(int, io_uring_register_probe,                                                                \
      (struct io_uring * ring, struct io_uring_probe * probe, unsigned count),                     \
      (ring, probe, count))                                                                        \
    X(int, io_uring_register_buf_ring,                                                             \
      (struct io_uring * ring, struct io_uring_buf_reg * reg, unsigned flags), (ring, reg, flags)) \
    X(int, io_uring_submit, (struct io_uring * ring), (ring))                                      \
    X(int, io_uring_submit_and_get_events, (struct io_uring * ring), (ring))                       \
    X(int, io_uring_submit_and_wait_timeout,                                                       \
      (struct io_uring * ring, struct io_uring_cqe * *cqe, unsigned count,                         \
       struct __kernel_timespec *timeout, sigset_t *mask),                                         \
      (ring, cqe, count, timeout, mask))

/*
 * No error in the result.
 * alloc: size > 0; align is 0 (enough for any type) or a power of two. NULL: no memory. What has
 * exactly BIDE__DOOR_PAGES bytes is pages of its own, aligned to their size, which free gives back
 * to the system.
 * free: what alloc returned, not NULL, with the size that was asked for; 0: nobody knows it, but it
 * was not BIDE__DOOR_PAGES.
 * clock: monotonic nanoseconds.
 * date: whole seconds since 1970, as the system's clock has them, to some milliseconds.
 * wall: nanoseconds since 1970.
 */
#define BIDE__DOOR_PLAIN(X)                                        \
    X(void *, alloc, (size_t size, size_t align), (size, align))   \
    X(void, free, (void *p, size_t size), (p, size))               \
    X(int64_t, clock, (void), ())                                  \
    X(void, freeaddrinfo, (struct addrinfo * list), (list))        \
    X(void, io_uring_queue_exit, (struct io_uring * ring), (ring)) \
    X(int64_t, date, (void), ())                                   \
    X(int64_t, wall, (void), ())

#define BIDE__DOOR(X) \
    BIDE__DOOR_CALLS(X) BIDE__DOOR_OTHERS(X) BIDE__DOOR_URING(X) BIDE__DOOR_PLAIN(X)

enum { BIDE__DOOR_PAGES = 65536 };

struct bide__door {
#define X(type, name, parameters, arguments) type(*name) parameters;
    BIDE__DOOR(X)
#undef X
};

extern struct bide__door bide__door;

/* The functions with which the table begins. */
extern const struct bide__door bide__door_real;

/* ---- virtual time, testing.c ---- */

/* True if the clock stands still and the scheduler advances it when everything is idle. */
bool bide__time_is_virtual(void);
void bide__time_set(int64_t now_ns);

/* ---- recv(2), testing.c ---- */

/* recv is counted, or made to fail, but it is the system's. */
bool bide__recv_is_watched(void);

/* It is the system's. A test may put a function in its place that reads less than there is; then a
 * short read does not mean that nothing is left. */
static inline bool bide__recv_is_real(void)
{
    return __builtin_expect(bide__door.recv == bide__door_real.recv, 1) || bide__recv_is_watched();
}

#endif

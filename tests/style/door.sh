# Core, runtime, lib and extra make no system call, allocation, clock or random read of their own:
# all go through runtime/door. A call is a whole name before a parenthesis, but not a member;
# comments and strings do not count. lib/test/process.c, with child.h, makes processes for a user's
# tests, and is in no program that is tested.
set -eu
cd "$SRC"
calls="malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|aligned_alloc"
calls="$calls|posix_memalign|mmap|munmap|mremap|getline|fopen|open_memstream"
calls="$calls|clock_gettime|clock_getres|clock_nanosleep|gettimeofday|time|nanosleep|usleep|sleep"
calls="$calls|read|write|readv|writev|pread|pwrite|recv|send|recvfrom|sendto|recvmsg|sendmsg"
calls="$calls|accept|accept4|socket|socketpair|bind|listen|connect|shutdown|setsockopt|getsockopt"
calls="$calls|getsockname|getpeername|getaddrinfo|freeaddrinfo|open|openat|close|fcntl|ioctl|dup"
calls="$calls|dup2|dup3|pipe|pipe2|poll|ppoll|select|pselect|epoll_create1|epoll_ctl|epoll_wait"
calls="$calls|epoll_pwait|eventfd|signalfd|timerfd_create|timerfd_settime|inotify_init1|syscall"
calls="$calls|sigaction|signal|kill|fork|vfork|waitpid|waitid|posix_spawn|posix_spawnp|execve"
calls="$calls|access|getrandom|getentropy"
calls="$calls|recvmmsg|sendmmsg|stat|lstat|fstat|chmod|fchmod|unlink|mkfifo|pwritev2"
calls="$calls|preadv2|lseek|fsync|fdatasync|ftruncate|flock|fchown|fstatat|statx|renameat|rename"
calls="$calls|unlinkat|rmdir|mkdirat|mkdir|link|symlink|readlink|copy_file_range|getdents64"
calls="$calls|inotify_add_watch|inotify_rm_watch|realpath|opendir|fdopendir|readdir|openat2"
calls="$calls|rand|random|pthread_create|if_nametoindex|if_indextoname"

find core runtime lib extra -name '*.[ch]' ! -path 'runtime/door/*' \
    ! -path lib/test/process.c ! -path lib/test/child.h >"$WORK/files"
tr '\n' '\0' <"$WORK/files" | xargs -0 awk '
    FNR == 1 { comment = 0 }
    {
        line = $0
        gsub(/\\./, "", line)
        gsub(/"[^"]*"/, "\"\"", line)
        if (comment) {
            if (!match(line, /\*\//)) next
            line = substr(line, RSTART + 2)
            comment = 0
        }
        while (match(line, /\/\*/)) {
            head = substr(line, 1, RSTART - 1)
            tail = substr(line, RSTART + 2)
            if (!match(tail, /\*\//)) { line = head; comment = 1; break }
            line = head " " substr(tail, RSTART + 2)
        }
        if (line !~ /^[ \t]*#/) print FILENAME ":" FNR ":" line
    }' >"$WORK/code"
[ -s "$WORK/code" ] || fail "found no code"
grep -E "^[^:]*:[0-9]+:(.*[^A-Za-z0-9_.>])?($calls) *\(" "$WORK/code" >"$WORK/bad" || true
if [ -s "$WORK/bad" ]; then
    cat "$WORK/bad" >&2
    fail "these go past the door"
fi

# Which driver a runtime gets: by default, as BIDE_IO and the options ask, and what is said if that
# cannot be had. The line "drivers: ..." is what ./x test shows.
set -eu
cd "$WORK"
cat >io.c <<'END'
#include <bide/bide.h>
#include <bide/runtime.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* io FLAVOUR DRIVER: numbers of bide_flavour and bide_io. Prints the driver, or the error. */
int main(int argc, char **argv)
{
    bide_runtime_options options = {.flavour = (bide_flavour)atoi(argv[1]),
                                    .io = (bide_io)atoi(argv[argc - 1]),
                                    .workers = argv[1][0] == '0' ? 1 : 2};
    bide_runtime *rt;
    int r = bide_runtime_new(&options, &rt);
    if (r < 0) {
        puts(r == -EINVAL ? "EINVAL" : r == -EOPNOTSUPP ? "EOPNOTSUPP" : strerror(-r));
        return 0;
    }
    puts(bide_runtime_io(rt) == BIDE_IO_URING ? "io_uring" : "epoll");
    bide_runtime_enter(rt);
    if (bide_block_on(bide_sleep(BIDE_MS(1))) != 0)
        return 1;
    return bide_runtime_shutdown(rt, BIDE_S(10)) < 0 || bide_runtime_free(rt) < 0;
}
END
"$BIDE" cc "$CC" -o io io.c

# is WANTED ARGUMENTS...: what the program prints, on both outputs together.
is()
{
    wanted=$1
    shift
    got=$(./io "$@" 2>&1) || fail "io $* ends with $?: $got"
    case $got in
    $wanted) ;;
    *) fail "io $*, BIDE_IO=${BIDE_IO-}, BIDE_URING_MASK=${BIDE_URING_MASK-}: $got" ;;
    esac
}

unset BIDE_IO BIDE_URING_MASK
for flavour in 0 1 2; do
    is epoll $flavour 1
    BIDE_IO=epoll is epoll $flavour 0
    BIDE_IO=uring is epoll $flavour 1 # the program has chosen
    BIDE_IO=io_uring is 'bide: BIDE_IO=io_uring: not uring or epoll
EINVAL' $flavour 0
    is EINVAL $flavour 3
    BIDE_URING_MASK=poll is epoll $flavour 0
    BIDE_URING_MASK=poll BIDE_IO=uring is 'bide: io_uring is asked for and cannot be had: *
EOPNOTSUPP' $flavour 0
    BIDE_URING_MASK=poll is '*
EOPNOTSUPP' $flavour 2
    BIDE_URING_MASK=poll is epoll $flavour 1
done
for flavour in 0 1 2; do
    is epoll $flavour 0
    BIDE_IO='' is epoll $flavour 0
done

if [ "$(BIDE_IO=uring ./io 0 0 2>refused)" != io_uring ]; then
    echo "drivers: epoll ($(sed 's/^bide: //' refused))"
    exit
fi
echo "drivers: io_uring and epoll"
BIDE_IO=epoll is io_uring 0 2

# A ring that one thread keeps is the default of async int main, and of its cores.
for flavour in current_thread thread_per_core multi_thread; do
    {
        echo '#include <bide/bide.h>'
        echo '#include <bide/runtime.h>'
        echo '#include <stdio.h>'
        echo "bide_runtime($flavour);"
        cat <<'END'
static async int driver(void)
{
    return bide_runtime_io(bide_runtime_current());
}
async int main(void)
{
    int last = await driver();
#ifdef CORES
    bide_task(int) task = bide_spawn_at(1, driver());
    await bide_task_join(task, &last);
#endif
    puts(bide_runtime_io(bide_runtime_current()) != (bide_io)last ? "both"
         : last == BIDE_IO_URING                                  ? "io_uring"
                                                                  : "epoll");
    return 0;
}
END
    } >main.c
    cores=
    wanted=io_uring
    case $flavour in
    thread_per_core) cores=-DCORES ;;
    multi_thread) wanted=epoll ;;
    esac
    "$BIDE" cc "$CC" $cores -o main main.c
    got=$(BIDE_WORKERS=2 ./main) && [ "$got" = $wanted ] || fail "$flavour: $got"
    got=$(BIDE_WORKERS=2 BIDE_IO=epoll ./main) && [ "$got" = epoll ] || fail "$flavour: $got"
    got=$(BIDE_WORKERS=2 BIDE_URING_MASK=poll ./main) && [ "$got" = epoll ] || fail "$flavour: $got"
done
for flavour in 0 1 2; do
    BIDE_IO=uring is io_uring $flavour 0
    is io_uring $flavour 2
done
BIDE_URING_MASK=reads is 'bide: BIDE_URING_MASK=reads: not a list*
EINVAL' 0 2
BIDE_URING_MASK=receive,accept,send,defer_taskrun,coop_taskrun,cqe_skip is io_uring 2 2

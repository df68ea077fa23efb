# A program whose main waits for a thread that bide does not know is not called stuck, although the
# thread of a console, which can wake nobody, comes and goes beside it.
set -eu

unset BIDE_CONSOLE
cat >woken.c <<'END'
#include <bide/bide.h>
#include <bide/console.h>

#include <pthread.h>

static bide_notify go_on = BIDE_NOTIFY_INIT;

/* As long as a program must be quiet to be looked at, and longer. */
static void *wakes_at_times(void *unused)
{
    for (int i = 0; i < 8; i++) {
        bide_instant begin = bide_now();
        while (bide_elapsed(begin).ns < BIDE_MS(150).ns) {
            if (bide_console_begin("woken.socket") < 0)
                return unused;
            bide_console_end();
        }
        bide_notify_one(&go_on);
    }
    return unused;
}

async int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wakes_at_times, NULL) != 0)
        return -1;
    for (int i = 0; i < 8; i++) {
        int r = await bide_notify_wait(&go_on);
        if (r < 0)
            return r;
    }
    pthread_join(thread, NULL);
    return 0;
}
END
# shellcheck disable=SC2086
"$BIDE" cc "$CC" ${CFLAGS-} woken.c -L"$BUILD/lib" -lbide -Wl,-rpath,"$BUILD/lib" -o woken \
    >said 2>&1 || fail "woken.c does not compile: $(cat said)"
./woken >out 2>&1 || fail "exit status $?: $(cat out)"
[ ! -s out ] || fail "$(cat out)"

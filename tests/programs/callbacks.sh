# callbacks: the flow in callback style and the one as futures do the same, on one thread, on
# workers and on cores; and whoever stops waiting leaves nothing behind, whether the callback has
# come before or comes later.

cp -r "$SRC/examples/callbacks" flow
for flavour in current_thread multi_thread thread_per_core; do
    sed "s/^async int main/bide_runtime($flavour);\n&/" "$SRC/examples/callbacks/main.c" \
        >flow/main.c
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" $CFLAGS -Wall -Wextra flow/*.c -o program >messages 2>&1 ||
        fail "$flavour: $(cat messages)"
    [ ! -s messages ] || fail "$flavour: $(cat messages)"
    BIDE_WORKERS=2 ./program >out || fail "$flavour: exit status $?: $(cat out)"
    diff "$SRC/tests/programs/callbacks.out" out || fail "$flavour prints something else"
done

# The two parts print the same, but for the host that only the second one asks.
sed -n '/^with callbacks/,/^with futures/s/^  //p' out >first
sed -n '/^with futures/,$s/^  //p' out | grep -v '^sphinx' | diff first - ||
    fail "the two ways differ"

# The call is stopped after 0 to 20 ms, which is before, between and after its callbacks. What it
# has connected is closed, as AddressSanitizer sees, and the library has no open question.
rm flow/main.c
cat >flow/stopped.c <<'C'
#include <bide/bide.h>
#include "ask.h"
#include "courier.h"
#include <errno.h>

async int main(void)
{
    int answered = 0, stopped = 0;
    for (int us = 0; us < 20000 || answered == 0; us += 500) {
        char answer[ANSWER_SIZE];
        int rc = 0;
        int in_time = await bide_timeout(BIDE_US(us), rc = ask_with_futures("oracle", "?", answer));
        if (in_time < 0)
            stopped++;
        else if (rc == 0)
            answered++;
        else
            return rc;
    }
    courier_end();
    return answered > 0 && stopped > 0 ? 0 : -ENODATA;
}
C
# shellcheck disable=SC2086
"$BIDE" cc "$CC" $CFLAGS flow/*.c -o stopped || fail "stopped.c"
./stopped >out 2>&1 || fail "stopped: exit status $?: $(cat out)"

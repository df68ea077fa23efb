# A future that is dropped without ever being polled is reported with the line that made it; not if
# the drop is written, the owner is unwound, or the file is compiled with NDEBUG.
set -eu

cat >unpolled.c <<'END'
#include <bide/bide.h>
#include <errno.h>

static async int work(int n)
{
    await bide_yield();
    return n;
}

static async int owner(bide_future(int) f)
{
    return await bide_get(f);
}

static async int end_of_scope(void)
{
    bide_future(int) f = bide_lazy(work(1)); /* reported */
    return f != NULL;
}

static async int assigned(void)
{
    bide_future(int) f = bide_lazy(work(2)); /* reported */
    f = bide_lazy(work(3));
    return await bide_get(f);
}

static async int of_an_array(void)
{
    bide_future(int) f[2] = {bide_lazy(work(4)), /* reported */
                             bide_lazy(work(5))};
    return await bide_get(f[1]);
}

static int plain(void)
{
    bide_future(int) f = bide_lazy(work(6)); /* reported */
    bide_future(int) g = bide_lazy(work(7));
    bide_drop(g);
    return f != NULL;
}

static async int with_an_argument(void)
{
    bide_future(int) inner = bide_lazy(work(8));
    bide_future(int) outer = bide_lazy(owner(bide_move(inner))); /* reported; not the inner one */
    return outer != NULL;
}

static async int lost_race(void)
{
    bide_future(int) f = bide_lazy(work(9)); /* reported: the select never came to it */
    int n = 0;
    return await bide_select_biased(n = bide_sleep(BIDE_S(-1)), n = bide_get(f));
}

static async int meant(void)
{
    bide_future(int) inner = bide_lazy(work(10)), begun = bide_lazy(work(11));
    bide_future(int) outer = bide_lazy(owner(bide_move(inner)));
    bide_drop(outer);
    (void)await bide_timeout(BIDE_NS(0), bide_get(begun));
    return 0;
}

static async int cancelled(void)
{
    bide_future(int) f = bide_lazy(work(12));
    await bide_sleep(BIDE_S(3600));
    return await bide_get(f);
}

static async int unset(void)
{
    bide_future_set(int) set;
    int rc = bide_future_set_new(0, &set);
    if (rc < 0)
        return rc;
    bide_future(int) f = bide_lazy(work(13));
    bide_future_set_add(set, owner(bide_move(f)));
    await bide_future_set_close(set);
    return 0;
}

async int main(void)
{
    await end_of_scope();
    await assigned();
    await of_an_array();
    plain();
    await with_an_argument();
    await lost_race();
    await meant();
    await unset();
    if (await bide_timeout(BIDE_MS(1), cancelled()) != -ETIMEDOUT)
        return 1;
    bide_spawn(cancelled());
    await bide_yield();
    return 0;
}
END

grep -n '/\* reported' unpolled.c | cut -d : -f 1 | sort -n >expected
for runtime in current_thread multi_thread; do
    sed "s/^async int main/bide_runtime($runtime);\n&/" unpolled.c >one.c
    "$BIDE" run -w one.c 2>log || fail "exit status $?: $(cat log)"
    sed -n 's/^bide: one.c:\([0-9]*\): the future of .* write bide_drop$/\1/p' log | sort -n >got
    diff expected got || fail "$runtime: other lines are reported: $(cat log)"
    [ "$(wc -l <log)" = "$(wc -l <expected)" ] || fail "more is said: $(cat log)"
done

"$BIDE" run -w -DNDEBUG unpolled.c 2>log || fail "exit status $?: $(cat log)"
[ ! -s log ] || fail "with NDEBUG: $(cat log)"

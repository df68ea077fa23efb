# The plain reading: any compiler reads an async file as ordinary C, given only the include path.
set -eu

alone='spawn|spawn_blocking|task_[a-z]*|move|lazy|get|drop|blocking|(try_)?scope|scope_[a-z]*'
several='join|try_join|select|select_biased|timeout'
forms="bide_($alone|$several)\\(|^[^/*]*defer *\\{"
message='compile this file with bide cc'
compilers=
for compiler in gcc clang; do
    ! command -v $compiler >/dev/null || compilers="$compilers $compiler"
done
[ -n "$compilers" ] || skip "neither gcc nor clang"
ln -s "$BUILD/include" include
include="-I include"
count=0

for file in "$SRC"/examples/*.c "$SRC"/examples/*/*.c; do
    [ -e "$file" ] || continue
    # What the foreign library needs that its first lines name.
    module=$(sed -n '1,20s/.*pkg-config --cflags --libs \([^)]*\)).*/\1/p' "$file")
    include="-I include"
    [ -z "$module" ] || include="$include $(pkg-config --cflags "$module" 2>/dev/null)" || continue
    for compiler in $compilers; do
        if ! $compiler -fsyntax-only -Wall -Wextra $include "$file" >out 2>&1 || [ -s out ]; then
            fail "$compiler -fsyntax-only $file:
$(cat out)"
        fi
        if grep -Eq "$forms" "$file"; then
            if $compiler -c $include "$file" -o object.o >out 2>&1; then
                # It may leave out static functions that only bide_ref names; then nothing links.
                nm -u object.o | grep -q ref_compile_this_file_with_bide_cc ||
                    fail "$compiler compiled $file"
                continue
            fi
            grep -q "$message" out || fail "$compiler -c $file does not say '$message':
$(cat out)"
        fi
    done
    count=$((count + 1))
done

# With only async and await it is the same program, but it blocks.
cat >bare.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

async int add(int a, int b)
{
    return a + b;
}

static async void show(int n)
{
    for (int i = 0; i < n; i++)
        printf("%d\n", await add(i, i));
}

async int main(void)
{
    await show(3);
    return (await add(1, 2)) - 3;
}
END
# Every form once: the types are checked, a wrong type is an error, and it does not compile.
cat >forms.c <<'END'
#include <bide/bide.h>

async int work(int n)
{
    defer { n--; }
    return n;
}

bide_runtime(multi_thread);
extern struct bide_runtime *runtime;

static const bide_async_fn(int, int) table[] = {bide_ref(work)};

async bide_cancel_returns int marked(int n)
{
    return await work(n);
}

async int main(void)
{
    int a = 0, b = await marked(1);
    bide_async_fn(int, int) ref = bide_ref(work);
    a += await (*ref)(1) + await (*table[0])(2);
    bide_task(int) h = bide_spawn(work(1));
    bide_task(int) block = bide_spawn(async ({ await work(2); }));
    bide_task(int) on = bide_spawn_on(runtime, work(1)), at = bide_spawn_at(1, work(1));
    bide_task(int) local = bide_spawn_local(work(1));
    bide_task(int) low = bide_spawn_low(bide_named("low", async ({ 2; })));
    bide_task_detach(on), bide_task_detach(at), bide_task_detach(local), bide_task_detach(low);
    int err = await bide_task_join(h, &a);
    err += await bide_task_wait(block);
    bide_task_abort(block);
    err += bide_task_finished(block);
    bide_task(int) moved = bide_move(block);
    bide_task_detach(moved);
    await bide_join(a = work(1), b = work(2));
    err += await bide_try_join(a = work(1), b = work(2));
    switch (await bide_select(a = work(1), work(2))) {
    case 0: break;
    }
    err += await bide_select_biased(a = work(1), work(2));
    err += await bide_timeout(BIDE_MS(1), a = work(1));
    err += await bide_blocking(work(1));
    err += await bide_block_in_place(work(1));
    bide_scope(s) {
        for (;;)
            break;
        bide_scope_spawn(s, work(1));
        bide_task(int) child = bide_scope_spawn(s, async ({ await work(2); }));
        bide_task_detach(child);
        bide_scope_cancel(s);
    }
    bide_scope(s) {
    }
    bide_try_scope(s) {
        bide_scope_spawn(s, work(1));
    }
    int error;
    bide_try_scope(s, error) {
        bide_scope(t) {
            bide_scope_spawn(s, work(1));
            bide_scope_spawn(t, work(1));
        }
    }
    err += error;
    static bide_mutex mutex;
    static bide_rwlock rwlock;
    bide_locked(&mutex) {
        bide_read_locked(&rwlock)
            err += await work(1);
        bide_write_locked(&rwlock)
            err += await work(1);
    }
    bide_future(int) f = bide_lazy(work(1)), g = bide_lazy((*ref)(2)), list[2] = {bide_move(f)};
    bide_future(void) none = bide_lazy(async ({ await bide_yield(); }));
    err += await bide_timeout(BIDE_MS(1), a = bide_get(list[0]));
    await bide_join(b = bide_get(g), bide_get(none));
    err += await bide_get(g);
    bide_drop(list[0]);
    bide_drop(none);
    return err + a + b;
}
END
sed 's/bide_task_join(h, &a)/bide_task_join(h, \&pointer)/; s/int a = 0/char *pointer; int a = 0/' \
    forms.c >wrong.c
sed 's/bide_scope_cancel(s)/bide_scope_cancel(\&a)/' forms.c >wrong_scope.c
sed 's/bide_spawn_on(runtime,/bide_spawn_on(\&a,/' forms.c >wrong_runtime.c
sed 's/bide_spawn_at(1,/bide_spawn_at(BIDE_MS(1),/' forms.c >wrong_core.c
sed 's/bide_get(g)/bide_get(h)/' forms.c >wrong_future.c
sed 's/bide_drop(none)/bide_drop(h)/' forms.c >wrong_drop.c
for compiler in $compilers; do
    $compiler -Wall -Wextra -Werror $include bare.c -o bare
    printf '0\n2\n4\n' >expected
    ./bare >out || fail "$compiler: the plain program ends with $?"
    cmp out expected || fail "$compiler: the plain program prints something else"
    $compiler -fsyntax-only -Wall -Wextra -Werror $include forms.c
    ! $compiler -c $include forms.c 2>out || fail "$compiler compiled the forms"
    grep -q "$message" out || fail "$compiler does not say '$message'"
    ! $compiler -fsyntax-only $include wrong.c 2>out || fail "$compiler accepted a wrong type"
    grep -q 'bide_task_join: the result has another type than the task' out ||
        fail "the message of $compiler about a wrong type: $(cat out)"
    ! $compiler -fsyntax-only -Werror $include wrong_scope.c 2>out ||
        fail "$compiler accepted a task as a scope"
    for wrong in wrong_runtime wrong_core; do
        ! $compiler -fsyntax-only -Werror $include $wrong.c 2>out ||
            fail "$compiler accepted $wrong.c"
    done
    for wrong in wrong_future wrong_drop; do
        ! $compiler -fsyntax-only -Werror $include $wrong.c 2>out ||
            fail "$compiler accepted a task as a future"
    done
done
echo "$count examples"

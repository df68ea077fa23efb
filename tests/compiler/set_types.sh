# Results and keys of another type than a set has are errors: of `bide cc`, and in the plain reading
# of gcc and clang.
set -eu

cat >wrong.c <<'END'
#include <bide/bide.h>
async int f(void);
async long g(void);
async int wrong(bide_task_set(int) set, bide_task_map(int, int) map, bide_future_set(int) futures)
{
    long far = 1;
    int n = 0;
#if CASE == 0
    far = n + (long)bide_task_set_spawn(set, f()) + (long)bide_future_set_add(futures, f());
    far += (long)bide_task_map_spawn(map, &n, f());
    if (await bide_task_set_next(set, &n) + await bide_future_set_next(futures, &n) == 0)
        return await bide_join_all(futures, &n, 1);
    return (int)far + await bide_task_map_next(map, &n, &n) + bide_task_map_abort(map, &n);
#elif CASE == 1
    bide_task_set_spawn(set, g());
#elif CASE == 2
    bide_future_set_add(futures, g());
#elif CASE == 3
    bide_task_map_spawn(map, &n, g());
#elif CASE == 4
    bide_task_map_spawn(map, &far, f());
#elif CASE == 5
    await bide_task_set_next(set, &far);
#elif CASE == 6
    await bide_future_set_next(futures, &far);
#elif CASE == 7
    await bide_join_all(futures, &far, 1);
#elif CASE == 8
    await bide_task_map_next(map, &far, &n);
#elif CASE == 9
    bide_task_map_abort(map, &far);
#elif CASE == 10
    bide_task_set_try_next(set, &far);
#endif
    (void)set, (void)map, (void)futures, (void)far;
    return n;
}
async int main(void)
{
    return 0;
}
END

# Does bide cc do more than the plain reading for this case? compiler/err has the forms.
real='0 5 8'

# compiles COMMAND...: does it compile without a word?
compiles()
{
    "$@" >log 2>&1 && [ ! -s log ]
}

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    for n in 0 1 2 3 4 5 6 7 8 9 10; do
        for how in "$compiler -fsyntax-only -Wall -Wextra" "$BIDE cc $compiler -c -o wrong.o"; do
            case $how in
            "$BIDE"*) [ "$compiler" = gcc ] && echo "$real" | grep -qw "$n" || continue ;;
            esac
            # shellcheck disable=SC2086
            if compiles $how -DCASE=$n -I"$SRC/include" wrong.c; then
                [ "$n" = 0 ] || fail "$how takes case $n"
            else
                [ "$n" != 0 ] || fail "$how refuses what is right: $(cat log)"
                grep -q 'error: ' log || fail "$how: case $n is no error: $(cat log)"
                grep -Eq 'another (result|type)|expected here|set is for|the_(key|result)' log ||
                    fail "$how: case $n says nothing of types: $(cat log)"
            fi
        done
    done
done

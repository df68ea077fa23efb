# What ThreadSanitizer sees of the tasks of a multi_thread runtime: a race between two tasks is
# reported, also if one worker runs both, and what orders tasks is not reported.
set -eu
[ "$SANITIZE" = thread ] || skip "for ThreadSanitizer"
TSAN_OPTIONS=exitcode=66
export TSAN_OPTIONS
unset BIDE_TSAN_TASKS

# --- races ---

cat >race.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wbide-borrow"

bide_runtime(multi_thread);

static int counter;

static async int counts(void)
{
    return ++counter;
}

static async int counts_later(void)
{
    await bide_yield();
    return ++counter;
}

static async int counts_in_a_call(int depth)
{
    if (depth > 0)
        return await counts_in_a_call(depth - 1);
    return await counts_later();
}

static async int waits_for(bide_notify *notify)
{
    int n = await bide_notify_wait(notify);
    return n < 0 ? n : counter;
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bide_notify notify = {0};
    bide_task(int) a = {0}, b = {0};
    if (!strcmp(what, "ends")) {
        a = bide_spawn(counts());
        b = bide_spawn(counts());
    } else if (!strcmp(what, "yields")) {
        a = bide_spawn(counts_later());
        b = bide_spawn(counts_later());
    } else if (!strcmp(what, "deep")) {
        a = bide_spawn(counts_in_a_call(100));
        b = bide_spawn(counts_in_a_call(1000));
    } else if (!strcmp(what, "spawner")) {
        a = bide_spawn(counts());
        await bide_yield();
        counter++;
    } else if (!strcmp(what, "after_the_wake")) {
        a = bide_spawn(waits_for(&notify));
        await bide_yield();
        bide_notify_one(&notify);
        counter++;
        await bide_yield(); /* before the join, which takes the task's lock */
    }
    await bide_task_wait(a);
    await bide_task_wait(b);
    printf("%d\n", counter);
    return 0;
}
END
"$BIDE" cc "$CC" -fsanitize=thread -g race.c -o race || fail "race.c"

for what in ends yields deep spawner after_the_wake; do
    status=0
    BIDE_WORKERS=1 timeout 60 ./race $what >out 2>err || status=$?
    [ "$status" = 66 ] || fail "race $what: exit status $status"
    grep -q 'WARNING: ThreadSanitizer: data race' err || fail "race $what: no report"
    grep -q "of global 'counter'\|'counter' of size 4" err || {
        cat err >&2
        fail "race $what: the report is about something else"
    }
    BIDE_WORKERS=1 BIDE_TSAN_TASKS=0 timeout 60 ./race $what >out 2>err ||
        fail "race $what without fibers"
    ! grep ThreadSanitizer err || fail "race $what: a report without fibers"
done

# --- no races ---

cat >ordered.c <<'END'
#include <bide/bide.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wbide-borrow"

bide_runtime(multi_thread);

/* Handed on by a spawn, a join, a scope, a wake, a lock and a blocking call; thread-local variables
 * and what one task leaves on the stack, in frames and in the heap is not shared. */
enum { TIMES = 50 };

static _Thread_local int local;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int locked;

static void use_the_thread(int n)
{
    char text[2000];
    local = n;
    errno = n;
    memset(text, n, sizeof(text));
    snprintf(text, sizeof(text), "%d", local);
    if (atoi(text) != n || errno != n)
        abort();
}

static async int adds(int *sum, int n)
{
    use_the_thread(n);
    int *before = malloc(sizeof(*before));
    defer { free(before); }
    *before = *sum;
    if (n % 2 == 0)
        await bide_yield();
    *sum = *before + n;
    pthread_mutex_lock(&mutex);
    locked++;
    pthread_mutex_unlock(&mutex);
    return *sum;
}

static async int joined(int *sum)
{
    for (int i = 0; i < TIMES; i++) {
        int out = 0;
        bide_task(int) task = bide_spawn(adds(sum, 1));
        if (await bide_task_join(task, &out) != 0 || out != *sum)
            return -1;
    }
    return 0;
}

static async int scoped(int *sums, int count)
{
    for (int i = 0; i < TIMES; i++) {
        bide_scope(s) {
            for (int k = 0; k < count; k++)
                bide_scope_spawn(s, adds(&sums[k], k));
        }
        for (int k = 0; k < count; k++)
            sums[k]++;
    }
    return 0;
}

static async int grouped(void)
{
    int n = 0, a = 0, b = 0;
    for (int i = 0; i < TIMES; i++)
        await bide_join(a = adds(&n, 1), b = adds(&n, 2));
    return a + b > 0 ? 0 : -1;
}

struct turn {
    bide_notify mine, others;
    int value;
};

static async int answers(struct turn *turn)
{
    for (int i = 0; i < TIMES; i++) {
        if (await bide_notify_wait(&turn->mine) != 0)
            return -1;
        turn->value++;
        bide_notify_one(&turn->others);
    }
    return 0;
}

static async int takes_turns(void)
{
    struct turn turn = {0};
    bide_task(int) other = bide_spawn(answers(&turn));
    for (int i = 0; i < TIMES; i++) {
        turn.value++;
        bide_notify_one(&turn.mine);
        if (await bide_notify_wait(&turn.others) != 0)
            return -1;
    }
    if (await bide_task_wait(other) != 0)
        return -1;
    return turn.value == 2 * TIMES ? 0 : -1;
}

static int blocks(int *n)
{
    return ++*n;
}

static async int uses_the_pool(void)
{
    int n = 0;
    for (int i = 0; i < TIMES; i++)
        if (await bide_blocking(blocks(&n)) != i + 1)
            return -1;
    return n == TIMES ? 0 : -1;
}

static async int stays(int *n)
{
    for (int i = 0; i < TIMES; i++) {
        ++*n;
        await bide_yield();
    }
    return 0;
}

static int together;

/* Tasks that are bound to a worker may share what belongs to it. */
static async int has_local_tasks(void)
{
    int n = 0;
    bide_task(int) a = bide_spawn_local(stays(&n)), b = bide_spawn_local(stays(&n));
    if (await bide_task_wait(a) != 0 || await bide_task_wait(b) != 0)
        return -1;
    together += n;
    return 0;
}

static async int lives_late(void)
{
    int n = 0;
    bide_future(int) late = bide_lazy(adds(&n, 2));
    if (await bide_timeout(BIDE_MS(1), bide_sleep(BIDE_S(1000))) != -ETIMEDOUT)
        return -1;
    return await bide_get(late) == 2 ? 0 : -1;
}

static async int all(void)
{
    int sum = 0, sums[8] = {0};
    bide_task(int) task[7] = {
        bide_spawn(joined(&sum)),   bide_spawn(scoped(sums, 8)), bide_spawn(grouped()),
        bide_spawn(takes_turns()),  bide_spawn(uses_the_pool()), bide_spawn(has_local_tasks()),
        bide_spawn(lives_late()),
    };
    for (int i = 0; i < 7; i++) {
        int out = 0, error = await bide_task_join(task[i], &out);
        if (error != 0 || out != 0) {
            printf("%d: %d, %d\n", i, error, out);
            return 1;
        }
    }
    return sum == TIMES && sums[3] > TIMES ? 0 : 1;
}

static async int one(int i)
{
    use_the_thread(i);
    await bide_sleep(BIDE_US(i % 300));
    use_the_thread(i + 1);
    return 0;
}

/* More than there are fibers. */
static async int many(int n)
{
    bide_task(int) *task = malloc((size_t)n * sizeof(*task));
    defer { free(task); }
    int sum = 0;
    for (int i = 0; i < n; i++)
        task[i] = bide_spawn(one(i));
    for (int i = 0; i < n; i++)
        sum += await bide_task_wait(task[i]);
    for (int i = 0; i < n; i++)
        bide_task_detach(task[i]);
    return sum;
}

async int main(void)
{
    for (int i = 0; i < 3; i++)
        if (await all() != 0)
            return 1;
    if (await many(1000) != 0 || locked == 0)
        return 1;
    puts("fine");
    return 0;
}
END
"$BIDE" cc "$CC" -fsanitize=thread -g ordered.c -o ordered || fail "ordered.c"

for workers in 1 2 8; do
    BIDE_WORKERS=$workers timeout 100 ./ordered >out 2>err || {
        cat out err >&2
        fail "ordered, with $workers workers"
    }
    [ "$(cat out)" = fine ] || fail "ordered, with $workers workers: $(cat out)"
    ! grep ThreadSanitizer err || fail "ordered, with $workers workers: $(cat err)"
done

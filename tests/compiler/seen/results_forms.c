/* Results of forms that show whether a variable was set, or whether anything was done. */
#include <bide/bide.h>
#include <bide/sync.h>

#include <stdbool.h>
#include <stdlib.h>

struct pair {
    int a, b;
};

bide_must_use async int must(int n);
async int work(int n);
async struct pair pair_of(int n);
void set(int *n);
bool is_time(void);

/* ---- variables without a value ---- */

static async int joined(void)
{
    bide_task(int) task = bide_spawn(work(1));
    int n;
    await bide_task_join(task, &n); /* want: -Wunused-result */
    return n;
}

static async int joined_in_a_loop(bide_task(int) * task, int count)
{
    int sum = 0, n;
    for (int i = 0; i < count; i++) {
        await bide_task_join(task[i], &n); /* want: -Wunused-result */
        sum += n;
    }
    return sum;
}

static async int joined_structs(void)
{
    bide_task(struct pair) task = bide_spawn(pair_of(1));
    bide_task(int) other = bide_spawn(work(1));
    struct pair pair;
    int n;
    await bide_join(bide_task_join(task, &pair), bide_task_join(other, &n)); /* want: -Wunused-result */
    return pair.a + n;
}

static async int timed_out(void)
{
    int n, m;
    await bide_timeout(BIDE_MS(1), n = work(1)); /* want: -Wunused-result */
    await bide_timeout(BIDE_MS(1), bide_join(m = work(1), work(2)));
    (void)m;
    return n;
}

static async int timed_out_at(bide_instant deadline)
{
    int n, m;
    await bide_timeout_at(deadline, n = work(1)); /* want: -Wunused-result */
    if (await bide_timeout_at(deadline, m = work(1)) < 0)
        m = 0;
    return n + m;
}

static async int one_of_two(void)
{
    int n, m, k;
    await bide_select(n = work(1), m = work(2)); /* want: -Wunused-result */
    await bide_try_join(k = work(1), m = work(2)); /* want: -Wunused-result */
    return n + m + k;
}

static async int through_a_timeout(void)
{
    bide_task(int) task = bide_spawn(work(1));
    int n;
    await bide_timeout(BIDE_S(1), bide_task_join(task, &n)); /* want: -Wunused-result */
    if (is_time())
        return 0;
    return n;
}

/* ---- errors of branches ---- */

static async int tried(void)
{
    int n = 0;
    await bide_try_join(must(1), work(2)); /* want: -Wunused-result */
    await bide_try_join(n = must(1), bide_if(n == 0, must(2))); /* want: -Wunused-result */
    await bide_join(bide_try_join(must(1), must(2)), work(3)); /* want: -Wunused-result */
    (void)await bide_try_join(must(1), must(2));
    n += await bide_try_join(must(1), must(2));
    return n;
}

static void sent(bide_oneshot_sender(int) one, bide_oneshot_sender(int) other)
{
    int n = 1;
    (bide_oneshot_send)(one, &n); /* want: -Wunused-result */
    (void)bide_oneshot_send(other, &n);
}

/* ---- nothing is wrong with these ---- */

static async int have_values(bide_task(int) * task, int *given)
{
    int n = -1, m, k, unread, last;
    await bide_task_join(task[0], &n);
    set(&m);
    await bide_task_join(task[1], &m);
    await bide_task_join(task[2], given);
    await bide_task_join(task[3], &unread);
    (void)unread;
    (void)await bide_task_join(task[4], &k);
    if (await bide_task_join(task[5], &last) < 0)
        return -1;
    struct pair pair;
    pair.a = pair.b = 0;
    bide_task(struct pair) other = bide_spawn(pair_of(1));
    await bide_task_join(other, &pair);
    return n + m + k + last + pair.a;
}

static async int set_before_or_after(int which)
{
    int n, m, k;
    if (which)
        n = 1;
    else
        n = 2;
    await bide_timeout(BIDE_MS(1), n = work(1));
    await bide_timeout(BIDE_MS(1), m = work(1));
    m = n;
    await bide_join(k = work(1), work(2));
    int first = await bide_select(n = work(1), work(2));
    return first + n + m + k;
}

static async int values(void)
{
    bide_task(int) task = bide_spawn(work(1)), other = bide_spawn(work(2));
    int n, m;
    int rc = ({ await bide_task_join(task, &n); });
    bide_task(int) last = bide_spawn(async({
        bide_task(int) inner = bide_spawn(work(3));
        int k;
        defer { set(k == 1 ? NULL : &k); }
        await bide_task_join(inner, &k);
    }));
    ({
        await bide_task_join(other, &m); /* want: -Wunused-result */
        rc = m;
    });
    return rc < 0 ? rc : n + await bide_task_wait(last);
}

static async int only_waits(void)
{
    bide_task(int) task = bide_spawn(work(1));
    bide_task(void) none = bide_spawn(bide_yield());
    await bide_task_wait(task);
    await bide_task_join(none, NULL);
    await bide_timeout(BIDE_MS(1), work(1));
    await bide_select(work(1), bide_sleep(BIDE_MS(1)));
    return 0;
}

/* ---- set however it went ---- */

static async int whoever_is_first(void)
{
    int n, m, k;
    await bide_select(n = work(1), n = work(2));
    await bide_select(bide_join(m = work(1), work(2)), m = work(3));
    await bide_try_join(k = work(1));
    return n + m + k;
}

static async void __attribute__((noreturn)) serve(void)
{
    for (;;)
        await bide_sleep(BIDE_S(1));
}

static async int the_only_one_that_ends(void)
{
    int n, m, k, o, p;
    await bide_select(n = work(1), ({
                          for (;;)
                              await bide_sleep(BIDE_S(1));
                      }));
    await bide_select(serve(), m = work(2));
    await bide_select(k = work(3), ({
                          while (true)
                              for (int i = 0;; i++)
                                  if (await work(i))
                                      break;
                      }));
    await bide_select(o = work(4), ({ /* want: -Wunused-result */
                          for (;;)
                              if (await work(5))
                                  break;
                      }));
    await bide_select(p = work(4), ({ /* want: -Wunused-result */
                          while (is_time())
                              await work(5);
                      }));
    return n + m + k + o + p;
}

static async int nobody_in_time(void)
{
    int n, m;
    await bide_timeout(BIDE_MS(1), bide_select(n = work(1), n = work(2))); /* want: -Wunused-result */
    await bide_select(m = work(1), bide_sleep(BIDE_MS(1))); /* want: -Wunused-result */
    return n + m;
}

static async bide_cancel_returns int nobody_if_cancelled(void)
{
    int n;
    await bide_select(n = work(1), n = work(2)); /* want: -Wunused-result */
    return n;
}

static async int waited_for(bide_task(int) * task)
{
    int n, m, k;
    if (await bide_task_wait(task[0]) < 0)
        return -1;
    await bide_task_join(task[0], &n);
    int rc = await bide_task_wait(task[1]);
    if (rc == 0)
        await bide_task_join(task[1], &m);
    await bide_task_wait(task[2]);
    await bide_task_join(task[2], &k); /* want: -Wunused-result */
    return rc < 0 ? n : n + m + k;
}

/* ---- read later, or set first ---- */

void look(const int *n);

static async int set_again(bide_task(int) * task)
{
    int n, m, k;
    await bide_task_join(task[0], &n);
    if (await bide_task_join(task[1], &n) == 0)
        m = n;
    else
        m = 0;
    await bide_task_join(task[2], &n);
    set(&n);
    await bide_task_join(task[3], &k); /* want: -Wunused-result */
    look(&k);
    return n + m;
}

static async int not_read(bide_task(int) * task)
{
    int n;
    await bide_task_join(task[0], &n);
    (void)(n);
    return 0;
}

async int main(void)
{
    bide_task(int) task[6] = {0};
    int n = 0;
    sent(NULL, NULL);
    n += await joined() + await joined_in_a_loop(task, 6) + await joined_structs();
    n += await timed_out() + await timed_out_at((bide_instant){1}) + await one_of_two() + await through_a_timeout() + await tried();
    n += await values() + await whoever_is_first() + await nobody_in_time();
    n += await the_only_one_that_ends();
    n += await nobody_if_cancelled() + await waited_for(task) + await set_again(task);
    n += await not_read(task);
    return n + await have_values(task, &n) + await set_before_or_after(1) + await only_waits();
}

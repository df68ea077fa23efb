# The types of bide/iter.h: a pipeline with all forms compiles without a warning, in the plain
# reading and in async code; C++ can use iterators; and each wrong line is an error everywhere.
set -eu

include=$BUILD/include
[ -d "$include/bide" ] || include=$SRC/include
cxx=g++
case $CC in *clang*) cxx=clang++ ;; esac

cat >iter.c <<'END'
#include <bide/bide.h>

struct job {
    int id;
};
struct batch {
    size_t count;
    int items[4];
};
struct crate {
    int count;
    int items[4];
};

struct wide {
    _Alignas(32) int n;
};

struct wide widen(int n);
struct wide widen(int n) { return (struct wide){n}; }
static int job_id(struct job j) { return j.id; }
static long job_long(struct job j, const int *by) { return j.id * (long)*by; }
static bool is_even(int n) { return n % 2 == 0; }
static bool is_above(int n, int *least) { return n > *least; }
int is_odd(int n);
static bool parse(int n, long *out) { *out = n; return true; }
static char *name(size_t index, int n) { (void)index, (void)n; return NULL; }
static int add(int a, int b) { return a + b; }
static long sum(long all, int n) { return all + n; }
static int size(struct batch b) { return (int)b.count; }
static async int twice(int n) { await bide_yield(); return 2 * n; }
static async char *text(int n, int *p) { await bide_yield(); return n > *p ? NULL : (char *)p; }
static async int call(int n, int *p) { await bide_yield(); return n - *p; }
static async int step(int *n, int *item) { await bide_yield(); *item = *n; return 1; }
static async int stage(bide_giver(int) out, int *n) { return await bide_give(out, n); }
static async int through(bide_iter(int) in, bide_giver(long) out, int *n)
{
    long l = *n;
    int rc = await bide_next(in, n);
#if LINE == 1
    return await bide_give(out, n);
#endif
    return rc < 0 ? rc : await bide_give(out, &l);
}

async int use(bide_receiver(struct job) rx, bide_reader *reader, bide_tcp_listener *listener);
async int use(bide_receiver(struct job) rx, bide_reader *reader, bide_tcp_listener *listener)
{
    static const int five[5] = {0};
    int n = 0;
    long l = 0;
    size_t count = 0;
    char *line;
    bide_stream *stream;
    struct batch batches[2];
    bide_iter(struct job) jobs = bide_iter_of(rx);
    bide_iter(int) it = bide_iter_map(bide_iter_owned(jobs, NULL), job_id);
    bide_iter(long) longs = bide_iter_map_with(bide_iter_of(rx), job_long, &n);
    it = bide_iter_filter_with(bide_iter_filter(it, is_even), is_above, &n);
    it = bide_iter_skip_while(bide_iter_take_while(bide_iter_skip(it, 1), is_even), is_even);
    it = bide_iter_merge(it, bide_iter_chain(bide_iter_of_array(five, 5), bide_iter_borrowed(it)));
    it = bide_iter_merge_all(((bide_iter(int)[]){it, bide_iter_borrowed(it), it}), 3);
    it = bide_iter_zip(it, bide_iter_of_steps(int, bide_ref(step), &n), add);
    it = bide_iter_throttle(bide_iter_timeout(bide_iter_take(it, 9), BIDE_S(1)), BIDE_MS(1));
    it = bide_iter_then(bide_iter_buffered(it, 2, bide_ref(twice)), bide_ref(twice));
    it = bide_iter_merge(it, bide_iter_of_stage(int, bide_ref(stage), &n));
    longs = bide_iter_merge(longs, bide_iter_filter_map(it, long, parse));
    longs = bide_iter_through(it, long, bide_ref(through), &n);
    bide_iter(char *) lines = bide_iter_merge(bide_iter_of_lines(reader),
                                              bide_iter_unordered_with(it, 3, bide_ref(text), &n));
    lines = bide_iter_chain(lines, bide_iter_enumerate(it, name));
    bide_iter(bide_stream *) streams = bide_iter_of_listener(listener);
    bide_iter(bide_instant) ticks =
        bide_iter_of_interval(bide_interval_every(BIDE_S(1), BIDE_MISSED_SKIP));
    bide_iter(struct batch) b = bide_iter_chunks_timeout(it, struct batch, BIDE_MS(1));
    b = bide_iter_chunks(bide_iter_map(b, size), struct batch);
    bide_instant at;
    if (await bide_next(it, &n) < 0 || await bide_next(lines, &line) < 0 ||
        await bide_next(streams, &stream) < 0 || await bide_next(ticks, &at) < 0 ||
        await bide_iter_collect(b, batches, 2, &count) < 0 || await bide_iter_fold(it, sum, &l) < 0)
        return await bide_for_each_concurrent(it, 4, bide_ref(call), &n);
    await bide_iter_close(longs);
    bide_iter_drop(b);
#if LINE == 2
    n = await bide_next(it, &l);
#elif LINE == 3
    longs = bide_iter_map(jobs, job_id);
#elif LINE == 4
    it = bide_iter_filter(longs, is_even);
#elif LINE == 5
    it = bide_iter_filter(it, is_odd);
#elif LINE == 6
    it = bide_iter_merge(it, longs);
#elif LINE == 7
    it = bide_iter_zip(it, longs, add);
#elif LINE == 8
    it = bide_iter_then(longs, bide_ref(twice));
#elif LINE == 9
    it = bide_iter_of_steps(int, bide_ref(step), &l);
#elif LINE == 10
    longs = bide_iter_of_steps(long, bide_ref(step), &n);
#elif LINE == 11
    longs = bide_iter_through(longs, long, bide_ref(through), &n);
#elif LINE == 12
    bide_iter(struct crate) c = bide_iter_chunks(it, struct crate);
    bide_iter_drop(c);
#elif LINE == 13
    b = bide_iter_chunks(longs, struct batch);
#elif LINE == 14
    n = await bide_iter_fold(it, sum, &n);
#elif LINE == 15
    n = await bide_for_each_concurrent(it, 1, bide_ref(call), &l);
#elif LINE == 16
    it = bide_iter_of(it);
#elif LINE == 17
    bide_iter_drop(rx);
#elif LINE == 18
    it = bide_iter_map(longs, is_odd);
#elif LINE == 19
    it = bide_iter_of_stage(int, bide_ref(stage), &l);
#elif LINE == 20
    n = await bide_iter_collect(it, batches, 2, &count);
#elif LINE == 21
    it = bide_iter_filter_map(it, int, parse);
#elif LINE == 22
    it = bide_iter_filter_with(it, is_above, &l);
#elif LINE == 23
    it = bide_iter_buffered(it, 2, is_odd);
#elif LINE == 24
    it = bide_iter_then(it, is_odd);
#elif LINE == 25
    bide_iter_drop(bide_iter_map(it, widen));
#elif LINE == 26
    __auto_type wrong = bide_iter_chunks(it, int[4]);
    (void)wrong;
#elif LINE == 27
    __auto_type wrong = bide_iter_chunks(it, int);
    (void)wrong;
#elif LINE == 28
    it = bide_iter_merge_all(&longs, 1);
#elif LINE == 29
    bide_iter_drop(bide_iter_of_steps(struct wide, bide_ref(step), &n));
#endif
    return 0;
}
END

cat >iter.cc <<'END'
#include <bide/bide.h>

long use(bide_receiver(int) rx);
long use(bide_receiver(int) rx)
{
    static const int five[5] = {1, 2, 3, 4, 5};
    bide_iter(int) it = bide_iter_of(rx), other = bide_iter_of_array(five, 5);
    bide_iter(char *) lines = bide_iter_of_lines(nullptr);
    int n = 0, items[4];
    long sum = 0;
    size_t count = 0;
    while (bide_next(it, &n) > 0)
        sum += n;
    if (bide_iter_collect(other, items, 4, &count) < 0)
        sum = 0;
    bide_iter_drop(it);
    bide_iter_close(other);
    bide_iter_drop(lines);
#if LINE == 1
    sum += bide_next(other, &sum);
#elif LINE == 2
    bide_iter_drop(rx);
#endif
    return sum;
}
END

# compiles COMMAND...: silently.
compiles()
{
    "$@" >log 2>&1 || fail "$*: $(cat log)"
    [ ! -s log ] || fail "$*: $(cat log)"
}

# refused COMMAND...: with an error.
refused()
{
    if "$@" >log 2>&1; then fail "$*: it compiles"; fi
    grep -q 'error' log || fail "$*: $(cat log)"
}

warnings='-Wall -Wextra -Wshadow -Werror=incompatible-pointer-types -fsyntax-only'
compiles "$CC" $warnings -I "$include" -DLINE=0 iter.c
compiles "$BIDE" cc "$CC" -Wall -Wextra -Wshadow -c -DLINE=0 iter.c -o iter.o
compiles "$cxx" -Wall -Wextra -fsyntax-only -I "$include" -DLINE=0 iter.cc
line=1
while [ $line -le 29 ]; do
    refused "$CC" $warnings -I "$include" -DLINE=$line iter.c
    line=$((line + 1))
done
for line in 2 5 8 11 15 21 23 24 25 26; do
    refused "$BIDE" cc "$CC" -Werror=incompatible-pointer-types -c -DLINE=$line iter.c -o iter.o
done
refused "$cxx" -fsyntax-only -I "$include" -DLINE=1 iter.cc
refused "$cxx" -fsyntax-only -I "$include" -DLINE=2 iter.cc

# A chunk that is no struct is told once.
for line in 26 27; do
    refused "$CC" $warnings -I "$include" -DLINE=$line iter.c
    [ "$(grep -c 'error:' log)" = 1 ] || fail "not one error: $(cat log)"
done

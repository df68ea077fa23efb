# The handles of bide/channel.h have types: what is right compiles without a warning, as C, as C++
# and in async code, and each wrong line is an error in each of these.
set -eu

include=$BUILD/include
[ -d "$include/bide" ] || include=$SRC/include
cxx=g++
case $CC in *clang*) cxx=clang++ ;; esac

cat >typed.c <<'END'
#include <bide/channel.h>

struct job {
    int id;
    double weight;
};

#ifndef __cplusplus
static bide_oneshot(struct job) in_place = BIDE_ONESHOT_INIT;
#endif

int use(bide_sender(struct job) tx, bide_receiver(struct job) rx, bide_broadcast(struct job) news,
        bide_subscriber(struct job) mine, bide_watch(struct job) watch,
        bide_watcher(struct job) watcher, bide_oneshot_sender(struct job) one_tx,
        bide_oneshot_receiver(struct job) one_rx);

int use(bide_sender(struct job) tx, bide_receiver(struct job) rx, bide_broadcast(struct job) news,
        bide_subscriber(struct job) mine, bide_watch(struct job) watch,
        bide_watcher(struct job) watcher, bide_oneshot_sender(struct job) one_tx,
        bide_oneshot_receiver(struct job) one_rx)
{
    const struct job in = {1, 2};
    struct job out;
    int n = 0, number = 3;
    bide_receiver(int) other;
    bide_subscriber(int) stranger;
    bide_sender(struct job) clone = bide_sender_clone(tx);
    bide_weak_sender(struct job) weak = bide_sender_downgrade(tx);
    const struct job *borrowed = bide_watcher_borrow(watcher);
    (void)number, (void)other, (void)stranger, (void)clone, (void)weak, (void)borrowed;
    switch (LINE) {
    case 0:
        n += bide_channel_new(4, &tx, &rx) + bide_channel_new_with(BIDE_UNBOUNDED, NULL, &tx, &rx);
        n += bide_try_send(tx, &in) + bide_try_recv(rx, &out) + bide_send_reserved(tx, &in);
        n += bide_oneshot_new(&one_tx, &one_rx) + bide_oneshot_send(one_tx, &in);
        n += bide_oneshot_try_recv(one_rx, &out);
        n += bide_broadcast_new(4, &news) + bide_broadcast_subscribe(news, &mine);
        n += bide_broadcast_send(news, &in) + bide_subscriber_try_recv(mine, &out);
        n += bide_watch_new(&in, &watch) + bide_watch_subscribe(watch, &watcher);
        n += bide_watch_set(watch, &in);
#ifndef __cplusplus
        /* An item that is made on the spot, of values that only the run knows. */
        n += bide_try_send(tx, &(struct job){number, 2});
        n += bide_oneshot_send(one_tx, &(const struct job){.id = number});
        n += bide_broadcast_send(news, &(struct job){number, 2});
        n += bide_watch_set(watch, &(struct job){number, 2});
#endif
        bide_watcher_get(watcher, &out);
        bide_watcher_return(watcher, borrowed);
        clone = bide_weak_sender_upgrade(weak);
        bide_sender_drop(clone);
#ifndef __cplusplus
        bide_oneshot_ends(&in_place, &one_tx, &one_rx);
#endif
        break;
    }
#if LINE == 1
    n += bide_try_send(tx, &number);
#elif LINE == 2
    n += bide_try_recv(rx, &number);
#elif LINE == 3
    n += bide_channel_new(4, &tx, &other);
#elif LINE == 4
    bide_receiver_close(tx);
#elif LINE == 5
    bide_sender(int) wrong = bide_sender_clone(tx);
    bide_sender_drop(wrong);
#elif LINE == 6
    n += bide_oneshot_send(one_tx, &number);
#elif LINE == 7
    n += bide_oneshot_try_recv(one_tx, &out);
#elif LINE == 8
    n += bide_broadcast_send(news, &number);
#elif LINE == 9
    n += bide_broadcast_subscribe(news, &stranger);
#elif LINE == 10
    n += bide_watch_set(watch, &number);
#elif LINE == 11
    bide_watcher_get(watcher, &number);
#elif LINE == 12
    bide_watcher_return(watcher, &number);
#endif
    return n;
}
END
{
    echo '#include <bide/bide.h>'
    cat typed.c
    cat <<'END'
async int waits(bide_receiver(struct job) rx, bide_sender(struct job) tx);
async int waits(bide_receiver(struct job) rx, bide_sender(struct job) tx)
{
    struct job job;
    int number = 0;
    (void)number, (void)tx;
#if LINE == 13
    return await bide_recv(rx, &number);
#elif LINE == 14
    return await bide_send(tx, &number);
#elif LINE == 15
    return await bide_recv(tx, &job);
#else
    number = await bide_send(tx, &(struct job){number, 2});
    return number < 0 ? number : await bide_recv(rx, &job);
#endif
}
END
} >async.c

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

warnings='-Wall -Wextra -Werror=incompatible-pointer-types -fsyntax-only'
compiles "$CC" $warnings -I "$include" -DLINE=0 typed.c
compiles "$cxx" -x c++ -Wall -Wextra -fsyntax-only -I "$include" -DLINE=0 typed.c
compiles "$CC" $warnings -I "$include" -DLINE=0 async.c
compiles "$BIDE" cc "$CC" -Wall -Wextra -c -DLINE=0 async.c -o async.o
for line in 1 2 3 4 5 6 7 8 9 10 11 12; do
    refused "$CC" $warnings -I "$include" -DLINE=$line typed.c
    refused "$cxx" -x c++ -fsyntax-only -I "$include" -DLINE=$line typed.c
done
for line in 1 4 9 13 14 15; do
    refused "$CC" $warnings -I "$include" -DLINE=$line async.c
    refused "$BIDE" cc "$CC" -Werror=incompatible-pointer-types -c -DLINE=$line async.c -o async.o
done

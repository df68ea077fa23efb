/*
 * mesh.c: the mail between the cores of a thread_per_core runtime.
 *
 * There is a ring for each ordered pair of cores, with one writer and one reader, so a mail costs
 * two stores and no locked instruction but the one that tells the reader. A ring that is full
 * refuses nothing: the writer keeps the mail in a list of its own and moves it to the ring later,
 * in order. So that it need not ask again and again, it sets `has_over`, and the reader tells it
 * when there is room.
 *
 * The reader does not look at all its rings at each turn: a writer sets `mail` of the reader. The
 * reader clears that by an exchange before it looks, so whatever was in a ring before `mail` was
 * set is seen. Nobody sleeps on a mail: a reader says that it is asleep and then looks at `mail`
 * once more, a writer sets `mail` and then looks whether the reader is asleep, and these four are
 * sequentially consistent. A poke may also be about what the executor has looked at before it read
 * its mail (the stage of the cores), so a core that was poked does not sleep at once. While no mail
 * is under way, a core reads one word of its own a turn.
 */
#include "runtime/schedule/cores.h"

#include "runtime/io/driver.h"

/* ---- the writer ---- */

static bool put(struct bide__lane *ring, struct bide__mail *mail)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (tail - ring->head_seen == BIDE__LANE) {
        ring->head_seen = atomic_load(&ring->head);
        if (tail - ring->head_seen == BIDE__LANE)
            return false;
    }
    ring->slot[tail % BIDE__LANE] = mail;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

void bide__core_poke(struct bide__core *core)
{
    atomic_store(&core->mail, true);
    if (atomic_load(&core->asleep) && atomic_exchange(&core->asleep, false))
        core->worker->driver->ops->wake(core->worker->driver);
}

/* Moves to the ring what had not fitted. True: nothing is left. */
static bool put_over(struct bide__lane *ring)
{
    struct bide__mail *mail;

    while ((mail = ring->over) != NULL) {
        struct bide__mail *next = mail->next; /* it is the reader's when it is in the ring */
        if (!put(ring, mail))
            return false;
        ring->over = next;
    }
    ring->over_end = &ring->over;
    return true;
}

static void flush(struct bide__core *from, struct bide__core *to, struct bide__lane *ring)
{
    const struct bide__mail *first = ring->over;
    bool done = put_over(ring);

    if (!done) {
        /* The reader may have made room without having seen this; so once more. */
        atomic_store(&ring->has_over, true);
        done = put_over(ring);
    }
    if (done)
        from->over--;
    if (ring->over != first)
        bide__core_poke(to);
}

static struct bide__lane *ring_of(struct bide__core *from, struct bide__core *to)
{
    return &from->all->lane[from->number * from->all->count + to->number];
}

void bide__core_send(struct bide__core *from, struct bide__core *to, struct bide__mail *mail)
{
    struct bide__lane *ring = ring_of(from, to);

    mail->next = NULL;
    if (ring->over == NULL && put(ring, mail)) {
        bide__core_poke(to);
        return;
    }
    if (ring->over == NULL) {
        ring->over_end = &ring->over;
        from->over++;
    }
    *ring->over_end = mail;
    ring->over_end = &mail->next;
    flush(from, to, ring);
}

/* ---- the reader ---- */

static void take(struct bide__core *from, struct bide__core *to, struct bide__lane *ring)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

    if (head == tail)
        return;
    for (; head != tail; head++) {
        struct bide__mail *mail = ring->slot[head % BIDE__LANE];
        mail->run(to->worker, mail);
    }
    atomic_store(&ring->head, head);
    if (atomic_load(&ring->has_over)) {
        atomic_store(&ring->has_over, false);
        bide__core_poke(from);
    }
}

void bide__core_receive(struct bide__core *core)
{
    struct bide__cores *all = core->all;

    if (core->ended != NULL)
        bide__crossings_end(core);
    if (__builtin_expect(atomic_load_explicit(&core->is_asked, memory_order_relaxed), 0))
        bide__core_answer(core);
    if (!atomic_load_explicit(&core->mail, memory_order_relaxed))
        return;
    atomic_exchange(&core->mail, false);
    core->was_poked = true;
    for (unsigned i = 0; i < all->count; i++)
        if (i != core->number)
            take(&all->core[i], core, ring_of(&all->core[i], core));
    for (unsigned i = 0; core->over > 0 && i < all->count; i++) {
        struct bide__lane *ring = ring_of(core, &all->core[i]);
        if (ring->over != NULL)
            flush(core, &all->core[i], ring);
    }
}

bool bide__core_sleep(struct bide__core *core)
{
    if (core->was_poked) {
        core->was_poked = false;
        return false;
    }
    atomic_store(&core->asleep, true);
    if (!atomic_load(&core->mail))
        return true;
    atomic_store(&core->asleep, false);
    return false;
}

void bide__core_awake(struct bide__core *core)
{
    atomic_store(&core->asleep, false);
}

/*
 * pipeline: what comes in and what goes out, each at its own pace, with a bounded channel between
 * them. One task takes records in, another one exports them. While the export is the slower one,
 * the channel is full, and the send holds back the task that takes in: so as many records are in
 * memory as the channel is long, and not as many as there are.
 *
 *     bide run examples/pipeline.c
 *
 * Who owns a record? Whoever took it in, until it is sent; then the channel; then whoever receives
 * it. What is still in the channel when the receiver goes is freed by the channel (free_record).
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 100, ROOM = 8 };

struct record {
    int number;
    char text[1000];
};

/* ---- how many records are in memory: now, and at most ---- */

static atomic_int in_memory, high_water;

static struct record *make_record(int number)
{
    struct record *record = malloc(sizeof *record);
    if (record == NULL)
        return NULL;
    record->number = number;
    snprintf(record->text, sizeof record->text, "record %d", number);
    int now = ++in_memory, most = high_water;
    while (now > most && !atomic_compare_exchange_weak(&high_water, &most, now))
        continue;
    return record;
}

static void drop_record(struct record *record)
{
    in_memory--;
    free(record);
}

/* For the channel: an item of it is a pointer to a record. */
static void free_record(void *item)
{
    drop_record(*(struct record **)item);
}

/* ---- the two ends ---- */

/* Takes records in, one every `ms` (0: as fast as they can be sent), and sends them on. Returns 0,
 * or -EPIPE if nobody exports them any more. `held_back` is the time in which it had to wait for
 * room. */
static async int ingest(bide_sender(struct record *) out, int ms, bide_duration *held_back)
{
    defer {
        bide_sender_drop(out); /* the other end sees the end of the records */
    }
    for (int number = 1; number <= RECORDS; number++) {
        await bide_sleep(BIDE_MS(ms)); /* as if it came over the network */
        struct record *record = make_record(number);
        if (record == NULL)
            return -ENOMEM;
        defer {
            if (record != NULL) /* it failed, or was cancelled: the record is still ours */
                drop_record(record);
        }
        bide_instant before = bide_now();
        int rc = await bide_send(out, &record);
        if (rc == 0)
            record = NULL;
        held_back->ns += bide_elapsed(before).ns;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Exports records, each of which takes `ms`, and returns how many, or -EIO: the first `works` are
 * exported, and then the disk is full. */
static async int export(bide_receiver(struct record *) in, int ms, int works)
{
    defer {
        bide_receiver_drop(in);
    }
    int done = 0;
    for (struct record *record; await bide_recv(in, &record) > 0;) {
        defer {
            drop_record(record);
        }
        if (done == works)
            return -EIO;
        if (record->number != ++done)
            return -EILSEQ; /* they come in the order in which they were sent */
        await bide_sleep(BIDE_MS(ms));
    }
    return done;
}

/* Runs the two beside each other. */
static async int run(const char *title, size_t room, int ingest_ms, int export_ms, int works)
{
    bide_sender(struct record *) out;
    bide_receiver(struct record *) in;
    int rc = bide_channel_new_with(room, free_record, &out, &in);
    if (rc < 0)
        return rc;
    high_water = 0;

    bide_duration held_back = {0};
    int taken = 0, exported = 0;
    bide_instant start = bide_now();
    bide_scope(s) {
        bide_task(int) one = bide_scope_spawn(s, ingest(out, ingest_ms, &held_back));
        bide_task(int) two = bide_scope_spawn(s, export(in, export_ms, works));
        rc = await bide_task_join(one, &taken);
        if (rc == 0)
            rc = await bide_task_join(two, &exported);
    }
    printf("%s\n", title);
    printf("  took %d ms, held back for %d ms\n", (int)(bide_elapsed(start).ns / 1000000),
           (int)(held_back.ns / 1000000));
    printf("  in memory: %d records at most, %d at the end\n", high_water, in_memory);
    if (exported >= 0)
        printf("  %d records exported\n", exported);
    else
        printf("  the export failed (%s), so did the send (%s)\n", strerror(-exported),
               strerror(-taken));
    return rc;
}

async int main(void)
{
    int rc;

    /* The export is the faster one: nobody waits for room, and a record is gone before the next
     * one comes. */
    rc = await run("quick export", ROOM, 10, 1, RECORDS);
    if (rc < 0)
        return rc;

    /* It is the slower one. The first records fill the channel. From then on the send waits, and
     * records come in as fast as they go out: one is being exported, ROOM are in the channel, and
     * one is in the hands of the task that takes in. However many records there are, that is all.
     */
    rc = await run("slow export", ROOM, 0, 10, RECORDS);
    if (rc < 0)
        return rc;

    /* The same without a bound. It takes as long; but all records lie in memory. */
    rc = await run("slow export, no bound", BIDE_UNBOUNDED, 0, 10, RECORDS);
    if (rc < 0)
        return rc;

    /* The export ends early. The send says so, and nothing is left in memory. */
    return await run("broken export", ROOM, 0, 10, RECORDS / 5);
}

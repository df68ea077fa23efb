/*
 * unordered: futures that run inside one task, so that they may use its variables without a lock,
 * with the results in the order in which they come.
 *
 *     bide run examples/unordered.c
 */
#include <bide/bide.h>

#include <stdio.h>

struct board {
    int answers;
    const char *last;
};

/* It writes to what it borrows. Between two awaits nobody else runs, since they all share a task.
 */
static async int ask(struct board *board, const char *who, int ms)
{
    await bide_sleep(BIDE_MS(ms));
    board->answers++;
    board->last = who;
    return ms;
}

static async int slowest_first(void)
{
    int results[3];
    struct board board = {0, "nobody"};
    bide_future_set(int) set;
    int rc = bide_future_set_new(0, &set);
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set);
    }

    /* All results, each in the place of its future. */
    bide_future_set_add(set, ask(&board, "ada", 30));
    bide_future_set_add(set, ask(&board, "ben", 20));
    bide_future_set_add(set, ask(&board, "cyd", 10));
    rc = await bide_join_all(set, results, 3);
    printf("all: %d %d %d; %s was the last\n", results[0], results[1], results[2], board.last);
    return rc;
}

async int main(void)
{
    struct board board = {0, "nobody"};
    bide_future_set(int) set;
    int rc = bide_future_set_new(2, &set); /* two at a time; 0: no limit */
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set); /* unwinds those that are left: they borrow the board */
    }
    static const char *const names[] = {"ada", "ben", "cyd", "dan"};
    static const int ms[] = {50, 10, 20, 60};
    for (int i = 0; i < 4; i++)
        bide_future_set_add(set, ask(&board, names[i], ms[i]));

    /* The first two answers; nothing runs while nobody asks. */
    int took;
    for (int i = 0; i < 2 && await bide_future_set_next(set, &took) > 0; i++)
        printf("%s has answered after %d ms\n", board.last, took);
    printf("%d answers, %zu are left\n", board.answers, bide_future_set_length(set));

    return await slowest_first();
}

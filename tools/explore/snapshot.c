/*
 * snapshot.c: if a model begins with a part that is not explored (explore_focus), all executions
 * are the same up to its end. So the state there is kept, and later executions begin with it.
 */
#include "inside.h"

enum { PIECES = 8 + 5 * THREADS };

static struct piece {
    void *p;
    char *copy;
    size_t size;
} pieces[PIECES];
static int count;

void snapshot_drop(void)
{
    for (int i = 0; i < count; i++)
        free(pieces[i].copy);
    count = 0;
}

void snapshot_add(void *p, size_t size)
{
    if (count == PIECES)
        abort();
    char *copy = malloc(size + 1);
    memcpy(copy, p, size);
    pieces[count++] = (struct piece){p, copy, size};
}

void snapshot_take(void)
{
    snapshot_drop();
    search_save();
    run_save();
    heap_save();
    sync_save();
}

bool snapshot_restore(void)
{
    for (int i = 0; i < count; i++)
        memcpy(pieces[i].p, pieces[i].copy, pieces[i].size);
    return count > 0;
}

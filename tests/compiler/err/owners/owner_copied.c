#include <bide/bide.h>

async int work(int n);
void keep(bide_task(int) task);

struct set {
    bide_task(int) task;
};

bide_task(int) first(struct set *s)
{
    bide_task(int) a = bide_spawn(work(1));
    bide_task(int) b = a;
    b = s->task;
    keep(b);
    s->task = a;
    struct set other = {.task = b};
    keep(bide_move(other.task));
    bide_move(1);
    if (b)
        return s->task;
    return a;
}

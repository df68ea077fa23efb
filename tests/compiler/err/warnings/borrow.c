/* exit: 0 */
#include <bide/bide.h>

struct point {
    int x, y;
    int many[4];
};
struct request {
    int *where;
    const char *text;
};

async int fill(int *to, int n);
async int send(struct request r);
async int name(const char *text);
async int into(struct bide__scope *s);

int plain(int *to);

static int counter;

async int borrows(int n, struct point *p, int *given)
{
    int local = 0, array[4] = {0};
    static int kept[4];
    struct point point = {0};
    char text[] = "text";
    bide_spawn(fill(&local, 1));
    bide_spawn(fill(array, 4));
    bide_spawn(fill(&array[1], 3));
    bide_spawn(fill(array + 2, 2));
    bide_spawn(fill(&point.y, 1));
    bide_spawn(fill(point.many, 4));
    bide_spawn(fill(&n, 1));
    bide_spawn(fill(n ? &local : given, 1));
    bide_spawn(name(text));
    bide_spawn(fill((int *)(void *)&local, 1));
    bide_spawn(fill((int[4]){0}, 4));
    bide_spawn(fill(&(struct point){0}.x, 1));
    bide_spawn(send((struct request){.where = &local, .text = "text"}));
    bide_task(int) late = bide_spawn(fill(given, 1));
    late = bide_spawn(fill(&local, 1));

    bide_spawn_blocking(plain(array));

    bide_spawn(fill(kept, 4));
    bide_spawn(fill(&counter, 1));
    bide_spawn(fill(given, local));
    bide_spawn(fill(&p->x, array[1]));
    bide_spawn(fill(p->many, *&local));
    bide_spawn(name("text"));
    bide_spawn(name(__func__));
    bide_spawn(send((struct request){.where = given, .text = "text"}));
    bide_spawn(async({ int mine = 0; await fill(&mine, local); }));

    bide_scope(s) {
        int own = 0;
        bide_scope_spawn(s, fill(&local, 1));
        bide_scope_spawn(s, fill(&own, 1));
        bide_scope_spawn(s, into(s));
        for (int i = 0; i < n; i++) {
            int each[2] = {0};
            bide_scope_spawn(s, fill(&i, 1));
            bide_scope_spawn(s, fill(each, 2));
            bide_scope_spawn(s, fill(&array[i], 1));
        }
        bide_spawn(into(s));
        bide_spawn(async({ bide_scope_spawn(s, fill(given, 1)); }));
    }
    return local + array[0];
}

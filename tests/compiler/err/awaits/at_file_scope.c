#include <bide/bide.h>

async int work(int n);

struct route {
    const char *path;
    int (*work)(int);
};

static const struct route routes[] = {{.path = "/", .work = work}};
static const bide_async_fn(int, int) table[] = {bide_ref(work)};
static const int answer = work(3);

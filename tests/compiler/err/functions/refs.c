/* Mistakes with pointers to async functions. */
#include <bide/bide.h>

async int fetch(const char *url);
int plain(const char *url);
typedef bide_async_fn(int, const char *) getter;

struct site {
    getter get;
    bide_async_fn(int) bare;
};

async int main(void)
{
    getter h = bide_ref(fetch);
    bide_async_fn(int, const char *) other = bide_ref(plain);
    struct site s = {bide_ref(h), 0};
    int n = (*h)("a");
    n += (*s.get)("b");
    (*bide_ref(fetch))("c");
    n += await h("d");
    n += await (*s.bare)(1);
    n += await bide_blocking((*h)("e"));
    n += await (*h)("f")->x;
    bide_join(n = (*h)("g"));
    getter wrong = fetch;
    n += bide_ref(main) == other;
    return n + (wrong != 0);
}

int from_plain(getter h)
{
    return (*h)("h") + await (*h)("i");
}

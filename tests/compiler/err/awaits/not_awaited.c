#include <bide/bide.h>

async int fetch(const char *url);
async void tell(int n);

async int total(void)
{
    int n = fetch("a");
    tell(n);
    if (n > fetch("b") && await fetch("c"))
        n += 2 * fetch("d"), tell(3);
    (void)sizeof(fetch("e"));
    return fetch("f");
}

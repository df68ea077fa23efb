#include <bide/bide.h>

async int fetch(const char *url);

int plain(void)
{
    return fetch("a") + 1;
}

int table = sizeof(fetch("b"));

#include <bide/bide.h>

#define FETCH(x)      fetch(x)
#define TWICE(x)      ((x) + (x))
#define WHEN(c, then) do { if (c) { then; } } while (0)

async int fetch(int n);

async int macros(int n)
{
    int a = FETCH(1) + FETCH(2);
    int b = TWICE(fetch(3));
    WHEN(n, fetch(4));
	int	tab = fetch(5);
    const char *s = "fetch(6)"; int o = /* fetch(7) */ fetch(8);
    const char *ä = "ä"; int u = fetch(9);
    return a + b + tab + o + u + s[0] + ä[0] +
           TWICE(1
                 + fetch(10));
}

async int continued(int n)
{
    n = await FETCH(n) + \
        fetch(n);
    return n;
}

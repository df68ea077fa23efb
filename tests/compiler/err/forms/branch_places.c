#include <bide/bide.h>

async int work(int n);

async int places(int n)
{
    int m = 0;
    {
        char room[n];
        await bide_join(({ room[0] = (char)await work(1); }));
    }
    await bide_join(({
        char own[m + 1];
        own[0] = 1;
        await work(own[0]);
    }));
    await bide_join(work(1), work(2), work(3), work(4), work(5), work(6), work(7), work(8), work(9),
                    work(10), work(11), work(12), work(13), work(14), work(15), work(16), work(17),
                    work(18), work(19), work(20), work(21), work(22), work(23), work(24), work(25),
                    work(26), work(27), work(28), work(29), work(30), work(31), work(32), ({ m++; }));
    await bide_join(({ work(1); }), ({ bide_timeout(BIDE_MS(1), work(1)); }));
    return m;
}

int plain(void)
{
    int m = 0;
    await bide_join(({ m += await work(1); }));
    return m;
}

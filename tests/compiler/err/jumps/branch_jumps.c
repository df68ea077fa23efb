#include <bide/bide.h>

async int work(int n);

async int jumps(int n)
{
    int k = 0;
    for (;;) {
        await bide_join(({
                            if (await work(1))
                                break;
                            continue;
                        }),
                        k = ({
                            for (;;)
                                break; /* its own loop */
                            while (k)
                                continue;
                            if (n)
                                return 3;
                            if (k)
                                goto out;
                            await work(2);
                        }));
    }
    switch (n) {
    case 1:
        await bide_select(({
                              await work(3);
                          case 2:
                              await work(4);
                          default:;
                          }),
                          ({
                              defer { return; }
                              goto in;
                          in:
                              await work(5);
                          }),
                          bide_join(work(6), ({ goto in; })));
    }
    if (k)
        goto in;
out:
    return k;
}

/* Results that are dropped: of the library's functions and of the user's own. */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/sqlite.h>

bide_must_use async int mine(int n);
bide_must_use int plain(int n);
async int other(int n);

static async int connects(void)
{
    bide_stream *s = NULL;
    char text[4];
    await bide_tcp_connect("::1", 1, &s); /* want: -Wunused-result */
    bide_stream_close(s);
    (void)await bide_tcp_connect("::1", 1, &s);
    await bide_stream_write(s, "hello", 5); /* want: -Wbide-leak-on-cancel -Wunused-result */
    await bide_stream_read(s, text, 4);     /* want: -Wunused-result */
    await mine(1);                          /* want: -Wunused-result */
    (await mine(2));                        /* want: -Wunused-result */
    plain(1);                               /* want: -Wunused-result */
    (void)plain(2);
    (void)(await mine(3));
    (void)!await mine(4);
    await other(1);
    await bide_sleep(BIDE_MS(1));
    bide_stream_close(s);
    return 0;
}

static async int nested(int n)
{
    int a = 0, b = 0;
    await mine(1), n++; /* want: -Wunused-result */
    n++, await mine(2); /* want: -Wunused-result */
    a = (await mine(3), 4); /* want: -Wunused-result */
    n ? await mine(4) : await other(5); /* want: -Wunused-result */
    ({ await mine(6); }); /* want: -Wunused-result */
    b = ({ await mine(7); });
    b += ({
        await mine(8); /* want: -Wunused-result */
        9;
    });
    if (n)
        await mine(10); /* want: -Wunused-result */
    for (int i = 0; i < 2; i++, await mine(i)) /* want: -Wunused-result */
        b += await mine(11);
    while (await mine(12))
        a++;
    return a + b;
}

static async int branches(int n)
{
    int a = 0, b = 0;
    await bide_join(a = mine(1), mine(2)); /* want: -Wunused-result */
    await bide_join(a = mine(1), (void)mine(2));
    await bide_join(other(1), other(2));
    a += await bide_try_join(mine(3), b = mine(4));
    a += await bide_try_join(bide_if(n, mine(3)), mine(4));
    a += await bide_select(mine(5), bide_sleep(BIDE_S(1))); /* want: -Wunused-result */
    a += await bide_select(b = mine(5), bide_sleep(BIDE_S(1)));
    a += await bide_select_biased(bide_if(n, mine(6)), other(7)); /* want: -Wunused-result */
    a += await bide_select_biased(bide_if(n, (void)mine(6)), other(7));
    a += await bide_timeout(BIDE_S(1), mine(8)); /* want: -Wunused-result */
    a += await bide_timeout(BIDE_S(1), b = mine(8));
    a += await bide_timeout(BIDE_S(1), (void)mine(8));
    await bide_join(({ await mine(9); }), other(1)); /* want: -Wunused-result */
    await bide_join(a = ({ await mine(9); }), ({ (void)await mine(10); }));
    return a + b;
}

static async int library(bide_sender(int) tx, bide_receiver(int) rx, bide_http_client *client,
                         bide_sql *db)
{
    int item = 1;
    bide_http_response *page = NULL;
    defer { bide_http_response_free(page); }
    await bide_send(tx, &item); /* want: -Wunused-result */
    (bide_try_send)(tx, &item); /* want: -Wunused-result */
    await bide_recv(rx, &item); /* want: -Wunused-result */
    await bide_reserve(tx, 1);     /* want: -Wunused-result */
    await bide_http_get(client, "", &page); /* want: -Wunused-result */
    await bide_sql_exec(db, "BEGIN");   /* want: -Wunused-result */
    bide_receiver_close(rx);
    return item;
}

int main(void)
{
    return bide_block_on(connects()) + bide_block_on(nested(1)) + bide_block_on(branches(1)) +
           bide_block_on(library(NULL, NULL, NULL, NULL));
}

/* Resources that functions give through a pointer, held across an await. */
#include <bide/bide.h>
#include <bide/http.h>
#include <bide/sqlite.h>

#include <errno.h>

struct page;
void page_free(struct page *page);
async int page_end(struct page *page);
int page_open(int id, struct page **page bide_gives(page_free));
async int page_load(struct page **page bide_gives(page_end), int id);
bool page_try(bide_gives(page_free) struct page **page);
void page_make(struct page **page bide_gives(page_free));
int page_number(int *number bide_gives(page_drop));
void page_drop(int number);
int page_look(struct page *page);
void keep(struct page *page);
bool is_bad(int rc);
async int work(struct page *page);
async int rest(void);

static async int simple(int id)
{
    struct page *page;
    int rc = page_open(id, &page);
    if (rc < 0)
        return rc;
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return rc;
}

static async int deferred(int id)
{
    struct page *page = NULL;
    defer { page_free(page); }
    if (page_open(id, &page) < 0)
        return -EIO;
    return await work(page);
}

static async int deferred_after(int id)
{
    struct page *page;
    int rc = await page_load(&page, id);
    if (rc)
        return rc;
    defer { await page_end(page); }
    return await work(page);
}

static async int released_before(int id)
{
    struct page *page;
    if (page_open(id, &page))
        return -1;
    int n = page_look(page);
    page_free(page);
    return n + await rest();
}

static async int closed_by_await(int id)
{
    struct page *page;
    if (await page_load(&page, id) != 0)
        return -1;
    return await page_end(page);
}

static async int closed_too_late(int id)
{
    struct page *page;
    if (await page_load(&page, id) != 0)
        return -1;
    int rc = await rest(); /* want: -Wbide-leak-on-cancel */
    return rc + await page_end(page);
}

/* ---- how failing is seen ---- */

static async int awaits_after_failing(int id)
{
    struct page *page;
    int rc = page_open(id, &page);
    if (rc != 0) {
        await rest();
        page_free(page);
        return rc;
    }
    page_free(page);
    return 0;
}

static async int else_branch(int id)
{
    struct page *page;
    int rc;
    if ((rc = page_open(id, &page)) == 0) {
        rc = await rest(); /* want: -Wbide-leak-on-cancel */
        page_free(page);
    } else {
        await rest();
        page_free(page);
    }
    return rc;
}

static async int switched(int id)
{
    struct page *page;
    int rc = await page_load(&page, id);
    switch (rc) {
    case 0: break;
    case -ENOENT: await rest(); return 0;
    default:
        await rest();
        (void)await page_end(page);
        return rc;
    }
    await rest(); /* want: -Wbide-leak-on-cancel */
    return await page_end(page);
}

static async int tries_again(int id)
{
    struct page *page;
    while (page_open(id, &page) < 0)
        await rest();
    page_free(page);
    int rc;
    do {
        rc = page_open(id, &page);
        if (rc == -EAGAIN)
            await rest();
    } while (rc == -EAGAIN);
    if (rc < 0)
        return rc;
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return 0;
}

static async int by_a_function(int id)
{
    struct page *page;
    int rc = page_open(id, &page);
    if (is_bad(rc)) {
        await rest();
        page_free(page);
        return rc;
    }
    page_free(page);
    return 0;
}

static async int copied_status(int id)
{
    struct page *page;
    int first = page_open(id, &page), rc = first;
    if (rc < 0) {
        await rest();
        page_free(page);
        return rc;
    }
    page_free(page);
    return 0;
}

static async int reversed(int id)
{
    struct page *page;
    int rc = page_open(id, &page);
    if (0 > rc) {
        await rest();
        page_free(page);
        return rc;
    }
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return rc;
}

static async int two_things(int id)
{
    struct page *one, *two;
    int rc = page_open(id, &one);
    if (rc < 0)
        return rc;
    rc = page_open(id, &two);
    if (rc < 0) {
        await rest(); /* want: -Wbide-leak-on-cancel */
        page_free(one);
        page_free(two);
        return rc;
    }
    page_free(one);
    page_free(two);
    return 0;
}

static async int by_bool(void)
{
    struct page *page;
    if (!page_try(&page)) {
        await rest();
        page_free(page);
        return -1;
    }
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return 0;
}

static async int without_status(void)
{
    struct page *page;
    page_make(&page);
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_free(page);
    return 0;
}

static async int a_number(void)
{
    int number;
    if (page_number(&number) < 0)
        return -1;
    await rest(); /* want: -Wbide-leak-on-cancel */
    page_drop(number);
    return 0;
}

static async int out_of_goto(int id)
{
    struct page *page = NULL;
    int rc = page_open(id, &page);
    if (rc < 0)
        goto out;
    rc = await rest(); /* want: -Wbide-leak-on-cancel */
out:
    await rest();
    page_free(page);
    return rc;
}

/* ---- where it goes ---- */

struct holder {
    struct page *page;
};

static async int stored(struct holder *h, int id)
{
    struct page *page;
    if (page_open(id, &page) < 0)
        return -1;
    h->page = page;
    return await rest();
}

static async int returned(struct page **out, int id)
{
    struct page *page;
    if (page_open(id, &page) < 0)
        return -1;
    *out = page;
    return await rest();
}

static async int kept(int id)
{
    struct page *page;
    if (page_open(id, &page) < 0)
        return -1;
    keep(page);
    return await rest();
}

static async int spawned(int id)
{
    struct page *page;
    if (page_open(id, &page) < 0)
        return -1;
    bide_task_detach(bide_spawn(work(page)));
    return await rest();
}

static async int member(struct holder *h, int id)
{
    if (page_open(id, &h->page) < 0)
        return -1;
    await rest();
    page_free(h->page);
    return 0;
}

static async int pointed_to(int id)
{
    struct page *page, **also = &page;
    if (page_open(id, &page) < 0)
        return -1;
    keep(*also);
    await rest();
    page_free(page);
    return 0;
}

/* ---- the library ---- */

static async int talk(void)
{
    bide_stream *s;
    bide_reader *r;
    char *line;
    int rc = await bide_tcp_connect("127.0.0.1", 1, &s);
    if (rc < 0)
        return rc;
    if (bide_reader_new(s, 100, &r) < 0) {
        bide_stream_close(s);
        return -1;
    }
    rc = await bide_reader_line(r, &line, NULL); /* want: -Wbide-leak-on-cancel */
    bide_reader_free(r);
    bide_stream_close(s);
    return rc;
}

static async int never_closed(void)
{
    bide_stream *s;
    int rc = await bide_tcp_connect("127.0.0.1", 1, &s);
    if (rc < 0)
        return rc;
    rc = await bide_stream_write_all(s, "a", 1, NULL); /* want: -Wbide-leak-on-cancel */
    if (rc == 0)
        rc = await bide_stream_write_all(s, "b", 1, NULL);
    return rc;
}

static async int handle(bide_stream *s)
{
    defer { bide_stream_close(s); }
    return await bide_stream_write_all(s, "a", 1, NULL);
}

static async int accepts(void)
{
    bide_tcp_listener *listener;
    int rc = bide_tcp_listen(NULL, 0, &listener);
    if (rc < 0)
        return rc;
    for (;;) {
        bide_stream *s;
        rc = await bide_tcp_accept(listener, &s); /* want: -Wbide-leak-on-cancel */
        if (rc < 0)
            break;
        bide_task_detach(bide_spawn(handle(s)));
    }
    bide_tcp_listener_close(listener);
    return rc;
}

static async int timed(void)
{
    bide_stream *s = NULL;
    int rc = 0;
    int late = await bide_timeout(BIDE_S(1), rc = bide_tcp_connect("::1", 1, &s));
    if (late < 0) {
        await rest();
        bide_stream_close(s);
        return late;
    }
    if (rc < 0)
        return rc;
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(s);
    return 0;
}

static async int others(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    bide_http_client *client;
    bide_sql *db = NULL;
    if (bide_channel_new(1, &tx, &rx) < 0)
        return -1;
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
    if (bide_http_client_new(NULL, &client) < 0)
        return -1;
    bide_http_response *page = NULL;
    int rc = await bide_http_get(client, "", &page); /* want: -Wbide-leak-on-cancel */
    bide_http_response_free(page);
    bide_http_client_free(client);
    rc = await bide_sql_open(":memory:", NULL, &db);
    if (rc < 0)
        return rc;
    rc = await bide_sql_exec(db, "BEGIN"); /* want: -Wbide-leak-on-cancel */
    await bide_sql_close(db);
    return rc;
}

int main(void)
{
    struct holder h;
    struct page *p;
    return bide_block_on(simple(1)) + bide_block_on(deferred(1)) + bide_block_on(switched(1)) +
           bide_block_on(deferred_after(1)) + bide_block_on(released_before(1)) +
           bide_block_on(closed_by_await(1)) + bide_block_on(awaits_after_failing(1)) +
           bide_block_on(else_branch(1)) + bide_block_on(tries_again(1)) +
           bide_block_on(by_a_function(1)) + bide_block_on(copied_status(1)) +
           bide_block_on(reversed(1)) + bide_block_on(two_things(1)) + bide_block_on(by_bool()) +
           bide_block_on(without_status()) + bide_block_on(a_number()) +
           bide_block_on(out_of_goto(1)) + bide_block_on(stored(&h, 1)) +
           bide_block_on(returned(&p, 1)) + bide_block_on(kept(1)) + bide_block_on(spawned(1)) +
           bide_block_on(member(&h, 1)) + bide_block_on(pointed_to(1)) + bide_block_on(talk()) +
           bide_block_on(never_closed()) + bide_block_on(accepts()) + bide_block_on(timed()) +
           bide_block_on(others()) + bide_block_on(closed_too_late(1));
}

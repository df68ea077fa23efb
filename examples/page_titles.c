/*
 * page_titles: the titles of web pages. Each page has a task of its own, so a slow one holds up no
 * other; then the results are printed in the order of the list, errors too. At last the first two
 * pages race.
 *
 *     bide run examples/page_titles.c
 *     page_titles [URL...]
 *
 * Without URLs the pages come from a server in this program, but for one, which nobody serves.
 *
 * needs: bide-http bide-html
 */
#include <bide/bide.h>
#include <bide/html.h>
#include <bide/http.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one page ---- */

struct page {
    const char *url;
    char *title; /* NULL: there is none, and `why` says why; freed by bide_html_text_free */
    char why[240];
    int error; /* 0, or a negative errno */
    int ms;    /* how long it took */
};

static int fails(struct page *page, int error, const char *words)
{
    snprintf(page->why, sizeof page->why, "%s", words);
    return error;
}

/* The title of an answer. A large page is parsed on another thread meanwhile. */
static async int read_title(struct page *page, const bide_http_response *answer)
{
    const bide_html_node *title;
    bide_html_options options = {.charset = bide_http_header_value(answer, "Content-Type")};
    bide_html_failure failure;
    bide_html *html = NULL;
    defer {
        bide_html_free(html);
    }
    int rc = await bide_html_parse(bide_http_body(answer), bide_http_body_size(answer), &options,
                                   &failure, &html);
    if (rc < 0)
        return fails(page, rc, failure.text);
    rc = bide_html_find(bide_html_top(html), "head > title", &title);
    if (rc == -ENOENT)
        return fails(page, rc, "the page has no title");
    if (rc == 0)
        rc = bide_html_text(title, &page->title, NULL);
    return rc < 0 ? fails(page, rc, strerror(-rc)) : 0;
}

/* Each step may fail; what failed is in the page, and nobody else's business. */
static async int read_page(bide_http_client *client, struct page *page)
{
    bide_http_response *answer = NULL;
    defer {
        bide_http_response_free(answer);
    }
    int rc = await bide_http_get(client, page->url, &answer);
    if (rc < 0)
        return fails(page, rc, bide_http_error(answer));
    if (bide_http_status(answer) >= 400) {
        snprintf(page->why, sizeof page->why, "the answer is %d", bide_http_status(answer));
        return -EBADMSG;
    }
    return await read_title(page, answer);
}

static async void fetch(bide_http_client *client, struct page *page)
{
    bide_instant start = bide_now();
    page->error = await read_page(client, page);
    page->ms = (int)(bide_elapsed(start).ns / 1000000);
}

static void print(const struct page *page)
{
    if (page->error < 0)
        printf("%s: no title: %s\n", page->url, page->why);
    else
        printf("%s: \"%s\", after %d ms\n", page->url, page->title, page->ms);
}

static void forget(struct page *page)
{
    bide_html_text_free(page->title);
    page->title = NULL;
}

/* ---- all of them, and the first one ---- */

static async int fetch_all(bide_http_client *client, struct page *pages, int count)
{
    int failed = 0;
    bide_instant start = bide_now();
    bide_scope(tasks) {
        for (int i = 0; i < count; i++)
            bide_scope_spawn(tasks, fetch(client, &pages[i]));
    } /* Here all of them have ended. */
    for (int i = 0; i < count; i++) {
        print(&pages[i]);
        failed += pages[i].error < 0;
        forget(&pages[i]);
    }
    printf("%d pages in %d ms\n", count, (int)(bide_elapsed(start).ns / 1000000));
    return failed;
}

/* A select cancels the loser: its request is broken off. To fail first is not to answer first. */
static async void race(bide_http_client *client, const char *one, const char *two)
{
    struct page pages[2] = {{.url = one}, {.url = two}};
    defer {
        forget(&pages[0]);
        forget(&pages[1]);
    }
    int first = await bide_select(fetch(client, &pages[0]), fetch(client, &pages[1]));
    if (pages[first].error < 0) {
        print(&pages[first]);
        first = 1 - first;
        if (pages[first].title == NULL) /* it may have ended in the same turn */
            await fetch(client, &pages[first]);
    }
    if (pages[first].error < 0)
        print(&pages[first]);
    else
        printf("the first to answer is %s: \"%s\"\n", pages[first].url, pages[first].title);
}

/* ---- a server with some pages ---- */

static const struct {
    const char *path, *type, *body;
    int ms; /* that it takes */
} served[] = {
    {"/slow", "text/html", "<!doctype html><title>A slow\n page</title><p>at last", 600},
    {"/quick", "text/html", "<title>A quick page</title>", 100},
    {"/latin", "text/html; charset=iso-8859-1", "<html><head><title>Caf\xE9 &amp; co", 200},
    {"/plain", "text/plain", "nothing but text", 50},
};

enum { SERVED = sizeof served / sizeof *served };

static async void answer(bide_stream *stream)
{
    defer {
        bide_stream_close(stream);
    }
    bide_reader *reader = NULL;
    if (bide_reader_new(stream, 8000, &reader) < 0)
        return;
    defer {
        bide_reader_free(reader);
    }
    char *line, text[400];
    int found = SERVED;
    while (await bide_reader_line(reader, &line, NULL) == 1 && line[0] != '\0')
        for (int i = 0; i < SERVED; i++)
            if (strncmp(line, "GET ", 4) == 0 &&
                strncmp(line + 4, served[i].path, strlen(served[i].path)) == 0)
                found = i;
    const char *body = found < SERVED ? served[found].body : "<title>no</title>";
    if (found < SERVED)
        await bide_sleep(BIDE_MS(served[found].ms));
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: %s\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        found < SERVED ? "200 OK" : "404 Not Found",
                        found < SERVED ? served[found].type : "text/html", strlen(body), body);
    (void)await bide_stream_write_all(stream, text, (size_t)size, NULL);
}

static async void serve(bide_tcp_listener *listener)
{
    defer {
        bide_tcp_listener_close(listener);
    }
    bide_scope(clients) {
        bide_stream *stream;
        while (await bide_tcp_accept(listener, &stream) == 0)
            bide_scope_spawn(clients, answer(stream));
    }
}

/* ---- main ---- */

enum { PAGES_MAX = 100, OWN = 6 };

static char own_urls[OWN][64];

/* Begins the server, and makes the list. */
static int begin_server(struct page *pages)
{
    static const char *const paths[OWN - 1] = {"/slow", "/quick", "/latin", "/plain", "/missing"};
    bide_tcp_listener *listener;
    int rc = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (rc < 0)
        return rc;
    for (int i = 0; i < OWN - 1; i++)
        snprintf(own_urls[i], sizeof own_urls[i], "http://127.0.0.1:%d%s", bide_tcp_port(listener),
                 paths[i]);
    snprintf(own_urls[OWN - 1], sizeof own_urls[OWN - 1], "http://127.0.0.1:1/"); /* dead */
    for (int i = 0; i < OWN; i++)
        pages[i].url = own_urls[i];
    bide_task_detach(bide_spawn(serve(listener)));
    return OWN;
}

async int main(int argc, char **argv)
{
    static struct page pages[PAGES_MAX];
    bide_http_options options = {.timeout = BIDE_S(20)};
    int count = argc - 1;
    if (count > PAGES_MAX) {
        fprintf(stderr, "at most %d pages\n", PAGES_MAX);
        return 2;
    }
    for (int i = 0; i < count; i++)
        pages[i].url = argv[i + 1];
    if (argc == 1) {
        options.proxy = ""; /* it is here */
        count = begin_server(pages);
        if (count < 0)
            return count;
    }
    bide_http_client *client = NULL;
    int rc = bide_http_client_new(&options, &client);
    if (rc < 0)
        return rc;
    defer {
        bide_http_client_free(client);
    }
    int failed = await fetch_all(client, pages, count);
    if (count >= 2)
        await race(client, pages[0].url, pages[1].url);
    return argc > 1 && failed > 0;
}

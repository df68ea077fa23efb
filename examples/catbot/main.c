/*
 * catbot: the bot that never sleeps. Ten users ask it for a picture at once; each picture takes
 * about a second, and one thread serves all of them in little more than that.
 *
 *     catbot                             ten users, a local picture service, a timeline
 *     catbot --url URL                   the same with another picture service
 *     catbot --listen HOST:PORT          a server; talk to it with: nc HOST PORT
 *     catbot --gateway                   the ten users write through a gateway: WebSocket over TLS
 *     catbot --page PORT                 the timeline is a web page, too, until Ctrl-C
 *     catbot --trace FILE                what it did, as a file for: bide trace view FILE
 *
 * needs: bide-http bide-sqlite bide-websocket bide-http-server bide-json bide-tls bide-trace
 */
#include "catbot.h"

#include <bide/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *url, *listen, *page, *trace;
    bool gateway;
};

/* These outlive main, since tasks that are still running when it returns end after it. */
static struct bot bot;
static struct timeline timeline;

static int usage(int status)
{
    fprintf(status == 0 ? stdout : stderr,
            "usage: catbot [--url URL] [--listen HOST:PORT] [--gateway] [--page PORT]\n"
            "              [--trace FILE]\n"
            "  --url URL           fetch pictures there, not from the built-in service\n"
            "  --listen HOST:PORT  be a server, until Ctrl-C, rather than play ten users\n"
            "  --gateway           the users write through a gateway: WebSocket, TLS, JSON\n"
            "  --page PORT         show the timeline in a browser, too, until Ctrl-C\n"
            "  --trace FILE        write spans there; see them with: bide trace view FILE\n");
    return status;
}

/* Returns 0 to go on, otherwise the exit status plus 1. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"url", required_argument, NULL, 'u'},
        {"listen", required_argument, NULL, 'l'},
        {"gateway", no_argument, NULL, 'g'},
        {"page", required_argument, NULL, 'p'},
        {"trace", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "u:l:gp:t:h", known, NULL)) != -1;) {
        switch (c) {
        case 'u': options->url = optarg; break;
        case 'l': options->listen = optarg; break;
        case 'g': options->gateway = true; break;
        case 'p': options->page = optarg; break;
        case 't': options->trace = optarg; break;
        case 'h': return usage(0) + 1;
        default: return usage(2) + 1;
        }
    }
    return optind < argc ? usage(2) + 1 : 0;
}

static int complain(const char *what, int error)
{
    fprintf(stderr, "catbot: %s: %s\n", what, strerror(-error));
    return 1;
}

/* ---- the demonstration ---- */

static void forget_replies(void)
{
    bot.replies = bot.failures = 0;
    bot.slowest_ns = bot.quickest_ns = 0;
}

/* First one user alone, who takes *alone_ns, then ten at once. 0 or a negative errno. */
static async int play_users(uint16_t port, int64_t *alone_ns)
{
    bide_task(int) users[USERS];
    int error = await user_chat(0, port);
    *alone_ns = bot.slowest_ns;
    forget_replies();

    for (int i = 0; i < USERS; i++)
        users[i] = bide_spawn(user_chat(i, port));
    for (int i = 0; i < USERS; i++) {
        int result = 0;
        int n = await bide_task_join(users[i], &result);
        if (n == 0)
            n = result;
        if (n < 0)
            error = n;
    }
    return error;
}

/* The same ten, through the gateway. */
static async int play_gateway(void)
{
    const bide_tls_options trust = {.ca = gateway_authority()};
    bide_tls_context *tls;
    char url[64];
    int n = bide_tls_client_new(&trust, &tls), linked = 0;
    if (n < 0)
        return n;
    defer {
        bide_tls_context_drop(tls);
        gateway_stop();
    }
    n = gateway_start(user_logins, url, sizeof url);
    if (n < 0)
        return n;
    await bide_select_biased(linked = link_run(&bot, url, tls), gateway_wait());
    if (linked == 0)
        printf("catbot: the gateway has cut the connection; sessions resumed: %d\n",
               link_resumes());
    return linked;
}

/* ---- the parts ---- */

/* The page, if it is wanted; otherwise how to see it. 0 or a negative errno. */
static int open_page(const char *port)
{
    if (port == NULL) {
        printf("catbot: to see this in a browser: catbot --page 8080\n");
        return 0;
    }
    int n = page_start(&timeline, (uint16_t)atoi(port));
    if (n < 0)
        return n;
    printf("catbot: the timeline is at http://127.0.0.1:%d/\n", n);
    fflush(stdout);
    return 0;
}

/* The file for spans, if one is wanted. 0 or a negative errno. */
static int open_trace(const char *path, int *fd, bide_trace_output **output)
{
    static const bide_trace_options everything = {.filter = "trace"};
    *fd = -1;
    *output = NULL;
    if (path == NULL)
        return 0;
    *fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    return *fd < 0 ? -errno : bide_trace_timeline_new(*fd, &everything, output);
}

static void close_trace(int fd, bide_trace_output *output)
{
    bide_trace_output_free(output);
    if (fd >= 0)
        close(fd);
}

static int open_http(bool local)
{
    /* A local service is not behind a proxy. */
    bide_http_options options = {.timeout = BIDE_S(20), .user_agent = "catbot"};
    if (local)
        options.proxy = "";
    return bide_http_client_new(&options, &bot.http);
}

static int open_listener(const char *address)
{
    char host[BIDE_ADDRESS_MAX] = "127.0.0.1";
    uint16_t port = 0;
    int n = address != NULL ? bide_address_split(address, host, sizeof host, &port) : 0;
    if (n < 0)
        return n;
    return bide_tcp_listen(host[0] != '\0' ? host : NULL, port, &bot.listener);
}

/* Makes an empty file in the folder for temporary files. */
static int make_file(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/catbot-XXXXXX", folder != NULL ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* Waits for Ctrl-C or the signal that `kill` sends. */
static async void wait_for_end(void)
{
    await bide_select(bide_ctrl_c(), bide_signal_wait(SIGTERM));
}

/* Everything is open: plays or serves until the end. Returns the exit status. */
static async int run(const struct options *options)
{
    int port = bide_tcp_port(bot.listener), n = 0;
    int64_t alone_ns = 0;

    bide_spawn(bot_serve(&bot));
    bide_task(void) drawing = bide_spawn(timeline_run(&timeline));
    if (options->listen != NULL) {
        printf("catbot: listening on port %d; Ctrl-C ends it\n", port);
        fflush(stdout);
        await wait_for_end();
    } else if (options->gateway) {
        await bide_select(n = play_gateway(), wait_for_end());
    } else {
        await bide_select(n = play_users((uint16_t)port, &alone_ns), wait_for_end());
    }
    if (options->page != NULL && options->listen == NULL && n == 0) {
        printf("catbot: all have their cats; Ctrl-C ends the page\n");
        await wait_for_end();
    }
    page_stop();

    await bot_close(&bot, BIDE_S(5));
    pictures_stop();
    timeline_stop(&timeline);
    await bide_task_wait(drawing);

    if (n < 0)
        complain("a user was not served", n);
    if (bot.failures > 0)
        printf("catbot: %d of them without a cat\n", bot.failures);
    printf("catbot: %d replies in %.2f s, slowest %.2f s, one alone %.2f s\n", bot.replies,
           seconds(bot.last_reply_ns - bot.first_message_ns), seconds(bot.slowest_ns),
           seconds(alone_ns != 0 ? alone_ns : bot.quickest_ns));
    return n < 0;
}

async int main(int argc, char **argv)
{
    struct options options = {NULL, NULL, NULL, NULL, false};
    bide_trace_output *trace = NULL;
    char url[64], path[256];
    int trace_fd = -1;

    int n = read_options(argc, argv, &options);
    if (n != 0)
        return n - 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    defer {
        close_trace(trace_fd, trace);
    }
    n = open_trace(options.trace, &trace_fd, &trace);
    if (n < 0)
        return complain(options.trace, n);
    timeline_init(&timeline);
    bot.timeline = &timeline;
    defer {
        timeline_free(&timeline);
    }

    /* Opened in this order and closed in the reverse order, whatever happens in between. */
    n = make_file(path, sizeof path);
    if (n < 0)
        return complain(path, n);
    defer {
        unlink(path);
    }
    defer {
        await bide_sql_close(bot.people);
    }
    n = await bide_sql_open(path, NULL, &bot.people);
    if (n == 0)
        n = await people_fill(bot.people);
    if (n < 0)
        return complain(bide_sql_error(bot.people), n);

    n = open_http(options.url == NULL);
    if (n < 0)
        return complain("no HTTP", n);
    defer {
        bide_http_client_free(bot.http);
    }

    bot.picture_url = options.url;
    if (options.url == NULL) {
        n = pictures_start(url, sizeof url);
        if (n < 0)
            return complain("no picture service", n);
        bot.picture_url = url;
    }

    n = open_page(options.page);
    if (n < 0)
        return complain("no page", n);
    n = open_listener(options.listen);
    if (n < 0)
        return complain(options.listen != NULL ? options.listen : "no port", n);
    return await run(&options);
}

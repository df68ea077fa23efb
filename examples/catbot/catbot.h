/*
 * catbot.h: the parts of the bot and what they offer each other.
 *
 *   main.c      the command line; starts and stops the parts
 *   bot.c       the bot: listens, and answers each message with a picture and a nickname
 *   pictures.c  a picture service that is slow on purpose
 *   users.c     ten users who chat with the bot
 *   timeline.c  draws what happens
 *   link.c      the bot as a client of a chat service: WebSocket over TLS, with JSON
 *   gateway.c   such a service, on this machine
 *   page.c      what happens, as a web page
 *
 * All tasks run on one thread: none of the structs below needs a lock.
 */
#ifndef CATBOT_H
#define CATBOT_H

#include <bide/bide.h>
#include <bide/http.h>
#include <bide/json.h>
#include <bide/sqlite.h>
#include <bide/websocket.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline int64_t now_ns(void)
{
    return bide_now().ns;
}

static inline double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

/* ---- timeline.c ---- */

enum phase { FETCH, LOOKUP, REPLY, PHASES };

/* One request. A time of 0 means "not yet". */
struct row {
    struct row *next;
    char who[16];
    char note[120]; /* the outcome */
    bool failed;
    int64_t begin_ns, end_ns;
    int64_t phase_begin_ns[PHASES], phase_end_ns[PHASES];
};

struct timeline {
    struct row *first, *last;
    int row_count;
    bool live; /* drawn on a terminal; otherwise one line a request */
    bool stopped;
    int drawn_lines;
    int64_t begin_ns;
};

void timeline_init(struct timeline *timeline);
void timeline_free(struct timeline *timeline);

/* Draws until timeline_stop; returns at once if there is no terminal. */
async void timeline_run(struct timeline *timeline);
void timeline_stop(struct timeline *timeline);

/* Adds a row, which the timeline owns. NULL: no memory; the functions below ignore a NULL row. */
struct row *timeline_add(struct timeline *timeline, const char *who);
void row_begin(struct row *row, enum phase phase);
void row_end(struct row *row, enum phase phase);
void row_finish(struct timeline *timeline, struct row *row, bool failed, const char *note);

/* ---- bot.c ---- */

/* A connected user. */
struct user {
    struct user *next, **link; /* in the bot's list */
    bide_stream *stream;
    bide_task(void) task;
};

struct bot {
    bide_tcp_listener *listener;
    bide_http_client *http;
    bide_sql *people;
    const char *picture_url;
    struct timeline *timeline;

    struct user *users;
    bide_notify user_left;
    bide_notify closing; /* ends the waits for silent users */
    bool is_closing;

    int replies, failures;
    int64_t slowest_ns, quickest_ns;
    int64_t first_message_ns, last_reply_ns;
};

/* How a reply is sent. Returns 0 or a negative errno. */
typedef bide_async_fn(int, void *to, const char *text) reply_fn;

/* Answers a line such as "ada: a cat, please". Returns 0, or why the reply could not be sent. */
async int bot_answer(struct bot *bot, reply_fn reply, void *to, const char *line);

/* Accepts users and talks to them until bot_close. */
async void bot_serve(struct bot *bot);

/* Accepts no more users and lets replies under way finish, but waits no longer than `patience`.
 * When it returns, nobody uses the bot any more. */
async void bot_close(struct bot *bot, bide_duration patience);

/* ---- pictures.c ---- */

/* Starts the service on a free local port and writes its URL. Returns 0 or a negative errno. */
int pictures_start(char *url, size_t size);
void pictures_stop(void);

/* ---- link.c ---- */

/* Stays connected to the gateway at this URL and answers its messages. Returns only if that makes
 * no sense: a negative errno. */
async int link_run(struct bot *bot, const char *url, bide_tls_context *tls);

/* How often it has resumed its session. */
int link_resumes(void);

/* ---- users.c ---- */

enum { USERS = 10 };

extern const char *const user_logins[USERS];

/* The i-th user connects, asks for a picture and awaits the reply. 0 or a negative errno. */
async int user_chat(int i, uint16_t port);

/* Makes the table of nicknames. Returns 0 or a negative errno. */
async int people_fill(bide_sql *people);

/* ---- gateway.c ---- */

/* Starts a gateway on a free local port, and writes its URL. The users, one of them first and then
 * all, write to the bot through it. Returns 0 or a negative errno. */
int gateway_start(const char *const *logins, char *url, size_t size);
void gateway_stop(void);

/* Whom a client has to trust to connect to it, in PEM. */
const char *gateway_authority(void);

/* Waits until all messages have replies. */
async void gateway_wait(void);

/* ---- page.c ---- */

/* Serves the page on this port; 0: on a free one. Returns the port, or a negative errno. */
int page_start(struct timeline *timeline, uint16_t port);
void page_stop(void);

#endif

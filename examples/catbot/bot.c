/*
 * bot.c: the bot. Users connect over TCP and write lines:
 *
 *     ada: a cat, please
 *     -> Countess Ada, here is your cat: (=^-w-^=)
 *
 * or they write to it through a gateway (link.c). For each line the bot fetches a picture over HTTP
 * and looks up the sender's nickname in a database, at the same time, and replies. Every user has a
 * task of its own, so a user who waits for a slow picture, reads slowly or says nothing keeps
 * nobody else waiting.
 */
#include "catbot.h"

#include <bide/trace.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1000, REPLY_TIMEOUT_S = 10 };

/* The parts of a line. */
struct message {
    char login[16];
};

static struct message parse(const char *line)
{
    struct message message = {"somebody"};
    size_t size = strcspn(line, ":");
    if (line[size] != ':' || size == 0)
        return message;
    snprintf(message.login, sizeof message.login, "%.*s", (int)size, line);
    for (char *p = message.login; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p))
            *p = '?';
    return message;
}

/* ---- one reply ---- */

/* Describes a picture: by itself if it is a short text, otherwise by its kind and size. */
static void describe(const bide_http_response *picture, char *text, size_t size)
{
    const char *type = bide_http_header_value(picture, "Content-Type");
    size_t bytes = bide_http_body_size(picture);
    if (type == NULL)
        type = "something";
    if (strncmp(type, "text/plain", 10) == 0 && bytes < 40)
        snprintf(text, size, "%s", bide_http_body(picture));
    else
        snprintf(text, size, "%.40s, %zu bytes", type, bytes);
}

/* Writes the picture, or the error, to `text`. Returns 0 or a negative errno. */
static async int fetch_picture(struct bot *bot, struct row *row, char *text, size_t size)
{
    bide_http_response *picture = NULL;
    defer {
        bide_http_response_free(picture);
    }

    bide_span("picture");
    row_begin(row, FETCH);
    int n = await bide_http_get(bot->http, bot->picture_url, &picture);
    row_end(row, FETCH);

    if (n < 0) {
        snprintf(text, size, "%s", bide_http_error(picture));
        return n;
    }
    int status = bide_http_status(picture);
    if (status != 200) {
        snprintf(text, size, "the service says %d", status);
        return -EPROTO;
    }
    describe(picture, text, size);
    return 0;
}

/* Leaves `nickname` alone if the user has none. Returns 0 or a negative errno. */
static async int look_up(struct bot *bot, struct row *row, const char *login, char *nickname,
                         size_t size)
{
    bide_sql_rows *rows = NULL;
    defer {
        bide_sql_rows_free(rows);
    }

    bide_span("nickname", BIDE_F("login", login));
    row_begin(row, LOOKUP);
    int n = await bide_sql_query(bot->people, "SELECT nickname FROM people WHERE login = ?",
                                 BIDE_SQL_VALUES(bide_sql_text(login)), &rows);
    row_end(row, LOOKUP);

    if (n == 0 && bide_sql_row_count(rows) > 0)
        snprintf(nickname, size, "%s", bide_sql_get_text(rows, 0, 0));
    return n;
}

static void count_reply(struct bot *bot, int64_t begin_ns, bool failed)
{
    int64_t end_ns = now_ns(), took_ns = end_ns - begin_ns;
    if (bot->replies == 0)
        bot->first_message_ns = begin_ns;
    bot->last_reply_ns = end_ns;
    if (took_ns > bot->slowest_ns)
        bot->slowest_ns = took_ns;
    if (bot->replies == 0 || took_ns < bot->quickest_ns)
        bot->quickest_ns = took_ns;
    bot->replies++;
    bot->failures += failed;
}

async int bot_answer(struct bot *bot, reply_fn send, void *to, const char *line)
{
    int64_t begin_ns = now_ns();
    struct message message = parse(line);
    struct row *row = timeline_add(bot->timeline, message.login);
    char picture[120], nickname[40], reply[240];
    int fetched, found, n = 0;

    bide_span("message", BIDE_F("login", message.login));
    /* The picture and the nickname have nothing to do with each other: ask for both at once. */
    snprintf(nickname, sizeof nickname, "%s", message.login);
    await bide_join(fetched = fetch_picture(bot, row, picture, sizeof picture),
                    found = look_up(bot, row, message.login, nickname, sizeof nickname));

    if (fetched == 0)
        snprintf(reply, sizeof reply, "%s, here is your cat: %s\n", nickname, picture);
    else
        snprintf(reply, sizeof reply, "Sorry, %s, no cat: %s\n", nickname, picture);

    row_begin(row, REPLY);
    int late = await bide_timeout(BIDE_S(REPLY_TIMEOUT_S), n = (*send)(to, reply));
    row_end(row, REPLY);
    if (late < 0)
        n = late;

    bool failed = fetched < 0 || found < 0 || n < 0;
    if (failed)
        bide_error("failed", BIDE_F_ERROR("picture", fetched), BIDE_F_ERROR("nickname", found),
                   BIDE_F_ERROR("reply", n));
    if (n < 0)
        snprintf(picture, sizeof picture, "the reply failed: %s", strerror(-n));
    else if (found < 0)
        snprintf(picture, sizeof picture, "no nickname: %s", strerror(-found));
    snprintf(reply, sizeof reply, "%s: %s", nickname, picture);
    row_finish(bot->timeline, row, failed, reply);
    count_reply(bot, begin_ns, failed);
    return n;
}

/* ---- the users ---- */

/* A reply_fn: to a user of the line protocol. */
static async int write_reply(void *to, const char *text)
{
    return await bide_stream_write_all(to, text, strlen(text), NULL);
}

static void user_leaves(struct bot *bot, struct user *user)
{
    *user->link = user->next;
    if (user->next != NULL)
        user->next->link = user->link;
    bide_stream_close(user->stream);
    bide_task_detach(user->task);
    free(user);
    bide_notify_one(&bot->user_left);
}

/* Talks to a user until the user leaves or the bot closes. */
static async void talk(struct bot *bot, struct user *user)
{
    /* However this ends (the user hangs up, an error, a cancellation), the user is let go. */
    defer {
        user_leaves(bot, user);
    }

    bide_reader *reader = NULL;
    if (bide_reader_new(user->stream, LINE_BYTES_MAX, &reader) < 0)
        return;
    defer {
        bide_reader_free(reader);
    }

    while (!bot->is_closing) {
        char *line = NULL;
        int n = 0;
        await bide_select(n = bide_reader_line(reader, &line, NULL),
                          bide_notify_wait(&bot->closing));
        if (n == -EMSGSIZE)
            line = "somebody: with a line that is too long";
        else if (n <= 0)
            return; /* the end, a reset, or the bot closes */
        if (await bot_answer(bot, bide_ref(write_reply), user->stream, line) < 0)
            return;
    }
}

static void user_arrives(struct bot *bot, bide_stream *stream)
{
    struct user *user = calloc(1, sizeof *user);
    if (user == NULL) {
        bide_stream_close(stream);
        return;
    }
    user->stream = stream;
    user->next = bot->users;
    user->link = &bot->users;
    if (user->next != NULL)
        user->next->link = &user->next;
    bot->users = user;
    user->task = bide_spawn(talk(bot, user));
    /* The task has not run yet; if it has ended, there was no memory for it. */
    if (bide_task_finished(user->task))
        user_leaves(bot, user);
}

async void bot_serve(struct bot *bot)
{
    bide_stream *stream = NULL;
    while (await bide_tcp_accept(bot->listener, &stream) == 0)
        user_arrives(bot, stream);
}

async void bot_close(struct bot *bot, bide_duration patience)
{
    bide_tcp_listener_close(bot->listener);
    bot->is_closing = true;
    bide_notify_all(&bot->closing);

    int64_t end_ns = now_ns() + patience.ns;
    while (bot->users != NULL && now_ns() < end_ns)
        await bide_timeout(BIDE_NS(end_ns - now_ns()), bide_notify_wait(&bot->user_left));

    /* Time is up for those who are left. A cancelled task leaves through its deferred blocks. */
    for (struct user *user = bot->users; user != NULL; user = user->next)
        bide_task_abort(user->task);
    while (bot->users != NULL)
        await bide_notify_wait(&bot->user_left);
}

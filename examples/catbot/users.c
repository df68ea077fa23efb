/*
 * users.c: ten users who chat with the bot, and the database of their nicknames.
 */
#include "catbot.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *login, *nickname;
} people[USERS] = {
    {"ada", "Countess Ada"},           {"alan", "Alan the Enigmatic"},
    {"barbara", "Lady Liskov"},        {"brian", "Brian the K"},
    {"dennis", "Dennis the R"},        {"edsger", "Dr. Goto"},
    {"grace", "Admiral Grace"},        {"ken", "Ken O'Pie"},
    {"margaret", "Moonshot Margaret"}, {"radia", "Radia of the Tree"},
};

const char *const user_logins[USERS] = {"ada",    "alan",  "barbara", "brian",    "dennis",
                                        "edsger", "grace", "ken",     "margaret", "radia"};

async int user_chat(int i, uint16_t port)
{
    bide_stream *stream = NULL;
    bide_reader *reader = NULL;
    defer {
        bide_reader_free(reader);
        bide_stream_close(stream);
    }

    int n = await bide_tcp_connect("127.0.0.1", port, &stream);
    if (n < 0)
        return n;
    n = bide_reader_new(stream, 1000, &reader);
    if (n < 0)
        return n;

    char message[64];
    snprintf(message, sizeof message, "%s: a cat, please\n", people[i].login);
    n = await bide_stream_write_all(stream, message, strlen(message), NULL);
    if (n < 0)
        return n;

    char *reply = NULL;
    n = await bide_reader_line(reader, &reply, NULL);
    return n == 0 ? -ECONNRESET : n < 0 ? n : 0;
}

async int people_fill(bide_sql *db)
{
    int n = await bide_sql_exec(
        db, "BEGIN; CREATE TABLE people (login TEXT PRIMARY KEY, nickname TEXT)");
    for (int i = 0; i < USERS && n == 0; i++)
        n = await bide_sql_query(
            db, "INSERT INTO people VALUES (?, ?)",
            BIDE_SQL_VALUES(bide_sql_text(people[i].login), bide_sql_text(people[i].nickname)),
            NULL);
    return n < 0 ? n : await bide_sql_exec(db, "COMMIT");
}

/*
 * Disagreements that are not our fault, by name. Each says what the peer does, and why we do not do
 * the same.
 */
#include "tests/http/law/law.h"

#include <stdio.h>
#include <string.h>

/* Node gives the rest of the connection to whoever listens for upgrades. If nobody does, it answers
 * the request, but reads nothing behind it, in HTTP/1.0 too. A server that does not upgrade goes
 * on, and to HTTP/1.0 the field says nothing (RFC 9110, 7.8). */
static bool upgrades(const struct message *m)
{
    return m->upgrade;
}

/* Node takes Proxy-Connection for Connection, and ends the connection if it says "close". It is in no
 * standard, and nothing is read in another way: where Node goes on, it goes on where we do. */
static bool has_proxy_connection(const struct message *m)
{
    return m->proxy;
}

static const struct known {
    const char *peer, *name;
    bool (*fits)(const struct message *m);
} list[] = {
    {"node", "an upgrade that nobody listens for", upgrades},
    {"node", "Proxy-Connection", has_proxy_connection},
    {NULL, NULL, NULL},
};

static unsigned long counts[sizeof list / sizeof *list];

const char *explain(const char *peer, const struct message *m)
{
    for (size_t i = 0; list[i].peer != NULL; i++)
        if (strcmp(list[i].peer, peer) == 0 && list[i].fits(m)) {
            counts[i]++;
            return list[i].name;
        }
    return NULL;
}

void print_explained(void)
{
    for (size_t i = 0; list[i].peer != NULL; i++)
        if (counts[i] > 0)
            printf("%lu: %s: %s\n", counts[i], list[i].peer, list[i].name);
}

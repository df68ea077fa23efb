/*
 * law.h: the parts of the law (law.c): mutants, and what is known of the peers.
 */
#ifndef BIDE_TESTS_HTTP_LAW_H
#define BIDE_TESTS_HTTP_LAW_H

#include "extra/http/message/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_MOST = 4096 };

/* A request that the parser accepts, with its body. */
struct message {
    char bytes[MESSAGE_MOST];
    size_t size, head_size, body_size;
    int method; /* enum bide__http_method */
    bool keep_alive;
    bool upgrade; /* it asks for one, in HTTP/1.0 too, where the parser hears nothing of it */
    bool proxy;   /* it has a Proxy-Connection */
    unsigned number;
};

/* ---- mutate.c ---- */

/* Adds the requests of a table to the seeds, and its chunked bodies, with a head. */
void seeds_read(const char *table);

void seeds_begin(uint64_t seed);

/* Makes a mutant. False: the parser refuses it, or it is too long. */
bool message_make(struct message *m);

/* ---- explain.c ---- */

/* The name of a disagreement about this message that is not our fault, which it counts; NULL: there
 * is none. */
const char *explain(const char *peer, const struct message *m);

void print_explained(void);

#endif

/*
 * internal.h: how the parts of libbide-http hang together.
 *
 *   global.c    sets up libcurl, with the door's memory
 *   client.c    a client: its multi handle, driven by the runtime's reactor and timers
 *   life.c      the life of a request: its states, and what happens between them
 *   transfer.c  a request's easy handle, and the callbacks that carry its data
 *   valid.c     which requests are sent at all
 *   errors.c    what curl's errors mean
 *   response.c  what has come of a request
 *   send.c      the future that waits for it
 *   get.c       what is made of that, in async C
 *
 * Invariants
 *  - No task is polled inside a callback of curl, and no function of the multi handle is called
 *    there: callbacks only note, arm and wake.
 *  - curl wants level-triggered readiness and may close a socket, and see its number used again,
 *    before it says that it is done with it. So its sockets are in an epoll set of the client, and
 *    only that set is registered with the reactor: whatever goes wrong with a number stays in it.
 *  - The reactor and the timers drive curl, between the polls of tasks: what they wake is the
 *    client itself. So a request goes on whether or not somebody polls it, or any other.
 *  - A client without transfers has no timer and no registration, and belongs to no runtime.
 */
#ifndef BIDE_EXTRA_HTTP_INTERNAL_H
#define BIDE_EXTRA_HTTP_INTERNAL_H

#include "runtime/internal.h"

#include <bide/http.h>

#include <curl/curl.h>

#include "extra/http/life.h"

enum { BIDE__HTTP_HEADERS_MAX = 256 * 1024 };

/* ---- global.c ---- */

/* 0 or -ENOMEM. Any thread. */
int bide__http_global(void);

/* How often curl got no memory: it takes some of that for other errors, such as an unknown host. */
unsigned bide__http_shortages(void);

/* curl allocates from the door, so its shortages are counted. False: the program has set it up. */
bool bide__http_counts_shortages(void);

/* ---- response.c ---- */

/* A string of bytes that grows. */
struct bide__http_buffer {
    char *data; /* NULL: nothing yet */
    size_t size, capacity;
};

/* A part of a body, with room for a NUL more. */
struct bide__http_piece {
    struct bide__http_piece *next;
    size_t size, room;
    char data[];
};

struct bide_http_response {
    int status;
    struct bide__http_piece *first, *last; /* the body; of a complete answer at most one */
    size_t body_size;
    struct bide__http_buffer headers; /* name NUL value NUL ... */
    size_t head_size;                 /* of this answer's head, 1xx heads before it, its trailer */
    long redirect;                    /* the number of redirections before this answer */
    bool in_head, is_final;
    char error[CURL_ERROR_SIZE];
};

bide_http_response *bide__http_response_new(void);

/* A body of `size` bytes will come. 0 or -ENOMEM. */
int bide__http_response_expect(bide_http_response *response, size_t size);

/* 0 or -ENOMEM. */
int bide__http_response_add_body(bide_http_response *response, const char *data, size_t size);

/* One line of the answer's head or trailer, with its end; `redirect` counts the redirections up to
 * now. 0, -ENOMEM, -EMSGSIZE or -EPROTO. */
int bide__http_response_add_line(bide_http_response *response, long redirect, const char *line,
                                 size_t size);

/* All has come: makes the body one piece. 0 or -ENOMEM. */
int bide__http_response_complete(bide_http_response *response);

/* It has failed: nothing but the text of the error stays. */
void bide__http_response_forget(bide_http_response *response);

/* ---- life.c ---- */

/* A request under way. It is on its client's list while curl has it. */
struct bide__http_transfer {
    struct bide_wakeable self;   /* what its deadline wakes */
    struct bide__timer deadline; /* armed only while curl has it */
    bide_http_client *client;    /* NULL: not on its list */
    struct bide__http_transfer *next, *previous;
    CURL *easy;
    struct curl_slist *headers;
    bide_http_response *response; /* until it was taken */
    bide_waker waker;             /* borrowed from the leaf */
    size_t body_max;
    const char *text; /* of `error`; NULL: the usual one */
    enum bide__http_state state;
    int result;       /* in DONE */
    int error;        /* that we found, a negative errno; goes before what curl says */
    int socket_error; /* why there is no socket, should it turn out that one was needed */
    unsigned shortages_before;
};

/* Makes a fresh one and begins it: it is ACTIVE or DONE. NULL: no memory. */
struct bide__http_transfer *bide__http_begin(bide_http_client *client,
                                             const bide_http_request *request, bide_waker waker);

/* An event has come: the one transition. `outcome` is a CURLcode for SAID, a negative errno for
 * REFUSED and NOTED, else 0. Returns the new state; after GONE the transfer is freed. */
enum bide__http_state bide__http_happens(struct bide__http_transfer *t, enum bide__http_event event,
                                         int outcome);

/* ---- transfer.c ---- */

/* Makes the easy handle. On an error the caller frees what there is all the same. */
int bide__http_transfer_init(struct bide__http_transfer *t, bide_http_client *client,
                             const bide_http_request *request);

/* ---- valid.c ---- */

/* Line breaks and other control bytes, but for the tab. */
bool bide__http_has_controls(const char *s);

/* The URL of a proxy, of a kind that curl knows; "": none. */
bool bide__http_valid_proxy(const char *url);

/* 0, -EINVAL or -EPROTONOSUPPORT; then *text says why. */
int bide__http_valid(const bide_http_request *request, const char **text);

/* ---- errors.c ---- */

/* Sets t->result to what has come of it, and the text of the error. */
void bide__http_conclude(struct bide__http_transfer *t, CURLcode code);

/* ---- client.c ---- */

struct bide_http_client {
    struct bide_wakeable self;    /* what the registration and the timers wake */
    CURLM *multi;                 /* NULL: the last one broke */
    struct bide_runtime *runtime; /* of the transfers; NULL: there are none */
    struct bide__fd *watch;       /* the registration of the set */
    struct bide__timer timer;     /* when curl wants to be called */
    struct bide__timer again;     /* armed: the set was not emptied */
    struct bide__http_transfer *first, *last;
    int set_fd;                /* epoll: curl's sockets, level-triggered */
    bool some_doomed;          /* transfers have an error that curl does not know of */
    bool broken;               /* all have, and the multi handle is done for */
    bool settling;             /* a call of settle is under way */
    bide_http_options options; /* with its defaults filled in; the strings are allocated */
};

/* Gives the transfer to curl, which begins soon. 0; -ENXIO, -EXDEV, -ENOMEM and what the reactor
 * says: it has not begun. */
int bide__http_client_add(bide_http_client *client, struct bide__http_transfer *t);

/* Takes a transfer away from curl, at once. */
void bide__http_client_remove(struct bide__http_transfer *t);

/* After calls of curl: tells the transfers that have ended. */
void bide__http_client_settle(bide_http_client *client);

/* For curl, in transfer.c. */
int bide__http_close_socket(void *client, curl_socket_t fd);

#endif

/*
 * internal.h: how the parts of libbide-http hang together.
 *
 *   global.c    sets up libcurl, with the door's memory
 *   client.c    a client: its multi handle, driven by the runtime's reactor and timers
 *   transfer.c  one request: its easy handle, and what curl's errors mean
 *   response.c  what has come of it
 *   send.c      the future that waits for it
 *   get.c       what is made of that, in async C
 *
 * Invariants
 *  - No task is polled inside a callback of curl, and no function of the multi handle is called
 *    there: callbacks only note, arm and wake.
 *  - curl wants level-triggered readiness and may close a socket, and see its number used again,
 *    before it says that it is done with it. So its sockets are in an epoll set of the client, and
 *    only that set is registered with the reactor: whatever goes wrong with a number stays in it.
 *  - There is no driver task: an event wakes one of the waiting requests, whose poll drives curl
 *    for all. Whoever leaves with events still to be seen to wakes another.
 *  - A client without transfers has no timer and no registration, and belongs to no runtime.
 */
#ifndef BIDE_EXTRA_HTTP_INTERNAL_H
#define BIDE_EXTRA_HTTP_INTERNAL_H

#include "runtime/internal.h"

#include <bide/http.h>

#include <curl/curl.h>

enum { BIDE__HTTP_HEADERS_MAX = 256 * 1024 };

/* ---- global.c ---- */

/* 0 or -ENOMEM. Any thread. */
int bide__http_global(void);

/* How often curl got no memory: it takes some of that for other errors, such as an unknown host. */
unsigned bide__http_shortages(void);

/* ---- response.c ---- */

/* A string of bytes that grows. */
struct bide__http_buffer {
    char *data; /* NULL: nothing yet */
    size_t size, capacity;
};

struct bide_http_response {
    int status;
    struct bide__http_buffer body;    /* a NUL follows it */
    struct bide__http_buffer headers; /* name NUL value NUL ... */
    char error[CURL_ERROR_SIZE];
};

bide_http_response *bide__http_response_new(void);

/* 0 or -ENOMEM. */
int bide__http_response_add_body(bide_http_response *response, const char *data, size_t size);

/* One line of the answer's head, with its end. 0, -ENOMEM, -EMSGSIZE or -EPROTO. */
int bide__http_response_add_header(bide_http_response *response, const char *line, size_t size);

/* ---- transfer.c ---- */

/* A request under way; a part of its leaf's frame. It is on its client's list until it is done. */
struct bide__http_transfer {
    bide_http_client *client; /* NULL: not on its list */
    struct bide__http_transfer *next, *previous;
    CURL *easy;
    struct curl_slist *headers;
    bide_http_response *response;
    bide_waker waker; /* borrowed from the leaf */
    size_t body_max;
    int error;        /* that we found, a negative errno; goes before what curl says */
    int socket_error; /* why there is no socket, should it turn out that one was needed */
    unsigned shortages_before;
    int result;
    bool done; /* result is valid */
};

/* Makes the easy handle and the response. On an error the caller ends the transfer all the same. */
int bide__http_transfer_init(struct bide__http_transfer *t, bide_http_client *client,
                             const bide_http_request *request);

/* Fills in what has come of it: t->result, the status, the text of the error. */
void bide__http_transfer_finish(struct bide__http_transfer *t, CURLcode code);

/* Frees the easy handle, which is in no multi handle. The response stays. */
void bide__http_transfer_end(struct bide__http_transfer *t);

/* ---- client.c ---- */

struct bide_http_client {
    struct bide_wakeable self;    /* what the registration and the timer wake */
    CURLM *multi;                 /* NULL: the last one broke */
    struct bide_runtime *runtime; /* of the transfers; NULL: there are none */
    struct bide__fd *watch;       /* the registration of the set */
    struct bide__timer timer;     /* when curl wants to be called */
    struct bide__http_transfer *first, *last;
    int set_fd;                /* epoll: curl's sockets, level-triggered */
    bool due;                  /* an event has not been seen to */
    bool some_error;           /* transfers have an error that curl does not know of */
    bool broken;               /* all have, and the multi handle is done for */
    bide_http_options options; /* with its defaults filled in; the strings are allocated */
};

/* Begins the transfer. 0; -ENXIO, -EXDEV, -ENOMEM and what the reactor says: it has not begun. */
int bide__http_client_add(bide_http_client *client, struct bide__http_transfer *t);

/* Takes a transfer that is not done away from curl, at once. */
void bide__http_client_remove(struct bide__http_transfer *t);

/* Sees to the events that have come; transfers that it finishes are woken, except `self`. */
void bide__http_client_drive(bide_http_client *client, struct bide__http_transfer *self);

/* For curl, in transfer.c. */
curl_socket_t bide__http_open_socket(void *transfer, curlsocktype purpose,
                                     struct curl_sockaddr *address);
int bide__http_close_socket(void *client, curl_socket_t fd);

#endif

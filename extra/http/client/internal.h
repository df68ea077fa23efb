/*
 * internal.h: how the parts of libbide-http fit together.
 *
 *   global.c    sets up libcurl, with the door's memory
 *   options.c   a client's options: what is refused, and the copies
 *   client.c    a client: its multi handle, driven by the runtime's reactor and timers
 *   life.c      the life of a request: its states, and what happens between them
 *   sockets.c   its epoll set
 *   limits.c    how long a connection and an answer may keep silent
 *   handle.c    easy handles, which are kept for the next request
 *   transfer.c  what a request needs of curl, and the callbacks that carry its data
 *   request.c   what a request asks of curl: method, headers, body
 *   setup.c     what a client's options ask of curl
 *   names.c     names of hosts, which the library's own resolver looks up
 *   key_log.c   the secrets of TLS, for those who want to see them
 *   valid.c     which requests are sent at all
 *   errors.c    what curl's errors mean
 *   response.c  the response to a request
 *   queue.c     bytes that wait between curl and the program
 *   send.c      the future that waits for the whole response
 *   stream.c    the futures that wait for a head, for a piece, or for room for a piece
 *   pump.c      requests and responses in pieces, on top of that, in async C
 *   get.c       GET and POST, in async C
 *   retry.c     requests that are tried again
 *   parts.c     forms with files; parts_send.c sends them
 *   metrics.c   what a client counts, for a registry
 *
 * Invariants
 *  - No task is polled inside a callback of curl, and no function of the multi handle is called
 *    there: callbacks only note errors, arm timers and wake.
 *  - curl needs level-triggered readiness. It may also close a socket, whose number may then be
 *    used again, before it reports that it is done with it. So its sockets are in an epoll set of
 *    the client, and only that set is registered with the reactor: a mix-up of numbers stays inside
 *    the set.
 *  - The reactor and the timers drive curl between the polls of tasks: they wake the client itself.
 *    So a request goes on whether or not anybody polls it, or any other request.
 *  - A client without transfers has no timer and no registration, and belongs to no runtime.
 *  - Everything of a client and its transfers is under its mutex, also while curl is called. Wakers
 *    of leaves are borrowed, and woken under it; a leaf takes it before it ends.
 *  - On a runtime with several workers the reactor and the timers wake under locks of theirs, which
 *    are taken inside the mutex. There a wake only leaves a note, and a message to the runtime; the
 *    worker that reads it takes the mutex and drives curl.
 *  - The memory of a client stays while a transfer or such a message refers to it.
 */
#ifndef BIDE_EXTRA_HTTP_INTERNAL_H
#define BIDE_EXTRA_HTTP_INTERNAL_H

#include "lib/runtime.h"

#include "runtime/worker.h"

#include <bide/http.h>

#include <curl/curl.h>

#include "extra/http/client/life.h"
#include "extra/http/client/meter.h"

enum {
    BIDE__HTTP_HEADERS_MAX = 256 * 1024,
    BIDE__HTTP_HANDLES_MAX = 16,
    BIDE__HTTP_HEAD_KEPT = 16 * 1024, /* of an answer whose handle is kept */
};

/* ---- global.c ---- */

/* Sets up libcurl unless that was done. Returns 0 or -ENOMEM. Any thread. */
int bide__http_global(void);

/* How often curl got no memory. It reports some of these failures as other errors, such as an
 * unknown host. */
unsigned bide__http_shortages(void);

/* True if curl allocates from the door, so that its shortages are counted; false if the program has
 * set up libcurl itself. */
bool bide__http_counts_shortages(void);

/* ---- response.c ---- */

/* A string of bytes that grows. */
struct bide__http_buffer {
    char *data; /* NULL: nothing yet */
    size_t size, capacity;
};

/* A part of a body, with room for a zero byte after it. */
struct bide__http_piece {
    struct bide__http_piece *next;
    size_t size, room;
    char data[];
};

struct bide_http_response {
    struct bide__http_transfer *transfer; /* it was opened, and is read from there; else NULL */
    int status;
    int version;    /* as bide_http_response_version has it */
    int64_t length; /* as the server has announced it, or -1 */
    char *url;
    size_t read;                           /* bytes of the body that were read in pieces */
    struct bide__http_piece *first, *last; /* the body; at most one piece if the answer is
                                              complete */
    size_t body_size;
    struct bide__http_buffer headers; /* name NUL value NUL ... */
    size_t head_size;                 /* bytes of this answer's head, of the 1xx heads before it,
                                         and of its trailer */
    long redirect;                    /* the number of redirections before this answer */
    bool in_head, is_final;
    char error[CURL_ERROR_SIZE];
};

bide_http_response *bide__http_response_new(void);

/* Makes room for a body of `size` bytes. Returns 0 or -ENOMEM. */
int bide__http_response_expect(bide_http_response *response, size_t size);

/* 0 or -ENOMEM. */
int bide__http_response_add_body(bide_http_response *response, const char *data, size_t size);

/* Adds one line of the answer's head or trailer, with its line end; `redirect` is the number of
 * redirections up to now. Returns 0, -ENOMEM, -EMSGSIZE or -EPROTO. */
int bide__http_response_add_line(bide_http_response *response, long redirect, const char *line,
                                 size_t size);

/* Notes where the answer comes from. Returns 0 or -ENOMEM. */
int bide__http_response_from(bide_http_response *response, const char *url);

/* Called when everything has arrived: makes the body one piece. Returns 0 or -ENOMEM. */
int bide__http_response_complete(bide_http_response *response);

/* Called after a failure: drops everything but the text of the error. */
void bide__http_response_forget(bide_http_response *response);

/* ---- queue.c ---- */

enum { BIDE__HTTP_QUEUE_MAX = 64 * 1024 };

/* Bytes that wait. It takes more than the limit only if it is empty. */
struct bide__http_queue {
    char *data;
    size_t first, size, capacity;
};

/* 0 or -ENOMEM. */
int bide__http_queue_add(struct bide__http_queue *q, const void *data, size_t size);
size_t bide__http_queue_take(struct bide__http_queue *q, void *to, size_t size);
void bide__http_queue_free(struct bide__http_queue *q);

/* ---- life.c ---- */

/* Which limit has passed, as branch numbers of a transfer's wakers and bits of `late`. */
enum { BIDE__HTTP_TOTAL, BIDE__HTTP_SILENCE };

/* A string that was put together; `room` is what was allocated. */
struct bide__http_text {
    char *data;
    size_t room;
};

/* What a request that is not sent and received in one go has more. */
struct bide__http_stream {
    bool is_on;                      /* it is one */
    bool has_head;                   /* the response has the head, and belongs to the program */
    bool gives_body;                 /* the program gives its body in pieces */
    bool out_ended;                  /* no more comes */
    bool out_unwanted;               /* the server has answered, or gone, before it had all of it */
    bool in_paused, out_paused;      /* curl waits for the program */
    int watched;                     /* the socket that curl looks at, plus 1; 0: none */
    int64_t out_left;                /* bytes that are still to be given; -1: nobody knows */
    uint64_t in_total;               /* bytes of the answer's body */
    struct bide__http_queue in, out; /* the answer's body, the request's body */
    bide_waker out_waker;            /* of who waits for room; borrowed from the leaf */
    bide_waker over_waker;           /* of who waits until no more is wanted */
};

/* What curl does for it at the moment. */
enum bide__http_phase { BIDE__HTTP_QUIET, BIDE__HTTP_CONNECTING, BIDE__HTTP_ASKED };

/* A request under way. It is on its client's list as long as curl has it. */
struct bide__http_transfer {
    struct bide_wakeable self;                 /* woken by the deadline */
    struct bide__timer deadline;               /* armed only while curl has it */
    struct bide__timer silence;                /* the same */
    struct bide__wheel *wheel, *silence_wheel; /* on which they were armed */
    _Atomic unsigned late;                     /* several workers: the limits that have passed */
    enum bide__http_phase phase;
    int64_t heard_ns;         /* when something was last received, or the phase began */
    bide_http_client *owner;  /* its memory stays until the transfer is GONE */
    bide_http_client *client; /* the same; NULL: not on its list */
    struct bide__http_transfer *next, *previous;
    CURL *easy;
    struct curl_slist *headers;
    bide_http_response *response; /* until it is taken */
    bide_waker waker;             /* borrowed from the leaf; empty: nobody waits */
    struct bide__http_stream stream;
    size_t body_max;
    struct bide__http_text url, form; /* as they are sent, if they are not the request's */
    bool may_repeat;                  /* curl may send it again */
    bool follows;                     /* curl follows redirections */
    bool answered;                    /* it is DONE, and without an error */
    bool spoils_handle;               /* its handle is not kept: see handle.c */
    int64_t spent_ns;                 /* of the time to connect, on a look-up */
    bool total_is_own;                /* the deadline is that of the request */
    long sent;                        /* it was sent after so many redirections; -1: not yet */
    struct bide__http_look_up *name;  /* it waits for that, and curl does not have it; else NULL */
    struct curl_slist *addresses;     /* of its host, as curl reads them */
    bool asks_name;                   /* curl was refused a look-up */
    bool knows_name;                  /* the next one is curl's */
    char said[CURL_ERROR_SIZE];       /* curl's words, and in the end the text of the error */
    const char *text;                 /* the text of `error`; NULL: the usual one */
    enum bide__http_state state;
    int result;       /* in DONE */
    int error;        /* found by us, a negative errno; overrides curl's result */
    int socket_error; /* why a socket could not be made; counts if the connection then fails */
    unsigned shortages_before;
    int64_t begun_ns;
};

/* Makes a transfer and begins it: the result is ACTIVE or DONE. NULL: no memory. `stream`: its
 * answer is read in pieces. */
struct bide__http_transfer *bide__http_begin(bide_http_client *client,
                                             const bide_http_request *request, bool stream,
                                             bide_waker waker);

/* The program frees the response of a stream: the transfer is ended, and freed. */
void bide__http_leave(struct bide__http_transfer *t);

/* Looks at the limits that have passed. */
void bide__http_late(struct bide__http_transfer *t, unsigned bits);

/* Wakes whoever waits for an answer or a piece of it. */
void bide__http_wake(struct bide__http_transfer *t);

/* Nobody wants more of the body of the request. Called by callbacks of curl. */
void bide__http_unwanted_now(struct bide__http_transfer *t);

/* The head of the answer of a stream is complete: the response is the program's from now on. */
void bide__http_head_is_there(struct bide__http_transfer *t);

/*
 * Makes the transition for an event; all transitions go through here. `outcome` is a CURLcode for
 * SAID, a negative errno for REFUSED and NOTED, otherwise 0. Returns the new state; in GONE the
 * transfer has been freed.
 */
enum bide__http_state bide__http_happens(struct bide__http_transfer *t, enum bide__http_event event,
                                         int outcome);

/* ---- stream.c ---- */

/* Tells curl that the queues have changed. */
void bide__http_go_on(struct bide__http_transfer *t);

/* Waits until nobody wants more of the body of a streamed request. Returns 0. Cancelled: nothing
 * has happened. */
bide_async int bide__http_unwanted(bide_http_response *response);

/* ---- limits.c ---- */

/* Called by curl's callbacks: a phase begins; something was received. */
void bide__http_phase(struct bide__http_transfer *t, enum bide__http_phase phase);
void bide__http_heard(struct bide__http_transfer *t);

/* The silence is too long, or the timer was too early; this finds out. */
void bide__http_silent(struct bide__http_transfer *t);

/* ---- handle.c ---- */

/* Fills in t->easy. Returns 0, -ENOMEM, or -EINVAL if curl refuses one of the client's options. */
int bide__http_handle_take(struct bide__http_transfer *t);

/* The transfer needs its handle no more, and curl has forgotten it: it is kept or freed. */
void bide__http_handle_give(struct bide__http_transfer *t);

/* Frees those that are kept. */
void bide__http_handles_free(bide_http_client *client);

/* ---- transfer.c ---- */

/* The size of the body if the server announced it and curl does not decode it; otherwise -1. */
int64_t bide__http_expected_size(const struct bide__http_transfer *t,
                                 const bide_http_response *response);

/* Gets the easy handle ready. Even on an error the caller must free the transfer. */
int bide__http_transfer_init(struct bide__http_transfer *t, bide_http_client *client,
                             const bide_http_request *request);

/* Sets the callbacks of a new handle. False: there is no memory. */
bool bide__http_transfer_callbacks(CURL *easy, bide_http_client *client);

/* True if it does no harm that a server gets the request twice. */
bool bide__http_is_repeatable(const bide_http_request *request);

/* ---- request.c ---- */

/* What the request asks for, once it has been found valid. Returns 0, -ENOMEM or -EINVAL. */
int bide__http_request_set(struct bide__http_transfer *t, const bide_http_request *request);

/* Takes back what it has set. False: curl does not do so. */
bool bide__http_request_unset(CURL *easy);

/* Frees what it has made, when curl does not use it any more. */
void bide__http_request_free(struct bide__http_transfer *t);

/* ---- setup.c ---- */

/* Asks curl for what the client's options say. False: it refuses some. */
bool bide__http_setup(CURL *easy, bide_http_client *client);

/* ---- sockets.c ---- */

/* Puts a descriptor into the set, or changes what is asked of it. `is_new`: curl may close it
 * without a word. Returns 0, -ENOMEM or an error of epoll_ctl(2). */
int bide__http_socket_watch(bide_http_client *client, int fd, uint32_t events, bool is_new);

/* Takes it out, if it is there. */
void bide__http_socket_leave(bide_http_client *client, int fd);
void bide__http_sockets_free(bide_http_client *client);

/* ---- names.c ---- */

struct bide__http_bell;
struct bide__http_look_up;

/* In a callback of curl: the address that it needs now is one that we look up. */
bool bide__http_look_up_is_ours(const struct bide__http_transfer *t);

/* curl is done with it. True: because it was refused a look-up; it goes on, and this was not its
 * end. */
bool bide__http_look_up_wanted(struct bide__http_transfer *t, CURLcode code);

/* It does not wait for a name any more. */
void bide__http_look_up_leave(struct bide__http_transfer *t);

/* The client is freed, and has no transfers. */
void bide__http_look_ups_free(bide_http_client *client);

/* Whether this descriptor of the client's set is the bell, and what to do when it has rung. */
bool bide__http_is_bell(const bide_http_client *client, int fd);
void bide__http_bell_rung(bide_http_client *client);
void bide__http_bell_free(bide_http_client *client);

/* ---- key_log.c ---- */

/* Opens the key log, if the options name one. Returns 0, -EPROTONOSUPPORT, or an error of
 * open(2). */
int bide__http_key_log_open(bide_http_client *client);

/* Asks that the secrets of a request's connections be logged. */
bool bide__http_key_log_set(CURL *easy, bide_http_client *client);

/* ---- valid.c ---- */

/* True if s has line breaks or other control bytes; tabs are allowed. */
bool bide__http_has_controls(const char *s);

/* True for the URL of a proxy of a kind that curl knows, and for "", which means no proxy. */
bool bide__http_valid_proxy(const char *url);

/* Returns 0, or -EINVAL or -EPROTONOSUPPORT with the reason in *text. */
int bide__http_valid(const bide_http_request *request, const char **text);

/* ---- errors.c ---- */

/* Fills in what a response tells of its answer. Returns 0 or -ENOMEM. */
int bide__http_answered(struct bide__http_transfer *t);

/* Sets t->result and, on failure, the text of the error. */
void bide__http_conclude(struct bide__http_transfer *t, CURLcode code);

/* ---- options.c ---- */

/* Fills in `own`, which is zero at first, with defaults and copies; after an error it holds those
 * made so far. Returns 0, -EINVAL, -EPROTONOSUPPORT or -ENOMEM. */
int bide__http_options_copy(bide_http_options *own, const bide_http_options *from);
void bide__http_options_free(bide_http_options *own);

/* ---- client.c ---- */

struct bide_http_client {
    struct bide_wakeable self;    /* woken by the registration and the timers */
    CURLM *multi;                 /* NULL: the last one broke */
    pthread_mutex_t mutex;        /* of all that follows, and of the transfers */
    unsigned holders;             /* the user, and the transfers that are not GONE */
    struct bide_runtime *runtime; /* of the transfers; NULL: no transfers */
    _Atomic int place;            /* see client.c */
    _Atomic unsigned woken; /* several workers: why it was woken; not 0: the post is under way */
    struct bide__post post;
    struct bide__wheel *timer_wheel, *again_wheel; /* on which these were armed */
    struct bide__fd *watch;                        /* the registration of the set */
    struct bide__timer timer;                      /* fires when curl wants to be called */
    struct bide__timer again;                      /* armed: the set was not emptied */
    struct bide__http_transfer *first, *last;
    int set_fd;       /* epoll: curl's sockets, and the bell, level-triggered */
    unsigned sockets; /* that are in the set, with the bell */
    uint64_t *in_set; /* a bit for each descriptor */
    size_t in_set_size;
    struct bide__http_bell *bell;     /* names.c; NULL: no name was looked up yet */
    struct bide__http_look_up *names; /* that are looked up */
    bool has_proxy;                   /* curl looks up all names */
    bool some_doomed;   /* some transfers have an error that curl does not know about */
    bool some_unwanted; /* curl waits for a body of which no more is wanted */
    bool broken;        /* all transfers have one, and the multi handle must be replaced */
    bool settling;      /* bide__http_client_settle is running */
    CURL *handles[BIDE__HTTP_HANDLES_MAX]; /* that are kept */
    unsigned handle_count;
    CURLSH *share;                        /* the cookies, and the sessions of TLS */
    struct curl_slist *pins;              /* as curl reads them */
    int key_log_fd;                       /* -1: there is no key log */
    int budget;                           /* of retries, see retry.c */
    struct bide__http_client_meter meter; /* written with the mutex, read without */
    bide_http_options options; /* with its defaults filled in; the strings are allocated */
};

/* All functions that take a client or a transfer, but for these and the wakes, are called with the
 * mutex held. Giving it back frees the memory of a client that nobody refers to any more. */
void bide__http_lock(bide_http_client *client);
void bide__http_unlock(bide_http_client *client);

/* For the wake of a limit. True: the client is on a runtime with several workers, and one will look
 * for transfers that are late. */
bool bide__http_client_note_late(struct bide__http_transfer *t, unsigned limit);

/* Gives the transfer to curl, which begins it soon. Returns 0, or -ENXIO, -EXDEV, -ENOMEM, -EIO or
 * an error of the reactor; then it has not begun. */
int bide__http_client_add(bide_http_client *client, struct bide__http_transfer *t);

/* Takes a transfer away from curl at once. */
void bide__http_client_remove(struct bide__http_transfer *t);

/* Called after calls of curl: ends the transfers that are done or doomed. */
void bide__http_client_settle(bide_http_client *client);

/* curl's callback for closing a socket, set in transfer.c. */
int bide__http_close_socket(void *client, curl_socket_t fd);

#endif

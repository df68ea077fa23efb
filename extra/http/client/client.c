/*
 * client.c: a client, and how its multi handle is driven. internal.h has the rules.
 *
 * The registration and the timers of a client wake the client itself, and that wake drives curl at
 * once instead of asking for a later poll. Wakes come from the reactor and the timer wheel, on the
 * executor's thread, between the polls of tasks, so never inside a call of curl. The wakers are
 * never cloned, so no other thread wakes. Driving wakes the leaves of requests that have ended;
 * they are polled later. With several workers a wake leaves a note instead (internal.h).
 *
 * The epoll set of curl's sockets is level-triggered; its registration with the reactor is
 * edge-triggered. Driving therefore empties the set: it clears the cached readiness, then asks the
 * set for ready sockets and tells curl about them, until there are none; an event after that is a
 * new edge. After ROUNDS rounds it lets tasks run first, and goes on by a timer that is due at
 * once.
 *
 * curl's timer fires once, by the door's clock. If it is too early by curl's own clock, curl sets
 * the timer again when it is called.
 */
#include "internal.h"

#include <assert.h>
#include <stdio.h>

enum { EVENTS = 16, ROUNDS = 16 };

/* Why the client is woken, as branch numbers of its wakers and bits of `woken`. */
enum { OF_SET, OF_TIMER, OF_DEADLINE };

/* Where wakes of the client come from. */
enum {
    NOWHERE, /* it has no transfers */
    ALONE,   /* the one thread of its runtime */
    SHARED,  /* any worker of its runtime, with a lock held */
};

/* ---- the mutex ---- */

static void free_memory(bide_http_client *client)
{
    /* The easy handles use what follows. */
    bide__http_handles_free(client);
    curl_share_cleanup(client->share);
    curl_slist_free_all(client->pins);
    if (client->key_log_fd >= 0)
        bide__door.close(client->key_log_fd);
    bide__http_options_free(&client->options);
    pthread_mutex_destroy(&client->mutex);
    bide__free(client, sizeof *client);
}

void bide__http_lock(bide_http_client *client)
{
    pthread_mutex_lock(&client->mutex);
}

void bide__http_unlock(bide_http_client *client)
{
    /* A message that is under way, and could not be taken back, frees it later. */
    bool last =
        client->holders == 0 && atomic_load_explicit(&client->woken, memory_order_relaxed) == 0;
    pthread_mutex_unlock(&client->mutex);
    if (last)
        free_memory(client);
}

/* ---- wakes ---- */

static void drive(bide_http_client *client, unsigned woken);

static bide_http_client *client_of(struct bide_wakeable *self)
{
    return (bide_http_client *)(void *)((char *)self - offsetof(bide_http_client, self));
}

static int place_of(bide_http_client *client)
{
    return atomic_load_explicit(&client->place, memory_order_acquire);
}

/* The client is SHARED, and stays so until this wake is over. */
static void note(bide_http_client *client, unsigned bits)
{
    if (atomic_fetch_or_explicit(&client->woken, bits, memory_order_acq_rel) == 0)
        bide__runtime_post(client->runtime, &client->post);
}

bool bide__http_client_note_late(struct bide__http_transfer *t, unsigned limit)
{
    if (place_of(t->owner) != SHARED)
        return false;
    atomic_fetch_or_explicit(&t->late, 1U << limit, memory_order_release);
    note(t->owner, 1U << OF_DEADLINE);
    return true;
}

/* Looks at the transfers whose limits have passed. Each end may end others. */
static void end_late(bide_http_client *client)
{
    struct bide__http_transfer *t = client->first;
    while (t != NULL) {
        unsigned late = 0;
        if (t->state == BIDE__HTTP_ACTIVE)
            late = atomic_exchange_explicit(&t->late, 0, memory_order_acq_rel);
        if (late != 0)
            bide__http_late(t, late);
        t = late != 0 ? client->first : t->next;
    }
}

/* The message: called by a worker that holds no lock. */
static void read_notes(struct bide__post *post)
{
    bide_http_client *client =
        (bide_http_client *)(void *)((char *)post - offsetof(bide_http_client, post));

    bide__http_lock(client);
    unsigned bits = atomic_exchange_explicit(&client->woken, 0, memory_order_acq_rel);
    bool here = client->runtime == bide__runtime_running();
    if (place_of(client) == SHARED && !here) {
        note(client, bits); /* its transfers are those of another runtime by now */
    } else if (place_of(client) == SHARED) {
        if (bits & 1U << OF_DEADLINE)
            end_late(client);
        if (place_of(client) == SHARED)
            drive(client, bits);
    }
    bide__http_unlock(client);
}

/* The end of a registration wakes too; by then there is nothing to drive. */
static void client_wake(struct bide_wakeable *self, unsigned branch)
{
    bide_http_client *client = client_of(self);

    switch (place_of(client)) {
    case SHARED: note(client, 1U << branch); break;
    case ALONE:
        bide__http_lock(client);
        drive(client, 1U << branch);
        bide__http_unlock(client);
        break;
    default: break;
    }
}

/* References are not counted: the registration and the timers, which hold them, are ended before
 * the client. */
static void client_reference(struct bide_wakeable *self)
{
    (void)self;
}

static const struct bide_waker_vtable client_vtable = {client_reference, client_wake, client_wake,
                                                       client_reference};

static bide_waker own_waker(bide_http_client *client, unsigned what)
{
    return bide_waker_make(&client->self, what);
}

/* ---- callbacks of the multi handle ---- */

static struct bide__http_transfer *transfer_of(CURL *easy)
{
    struct bide__http_transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)(void *)&t);
    return t != NULL && t->client != NULL ? t : NULL;
}

/* curl does not look at the socket any more, though it waits for the program to give more of a
 * body: the server has ended the connection. curl would find that out when it has something to
 * send. */
static void find_end(struct bide__http_transfer *t)
{
    const struct bide__http_stream *s = &t->stream;
    if (s->out_paused && !s->in_paused)
        bide__http_unwanted_now(t);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    bide_http_client *client = arg;
    struct bide__http_transfer *t = transfer_of(easy);
    bool connects = t != NULL && t->phase == BIDE__HTTP_CONNECTING;
    uint32_t events = 0;
    (void)unused;
    if (t != NULL && what != CURL_POLL_REMOVE)
        t->stream.watched = fd + 1;
    else if (t != NULL && t->stream.watched == fd + 1)
        t->stream.watched = 0;
    if (what == CURL_POLL_REMOVE) {
        if (t != NULL)
            find_end(t);
        bide__http_socket_leave(client, fd);
        return 0;
    }
    events |= (uint32_t)(what & CURL_POLL_IN ? EPOLLIN : 0);
    events |= (uint32_t)(what & CURL_POLL_OUT ? EPOLLOUT : 0);
    int n = bide__http_socket_watch(client, fd, events, connects);
    /* An error returned to curl would end all transfers, but only this one has lost its socket. */
    if (n < 0 && t != NULL)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    bide_http_client *client = arg;
    (void)multi;
    if (client->runtime == NULL)
        return 0;
    bide__timer_disarm(client->timer_wheel, &client->timer);
    if (timeout_ms >= 0) {
        client->timer_wheel = bide__wheel_of(client->runtime);
        bide__timer_arm(client->timer_wheel, &client->timer, bide__deadline(BIDE_MS(timeout_ms)),
                        own_waker(client, OF_TIMER));
    }
    return 0;
}

int bide__http_close_socket(void *arg, curl_socket_t fd)
{
    bide_http_client *client = arg;
    /* Before the number can be used again; curl may not have sent CURL_POLL_REMOVE. */
    bide__http_socket_leave(client, fd);
    return bide__door.close(fd);
}

/* ---- making and freeing ---- */

static int set_multi(bide_http_client *client)
{
    CURLM *m = client->multi = curl_multi_init();
    if (m == NULL)
        return -ENOMEM;
    long host_max = client->options.connections_max, idle_max = client->options.idle_max;
    bool ok = curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
              curl_multi_setopt(m, CURLMOPT_SOCKETDATA, client) == CURLM_OK &&
              curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
              curl_multi_setopt(m, CURLMOPT_TIMERDATA, client) == CURLM_OK &&
              curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, host_max) == CURLM_OK &&
              curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, idle_max) == CURLM_OK;
    return ok ? 0 : -ENOMEM;
}

/* What its requests share. It is used under the client's mutex only, so it has no locks of its
 * own. */
static int set_share(bide_http_client *client)
{
    CURLSH *s = client->share = curl_share_init();
    if (s == NULL ||
        curl_share_setopt(s, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
        return -ENOMEM;
    if (client->options.cookies &&
        curl_share_setopt(s, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK)
        return -ENOMEM;
    return 0;
}

/* "host:port:addresses", which is how curl reads them. */
static int set_pins(bide_http_client *client)
{
    for (size_t i = 0; i < client->options.pin_count; i++) {
        const bide_http_pin *pin = &client->options.pins[i];
        size_t size = strlen(pin->host) + strlen(pin->addresses) + sizeof ":65535:";
        char *line = bide__alloc(size);
        if (line == NULL)
            return -ENOMEM;
        snprintf(line, size, "%s:%u:%s", pin->host, (unsigned)pin->port, pin->addresses);
        struct curl_slist *list = curl_slist_append(client->pins, line);
        bide__free(line, size);
        if (list == NULL)
            return -ENOMEM;
        client->pins = list;
    }
    return 0;
}

int bide_http_client_new(const bide_http_options *options, bide_http_client **out)
{
    *out = NULL;
    int n = bide__http_global();
    if (n < 0)
        return n;
    bide_http_client *client = bide__door.alloc(sizeof *client, _Alignof(bide_http_client));
    if (client == NULL)
        return -ENOMEM;
    *client = (bide_http_client){
        .self.vtable = &client_vtable, .set_fd = -1, .holders = 1, .post.run = read_notes};
    client->key_log_fd = -1;
    pthread_mutex_init(&client->mutex, NULL);
    bide__http_client_meter_init(&client->meter);
    n = bide__http_options_copy(&client->options, options);
    if (n == 0)
        n = set_share(client);
    if (n == 0)
        n = set_pins(client);
    if (n == 0)
        n = bide__http_key_log_open(client);
    if (n == 0)
        n = set_multi(client);
    if (n == 0)
        n = client->set_fd = bide__door.epoll_create1(EPOLL_CLOEXEC);
    if (n < 0) {
        bide_http_client_free(client);
        return n;
    }
    *out = client;
    return 0;
}

void bide_http_client_free(bide_http_client *client)
{
    if (client == NULL)
        return;
    bide__http_lock(client);
    while (client->first != NULL)
        bide__http_happens(client->first, BIDE__HTTP_CLOSED, 0);
    assert(client->runtime == NULL);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    bide__http_look_ups_free(client);
    bide__http_bell_free(client);
    bide__http_sockets_free(client);
    if (client->set_fd >= 0)
        bide__door.close(client->set_fd);
    client->holders--;
    bide__http_unlock(client);
}

/* ---- transfers ---- */

/* Attaches the client to the runtime of its first transfer; detach undoes that after the last
 * one. */
static int attach(bide_http_client *client)
{
    struct bide_runtime *runtime = bide__runtime_running();
    if (runtime == NULL)
        return bide__no_runtime("bide_http_send");
    if (client->runtime != NULL)
        return client->runtime == runtime ? 0 : -EXDEV;
    int n = bide__fd_open_as(&client->watch, client->set_fd, BIDE__FD_NEW);
    if (n < 0)
        return n;
    client->runtime = runtime;
    client->timer_wheel = client->again_wheel = bide__wheel_running();
    atomic_store_explicit(&client->place, runtime->multi ? SHARED : ALONE, memory_order_release);
    bide__fd_set_waker(client->watch, BIDE__READ, own_waker(client, OF_SET));
    return 0;
}

static void detach(bide_http_client *client)
{
    struct bide__fd *watch = client->watch;
    bide__timer_disarm(client->timer_wheel, &client->timer);
    bide__timer_disarm(client->again_wheel, &client->again);
    client->watch = NULL;
    atomic_store_explicit(&client->place, NOWHERE, memory_order_release);
    bide__fd_close(watch);
    /* From here on nothing wakes it. The runtime may end, so no message to it may stay. */
    if (atomic_load_explicit(&client->woken, memory_order_relaxed) != 0 &&
        bide__runtime_unpost(client->runtime, &client->post))
        atomic_store_explicit(&client->woken, 0, memory_order_relaxed);
    client->runtime = NULL;
}

static int add_error(const struct bide__http_transfer *t, CURLMcode code)
{
    bool lacks = code == CURLM_OUT_OF_MEMORY || bide__http_shortages() != t->shortages_before;
    return lacks ? -ENOMEM : -EIO;
}

int bide__http_client_add(bide_http_client *client, struct bide__http_transfer *t)
{
    int n = client->multi == NULL ? set_multi(client) : 0;
    if (n == 0)
        n = attach(client);
    if (n < 0)
        return n;
    CURLMcode code = curl_multi_add_handle(client->multi, t->easy);
    if (code != CURLM_OK) {
        if (client->first == NULL)
            detach(client);
        return add_error(t, code);
    }
    t->client = client;
    t->next = NULL;
    t->previous = client->last;
    *(client->last != NULL ? &client->last->next : &client->first) = t;
    client->last = t;
    return 0;
}

void bide__http_client_remove(struct bide__http_transfer *t)
{
    bide_http_client *client = t->client;
    bide__http_look_up_leave(t);
    *(t->previous != NULL ? &t->previous->next : &client->first) = t->next;
    *(t->next != NULL ? &t->next->previous : &client->last) = t->previous;
    t->client = NULL;
    /* A stream of HTTP/2 that is left in the middle leaves a connection on which libcurl 7.88 later
     * fails ("Error in the HTTP2 framing layer"). It is closed if nobody else is on it. */
    if (t->stream.is_on && (t->state != BIDE__HTTP_DONE || t->result < 0))
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_multi_remove_handle(client->multi, t->easy);
    if (client->first == NULL)
        detach(client);
}

/* ---- driving ---- */

/* Handles the transfers that curl reports as done. */
static void collect(bide_http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct bide__http_transfer *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        int code = (int)message->data.result; /* read now: the message is freed with the transfer */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&t);
        if (!bide__http_look_up_wanted(t, (CURLcode)code))
            bide__http_happens(t, BIDE__HTTP_SAID, code);
    }
}

/* The first doomed transfer, or NULL. */
static struct bide__http_transfer *find_doomed(const bide_http_client *client)
{
    struct bide__http_transfer *t = client->first;
    while (t != NULL && t->state != BIDE__HTTP_DOOMED)
        t = t->next;
    return t;
}

/* Lets the transfers go on that wait for a body of which no more is wanted. */
static void release_unwanted(bide_http_client *client)
{
    while (client->some_unwanted) {
        client->some_unwanted = false;
        for (struct bide__http_transfer *t = client->first; t != NULL; t = t->next)
            if (t->stream.out_unwanted && t->stream.out_paused && t->state == BIDE__HTTP_ACTIVE) {
                t->stream.out_paused = false;
                bide__http_go_on(t);
            }
    }
}

void bide__http_client_settle(bide_http_client *client)
{
    struct bide__http_transfer *t;
    if (client->settling)
        return;
    client->settling = true;
    release_unwanted(client);
    /* When a transfer ends, curl may give its connection to another one, so this loops. */
    do {
        collect(client);
        client->some_doomed = client->some_doomed && (t = find_doomed(client)) != NULL;
        if (client->some_doomed)
            bide__http_happens(t, BIDE__HTTP_SETTLED, 0);
    } while (client->some_doomed);
    client->settling = false;
    /* Some versions of curl later divide by zero on a socket that they had no memory to record. */
    if (client->broken && client->first == NULL) {
        curl_multi_cleanup(client->multi);
        client->multi = NULL;
        client->broken = false;
    }
}

static void tell(bide_http_client *client, curl_socket_t fd, int what)
{
    int running;
    if (client->broken || curl_multi_socket_action(client->multi, fd, what, &running) == CURLM_OK)
        return;
    /* curl had no memory to record a socket and does not tell whose; that transfer would wait for
     * ever. */
    for (struct bide__http_transfer *t = client->first; t != NULL; t = t->next)
        bide__http_happens(t, BIDE__HTTP_NOTED, -ENOMEM);
    client->broken = true;
}

static void tell_of_socket(bide_http_client *client, const struct epoll_event *event)
{
    int what = 0;
    what |= event->events & EPOLLIN ? CURL_CSELECT_IN : 0;
    what |= event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
    what |= event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
    tell(client, event->data.fd, what);
}

/* Tells curl about all ready sockets. Returns false if there may be more. */
static bool drain_set(bide_http_client *client)
{
    struct epoll_event events[EVENTS];
    for (int round = 0; round < ROUNDS; round++) {
        if (client->sockets == 0)
            return true;
        int count = bide__door.epoll_wait(client->set_fd, events, EVENTS, 0);
        if (count <= 0)
            return count != -EINTR;
        for (int i = 0; i < count; i++)
            if (bide__http_is_bell(client, events[i].data.fd))
                bide__http_bell_rung(client);
            else
                tell_of_socket(client, &events[i]);
    }
    return false;
}

static void look_at_set(bide_http_client *client)
{
    bide__fd_clear(client->watch, BIDE__READ, bide__fd_seen(client->watch, BIDE__READ));
    bide__fd_set_waker(client->watch, BIDE__READ, own_waker(client, OF_SET));
    if (!drain_set(client) && !bide__timer_armed(&client->again)) {
        client->again_wheel = bide__wheel_of(client->runtime);
        bide__timer_arm(client->again_wheel, &client->again, bide__clock_ns(),
                        own_waker(client, OF_SET));
    }
}

/* The timer says nothing about the set, which has a waker of its own. */
static void drive(bide_http_client *client, unsigned woken)
{
    if (woken & 1U << OF_TIMER)
        tell(client, CURL_SOCKET_TIMEOUT, 0);
    if (woken & 1U << OF_SET)
        look_at_set(client);
    bide__http_client_settle(client);
}

/* ---- cookies ---- */

static int tell_cookies(bide_http_client *client, const char *line)
{
    CURL *e = curl_easy_init();
    if (e == NULL)
        return -ENOMEM;
    bool ok = curl_easy_setopt(e, CURLOPT_SHARE, client->share) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_COOKIEFILE, "") == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_COOKIELIST, line) == CURLE_OK;
    curl_easy_cleanup(e);
    return ok ? 0 : -ENOMEM;
}

int bide_http_client_add_cookie(bide_http_client *client, const char *cookie)
{
    static const char name[] = "Set-Cookie: ";
    if (!client->options.cookies || bide__http_has_controls(cookie))
        return -EINVAL;
    size_t size = strlen(cookie) + sizeof name;
    char *line = bide__alloc(size);
    if (line == NULL)
        return -ENOMEM;
    snprintf(line, size, "%s%s", name, cookie);
    bide__http_lock(client);
    int n = tell_cookies(client, line);
    bide__http_unlock(client);
    bide__free(line, size);
    return n;
}

void bide_http_client_clear_cookies(bide_http_client *client)
{
    bide__http_lock(client);
    if (client->options.cookies)
        (void)tell_cookies(client, "ALL");
    bide__http_unlock(client);
}

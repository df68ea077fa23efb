/*
 * engine.c: the calls of OpenSSL that do the work on a stream, each under its mutex, and with an
 * empty error queue before and after it.
 *
 * A fatal error stays: OpenSSL tells its cause only once, and then all calls return it. The alert
 * for the peer is then among what is to be sent.
 */
#include "extra/tls/internal.h"

/* OpenSSL goes through all of the queue, also if it is empty. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

int bide__tls_note(struct bide__tls *s, int error, const char *text)
{
    if (s->failure == NULL)
        s->failure = bide__alloc(sizeof *s->failure);
    return bide__tls_fails(s->failure, error, text);
}

/* A call of OpenSSL has returned `result`, which is no success. -EAGAIN: it wants input. 0: the end
 * of what the peer says. */
static int outcome(struct bide__tls *s, int result)
{
    int why = SSL_get_error(s->ssl, result);

    if (why == SSL_ERROR_WANT_READ) {
        if (!s->cut)
            return -EAGAIN;
        return s->deaf ? 0 : bide__tls_note(s, -ECONNABORTED, NULL);
    }
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (s->failure == NULL)
        s->failure = bide__alloc(sizeof *s->failure);
    if (s->lacks_memory)
        s->failed = bide__tls_note(s, -ENOMEM, NULL);
    else
        s->failed = bide__tls_error(s->ssl, -EPROTO, s->failure);
    return s->failed;
}

/*
 * Between two records, OpenSSL has nothing in its own buffers. It frees them by itself after data,
 * but not after a ticket. When it wants the header of a record, it has nothing of that record. A
 * peer may also make it want just as many bytes of a body; OpenSSL before 3.0.14 would then free
 * the header that it still needs (CVE-2024-4741).
 */
static void release(struct bide__tls *s)
{
    if (!s->is_open || s->wanted != SSL3_RT_HEADER_LENGTH)
        return;
    const char *state = SSL_rstate_string(s->ssl);
    bool in_body = state[0] == 'R' && state[1] == 'B';
    if (!in_body)
        (void)SSL_free_buffers(s->ssl);
}

/* Under the mutex: why no call can be made; 0: one can. */
static int obstacle(struct bide__tls *s)
{
    forget_errors();
    return s->closed ? -EBADF : s->failed;
}

int bide__tls_shake(struct bide__tls *s)
{
    bide__tls_lock(s);
    int r = obstacle(s);
    if (r == 0) {
        int done = SSL_do_handshake(s->ssl);
        s->is_open = done == 1;
        r = done == 1 ? 1 : outcome(s, done);
        if (r == 0) /* the peer has said that it ends, or we do not listen */
            r = bide__tls_note(s, -ECONNABORTED, NULL);
    }
    forget_errors();
    bide__tls_unlock(s);
    bide__tls_send_now(s);
    return r;
}

static ssize_t take(struct bide__tls *s, unsigned char *buffer, size_t size)
{
    size_t taken = 0, n = 0;

    do {
        int r = SSL_read_ex(s->ssl, buffer + taken, size - taken, &n);
        if (r != 1) {
            r = outcome(s, r);
            if (r == -EAGAIN)
                release(s);
            return taken > 0 ? (ssize_t)taken : r;
        }
        taken += n;
    } while (taken < size && s->in_begin < s->in_end);
    return (ssize_t)taken;
}

/* OpenSSL says no end in the middle of a message of the handshake, and counts a ticket as one. Then
 * the rest of that is taken first. */
static int say_end(struct bide__tls *s)
{
    if (SSL_in_init(s->ssl)) {
        int done = SSL_do_handshake(s->ssl);
        if (done != 1)
            return outcome(s, done);
    }
    s->owes_end = false;
    return SSL_shutdown(s->ssl) < 0 ? outcome(s, -1) : 0;
}

ssize_t bide__tls_take(struct bide__tls *s, void *buffer, size_t size)
{
    bide__tls_lock(s);
    ssize_t n = obstacle(s);
    if (n == 0)
        n = take(s, buffer, size < SSIZE_MAX ? size : SSIZE_MAX);
    if (s->owes_end && s->failed == 0 && !SSL_in_init(s->ssl))
        (void)say_end(s);
    forget_errors();
    bool answers = s->first != NULL;
    bide__tls_unlock(s);
    if (answers)
        bide__tls_send_now(s);
    return n;
}

/* As many records as it takes, into a block that was reserved. */
static ssize_t put_records(struct bide__tls *s, const unsigned char *data, size_t size)
{
    size_t taken = 0, n = 0;

    while (taken < size) {
        size_t rest = size - taken;
        int r = SSL_write_ex(s->ssl, data + taken,
                             rest < BIDE__TLS_RECORD ? rest : BIDE__TLS_RECORD, &n);
        if (r != 1) {
            r = outcome(s, r);
            return taken > 0 ? (ssize_t)taken : r == 0 ? -EPIPE : r;
        }
        taken += n;
    }
    return (ssize_t)taken;
}

static ssize_t put(struct bide__tls *s, const unsigned char *data, size_t size)
{
    if (size > BIDE__TLS_WRITE)
        size = BIDE__TLS_WRITE;
    size_t records = size / BIDE__TLS_RECORD + 1;
    if (bide__tls_out_reserve(s, size + records * BIDE__TLS_OVERHEAD) < 0)
        return bide__tls_note(s, -ENOMEM, NULL);
    ssize_t n = put_records(s, data, size);
    bide__tls_out_unreserve(s);
    return n;
}

ssize_t bide__tls_put(struct bide__tls *s, const void *data, size_t size)
{
    bide__tls_lock(s);
    ssize_t n = obstacle(s);
    if (n == 0 && s->ended)
        n = bide__tls_note(s, -EPIPE, NULL);
    if (n == 0 && s->unsent != 0)
        n = s->unsent;
    if (n == 0)
        n = put(s, data, size);
    forget_errors();
    bide__tls_unlock(s);
    if (n > 0)
        bide__tls_send_now(s);
    return n;
}

int bide__tls_say_end(struct bide__tls *s)
{
    bide__tls_lock(s);
    int r = obstacle(s);
    if (r == 0 && s->unsent != 0)
        r = s->unsent;
    if (r == 0 && s->is_open && !s->ended)
        s->ended = s->owes_end = true;
    if (r == 0 && s->owes_end)
        r = say_end(s);
    forget_errors();
    bide__tls_unlock(s);
    if (r == 0 || r == -EAGAIN)
        bide__tls_send_now(s);
    return r;
}

/*
 * errors.c: what curl's errors mean, as negative errnos and as texts. bide/http.h says what each
 * errno tells the caller.
 *
 * The table has all of curl's codes. Some of them say too little, and are looked into. Codes that
 * newer versions have are written as numbers.
 */
#include "internal.h"

#include <stdio.h>

enum {
    CODE_HTTP3 = 95,
    CODE_QUIC_CONNECT_ERROR,
    CODE_PROXY,
    CODE_SSL_CLIENTCERT,
    CODE_UNRECOVERABLE_POLL,
    CODE_TOO_LARGE,
    CODE_ECH_REQUIRED,
};

/* What is not here cannot come of an HTTP request as we make it (codes of FTP, LDAP, TFTP, SSH and
 * RTSP, of uploads from files, of options that are never set), or is a failure of curl itself
 * (FAILED_INIT, AGAIN, RECURSIVE_API_CALL, NO_CONNECTION_AVAILABLE, UNRECOVERABLE_POLL, the SSL
 * engines): -EIO. */
static const int errnos[] = {
    [CURLE_UNSUPPORTED_PROTOCOL] = -EPROTONOSUPPORT, /* looked into */
    [CURLE_URL_MALFORMAT] = -EINVAL,                 /* looked into */
    [CURLE_NOT_BUILT_IN] = -EPROTONOSUPPORT,
    [CURLE_COULDNT_RESOLVE_PROXY] = -ENOENT,
    [CURLE_COULDNT_RESOLVE_HOST] = -ENOENT,
    [CURLE_COULDNT_CONNECT] = -ECONNREFUSED, /* looked into */
    [CURLE_WEIRD_SERVER_REPLY] = -EPROTO,
    [CURLE_REMOTE_ACCESS_DENIED] = -EACCES,
    [CURLE_HTTP2] = -EPROTO,
    [CURLE_PARTIAL_FILE] = -ECONNRESET,
    [CURLE_WRITE_ERROR] = -EPROTO,   /* of a decoder; ours are noted before */
    [CURLE_OUT_OF_MEMORY] = -ENOMEM, /* looked into */
    [CURLE_OPERATION_TIMEDOUT] = -ETIMEDOUT,
    [CURLE_SSL_CONNECT_ERROR] = -EPROTO,
    [CURLE_BAD_FUNCTION_ARGUMENT] = -EINVAL, /* looked into */
    [CURLE_TOO_MANY_REDIRECTS] = -ELOOP,
    [CURLE_SETOPT_OPTION_SYNTAX] = -EINVAL,
    [CURLE_GOT_NOTHING] = -ECONNRESET,
    [CURLE_SEND_ERROR] = -ECONNRESET, /* looked into */
    [CURLE_RECV_ERROR] = -ECONNRESET, /* looked into */
    [CURLE_SSL_CERTPROBLEM] = -EPROTO,
    [CURLE_SSL_CIPHER] = -EPROTO,
    [CURLE_PEER_FAILED_VERIFICATION] = -EPROTO,
    [CURLE_BAD_CONTENT_ENCODING] = -EPROTO,
    [CURLE_FILESIZE_EXCEEDED] = -EMSGSIZE,
    [CURLE_USE_SSL_FAILED] = -EPROTO,
    [CURLE_LOGIN_DENIED] = -EACCES,
    [CURLE_SSL_CACERT_BADFILE] = -ENOKEY,
    [CURLE_SSL_CRL_BADFILE] = -EPROTO,
    [CURLE_SSL_ISSUER_ERROR] = -EPROTO,
    [CURLE_SSL_PINNEDPUBKEYNOTMATCH] = -EPROTO,
    [CURLE_SSL_INVALIDCERTSTATUS] = -EPROTO,
    [CURLE_HTTP2_STREAM] = -EPROTO,
    [94 /* AUTH_ERROR */] = -EACCES,
    [CODE_HTTP3] = -EPROTO,
    [CODE_QUIC_CONNECT_ERROR] = -EPROTO,
    [CODE_PROXY] = -EPROTO,
    [CODE_SSL_CLIENTCERT] = -EPROTO,
    [CODE_TOO_LARGE] = -EMSGSIZE,
    [CODE_ECH_REQUIRED] = -EPROTO,
};

static int table_errno(CURLcode code)
{
    size_t i = (size_t)code;
    return i < sizeof errnos / sizeof *errnos && errnos[i] != 0 ? errnos[i] : -EIO;
}

static int connect_error(const struct bide__http_transfer *t)
{
    long error = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    if (t->socket_error != 0)
        return t->socket_error;
    /* One that the environment names; ours was looked at when the client was made. */
    if (strncmp(t->response->error, "Unsupported proxy", 17) == 0)
        return -EINVAL;
    return error == 0 ? table_errno(CURLE_COULDNT_CONNECT) : (int)-error;
}

/* curl says the same of a URL that it does not like and of what a server has answered: a bad
 * redirection, or no HTTP at all. */
static int request_error(const struct bide__http_transfer *t, CURLcode code)
{
    long sent = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 ? -EPROTO : table_errno(code);
}

/* curl's limits on its strings are no lack of memory: on a header line, and on a request's head. */
static int memory_error(const struct bide__http_transfer *t)
{
    bool lacks = !bide__http_counts_shortages() || bide__http_shortages() != t->shortages_before;
    return lacks ? -ENOMEM : -EMSGSIZE;
}

/*
 * A connection that failed, or what came over it: bad chunks, heads beyond curl's limit, a proxy
 * that does not connect. The texts are all that tells these apart. The system's error is that of
 * this connection only if the text is about a system call.
 */
static int transport_error(const struct bide__http_transfer *t, CURLcode code)
{
    const char *text = t->response->error;
    long error = 0, proxy = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (proxy >= 300)
        return -EACCES;
    if (strstr(text, "chunk") != NULL)
        return -EPROTO;
    if (strncmp(text, "Too large", 9) == 0)
        return -EMSGSIZE;
    if (error > 0 && strstr(text, " failure: ") != NULL && error != EPIPE)
        return (int)-error;
    return table_errno(code);
}

static int errno_of(const struct bide__http_transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK: return 0;
    case CURLE_OUT_OF_MEMORY: return memory_error(t);
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT: /* of a header, too, that came */
    case CURLE_UNSUPPORTED_PROTOCOL: return request_error(t, code);
    case CURLE_COULDNT_CONNECT: return connect_error(t);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return transport_error(t, code);
    default: return table_errno(code);
    }
}

/* For the errors that curl has no text for, or the wrong one. */
static const char *text_of(int error)
{
    switch (error) {
    case -EMSGSIZE: return "the answer, or the head of the request, is too large";
    case -ENOMEM: return "out of memory";
    case -ECANCELED: return "the client was closed";
    case -ETIMEDOUT: return "no complete answer in time";
    case -ENXIO: return "there is no runtime on this thread";
    case -EXDEV: return "the client is at work on another runtime";
    case -EINVAL: return "a malformed request";
    default: return NULL;
    }
}

static void set_text(struct bide__http_transfer *t, CURLcode code)
{
    char *error = t->response->error;
    const char *text = t->text;
    if (text == NULL && (t->error != 0 || code == CURLE_OUT_OF_MEMORY))
        text = text_of(t->result);
    if (text == NULL && error[0] == '\0')
        text = code != CURLE_OK ? curl_easy_strerror(code) : "the transfer failed";
    if (text != NULL)
        snprintf(error, CURL_ERROR_SIZE, "%s", text);
}

void bide__http_conclude(struct bide__http_transfer *t, CURLcode code)
{
    bide_http_response *r = t->response;
    if (t->error == 0 && code != CURLE_OK && bide__http_shortages() != t->shortages_before)
        t->error = -ENOMEM;
    if (t->error == 0 && code == CURLE_OK)
        t->error = bide__http_response_complete(r);
    t->result = t->error != 0 ? t->error : errno_of(t, code);
    if (r == NULL)
        return;
    if (t->result < 0) {
        bide__http_response_forget(r);
        set_text(t, code);
        return;
    }
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    r->status = (int)status;
    r->error[0] = '\0';
}

/*
 * errors.c: what curl's errors mean, as negative errnos and as texts. bide/http.h explains each
 * errno to the caller.
 *
 * The table covers all of curl's codes. Some codes say too little and are examined further. Codes
 * of newer versions of curl are written as numbers.
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

/*
 * A code that is missing here becomes -EIO. Either our HTTP requests cannot produce it (codes of
 * FTP, LDAP, TFTP, SSH and RTSP, of uploads from files, of options that are never set), or it is a
 * failure of curl itself (FAILED_INIT, AGAIN, RECURSIVE_API_CALL, NO_CONNECTION_AVAILABLE,
 * UNRECOVERABLE_POLL, the SSL engines).
 */
static const int errnos[] = {
    [CURLE_UNSUPPORTED_PROTOCOL] = -EPROTONOSUPPORT, /* examined */
    [CURLE_URL_MALFORMAT] = -EINVAL,                 /* examined */
    [CURLE_NOT_BUILT_IN] = -EPROTONOSUPPORT,
    [CURLE_COULDNT_RESOLVE_PROXY] = -ENOENT,
    [CURLE_COULDNT_RESOLVE_HOST] = -ENOENT,
    [CURLE_COULDNT_CONNECT] = -ECONNREFUSED, /* examined */
    [CURLE_WEIRD_SERVER_REPLY] = -EPROTO,
    [CURLE_REMOTE_ACCESS_DENIED] = -EACCES,
    [CURLE_HTTP2] = -EPROTO,
    [CURLE_PARTIAL_FILE] = -ECONNRESET,
    [CURLE_WRITE_ERROR] = -EPROTO,   /* from a decoder; our callbacks' errors were noted before */
    [CURLE_OUT_OF_MEMORY] = -ENOMEM, /* examined */
    [CURLE_OPERATION_TIMEDOUT] = -ETIMEDOUT,
    [CURLE_SSL_CONNECT_ERROR] = -EPROTO,
    [CURLE_BAD_FUNCTION_ARGUMENT] = -EINVAL, /* examined */
    [CURLE_TOO_MANY_REDIRECTS] = -ELOOP,
    [CURLE_SETOPT_OPTION_SYNTAX] = -EINVAL,
    [CURLE_GOT_NOTHING] = -ECONNRESET,
    [CURLE_SEND_ERROR] = -ECONNRESET, /* examined */
    [CURLE_RECV_ERROR] = -ECONNRESET, /* examined */
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
    /* From the environment; a proxy in the options was checked when the client was made. */
    if (strncmp(t->said, "Unsupported proxy", 17) == 0)
        return -EINVAL;
    return error == 0 ? table_errno(CURLE_COULDNT_CONNECT) : (int)-error;
}

/* curl uses the same code for a URL that it rejects and for a server's bad redirection, or an
 * answer that is not HTTP. */
static int request_error(const struct bide__http_transfer *t, CURLcode code)
{
    long sent = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 ? -EPROTO : table_errno(code);
}

/* curl also reports its own limits, on a header line and on a request's head, as lack of memory. */
static int memory_error(const struct bide__http_transfer *t)
{
    bool lacks = !bide__http_counts_shortages() || bide__http_shortages() != t->shortages_before;
    return lacks ? -ENOMEM : -EMSGSIZE;
}

/*
 * A failed connection, or bad data on it: bad chunks, heads beyond curl's limit, a proxy that does
 * not connect. Only the texts tell these apart. The system's error belongs to this connection only
 * if the text is about a system call.
 */
static int transport_error(const struct bide__http_transfer *t, CURLcode code)
{
    const char *text = t->said;
    long error = 0, proxy = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (proxy >= 300)
        return -EACCES;
    if (strstr(text, "chunk") != NULL)
        return -EPROTO;
    /* With TLS 1.3 a server says only after the handshake that it does not take the certificate. */
    if (strstr(text, "SSL routines") != NULL && strstr(text, " alert ") != NULL)
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
    case CURLE_BAD_FUNCTION_ARGUMENT: /* also for a header that the server sent */
    case CURLE_UNSUPPORTED_PROTOCOL: return request_error(t, code);
    case CURLE_COULDNT_CONNECT: return connect_error(t);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return transport_error(t, code);
    default: return table_errno(code);
    }
}

/* For errors that have no text of curl's, or a wrong one. */
static const char *text_of(int error)
{
    switch (error) {
    case -EMSGSIZE: return "the answer, or the head of the request, is too large";
    case -ENOMEM: return "out of memory";
    case -ECANCELED: return "the client was closed";
    case -ETIMEDOUT: return "no complete answer in time";
    case -ECONNRESET: return "the connection ended, and the request may not be sent twice";
    case -ENODATA: return "the body of the request is shorter than was announced";
    case -ENXIO: return "there is no runtime on this thread";
    case -EXDEV: return "the client is in use on another runtime";
    case -EINVAL: return "a malformed request";
    default: return NULL;
    }
}

static void set_text(struct bide__http_transfer *t, CURLcode code)
{
    const char *text = t->text;
    if (text == NULL && (t->error != 0 || code == CURLE_OUT_OF_MEMORY))
        text = text_of(t->result);
    if (text == NULL && t->said[0] == '\0')
        text = code != CURLE_OK ? curl_easy_strerror(code) : "the transfer failed";
    if (text != NULL && text != t->said)
        snprintf(t->said, sizeof t->said, "%s", text);
    if (t->response != NULL)
        memcpy(t->response->error, t->said, sizeof t->said);
}

static int version_number(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0: return 10;
    case CURL_HTTP_VERSION_1_1: return 11;
    case CURL_HTTP_VERSION_2_0: return 20;
    default: return version == 30 /* CURL_HTTP_VERSION_3 */ ? 30 : 0;
    }
}

int bide__http_answered(struct bide__http_transfer *t)
{
    bide_http_response *r = t->response;
    long status = 0, version = 0;
    const char *url = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
    r->status = (int)status;
    r->version = version_number(version);
    r->length = bide__http_expected_size(t, r);
    r->error[0] = '\0';
    return bide__http_response_from(r, url != NULL ? url : "");
}

void bide__http_conclude(struct bide__http_transfer *t, CURLcode code)
{
    bide_http_response *r = t->response;
    if (t->error == 0 && code != CURLE_OK && bide__http_shortages() != t->shortages_before)
        t->error = -ENOMEM;
    if (t->error == 0 && code == CURLE_SEND_FAIL_REWIND) /* it would send a stream again */
        t->error = -ECONNRESET;
    if (t->error == 0 && code == CURLE_OK && r != NULL)
        t->error = bide__http_response_complete(r);
    if (t->error == 0 && code == CURLE_OK && r != NULL)
        t->error = bide__http_answered(t);
    t->result = t->error != 0 ? t->error : errno_of(t, code);
    t->answered = t->result == 0;
    t->spoils_handle |= r != NULL && r->head_size > BIDE__HTTP_HEAD_KEPT;
    if (t->result < 0 && r != NULL)
        bide__http_response_forget(r);
    if (t->result < 0)
        set_text(t, code);
    else if (r != NULL && t->stream.is_on)
        bide__http_head_is_there(t);
}

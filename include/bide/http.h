/*
 * bide/http.h: an HTTP client, on libcurl. Link with -lbide-http.
 *
 *     bide_http_response *page = NULL;
 *     defer { bide_http_response_free(page); }
 *     int n = await bide_http_get(client, "https://example.org/", &page);
 *     if (n < 0)
 *         printf("no page: %s\n", bide_http_error(page));
 *     else
 *         printf("%d, %zu bytes\n", bide_http_status(page), bide_http_body_size(page));
 *
 * All requests of a client run on the executor's thread, however many there are at once; no request
 * has a thread of its own. Connections stay open and are used again. A request that has begun goes
 * on while its runtime runs, whether or not somebody awaits it: if it is in a future
 * (bide/future.h) that nobody drives, it has its answer, or its timeout, when it is next driven,
 * and it holds up no other request.
 *
 * Host names are looked up as by bide_resolve (bide/net.h), a name once for all requests that wait
 * for it, and its addresses are remembered for a minute. libcurl has a thread of its own for the
 * name of a proxy, for that of another host to which a request was redirected, and for names that
 * are not ASCII; with libcurl before 7.87, giving up a request during that blocks until it is over.
 *
 * A client with requests under way belongs to the runtime of those requests; an idle client belongs
 * to none. On a runtime with several workers tasks of all may use a client at once; a worker drives
 * the requests of all. Otherwise only one thread at a time may call functions on a client. A
 * response is for one thread at a time.
 *
 * The library initialises libcurl, with bide's memory functions, when the first client is made. A
 * program that calls curl_global_init itself must do so before that; then its own choice of memory
 * functions stays.
 */
#ifndef BIDE_HTTP_H
#define BIDE_HTTP_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_http_client bide_http_client;
typedef struct bide_http_response bide_http_response;

/* ---- clients ---- */

/* Which versions of HTTP a client speaks. */
typedef enum bide_http_protocol {
    BIDE_HTTP_ANY = 0,  /* the default: HTTP/2 if the server offers it over TLS (ALPN); else 1.1 */
    BIDE_HTTP_ONLY_1_1, /* only HTTP/1.1 */
    /* HTTP/2 from the first byte, also without TLS ("prior knowledge"). Without TLS, with libcurl
     * 7.88, each request has a connection of its own. */
    BIDE_HTTP_ONLY_2,
} bide_http_protocol;

/* The addresses of a host, which is then not looked up. */
typedef struct bide_http_pin {
    const char *host;
    uint16_t port;         /* 0: this port of the URL is 80 for http, 443 for https */
    const char *addresses; /* numeric; several with "," between them: "127.0.0.1,::1" */
} bide_http_pin;

/* Certificates and versions of TLS. Zero in a member means the default. */
typedef struct bide_http_tls {
    const char *ca_dir; /* a folder of certificates to trust, as OpenSSL's c_rehash makes it */
    const char
        *cert_file;       /* the client's own certificate and those that lead to its root, in PEM */
    const char *key_file; /* its key; NULL: in cert_file */
    const char *key_password;
    int version_min, version_max; /* 2: TLS 1.2, 3: TLS 1.3; 0: at least 1.2, and the newest. These
                                     are the values of BIDE_TLS_1_2 and BIDE_TLS_1_3 */
    const char *key_log_file;     /* the secrets of all connections are added to this file, as
                                     Wireshark reads it: whoever has it can read what was said */
    bool danger_accept_invalid_certs; /* ANYBODY ON THE WAY can read and change everything, and
                                         pretend to be the server */
    bool danger_accept_invalid_hosts; /* a good certificate of ANY OTHER server is accepted */
} bide_http_tls;

/* What all requests of a client have in common. Zero in a member means the default. */
typedef struct bide_http_options {
    bide_duration timeout;     /* for a whole request; 0: 30 s; negative: no limit */
    size_t response_max_bytes; /* of a body after decompression; 0: 64 MiB */
    int redirects_max;         /* 0: 10; negative: redirects are not followed */
    int connections_max;       /* at once, to one host; further requests wait. 0: no limit */
    const char *user_agent;    /* NULL: the header is not sent */
    const char *proxy;         /* its URL (http, https, socks4, socks4a, socks5, socks5h; without a
                                  scheme: http); NULL: from http_proxy and the like; "": no proxy */
    const char *ca_file;       /* certificates to trust, in PEM; NULL: the system's */

    bide_duration connect_timeout; /* from the look-up of the name until TLS has been negotiated;
                                      0 or negative: no limit but 300 s */
    bide_duration read_timeout;    /* between two pieces of the answer, and before its first; it
                                      begins when there is a connection, and does not run while
                                      the program has to read or to write; 0 or negative: no
                                      limit */
    bide_duration idle_timeout;    /* a connection that was not used for longer is not used again;
                                      counted in seconds; 0: 90 s; negative: none is used again */
    int idle_max;                  /* connections that are kept open, of all hosts; 0: 256 */
    bide_http_protocol protocol;
    bide_http_tls tls;
    bool https_only;        /* http: is refused with -EPROTONOSUPPORT; a redirect to it: -EPROTO */
    bool cookies;           /* cookies of answers are kept in memory, by the rules of RFC 6265,
                                   and sent */
    const char *no_proxy;   /* hosts for which there is no proxy: "a.org,.b.org,10.0.0.0/8";
                                   "*": all; NULL: from no_proxy, unless `proxy` is set */
    const char *proxy_user; /* for an HTTP proxy: Basic; for SOCKS5: its user and password */
    const char *proxy_password; /* NULL: none */
    const char *local_address;  /* connections come from this address or interface ("eth0") */
    const char *unix_path;      /* all connections go to this Unix socket; the URL only says what
                                   is asked for. Starts with "@": an abstract one */
    const bide_http_pin *pins;
    size_t pin_count;
    int retry_percent; /* bide_http_send_retry: of the requests so many in a hundred may be sent
                          again, besides ten; 0: 20; negative: no limit */
} bide_http_options;

/*
 * Makes a client, which the caller frees with bide_http_client_free. `options` may be NULL; its
 * strings are copied. Returns 0; -ENOMEM, -EMFILE or -ENFILE; -EINVAL for a negative limit, a
 * proxy of an unknown kind, a version that does not exist, a pin without host or address, or
 * control characters in a string; an error of open(2) for key_log_file; or -EPROTONOSUPPORT if this
 * libcurl has no HTTP/2 that was asked for, or no OpenSSL for the key log. On an error *client is
 * NULL and nothing has changed. May be called outside any runtime.
 */
bide_must_use int bide_http_client_new(const bide_http_options *options,
                                       bide_http_client **client bide_gives(bide_http_client_free));

/*
 * Closes the client's connections and frees it. Requests under way end with -ECANCELED at once,
 * except that a request whose answer was complete but not yet taken still returns it. Responses
 * stay valid. No request may begin. NULL is ignored.
 */
void bide_http_client_free(bide_http_client *client);

/*
 * Adds a cookie, as the value of a Set-Cookie header that names its domain: "id=7;
 * Domain=example.org; Path=/; Secure". Returns 0; -EINVAL for a control character, or if the client
 * has no cookies; or -ENOMEM. A cookie that is no cookie is ignored, like one of a server.
 */
bide_must_use int bide_http_client_add_cookie(bide_http_client *client, const char *cookie);

/* Forgets all cookies. */
void bide_http_client_clear_cookies(bide_http_client *client);

/* ---- requests ---- */

typedef struct bide_http_header {
    const char *name, *value;
} bide_http_header;

/* Only the URL is required; zero in any other member means the default. */
typedef struct bide_http_request {
    const char *url;                 /* absolute: http://... or https://... */
    const char *method;              /* NULL: POST if there is a body, else GET; HEAD has none */
    const bide_http_header *headers; /* names are tokens; values have no control bytes but tabs */
    size_t header_count;
    const void *body; /* read until the request has ended */
    size_t body_size;
    bide_duration timeout;     /* for the whole request; 0: the client's; negative: no limit */
    size_t response_max_bytes; /* 0: the client's */

    const bide_http_header *query; /* pairs that are coded and added to the query of the URL */
    size_t query_count;
    const bide_http_header *form; /* instead of `body`: pairs that are coded as an HTML form is */
    size_t form_count;
    const char *content_type;        /* NULL: not sent, but with a form */
    const char *username, *password; /* Basic; password NULL: "" */
    const char *bearer;              /* a token: "Authorization: Bearer ..." */
    bool body_streamed;              /* the body comes by bide_http_upload: bide/http_stream.h.
                                         body_size is its size, or 0 if that is not known */
    bool may_repeat;                 /* the request does no harm if the server gets it twice */
} bide_http_request;

/*
 * How often a request is sent. A kept connection may end at the moment when a request is sent on
 * it, and nobody knows whether the server has acted on it. A request with GET, HEAD, OPTIONS,
 * TRACE, PUT or DELETE, or with may_repeat, is then sent again, on a new connection. All others,
 * such as POST, are never sent twice: the call returns -ECONNRESET. A redirect is no repetition.
 *
 * Headers of the program, `username` and `bearer` go along with redirects; but Authorization and
 * Cookie go to no other host, port or scheme.
 */

/*
 * Sends a request and waits for the whole response. Returns 0 if there is an answer, whatever its
 * status. The old value of *response is overwritten: at first with NULL, in the end with the answer
 * or, if the call failed, with an object that keeps the text of bide_http_error. In both cases the
 * caller frees it with bide_http_response_free.
 *
 * Errors; libcurl's names for them are in brackets. A request that is refused with one of the first
 * two was not sent, and no connection was opened for it:
 *   -EINVAL           the URL, the method, a header or the body is malformed: no scheme or host, a
 *                     name that is not a token, a control character, a string of more than 8 MB
 *                     [URL_MALFORMAT, BAD_FUNCTION_ARGUMENT, SETOPT_OPTION_SYNTAX]
 *   -EPROTONOSUPPORT  the URL is neither http: nor https: [UNSUPPORTED_PROTOCOL], or this libcurl
 *                     has no TLS [NOT_BUILT_IN]
 *   -ENOENT           the host name is not known, or the proxy's [COULDNT_RESOLVE_HOST and _PROXY]
 *   -EAGAIN           the name servers do not answer, or there is no thread for the look-up
 *   -ECONNREFUSED     nobody listens there; -EHOSTUNREACH and others of connect(2) likewise
 *                     [COULDNT_CONNECT]
 *   -ECONNRESET       the connection ended before the answer was complete [GOT_NOTHING,
 *                     PARTIAL_FILE, RECV_ERROR, SEND_ERROR]; others of recv(2) and send(2) likewise
 *   -ETIMEDOUT        the timeout has passed; connecting never takes longer than 300 s
 *                     [OPERATION_TIMEDOUT]
 *   -EMSGSIZE         the body is larger than response_max_bytes [FILESIZE_EXCEEDED]; the head of
 *                     the answer, with the interim answers (100 Continue) before it and the trailer
 *                     after its body, is larger than 256 KiB, or one header of it than 100 KiB;
 *                     the head of the request is larger than 1 MiB [TOO_LARGE, OUT_OF_MEMORY;
 *                     where the program has given libcurl other memory functions, -ENOMEM]
 *   -ELOOP            too many redirects [TOO_MANY_REDIRECTS]
 *   -EPROTO           the answer is not valid HTTP: no status, bad chunks, an invalid length or
 *                     encoding, a redirect to something other than an http: or https: URL
 *                     [WEIRD_SERVER_REPLY, HTTP2, HTTP2_STREAM, HTTP3, BAD_CONTENT_ENCODING,
 *                     WRITE_ERROR, RECV_ERROR, UNSUPPORTED_PROTOCOL, URL_MALFORMAT]; or the
 *                     negotiation of TLS, QUIC or the proxy's SOCKS failed, for example because of
 *                     a bad certificate [PEER_FAILED_VERIFICATION, SSL_*, USE_SSL_FAILED,
 *                     QUIC_CONNECT_ERROR, PROXY, ECH_REQUIRED]
 *   -ENOKEY           ca_file cannot be read, or has no certificate [SSL_CACERT_BADFILE]
 *   -EACCES           the proxy refuses, or wants a password [RECV_ERROR, LOGIN_DENIED, AUTH_ERROR,
 *                     REMOTE_ACCESS_DENIED]
 *   -EMFILE, -ENFILE, -ENOSPC   no descriptor for the connection, or no room for it in epoll
 *   -ENOMEM           no memory (then other requests of the client may fail too); *response may
 *                     be NULL [OUT_OF_MEMORY]
 *   -ENXIO, -EXDEV    outside any runtime; the client has requests under way on another runtime
 *   -ECANCELED        the client was freed
 *   -EIO              libcurl itself failed [all others]
 *
 * Cancelled: the connection is closed, so the server sees the request broken off (it may have acted
 * on it); *response is NULL; other requests go on. If the answer was complete before the request to
 * cancel, the call returns it.
 */
bide_must_use bide_async int bide_http_send(
    bide_http_client *client, const bide_http_request *request,
    bide_http_response **response bide_gives(bide_http_response_free));

/* GET without extra headers; otherwise like bide_http_send. */
bide_must_use bide_async int bide_http_get(bide_http_client *client, const char *url,
                                           bide_http_response **response
                                               bide_gives(bide_http_response_free));

/* POST of `size` bytes; otherwise like bide_http_send. `content_type` NULL means
 * application/octet-stream. */
bide_must_use bide_async int bide_http_post(
    bide_http_client *client, const char *url, const char *content_type, const void *body,
    size_t size, bide_http_response **response bide_gives(bide_http_response_free));

/* How often, and when, a request is tried again. Zero in a member means the default. */
typedef struct bide_http_retry {
    int times_max;         /* besides the first time; 0: 3; negative: never */
    bide_duration first;   /* before the second time; then twice as long each time. 0: 100 ms */
    bide_duration longest; /* but never longer; 0: 10 s */
    bool any_method; /* also what is not sent twice otherwise, such as POST: the server may then
                              have acted on it several times */
} bide_http_retry;

/*
 * As bide_http_send, but a request that may be sent twice (see above) is tried again if the
 * connection failed (-ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH, -ENETUNREACH, -ETIMEDOUT, -EPIPE,
 * for a name -ENOENT, -EAGAIN), or if the status is 408, 429, 502, 503 or 504. In between it waits
 * for between half of the time that `retry` says and the whole, at random; if the answer has a
 * Retry-After in seconds, for that time, and if that is longer than `longest`, it returns the
 * answer. `timeout` is that of each time. `retry` may be NULL. So that a service in trouble gets no
 * more of it, retry_percent of the client limits how many requests are tried again.
 *
 * Returns what the last time has returned. Cancelled: as bide_http_send, also while it waits. A
 * request with body_streamed is -EINVAL.
 */
bide_must_use bide_async int bide_http_send_retry(
    bide_http_client *client, const bide_http_request *request, const bide_http_retry *retry,
    bide_http_response **response bide_gives(bide_http_response_free));

/* ---- responses ---- */

/* Without memory for a request, its response may be NULL; all functions below accept that. */

/* Frees a response. NULL is ignored. */
void bide_http_response_free(bide_http_response *response);

/* The status, 100 to 999, or 0 if there is no answer. */
int bide_http_status(const bide_http_response *response);

/*
 * The status as an error: 0 below 400; -EACCES for 401, 403 and 407; -ENOENT for 404 and 410;
 * -ETIMEDOUT for 408 and 504; -EMSGSIZE for 413; -EAGAIN for 425, 429 and 503; -EINVAL for the
 * others below 500; -EREMOTEIO for the others. -ENODATA if there is no answer.
 */
int bide_http_check(const bide_http_response *response);

/* The URL from which the answer came, after redirects; "" if there is no answer. It belongs to the
 * response. */
const char *bide_http_response_url(const bide_http_response *response);

/* 10 for HTTP/1.0, 11 for HTTP/1.1, 20 for HTTP/2; 0 if there is no answer. */
int bide_http_response_version(const bide_http_response *response);

/* The body, followed by a zero byte. Never NULL. It belongs to the response. */
const char *bide_http_body(const bide_http_response *response);
size_t bide_http_body_size(const bide_http_response *response);

/* The value of the first header of that name, in any case, or NULL. It belongs to the response. */
const char *bide_http_header_value(const bide_http_response *response, const char *name);

/* Stores the i-th header, from 0, in the order of the answer; its strings belong to the response.
 * Returns 0, or -ENOENT if there are fewer. */
bide_must_use int bide_http_header_at(const bide_http_response *response, size_t i,
                                      bide_http_header *header);

/*
 * What went wrong with a request, as text for people; "" if nothing did. For a NULL response it is
 * "out of memory". The text belongs to the response.
 */
const char *bide_http_error(const bide_http_response *response);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif

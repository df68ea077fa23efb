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
 * All requests of a client run on the executor's thread, however many there are at once; none has a
 * thread of its own. Only libcurl's resolver has one, for as long as it looks a host name up; with
 * libcurl before 7.87, giving up a request during the look-up blocks until that is over.
 * Connections stay open and are used again. A request that has begun goes on while its runtime
 * runs, whether or not somebody awaits it: one in a future (bide/future.h) that nobody drives has
 * its answer, or its timeout, when it is next driven, and holds up no other.
 *
 * A client with requests under way belongs to the runtime of these; an idle one to none. All
 * functions on one client and on its responses are for one thread at a time.
 *
 * The library sets up libcurl when the first client is made, with bide's memory functions; a
 * program that calls curl_global_init itself does so before that, and its choice of memory
 * functions stays.
 */
#ifndef BIDE_HTTP_H
#define BIDE_HTTP_H

#include <bide/lang.h>

#include <stddef.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_http_client bide_http_client;
typedef struct bide_http_response bide_http_response;

/* ---- clients ---- */

/* What all requests of a client have in common. Zeroes are good everywhere. */
typedef struct bide_http_options {
    bide_duration timeout;     /* for a whole request; 0: 30 s, negative: none */
    size_t response_max_bytes; /* of a body, after decompression; 0: 64 MiB */
    int redirects_max;         /* 0: 10, negative: none are followed */
    int connections_max;       /* at once, to one host; further requests wait. 0: no limit */
    const char *user_agent;    /* NULL: none is sent */
    const char *proxy;         /* its URL (http, https, socks4, socks4a, socks5, socks5h; without a
                                  scheme: http); NULL: as http_proxy and the like say; "": none */
    const char *ca_file;       /* certificates to trust, in PEM; NULL: the system's */
} bide_http_options;

/*
 * Makes a client. `options` may be NULL; its strings are copied. 0; -ENOMEM, -EMFILE, -ENFILE;
 * -EINVAL: a negative limit, a proxy of an unknown kind, or control characters in the user agent or
 * the proxy. On an error *client is NULL, and nothing of the options was kept or changed. It ends
 * with bide_http_client_free. May be called outside any runtime.
 */
bide_must_use int bide_http_client_new(bide_http_client **client bide_gives(bide_http_client_free),
                                       const bide_http_options *options);

/*
 * Closes the client's connections and frees it. Requests that are under way end with -ECANCELED at
 * once; one whose answer was complete, and was only not taken yet, still has it. Responses stay
 * good. No request may begin. NULL is ignored.
 */
void bide_http_client_free(bide_http_client *client);

/* ---- requests ---- */

typedef struct bide_http_header {
    const char *name, *value;
} bide_http_header;

/* Only the URL is needed; zeroes are good in all else. */
typedef struct bide_http_request {
    const char *url;                 /* absolute: http://... or https://... */
    const char *method;              /* NULL: POST if there is a body, else GET; HEAD has none */
    const bide_http_header *headers; /* names are tokens; values have no control bytes but tabs */
    size_t header_count;
    const void *body; /* is read until the request has ended */
    size_t body_size;
    bide_duration timeout;     /* for the whole of it; 0: the client's, negative: none */
    size_t response_max_bytes; /* 0: the client's */
} bide_http_request;

/*
 * Sends a request and waits for the whole response. 0: there is an answer, whatever its status.
 * *response is overwritten: NULL at first, afterwards it owns the answer or, if the call failed,
 * what bide_http_error tells of the failure; in both cases it ends with bide_http_response_free.
 *
 * Errors; what libcurl calls each is in brackets. A request that is refused with one of the first
 * two was not sent, and its client has no more connections than before:
 *   -EINVAL           the URL, the method, a header or the body is malformed: no scheme or host, a
 *                     name that is no token, a control character, a string of more than 8 MB
 *                     [URL_MALFORMAT, BAD_FUNCTION_ARGUMENT, SETOPT_OPTION_SYNTAX]
 *   -EPROTONOSUPPORT  the URL is neither http: nor https: [UNSUPPORTED_PROTOCOL], or this libcurl
 *                     has no TLS [NOT_BUILT_IN]
 *   -ENOENT           the host name is not known, or the proxy's [COULDNT_RESOLVE_HOST and _PROXY]
 *   -ECONNREFUSED     nobody listens there; -EHOSTUNREACH and others of connect(2) likewise
 *                     [COULDNT_CONNECT]
 *   -ECONNRESET       the connection ended before the answer was complete [GOT_NOTHING,
 *                     PARTIAL_FILE, RECV_ERROR, SEND_ERROR]; others of recv(2) and send(2) likewise
 *   -ETIMEDOUT        the timeout is over; connecting takes no longer than 300 s anyway
 *                     [OPERATION_TIMEDOUT]
 *   -EMSGSIZE         the body is larger than response_max_bytes [FILESIZE_EXCEEDED]; the head of
 *                     the answer, with the interim answers (100 Continue) before it and the trailer
 *                     behind its body, is larger than 256 KiB, or one header of it than 100 KiB;
 *                     the head of the request is larger than 1 MiB [TOO_LARGE, OUT_OF_MEMORY;
 *                     where the program has given libcurl other memory functions, -ENOMEM]
 *   -ELOOP            too many redirects [TOO_MANY_REDIRECTS]
 *   -EPROTO           no good HTTP: no status, bad chunks, a length or an encoding that is none, a
 *                     redirect to what is no http: or https: URL [WEIRD_SERVER_REPLY, HTTP2,
 *                     HTTP2_STREAM, HTTP3, BAD_CONTENT_ENCODING, WRITE_ERROR, RECV_ERROR,
 *                     UNSUPPORTED_PROTOCOL, URL_MALFORMAT]; or TLS, QUIC or the proxy's SOCKS could
 *                     not be agreed on, a bad certificate included [PEER_FAILED_VERIFICATION,
 *                     SSL_*, USE_SSL_FAILED, QUIC_CONNECT_ERROR, PROXY, ECH_REQUIRED]
 *   -ENOKEY           ca_file cannot be read, or has no certificate [SSL_CACERT_BADFILE]
 *   -EACCES           the proxy refuses, or wants a password [RECV_ERROR, LOGIN_DENIED, AUTH_ERROR,
 *                     REMOTE_ACCESS_DENIED]
 *   -EMFILE, -ENFILE, -ENOSPC   no descriptor for the connection, or no room for it in epoll
 *   -ENOMEM           no memory (then other requests of the client may fail too); *response may
 *                     be NULL [OUT_OF_MEMORY]
 *   -ENXIO, -EXDEV    outside any runtime; the client is at work on another one
 *   -ECANCELED        the client was freed
 *   -EIO              libcurl itself has failed [all others]
 *
 * Cancelled: the connection is closed, so the server sees the request broken off (it may have
 * acted on it); *response is NULL; other requests go on. If the answer had been complete before,
 * the call ends with it.
 */
bide_must_use bide_async int bide_http_send(
    bide_http_client *client, const bide_http_request *request,
    bide_http_response **response bide_gives(bide_http_response_free));

/* GET without a header of one's own. As bide_http_send. */
bide_must_use bide_async int bide_http_get(bide_http_client *client, const char *url,
                                           bide_http_response **response
                                               bide_gives(bide_http_response_free));

/* POST of `size` bytes. `content_type` may be NULL: application/octet-stream. As bide_http_send. */
bide_must_use bide_async int bide_http_post(
    bide_http_client *client, const char *url, const char *content_type, const void *body,
    size_t size, bide_http_response **response bide_gives(bide_http_response_free));

/* ---- responses ---- */

/* NULL is ignored. */
void bide_http_response_free(bide_http_response *response);

/* The status, 100 to 999; 0: there is no answer. */
int bide_http_status(const bide_http_response *response);

/* The body; a NUL follows it. Never NULL. It stays the response's. */
const char *bide_http_body(const bide_http_response *response);
size_t bide_http_body_size(const bide_http_response *response);

/* The value of the first header of that name, whose case does not matter; NULL: there is none. */
const char *bide_http_header_value(const bide_http_response *response, const char *name);

/* The i-th header in the order of the answer; 0, or -ENOENT: there are not so many. */
bide_must_use int bide_http_header_at(const bide_http_response *response, size_t i,
                                      bide_http_header *header);

/*
 * What went wrong with a request, for people; "" if nothing did. NULL is legal ("out of memory").
 * The text stays the response's.
 */
const char *bide_http_error(const bide_http_response *response);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif

/*
 * valid.c: which requests are sent at all.
 *
 * What a program puts into a URL, a method or a header often comes from elsewhere. A line break in
 * it would end the header and begin another header, or another request; different servers read
 * other control bytes differently. So a request with such bytes is refused. The URL must be
 * absolute, since curl would guess a missing scheme.
 */
#include "internal.h"

#include "extra/http/message/fields.h"

#include <strings.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_token(const char *s)
{
    return bide__http_is_token(s, strlen(s));
}

bool bide__http_has_controls(const char *s)
{
    for (; *s != '\0'; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return true;
    return false;
}

/* The number of bytes before "://" if they can be a scheme; otherwise 0. */
static size_t scheme_size(const char *url)
{
    size_t n = 0;
    while (is_letter(url[n]) ||
           (n > 0 && (is_digit(url[n]) || (url[n] != '\0' && strchr("+-.", url[n]) != NULL))))
        n++;
    return strncmp(url + n, "://", 3) == 0 ? n : 0;
}

bool bide__http_valid_proxy(const char *url)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    size_t size = scheme_size(url);
    if (bide__http_has_controls(url) || strpbrk(url, " \t") != NULL)
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i]) == size && strncasecmp(url, schemes[i], size) == 0)
            return true;
    return size == 0;
}

static bool is_http(const char *url, size_t scheme)
{
    return (scheme == 4 && strncasecmp(url, "http", 4) == 0) ||
           (scheme == 5 && strncasecmp(url, "https", 5) == 0);
}

static int valid_url(const char *url, const char **text)
{
    *text = "there is no URL";
    if (url == NULL)
        return -EINVAL;
    *text = "a blank or a control character in the URL";
    if (bide__http_has_controls(url) || strpbrk(url, " \t") != NULL)
        return -EINVAL;
    *text = "the URL does not begin with http:// or https://";
    size_t scheme = scheme_size(url);
    if (scheme == 0)
        return -EINVAL;
    if (!is_http(url, scheme))
        return -EPROTONOSUPPORT;
    *text = "there is no host in the URL";
    return url[scheme + 3] == '\0' || strchr("/?#\\", url[scheme + 3]) != NULL ? -EINVAL : 0;
}

static int valid_headers(const bide_http_request *request, const char **text)
{
    *text = "header_count is set, but headers is NULL";
    if (request->header_count > 0 && request->headers == NULL)
        return -EINVAL;
    for (size_t i = 0; i < request->header_count; i++) {
        const bide_http_header *h = &request->headers[i];
        *text = "the name of a header is not valid";
        if (h->name == NULL || !is_token(h->name))
            return -EINVAL;
        *text = "a control character in the value of a header";
        if (h->value == NULL || bide__http_has_controls(h->value))
            return -EINVAL;
    }
    return 0;
}

static int valid_pairs(const bide_http_header *pairs, size_t count)
{
    if (count > 0 && pairs == NULL)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].name == NULL || pairs[i].value == NULL)
            return -EINVAL;
    return 0;
}

/* The body, the form, and what is said about them. */
static int valid_body(const bide_http_request *request, const char **text)
{
    const char *method = request->method;
    *text = "a HEAD request must not have a body";
    if (method != NULL && strcmp(method, "HEAD") == 0 &&
        (request->body_size > 0 || request->form_count > 0 || request->body_streamed))
        return -EINVAL;
    *text = "body_size is set, but body is NULL or too large";
    if (request->body_size > PTRDIFF_MAX)
        return -EINVAL;
    if (request->body_size > 0 && request->body == NULL && !request->body_streamed)
        return -EINVAL;
    *text = "a pair of the query or of the form has no name or no value";
    if (valid_pairs(request->query, request->query_count) < 0 ||
        valid_pairs(request->form, request->form_count) < 0)
        return -EINVAL;
    *text = "the body is given twice";
    bool streamed_too = request->body_streamed && request->body != NULL;
    bool form_too = request->form_count > 0 && (request->body_size > 0 || request->body_streamed);
    return streamed_too || form_too ? -EINVAL : 0;
}

static int valid_credentials(const bide_http_request *request, const char **text)
{
    const char *const strings[] = {request->content_type, request->username, request->password,
                                   request->bearer};
    *text = "a control character in the type of the body, or in a name, password or token";
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (strings[i] != NULL && bide__http_has_controls(strings[i]))
            return -EINVAL;
    *text = "the name has a colon, or there is a password without a name, or a bearer too";
    if (request->username != NULL && strchr(request->username, ':') != NULL)
        return -EINVAL;
    return (request->username == NULL && request->password != NULL) ||
                   (request->username != NULL && request->bearer != NULL)
               ? -EINVAL
               : 0;
}

int bide__http_valid(const bide_http_request *request, const char **text)
{
    int n = valid_url(request->url, text);
    if (n == 0)
        n = valid_headers(request, text);
    if (n < 0)
        return n;
    *text = "the method is not valid";
    if (request->method != NULL && !is_token(request->method))
        return -EINVAL;
    n = valid_body(request, text);
    if (n == 0)
        n = valid_credentials(request, text);
    if (n == 0)
        *text = NULL;
    return n;
}

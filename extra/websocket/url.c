/*
 * url.c: the URLs of WebSocket (RFC 6455, 3): ws://host:port/path?query, and wss. No user, and no
 * fragment. The path goes into the request as it is, so it may hold only what a URI may (RFC 3986).
 */
#include "extra/websocket/handshake.h"

#include "extra/http/message/fields.h"

#include <string.h>

static bool begins(const char **text, const char *with)
{
    size_t size = strlen(with);

    if (strlen(*text) < size || !bide__http_same(*text, size, with, size))
        return false;
    *text += size;
    return true;
}

static bool read_port(const char *s, size_t size, uint16_t *port)
{
    uint32_t n = 0;

    for (size_t i = 0; i < size; i++) {
        if (s[i] < '0' || s[i] > '9' || (n = n * 10 + (uint32_t)(s[i] - '0')) > 65535)
            return false;
    }
    if (n == 0)
        return false;
    *port = (uint16_t)n;
    return true;
}

/* "host", "host:port", "[address]:port". */
static bool read_authority(struct bide__ws_url *url)
{
    const char *s = url->authority, *end = s + url->authority_size, *close;

    if (!bide__http_is_host(s, url->authority_size))
        return false;
    if (*s == '[') {
        close = memchr(s, ']', url->authority_size);
        if (close == NULL)
            return false;
        url->host = s + 1;
        url->host_size = (size_t)(close - s - 1);
        close++;
    } else {
        close = memchr(s, ':', url->authority_size);
        if (close == NULL)
            close = end;
        url->host = s;
        url->host_size = (size_t)(close - s);
    }
    return close == end || read_port(close + 1, (size_t)(end - close - 1), &url->port);
}

static bool path_is_good(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (s[i] <= ' ' || s[i] >= 127 || strchr("#\"<>\\^`{|}", s[i]) != NULL)
            return false;
    return true;
}

int bide__ws_url_read(const char *text, struct bide__ws_url *url)
{
    *url = (struct bide__ws_url){0};
    if (text == NULL || strlen(text) > BIDE__WS_URL_MAX)
        return -EINVAL;
    if (begins(&text, "wss://"))
        url->is_secure = true;
    else if (!begins(&text, "ws://"))
        return -EINVAL;
    url->port = url->is_secure ? 443 : 80;
    url->authority = text;
    url->authority_size = strcspn(text, "/?#");
    url->path = text + url->authority_size;
    url->path_size = strlen(url->path);
    if (!read_authority(url) || url->host_size == 0 || !path_is_good(url->path, url->path_size))
        return -EINVAL;
    return 0;
}

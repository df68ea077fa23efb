/*
 * cookie.h: the fields Cookie and Set-Cookie (RFC 6265 and its draft of a successor, for SameSite,
 * the prefixes of names, and Partitioned).
 *
 * Requires C. Any thread; nothing here has a state or allocates.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_COOKIE_H
#define BIDE_EXTRA_HTTP_MESSAGE_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Takes the next cookie from the value of a field Cookie, in *s and *size. Values are as they were
 * sent, with quotes if they have some. What is no cookie (no "=", a name that is no token, a value
 * with other bytes than RFC 6265 allows) is skipped: other programs under the same name may have
 * set it. False: there is none.
 */
bool bide__http_cookie_next(const char **s, size_t *size, const char **name, size_t *name_size,
                            const char **value, size_t *value_size);

enum bide__http_same_site {
    BIDE__HTTP_SAME_SITE_UNSET,
    BIDE__HTTP_SAME_SITE_LAX,
    BIDE__HTTP_SAME_SITE_STRICT,
    BIDE__HTTP_SAME_SITE_NONE,
};

struct bide__http_set_cookie {
    const char *name, *value; /* NULL as a value: empty */
    const char *path, *domain;
    int64_t max_age_s; /* counts if has_max_age; 0 or less: the browser forgets the cookie */
    int64_t expires_s; /* of the Unix clock; 0: none */
    enum bide__http_same_site same_site;
    bool has_max_age, secure, http_only, partitioned;
};

/*
 * Writes the value of a field Set-Cookie. Returns its size; -ENOSPC if it is above `room`; -EINVAL
 * for a name that is no token, a value, path or domain with bytes that would end it, and what
 * browsers refuse: SameSite=None or Partitioned without Secure, a name that begins with "__Secure-"
 * without Secure, and one that begins with "__Host-" without Secure, with a domain, or with another
 * path than "/".
 */
ssize_t bide__http_set_cookie_write(char *to, size_t room, const struct bide__http_set_cookie *c);

#endif

/*
 * condition.h: requests that ask for something only if it has changed, or has not (RFC 9110, 13).
 */
#ifndef BIDE_HTTP_CONDITION_H
#define BIDE_HTTP_CONDITION_H

#include "extra/http/exchange/exchange.h"

/* What is known of the representation that would be sent. */
struct validators {
    const char *etag;   /* with its quotes, and W/ if it is weak; NULL: none */
    int64_t modified_s; /* of the Unix clock; below 0: unknown */
    int64_t now_s;
};

enum condition {
    CONDITION_GO,
    CONDITION_NOT_MODIFIED, /* 304 */
    CONDITION_FAILED,       /* 412 */
};

/* The fields If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the order of
 * §13.2.2. */
enum condition bide__http_condition(const bide_http_exchange *x, const struct validators *v);

/* If-Range, the last step there: the Range field counts. True without the field. */
bool bide__http_if_range(const bide_http_exchange *x, const struct validators *v);

/* The tag is in a list as If-Match has it. -1: the list is malformed before it was found. */
int bide__http_tag_in(const char *list, size_t size, const char *tag, bool is_strong);

#endif

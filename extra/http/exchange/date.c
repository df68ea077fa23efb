/*
 * exchange/date.c: the date of now as HTTP writes it (RFC 9110, 5.6.7), made once a second on each
 * thread.
 */
#include "extra/http/exchange/exchange.h"

static __thread struct {
    int64_t second; /* for which the text is; 0: for none */
    char text[BIDE__HTTP_DATE_SIZE + 1];
} cache;

const char *bide__http_date_now(void)
{
    int64_t now = bide__door.date();
    if (now != cache.second) {
        bide__http_date_write(cache.text, now);
        cache.second = now;
    }
    return cache.text;
}

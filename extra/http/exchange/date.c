/*
 * exchange/date.c: the date of now as HTTP writes it (RFC 9110, 5.6.7), made once a second on each
 * thread.
 *
 * The day of the year is counted from the first of March, so that the day that is sometimes missing
 * is the last one of a year, and the lengths of months follow one rule: (153 m + 2) / 5 days before
 * month m. 400 years have 146,097 days.
 */
#include "extra/http/exchange/exchange.h"

static char *two(char *to, int64_t n)
{
    *to++ = (char)('0' + n / 10);
    *to++ = (char)('0' + n % 10);
    return to;
}

static char *three(char *to, const char *names, int64_t n)
{
    memcpy(to, names + 3 * n, 3);
    return to + 3;
}

void bide__http_date_write(char text[30], int64_t seconds)
{
    int64_t day = seconds / 86400, second = seconds % 86400;
    int64_t since = day + 719468, era = since / 146097, in_era = since % 146097;
    int64_t year_in_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    int64_t month = (5 * in_year + 2) / 153, in_month = in_year - (153 * month + 2) / 5 + 1;
    int64_t year = year_in_era + era * 400 + (month >= 10);
    char *to = three(text, "ThuFriSatSunMonTueWed", day % 7);

    *to++ = ',';
    *to++ = ' ';
    to = two(to, in_month);
    *to++ = ' ';
    to = three(to, "MarAprMayJunJulAugSepOctNovDecJanFeb", month);
    *to++ = ' ';
    to = two(two(to, year / 100 % 100), year % 100);
    *to++ = ' ';
    to = two(to, second / 3600);
    *to++ = ':';
    to = two(to, second / 60 % 60);
    *to++ = ':';
    to = two(to, second % 60);
    memcpy(to, " GMT", 5);
}

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

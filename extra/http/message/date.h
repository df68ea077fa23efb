/*
 * date.h: the dates of RFC 9110, 5.6.7. Seconds are of the Unix clock, from the year 1 to 9999.
 *
 * Requires C. Any thread.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_DATE_H
#define BIDE_EXTRA_HTTP_MESSAGE_DATE_H

#include <stddef.h>
#include <stdint.h>

enum { BIDE__HTTP_DATE_SIZE = 29 };

/*
 * Reads a date of any of the three forms: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94
 * 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". A year of two digits is the one of the 100 that end
 * 50 years after `now_s`, as the RFC asks. A second 60 counts as 59. Returns 0, or -EINVAL for
 * anything else, such as a day that the month does not have, or the wrong day of the week.
 */
int bide__http_date_parse(const char *s, size_t size, int64_t now_s, int64_t *seconds);

/* Writes the first form, without a zero byte. A time that is out of range becomes the nearest. */
void bide__http_date_write(char to[BIDE__HTTP_DATE_SIZE], int64_t seconds);

/* The same, from a copy that the calling thread keeps of the last second: for the field Date. */
void bide__http_date_copy(char to[BIDE__HTTP_DATE_SIZE], int64_t seconds);

#endif

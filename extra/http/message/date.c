/*
 * date.c: dates in HTTP. No function of libc is used, since theirs depend on the locale and on the
 * time zone. Days are counted in the Gregorian calendar, before its beginning too.
 */
#include "extra/http/message/date.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char days[7][10] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                 "Friday", "Saturday", "Sunday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const int64_t first_s = -62135596800, last_s = 253402300799; /* the years 1 and 9999 */

struct date {
    int64_t year;
    int month, day, hour, minute, second; /* month 0 to 11, day 1 to 31 */
};

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The days from the year 1 to the beginning of a month. */
static int64_t days_before(int64_t year, int month)
{
    static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + before[month] + (month > 1 && is_leap(year));
}

static struct date date_of(int64_t seconds)
{
    int64_t n = seconds - first_s, day = n / 86400;
    int rest = (int)(n % 86400);
    struct date d = {.year = day * 400 / 146097 + 1, .month = 0};
    while (days_before(d.year + 1, 0) <= day)
        d.year++;
    while (days_before(d.year, 0) > day)
        d.year--;
    while (d.month < 11 && days_before(d.year, d.month + 1) <= day)
        d.month++;
    d.day = (int)(day - days_before(d.year, d.month)) + 1;
    d.hour = rest / 3600;
    d.minute = rest / 60 % 60;
    d.second = rest % 60;
    return d;
}

static void two(char *to, int n)
{
    to[0] = (char)('0' + n / 10);
    to[1] = (char)('0' + n % 10);
}

void bide__http_date_write(char to[BIDE__HTTP_DATE_SIZE], int64_t seconds)
{
    seconds = seconds < first_s ? first_s : seconds > last_s ? last_s : seconds;
    struct date d = date_of(seconds);
    memcpy(to, "Mon, 00 Jan 0000 00:00:00 GMT", BIDE__HTTP_DATE_SIZE);
    memcpy(to, days[(seconds - first_s) / 86400 % 7], 3);
    two(to + 5, d.day);
    memcpy(to + 8, months[d.month], 3);
    two(to + 12, (int)(d.year / 100));
    two(to + 14, (int)(d.year % 100));
    two(to + 17, d.hour);
    two(to + 20, d.minute);
    two(to + 23, d.second);
}

void bide__http_date_copy(char to[BIDE__HTTP_DATE_SIZE], int64_t seconds)
{
    static _Thread_local struct {
        int64_t seconds;
        char text[BIDE__HTTP_DATE_SIZE];
        bool is_set;
    } last;
    if (!last.is_set || last.seconds != seconds) {
        bide__http_date_write(last.text, seconds);
        last.seconds = seconds;
        last.is_set = true;
    }
    memcpy(to, last.text, BIDE__HTTP_DATE_SIZE);
}

/* ---- reading ---- */

struct text {
    const char *at, *end;
};

static bool skip(struct text *t, const char *what)
{
    size_t size = strlen(what);
    if ((size_t)(t->end - t->at) < size || memcmp(t->at, what, size) != 0)
        return false;
    t->at += size;
    return true;
}

static bool number(struct text *t, int digits, int *n)
{
    if (t->end - t->at < digits)
        return false;
    *n = 0;
    for (; digits > 0; digits--, t->at++) {
        if (*t->at < '0' || *t->at > '9')
            return false;
        *n = *n * 10 + *t->at - '0';
    }
    return true;
}

static bool month(struct text *t, int *n)
{
    for (*n = 0; *n < 12; ++*n)
        if (skip(t, months[*n]))
            return true;
    return false;
}

static bool clock_time(struct text *t, struct date *d)
{
    return number(t, 2, &d->hour) && skip(t, ":") && number(t, 2, &d->minute) && skip(t, ":") &&
           number(t, 2, &d->second);
}

/* "06 Nov 1994 08:49:37 GMT" */
static bool fixed_form(struct text *t, struct date *d)
{
    int year = 0;
    bool good = number(t, 2, &d->day) && skip(t, " ") && month(t, &d->month) && skip(t, " ") &&
                number(t, 4, &year) && skip(t, " ") && clock_time(t, d) && skip(t, " GMT");
    d->year = year;
    return good;
}

/* "06-Nov-94 08:49:37 GMT" */
static bool old_form(struct text *t, int64_t now_s, struct date *d)
{
    int year = 0;
    bool good = number(t, 2, &d->day) && skip(t, "-") && month(t, &d->month) && skip(t, "-") &&
                number(t, 2, &year) && skip(t, " ") && clock_time(t, d) && skip(t, " GMT");
    int64_t now = now_s < first_s || now_s > last_s ? 1970 : date_of(now_s).year;
    d->year = now - now % 100 + year;
    if (d->year > now + 50)
        d->year -= 100;
    return good;
}

/* "Nov  6 08:49:37 1994" */
static bool c_form(struct text *t, struct date *d)
{
    int year = 0;
    bool good = month(t, &d->month) && skip(t, " ") &&
                (skip(t, " ") ? number(t, 1, &d->day) : number(t, 2, &d->day)) && skip(t, " ") &&
                clock_time(t, d) && skip(t, " ") && number(t, 4, &year);
    d->year = year;
    return good;
}

static bool exists(const struct date *d)
{
    static const int most[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int last = most[d->month] + (d->month == 1 && is_leap(d->year));
    return d->year >= 1 && d->year <= 9999 && d->day >= 1 && d->day <= last && d->hour < 24 &&
           d->minute < 60 && d->second <= 60;
}

int bide__http_date_parse(const char *s, size_t size, int64_t now_s, int64_t *seconds)
{
    struct text t = {s, s + size};
    struct date d = {0};
    char name[4] = {0};
    int weekday = 0;
    bool good = false;
    for (; weekday < 7 && !good; weekday++) {
        t.at = s;
        if (skip(&t, days[weekday]) && skip(&t, ", ")) {
            good = old_form(&t, now_s, &d);
            continue;
        }
        t.at = s;
        memcpy(name, days[weekday], 3);
        if (skip(&t, name))
            good = skip(&t, ", ") ? fixed_form(&t, &d) : skip(&t, " ") && c_form(&t, &d);
    }
    if (!good || t.at != t.end || !exists(&d))
        return -EINVAL;
    int64_t day = days_before(d.year, d.month) + d.day - 1;
    if (day % 7 != weekday - 1)
        return -EINVAL;
    d.second -= d.second == 60;
    *seconds = first_s + day * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
    return 0;
}

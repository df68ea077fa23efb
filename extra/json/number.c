/*
 * number.c: numbers as text. A double gets the shortest digits that are read back as the same
 * double, and of several such the nearest to it.
 *
 * Most doubles in JSON are decimals of a few digits. With m < 10^15 and k <= 22 both m and 10^k are
 * exact doubles, so m / 10^k is the double next to that decimal; if it is x, the decimal is read
 * back as x, and no other one of at most 15 digits is (two of these never share a double). So one
 * multiplication, one division and a comparison decide.
 *
 * The others go the way of Steele and White, with whole numbers of any size: "How to Print
 * Floating-Point Numbers Accurately" (PLDI 1990), in the form of Burger and Dybvig, "Printing
 * Floating-Point Numbers Quickly and Accurately" (PLDI 1996), section 3, with readers that round to
 * even. It needs no tables and does not depend on the locale.
 */
#include "internal.h"

#include <math.h>
#include <string.h>

/* ---- whole numbers ---- */

size_t bide__json_put_u64(char *out, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char text[20];
    size_t at = sizeof text;
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(text + at, pairs + 2 * (value % 100), 2);
    }
    if (value >= 10) {
        at -= 2;
        memcpy(text + at, pairs + 2 * value, 2);
    } else {
        text[--at] = (char)('0' + value);
    }
    memcpy(out, text + at, sizeof text - at);
    return sizeof text - at;
}

size_t bide__json_put_i64(char *out, int64_t value)
{
    if (value >= 0)
        return bide__json_put_u64(out, (uint64_t)value);
    *out = '-';
    return 1 + bide__json_put_u64(out + 1, -(uint64_t)value);
}

/* ---- large whole numbers ---- */

/* The largest is 10^324 * 2^53 * 4, or 2^1074 * 4 * 10: less than 2^1160. */
enum { LIMBS = 38 };

struct large {
    unsigned count; /* without zeroes at the top */
    uint32_t limb[LIMBS];
};

static void large_set(struct large *n, uint64_t value)
{
    n->count = 0;
    for (; value > 0; value >>= 32)
        n->limb[n->count++] = (uint32_t)value;
}

static void large_multiply(struct large *n, uint32_t by)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < n->count; i++) {
        carry += (uint64_t)n->limb[i] * by;
        n->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0)
        n->limb[n->count++] = (uint32_t)carry;
}

static void large_times_ten_to(struct large *n, unsigned power)
{
    for (; power >= 9; power -= 9)
        large_multiply(n, 1000000000);
    for (; power > 0; power--)
        large_multiply(n, 10);
}

static void large_shift(struct large *n, unsigned bits)
{
    unsigned limbs = bits / 32;
    if (n->count == 0)
        return;
    memmove(n->limb + limbs, n->limb, n->count * sizeof *n->limb);
    memset(n->limb, 0, limbs * sizeof *n->limb);
    n->count += limbs;
    if (bits % 32 > 0)
        large_multiply(n, (uint32_t)1 << bits % 32);
}

static int large_compare(const struct large *a, const struct large *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (unsigned i = a->count; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

static void large_add(struct large *a, const struct large *b)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < a->count || i < b->count || carry > 0; i++) {
        carry += (i < a->count ? a->limb[i] : 0);
        carry += (i < b->count ? b->limb[i] : 0);
        a->limb[i] = (uint32_t)carry;
        carry >>= 32;
        if (i >= a->count)
            a->count = i + 1;
    }
}

/* a >= b. */
static void large_subtract(struct large *a, const struct large *b)
{
    int64_t borrow = 0;
    for (unsigned i = 0; i < a->count; i++) {
        borrow += (int64_t)a->limb[i] - (i < b->count ? b->limb[i] : 0);
        a->limb[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    while (a->count > 0 && a->limb[a->count - 1] == 0)
        a->count--;
}

/* ---- the digits of a double ---- */

struct digits {
    char digit[20];
    unsigned count;
    int point; /* the number is 0.DIGITS times ten to this */
};

/*
 * The number is r/s; everything from (r-below)/s to (r+above)/s is read back as it, the ends too if
 * `closed`. `above` is twice `below` at a power of two, else they are the same.
 */
struct range {
    struct large r, s, below, above;
    bool closed;
};

static bool reaches_one(const struct range *g, const struct large *r)
{
    struct large sum = *r;
    large_add(&sum, &g->above);
    int order = large_compare(&sum, &g->s);
    return g->closed ? order >= 0 : order > 0;
}

static void range_of(struct range *g, uint64_t fraction, int exponent, bool lopsided)
{
    unsigned up = exponent > 0 ? (unsigned)exponent : 0,
             down = exponent < 0 ? (unsigned)-exponent : 0;
    large_set(&g->r, fraction);
    large_shift(&g->r, up + 1 + lopsided);
    large_set(&g->s, 1);
    large_shift(&g->s, down + 1 + lopsided);
    large_set(&g->below, 1);
    large_shift(&g->below, up);
    g->above = g->below;
    if (lopsided)
        large_multiply(&g->above, 2);
    g->closed = fraction % 2 == 0;
}

static void range_times_ten(struct range *g)
{
    large_multiply(&g->r, 10);
    large_multiply(&g->below, 10);
    large_multiply(&g->above, 10);
}

/* Makes the number less than one, and at least a tenth, by a power of ten, which is returned. */
static int range_scale(struct range *g, double value)
{
    int point = (int)ceil(log10(value) - 1e-10); /* right, or one too small */
    if (point > 0) {
        large_times_ten_to(&g->s, (unsigned)point);
    } else {
        large_times_ten_to(&g->r, (unsigned)-point);
        large_times_ten_to(&g->below, (unsigned)-point);
        large_times_ten_to(&g->above, (unsigned)-point);
    }
    if (reaches_one(g, &g->r)) {
        large_multiply(&g->s, 10);
        point++;
    }
    return point;
}

static unsigned next_digit(struct range *g)
{
    unsigned digit = 0;
    range_times_ten(g);
    for (; large_compare(&g->r, &g->s) >= 0; digit++)
        large_subtract(&g->r, &g->s);
    return digit;
}

static void digits_of_any(double value, struct digits *d)
{
    struct range g;
    uint64_t bits, fraction;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52);
    fraction = bits & (((uint64_t)1 << 52) - 1);
    bool lopsided = fraction == 0 && exponent > 1;
    if (exponent > 0)
        fraction |= (uint64_t)1 << 52;
    else
        exponent = 1;
    range_of(&g, fraction, exponent - 1075, lopsided);
    d->point = range_scale(&g, value);
    d->count = 0;
    for (;;) {
        unsigned digit = next_digit(&g);
        int order = large_compare(&g.r, &g.below);
        bool low = g.closed ? order <= 0 : order < 0, high = reaches_one(&g, &g.r);
        if (low && high) { /* both would do: the nearer one */
            large_multiply(&g.r, 2);
            high = large_compare(&g.r, &g.s) >= 0;
        }
        d->digit[d->count++] = (char)('0' + digit + (high ? 1 : 0));
        if (low || high)
            return;
    }
}

/* ---- decimals of at most 15 digits ---- */

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* False: it is none of these, or 10^22 is too little to know. */
static bool digits_of_short(double value, struct digits *d)
{
    int exponent, k;
    if (value >= 1e15)
        return false;
    frexp(value, &exponent);
    k = 15 - exponent * 1233 / 4096;
    k = k > 22 ? 22 : k;
    while (k > 0 && value * powers[k] >= 1e15)
        k--;
    uint64_t m = (uint64_t)(value * powers[k] + 0.5);
    if ((double)m / powers[k] != value)
        return false;
    for (; k > 0 && m % 10 == 0; m /= 10)
        k--;
    d->count = (unsigned)bide__json_put_u64(d->digit, m);
    d->point = (int)d->count - k;
    return true;
}

/* ---- as text ---- */

/* 0.00123, 123.0, 1.23 */
static size_t put_plain(char *out, const struct digits *d)
{
    size_t at = 0;
    if (d->point <= 0) {
        out[at++] = '0';
        out[at++] = '.';
        memset(out + at, '0', (size_t)-d->point);
        at += (size_t)-d->point;
        memcpy(out + at, d->digit, d->count);
        return at + d->count;
    }
    unsigned whole = (unsigned)d->point, first = whole < d->count ? whole : d->count;
    memcpy(out, d->digit, first);
    memset(out + first, '0', whole - first);
    out[whole] = '.';
    if (d->count <= whole) {
        out[whole + 1] = '0';
        return whole + 2;
    }
    memcpy(out + whole + 1, d->digit + whole, d->count - whole);
    return d->count + 1;
}

/* 1.23e45, 1e-7 */
static size_t put_exponent(char *out, const struct digits *d)
{
    size_t at = 0;
    out[at++] = d->digit[0];
    if (d->count > 1) {
        out[at++] = '.';
        memcpy(out + at, d->digit + 1, d->count - 1);
        at += d->count - 1;
    }
    out[at++] = 'e';
    return at + bide__json_put_i64(out + at, d->point - 1);
}

size_t bide__json_put_double(char *out, double value)
{
    struct digits d;
    size_t sign = signbit(value) ? 1 : 0;
    if (sign > 0) {
        *out++ = '-';
        value = -value;
    }
    if (value == 0) {
        memcpy(out, "0.0", 3);
        return sign + 3;
    }
    if (!digits_of_short(value, &d))
        digits_of_any(value, &d);
    return sign + (d.point > -5 && d.point <= 16 ? put_plain(out, &d) : put_exponent(out, &d));
}

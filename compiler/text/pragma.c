/*
 * Pragmas about warnings: `#pragma GCC diagnostic ignored "-Wbide-..."`, or `clang diagnostic`.
 *
 * The preprocessed text has them, also pragmas that were written as _Pragma; for clang,
 * driver/pragma.c puts them there.
 */
#include "inside.h"

#include <string.h>

/* Skips this word and the blanks after it. False: another word is at *p. */
static bool accept(const char **p, const char *end, const char *word)
{
    size_t n = strlen(word);
    const char *s = *p;
    if ((size_t)(end - s) < n || memcmp(s, word, n))
        return false;
    if (is_word_char(word[n - 1]) && s + n < end && is_word_char(s[n]))
        return false;
    for (s += n; s < end && (*s == ' ' || *s == '\t'); s++)
        ;
    *p = s;
    return true;
}

struct pragma *pragma_parse(struct arena *arena, const char *p, const char *end)
{
    static const char *const kinds[] = {"push", "pop", "ignored", "warning", "error"};
    const char *option = NULL;
    unsigned kind = 0;
    if (!accept(&p, end, "#") || !accept(&p, end, "pragma") ||
        (!accept(&p, end, "GCC") && !accept(&p, end, "clang")) || !accept(&p, end, "diagnostic"))
        return NULL;
    while (kind < sizeof kinds / sizeof *kinds && !accept(&p, end, kinds[kind]))
        kind++;
    if (kind > PRAGMA_ERROR)
        return NULL;
    if (kind >= PRAGMA_IGNORED) {
        const char *close = end - p > 3 ? memchr(p + 1, '"', (size_t)(end - p - 1)) : NULL;
        if (!close || memcmp(p, "\"-W", 3))
            return NULL;
        option = intern(arena, p + 3, (size_t)(close - p - 3));
    }
    struct pragma *pragma = arena_alloc(arena, sizeof *pragma);
    pragma->kind = kind;
    pragma->option = option;
    return pragma;
}

bool pragma_is_ours(const struct pragma *p)
{
    return p->option && !strncmp(p->option, "bide-", 5);
}

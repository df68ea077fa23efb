/*
 * Pragmas in front of a statement that is rewritten. Most are copied with the text and mean the
 * same there. Two kinds do not. A hint for a loop (`GCC unroll`, `clang loop`...) must be followed
 * by a plain loop and means nothing for a loop that every await leaves and enters again: it is
 * removed. OpenMP and OpenACC take the statement apart themselves: an await in it is an error.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

/* The next word of a line; its length is in *n. */
static const char *word_at(const char *s, const char *end, size_t *n)
{
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    const char *last = s;
    while (last < end && *last != ' ' && *last != '\t' && *last != '(' && *last != '\n')
        last++;
    *n = (size_t)(last - s);
    return s;
}

static bool is_one_of(const char *s, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == n && memcmp(s, *words, n) == 0)
            return true;
    return false;
}

static bool is_loop_hint(const char *s, const char *end)
{
    static const char *const gcc[] = {"unroll", "ivdep", "novector", NULL};
    static const char *const clang[] = {"loop", NULL};
    static const char *const bare[] = {"unroll",           "nounroll", "unroll_and_jam",
                                       "nounroll_and_jam", "ivdep",    "loop_count",
                                       "vector",           "novector", NULL};
    size_t n, m;
    const char *first = word_at(s, end, &n), *second = word_at(first + n, end, &m);
    if (n == 3 && memcmp(first, "GCC", 3) == 0)
        return is_one_of(second, m, gcc);
    if (n == 5 && memcmp(first, "clang", 5) == 0)
        return is_one_of(second, m, clang);
    return is_one_of(first, n, bare);
}

static bool is_parallel(const char *s, const char *end)
{
    static const char *const words[] = {"omp", "acc", NULL};
    size_t n;
    const char *first = word_at(s, end, &n);
    return is_one_of(first, n, words);
}

void settle_pragmas(struct lower *l, const struct stmt *s, bool rewritten)
{
    static const char word[] = "#pragma";
    const struct token *t = &l->unit->token[s->first];
    const char *at = t[-1].start + t[-1].length;
    bool is_loop = s->kind == S_FOR || s->kind == S_WHILE || s->kind == S_DO;

    while ((at = memmem(at, (size_t)(t->start - at), word, sizeof word - 1))) {
        const char *line = at, *eol = memchr(at, '\n', (size_t)(t->start - at));
        bool begins = line[-1] == '\n';
        at += sizeof word - 1;
        if (!begins || !eol)
            continue;
        if (s->has_await && is_parallel(at, eol))
            diag(l->unit, SEV_ERROR, s->first, "'await' in a statement that '#pragma%.*s' governs",
                 (int)(eol - at), at);
        if (is_loop && rewritten && is_loop_hint(at, eol))
            memset((char *)(uintptr_t)line, ' ', (size_t)(eol - line));
        at = eol;
    }
}

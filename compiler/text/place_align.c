/*
 * Aligns the tokens that the preprocessor made of a line with the words of that line.
 *
 * Both have the same order, except at macros. The tokens from a macro end where tokens and words
 * agree again: after the macro's name, after its closing parenthesis, or after more words if these
 * are macros too. As a rule, brackets in the text of a macro come in pairs. So a bracket that
 * closes more than the macro has opened is a word of the line.
 *
 * A token from a macro is a word of its arguments if both are in the same sequence; a closing
 * bracket follows the bracket that it closes. The place of all other tokens is the macro's name.
 *
 * Every search is bounded, so that the cost of a line is in proportion to its length.
 */
#include "inside.h"

#include <string.h>

enum {
    ENOUGH = 8,         /* this many words in sequence that agree settle the place */
    MOST_TOKENS = 4096, /* how far the end of a macro's tokens is looked for */
    MOST_MACROS = 32,   /* side by side */
    NEAR_WORDS = 128,   /* how far the word of an argument is looked for */
};

struct aligner {
    struct group *g;
    uint32_t *partner; /* of a token that is a bracket; as in struct word */
};

struct extent {
    uint32_t word, token; /* the first after it */
    uint32_t score;
};

static bool same(const struct aligner *a, uint32_t word, uint32_t token)
{
    const struct word *w = &a->g->words.word[word];
    return place_same_word(&a->g->token[token], w->text->line + w->start, w->length);
}

static char first_char(const struct aligner *a, uint32_t word)
{
    const struct word *w = &a->g->words.word[word];
    return w->text->line[w->start];
}

static bool is_name(const struct aligner *a, uint32_t word)
{
    char c = first_char(a, word);
    return is_word_char(c) && (c < '0' || c > '9');
}

static bool is_closing(char c)
{
    return c == ')' || c == ']' || c == '}';
}

static bool is_bracket(const struct token *t, const char *which)
{
    return t->length == 1 && strchr(which, *t->start);
}

/* How many words from `word` on agree with the tokens from `token` on. If both end there, that
 * counts as ENOUGH. `loose`: words inside brackets may be macros, so they need not agree. */
static uint32_t agreement(const struct aligner *a, uint32_t word, uint32_t token, bool loose)
{
    uint32_t open_word[ENOUGH], open_token[ENOUGH], depth = 0, n = 0;
    while (n < ENOUGH) {
        if (word == a->g->words.count && token == a->g->count)
            return ENOUGH;
        if (word < a->g->words.count && token < a->g->count && same(a, word, token)) {
            if (is_bracket(&a->g->token[token], "([{")) {
                open_word[depth] = word;
                open_token[depth++] = token;
            } else if (is_bracket(&a->g->token[token], ")]}") && depth) {
                depth--;
            }
            word++, token++, n++;
        } else if (loose && depth && a->g->words.word[open_word[depth - 1]].partner &&
                   a->partner[open_token[depth - 1]]) {
            word = a->g->words.word[open_word[--depth]].partner;
            token = a->partner[open_token[depth]];
            n++;
        } else {
            break;
        }
    }
    return n;
}

/* Finds the end of the macro's tokens that begin at `token`: the place where tokens agree with the
 * words from `word` on. `flat`: brackets need not be in pairs. */
static struct extent find_end(const struct aligner *a, uint32_t word, uint32_t token, bool flat,
                              bool loose)
{
    struct extent best = {word, token, 0};
    uint32_t count = a->g->count, tried = 0;
    if (word >= a->g->words.count)
        return (struct extent){word, count, 2};
    bool closes = is_closing(first_char(a, word));
    for (uint32_t q = token; q <= count && tried < MOST_TOKENS; tried++) {
        bool closing = q < count && is_bracket(&a->g->token[q], ")]}");
        uint32_t score = closes && !closing && !flat ? 0 : agreement(a, word, q, loose);
        if (score > best.score)
            best = (struct extent){word, q, score};
        if (score >= ENOUGH || (closing && !flat))
            break;
        if (best.score && q > best.token + NEAR_WORDS)
            break;
        q = !flat && q < count && is_bracket(&a->g->token[q], "([{") && a->partner[q]
                ? a->partner[q]
                : q + 1;
    }
    return best;
}

/* The word after the invocation of the macro at `word`, with arguments or without. */
static uint32_t behind(const struct aligner *a, uint32_t word, bool with_arguments)
{
    const struct words *w = &a->g->words;
    if (!with_arguments || !is_name(a, word) || word + 1 >= w->count ||
        first_char(a, word + 1) != '(' || !w->word[word + 1].partner)
        return word + 1;
    return w->word[word + 1].partner;
}

/* The extent of the macro at `word`, which does not agree with `token`. */
static struct extent find_expansion(const struct aligner *a, uint32_t word, uint32_t token)
{
    struct extent best = {a->g->words.count, a->g->count, 0};
    for (int flat = 0; flat < 2; flat++) {
        uint32_t at = word;
        for (int i = 0; i < MOST_MACROS && at < a->g->words.count && !best.score; i++) {
            if (i && is_closing(first_char(a, at)) && !flat)
                break;
            for (int with = 1; with >= 0 && best.score < 2; with--) {
                uint32_t end = behind(a, at, with);
                if (!with && end == behind(a, at, true))
                    break;
                struct extent e = find_end(a, end, token, flat, with);
                if (e.score > best.score)
                    best = e;
            }
            at = behind(a, at, true);
        }
        if (best.score)
            break;
    }
    return best;
}

static void put(struct aligner *a, uint32_t token, uint32_t word, bool written)
{
    a->g->at[token] = word;
    a->g->written[token] = written;
    a->g->is_alike |= written;
}

/* The word among the arguments first..last-1 from which on most words agree with the tokens from
 * `token` on; `last`: there is none. */
static uint32_t find_argument(const struct aligner *a, uint32_t first, uint32_t last, uint32_t from,
                              uint32_t token)
{
    uint32_t found = last, length = is_bracket(&a->g->token[token], "([{") ? 1 : 0;
    uint32_t low = from > first + NEAR_WORDS ? from - NEAR_WORDS : first;
    for (uint32_t i = low; i < last && i < from + NEAR_WORDS; i++) {
        uint32_t n = same(a, i, token) ? agreement(a, i, token, false) : 0;
        if (n > length || (n == length && n && found < from && i >= from)) {
            found = i;
            length = n;
        }
    }
    return found < last && (length > 1 || is_word_char(*a->g->token[token].start) ||
                            strchr("\"'", *a->g->token[token].start))
               ? found
               : last;
}

/* The word of the arguments that the macro's token is; `last`: it is not from the arguments. */
static uint32_t argument_of(const struct aligner *a, uint32_t first, uint32_t last, uint32_t from,
                            uint32_t token)
{
    const struct group *g = a->g;
    if (is_bracket(&g->token[token], ")]}") && a->partner[token]) {
        uint32_t open = a->partner[token] - 1, word = g->at[open];
        uint32_t close = g->written[open] ? g->words.word[word].partner : 0;
        return close && close - 1 < last ? close - 1 : last;
    }
    if (from < last && from > first && same(a, from, token))
        return from;
    return find_argument(a, first, last, from, token);
}

/* Gives places to the tokens first..last-1 from the macro at `word`, whose invocation ends before
 * `end`. */
static void align_expansion(struct aligner *a, uint32_t word, uint32_t end, uint32_t first,
                            uint32_t last)
{
    bool has_arguments = end > word + 2;
    uint32_t low = has_arguments ? word + 2 : end, high = has_arguments ? end - 1 : end;
    uint32_t from = low, name = word;
    if (behind(a, word, true) != end || !has_arguments) /* several macros side by side */
        low = from = word, high = end;
    for (uint32_t t = first; t < last; t++) {
        uint32_t found = argument_of(a, low, high, from, t);
        if (found < high) {
            put(a, t, found, true);
            from = found + 1;
            name = from < high && is_name(a, from) ? from : word;
        } else {
            put(a, t, name, false);
        }
    }
}

static void pair_tokens(struct arena *arena, struct aligner *a)
{
    uint32_t *open = arena_alloc(arena, (a->g->count + 1) * sizeof *open), depth = 0;
    a->partner = arena_alloc(arena, (a->g->count + 1) * sizeof *a->partner);
    for (uint32_t i = 0; i < a->g->count; i++) {
        if (is_bracket(&a->g->token[i], "([{")) {
            open[depth++] = i;
        } else if (is_bracket(&a->g->token[i], ")]}") && depth) {
            uint32_t other = open[--depth];
            a->partner[i] = other + 1;
            a->partner[other] = i + 1;
        }
    }
}

/* The first word that is not the rest of a macro call which began in an earlier line. That rest
 * ends in closing brackets that the tokens do not have. */
static uint32_t first_word(const struct aligner *a)
{
    const struct words *w = &a->g->words;
    uint32_t closed = 0, first = 0;
    for (uint32_t i = 0; i < a->g->count; i++)
        closed += !a->partner[i] && is_bracket(&a->g->token[i], ")]}");
    for (uint32_t i = w->count; i-- > 0;) {
        if (w->word[i].partner || !is_closing(first_char(a, i)))
            continue;
        if (closed == 0) {
            first = i + 1;
            break;
        }
        closed--;
    }
    return first;
}

void place_align(struct arena *arena, struct group *g)
{
    struct aligner a = {.g = g};
    g->at = arena_alloc(arena, (g->count + 1) * sizeof *g->at);
    g->written = arena_alloc(arena, (g->count + 1) * sizeof *g->written);
    if (!g->words.count)
        return;
    pair_tokens(arena, &a);
    uint32_t word = first_word(&a), token = 0;
    while (token < g->count) {
        if (word < g->words.count && same(&a, word, token)) {
            put(&a, token++, word, true);
            word++;
        } else if (word == g->words.count) {
            put(&a, token++, word ? word - 1 : 0, false);
        } else {
            struct extent e = find_expansion(&a, word, token);
            align_expansion(&a, word, e.word, token, e.token);
            word = e.word;
            token = e.token;
        }
    }
}

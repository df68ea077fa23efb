/*
 * What was meant by a call of a name that is not declared, where an async function is wanted: the
 * nearest name of one that is, or of a function of the library.
 *
 * Requires that the parser has left all scopes but that of the file. It looks at the words of the
 * whole text, since it is only needed for a mistake.
 */
#include "inside.h"

#include <string.h>

enum {
    DISTANCE_MAX = 3,
    ASKED_MAX = 20 /* so many names are looked for; with more, something else is wrong */
};

static bool is_meant(const struct symbol *s)
{
    return s && s->kind == SYM_FUNCTION && (s->is_async || !strncmp(s->name, "bide_", 5));
}

/* How long a name is without what all names of the library begin with. */
static size_t own_length(const char *name)
{
    return strlen(name) - (!strncmp(name, "bide_", 5) ? 5 : 0);
}

const char *nearest_function(struct unit *u, const char *name)
{
    if (u->undeclared.count > ASKED_MAX)
        return NULL;
    const char *best = NULL;
    size_t least = DISTANCE_MAX + 1;
    for (uint32_t i = 1; u->token[i].kind != TK_EOF; i++) {
        if (u->token[i].kind != TK_IDENT || u->token[i].text == best)
            continue;
        size_t d = word_distance(name, u->token[i].text);
        if (d < least && 3 * d <= own_length(name) && is_meant(scope_find(u->token[i].text))) {
            least = d;
            best = u->token[i].text;
        }
    }
    return best;
}

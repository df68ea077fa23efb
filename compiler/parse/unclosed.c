/*
 * Messages for a file on which the parser gave up, if the user's compiler would report something
 * else, since the async words mean nothing to it: a word at a place where it cannot be, and a
 * missing `)`.
 *
 * The unclosed `(` is the first that is still open at a `}` or at the end of the file. Its `)` was
 * due before the first `;` after it, not counting the two semicolons of a `for`.
 */
#include "inside.h"

#include <string.h>

struct bracket {
    uint32_t token;
    uint32_t semicolon; /* the first inside it that cannot be there; 0: none */
    int allowed;        /* how many semicolons may still come */
};

static bool matches(unsigned open, unsigned close)
{
    return (open == '(' && close == ')') || (open == '[' && close == ']') ||
           (open == '{' && close == '}');
}

static void open_bracket(struct unit *u, struct bracket *b, uint32_t token)
{
    const char *before = token > 1 ? u->token[token - 1].text : NULL;
    *b = (struct bracket){.token = token};
    b->allowed = before && strcmp(before, "for") == 0 ? 2 : 0;
}

uint32_t find_unclosed(struct unit *u, uint32_t *due)
{
    struct bracket *stack = arena_alloc(u->arena, (u->token_count + 1) * sizeof *stack);
    uint32_t depth = 0;
    for (uint32_t i = 1; i < u->token_count; i++) {
        unsigned punct = u->token[i].punct;
        struct bracket *top = depth ? &stack[depth - 1] : NULL;
        bool ends = punct == '}' || u->token[i].kind == TK_EOF;
        if (punct == '(' || punct == '[' || punct == '{') {
            open_bracket(u, &stack[depth++], i);
        } else if (top && matches(u->token[top->token].punct, punct)) {
            depth--;
        } else if (top && punct == ';' && u->token[top->token].punct == '(' &&
                   top->allowed-- <= 0) {
            top->semicolon = top->semicolon ? top->semicolon : i;
        } else if (top && ends && u->token[top->token].punct == '(') {
            *due = top->semicolon ? top->semicolon : i;
            return top->token;
        } else if (ends) {
            return 0;
        }
    }
    return 0;
}

/* If the token is an async word: the word as the user writes it; otherwise NULL. */
static const char *word_of_ours(struct token *t)
{
    unsigned k = t->kind == TK_IDENT ? token_keyword(t) : KW_NONE;
    bool ours = k == KW_ASYNC || k == KW_AWAIT || k == KW_DEFER || k == KW_SCOPE ||
                k == KW_TRY_SCOPE || k >= KW_FORM;
    bool short_word = k == KW_ASYNC || k == KW_AWAIT || k == KW_DEFER;
    return !ours ? NULL : short_word && !strncmp(t->text, "bide_", 5) ? t->text + 5 : t->text;
}

bool report_misplaced(struct unit *u)
{
    uint32_t at = u->parse_failed_token;
    const char *word = at ? word_of_ours(&u->token[at]) : NULL;
    const char *before = at > 1 ? word_of_ours(&u->token[at - 1]) : NULL;
    if (!word && before)
        at--;
    if (word)
        diag(u, SEV_ERROR, at, "'%s' is not allowed here", word);
    else if (before && token_keyword(&u->token[at]) == KW_AWAIT)
        diag(u, SEV_ERROR, at, "'await' needs a call after it");
    else if (before && token_keyword(&u->token[at]) == KW_ASYNC)
        diag(u, SEV_ERROR, at,
             "'async' belongs before a block ({ ... }), or among the words of a declaration");
    else if (before)
        diag(u, SEV_ERROR, at, "'%s' is not allowed here", before);
    return word || before;
}

/*
 * Finds the lines in which the plain reading of a file means something else than the translation: a
 * compiler's warning there may be wrong about the program (confirm.c).
 */
#include "inside.h"

#include <string.h>

static void add_span(struct unit *unit, struct list *list, uint32_t first, uint32_t last)
{
    struct line_span *span = arena_alloc(unit->arena, sizeof *span);
    *span = (struct line_span){unit->token[first].file, unit->token[first].line,
                               unit->token[last].line};
    list_add(unit->arena, list, span);
}

static bool opens(const struct token *t)
{
    return t->punct == '(' || t->punct == '[' || t->punct == '{';
}

static bool closes(const struct token *t)
{
    return t->punct == ')' || t->punct == ']' || t->punct == '}';
}

static bool changes_something(const struct token *t)
{
    return t->punct == '=' || t->punct == '&' || t->punct == P_INC || t->punct == P_DEC ||
           (t->punct >= P_MUL_ASSIGN && t->punct <= P_OR_ASSIGN);
}

/* At a word: is it a form whose call the plain reading does not evaluate, with arguments that
 * change variables or let others do so? */
static bool is_unevaluated(const struct token *t)
{
    unsigned keyword = token_keyword(t);
    int depth = 0;
    if (keyword < KW_FORM)
        return false;
    enum form form = (enum form)(keyword - KW_FORM);
    if (!form_makes_task(form) && !form_adds(form) && form != FORM_LAZY)
        return false;
    do {
        t++;
        depth += opens(t) - closes(t);
        if (changes_something(t))
            return true;
    } while (depth > 0 && t->kind != TK_EOF);
    return false;
}

/* The closing parenthesis of a call that begins with the word at `i`. */
static uint32_t call_end(const struct token *t, uint32_t i)
{
    int depth = 0;
    do {
        i++;
        depth += opens(&t[i]) - closes(&t[i]);
    } while (depth > 0 && t[i].kind != TK_EOF);
    return i;
}

/* Does the function have another flow? A deferred block does not run at its own place. In the plain
 * reading a scope is a loop, a guard decides only what is evaluated, and a spawned call is not
 * evaluated at all. */
static bool has_flow(struct unit *unit, const struct function *f)
{
    for (uint32_t i = f->first; i < f->last; i++) {
        unsigned keyword = token_keyword(&unit->token[i]);
        if (keyword == KW_DEFER || keyword == KW_SCOPE || keyword == KW_TRY_SCOPE ||
            keyword == KW_FORM + FORM_IF || is_unevaluated(&unit->token[i]))
            return true;
    }
    return false;
}

struct list reading_flows(struct unit *unit)
{
    struct list list = {0};
    for (uint32_t i = 0; i < unit->functions.count; i++) {
        const struct function *f = unit->functions.item[i];
        if (!f->outer && has_flow(unit, f))
            add_span(unit, &list, f->first, f->last);
    }
    return list;
}

/* The first token of the full expression around `i`: it goes over parentheses, not over braces. */
static uint32_t expression_begin(const struct token *t, uint32_t i)
{
    int depth = 0;
    for (; i > 1; i--) {
        const struct token *before = &t[i - 1];
        if (depth == 0 && (before->punct == ';' || before->punct == '{' || before->punct == '}'))
            return i;
        depth += closes(before);
        depth -= depth > 0 && opens(before);
    }
    return i;
}

static uint32_t expression_end(const struct token *t, uint32_t i)
{
    int depth = 0;
    for (; t[i].kind != TK_EOF; i++) {
        if (depth == 0 && (t[i].punct == ';' || t[i].punct == '{' || t[i].punct == '}'))
            return i;
        depth += opens(&t[i]);
        depth -= depth > 0 && closes(&t[i]);
    }
    return i;
}

/* The `(` of the innermost statement expression around `i`, or 0. */
static uint32_t statement_expression(const struct token *t, uint32_t i)
{
    int depth = 0;
    for (i--; i > 1; i--) {
        if (depth == 0 && t[i].punct == '{' && t[i - 1].punct == '(')
            return i - 1;
        depth += closes(&t[i]);
        depth -= depth > 0 && opens(&t[i]);
    }
    return 0;
}

/* The last token of the statement that begins with the word at `i`. */
static uint32_t statement_end(const struct token *t, uint32_t i)
{
    int depth = 0;
    for (i++; t[i].kind != TK_EOF; i++) {
        depth += opens(&t[i]) - closes(&t[i]);
        bool ends = depth <= 0 && (t[i].punct == ';' || t[i].punct == '}');
        if (ends && token_keyword(&t[i + 1]) != KW_ELSE)
            break;
    }
    return i;
}

struct list reading_deferred(struct unit *unit)
{
    struct list list = {0};
    const struct token *t = unit->token;
    for (uint32_t i = 1; i + 1 < unit->token_count; i++) {
        if (token_keyword(&t[i]) != KW_DEFER)
            continue;
        uint32_t last = statement_end(t, i);
        add_span(unit, &list, i, last);
    }
    return list;
}

struct list reading_orders(struct unit *unit)
{
    struct list list = {0};
    const struct token *t = unit->token;
    for (uint32_t i = 1; i + 1 < unit->token_count; i++) {
        unsigned keyword = token_keyword(&t[i]);
        bool is_form = keyword == KW_AWAIT || keyword >= KW_FORM;
        for (uint32_t at = is_form ? i : 0; at; at = statement_expression(t, at))
            add_span(unit, &list, expression_begin(t, at), expression_end(t, at));
    }
    return list;
}

/* The next function, from *at on, that has some of the lines; NULL: there is no other. */
static struct function *function_there(struct unit *unit, const struct line_span *lines,
                                       uint32_t *at)
{
    while (*at < unit->functions.count) {
        struct function *f = unit->functions.item[(*at)++];
        const struct token *first = &unit->token[f->first], *last = &unit->token[f->last];
        if (!strcmp(first->file, lines->file) && lines->first <= last->line &&
            lines->last >= first->line)
            return f;
    }
    return NULL;
}

static const struct symbol *find_local(struct unit *unit, const char *name,
                                       const struct line_span *lines, bool owner)
{
    struct function *f;
    for (uint32_t at = 0; (f = function_there(unit, lines, &at));) {
        for (uint32_t k = 0; k < f->locals.count; k++) {
            const struct symbol *s = f->locals.item[k];
            if (s->name && !strcmp(s->name, name) && (!owner || type_holds_owner(s->type)))
                return s;
        }
    }
    return NULL;
}

bool reading_names_local(struct unit *unit, const char *name, const struct line_span *lines)
{
    return find_local(unit, name, lines, false) != NULL;
}

bool reading_names_owner(struct unit *unit, const char *name, const struct line_span *lines)
{
    return find_local(unit, name, lines, true) != NULL;
}

/* The last token of the form with another flow that begins at `i`, or 0. */
static uint32_t flow_end(const struct token *t, uint32_t i, const struct line_span *lines,
                         int forms)
{
    unsigned keyword = token_keyword(&t[i]);
    if (keyword == KW_DEFER)
        return forms == FLOW_VALUES ? 0 : statement_end(t, i);
    if (keyword == KW_SCOPE || keyword == KW_TRY_SCOPE) {
        uint32_t end = forms == FLOW_VALUES ? 0 : statement_end(t, i);
        bool inside = t[i].line <= lines->first && lines->last <= t[end].line;
        return forms == FLOW_OUTSIDE && inside ? 0 : end;
    }
    if (keyword == KW_FORM + FORM_IF || is_unevaluated(&t[i]))
        return call_end(t, i);
    return 0;
}

bool reading_flow_names(struct unit *unit, const char *name, const struct line_span *lines,
                        int forms)
{
    const struct token *t = unit->token;
    struct function *f;
    for (uint32_t at = 0; (f = function_there(unit, lines, &at));) {
        for (uint32_t i = f->first; i < f->last; i++) {
            uint32_t end = flow_end(t, i, lines, forms);
            for (uint32_t k = i; k < end; k++)
                if (t[k].text && !strcmp(t[k].text, name))
                    return true;
        }
    }
    return false;
}

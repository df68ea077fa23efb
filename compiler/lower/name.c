/*
 * Names and texts that generated code needs.
 *
 * A generated name is a stem and a number. It means nothing else in the function or at file scope,
 * so it neither captures nor shadows a name of the user.
 */
#include "inside.h"

#include <string.h>

const char *null_text(const struct unit *u)
{
    return u->options->pretty ? "NULL" : "(void *)0";
}

/* The i-th member of a function's arguments has the parameter's name in the first declaration. */
const char *param_name(struct unit *u, struct symbol *fn, int i)
{
    fn = file_symbol(fn);
    if (!fn->param_name) {
        const struct type *t = fn->type;
        fn->param_name = arena_alloc(u->arena, ((size_t)t->param_count + 1) * sizeof(char *));
        for (int k = 0; k < t->param_count; k++)
            fn->param_name[k] =
                t->param[k].name ? t->param[k].name : arena_printf(u->arena, "arg_%d", k + 1);
    }
    return fn->param_name[i];
}

/* As __FILE__ would be: the last option that fits counts. */
static const char *mapped_file(struct unit *u, const char *file)
{
    const struct list *maps = &u->options->file_maps;
    for (uint32_t i = maps->count; i-- > 0;) {
        const char *map = maps->item[i], *end = strrchr(map, '=');
        if (end && strncmp(file, map, (size_t)(end - map)) == 0)
            return arena_printf(u->arena, "%s%s", end + 1, file + (end - map));
    }
    return file;
}

const char *string_text(struct unit *u, const char *text)
{
    char *s = arena_alloc(u->arena, 2 * strlen(text) + 1), *to = s;
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text == '\n' ? ' ' : *text;
    }
    return s;
}

const char *file_text(struct unit *u, uint32_t token)
{
    return string_text(u, mapped_file(u, u->token[token].file));
}

const char *result_aligned_text(struct lower *l, struct type *result)
{
    const char *t = type_print(l->unit, file_type(l, type_unqualified(l->unit, result)), "");
    return arena_printf(l->arena, "__alignof__(%s) > 64 || sizeof(%s) %% __alignof__(%s) != 0", t,
                        t, t);
}

const char *result_flag_text(struct lower *l, struct type *result)
{
    if (result->kind == TY_VOID || !type_may_align(l->unit, result))
        return "";
    return arena_printf(l->arena, " | (%s ? BIDE_FN_RESULT_ALIGNED : 0)",
                        result_aligned_text(l, result));
}

bool is_reserved(struct lower *l, const char *name)
{
    const char *text = intern(l->arena, name, strlen(name));
    const struct token *t = l->unit->token;
    for (uint32_t i = l->fn->first; i <= l->fn->last && !l->work->words_known; i++)
        if (t[i].text)
            *map_at(l->arena, &l->work->words, t[i].text) = l;
    l->work->words_known = true;
    if (*map_at(l->arena, &l->work->words, text))
        return true;
    return scope_find(text) != NULL; /* at file scope: the parser has left all other scopes */
}

struct symbol *file_symbol(struct symbol *fn)
{
    struct symbol *s = scope_find(fn->name);
    return s && s->kind == SYM_FUNCTION && s->is_async ? s : fn;
}

/* How many names were made from a stem. */
struct stem {
    unsigned count;
};

static struct stem *stem_of(struct lower *l, const char *text)
{
    void **s = map_at(l->arena, &l->work->stems, intern(l->arena, text, strlen(text)));
    if (!*s)
        *s = arena_alloc(l->arena, sizeof(struct stem));
    return *s;
}

const char *name_new(struct lower *l, const char *stem)
{
    struct stem *s = stem_of(l, stem);
    char *name;
    do
        name = arena_printf(l->arena, "%s_%u", stem, ++s->count);
    while (is_reserved(l, name));
    return name;
}

const char *name_free(struct lower *l, const char *wanted)
{
    return is_reserved(l, wanted) ? name_new(l, wanted) : wanted;
}

/*
 * The parser's entry, and the file scope: declarations and function definitions, one after another.
 *
 * It requires unit->token, with every keyword in its struct name, and unit->target. It establishes
 * unit->items, functions, initializers and initialized: trees with types, in which names, labels
 * and jumps are resolved; or unit->parse_failed.
 *
 * A declaration that is not understood is skipped without a message: its text is copied as it is.
 * Only if it has async words, the unit is marked parse_failed, and the user's compiler says what
 * is wrong.
 *
 * A body is parsed if the function is async or one of the names in the body has NAME_ASYNC; so are
 * initialisers. That finds async calls in plain functions without parsing all headers.
 */
#include "inside.h"

#include <string.h>

/* ---- failing ---- */

_Noreturn void fail(struct parser *p)
{
    longjmp(*p->fail, 1);
}

void nest_enter(struct parser *p)
{
    if (++p->nest <= NEST_MAX)
        return;
    if (p->function)
        diag(p->unit, SEV_ERROR, p->pos, "this is nested more than %d levels deep", NEST_MAX);
    fail(p);
}

void check_height(struct parser *p, int height)
{
    if (height <= HEIGHT_MAX)
        return;
    if (p->function)
        diag(p->unit, SEV_ERROR, p->pos,
             "this ends a chain of more than %d operators, labels or 'else if'", HEIGHT_MAX);
    fail(p);
}

void expect(struct parser *p, unsigned punct)
{
    if (!accept(p, punct))
        fail(p);
}

void expect_keyword(struct parser *p, unsigned keyword)
{
    if (!accept_keyword(p, keyword))
        fail(p);
}

/* ---- skipping ---- */

static bool opens(const struct token *t)
{
    return t->punct == '(' || t->punct == '[' || t->punct == '{';
}

static bool closes(const struct token *t)
{
    return t->punct == ')' || t->punct == ']' || t->punct == '}';
}

void skip_balanced(struct parser *p)
{
    uint32_t depth = 0;
    do {
        struct token *t = peek(p);
        if (t->kind == TK_EOF)
            fail(p);
        depth += opens(t);
        depth -= closes(t);
        p->pos++;
    } while (depth);
}

bool mentions_async(struct unit *u, uint32_t first, uint32_t last)
{
    for (const struct token *t = &u->token[first]; t <= &u->token[last]; t++)
        if (t->kind == TK_IDENT && name_of(t->text)->flags & NAME_ASYNC)
            return true;
    return false;
}

void note_type_mentions(struct parser *p, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        struct token *t = &p->token[i];
        struct symbol *s = t->kind == TK_IDENT ? scope_find(t->text) : NULL;
        if (s && s->kind == SYM_FUNCTION && s->is_async)
            name_of(t->text)->flags |= NAME_TYPE;
    }
}

/* Must these tokens be parsed? Else they are skipped. */
static bool matters(struct unit *u, uint32_t first, uint32_t last)
{
    return u->options->force || mentions_async(u, first, last);
}

/*
 * Skips the declaration that begins at p->pos, with its `;` or with the `}` of a function's body.
 * After the braces of a struct or an initialiser the declaration goes on.
 */
static void skip_declaration(struct parser *p)
{
    int depth = 0;
    bool assigned = false, body = false;
    for (;; p->pos++) {
        struct token *t = peek(p);
        if (t->kind == TK_EOF)
            return;
        if (depth == 0 && t->punct == '=')
            assigned = true;
        if (depth == 0 && t->punct == '{')
            body = !assigned && p->token[p->pos - 1].punct == ')';
        depth += opens(t);
        depth -= closes(t) && depth > 0;
        if (depth == 0 && (t->punct == ';' || (t->punct == '}' && body))) {
            p->pos++;
            return;
        }
    }
}

/* The name of a typedef that was not understood becomes an unknown type. */
static void keep_typedef_name(struct parser *p, uint32_t first)
{
    uint32_t name = 0, depth = 0;
    for (uint32_t i = first; i < p->pos; i++) {
        struct token *t = &p->token[i];
        /* the last name outside parentheses, or the name in `(*name)` */
        bool pointer = i > first && p->token[i - 1].punct == '*' && depth == 1 && !name;
        if (t->kind == TK_IDENT && token_keyword(t) == KW_NONE && (depth == 0 || pointer))
            name = i;
        depth += opens(t);
        depth -= closes(t);
    }
    if (!name || typedef_at(&p->token[name]))
        return;
    struct symbol *s = symbol_new(p, SYM_TYPEDEF, p->token[name].text, type_error_, name);
    s->named = type_new(p->unit, TY_ERROR);
    s->named->alias = s;
    scope_bind(p, s);
}

static void recover(struct parser *p, uint32_t first, struct scope *file)
{
    uint32_t where = p->pos;
    p->function = NULL;
    p->parent = p->loop = p->breakable = p->switch_ = NULL;
    p->nest = p->unevaluated = 0;
    p->lengths = NULL;
    p->gotos.count = 0;
    scope_leave_to(p, file);
    p->pos = first;
    if (p->resume)
        p->pos = p->resume;
    else
        skip_declaration(p);
    for (uint32_t i = first; i < p->pos; i++)
        if (token_keyword(&p->token[i]) == KW_TYPEDEF && !p->resume) {
            keep_typedef_name(p, i + 1);
            break;
        }
    if (p->pos > first && matters(p->unit, first, p->pos - 1) && !p->unit->parse_failed) {
        p->unit->parse_failed = true;
        p->unit->parse_failed_token = where;
    }
}

/* ---- functions ---- */

static struct item *item_new(struct parser *p, uint32_t first)
{
    struct item *item = arena_alloc(p->arena, sizeof *item);
    item->first = first;
    item->last = p->pos - 1;
    list_add(p->arena, &p->unit->items, item);
    return item;
}

void item_reference(struct parser *p, struct expr *ref, struct symbol *s)
{
    if (!p->mentions) {
        p->mentions = item_new(p, p->external);
        p->mentions->kind = ITEM_MENTIONS;
    }
    list_add(p->arena, &p->mentions->symbols, s);
    struct item *item = item_new(p, ref->first);
    item->kind = ITEM_REF;
    item->ref = ref;
}

/* old-parameters = (specifiers (old-parameter ("," old-parameter)*)? ";")*
 * old-parameter = declarator declarator-tail
 * The declarations between a parameter list as before C89 and the body. */
static void parse_old_parameters(struct parser *p, struct type *f)
{
    while (!at(p, '{')) {
        struct specifiers spec = {0};
        parse_specifiers(p, &spec);
        if (spec.implicit_int || !spec.type)
            fail(p);
        refuse_async(p, &spec, "a parameter");
        while (!at(p, ';')) {
            struct declarator d = {0};
            parse_declarator(p, spec.type, DECL_NAMED, &d);
            struct attributes attr = d.attr;
            parse_declarator_tail(p, &attr);
            for (int i = 0; i < f->param_count; i++)
                if (f->param[i].name == d.name) {
                    f->param[i].type = adjust_parameter(p, d.type);
                    note_param_alignment(p, &f->param[i], &spec, &attr);
                }
            if (!accept(p, ','))
                break;
        }
        expect(p, ';');
    }
}

/* Reads the lengths in a parameter's declaration again. The length of an array parameter is not a
 * part of its type, but it is evaluated on entry, in the scope of the parameters before it (ISO C
 * 6.9.1p10). */
static void parse_parameter_lengths(struct parser *p, struct function *f, int param)
{
    const struct list *lengths = f->type->param[param].lengths;
    uint32_t at = p->pos;
    for (uint32_t i = 0; lengths && i < lengths->count && f->is_async; i++) {
        p->pos = ((struct expr *)lengths->item[i])->first;
        struct length *length = arena_alloc(p->arena, sizeof *length);
        length->param = param;
        length->stmt = stmt_new(p, S_EXPR, p->pos);
        length->stmt->expr = parse_assignment(p);
        use_value(p, length->stmt->expr);
        stmt_close(p, length->stmt);
        list_add(p->arena, &f->lengths, length);
    }
    p->pos = at;
}

static void declare_parameters(struct parser *p, struct function *f)
{
    f->param_count = f->type->param_count;
    f->param = arena_alloc(p->arena, ((size_t)f->param_count + 1) * sizeof(struct symbol *));
    for (int i = 0; i < f->param_count; i++) {
        const struct param *a = &f->type->param[i];
        parse_parameter_lengths(p, f, i);
        struct symbol *s = symbol_new(p, SYM_PARAM, a->name, a->type, a->name_token);
        s->storage = ST_AUTO;
        s->alignment = a->alignment;
        f->needs_lowering |= type_is_owner(s->type);
        f->has_await |= f->is_async && type_holds_future(s->type);
        f->param[i] = s;
        list_add(p->arena, &f->locals, s);
        scope_bind(p, s);
    }
}

static void add_function(struct parser *p, struct function *f)
{
    list_add(p->arena, &p->unit->functions, f);
    for (uint32_t i = 0; i < f->blocks.count; i++)
        add_function(p, f->blocks.item[i]);
    for (uint32_t i = 0; i < f->branches.count; i++)
        add_function(p, f->branches.item[i]);
}

/* body = compound */
static void parse_body(struct parser *p, struct function *f)
{
    scope_enter(p);
    p->function = f;
    p->block_count = p->branch_count = 0;
    p->gotos.count = 0;
    declare_parameters(p, f);
    f->body = parse_compound(p);
    resolve_labels(p, f, 0);
    p->function = NULL;
    scope_leave(p);
    f->last = p->pos - 1;
    add_function(p, f);
    if (f->needs_lowering) {
        struct item *item = item_new(p, f->first);
        item->kind = ITEM_FUNCTION;
        item->function = f;
    }
}

/* function = specifiers declarator declarator-tail old-parameters body
 * The declarator and its tail have been read. */
static void parse_function(struct parser *p, const struct specifiers *spec,
                           const struct declarator *d, const struct attributes *attr,
                           uint32_t first)
{
    struct type *type = d->type;
    uint32_t declarator_last = p->pos - 1;
    if (!at(p, '{'))
        parse_old_parameters(p, type);
    struct symbol *s = declare_function(p, spec, type, d->name, d->name_token, attr);
    if (spec->async_token) {
        note_fn_attributes(p, s, spec->first, spec->last);
        note_fn_attributes(p, s, d->first, declarator_last);
    }
    uint32_t body = p->pos;
    skip_balanced(p);
    if (!spec->async_token && !matters(p->unit, first, p->pos - 1))
        return;
    p->resume = p->pos;
    p->pos = body;
    struct function *f = arena_alloc(p->arena, sizeof *f);
    f->symbol = s;
    f->type = spec->async_token ? s->type : type;
    f->is_async = spec->async_token != 0;
    f->needs_lowering = f->is_async || p->unit->options->force;
    f->is_main = strcmp(d->name, "main") == 0;
    if (f->is_main && f->is_async && s->type->base->kind != TY_INT)
        diag(p->unit, SEV_ERROR, d->name_token, "an async 'main' returns int");
    if (f->is_main && f->is_async && s->storage == ST_STATIC)
        diag(p->unit, SEV_ERROR, d->name_token, "an async 'main' cannot be static");
    f->first = first;
    f->declarator_first = d->first;
    f->declarator_last = declarator_last;
    f->name = d->name;
    f->result = type->base;
    s->function = f;
    parse_body(p, f);
}

/* ---- other declarations ---- */

/* The length of `[]` from an initialiser that has no tree: a long string or a plain list of
 * scalars. */
static void count_elements(struct parser *p, struct symbol *s, uint32_t first, uint32_t last)
{
    struct type *t = s->type;
    int64_t length = 1;
    uint32_t depth = 0;
    if (p->token[first].kind == TK_STRING) {
        p->pos = first;
        length = parse_string(p)->type->length;
    } else if (p->token[first].punct != '{' || type_is_aggregate(t->base)) {
        length = -1;
    }
    for (uint32_t i = first; i <= last && length > 0; i++) {
        struct token *k = &p->token[i];
        depth += opens(k);
        depth -= closes(k);
        if (depth == 1 && k->punct == ',' && p->token[i + 1].punct != '}')
            length++;
        if (depth == 2 && k->punct == '[' &&
            (p->token[i - 1].punct == '{' || p->token[i - 1].punct == ','))
            length = -1;
    }
    p->pos = last + 1;
    s->type = type_array(p->unit, t->base, length);
}

enum { SHORT_LIST = 1000 }; /* tokens; a longer initialiser gets no tree only for its length */

/* file-initializer = initializer     skipped unless it has async words or gives a length */
static void file_initializer(struct parser *p, struct symbol *s)
{
    uint32_t first = p->pos;
    bool counts = s->type->kind == TY_ARRAY && s->type->incomplete;
    while (!at(p, ',') && !at(p, ';')) {
        if (peek(p)->kind == TK_EOF || closes(peek(p)))
            fail(p);
        if (opens(peek(p)))
            skip_balanced(p);
        else
            p->pos++;
    }
    uint32_t last = p->pos - 1;
    if (first > last)
        fail(p);
    bool is_async = matters(p->unit, first, last);
    if (is_async || (counts && last - first < SHORT_LIST)) {
        p->pos = first;
        struct expr *e = parse_initializer(p, &s->type);
        if (p->pos != last + 1)
            fail(p);
        if (is_async)
            list_add(p->arena, &p->unit->initializers, e);
        if (is_async)
            list_add(p->arena, &p->unit->initialized, s);
    } else if (counts) {
        count_elements(p, s, first, last);
    }
}

static struct symbol *declare_at_file_scope(struct parser *p, const struct specifiers *spec,
                                            const struct declarator *d,
                                            const struct attributes *attr)
{
    bool is_typedef = spec->storage == ST_TYPEDEF;
    struct symbol *s = scope_find_here(p, d->name);
    if (spec->async_token)
        diag(p->unit, SEV_ERROR, spec->async_token, "'%s' is not a function, so it cannot be async",
             d->name);
    if (!s || s->kind != (is_typedef ? SYM_TYPEDEF : SYM_VAR)) {
        s = symbol_new(p, is_typedef ? SYM_TYPEDEF : SYM_VAR, d->name, d->type, d->name_token);
        scope_bind(p, s);
    } else if (!is_typedef && s->type->kind == TY_ARRAY && s->type->incomplete) {
        s->type = d->type;
    }
    symbol_apply(p, s, spec, attr);
    if (is_typedef && !s->named) {
        s->named = arena_alloc(p->arena, sizeof *s->named);
        *s->named = *s->type;
        s->named->alias = s;
        if (type_holds_owner(s->type))
            name_of(s->name)->flags |= NAME_ASYNC;
    }
    if (spec->defines && !spec->defines->name && !spec->defines->witness)
        spec->defines->witness = s;
    return s;
}

/* file-declarator = declarator declarator-tail ("=" file-initializer)? | function
 * Returns true after the body of a function. */
static bool parse_file_declarator(struct parser *p, const struct specifiers *spec,
                                  struct list *functions, uint32_t first)
{
    struct declarator d = {0};
    parse_declarator(p, spec->type ? spec->type : type_error_, DECL_NAMED, &d);
    struct attributes attr = d.attr;
    parse_declarator_tail(p, &attr);
    d.type = attributes_apply(p, &attr, d.type);
    if (d.type->kind == TY_FUNCTION && spec->storage != ST_TYPEDEF) {
        if (at(p, '{') || (d.type->oldstyle && at_declaration(p))) {
            parse_function(p, spec, &d, &attr, first);
            return true;
        }
        struct symbol *fn = declare_function(p, spec, d.type, d.name, d.name_token, &attr);
        if (spec->async_token) {
            note_fn_attributes(p, fn, spec->first, spec->last);
            note_fn_attributes(p, fn, d.first, p->pos - 1);
        }
        list_add(p->arena, functions, fn);
        return false;
    }
    struct symbol *s = declare_at_file_scope(p, spec, &d, &attr);
    if (accept(p, '='))
        file_initializer(p, s);
    return false;
}

static enum flavour flavour_of(struct unit *u, uint32_t word)
{
    static const char *const names[] = {[FLAVOUR_CURRENT_THREAD] = "current_thread",
                                        [FLAVOUR_MULTI_THREAD] = "multi_thread",
                                        [FLAVOUR_THREAD_PER_CORE] = "thread_per_core"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(u->token[word].text, names[i]) == 0)
            return (enum flavour)i;
    diag(u, SEV_ERROR, word,
         "there is no runtime '%s', only current_thread, multi_thread and thread_per_core",
         u->token[word].text);
    return FLAVOUR_CURRENT_THREAD;
}

/* runtime = "bide_runtime" "(" identifier ")" ";" */
static void parse_runtime(struct parser *p)
{
    struct unit *u = p->unit;
    uint32_t first = p->pos, word = first + 2;
    advance(p);
    expect(p, '(');
    if (peek(p)->kind != TK_IDENT)
        fail(p);
    advance(p);
    expect(p, ')');
    expect(p, ';');
    item_new(p, first)->kind = ITEM_RUNTIME;
    if (scope_find(intern(p->arena, "main", 4))) {
        diag(u, SEV_ERROR, first, "'bide_runtime' belongs before 'main'");
    } else if (u->flavour_token) {
        diag(u, SEV_ERROR, first, "a second 'bide_runtime'");
        diag(u, SEV_NOTE, u->flavour_token, "the runtime is chosen here");
    } else {
        u->flavour = flavour_of(u, word);
        u->flavour_token = word;
    }
}

/* external = ";" | "__extension__"* (file-asm | static-assert | runtime
 *          | specifiers (file-declarator ("," file-declarator)*)? ";") */
static void parse_external(struct parser *p)
{
    uint32_t first = p->pos;
    struct specifiers spec = {0};
    struct list functions = {0};
    p->external = first;
    p->mentions = NULL;
    if (accept(p, ';'))
        return;
    while (accept_keyword(p, KW_EXTENSION)) {}
    if (peek_keyword(p) == KW_ASM) {
        skip_declaration(p);
        return;
    }
    if (peek_keyword(p) == KW_STATIC_ASSERT) {
        parse_static_assert(p);
        return;
    }
    if (peek_keyword(p) == KW_RUNTIME) {
        parse_runtime(p);
        return;
    }
    parse_specifiers(p, &spec);
    if (at(p, ';')) {
        refuse_async(p, &spec, "a declaration of no function");
    } else {
        do {
            if (parse_file_declarator(p, &spec, &functions, first))
                return;
        } while (accept(p, ','));
    }
    expect(p, ';');
    if (spec.async_token && functions.count) {
        struct item *item = item_new(p, first);
        item->kind = ITEM_ASYNC_DECL;
        item->symbols = functions;
    }
}

/* ---- the unit ---- */

/* False: the declaration was not understood. */
static bool try_external(struct parser *p)
{
    jmp_buf env;
    p->fail = &env;
    p->resume = 0;
    if (setjmp(env))
        return false;
    parse_external(p);
    return true;
}

/* unit = external* */
void parse(struct unit *u)
{
    struct parser *p = arena_alloc(u->arena, sizeof *p);
    p->unit = u;
    p->arena = u->arena;
    p->token = u->token;
    p->pos = 1;
    scope_enter(p);
    struct scope *file = p->scope;
    while (peek(p)->kind != TK_EOF) {
        uint32_t first = p->pos;
        if (!try_external(p))
            recover(p, first, file);
        if (p->pos == first)
            p->pos++;
    }
}

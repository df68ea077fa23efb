/*
 * Declaration specifiers (ISO C 6.7) and declarations in blocks. Declarations at file scope are in
 * parse.c.
 */
#include "inside.h"

#include <string.h>

/* ---- what begins a declaration ---- */

static bool is_specifier(struct token *t)
{
    unsigned k = token_keyword(t);
    return keyword_is_specifier(k) && (k != KW_ASYNC || t[1].punct != '(');
}

bool starts_type(struct token *t)
{
    if (t->kind != TK_IDENT)
        return false;
    unsigned k = token_keyword(t);
    if (k == KW_NONE)
        return typedef_at(t) != NULL;
    return is_specifier(t) || (k == KW_EXTENSION && is_specifier(t + 1));
}

static bool at_type_name(struct parser *p)
{
    return starts_type(peek(p));
}

bool at_declaration(struct parser *p)
{
    struct token *t = peek(p);
    while (token_keyword(t) == KW_EXTENSION)
        t++;
    if (token_keyword(t) == KW_STATIC_ASSERT || (t->punct == '[' && t[1].punct == '['))
        return true;
    return starts_type(t);
}

/* ---- specifiers ---- */

/* How often each word of an arithmetic type has been seen. */
struct words {
    int count[KW_BUILTIN_TYPE + 1];
    int total;
    const char *name;   /* KW_FLOATN, KW_BITINT */
    struct expr *width; /* KW_BITINT */
};

static struct type *bit_precise_type(struct parser *p, const struct words *w)
{
    const struct expr *e = w->width;
    struct type *t = type_named(p->unit, w->count[KW_UNSIGNED] ? TY_UBITINT : TY_BITINT, w->name);
    if (e->is_constant && e->value > 0)
        t->length = e->value;
    t->length_first = e->first;
    t->length_last = e->last;
    return t;
}

static struct type *real_type(struct parser *p, const struct words *w)
{
    struct unit *u = p->unit;
    const int *n = w->count;
    bool is_unsigned = n[KW_UNSIGNED] > 0;
    if (n[KW_VOID])
        return type_basic(u, TY_VOID);
    if (n[KW_BOOL])
        return type_basic(u, TY_BOOL);
    if (n[KW_FLOATN])
        return type_named(u, TY_FLOATN, w->name);
    if (n[KW_BITINT])
        return bit_precise_type(p, w);
    if (n[KW_FLOAT])
        return type_basic(u, TY_FLOAT);
    if (n[KW_DOUBLE])
        return type_basic(u, n[KW_LONG] ? TY_LDOUBLE : TY_DOUBLE);
    if (n[KW_CHAR])
        return type_basic(u, is_unsigned ? TY_UCHAR : n[KW_SIGNED] ? TY_SCHAR : TY_CHAR);
    if (n[KW_INT128])
        return type_basic(u, is_unsigned ? TY_UINT128 : TY_INT128);
    if (n[KW_SHORT])
        return type_basic(u, is_unsigned ? TY_USHORT : TY_SHORT);
    if (n[KW_LONG] == 1)
        return type_basic(u, is_unsigned ? TY_ULONG : TY_LONG);
    if (n[KW_LONG])
        return type_basic(u, is_unsigned ? TY_ULLONG : TY_LLONG);
    if (n[KW_COMPLEX] && !n[KW_INT] && !n[KW_SIGNED] && !n[KW_UNSIGNED])
        return type_basic(u, TY_DOUBLE);
    return type_basic(u, is_unsigned ? TY_UINT : TY_INT);
}

/* word = "void" | "char" | "int" | ... | "_BitInt" "(" constant ")" */
static void parse_word(struct parser *p, struct words *w, unsigned k)
{
    if (w->count[k]++ == 2)
        fail(p);
    w->total++;
    if (k == KW_FLOATN || k == KW_BITINT)
        w->name = peek(p)->text;
    advance(p);
    if (k != KW_BITINT)
        return;
    expect(p, '(');
    w->width = parse_constant(p);
    expect(p, ')');
}

static struct type *words_type(struct parser *p, const struct words *w)
{
    struct type *t = real_type(p, w);
    if (!w->count[KW_COMPLEX])
        return t;
    struct type *complex = type_new(p->unit, TY_COMPLEX);
    complex->base = t;
    return complex;
}

static struct type *parse_typeof_operand(struct parser *p)
{
    uint32_t dead = p->function ? p->function->dead_awaits.count : 0;
    struct expr *e = parse_expression(p);
    refuse_blocks(p->unit, e);
    /* the operand is evaluated if its type has variable length */
    if (e->type->variable && p->function && p->function->dead_awaits.count > dead)
        diag_range(p->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'await' in the typeof of a type of variable length; await into a variable "
                   "before it");
    return e->type;
}

/* typeof = "typeof" "(" (type-name | expression) ")"
 *
 * In bide/lang.h, bide_async_fn is written with `__typeof` and everything else with `__typeof__`.
 * So a type that came from bide_async_fn differs from others of its structure. */
static struct type *parse_typeof(struct parser *p)
{
    bool is_ours = strcmp(peek(p)->text, "__typeof") == 0;
    advance(p);
    expect(p, '(');
    struct type *t;
    p->unevaluated++;
    if (at_type_name(p))
        t = parse_type_name(p);
    else
        t = parse_typeof_operand(p);
    p->unevaluated--;
    expect(p, ')');
    if (is_ours && type_reference_target(t))
        return type_qualified(p->unit, type_reference(p->unit, type_reference_target(t)), t->quals);
    return t;
}

static struct type *builtin_type(struct parser *p, const char *name)
{
    if (strcmp(name, "__int128_t") == 0)
        return type_basic(p->unit, TY_INT128);
    if (strcmp(name, "__uint128_t") == 0)
        return type_basic(p->unit, TY_UINT128);
    return type_named(p->unit, TY_BUILTIN, name);
}

/* alignas = "_Alignas" "(" (type-name | constant) ")" */
static void parse_alignas(struct parser *p, struct specifiers *s)
{
    struct alignment one = {.first = p->pos};
    advance(p);
    expect(p, '(');
    p->unevaluated++;
    if (starts_type(peek(p)))
        one.type = parse_type_name(p);
    else
        one.expr = parse_constant(p);
    p->unevaluated--;
    expect(p, ')');
    one.last = p->pos - 1;
    one.depth = tokens_depth(p->unit, one.first, one.last);
    alignment_add(p->arena, &s->attr.alignment, &one);
}

/* storage = "typedef" | "extern" | "static" | "auto" | "register" | "_Thread_local"
 *         | "inline" | "_Noreturn" | "__seg_gs" | "_Nonnull" | "__extension__"
 *         | "bide_async" | "bide_cancel_returns"
 * Returns false if the keyword is not one of these. */
static bool parse_storage(struct parser *p, struct specifiers *s, unsigned k)
{
    switch (k) {
    case KW_TYPEDEF: s->storage = ST_TYPEDEF; break;
    case KW_EXTERN: s->storage = ST_EXTERN; break;
    case KW_STATIC: s->storage = ST_STATIC; break;
    case KW_AUTO: s->storage = ST_AUTO; break;
    case KW_REGISTER: s->storage = ST_REGISTER; break;
    case KW_THREAD_LOCAL: s->is_thread_local = true; break;
    case KW_INLINE: s->is_inline = true; break;
    case KW_NORETURN: s->attr.noreturn = true; break;
    case KW_SPACE: s->attr.space_first = s->attr.space_last = p->pos; break;
    case KW_NULLABILITY:
    case KW_EXTENSION: break;
    case KW_ASYNC: s->async_token = p->pos; break;
    case KW_CANCEL_RETURNS: s->mark_token = p->pos; break;
    default: return false;
    }
    advance(p);
    return true;
}

/* qualifier = "const" | "volatile" | "restrict" | "_Atomic"
 * Returns false if the keyword is not one of these. */
static bool parse_qualifier(struct parser *p, unsigned k, unsigned *quals)
{
    switch (k) {
    case KW_CONST: *quals |= Q_CONST; break;
    case KW_VOLATILE: *quals |= Q_VOLATILE; break;
    case KW_RESTRICT: *quals |= Q_RESTRICT; break;
    case KW_ATOMIC:
        if (peek_next(p)->punct == '(')
            return false;
        *quals |= Q_ATOMIC;
        break;
    default: return false;
    }
    advance(p);
    return true;
}

/* type-specifier = struct | enum | typeof | "_Atomic" "(" type-name ")" | builtin-type
 * Returns NULL if the keyword begins none of these. */
static struct type *parse_type_specifier(struct parser *p, struct specifiers *s, unsigned k)
{
    struct type *t;
    switch (k) {
    case KW_STRUCT:
    case KW_UNION:
    case KW_ENUM:
        p->last_defined = NULL;
        struct attributes attr = {0};
        t = k == KW_ENUM ? parse_enum(p, &attr) : parse_struct(p, &attr);
        if (p->last_defined == t->tag)
            s->defines = t->tag;
        return t;
    case KW_TYPEOF: return parse_typeof(p);
    case KW_ATOMIC: /* with a parenthesis */
        p->pos += 2;
        t = type_qualified(p->unit, parse_type_name(p), Q_ATOMIC);
        expect(p, ')');
        return t;
    case KW_BUILTIN_TYPE:
        t = builtin_type(p, peek(p)->text);
        advance(p);
        return t;
    default: return NULL;
    }
}

/* typedef-name = identifier
 * Also takes a name that nobody declared, where only a type can stand. Else returns NULL. */
static struct type *parse_typedef_name(struct parser *p)
{
    struct token *t = peek(p);
    struct symbol *s = typedef_at(t);
    if (s) {
        if (p->function && s->depth > 0) {
            struct typedef_use *use = arena_alloc(p->arena, sizeof *use);
            *use = (struct typedef_use){.token = p->pos, .symbol = s};
            list_add(p->arena, &p->function->typedef_uses, use);
        }
        advance(p);
        return s->named ? s->named : s->type;
    }
    if (t->kind != TK_IDENT || token_keyword(t) != KW_NONE || scope_find(t->text))
        return NULL;
    bool declares = (t[1].kind == TK_IDENT && token_keyword(&t[1]) != KW_ATTRIBUTE &&
                     token_keyword(&t[1]) != KW_ASM) ||
                    t[1].punct == '*';
    if (!declares)
        return NULL;
    if (p->function && strncmp(t->text, "__", 2) != 0 && !p->unit->parse_failed) {
        p->unit->parse_failed = true;
        p->unit->parse_failed_token = p->pos;
    }
    advance(p);
    return strncmp(t->text, "__", 2) == 0 ? type_named(p->unit, TY_BUILTIN, t->text) : type_error_;
}

/* specifiers = (storage | qualifier | word | type-specifier | typedef-name | alignas | attributes
 *              | "__auto_type")* */
void parse_specifiers(struct parser *p, struct specifiers *s)
{
    struct words words = {0};
    struct type *type = NULL;
    unsigned quals = 0;
    bool auto_type = false;
    nest_enter(p);
    s->first = p->pos;
    for (;;) {
        unsigned k = peek_keyword(p);
        if (k == KW_NONE) {
            struct type *named = type || words.total || auto_type ? NULL : parse_typedef_name(p);
            if (named) {
                type = named;
                continue;
            }
            if (!at_attribute(p))
                break;
            parse_attributes(p, &s->attr);
        } else if (k >= KW_VOID && k <= KW_BITINT) {
            parse_word(p, &words, k);
        } else if (k == KW_ATTRIBUTE || k == KW_DECLSPEC) {
            parse_attributes(p, &s->attr);
        } else if (k == KW_ALIGNAS) {
            parse_alignas(p, s);
        } else if (k == KW_AUTO_TYPE) {
            auto_type = true;
            advance(p);
        } else if (!parse_storage(p, s, k) && !parse_qualifier(p, k, &quals)) {
            struct type *t = type || words.total ? NULL : parse_type_specifier(p, s, k);
            if (!t)
                break;
            type = t;
        }
    }
    nest_leave(p);
    s->last = p->pos - 1;
    if (s->mark_token && !s->async_token)
        diag(p->unit, SEV_ERROR, s->mark_token,
             "only an async function can be bide_cancel_returns");
    s->implicit_int = !type && !words.total && !auto_type;
    if (!type && !auto_type)
        type = words_type(p, &words);
    s->auto_quals = auto_type ? quals : 0;
    s->type = type ? type_qualified(p->unit, attributes_apply(p, &s->attr, type), quals) : NULL;
}

/* Reports `async` in a declaration that declares no function. */
void refuse_async(struct parser *p, const struct specifiers *s, const char *what)
{
    if (s->async_token)
        diag(p->unit, SEV_ERROR, s->async_token, "%s cannot be async", what);
}

/* Reports async words in a static assertion outside functions. */
static void refuse_async_words(struct parser *p, uint32_t first)
{
    for (uint32_t i = first; i < p->pos; i++) {
        unsigned k = token_keyword(&p->token[i]);
        if (k == KW_AWAIT || k == KW_ASYNC || k >= KW_FORM) {
            diag(p->unit, SEV_ERROR, i, "async code outside a function");
            return;
        }
    }
}

/* static-assert = "_Static_assert" "(" constant ("," constant)? ")" ";"
 * Outside functions the parentheses are skipped. */
void parse_static_assert(struct parser *p)
{
    advance(p);
    if (!at(p, '('))
        fail(p);
    if (p->function) {
        advance(p);
        refuse_blocks(p->unit, parse_constant(p));
        if (accept(p, ','))
            parse_constant(p);
        expect(p, ')');
    } else {
        uint32_t first = p->pos;
        skip_balanced(p);
        refuse_async_words(p, first);
        note_type_mentions(p, first, p->pos - 1);
    }
    expect(p, ';');
}

/* ---- symbols ---- */

void symbol_apply(struct parser *p, struct symbol *s, const struct specifiers *spec,
                  const struct attributes *attr)
{
    const struct attributes *both[] = {&spec->attr, attr};
    for (int i = 0; i < 2; i++) {
        const struct attributes *a = both[i];
        s->is_weak |= a->weak;
        s->is_noreturn |= a->noreturn;
        if (a->visibility)
            s->visibility = a->visibility;
        if (a->cleanup)
            s->cleanup = a->cleanup;
        alignment_add(p->arena, &s->alignment, a->alignment);
    }
    if (attr->first) {
        s->attr_first = attr->first;
        s->attr_last = attr->last;
    }
    s->is_inline |= spec->is_inline;
    s->cancel_returns |= spec->mark_token != 0;
    s->is_thread_local |= spec->is_thread_local;
    if (s->storage == ST_NONE || (s->storage == ST_EXTERN && spec->storage == ST_STATIC))
        s->storage = spec->storage;
}

/* The type is unknown and has no name to print, or is made from such a type. */
static bool holds_unknown(const struct type *t)
{
    while (!t->alias && (t->kind == TY_POINTER || t->kind == TY_ARRAY))
        t = t->base;
    return type_is_error(t) && !t->alias;
}

/* A declaration whose type is not known must not be printed: the user's compiler reports it. */
static void give_up_at(struct parser *p, uint32_t token)
{
    if (!p->unit->parse_failed)
        p->unit->parse_failed_token = token;
    p->unit->parse_failed = true;
}

/* A struct that generated code cannot name: it has no tag, no typedef and no variable. */
static bool cannot_be_named(const struct type *t)
{
    while (!t->alias && (t->kind == TY_POINTER || t->kind == TY_ARRAY || t->kind == TY_FUNCTION))
        t = t->base;
    return !t->alias && (t->kind == TY_STRUCT || t->kind == TY_UNION) && !t->tag->name &&
           !t->tag->witness;
}

static void check_parameters(struct parser *p, const char *name, uint32_t token, struct type *t)
{
    for (int i = 0; i < t->param_count; i++) {
        const struct param *a = &t->param[i];
        if (cannot_be_named(a->type))
            diag(p->unit, SEV_ERROR, token,
                 "parameter %d of async function '%s' has a type without a name; give it a tag or "
                 "a typedef",
                 i + 1, name);
        else if (a->type->variable && a->name)
            diag(p->unit, SEV_ERROR, a->name_token,
                 "parameter '%s' of an async function has a type of variable length; use a pointer "
                 "to its elements",
                 a->name);
        else if (a->type->variable)
            diag(p->unit, SEV_ERROR, token,
                 "parameter %d of async function '%s' has a type of variable length; use a pointer "
                 "to its elements",
                 i + 1, name);
    }
}

static void check_async_form(struct parser *p, const char *name, uint32_t token, struct type *t)
{
    bool unknown = holds_unknown(t->base);
    for (int i = 0; i < t->param_count; i++)
        unknown |= holds_unknown(t->param[i].type);
    if (unknown)
        give_up_at(p, token);
    else if (t->variadic)
        diag(p->unit, SEV_ERROR, token,
             "async function '%s' cannot take a variable number of arguments; give it an array and "
             "its length",
             name);
    else if (t->oldstyle && t->param_count)
        diag(p->unit, SEV_ERROR, token, "async function '%s' needs a prototype", name);
    else if (cannot_be_named(t->base))
        diag(p->unit, SEV_ERROR, token,
             "the result of async function '%s' has a type without a name; give it a "
             "tag or a typedef",
             name);
    check_parameters(p, name, token, t);
    t->oldstyle = false;
}

static void check_async_agrees(struct parser *p, struct symbol *old, bool is_async, uint32_t token)
{
    if (old->is_async == is_async)
        return;
    diag(p->unit, SEV_ERROR, token,
         is_async ? "'%s' is declared async here, but not before"
                  : "'%s' is async, but not declared so here",
         old->name);
    diag(p->unit, SEV_NOTE, old->token, "previous declaration of '%s'", old->name);
}

struct symbol *declare_function(struct parser *p, const struct specifiers *spec, struct type *type,
                                const char *name, uint32_t token, const struct attributes *attr)
{
    bool is_async = spec->async_token != 0, no_prototype = is_async && type->oldstyle;
    struct symbol *old = scope_find(name), *here = scope_find_here(p, name);
    if (is_async) {
        struct type *t = arena_alloc(p->arena, sizeof *t);
        *t = *type;
        t->is_async = true;
        t->alias = NULL;
        type = t;
        check_async_form(p, name, token, t);
        name_of(name)->flags |= NAME_ASYNC;
    }
    if (old && old->kind == SYM_FUNCTION)
        check_async_agrees(p, old, is_async, token);
    /* the declaration that lists the parameters counts */
    if (no_prototype && old && old->kind == SYM_FUNCTION && old->is_async)
        type = old->type;
    if (here && here->kind == SYM_FUNCTION) {
        if ((!type->oldstyle || here->type->oldstyle) && !type_is_error(here->type))
            here->type = type;
        here->is_async |= is_async;
        here->no_prototype |= no_prototype;
        symbol_apply(p, here, spec, attr);
        return here;
    }
    if (attr->overloadable || spec->attr.overloadable)
        type = type_error_;
    struct symbol *s = symbol_new(p, SYM_FUNCTION, name, type, token);
    s->no_prototype = no_prototype;
    s->is_async = is_async || (old && old->kind == SYM_FUNCTION && old->is_async);
    symbol_apply(p, s, spec, attr);
    scope_bind(p, s);
    return s;
}

/* ---- declarations in blocks ---- */

static struct symbol *declare_variable(struct parser *p, const struct specifiers *spec,
                                       const struct declarator *d, const struct attributes *attr)
{
    bool is_typedef = spec->storage == ST_TYPEDEF;
    struct symbol *s =
        symbol_new(p, is_typedef ? SYM_TYPEDEF : SYM_VAR, d->name, d->type, d->name_token);
    symbol_apply(p, s, spec, attr);
    if (s->storage == ST_NONE)
        s->storage = ST_AUTO;
    if (spec->async_token)
        diag(p->unit, SEV_ERROR, spec->async_token, "'%s' is not a function, so it cannot be async",
             d->name);
    if (is_typedef) {
        s->named = arena_alloc(p->arena, sizeof *s->named);
        *s->named = *s->type;
        s->named->alias = s;
    } else if (!p->unevaluated) { /* a variable that is never evaluated is only text */
        list_add(p->arena, &p->function->locals, s);
        if (type_holds_owner(s->type))
            p->function->needs_lowering = true;
        if (type_holds_future(s->type) && p->function->is_async && s->storage != ST_STATIC &&
            s->storage != ST_EXTERN) {
            /* the future is dropped, which awaits, at the end of its scope */
            p->function->has_await = true;
            if (p->parent)
                p->parent->has_await = true;
        }
    }
    if (spec->defines && !spec->defines->name && !spec->defines->witness)
        spec->defines->witness = s;
    return s;
}

/* Skips the body of a nested function of GNU C. Its text is copied, so it must not have async
 * words. */
static void skip_nested_function(struct parser *p, const struct declarator *d, bool is_async)
{
    uint32_t first = p->pos;
    skip_balanced(p);
    for (struct function *f = p->function; f; f = f->outer)
        is_async |= f->is_async;
    if (is_async)
        diag(p->unit, SEV_ERROR, d->name_token,
             "nested function '%s' in an async function; make it a function of the file", d->name);
    else if (mentions_async(p->unit, first, p->pos - 1))
        diag(p->unit, SEV_ERROR, d->name_token,
             "async code in the nested function '%s'; make it a function of the file", d->name);
}

/* auto-type = "=" assignment         after `__auto_type x`; x is not in scope in the assignment */
static void parse_auto_type(struct parser *p, const struct specifiers *spec, struct decl *decl,
                            struct declarator *d, const struct attributes *attr)
{
    expect(p, '=');
    decl->init = parse_assignment(p);
    use_value(p, decl->init);
    d->type = type_qualified(p->unit, value_type(p, decl->init), spec->auto_quals);
    decl->symbol = declare_variable(p, spec, d, attr);
    scope_bind(p, decl->symbol);
}

/* variable = ("=" initializer)?      after the declarator */
static void parse_variable(struct parser *p, const struct specifiers *spec, struct decl *decl,
                           struct declarator *d, const struct attributes *attr)
{
    struct symbol *s = decl->symbol = declare_variable(p, spec, d, attr);
    scope_bind(p, s);
    s->decl = decl;
    if (s->kind == SYM_TYPEDEF && type_holds_owner(s->type))
        name_of(s->name)->flags |= NAME_ASYNC;
    if (accept(p, '='))
        decl->init = parse_initializer(p, &s->type);
}

/* block-declarator = declarator declarator-tail (variable | auto-type | nested-function-body)
 * Returns false after the body of a nested function. */
static bool parse_block_declarator(struct parser *p, const struct specifiers *spec,
                                   struct decl *decl)
{
    struct declarator d = {0};
    parse_declarator(p, spec->type ? spec->type : type_error_, DECL_NAMED, &d);
    struct attributes attr = d.attr;
    parse_declarator_tail(p, &attr);
    decl->spec_first = spec->first;
    decl->spec_last = spec->last;
    decl->first = d.first;
    decl->last = p->pos - 1;
    d.type = attributes_apply(p, &attr, d.type);
    if (!spec->type) {
        parse_auto_type(p, spec, decl, &d, &attr);
        decl->symbol->decl = decl;
    } else if (d.type->kind == TY_FUNCTION && spec->storage != ST_TYPEDEF) {
        decl->symbol = declare_function(p, spec, d.type, d.name, d.name_token, &attr);
        decl->symbol->is_async |= spec->async_token != 0;
        p->function->needs_lowering |= spec->async_token != 0;
        if (spec->async_token) {
            note_fn_attributes(p, decl->symbol, spec->first, spec->last);
            note_fn_attributes(p, decl->symbol, d.first, p->pos - 1);
        }
        if (at(p, '{')) {
            skip_nested_function(p, &d, spec->async_token != 0);
            return false;
        }
    } else {
        parse_variable(p, spec, decl, &d, &attr);
    }
    return true;
}

/* block-declaration = "__extension__"* (static-assert
 *                   | specifiers (block-declarator ("," block-declarator)*)? ";") */
struct stmt *parse_block_declaration(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_TYPE_DECL, p->pos);
    while (accept_keyword(p, KW_EXTENSION)) {}
    if (peek_keyword(p) == KW_STATIC_ASSERT) {
        parse_static_assert(p);
        return stmt_close(p, s);
    }
    struct specifiers spec = {0};
    struct list decls = {0};
    parse_specifiers(p, &spec);
    if (spec.implicit_int && spec.storage == ST_NONE && !spec.type->quals)
        fail(p);
    if (spec.async_token)
        p->function->needs_lowering = true;
    bool more = !at(p, ';');
    if (!more)
        refuse_async(p, &spec, "a declaration of no function");
    while (more) {
        struct decl *decl = arena_alloc(p->arena, sizeof *decl);
        if (!decls.count)
            decl->defines = spec.defines;
        list_add(p->arena, &decls, decl);
        if (!parse_block_declarator(p, &spec, decl))
            break;
        if (decl->symbol->kind == SYM_VAR)
            s->kind = S_DECL;
        more = accept(p, ',');
        if (!more && !at(p, ';'))
            fail(p);
    }
    accept(p, ';');
    s->decl = (struct decl **)decls.item;
    s->decl_count = (int)decls.count;
    return stmt_close(p, s);
}

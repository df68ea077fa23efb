/*
 * Lowers and prints one function: scan, statements into a code, liveness, layout, text.
 */
#include "inside.h"

#include <string.h>

static const char *name_or(struct lower *l, const char *wanted)
{
    if (!is_reserved(l, wanted))
        return wanted;
    return arena_printf(l->arena, "bide__%s", wanted);
}

static struct lower *lower_new(struct unit *u, struct function *fn, struct lower *outer)
{
    struct lower *l = arena_alloc(u->arena, sizeof *l);
    l->unit = u;
    l->arena = u->arena;
    l->fn = fn;
    l->head = code_new(l);
    l->name = fn->name;
    l->is_async = fn->is_async;
    l->returns = fn->symbol && file_symbol(fn->symbol)->cancel_returns;
    l->cx = name_or(l, "cx");
    l->frame = name_or(l, "frame");
    l->args = name_or(l, "args");
    l->func = name_or(l, "func");
    l->outer = outer;
    l->outer_name = name_or(l, "outer");
    return l;
}

/* ---- the body ---- */

/* Nothing can tell whether it has been evaluated. */
static bool is_idle(const struct expr *e)
{
    if (!e)
        return true;
    if (e->type->quals & (Q_VOLATILE | Q_ATOMIC) || e->type->variable)
        return false;
    switch (e->kind) {
    case EX_NUMBER:
    case EX_CHAR:
    case EX_IDENT:
    case EX_OFFSETOF:
    case EX_TYPES_COMPATIBLE: return true;
    case EX_SIZEOF: return e->is_ice;
    case EX_UNARY:
        if (e->op == P_INC || e->op == P_DEC || e->op == '*')
            return false;
        break;
    case EX_PAREN:
    case EX_CAST:
    case EX_BINARY:
    case EX_LOGIC:
    case EX_COND:
    case EX_COMMA:
    case EX_MEMBER: break;
    default: return false;
    }
    return is_idle(e->a) && is_idle(e->b) && is_idle(e->c);
}

/* The lengths that are due when the parameters before `param` are there. */
static void lower_lengths(struct lower *l, uint32_t *at, int param)
{
    for (; *at < l->fn->lengths.count; ++*at) {
        const struct length *length = l->fn->lengths.item[*at];
        struct expr *e = length->stmt->expr;
        if (length->param > param)
            return;
        if (is_idle(e))
            continue;
        code_sync(l, l->out, e->first);
        prepare(l, e);
        code_text(l, l->out, "\n(void)(");
        copy_expr(l, l->out, e);
        code_text(l, l->out, ");\n");
    }
}

static int param_index(const struct function *fn, const struct symbol *s)
{
    int i = 0;
    while (i < fn->param_count && fn->param[i] != s)
        i++;
    return i;
}

static void lower_params(struct lower *l)
{
    uint32_t lengths = 0;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->is_param)
            continue;
        lower_lengths(l, &lengths, param_index(l->fn, v->symbol));
        bool used = v->used;
        if (l->is_async)
            code_add(l, l->out, PC_PARAM, v);
        code_add(l, l->out, PC_DEF, v);
        v->used = used;
        if (v->link)
            defers_begin(l, v->link);
    }
    lower_lengths(l, &lengths, l->fn->param_count);
}

bool ends_in_if_or_loop(const struct stmt *block)
{
    const struct stmt *last = block->count ? block->list[block->count - 1] : NULL;
    while (last && (last->kind == S_LABEL || last->kind == S_CASE || last->kind == S_DEFAULT))
        last = last->body;
    return last && (last->kind == S_IF || last->kind == S_FOR || last->kind == S_WHILE);
}

static void lower_function(struct lower *l)
{
    struct stmt *last = value_statement(l->fn->body);
    bool has_value = l->fn->result->kind != TY_VOID;

    if (!l->fn->symbol && (has_value || l->fn->is_branch))
        l->value_stmt = last;
    if (has_value) {
        l->returned =
            var_new(l, "returned", type_unqualified(l->unit, l->fn->result), l->fn->first);
        code_add(l, l->out, PC_DECLARE, l->returned);
    }
    lower_params(l);
    lower_items(l, l->fn->body);
    /* on the line of the brace: behind `if (x) goto y;` a compiler would call it misleading */
    if (l->is_async && (!l->unit->options->pretty || ends_in_if_or_loop(l->fn->body)) &&
        reaches_end(l, l->out))
        code_sync(l, l->out, l->fn->body->last);
    if (l->fn->is_main && l->is_async && has_value && reaches_end(l, l->out))
        code_text(l, l->out, "\n*(int *)bide_frame_result(%s, &%s->h) = 0;\n", l->cx, l->frame);
    if (l->param_scope)
        defers_end(l, l->param_scope);
    if (l->is_async && reaches_end(l, l->out)) {
        if (has_value && !l->fn->is_main && !(l->fn->symbol && l->fn->symbol->is_noreturn)) {
            diag_range(l->unit, SEV_WARNING, l->fn->last, l->fn->last, "return-type",
                       "control reaches end of non-void function");
            store_zero(l, NULL);
        }
        append_finish(l);
    } else if (l->is_async && seems_to_reach_end(l, l->out)) {
        append_finish(l);
    }
}

/* ---- what tokens become ---- */

static void put_subst(struct lower *l, uint32_t token, enum subst_kind kind, const char *text)
{
    if (token >= l->fn->first && token <= l->fn->last)
        l->subst[token - l->fn->first] = (struct subst){.kind = kind, .text = text};
}

/* The constants of an enum that is defined inside a struct that moves to file scope, by value. */
static void replace_constants(struct lower *l, const struct tag *tag)
{
    for (uint32_t i = 0; i < l->fn->idents.count; i++) {
        struct expr *e = l->fn->idents.item[i];
        const struct symbol *s = e->symbol;
        if (s->kind != SYM_ENUMERATOR || s->token < tag->first || s->token > tag->last ||
            !s->value_known || e->first < l->fn->first || e->first > l->fn->last)
            continue;
        if (l->subst[e->first - l->fn->first].kind != SUBST_SKIP)
            put_subst(l, e->first, SUBST_TEXT,
                      arena_printf(l->arena, "((%s)%lldll)", type_print(l->unit, s->type, ""),
                                   (long long)s->value));
    }
}

/* From the last to the first: a definition covers what is mentioned in it. */
static void rename_tags(struct lower *l)
{
    for (uint32_t i = l->fn->tag_uses.count; i-- > 0;) {
        struct tag_use *use = l->fn->tag_uses.item[i];
        struct tag *tag = use->tag;
        bool outer_enum = tag->kind == TY_ENUM && tag->first < l->fn->first && tag->enum_type;
        if (!tag->hoisted_name && !outer_enum)
            continue;
        uint32_t last = tag->first == use->word ? tag->last : use->name;
        const char *text =
            outer_enum ? type_print(l->unit, tag->enum_type, "")
                       : arena_printf(l->arena, "%s %s", tag->kind == TY_UNION ? "union" : "struct",
                                      tag->hoisted_name);
        put_subst(l, use->word, SUBST_TEXT, text);
        for (uint32_t k = use->word + 1; k <= last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
        if (tag->hoisted_name && tag->first == use->word)
            replace_constants(l, tag);
    }
}

static bool is_word(struct lower *l, uint32_t token, const char *word)
{
    const char *text = l->unit->token[token].text;
    return text && strcmp(text, word) == 0;
}

/* `cleanup(f)` in the attributes of a declaration goes: we call f ourselves. */
static void drop_cleanups(struct lower *l, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++) {
        if (!(is_word(l, i, "cleanup") || is_word(l, i, "__cleanup__")) ||
            l->unit->token[i + 1].punct != '(')
            continue;
        if (l->unit->token[i - 1].punct == ':') /* gnu::, or [[]] would have half a name */
            for (uint32_t k = i - 3; k < i; k++)
                put_subst(l, k, SUBST_SKIP, NULL);
        for (; i <= last && l->unit->token[i].punct != ')'; i++)
            put_subst(l, i, SUBST_SKIP, NULL);
        put_subst(l, i, SUBST_SKIP, NULL);
    }
}

/* What a block mentions of the types and constants of the functions round it. */
static void map_outer_names(struct lower *l)
{
    struct function *fn = l->fn;
    for (uint32_t i = 0; i < fn->typedef_uses.count; i++) {
        struct typedef_use *use = fn->typedef_uses.item[i];
        if (use->symbol->function == fn)
            continue;
        use->symbol->captured = true;
        put_subst(l, use->token, SUBST_TEXT,
                  arena_printf(l->arena, "__typeof__(%s)",
                               type_print(l->unit, file_type(l, use->symbol->type), "")));
    }
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        struct expr *e = fn->idents.item[i];
        struct symbol *s = e->symbol;
        if (s->kind == SYM_ENUMERATOR && s->depth > 0 && s->function != fn && s->value_known)
            put_subst(l, e->first, SUBST_TEXT,
                      arena_printf(l->arena, "((%s)%lldll)", type_print(l->unit, s->type, ""),
                                   (long long)s->value));
    }
    for (uint32_t i = 0; i < fn->tag_uses.count; i++) {
        struct tag_use *use = fn->tag_uses.item[i];
        if (use->tag->first < fn->first && use->tag->kind != TY_ENUM)
            hoist_tag(l, use->tag);
    }
}

/* An await that is not evaluated only has a type. */
static void map_dead_awaits(struct lower *l)
{
    for (uint32_t i = 0; i < l->fn->dead_awaits.count; i++) {
        struct expr *e = l->fn->dead_awaits.item[i];
        struct type *t = type_pointer(l->unit, e->type);
        put_subst(l, e->first, SUBST_TEXT,
                  e->type->kind == TY_VOID
                      ? "(void)0"
                      : arena_printf(l->arena, "(*(%s)0)", type_print(l->unit, t, "")));
        for (uint32_t k = e->first + 1; k <= e->last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
    }
}

/* bide_ref is a constant, so it may stand where nothing else of ours can: in the initialisers of
 * static variables. */
static void map_refs(struct lower *l)
{
    for (uint32_t i = 0; i < l->fn->refs.count; i++) {
        struct expr *e = l->fn->refs.item[i];
        put_subst(l, e->first, SUBST_TEXT, reference_text(l->unit, e));
        for (uint32_t k = e->first + 1; k <= e->last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
    }
}

/* In a block or a branch, whose text is none of the function's. */
static bool is_in_inner(const struct function *fn, uint32_t token)
{
    const struct list *const inner[] = {&fn->blocks, &fn->branches};
    for (unsigned k = 0; k < 2; k++)
        for (uint32_t i = 0; i < inner[k]->count; i++) {
            const struct function *f = inner[k]->item[i];
            if (f->first <= token && token <= f->last)
                return true;
        }
    return false;
}

static void map_words(struct lower *l)
{
    static const char *const words[] = {"__func__", "__FUNCTION__", "__PRETTY_FUNCTION__"};
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        struct decl *d = v->symbol && v->symbol->cleanup ? v->symbol->decl : NULL;
        if (d) {
            drop_cleanups(l, d->spec_first, d->spec_last);
            drop_cleanups(l, d->first, d->last);
        }
    }
    for (uint32_t i = l->fn->body->first; l->is_async && i <= l->fn->body->last; i++)
        for (unsigned w = 0; w < sizeof words / sizeof words[0]; w++)
            if (is_word(l, i, words[w]) && !is_in_inner(l->fn, i)) {
                put_subst(l, i, SUBST_TEXT, l->func);
                l->uses_func_name = true;
            }
}

/* ---- text ---- */

static const char *user_name(const struct function *fn)
{
    while (fn->outer)
        fn = fn->outer;
    return fn->name;
}

static void print_switch(struct lower *l, struct output *o)
{
    if (l->suspends.count == 0)
        return;
    output_printf(o, "\nswitch (%s->h.state) {\n", l->frame);
    for (uint32_t i = 0; i < l->suspends.count; i++) {
        const struct suspend *s = l->suspends.item[i];
        output_printf(o, "\ncase %s%u: goto %s;\n", s->shielded ? "BIDE_SHIELDED | " : "", s->state,
                      s->label);
    }
    output_text(o, "\n}\n");
}

static void print_body(struct lower *l, struct output *o)
{
    const struct stmt *body = l->fn->body;
    bool has_args = l->has_args;

    output_printf(
        o,
        "\n\nstatic %senum bide_poll bide__body_%s(struct bide_cx *%s, "
        "struct bide__frame_%s *%s",
        fn_attributes_text(l->unit, l->fn->symbol ? file_symbol(l->fn->symbol) : NULL, PART_BODY),
        l->name, l->cx, l->name, l->frame);
    if (has_args)
        output_printf(o, ", const struct bide__args_%s *%s", l->name, l->args);
    output_text(o, ")\n");
    output_brace(o, l, body->first);
    for (int i = 0; i < body->count && is_label_decl(l, body->list[i]); i++)
        output_tokens(o, l, body->list[i]->first, body->list[i]->last);
    output_text(o, "\n");
    if (l->uses_func_name)
        output_printf(o, "\nstatic const char %s[] = \"%s\";\n", l->func, user_name(l->fn));
    if (l->fn->uses_outer)
        output_printf(o, "\nif (%s->h.state == 0)\n    %s->%s = %s->%s;\n", l->frame, l->frame,
                      l->outer_name, l->args, l->outer_name);
    else if (has_args && !l->uses_args)
        output_printf(o, "\n(void)%s;\n", l->args);
    if (l->returned && is_returned_scalar(l, l->returned))
        output_printf(o, "\n%s = 0;\n", type_print(l->unit, l->returned->type, l->returned->name));
    print_code(l, o, l->head);
    print_switch(l, o);
    print_code(l, o, l->out);
    output_brace(o, l, body->last);
}

/* Jobs and the functions that do them. */
static void print_helpers(struct lower *l, struct output *o)
{
    if (l->helpers.count == 0)
        return;
    pack_begin(o, 0);
    for (uint32_t i = 0; i < l->helpers.count; i++)
        print_code(l, o, l->helpers.item[i]);
    pack_end(o, 0);
}

static void emit_lowered(struct unit *, struct output *, struct function *, struct lower *outer);

/* A symbol's index is that of its variable in the function that is being lowered: a branch's copies
 * of pointers to static variables must not change it for the function round it. */
static void emit_branch(struct lower *l, struct output *o, struct function *branch)
{
    uint32_t count = branch->captures.count;
    int *index = arena_alloc(l->arena, (count + 1) * sizeof *index);
    for (uint32_t i = 0; i < count; i++)
        index[i] = ((struct symbol *)branch->captures.item[i])->index;
    emit_lowered(l->unit, o, branch, l);
    for (uint32_t i = 0; i < count; i++)
        ((struct symbol *)branch->captures.item[i])->index = index[i];
}

static void print_async(struct lower *l, struct output *o)
{
    frame_print_tags(l, o);
    emit_before_body(l, o);
    print_helpers(l, o);
    frame_print(l, o);
    for (uint32_t i = 0; i < l->branches.count; i++)
        emit_branch(l, o, l->branches.item[i]);
    for (uint32_t i = 0; i < l->tables.count; i++)
        print_code(l, o, l->tables.item[i]);
    print_body(l, o);
    emit_limits(l, o);
    emit_after_body(l, o);
}

static void print_plain(struct lower *l, struct output *o)
{
    const struct stmt *body = l->fn->body;
    frame_print_tags(l, o);
    print_helpers(l, o);
    emit_limits(l, o);
    output_tokens(o, l, l->fn->first, body->first);
    print_code(l, o, l->out);
    output_tokens(o, l, body->last, body->last);
}

static bool is_automatic(const struct symbol *s)
{
    return s->kind == SYM_PARAM || (s->kind == SYM_VAR && s->storage != ST_STATIC &&
                                    s->storage != ST_EXTERN && !s->is_thread_local);
}

/* A block's or branch's copies of static variables of the functions round it are pointers to them.
 */
static void capture_statics(struct unit *u, struct function *fn)
{
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        struct symbol *s = ((struct expr *)fn->idents.item[i])->symbol;
        if (!s || s->kind != SYM_VAR || s->depth == 0 || !s->function || s->function == fn ||
            is_automatic(s))
            continue;
        for (struct function *f = fn; f && f != s->function; f = f->outer) {
            bool known = false;
            for (uint32_t k = 0; k < f->captures.count; k++)
                known |= f->captures.item[k] == s;
            if (!known)
                list_add(u->arena, &f->captures, s);
        }
    }
}

static void find_args(struct lower *l)
{
    l->has_args = l->fn->uses_outer;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->is_param)
            continue;
        l->has_args = true;
        l->uses_args |= v->used || v->in_frame;
    }
}

/* In the form to be read, headers are included: what they declare async gets its declarations
 * here. */
static void declare_mentioned(struct unit *u, struct output *o, struct function *fn)
{
    for (uint32_t i = 0; o->pretty && i < fn->idents.count; i++) {
        struct symbol *s = ((struct expr *)fn->idents.item[i])->symbol;
        if (s->kind == SYM_FUNCTION && s->is_async && output_is_hidden(o, s->token))
            emit_async_declaration(u, o, s);
    }
}

/* ---- blocks and branches ---- */

/* A variable is mentioned in a branch: those from there to its function lead to that's frame. */
static void lead_outwards(struct function *branch, const struct symbol *s)
{
    if (!s || s->depth == 0 || !s->function || !is_automatic(s))
        return;
    for (struct function *f = branch; f->is_branch && f != s->function; f = f->outer)
        f->uses_outer = true;
}

/* What the functions round it must know of a branch before they are lowered. */
static void study_branch(struct unit *u, struct function *branch)
{
    capture_statics(u, branch);
    for (uint32_t i = 0; i < branch->idents.count; i++)
        lead_outwards(branch, ((struct expr *)branch->idents.item[i])->symbol);
    for (uint32_t i = 0; i < branch->blocks.count; i++) {
        const struct function *block = branch->blocks.item[i];
        for (uint32_t k = 0; k < block->captures.count; k++)
            lead_outwards(branch, block->captures.item[k]);
    }
    for (uint32_t i = 0; i < branch->typedef_uses.count; i++) {
        struct typedef_use *use = branch->typedef_uses.item[i];
        use->symbol->captured |= use->symbol->function != branch;
    }
}

/* Async blocks come before the outermost function, branches in it. */
static void emit_blocks(struct unit *u, struct output *o, struct function *fn)
{
    for (uint32_t i = 0; i < fn->blocks.count; i++) {
        capture_statics(u, fn->blocks.item[i]);
        emit_function(u, o, fn->blocks.item[i]);
    }
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        emit_blocks(u, o, fn->branches.item[i]);
        study_branch(u, fn->branches.item[i]);
    }
}

/* The types of a function that its branches mention go to file scope. */
static void hoist_for_branches(struct lower *l, const struct function *fn)
{
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        const struct function *branch = fn->branches.item[i];
        for (uint32_t k = 0; k < branch->tag_uses.count; k++) {
            const struct tag_use *use = branch->tag_uses.item[k];
            if (use->tag->first < branch->first && use->tag->kind != TY_ENUM)
                hoist_tag(l, use->tag);
        }
        for (uint32_t k = 0; k < branch->typedef_uses.count; k++) {
            const struct typedef_use *use = branch->typedef_uses.item[k];
            if (use->symbol->function != branch)
                file_type(l, use->symbol->type);
        }
        for (uint32_t k = 0; k < branch->captures.count; k++)
            file_type(l, ((struct symbol *)branch->captures.item[k])->type);
        hoist_for_branches(l, branch);
    }
}

static void emit_lowered(struct unit *u, struct output *o, struct function *fn, struct lower *outer)
{
    struct lower *l = lower_new(u, fn, outer);
    l->out = code_new(l);
    scan_function(l);
    lower_function(l);
    if (l->is_async) {
        live_function(l, l->out);
        frame_layout(l);
    }
    find_args(l);
    hoist_for_branches(l, fn);
    if (fn->outer)
        map_outer_names(l);
    rename_tags(l);
    map_words(l);
    map_refs(l);
    map_dead_awaits(l);
    output_sync(o, fn->first);
    declare_mentioned(u, o, fn);
    for (uint32_t i = 0; i < l->async_decls.count; i++)
        emit_async_declaration(u, o, l->async_decls.item[i]);
    if (l->is_async)
        print_async(l, o);
    else
        print_plain(l, o);
}

void emit_function(struct unit *u, struct output *o, struct function *fn)
{
    emit_blocks(u, o, fn);
    emit_lowered(u, o, fn, NULL);
}

/*
 * One function as text: lowered, laid out, then printed.
 *
 * Requires a function of the tree. Lowering makes its code, then live_function and frame_layout
 * decide where each variable lives; only after that is anything printed. The head of emit.h shows
 * the result.
 */
#include "inside.h"

#include <string.h>

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
        "\n\nstatic %s%senum bide_poll bide__body_%s(struct bide_cx *%s, "
        "struct bide__frame_%s *%s",
        emit_inline_word(l),
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
    print_code(l, o, l->body);
    output_brace(o, l, body->last);
}

/* The structs of jobs for other threads, and the functions that run these jobs. */
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

static void print_async(struct lower *l, struct output *o)
{
    frame_print_tags(l, o);
    emit_before_body(l, o);
    print_helpers(l, o);
    frame_print(l, o);
    for (uint32_t i = 0; i < l->branches.count; i++)
        emit_lowered(l->unit, o, l->branches.item[i], l);
    for (uint32_t i = 0; i < l->tables.count; i++)
        print_code(l, o, l->tables.item[i]);
    emit_height(l, o);
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
    print_code(l, o, l->body);
    output_tokens(o, l, body->last, body->last);
}

/* In the form to be read, headers are included as they are. So the async functions of headers that
 * this function mentions are declared here. */
static void declare_mentioned(struct unit *u, struct output *o, struct function *fn)
{
    for (uint32_t i = 0; o->pretty && i < fn->idents.count; i++) {
        struct symbol *s = ((struct expr *)fn->idents.item[i])->symbol;
        if (s->kind == SYM_FUNCTION && s->is_async && output_is_hidden(o, s->token))
            emit_async_declaration(u, o, s);
    }
}

/* Async blocks are printed before the outermost function. Branches are printed inside it; here they
 * are only prepared. */
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

static void emit_lowered(struct unit *u, struct output *o, struct function *fn, struct lower *outer)
{
    struct lower *l = lower_function(u, fn, outer);
    if (l->is_async) {
        live_function(l, l->body);
        frame_layout(l);
    }
    lower_finish(l);
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

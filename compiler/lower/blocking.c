/*
 * bide_spawn_blocking(f(x)): a task whose only await is the call on the blocking pool. Its function
 * is generated here, in the form of a future written by hand. Its argument is the job with f's
 * arguments; the first poll copies it into the frame and hands it to the pool.
 *
 * The task has nothing to undo, so a cancelled one is just popped.
 */
#include "inside.h"

void prepare_spawn_blocking(struct lower *l, struct expr *e)
{
    struct awaitable a;
    if (!awaitable_of(l, e, &a))
        return;
    if (e->a)
        a.operand[a.operand_count++] = (struct operand){e->a, false};
    prepare_operands(l, a.operand, a.operand_count, false);
}

static void append_poll(struct lower *l, struct code *to, const char *id, bool has_result)
{
    code_text(
        l, to,
        "\n\nstruct bide__frame_%s {\nstruct bide_frame h;\nstruct bide__job_%s call;\n};\n"
        "\n\nstatic enum bide_poll bide__poll_%s(struct bide_cx *cx, struct bide_frame *h)\n{\n"
        "struct bide__frame_%s *frame = (struct bide__frame_%s *)(void *)h;\n"
        "if (h->state == 0) {\n"
        "__builtin_memcpy(&frame->call, bide__args(cx, h), sizeof frame->call);\n"
        "h->state = 1;\n"
        "if (bide__start_bide_blocking(cx, h, %s, &frame->call.job) == BIDE_PENDING)\n"
        "    return BIDE_PENDING;\n}\n",
        id, id, id, id, id, null_text(l->unit));
    if (has_result)
        code_text(l, to,
                  "__builtin_memcpy(bide_frame_result(cx, h), &frame->call.result, "
                  "sizeof frame->call.result);\n");
    code_text(l, to, "return bide_frame_finish(cx, h);\n}\n");
}

/* For a task that is not made, and a result that nobody takes. False: nothing is owned. */
static bool append_release(struct lower *l, struct code *to, const char *id, struct expr *call)
{
    bool any = type_is_owner(call->type);
    for (int i = 0; i < call->arg_count; i++)
        any |= type_is_owner(call->arg[i]->type);
    if (!any)
        return false;
    code_text(l, to,
              "\n\nstatic void bide__release_%s(const void *p, const void *result)\n{\n"
              "const struct bide__job_%s *args = p;\n(void)result;\nif (args) {\n",
              id, id);
    for (int i = 0; i < call->arg_count; i++)
        if (type_is_owner(call->arg[i]->type))
            code_text(l, to, "%s(args->arg_%d);\n", release_name(call->arg[i]->type), i + 1);
    code_text(l, to, "}\n");
    if (type_is_owner(call->type))
        code_text(l, to, "%s", release_result_text(l->arena, call->type));
    code_text(l, to, "}\n");
    return true;
}

static void append_descriptor(struct lower *l, struct code *to, const char *id, struct expr *e)
{
    struct expr *call = skip_parens(e->arg[0]), *f = skip_parens(call->a);
    uint32_t line = l->unit->token[e->first].line;
    bool has_release = append_release(l, to, id, call);

    code_text(l, to,
              "\n\nstatic const uint32_t bide__lines_%s[] = {%u, %u};\n"
              "static const struct bide_callee bide__callees_%s[] = {"
              "{&bide__desc_bide_blocking, 0}};\n"
              "static uint32_t bide__need_%s;\n"
              "static const struct bide_fn_info bide__info_%s = {\n"
              ".name = \"%s\",\n.file = \"%s\",\n.lines = bide__lines_%s,\n"
              ".callees = bide__callees_%s,\n.need = &bide__need_%s,\n"
              ".line = %u,\n.line_count = 2,\n.callee_count = 1,\n};\n",
              id, line, line, id, id, id, f->kind == EX_IDENT ? f->name : l->name,
              file_text(l->unit, e->first), id, id, id, line);
    code_text(l, to,
              "static const struct bide_fn bide__desc_%s = {\n"
              ".poll = bide__poll_%s,\n.info = &bide__info_%s,\n"
              ".frame_size = sizeof(struct bide__frame_%s),\n"
              ".args_size = sizeof(struct bide__job_%s),\n",
              id, id, id, id, id);
    if (call->type->kind != TY_VOID)
        code_text(l, to, ".result_size = sizeof(((struct bide__job_%s *)0)->result),\n", id);
    code_text(l, to,
              ".frame_align_log2 = __builtin_ctz(_Alignof(struct bide__frame_%s)),\n"
              ".args_align_log2 = __builtin_ctz(_Alignof(struct bide__job_%s)),\n"
              ".flags = %s%s,\n.version = BIDE_FN_VERSION,\n",
              id, id, type_is_signed(l->unit, call->type) ? "BIDE_FN_RESULT_SIGNED" : "0",
              result_flag_text(l, call->type));
    if (has_release)
        code_text(l, to, ".release = bide__release_%s,\n", id);
    code_text(l, to, "};\n");
}

void copy_spawn_blocking(struct lower *l, struct code *to, struct expr *e)
{
    struct awaitable a;
    struct code *helper = code_new(l);

    if (!awaitable_of(l, e, &a))
        return;
    job_declaration(l, &a, "call");
    append_poll(l, helper, a.job_id, skip_parens(e->arg[0])->type->kind != TY_VOID);
    append_descriptor(l, helper, a.job_id, e);
    list_add(l->arena, &l->helpers, helper);
    begin_named(l, to, "bide__spawn", e->a);
    code_text(l, to, "&bide__desc_%s, &", a.job_id);
    copy_job_literal(l, to, &a);
    code_text(l, to, ")");
}

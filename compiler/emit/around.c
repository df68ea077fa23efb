/*
 * The code round the body of an async function. Before it: the declarations that callers need.
 * After it: its poll and start functions, its descriptor with the tables for debuggers and for the
 * reserve, and the blocking function of its plain name.
 *
 * The layout of struct bide__args_f depends only on the types of f's parameters, so that separately
 * compiled files agree on it.
 */
#include "inside.h"

#include <string.h>

/* ---- storage ---- */

static bool is_static(const struct function *fn)
{
    return !fn->symbol || fn->is_main || fn->symbol->storage == ST_STATIC;
}

/* The words before a generated definition or declaration that has the function's linkage. */
static const char *linkage(struct unit *u, const struct symbol *s, bool is_main)
{
    if (!s || is_main || s->storage == ST_STATIC)
        return "static ";
    const char *weak = s->is_weak || s->is_inline ? "__attribute__((weak)) " : "";
    if (s->visibility)
        return arena_printf(u->arena, "%s__attribute__((visibility(\"%s\"))) ", weak,
                            s->visibility);
    return weak;
}

/* The blocking form of a static function can only be reached through pointers to it. */
static bool has_wrapper(struct lower *l)
{
    if (!l->unit->options->wrappers || !l->fn->symbol || l->fn->is_main)
        return false;
    return !is_static(l->fn) || name_of(l->fn->symbol->name)->flags & NAME_REF;
}

/* ---- depth ---- */

/*
 * How deep the calls of a function nest on the C stack, itself included; 0: that is not known, so
 * its first polls are counted, and deferred when they are many (bide__deep). Known are functions of
 * the library, which call back only through references and count such calls, and static functions
 * that stand above and are shallow themselves. So every recursion goes through one that counts.
 */
static uintptr_t height_of(struct lower *l, struct output *o)
{
    enum { HEIGHT_MAX = 8 };
    uintptr_t most = 0;

    if (l->calls_through)
        return 0;
    for (uint32_t i = 0; i < l->callees.count; i++) {
        const char *name = ((struct callee *)l->callees.item[i])->name;
        bool ours = strncmp(name, "bide_", 5) == 0 && strncmp(name, "bide__", 6) != 0 &&
                    strcmp(name, "bide_get") != 0;
        const char *key = intern(l->unit->arena, name, strlen(name));
        uintptr_t height = ours ? 1 : (uintptr_t)*map_at(l->unit->arena, &o->heights, key);
        if (height == 0)
            return 0;
        most = height > most ? height : most;
    }
    return most < HEIGHT_MAX ? most + 1 : 0;
}

void emit_height(struct lower *l, struct output *o)
{
    const char *key = intern(l->unit->arena, l->name, strlen(l->name));

    l->height = height_of(l, o);
    if (l->height != 0 && is_static(l->fn))
        *map_at(l->unit->arena, &o->heights, key) = (void *)l->height;
}

/* A short function that only its file calls is worth a call only if it waits: most of what its
 * start stores is read by nobody else then. With -g it stays whole, so that breakpoints find it; so
 * it does if its attributes ask for that. */
const char *emit_inline_word(const struct lower *l)
{
    enum { AWAITS_MAX = 2 };
    bool fits = l->height != 0 && l->suspends.count <= AWAITS_MAX && is_static(l->fn);
    return fits && !l->unit->options->debug && !fn_stays_whole(l->unit, l->fn->symbol)
               ? "__inline__ "
               : "";
}

/* ---- declarations ---- */

static struct type *result_of(struct unit *u, const struct type *fn)
{
    return type_unqualified(u, fn->base);
}

static const char *result_param(struct unit *u, struct type *result, const char *name)
{
    return type_print(u, type_pointer(u, result), name);
}

static bool clashes(const char *name)
{
    static const char *const ours[] = {"cx", "parent", "result", "args", "frame", "poll"};
    for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

/* A parameter of the start function. */
static const char *start_param(struct unit *u, struct symbol *fn, int i)
{
    const char *name = param_name(u, fn, i);
    return clashes(name) ? arena_printf(u->arena, "%s_", name) : name;
}

static const char *start_params(struct unit *u, struct symbol *fn)
{
    const struct type *t = fn->type;
    char *s = arena_printf(u->arena, "struct bide_cx *cx, struct bide_frame *parent, %s",
                           result_param(u, result_of(u, t), "result"));
    for (int i = 0; i < t->param_count; i++)
        s = arena_printf(
            u->arena, "%s, %s", s,
            type_print(u, type_unqualified(u, t->param[i].type), start_param(u, fn, i)));
    return s;
}

static const char *plain_prototype(struct unit *u, struct symbol *fn, const char *name)
{
    const struct type *t = fn->type;
    char *s = arena_printf(u->arena, "%s(", name);
    for (int i = 0; i < t->param_count; i++)
        s = arena_printf(
            u->arena, "%s%s%s", s, i ? ", " : "",
            type_print(u, type_unqualified(u, t->param[i].type), param_name(u, fn, i)));
    s = arena_printf(u->arena, "%s%s)", s, t->param_count ? "" : "void");
    return type_print(u, t->base, s);
}

static void print_args_struct(struct unit *u, struct output *o, struct symbol *fn)
{
    const struct type *t = fn->type;
    if (t->param_count == 0)
        return;
    pack_begin(o, 0);
    output_printf(o, "\n\nstruct bide__args_%s {\n", fn->name);
    for (int i = 0; i < t->param_count; i++)
        output_printf(o, "%s;\n",
                      type_print(u, type_unqualified(u, t->param[i].type), param_name(u, fn, i)));
    output_text(o, "};\n");
    pack_end(o, 0);
}

void emit_async_declaration(struct unit *u, struct output *o, struct symbol *fn)
{
    bool is_main = strcmp(fn->name, "main") == 0;
    fn = file_symbol(fn);
    bool hidden = fn->storage == ST_STATIC || is_main;
    void **declared = map_at(u->arena, &o->declared, fn);
    if (*declared)
        return;
    *declared = fn;
    bool referred = u->options->wrappers && !is_main && name_of(fn->name)->flags & NAME_REF;
    /* What `bide emit` prints is preprocessed again: a header may have a macro of this name. */
    const char *name = arena_printf(u->arena, "(%s)", fn->name);
    if (!hidden || referred)
        output_printf(o, "\n%s%s%s%s%s;\n", linkage(u, fn, false),
                      fn_attributes_text(u, fn, PART_WRAPPER), plain_prototype(u, fn, name),
                      fn->asm_first ? " " : "",
                      fn->asm_first ? tokens_text(u, fn->asm_first, fn->asm_last) : "");
    else if (name_of(fn->name)->flags & NAME_TYPE && !is_main) /* only its type is asked for */
        output_printf(o, "\n%s;\n", plain_prototype(u, fn, name));
    print_args_struct(u, o, fn);
    output_printf(o, "\n%s%senum bide_poll bide__start_%s(%s);\n", linkage(u, fn, is_main),
                  fn_attributes_text(u, fn, PART_START), fn->name, start_params(u, fn));
    output_printf(o, "%s%sconst struct bide_fn bide__desc_%s;\n", hidden ? "" : "extern ",
                  linkage(u, fn, is_main), fn->name);
}

static const char *capture_declaration(struct lower *l, const struct symbol *s, const char *name)
{
    struct var *v = var_of(l, s);
    struct type *t = file_type(l, type_unqualified(l->unit, s->type));
    if (v && v->by_address)
        t = type_pointer(l->unit, file_type(l, s->type));
    return type_print(l->unit, t, name);
}

static void print_block_declaration(struct lower *l, struct output *o)
{
    struct list *captures = &l->fn->captures;
    if (l->has_args) {
        pack_begin(o, 0);
        output_printf(o, "\n\nstruct bide__args_%s {\n", l->name);
        if (l->fn->uses_outer)
            output_printf(o, "struct bide__frame_%s *%s;\n", l->outer->name, l->outer_name);
        for (uint32_t i = 0; i < captures->count; i++) {
            const struct symbol *s = captures->item[i];
            output_printf(o, "%s;\n", capture_declaration(l, s, s->name));
        }
        output_text(o, "};\n");
        pack_end(o, 0);
    }
    output_printf(o, "\nstatic const struct bide_fn bide__desc_%s;\n", l->name);
}

void emit_before_body(struct lower *l, struct output *o)
{
    if (l->fn->symbol)
        emit_async_declaration(l->unit, o, l->fn->symbol);
    else
        print_block_declaration(l, o);
}

/* ---- after the body ---- */

static void print_poll(struct lower *l, struct output *o)
{
    output_printf(
        o, "\n\nstatic enum bide_poll bide__poll_%s(struct bide_cx *cx, struct bide_frame *h)\n{\n",
        l->name);
    emit_records(l, o);
    output_printf(o, "return bide__body_%s(cx, (struct bide__frame_%s *)h", l->name, l->name);
    if (l->has_args)
        output_printf(o, ", h->state ? %s : bide__args(cx, h)", null_text(l->unit));
    output_text(o, ");\n}\n");
}

static void print_push(struct lower *l, struct output *o)
{
    const char *name = l->name;
    output_printf(
        o,
        "struct bide__frame_%s *frame = __alignof__(struct bide__frame_%s) > BIDE_FRAME_UNIT\n"
        "    ? bide_frame_push_aligned(cx, sizeof *frame, "
        "__alignof__(struct bide__frame_%s), &bide__desc_%s, parent, result)\n"
        "    : bide_frame_push(cx, sizeof *frame, &bide__desc_%s, parent, result);\n",
        name, name, name, name, name);
}

static bool owns_arguments(const struct lower *l)
{
    for (uint32_t i = 0; i < l->vars.count; i++) {
        const struct var *v = l->vars.item[i];
        if (v->is_param && v->is_owner)
            return true;
    }
    return false;
}

/* The function that drops the owners among the arguments of a call that never begins, and a result
 * that nobody takes. False: there are no owners. */
static bool print_release(struct lower *l, struct output *o)
{
    bool has_result = type_is_owner(l->fn->result), has_args = owns_arguments(l);

    if (!has_result && !has_args)
        return false;
    output_printf(o, "\n\nstatic void bide__release_%s(const void *p, const void *result)\n{\n",
                  l->name);
    output_text(o, "(void)p, (void)result;\n");
    if (has_args)
        output_printf(o, "const struct bide__args_%s *args = p;\nif (args) {\n", l->name);
    for (uint32_t i = 0; i < l->vars.count; i++) {
        const struct var *v = l->vars.item[i];
        if (v->is_param && v->is_owner)
            output_printf(o, "%s(args->%s);\n", release_name(v->type), v->arg);
    }
    output_text(o, has_args ? "}\n" : "");
    output_text(o, has_result ? release_result_text(l->arena, l->fn->result) : "");
    output_text(o, "}\n");
    return true;
}

/* The declaration of the start function, and the values for its struct of arguments. */
static void print_start_head(struct lower *l, struct output *o)
{
    struct symbol *fn = l->fn->symbol;
    const char *name = l->name;

    output_printf(o, "\n\n%s%senum bide_poll bide__start_%s(%s)\n{\n",
                  linkage(l->unit, fn, l->fn->is_main), emit_inline_word(l), name,
                  start_params(l->unit, fn));
    if (!l->has_args)
        return;
    output_printf(o, "struct bide__args_%s args = {", name);
    for (int i = 0; i < fn->type->param_count; i++)
        output_printf(o, "%s%s", i ? ", " : "", start_param(l->unit, fn, i));
    output_text(o, "};\n");
}

/* The same for a branch: its arguments are the frame round it and pointers to static variables. */
static void print_branch_head(struct lower *l, struct output *o)
{
    const struct list *captures = &l->fn->captures;
    struct type *result = file_type(l, type_unqualified(l->unit, l->fn->result));
    const char *separator = "";

    output_printf(o,
                  "\n\nstatic %senum bide_poll bide__start_%s(struct bide_cx *cx, "
                  "struct bide_frame *parent, %s",
                  emit_inline_word(l), l->name, result_param(l->unit, result, "result"));
    if (l->fn->uses_outer)
        output_printf(o, ", struct bide__frame_%s *outer", l->outer->name);
    for (uint32_t i = 0; i < captures->count; i++) {
        const char *name = arena_printf(l->arena, "arg_%u", i + 1);
        output_printf(o, ", %s", capture_declaration(l, captures->item[i], name));
    }
    output_text(o, ")\n{\n");
    if (!l->has_args)
        return;
    output_printf(o, "struct bide__args_%s args = {", l->name);
    if (l->fn->uses_outer) {
        output_text(o, "outer");
        separator = ", ";
    }
    for (uint32_t i = 0; i < captures->count; i++, separator = ", ")
        output_printf(o, "%sarg_%u", separator, i + 1);
    output_text(o, "};\n");
}

static void print_start(struct lower *l, struct output *o)
{
    bool counts = l->height == 0;
    const char *name = l->name;
    const char *args = l->has_args ? "&args" : null_text(l->unit);

    if (l->fn->is_branch)
        print_branch_head(l, o);
    else
        print_start_head(l, o);
    if (counts)
        output_printf(o,
                      "if (bide__deep(cx))\n"
                      "    return bide__later(cx, &bide__desc_%s, parent, result, %s);\n",
                      name, args);
    print_push(l, o);
    bool owns = owns_arguments(l);
    output_text(o, owns ? "if (!frame) {\n" : "if (!frame)\n    return BIDE_PENDING;\n");
    if (owns)
        output_printf(o, "bide__release_%s(%s, %s);\nreturn BIDE_PENDING;\n}\n", name, args,
                      null_text(l->unit));
    output_text(o, counts ? "cx->depth++;\nenum bide_poll poll = " : "return ");
    output_printf(o, "bide__body_%s(cx, frame%s);\n", name, l->has_args ? ", &args" : "");
    output_text(o, counts ? "cx->depth--;\nreturn poll;\n}\n" : "}\n");
}

/* What makes the function bound to a thread, or not fit to be a task elsewhere; or NULL. */
static const struct thread_value *thread_value(const struct lower *l, bool is_held)
{
    for (uint32_t i = 0; i < l->fn->thread_values.count; i++) {
        const struct thread_value *v = l->fn->thread_values.item[i];
        if ((v->await != NULL) == is_held)
            return v;
    }
    return NULL;
}

static void print_bound(struct lower *l, struct output *o)
{
    struct unit *u = l->unit;
    output_printf(o, "static const struct bide_bound bide__bound_%s[] = {", l->name);
    for (int held = 1; held >= 0; held--) {
        const struct thread_value *v = thread_value(l, held);
        if (v)
            output_printf(o, "{\"%s\", \"%s\", %u, %u}, ", string_text(u, v->name),
                          string_text(u, v->type), u->token[v->token].line,
                          held ? u->token[v->await->first].line : 0);
    }
    output_text(o, "};\n");
}

static void print_tables(struct lower *l, struct output *o)
{
    bool is_bound = l->fn->thread_values.count;
    output_printf(o, "\n\nstatic const uint32_t bide__lines_%s[] = {%u", l->name,
                  l->unit->token[l->fn->first].line);
    for (uint32_t i = 0; i < l->suspends.count; i++)
        output_printf(o, ", %u", ((struct suspend *)l->suspends.item[i])->line);
    output_text(o, "};\n");
    if (is_bound)
        print_bound(l, o);
    if (l->callees.count) {
        output_printf(o, "static const struct bide_callee bide__callees_%s[] = {", l->name);
        for (uint32_t i = 0; i < l->callees.count; i++) {
            const struct callee *c = l->callees.item[i];
            output_printf(o, "%s{&bide__desc_%s, %u%s}", i ? ", " : "", c->name, c->group,
                          c->group == GROUP_UNKNOWN ? "u" : "");
        }
        output_text(o, "};\n");
    }
    if (l->callees.count || is_bound)
        output_printf(o, "static uint32_t bide__need_%s;\n", l->name);
}

static void print_info(struct lower *l, struct output *o)
{
    const char *name = l->name;
    output_printf(o,
                  "static const struct bide_fn_info bide__info_%s = {\n"
                  ".name = \"%s\",\n.file = \"%s\",\n.lines = bide__lines_%s,\n",
                  name, name, file_text(l->unit, l->fn->first), name);
    if (l->callees.count)
        output_printf(o, ".callees = bide__callees_%s,\n", name);
    if (l->callees.count || l->fn->thread_values.count)
        output_printf(o, ".need = &bide__need_%s,\n", name);
    if (l->fn->thread_values.count)
        output_printf(o, ".bound = bide__bound_%s,\n", name);
    output_printf(o, ".line = %u,\n.line_count = %u,\n.callee_count = %u,\n};\n",
                  l->unit->token[l->fn->first].line, l->suspends.count + 1, l->callees.count);
}

/* The alignment of the frame; of the result, if that is larger and the flag says that it counts. */
static const char *frame_align_text(struct lower *l)
{
    struct type *result = type_unqualified(l->unit, l->fn->result);
    char *frame = arena_printf(l->arena, "__alignof__(struct bide__frame_%s)", l->name);
    if (result->kind == TY_VOID || !type_may_align(l->unit, result))
        return frame;
    const char *t = type_print(l->unit, file_type(l, result), "");
    return arena_printf(l->arena, "__alignof__(%s) > %s && (%s) ? __alignof__(%s) : %s", t, frame,
                        result_aligned_text(l, result), t, frame);
}

static const char *flags_text(struct lower *l)
{
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {{l->returns || l->unwinds, "BIDE_FN_UNWINDS"},
                 {l->returns, "BIDE_FN_CANCEL_RETURNS"},
                 {type_is_signed(l->unit, l->fn->result), "BIDE_FN_RESULT_SIGNED"},
                 {thread_value(l, true) != NULL, "BIDE_FN_THREAD_BOUND"},
                 {thread_value(l, false) != NULL, "BIDE_FN_THREAD_PASSED"}};
    const char *text = "BIDE_FN_AWAITS";
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].is_set)
            text = arena_printf(l->arena, "%s | %s", text, flags[i].name);
    return text;
}

static void print_descriptor(struct lower *l, struct output *o, bool has_release)
{
    const char *name = l->name;
    struct unit *u = l->unit;

    output_printf(o, "%sconst struct bide_fn bide__desc_%s = {\n",
                  linkage(u, l->fn->symbol, l->fn->is_main), name);
    if (has_wrapper(l))
        output_printf(o, ".blocking = (void (*)(void))%s,\n", name);
    if (l->fn->symbol)
        output_printf(o, ".start = (void (*)(void))bide__start_%s,\n", name);
    output_printf(o,
                  ".poll = bide__poll_%s,\n.info = &bide__info_%s,\n"
                  ".frame_size = sizeof(struct bide__frame_%s),\n",
                  name, name, name);
    if (l->has_args)
        output_printf(o, ".args_size = sizeof(struct bide__args_%s),\n", name);
    if (l->fn->result->kind != TY_VOID) {
        struct type *t = file_type(l, type_unqualified(u, l->fn->result));
        output_printf(o, ".result_size = sizeof(%s),\n", type_print(u, t, ""));
    }
    output_printf(o, ".frame_align_log2 = __builtin_ctz(%s),\n", frame_align_text(l));
    if (l->has_args)
        output_printf(o, ".args_align_log2 = __builtin_ctz(_Alignof(struct bide__args_%s)),\n",
                      name);
    output_printf(o, ".flags = %s%s,\n.version = BIDE_FN_VERSION,\n", flags_text(l),
                  result_flag_text(l, l->fn->result));
    if (has_release)
        output_printf(o, ".release = bide__release_%s,\n", name);
    output_text(o, "};\n");
}

/* ---- the plain name ---- */

static const char *args_literal(struct lower *l)
{
    struct symbol *fn = l->fn->symbol;
    if (!l->has_args)
        return null_text(l->unit);
    char *s = arena_printf(l->arena, "&(struct bide__args_%s){", l->name);
    for (int i = 0; i < fn->type->param_count; i++)
        s = arena_printf(l->arena, "%s%s%s", s, i ? ", " : "", param_name(l->unit, fn, i));
    return arena_printf(l->arena, "%s}", s);
}

static void print_wrapper(struct lower *l, struct output *o)
{
    struct symbol *fn = l->fn->symbol;
    struct type *result = result_of(l->unit, fn->type);

    output_printf(o, "\n\n%s%s\n{\n", l->fn->is_main ? "" : linkage(l->unit, fn, false),
                  plain_prototype(l->unit, fn, fn->name));
    if (l->fn->is_main) {
        static const char *const flavours[] = {
            [FLAVOUR_CURRENT_THREAD] = "bide__main(",
            [FLAVOUR_MULTI_THREAD] = "bide__main_on(BIDE__MAIN_MULTI_THREAD, ",
            [FLAVOUR_THREAD_PER_CORE] = "bide__main_on(BIDE__MAIN_THREAD_PER_CORE, ",
        };
        output_printf(o, "return %s&bide__desc_main, %s);\n}\n", flavours[l->unit->flavour],
                      args_literal(l));
        return;
    }
    if (result->kind == TY_VOID) {
        output_printf(o, "bide__block_on(&bide__desc_%s, %s, %s);\n", l->name, args_literal(l),
                      null_text(l->unit));
        /* it returns only when it is cancelled, and plain C must not learn of that */
        output_text(o, fn->is_noreturn ? "__builtin_trap();\n}\n" : "}\n");
        return;
    }
    const char *name = "result";
    for (int i = 0; i < fn->type->param_count; i++)
        if (strcmp(param_name(l->unit, fn, i), name) == 0)
            name = "bide__result";
    output_printf(o, "%s;\nbide__block_on(&bide__desc_%s, %s, &%s);\nreturn %s;\n}\n",
                  type_print(l->unit, result, name), l->name, args_literal(l), name, name);
}

void emit_after_body(struct lower *l, struct output *o)
{
    bool nowhere = l->unit->options->debug_locals;
    if (nowhere) /* else a breakpoint at the closing brace would be in all of these */
        output_nowhere(o, true);
    print_poll(l, o);
    bool has_release = print_release(l, o);
    if (l->fn->symbol || l->fn->is_branch)
        print_start(l, o);
    print_tables(l, o);
    print_info(l, o);
    print_descriptor(l, o, has_release);
    if (l->fn->is_main || has_wrapper(l))
        print_wrapper(l, o);
    if (nowhere)
        output_nowhere(o, false);
}

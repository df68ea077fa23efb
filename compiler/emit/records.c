/*
 * The parts of a frame, for `bide size`: a record of the frame and a record of each member, in a
 * section that no program loads. Only the target's compiler knows sizes, so the records are asm
 * statements whose operands the compiler fills in. They are in the poll function, which exists
 * whenever the descriptor does, and add no instructions to it. <bide/core.h> describes a record.
 *
 * In the form to be read, the records are calls of a macro of <bide/core.h>. The same list is kept
 * for the driver, which warns of large frames (driver/frame.c).
 */
#include "inside.h"

#include <ctype.h>
#include <string.h>

/* The text for a string of the assembler inside a string of C. A character that has a meaning in
 * one of these, in an asm template, in a macro or in pretty.c becomes an octal number. */
static char *record_text(struct arena *arena, const char *text)
{
    static const char plain[] = " _*[]().-+/:<>=$";
    char *s = arena_alloc(arena, 5 * strlen(text) + 1), *to = s;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80 && (isalnum(c) || strchr(plain, c)))
            *to++ = *text;
        else
            to += snprintf(to, 6, "\\\\%03o", c);
    }
    return s;
}

enum { OPERANDS_MAX = 30 }; /* of an asm statement, by gcc's manual */

/* The parts that all records of a frame share. */
struct frame_record {
    struct lower *l;
    const struct frame_info *info;
    const char *function, *file;
};

static uint32_t line_of(const struct frame_record *r, const struct frame_part *part)
{
    return r->l->unit->token[part->token].line;
}

static const char *type_of(const struct frame_record *r, const struct frame_part *part)
{
    return part->type ? record_text(r->l->arena, part->type) : "";
}

/* ---- the form to be read ---- */

static void print_macros(const struct frame_record *r, struct output *o)
{
    const char *name = r->l->name;
    output_printf(o, "BIDE_FRAME_RECORD(%s, \"%s\", %u);\n", name, r->file, r->info->line);
    for (uint32_t i = 0; i < r->info->parts.count; i++) {
        const struct frame_part *part = r->info->parts.item[i];
        output_printf(o, "BIDE_MEMBER_RECORD(%s, \"%s\", %u, %s, %u, \"%s\");\n", name, r->file,
                      r->info->line, part->name, line_of(r, part), type_of(r, part));
    }
}

/* ---- the form for the compiler ---- */

/* As few statements as possible: compilers count them when they decide what to inline. */

/* The template's part for one record, whose operands begin at number `operand`; operand 0 is the
 * frame's size. part NULL: the record of the frame. */
static void print_template(const struct frame_record *r, struct output *o,
                           const struct frame_part *part, unsigned operand)
{
    output_printf(
        o,
        ".4byte 1, %%c0, %u, %%c%u, %%c%u, %u\\n"
        ".asciz \\\"%s\\\"\\n.asciz \\\"%s\\\"\\n.asciz \\\"%s\\\"\\n.asciz \\\"%s\\\"\\n",
        r->info->line, operand, operand + 1, part ? line_of(r, part) : 0, r->function, r->file,
        part ? record_text(r->l->arena, part->name) : "", part ? type_of(r, part) : "");
}

static void print_operands(const struct frame_record *r, struct output *o,
                           const struct frame_part *part)
{
    const char *name = r->l->name;
    if (part)
        output_printf(o,
                      ", \"i\"(sizeof(((struct bide__frame_%s *)0)->%s)), "
                      "\"i\"(__builtin_offsetof(struct bide__frame_%s, %s))",
                      name, part->name, name, part->name);
    else
        output_printf(o, ", \"i\"(0), \"i\"(_Alignof(struct bide__frame_%s))", name);
}

/* Statements for the frame and its parts, with as many records each as operands allow. */
static void print_statements(const struct frame_record *r, struct output *o)
{
    uint32_t count = r->info->parts.count + 1, most = (OPERANDS_MAX - 1) / 2;
    struct frame_part **part = arena_alloc(r->l->arena, count * sizeof *part);
    for (uint32_t i = 1; i < count; i++)
        part[i] = r->info->parts.item[i - 1];
    for (uint32_t at = 0; at < count; at += most) {
        uint32_t end = at + most < count ? at + most : count;
        output_printf(o, "__asm__ %s(\".pushsection .bide.frames,\\\"\\\",%%%%progbits\\n",
                      r->l->unit->target.has_asm_inline ? "__inline__ " : "");
        for (uint32_t i = at; i < end; i++)
            print_template(r, o, part[i], 1 + 2 * (i - at));
        output_printf(o, ".popsection\" : : \"i\"(sizeof(struct bide__frame_%s))", r->l->name);
        for (uint32_t i = at; i < end; i++)
            print_operands(r, o, part[i]);
        output_text(o, ");\n");
    }
}

/* ---- what is in a frame ---- */

/* The type as the user would write it: a struct that has moved to file scope has another name. */
static const char *type_text(struct lower *l, struct type *type)
{
    struct type *task = type_task_result(type), *future = type_future_result(type), *t = type;
    if (task || future)
        return arena_printf(l->arena, "%s(%s)", task ? "bide_task" : "bide_future",
                            type_print(l->unit, task ? task : future, ""));
    while (!t->tag && t->base)
        t = t->base;
    if (!t->tag || !t->tag->hoisted_name)
        return type_print(l->unit, type, "");
    const char *hoisted = t->tag->hoisted_name;
    t->tag->hoisted_name = t->tag->name ? t->tag->name : "{...}";
    const char *text = type_print(l->unit, type, "");
    t->tag->hoisted_name = hoisted;
    return text;
}

static void add_part(struct lower *l, struct frame_info *info, const char *name, uint32_t token,
                     struct type *type, bool is_slot)
{
    struct frame_part *part = arena_alloc(l->arena, sizeof *part);
    part->name = name;
    part->token = token;
    part->is_slot = is_slot;
    part->type = type ? type_text(l, type) : NULL;
    list_add(l->arena, &info->parts, part);
}

/* The token of the name in the definition; symbol->token is in the first declaration. */
static uint32_t name_token(const struct unit *unit, const struct function *fn)
{
    for (uint32_t i = fn->declarator_first; fn->symbol && i <= fn->declarator_last; i++)
        if (unit->token[i].text && !strcmp(unit->token[i].text, fn->symbol->name))
            return i;
    return fn->first;
}

static struct frame_info *find_parts(struct lower *l)
{
    struct frame_info *info = arena_alloc(l->arena, sizeof *info);
    info->name = l->name;
    info->file = l->unit->token[l->fn->first].file;
    info->line = l->unit->token[l->fn->first].line;
    info->token = name_token(l->unit, l->fn);
    info->is_named = l->fn->symbol != NULL;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (v->in_frame || v->saved)
            add_part(l, info, v->member, v->token, v->is_scope ? v->frame_type : v->type, false);
    }
    for (uint32_t i = 0; i < l->slots.count; i++) {
        const struct slot *slot = l->slots.item[i];
        const struct span *use = slot->uses.count ? slot->uses.item[0] : NULL;
        add_part(l, info, slot->name, use && use->first ? use->first : info->token, slot->type,
                 true);
    }
    return info;
}

void emit_records(struct lower *l, struct output *o)
{
    struct frame_record r = {.l = l, .info = find_parts(l)};

    list_add(l->arena, &o->emitted.frames, (void *)r.info);
    if (!l->unit->target.is_elf)
        return;
    r.function = record_text(l->arena, l->name);
    r.file = record_text(l->arena, r.info->file);
    if (o->pretty)
        print_macros(&r, o);
    else
        print_statements(&r, o);
}

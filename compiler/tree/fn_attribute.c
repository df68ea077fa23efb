/*
 * Which attributes of an async function mean something for which of the functions that it becomes.
 *
 *   the blocking form     attributes about its arguments, its result, its place and its assembler
 *                         name; and all unknown attributes, which the user's compiler judges
 *   the start function    attributes that compilers check at a call
 *   the body              attributes about the code
 *   bide itself           deprecated, unavailable, warn_unused_result: reported at the user's call
 *
 * The start function returns before the await does, so no promise about the result (malloc,
 * returns_nonnull, noreturn...) goes there. Attributes that make a function start and end by itself
 * (constructor, naked), or stand for another function (alias), are refused.
 */
#include "inside.h"

#include <string.h>

static const struct {
    const char *name;
    uint8_t where;
} table[] = {
    {"access", FN_ON_WRAPPER},
    {"alias", FN_REFUSED},
    {"alloc_align", FN_ON_WRAPPER},
    {"alloc_size", FN_ON_WRAPPER},
    {"always_inline", FN_ON_BODY},
    {"assume_aligned", FN_ON_WRAPPER},
    {"cold", FN_ON_BODY},
    {"const", FN_NOWHERE},
    {"constructor", FN_REFUSED},
    {"deprecated", FN_OURS},
    {"destructor", FN_REFUSED},
    {"error", FN_ON_START},
    {"flatten", FN_ON_BODY},
    {"format", FN_ON_WRAPPER | FN_ON_START},
    {"format_arg", FN_ON_WRAPPER},
    {"gnu_inline", FN_NOWHERE},
    {"hot", FN_ON_BODY},
    {"ifunc", FN_REFUSED},
    {"interrupt", FN_REFUSED},
    {"leaf", FN_NOWHERE},
    {"malloc", FN_ON_WRAPPER},
    {"minsize", FN_ON_BODY},
    {"naked", FN_REFUSED},
    {"no_instrument_function", FN_ON_BODY},
    {"no_profile_instrument_function", FN_ON_BODY},
    {"no_sanitize", FN_ON_BODY},
    {"no_sanitize_address", FN_ON_BODY},
    {"no_sanitize_thread", FN_ON_BODY},
    {"no_sanitize_undefined", FN_ON_BODY},
    {"no_stack_protector", FN_ON_BODY},
    {"noclone", FN_ON_BODY},
    {"noinline", FN_ON_BODY},
    {"noipa", FN_ON_BODY},
    {"nonnull", FN_ON_WRAPPER | FN_ON_START},
    {"noreturn", FN_NOWHERE},
    {"nothrow", FN_NOWHERE},
    {"optimize", FN_ON_BODY},
    {"optnone", FN_ON_BODY},
    {"overloadable", FN_NOWHERE},
    {"pure", FN_NOWHERE},
    {"returns_nonnull", FN_ON_WRAPPER},
    {"returns_twice", FN_REFUSED},
    {"section", FN_ON_WRAPPER | FN_ON_BODY},
    {"stack_protect", FN_ON_BODY},
    {"target", FN_ON_BODY},
    {"target_clones", FN_REFUSED},
    {"unavailable", FN_OURS},
    {"unused", FN_NOWHERE},
    {"maybe_unused", FN_NOWHERE},
    {"nodiscard", FN_OURS},
    {"visibility", FN_NOWHERE}, /* the emitter obeys it: see linkage */
    {"warn_unused_result", FN_OURS},
    {"warning", FN_ON_START},
    {"weak", FN_NOWHERE},
    {"weakref", FN_REFUSED},
    {"zero_call_used_regs", FN_ON_BODY},
};

unsigned fn_attribute_places(const struct token *t)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (attribute_is(t, table[i].name))
            return table[i].where;
    return FN_ON_WRAPPER;
}

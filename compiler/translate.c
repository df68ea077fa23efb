/*
 * The order of the rooms, from text to plain C.
 */
#include "compiler/translate.h"

#include "compiler/check/check.h"
#include "compiler/emit/emit.h"
#include "compiler/parse/parse.h"
#include "compiler/warn/warn.h"

enum translate_outcome translate(struct unit *unit, FILE *out, struct emitted *emitted)
{
    lex(unit);
    parse(unit);
    if (!unit->parse_failed)
        check(unit); /* may set parse_failed too */
    if (unit->parse_failed)
        return TRANSLATE_GAVE_UP;
    if (!unit->error_count)
        warn(unit);
    if (unit->error_count) /* also by -Werror */
        return TRANSLATE_MISTAKES;
    emit(unit, out, emitted);
    return unit->error_count ? TRANSLATE_MISTAKES : TRANSLATE_DONE;
}

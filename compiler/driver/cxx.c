/*
 * C++ files. Async functions are for C: in a file that is compiled as C++ the words are macros of
 * the plain reading, and the compiler's errors about them help nobody. So bide itself reports a C++
 * file that defines an async function. Files that only call bide's functions go to the compiler.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <string.h>

/* Goes past white space and comments. */
static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end) {
        if (isspace((unsigned char)*p))
            p++;
        else if (p + 1 < end && *p == '/' && (p[1] == '*' || p[1] == '/'))
            p = comment_end(p, end);
        else
            break;
    }
    return p;
}

/* After `async`: do a type, a name, parentheses and a body follow? */
static bool is_definition(const char *p, const char *end)
{
    bool has_parameters = false;
    int depth = 0;
    p = skip_blanks(p, end);
    if (p == end || !is_word_char(*p))
        return false;
    for (; p < end; p = skip_blanks(p + 1, end)) {
        depth += (*p == '(') - (*p == ')');
        has_parameters |= *p == ')';
        if (depth == 0 && (*p == '{' || *p == ';' || *p == '='))
            return *p == '{' && has_parameters;
    }
    return false;
}

static bool defines_async(const struct buffer *text)
{
    const char *p = text->data, *end = p + text->length;
    while ((p = skip_blanks(p, end)) < end) {
        const char *word = p;
        if (*p == '"' || *p == '\'') {
            p = quoted_end(p, end);
            continue;
        }
        while (p < end && is_word_char(*p))
            p++;
        size_t length = (size_t)(p - word);
        bool is_async = (length == 5 && !memcmp(word, "async", 5)) ||
                        (length == 10 && !memcmp(word, "bide_async", 10));
        if (is_async && is_definition(p, end))
            return true;
        p += length == 0;
    }
    return false;
}

static bool file_defines_async(const char *path)
{
    struct buffer text = {0};
    bool defines = buffer_read_file(&text, path) == 0 && text.length &&
                   memmem(text.data, text.length, "bide/", 5) && defines_async(&text);
    buffer_free(&text);
    return defines;
}

bool cxx_is_refused(const struct command *cmd)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind != ARG_INPUT || a->language != LANG_CXX || !strcmp(a->value, "-") ||
            !file_defines_async(a->value))
            continue;
        diag_plain(SEV_ERROR, "'%s' has async functions, which are for C, and is compiled as C++",
                   a->value);
        if (cmd->cxx)
            diag_plain(SEV_NOTE,
                       "'%s' compiles all files as C++; use a C compiler, as in: bide cc "
                       "gcc",
                       (const char *)cmd->compiler.item[cmd->compiler.count - 1]);
        return true;
    }
    return false;
}

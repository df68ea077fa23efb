/*
 * Names of files.
 */
#include "compiler/base/base.h"

#include <string.h>

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *with_suffix(struct arena *arena, const char *path, const char *suffix)
{
    const char *dot = strrchr(base_name(path), '.');
    int stem = dot && dot != base_name(path) ? (int)(dot - path) : (int)strlen(path);
    return arena_printf(arena, "%.*s%s", stem, path, suffix);
}

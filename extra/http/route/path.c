/*
 * path.c: the parameters of a path, as values.
 */
#include "extra/http/exchange/typed.h"
#include "extra/http/route/route.h"

int bide_http_path_text(bide_http_exchange *x, const char *name, const char **value)
{
    size_t size;
    const char *text = bide__http_route_value(x, name, &size);

    if (text == NULL)
        return bide__http_misused(x, "the route has no parameter '%.80s'", name);
    return bide__http_decode(x, name, text, size, false, value);
}

BIDE__HTTP_TYPED_ALL(path)

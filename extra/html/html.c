/*
 * html.c: the public call that parses. A small page is parsed here and now: to give it to another
 * thread would take longer.
 */
#include "internal.h"

#include "lib/async.h"

bide_async int bide_html_parse(const void *data, size_t size, const bide_html_options *options,
                               bide_html_failure *failure, bide_html **html)
{
    struct bide__html_work work = {.data = data, .size = size};
    *html = NULL;
    int rc = bide__html_begin(&work, options);
    if (rc == 0 && size > BIDE__HTML_INLINE) {
        rc = bide_await bide__html_run(&work);
    } else if (rc == 0) {
        bide_await bide__turn();
        bide__html_do(&work);
        rc = work.result;
    }
    if (rc == 0)
        *html = work.html;
    else if (failure != NULL)
        *failure = work.failure;
    return rc;
}

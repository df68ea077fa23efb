/* Zero is good in every member of the options of bide/html.h. */
#include <bide/bide.h>
#include <bide/html.h>

#include <string.h>

#include "check.h"

TEST(options_of_zeroes)
{
    bide_html_options options;
    bide_html *html;

    memset(&options, 0, sizeof(options));
    CHECK_EQ(bide_block_on(bide_html_parse("a", 1, &options, NULL, &html)), 0);
    CHECK_STR(bide_html_name(bide_html_root(html)), "html");
    bide_html_free(html);
}

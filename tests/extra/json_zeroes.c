/* Zero is good in every member of the options of bide/json.h. */
#include <bide/json.h>

#include <string.h>

#include "check.h"

TEST(options_of_zeroes)
{
    bide_json_options options;
    bide_json_writer_options layout;
    bide_json *j;
    bide_json_writer *w;

    memset(&options, 0, sizeof(options));
    memset(&layout, 0, sizeof(layout));
    CHECK_EQ(bide_json_parse("[1, 2]", 6, &options, NULL, &j), 0);
    CHECK_EQ(bide_json_dump(j, &layout, &w), 0);
    CHECK_STR(bide_json_writer_data(w, NULL), "[1,2]");
    bide_json_writer_free(w);
    bide_json_free(j);
}

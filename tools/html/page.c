/*
 * fuzz: sources extra/html runtime/door
 *
 * Pages: parsing, the tree, text and HTML again; tests/extra/html_law.h says what holds of any of
 * them.
 */
#include "tests/extra/html_law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)html_law_selector;
    html_law_page(data, size);
    return 0;
}

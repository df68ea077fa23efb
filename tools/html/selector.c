/*
 * fuzz: sources extra/html runtime/door
 *
 * Selectors: compiled, and matched as tests/extra/html_law.h does it by trying all ways.
 */
#include "tests/extra/html_law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)html_law_page;
    html_law_selector(data, size);
    return 0;
}

/*
 * fuzz: sources extra/json
 * fuzz: libraries bide-json
 * fuzz: flags -ljansson -lm
 *
 * JSON: parsing, writing, paths and formats; tests/extra/json_law.h says what holds of any input.
 */
#include "tests/extra/json_law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_law(data, size);
    return 0;
}

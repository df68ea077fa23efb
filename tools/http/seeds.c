/*
 * Writes the cases of a table (tests/http/table.h) as files, for the fuzzer.
 *
 *   seeds FOLDER KIND TABLE...      KIND: heads, chunks
 */
#include "tests/http/table.h"

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    bool chunks = strcmp(argv[2], "chunks") == 0;
    for (int i = 3; i < argc; i++) {
        struct table t = table_read(argv[i]);
        for (size_t k = 0; k < t.count; k++) {
            const struct table_case *c = &t.cases[k];
            char path[4096];
            if ((strcmp(c->kind, "chunks") == 0) != chunks)
                continue;
            snprintf(path, sizeof path, "%s/table-%d-%03zu", argv[1], i - 2, k);
            FILE *out = fopen(path, "we");
            if (out == NULL || fwrite(c->bytes, 1, c->size, out) != c->size || fclose(out) != 0)
                table_die(path, "cannot be written");
        }
        table_free(&t);
    }
    return 0;
}

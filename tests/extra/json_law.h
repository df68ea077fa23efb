/*
 * json_law.h: what holds of bide/json.h for any bytes. tests/extra/json_random.c and the fuzzer
 * give it theirs.
 *
 *   - It takes what jansson takes, but for the limits and zero bytes outside of texts, and makes
 *     the same tree of it; it takes nothing else.
 *   - What it takes is written, in each layout, as a text that makes an equal tree.
 *   - A text is written and read back as it was, if it is UTF-8, and refused otherwise.
 *   - A path and a format are refused or work.
 *
 * It ends the program by abort() when one of these is broken.
 */
#ifndef BIDE_TESTS_JSON_LAW_H
#define BIDE_TESTS_JSON_LAW_H

#include <bide/json.h>

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAW(condition)                                                              \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* Written and read again, it is the same. */
static void law_written(const bide_json *j, const bide_json_options *options)
{
    static const bide_json_writer_options layouts[] = {
        {.depth_max = 2000},
        {.depth_max = 2000, .indent = 3},
        {.depth_max = 2000, .ascii = true, .sorted = true, .lines = true},
    };
    bide_json_options all = *options;
    all.depth_max = 2000;
    all.values_max = SIZE_MAX;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        bide_json_writer *w;
        bide_json *again;
        size_t size;
        LAW(bide_json_dump(j, &layouts[i], &w) == 0);
        const char *text = bide_json_writer_data(w, &size);
        LAW(bide_json_parse(text, size, &all, NULL, &again) == 0);
        LAW(bide_json_equal(j, again));
        bide_json_free(again);
        bide_json_writer_free(w);
    }
}

static bool law_has_zero_outside(const char *text, size_t size)
{
    bool inside = false;
    for (size_t i = 0; i < size; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (text[i] == 0 && !inside)
            return true;
    }
    return false;
}

static void law_parse(const char *text, size_t size, const bide_json_options *options)
{
    json_error_t e;
    bide_json *j;
    bide_json_failure why = {0};
    size_t flags = JSON_DECODE_ANY | (options->unique_keys ? JSON_REJECT_DUPLICATES : 0) |
                   (options->nul ? JSON_ALLOW_NUL : 0);
    json_t *reference = json_loadb(text, size, flags, &e);
    int rc = bide_json_parse(text, size, options, &why, &j);
    LAW(rc == 0 || rc == -EBADMSG || rc == -EMSGSIZE);
    LAW((rc == 0) == (j != NULL));
    LAW(rc == 0 || (why.error == rc && why.text[0] != 0 && why.position <= size));
    if (rc == 0) {
        LAW(reference != NULL && json_equal(reference, (json_t *)(void *)j));
        law_written(j, options);
    } else {
        LAW(reference == NULL || rc == -EMSGSIZE || law_has_zero_outside(text, size));
    }
    bide_json_free(j);
    json_decref(reference);
}

static void law_text(const char *text, size_t size)
{
    bide_json_writer *w;
    bide_json *j;
    const char *back;
    size_t written, length;
    LAW(bide_json_writer_new(NULL, &w) == 0);
    json_t *reference = json_stringn(text, size);
    int rc = bide_json_writer_text_sized(w, text, size);
    LAW(rc == (reference != NULL ? 0 : -EILSEQ));
    if (rc == 0) {
        const char *data = bide_json_writer_data(w, &written);
        LAW(bide_json_parse(data, written, &(bide_json_options){.nul = true}, NULL, &j) == 0);
        LAW(bide_json_get_text(j, NULL, &back, &length) == 0);
        LAW(length == size && memcmp(back, text, size) == 0);
        bide_json_free(j);
    }
    json_decref(reference);
    bide_json_writer_free(w);
}

static void law_path(const char *text, size_t size)
{
    char path[100];
    bide_json *j;
    int64_t n;
    size = size < sizeof path - 1 ? size : sizeof path - 1;
    memcpy(path, text, size);
    path[size] = 0;
    LAW(bide_json_pack(&j, NULL, "{'a':{'b':[i,[]]},'':n,'c.d':i}", 1, 2) == 0);
    int rc = bide_json_get_i64(j, path, &n);
    LAW(rc == 0 || rc == -ENODATA || rc == -EBADMSG || rc == -EINVAL);
    LAW((bide_json_get(j, path) != NULL) || rc != 0);
    int set = bide_json_set_i64(j, path, 7);
    if (set == 0 && strstr(path, "[]") == NULL) {
        LAW(bide_json_get_i64(j, path, &n) == 0 && n == 7);
        LAW(bide_json_remove(j, path) == 0);
    } else {
        LAW(set == 0 || set == -EBADMSG || set == -EINVAL || set == -EILSEQ);
        rc = bide_json_remove(j, path);
        LAW(rc == 0 || rc == -ENODATA || rc == -EINVAL);
    }
    bide_json_free(j);
}

/* The letters that take no argument. */
static void law_format(const char *text, size_t size)
{
    static const char letters[] = "{}[]n':, x";
    char format[64];
    bide_json *j;
    bide_json_failure why = {0};
    size = size < sizeof format - 1 ? size : sizeof format - 1;
    for (size_t i = 0; i < size; i++)
        format[i] = letters[(unsigned char)text[i] % (sizeof letters - 1)];
    format[size] = 0;
    int rc = bide_json_pack(&j, &why, format);
    LAW(rc == 0 || (rc == -EINVAL && why.position <= size));
    bide_json_free(j);
}

static void json_law(const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    const char *text = (const char *)data + 1;
    const bide_json_options options = {
        .unique_keys = (data[0] & 1) != 0,
        .nul = (data[0] & 2) != 0,
        .depth_max = (data[0] & 4) != 0 ? 5 : 0,
        .values_max = (data[0] & 8) != 0 ? 20 : 0,
    };
    law_parse(text, size - 1, &options);
    law_text(text, size - 1);
    law_path(text, size - 1);
    law_format(text, size - 1);
}

#endif

/*
 * bench/json.c: JSON beside jansson alone: a small answer, a list of 100 records, doubles, a text
 * without escapes; as a tree that is made and dumped, as a dump of a tree, by the writer. And
 * parsing.
 *
 *   json [--tsv] [PART OF A NAME]
 */
#include "common/measure.h"

#include <bide/json.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc)
{
    if (rc != 0)
        abort();
}

/* Where jansson's text goes: memory that is there, as the writer's is. */
static char buffer[1 << 20];

static void dump(const json_t *j)
{
    if (json_dumpb(j, buffer, sizeof buffer, JSON_COMPACT) > sizeof buffer)
        abort();
}

static bide_json_writer *writer(void)
{
    static bide_json_writer *w;
    if (w == NULL)
        check(bide_json_writer_new(NULL, &w));
    bide_json_writer_reset(w);
    return w;
}

/* ---- {"id":7,"name":"ada lovelace","active":true} ---- */

static void small_jansson(long n)
{
    for (long i = 0; i < n; i++) {
        json_t *j =
            json_pack("{s:I, s:s, s:b}", "id", (json_int_t)i, "name", "ada lovelace", "active", 1);
        dump(j);
        json_decref(j);
    }
}

static void small_pack(long n)
{
    for (long i = 0; i < n; i++)
        check(bide_json_writer_pack(writer(), "{s:I, s:s, s:b}", "id", (int64_t)i, "name",
                                    "ada lovelace", "active", 1));
}

static void small_calls(long n)
{
    for (long i = 0; i < n; i++) {
        bide_json_writer *w = writer();
        bide_json_writer_begin_object(w);
        bide_json_writer_key(w, "id");
        bide_json_writer_i64(w, i);
        bide_json_writer_key(w, "name");
        bide_json_writer_text(w, "ada lovelace");
        bide_json_writer_key(w, "active");
        bide_json_writer_bool(w, true);
        bide_json_writer_end(w);
        check(bide_json_writer_finish(w));
    }
}

/* ---- 100 records of that kind, with a double ---- */

static bide_json *records(void)
{
    static bide_json *j;
    if (j != NULL)
        return j;
    check(bide_json_pack(&j, NULL, "[]"));
    for (int i = 0; i < 100; i++) {
        bide_json *record;
        check(bide_json_pack(&record, NULL, "{s:i, s:s, s:b, s:f}", "id", i, "name", "ada lovelace",
                             "active", i % 2, "score", i * 1.25));
        check(bide_json_set(j, "[]", record));
    }
    return j;
}

static void dump_jansson(long n)
{
    const json_t *j = (const json_t *)(const void *)records();
    for (long i = 0; i < n; i++)
        dump(j);
}

static void dump_ours(long n)
{
    const bide_json *j = records();
    for (long i = 0; i < n; i++)
        check(bide_json_writer_json(writer(), j));
}

static void list_jansson(long n)
{
    for (long i = 0; i < n; i++) {
        json_t *j = json_array();
        for (int k = 0; k < 100; k++)
            json_array_append_new(j, json_pack("{s:i, s:s, s:b, s:f}", "id", k, "name",
                                               "ada lovelace", "active", k % 2, "score", k * 1.25));
        dump(j);
        json_decref(j);
    }
}

static void list_ours(long n)
{
    for (long i = 0; i < n; i++) {
        bide_json_writer *w = writer();
        bide_json_writer_begin_array(w);
        for (int k = 0; k < 100; k++)
            bide_json_writer_pack(w, "{s:i, s:s, s:b, s:f}", "id", k, "name", "ada lovelace",
                                  "active", k % 2, "score", k * 1.25);
        bide_json_writer_end(w);
        check(bide_json_writer_finish(w));
    }
}

/* ---- doubles, of 17 digits and of few ---- */

static void doubles_jansson(long n)
{
    json_t *j = json_real(1.0 / 3);
    for (long i = 0; i < n; i++) {
        json_real_set(j, (double)(i + 1) / 3);
        if (json_dumpb(j, buffer, sizeof buffer, JSON_ENCODE_ANY) == 0)
            abort();
    }
    json_decref(j);
}

static void doubles_long(long n)
{
    for (long i = 0; i < n; i++)
        check(bide_json_writer_double(writer(), (double)(i + 1) / 3));
}

static void doubles_short(long n)
{
    for (long i = 0; i < n; i++)
        check(bide_json_writer_double(writer(), (double)(i + 1) / 100));
}

/* ---- a text of 10,000 bytes ---- */

static char *text(void)
{
    static char s[10001];
    memset(s, 'x', 10000);
    return s;
}

static void text_jansson(long n)
{
    json_t *j = json_string(text());
    for (long i = 0; i < n; i++)
        if (json_dumpb(j, buffer, sizeof buffer, JSON_ENCODE_ANY) == 0)
            abort();
    json_decref(j);
}

static void text_ours(long n)
{
    const char *s = text();
    for (long i = 0; i < n; i++)
        check(bide_json_writer_text_sized(writer(), s, 10000));
}

/* ---- parsing the 100 records ---- */

static size_t records_text(void)
{
    return json_dumpb((const json_t *)(const void *)records(), buffer, sizeof buffer, JSON_COMPACT);
}

static void parse_jansson(long n)
{
    size_t size = records_text();
    for (long i = 0; i < n; i++)
        json_decref(json_loadb(buffer, size, JSON_DECODE_ANY, NULL));
}

static void parse_ours(long n)
{
    size_t size = records_text();
    for (long i = 0; i < n; i++) {
        bide_json *j;
        check(bide_json_parse(buffer, size, NULL, NULL, &j));
        bide_json_free(j);
    }
}

static const struct workload workloads[] = {
    {"small: jansson, pack and dump", small_jansson, 200000, CPU_TIME, NULL},
    {"small: writer, pack", small_pack, 200000, CPU_TIME, "small: jansson, pack and dump"},
    {"small: writer, calls", small_calls, 200000, CPU_TIME, "small: jansson, pack and dump"},
    {"list: jansson, pack and dump", list_jansson, 2000, CPU_TIME, NULL},
    {"list: writer, pack", list_ours, 2000, CPU_TIME, "list: jansson, pack and dump"},
    {"dump: jansson", dump_jansson, 4000, CPU_TIME, NULL},
    {"dump: a tree by the writer", dump_ours, 4000, CPU_TIME, "dump: jansson"},
    {"doubles, 17 digits: jansson", doubles_jansson, 200000, CPU_TIME, NULL},
    {"doubles, 17 digits: writer", doubles_long, 200000, CPU_TIME, "doubles, 17 digits: jansson"},
    {"doubles, few digits: writer", doubles_short, 200000, CPU_TIME, "doubles, 17 digits: jansson"},
    {"text of 10 kB: jansson", text_jansson, 20000, CPU_TIME, NULL},
    {"text of 10 kB: writer", text_ours, 20000, CPU_TIME, "text of 10 kB: jansson"},
    {"parse: jansson", parse_jansson, 2000, CPU_TIME, NULL},
    {"parse: with our limits", parse_ours, 2000, CPU_TIME, "parse: jansson"},
};

int main(int argc, char **argv)
{
    return measure(workloads, sizeof workloads / sizeof *workloads, argc, argv);
}

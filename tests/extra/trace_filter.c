/*
 * Filters of bide/trace.h: a table of filters, each with callsites that it lets through or not, and
 * one of texts that are no filters, with the places where they are wrong.
 */
#include <bide/testing.h>
#include <bide/trace.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "extra/trace/internal.h"

struct row {
    const char *filter, *target;
    int level;
    const char *span;      /* around it, or NULL; */
    bide_field span_field; /* with this field */
    bide_field field;      /* of the event */
    bool passes;
};

#define NONE                    \
    {                           \
        .kind = BIDE_FIELD_NONE \
    }
#define INT(name_, i_)                                       \
    {                                                        \
        .name = name_, .kind = BIDE_FIELD_INT, .value.i = i_ \
    }
#define TEXT(name_, text_)                                                                    \
    {                                                                                         \
        .name = name_, .kind = BIDE_FIELD_TEXT, .size = sizeof text_ - 1, .value.text = text_ \
    }
#define BOOLEAN(name_, b_)                                    \
    {                                                         \
        .name = name_, .kind = BIDE_FIELD_BOOL, .value.b = b_ \
    }

static const struct row rows[] = {
    /* levels */
    {"", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {" , ,", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"off", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"error", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, true},
    {"error", "app", BIDE_TRACE_WARN, NULL, NONE, NONE, false},
    {"warn", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, true},
    {"warn", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, false},
    {"info", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, true},
    {"debug", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"debug", "app", BIDE_TRACE_TRACE, NULL, NONE, NONE, false},
    {"trace", "app", BIDE_TRACE_TRACE, NULL, NONE, NONE, true},
    {"TRACE", "app", BIDE_TRACE_TRACE, NULL, NONE, NONE, true},
    {"Warn", "app", BIDE_TRACE_WARN, NULL, NONE, NONE, true},
    {"0", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"3", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, true},
    {"3", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, false},
    {" info ", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, true},
    {"info,debug", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"debug,info", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, false},
    /* targets */
    {"net=debug", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug", "net", BIDE_TRACE_TRACE, NULL, NONE, NONE, false},
    {"net=debug", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net=debug", "network", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net=debug", "ne", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net=debug", "net.http", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug", "net/tcp", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug", "net::udp", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug", "app.net", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net", "net", BIDE_TRACE_TRACE, NULL, NONE, NONE, true},
    {"net", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"warn,net=debug", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"warn,net=debug", "app", BIDE_TRACE_WARN, NULL, NONE, NONE, true},
    {"warn,net=debug", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, false},
    {"net=debug,warn", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug,net.http=off", "net.http", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net.http=off,net=debug", "net.http", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net=off,net.http=info", "net.http.h2", BIDE_TRACE_INFO, NULL, NONE, NONE, true},
    {"net=off,net.http=info", "net.tls", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"trace,net=off", "net", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"net = debug , app = info", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"net=debug,net=info", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, false},
    {"net=4", "net", BIDE_TRACE_DEBUG, NULL, NONE, NONE, true},
    {"Net=debug", "net", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    /* fields of the event */
    {"app[user=7]=trace", "app", BIDE_TRACE_TRACE, NULL, NONE, INT("user", 7), true},
    {"app[user=7]=trace", "app", BIDE_TRACE_ERROR, NULL, NONE, INT("user", 8), false},
    {"app[user=7]=trace", "app", BIDE_TRACE_ERROR, NULL, NONE, INT("id", 7), false},
    {"app[user=7]=trace", "app", BIDE_TRACE_ERROR, NULL, NONE, NONE, false},
    {"app[user=7]=trace", "net", BIDE_TRACE_ERROR, NULL, NONE, INT("user", 7), false},
    {"[user=7]=trace", "net", BIDE_TRACE_TRACE, NULL, NONE, INT("user", 7), true},
    {"[user=7]=debug", "net", BIDE_TRACE_TRACE, NULL, NONE, INT("user", 7), false},
    {"[user=7]", "net", BIDE_TRACE_TRACE, NULL, NONE, INT("user", 7), true},
    {"[user=bob]=info", "app", BIDE_TRACE_INFO, NULL, NONE, TEXT("user", "bob"), true},
    {"[user=\"bob\"]=info", "app", BIDE_TRACE_INFO, NULL, NONE, TEXT("user", "bob"), true},
    {"[user=\"a,b]c\"]=info", "app", BIDE_TRACE_INFO, NULL, NONE, TEXT("user", "a,b]c"), true},
    {"[user=bo]=info", "app", BIDE_TRACE_INFO, NULL, NONE, TEXT("user", "bob"), false},
    {"[ok=true]=info", "app", BIDE_TRACE_INFO, NULL, NONE, BOOLEAN("ok", true), true},
    {"[ok=true]=info", "app", BIDE_TRACE_INFO, NULL, NONE, BOOLEAN("ok", false), false},
    {"[{user}]=info", "app", BIDE_TRACE_INFO, NULL, NONE, INT("user", 1), true},
    {"[{user}]=info", "app", BIDE_TRACE_INFO, NULL, NONE, INT("other", 1), false},
    {"info,app[user=7]=trace", "app", BIDE_TRACE_INFO, NULL, NONE, NONE, true},
    {"info,app[user=7]=trace", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, false},
    {"app=off,app[user=7]=trace", "app", BIDE_TRACE_DEBUG, NULL, NONE, INT("user", 7), true},
    /* spans around it */
    {"[user=7]=debug", "app", BIDE_TRACE_DEBUG, "request", INT("user", 7), NONE, true},
    {"[user=7]=debug", "app", BIDE_TRACE_DEBUG, "request", INT("user", 6), NONE, false},
    {"app[request]=debug", "app", BIDE_TRACE_DEBUG, "request", NONE, NONE, true},
    {"app[request]=debug", "app", BIDE_TRACE_DEBUG, "query", NONE, NONE, false},
    {"app[request]=debug", "app", BIDE_TRACE_DEBUG, NULL, NONE, NONE, false},
    {"app[request]=debug", "net", BIDE_TRACE_DEBUG, "request", NONE, NONE, false},
    {"[request{user=7}]=debug", "app", BIDE_TRACE_DEBUG, "request", INT("user", 7), NONE, true},
    {"[request{user=7}]=debug", "app", BIDE_TRACE_DEBUG, "query", INT("user", 7), NONE, false},
    {"[request{user=7}]=debug", "app", BIDE_TRACE_DEBUG, "request", INT("user", 1), NONE, false},
    {"[request{user}]=debug", "app", BIDE_TRACE_DEBUG, "request", INT("user", 1), NONE, true},
    {"[request{user=7}]=debug", "app", BIDE_TRACE_DEBUG, "request", NONE, INT("user", 7), false},
    {"[a=1,b=2]=debug", "app", BIDE_TRACE_DEBUG, "s", INT("a", 1), INT("b", 2), false},
    {"[a=1],[b=2]", "app", BIDE_TRACE_DEBUG, NULL, NONE, INT("b", 2), true},
};

static bool passes(const struct row *row)
{
    struct bide__callsite site = {.name = "event",
                                  .target = row->target,
                                  .target_size = (uint32_t)strlen(row->target),
                                  .level = (uint8_t)row->level};
    const struct bide__callsite span_site = {
        .name = row->span, .target = "app", .target_size = 3, .level = 3, .is_span = true};
    _Alignas(16) char memory[sizeof(struct bide__field_block) + 2 * sizeof(bide_field)];
    struct bide__field_block *block = (void *)memory;
    bide_trace_span span = {.site = &span_site};
    const bide_field fields[] = {row->field, {.kind = BIDE_FIELD_NONE}};
    struct bide__filter *filter;
    size_t place;

    *block = (struct bide__field_block){.count = row->span_field.kind != BIDE_FIELD_NONE};
    block->field[0] = row->span_field;
    span.first = block;
    atomic_init(&span.fields, block);
    CHECK_EQ(bide__filter_new(row->filter, &filter, &place), 0);
    enum bide__verdict verdict = bide__filter_site(filter, &site);
    bool r = verdict == BIDE__FILTER_YES ||
             (verdict == BIDE__FILTER_ASK &&
              bide__filter_ask(filter, &site, fields, row->span != NULL ? &span : NULL));
    bide__filter_free(filter);
    return r;
}

TEST(what_passes)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (passes(&rows[i]) == rows[i].passes)
            continue;
        fprintf(stderr, "row %zu: filter '%s', target '%s', level %d\n", i, rows[i].filter,
                rows[i].target, rows[i].level);
        CHECK(false);
    }
    CHECK(sizeof rows / sizeof rows[0] >= 60);
}

static const struct {
    const char *filter;
    size_t place;
} wrong[] = {
    {"net=", 4},         {"net=loud", 4},  {"net=6", 4},     {"info,net=", 9},    {"=info", 0},
    {"net[", 3},         {"net[x", 3},     {"a b", 0},       {"net[]", 4},        {"net[{]", 4},
    {"net[{}]", 5},      {"net[=7]", 4},   {"net[a{b]", 5},  {"net[a]x=info", 6}, {"[a{b,}]", 5},
    {"\"net\"=info", 0}, {"ne}t=info", 0}, {"net==info", 4},
};

TEST(what_is_no_filter)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        size_t place = 1000;
        int r = bide_trace_filter_check(wrong[i].filter, &place);
        if (r == -EINVAL && place == wrong[i].place)
            continue;
        fprintf(stderr, "'%s': %d at %zu\n", wrong[i].filter, r, place);
        CHECK(false); /* it was taken for a filter, or is wrong elsewhere */
    }
    CHECK_EQ(bide_trace_filter_check("info", NULL), 0);
    CHECK_EQ(bide_trace_filter_check("x=", NULL), -EINVAL);
}

TEST(too_much)
{
    static char text[20000];
    for (int i = 0; i < 2000; i++)
        strcat(text, "a=info,");
    CHECK_EQ(bide_trace_filter_check(text, NULL), -EINVAL);
    CHECK_EQ(bide_trace_filter_check("[a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1]", NULL), -EINVAL);
    CHECK_EQ(bide_trace_filter_check("[a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1]", NULL), 0);
}

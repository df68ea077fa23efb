/*
 * condition.c: preconditions; condition.h specifies them.
 *
 * A date with which a field cannot be read is passed over, as the RFC asks; a list of tags that
 * cannot be read matches nothing.
 */
#include "extra/http/layer/condition.h"

#include "extra/http/message/date.h"

/* ---- tags ---- */

struct tag {
    const char *text; /* with the quotes */
    size_t size;
    bool is_weak;
};

/* entity-tag. What is in the quotes has no escapes. */
static bool take_tag(const char **s, size_t *size, struct tag *tag)
{
    const char *at = *s;
    size_t left = *size;

    tag->is_weak = left >= 2 && at[0] == 'W' && at[1] == '/';
    at += 2 * tag->is_weak;
    left -= 2 * tag->is_weak;
    if (left < 2 || at[0] != '"')
        return false;
    const char *end = memchr(at + 1, '"', left - 1);
    if (end == NULL)
        return false;
    tag->text = at;
    tag->size = (size_t)(end - at) + 1;
    *size = left - tag->size;
    *s = end + 1;
    return true;
}

static bool same_tag(const struct tag *a, const struct tag *b, bool is_strong)
{
    if (is_strong && (a->is_weak || b->is_weak))
        return false;
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static void skip(const char **s, size_t *size, const char *bytes)
{
    while (*size > 0 && strchr(bytes, **s) != NULL && **s != '\0') {
        ++*s;
        --*size;
    }
}

int bide__http_tag_in(const char *list, size_t size, const char *tag, bool is_strong)
{
    const char *own_text = tag;
    size_t own_size = tag != NULL ? strlen(tag) : 0;
    struct tag own, other;
    bool has_own = tag != NULL && take_tag(&own_text, &own_size, &own);

    for (skip(&list, &size, " \t,"); size > 0; skip(&list, &size, " \t,")) {
        if (!take_tag(&list, &size, &other))
            return -1;
        if (has_own && same_tag(&own, &other, is_strong))
            return 1;
        skip(&list, &size, " \t");
        if (size > 0 && *list != ',')
            return -1;
    }
    return 0;
}

/* ---- fields ---- */

static const struct bide__http_field *field_of(const bide_http_exchange *x,
                                               enum bide__http_name name)
{
    return bide__http_fields_known(&x->request.fields, name);
}

/* One of the lines has the tag, or is a star, which stands for whatever there is. */
static bool lists_tag(const bide_http_exchange *x, enum bide__http_name name,
                      const struct validators *v, bool is_strong)
{
    const struct bide__http_fields *f = &x->request.fields;

    for (uint32_t i = 0; i < f->count; i++) {
        if (f->list[i].known != name)
            continue;
        const char *value = bide__http_field_value(f, &f->list[i]);
        size_t size = f->list[i].value_size;
        if ((size == 1 && *value == '*') || bide__http_tag_in(value, size, v->etag, is_strong) > 0)
            return true;
    }
    return false;
}

/* The date of a field that is there once. */
static bool date_of(const bide_http_exchange *x, enum bide__http_name name,
                    const struct validators *v, int64_t *seconds)
{
    const struct bide__http_fields *f = &x->request.fields;
    unsigned count = 0;

    for (uint32_t i = 0; i < f->count; i++)
        count += f->list[i].known == name;
    const struct bide__http_field *field = field_of(x, name);
    return count == 1 && v->modified_s >= 0 &&
           bide__http_date_parse(bide__http_field_value(f, field), field->value_size, v->now_s,
                                 seconds) == 0;
}

static bool is_read(const bide_http_exchange *x)
{
    return x->request.method == BIDE__METHOD_GET || x->request.method == BIDE__METHOD_HEAD;
}

enum condition bide__http_condition(const bide_http_exchange *x, const struct validators *v)
{
    int64_t date;

    if (field_of(x, BIDE__FIELD_IF_MATCH) != NULL) {
        if (!lists_tag(x, BIDE__FIELD_IF_MATCH, v, true))
            return CONDITION_FAILED;
    } else if (date_of(x, BIDE__FIELD_IF_UNMODIFIED_SINCE, v, &date) && v->modified_s > date) {
        return CONDITION_FAILED;
    }
    if (field_of(x, BIDE__FIELD_IF_NONE_MATCH) != NULL) {
        if (!lists_tag(x, BIDE__FIELD_IF_NONE_MATCH, v, false))
            return CONDITION_GO;
        return is_read(x) ? CONDITION_NOT_MODIFIED : CONDITION_FAILED;
    }
    if (is_read(x) && date_of(x, BIDE__FIELD_IF_MODIFIED_SINCE, v, &date) && v->modified_s <= date)
        return CONDITION_NOT_MODIFIED;
    return CONDITION_GO;
}

/* A date counts only if it is exact, and so long ago that nothing can have changed in the same
 * second (§8.8.2.2). */
bool bide__http_if_range(const bide_http_exchange *x, const struct validators *v)
{
    const struct bide__http_field *field = field_of(x, BIDE__FIELD_IF_RANGE);
    int64_t date;

    if (field == NULL)
        return true;
    const char *value = bide__http_field_value(&x->request.fields, field);
    if (field->value_size > 0 && (value[0] == '"' || value[0] == 'W')) {
        const char *rest = value;
        size_t size = field->value_size;
        struct tag tag;
        if (take_tag(&rest, &size, &tag) && size == 0)
            return bide__http_tag_in(value, field->value_size, v->etag, true) > 0;
    }
    return date_of(x, BIDE__FIELD_IF_RANGE, v, &date) && date == v->modified_s &&
           v->modified_s < v->now_s - 1;
}

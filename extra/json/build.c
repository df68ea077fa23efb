/*
 * build.c: the sink that makes a tree of the values of a format.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct builder {
    json_t *root;
    json_t *open[BIDE__JSON_DEPTH]; /* the objects and arrays round the next value */
    unsigned depth;
    const char *key; /* of the next value, if it goes into an object */
    size_t key_size;
    int error; /* what went wrong, if not the format */
    bide_json_failure *failure;
};

static int builder_fails(struct builder *b, int error, const char *text)
{
    b->error = error;
    return bide__json_fails(b->failure, error, "%s", text);
}

/* Puts a value, which may be NULL for want of memory, to its place. */
static int add(struct builder *b, json_t *value)
{
    int rc = 0;
    if (value == NULL)
        return builder_fails(b, -ENOMEM, "out of memory");
    json_t *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;
    if (parent == NULL)
        b->root = value;
    else if (json_is_object(parent))
        rc = json_object_setn_new_nocheck(parent, b->key, b->key_size, value);
    else
        rc = json_array_append_new(parent, value);
    return rc == 0 ? 0 : builder_fails(b, -ENOMEM, "out of memory");
}

static int add_begin(void *self, bool object)
{
    struct builder *b = self;
    if (b->depth == BIDE__JSON_DEPTH)
        return builder_fails(b, -EMSGSIZE, "the value is nested too deep");
    json_t *value = object ? json_object() : json_array();
    int rc = add(b, value);
    if (rc == 0)
        b->open[b->depth++] = value;
    return rc;
}

static int add_end(void *self)
{
    struct builder *b = self;
    b->depth--;
    return 0;
}

static int add_key(void *self, const char *key, size_t size)
{
    struct builder *b = self;
    if (!bide__json_is_utf8(key, size))
        return builder_fails(b, -EILSEQ, "the name of a member is no UTF-8");
    if (memchr(key, 0, size) != NULL)
        return builder_fails(b, -EILSEQ, "the name of a member has a zero byte");
    b->key = key;
    b->key_size = size;
    return 0;
}

static int add_text(void *self, const char *text, size_t size)
{
    struct builder *b = self;
    if (text == NULL)
        return add(b, json_null());
    if (!bide__json_is_utf8(text, size))
        return builder_fails(b, -EILSEQ, "a text is no UTF-8");
    return add(b, json_stringn_nocheck(text, size));
}

static int add_i64(void *self, int64_t value)
{
    return add(self, json_integer(value));
}

static int add_u64(void *self, uint64_t value)
{
    if (value > INT64_MAX)
        return builder_fails(self, -ERANGE, "an unsigned number is too large");
    return add(self, json_integer((json_int_t)value));
}

static int add_real(void *self, double value)
{
    if (!isfinite(value))
        return builder_fails(self, -ERANGE, "a double is infinite, or no number");
    return add(self, json_real(value));
}

static int add_boolean(void *self, bool value)
{
    return add(self, json_boolean(value));
}

static int add_tree(void *self, const bide_json *value)
{
    bide_json *copy = NULL;
    if (value == NULL)
        return add(self, json_null());
    (void)bide_json_copy(value, &copy);
    return add(self, bide__json_of(copy));
}

static const struct bide__json_sink sink = {add_begin, add_end,  add_key,     add_text, add_i64,
                                            add_u64,   add_real, add_boolean, add_tree};

static int build(bide_json **j, bide_json_failure *failure, const char *letters, const char *format,
                 va_list arguments)
{
    struct builder b = {.failure = failure};
    unsigned before = bide__json_shortages();
    int rc = bide__json_format(&sink, &b, false, true, letters, format, arguments, failure);
    if (rc == 0 && bide__json_shortages() != before)
        rc = builder_fails(&b, -ENOMEM, "out of memory");
    if (rc < 0) {
        json_decref(b.root);
        b.root = NULL;
    }
    *j = bide__json_from(b.root);
    return rc;
}

int bide_json_vpack(bide_json **j, bide_json_failure *failure, const char *format,
                    va_list arguments)
{
    return build(j, failure, NULL, format, arguments);
}

int(bide_json_pack)(bide_json **j, bide_json_failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = build(j, failure, NULL, format, arguments);
    va_end(arguments);
    return rc;
}

int bide__json_pack(bide_json **j, bide_json_failure *failure, const char *letters,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = build(j, failure, letters, format, arguments);
    va_end(arguments);
    return rc;
}

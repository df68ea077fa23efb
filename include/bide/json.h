/*
 * bide/json.h: JSON (RFC 8259). Link with -lbide-json.
 *
 *     bide_json *j = NULL;
 *     bide_json_failure why;
 *     defer { bide_json_free(j); }
 *     rc = bide_json_parse(text, size, NULL, &why, &j);
 *     int64_t id;
 *     const char *name, *city = "nowhere";
 *     if (rc == 0)
 *         rc = bide_json_unpack(j, &why, bide_json_need("user.id", &id),
 *                               bide_json_need("user.name", &name),
 *                               bide_json_may("address[0].city", &city));
 *     if (rc < 0)
 *         fprintf(stderr, "%s\n", why.text);
 *     else
 *         printf("%s (%lld) lives in %s\n", name, (long long)id, city);
 *
 * Two things are here. A *tree* (bide_json) is a value with all that is in it: it is parsed or
 * packed, read by paths, changed, and written as text again. A *writer* (bide_json_writer) makes
 * text without a tree: a call for each part, into one buffer, which it keeps. To answer with JSON,
 * use the writer: once its buffer has its size it allocates nothing.
 *
 * Owners. Who parses or packs a tree owns it, and frees it by bide_json_free. What the calls below
 * return as a `const bide_json *` or `const char *` is a part of the tree: it is borrowed, and
 * valid until that part is changed, or the tree is freed. A tree has one owner; there are no
 * references to count.
 *
 * Threads. All functions may be called by any thread, with a runtime or without one; only
 * bide_json_writer_flush waits. A tree that nobody changes may be read by several threads at once.
 * A writer is for one thread at a time.
 *
 * Numbers. What is written without a fraction and an exponent is a whole number of 64 bits with a
 * sign; it is refused if it has no room there, never rounded. All others are doubles.
 *
 * Texts are UTF-8, and that is checked both ways.
 *
 * What stands behind it. Trees are libjansson's. When the library is loaded, it chooses the seed
 * for the hashes of the members' names at random, so that nobody who sends objects can make them
 * slow, and has jansson allocate through bide. Blocks are still those of malloc(3) and free(3), so
 * code that uses jansson beside this one need not know of it; a program that calls
 * json_set_alloc_funcs, before it uses this library, gets what it asks for.
 */
#ifndef BIDE_JSON_H
#define BIDE_JSON_H

#include <bide/buffer.h>
#include <bide/json_letters.h>
#include <bide/lang.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* A value: an object, an array, a text, a number, true, false or null, with all that is in it. */
typedef struct bide_json bide_json;

typedef enum bide_json_type {
    BIDE_JSON_NULL,
    BIDE_JSON_BOOL,
    BIDE_JSON_INTEGER, /* a whole number */
    BIDE_JSON_DOUBLE,  /* one with a fraction or an exponent */
    BIDE_JSON_TEXT,
    BIDE_JSON_ARRAY,
    BIDE_JSON_OBJECT,
} __attribute__((__mode__(__SI__))) bide_json_type;

/* Filled in by a call that fails; a call that succeeds leaves it as it is. */
typedef struct bide_json_failure {
    int error;           /* what the call returned */
    size_t line, column; /* of a text, from 1; a column is a character; 0: it is about no place in a
                            text */
    size_t position;     /* how many bytes of the text, or of the format, stand before the place */
    char text[160];      /* for people, with the place; never empty, one line, UTF-8 */
} bide_json_failure;

/* ---- parsing ---- */

/* Zero in a member means the default. */
typedef struct bide_json_options {
    size_t size_max;    /* bytes of the text; 0: 16 MiB; at most 1 GiB */
    unsigned depth_max; /* objects and arrays inside each other; 0: 128; at most 2000 */
    size_t values_max;  /* values in the tree; 0: 100,000. A value takes up to 300 bytes, for three
                          bytes of text. */
    bool unique_keys;   /* two members of an object with the same name are refused; otherwise the
                          last one counts */
    bool nul;           /* texts may have zero bytes (\u0000); otherwise they are refused. Names of
                          members never may. */
} bide_json_options;

/*
 * Parses `size` bytes, which must be one value with nothing but white space round it. Returns 0 and
 * stores the tree in *j, which the caller frees by bide_json_free. Nothing of `data` is used after
 * that. `options` and `failure` may be NULL.
 * Errors: -EBADMSG (it is no JSON, or has what the options refuse, or a number too large),
 * -EMSGSIZE (it exceeds size_max, depth_max or values_max), -ENOMEM, -EINVAL (an option is too
 * large); then *j is NULL.
 */
bide_must_use int bide_json_parse(const void *data, size_t size, const bide_json_options *options,
                                  bide_json_failure *failure,
                                  bide_json **j bide_gives(bide_json_free));

/* Frees a tree. NULL is ignored. Only its owner may; never a part of one. */
void bide_json_free(bide_json *j);

/* ---- looking into a tree ---- */

/*
 * A path leads from a value to one inside it: "user.name" is the member `name` of the member
 * `user`, "tags[0]" the first item of the member `tags`, "[2].id" a member of the third item of an
 * array. Indices count from 0; "[-1]" is the last item. A name with one of the characters . [ ] '
 * or an empty one stands in single quotes, with each quote in it doubled: "files.'a.txt'.size". ""
 * and NULL lead to the value itself. For a name that the program does not know, use
 * bide_json_member.
 *
 * The functions accept NULL for the tree: nothing is there.
 */

/* The value at the path; NULL: nothing is there, or the path is none. */
const bide_json *bide_json_get(const bide_json *j, const char *path);

/* The member of that name, which is used as it is; NULL: there is none, or j is no object. */
const bide_json *bide_json_member(const bide_json *j, const char *name);

/* The item at an index, from 0; NULL: there is none, or j is no array. */
const bide_json *bide_json_item(const bide_json *j, size_t index);

/* What it is; of NULL, BIDE_JSON_NULL. */
bide_json_type bide_json_type_of(const bide_json *j);

/* How many members an object, or items an array has; 0 for all others. */
size_t bide_json_count(const bide_json *j);

/*
 * Store the value at the path in *value. Return 0, or an error; then *value is as it was:
 *   -ENODATA  nothing is there, or a null
 *   -EBADMSG  it has another type, or something on the way is no object or array
 *   -ERANGE   the number has no room: a double with a fraction or past 64 bits where a whole number
 *             is asked for; a whole number that a double cannot hold exactly
 *   -EILSEQ   the text has a zero byte, and its size was not asked for
 *   -EINVAL   the path is none
 * The text is borrowed; a zero byte follows it. `size` may be NULL.
 */
bide_must_use int bide_json_get_bool(const bide_json *j, const char *path, bool *value);
bide_must_use int bide_json_get_int(const bide_json *j, const char *path, int *value);
bide_must_use int bide_json_get_i64(const bide_json *j, const char *path, int64_t *value);
bide_must_use int bide_json_get_double(const bide_json *j, const char *path, double *value);
bide_must_use int bide_json_get_text(const bide_json *j, const char *path, const char **value,
                                     size_t *size);

/*
 * All members of an object, or items of an array, one after another, in the order of the text; a
 * changed object has its new members at its end. The tree must not change meanwhile.
 *
 *     bide_json_each each = bide_json_each_of(list);
 *     const char *name;
 *     const bide_json *value;
 *     while (bide_json_each_next(&each, &name, &value) > 0)
 *         printf("%s has %d items\n", name, (int)bide_json_count(value));
 */
typedef struct bide_json_each {
    const bide_json *of_;
    void *at_;
    size_t index_;
} bide_json_each;

/* Begins. Of what is neither object nor array, and of NULL, there is nothing. */
bide_json_each bide_json_each_of(const bide_json *j);

/* Returns 1 and stores the next value, and the name of the member (NULL for an item; `name` may be
 * NULL); 0: that was all. */
int bide_json_each_next(bide_json_each *each, const char **name, const bide_json **value);

/* ---- several values at once ---- */

/* A text of a tree, with its size: for texts that may have zero bytes. */
typedef struct bide_json_text {
    const char *data; /* a zero byte follows */
    size_t size;
} bide_json_text;

/* What is wanted of a tree, and where it goes: made by bide_json_need and bide_json_may. */
typedef struct bide_json_field {
    const char *path;
    void *out;
    uint32_t kind, size; /* private */
    bool optional;
} bide_json_field;

/* For the macros. */
enum {
    BIDE__JSON_BOOL = 1,
    BIDE__JSON_SIGNED,
    BIDE__JSON_UNSIGNED,
    BIDE__JSON_DOUBLE,
    BIDE__JSON_STRING,
    BIDE__JSON_TEXT,
    BIDE__JSON_VALUE
};

#ifndef __cplusplus
#define bide__json_field(path, out, is_optional)                   \
    {                                                              \
        (path), (out),                                           \
     _Generic((out),                                          \
         _Bool *: BIDE__JSON_BOOL,                            \
         short *: BIDE__JSON_SIGNED,                          \
         int *: BIDE__JSON_SIGNED,                            \
         long *: BIDE__JSON_SIGNED,                           \
         long long *: BIDE__JSON_SIGNED,                      \
         unsigned char *: BIDE__JSON_UNSIGNED,                \
         unsigned short *: BIDE__JSON_UNSIGNED,               \
         unsigned *: BIDE__JSON_UNSIGNED,                     \
         unsigned long *: BIDE__JSON_UNSIGNED,                \
         unsigned long long *: BIDE__JSON_UNSIGNED,           \
         double *: BIDE__JSON_DOUBLE,                         \
         const char **: BIDE__JSON_STRING,                    \
         bide_json_text *: BIDE__JSON_TEXT,                   \
         const bide_json **: BIDE__JSON_VALUE),               \
     (uint32_t)sizeof(*(out)), (is_optional) \
    }

/*
 * A field for bide_json_unpack: the value at `path` goes to *out. The type of `out` says what it
 * has to be, and another type than these does not compile: bool *, int * and the other integers,
 * double *, const char ** (a text without zero bytes), bide_json_text * (any text),
 * const bide_json ** (any value). One that is needed must be there, and not null. One that may be
 * there leaves *out as it is if it is missing, or null.
 */
#define bide_json_need(path, out) bide__json_field(path, out, false)
#define bide_json_may(path, out)  bide__json_field(path, out, true)

/*
 * bide_json_unpack(j, failure, field, ...): stores the values of all fields. Returns 0; -EBADMSG:
 * the tree is not as the fields say, and *failure tells which field and why, in words for the peer
 * ("user.id: a whole number is needed, and this is a text"); -EINVAL: a path is none. `failure` may
 * be NULL. After an error none of the variables has changed.
 */
#define bide_json_unpack(j, failure, ...)                                                       \
    bide__json_unpack((j), (const bide_json_field[]){__VA_ARGS__},                              \
                      sizeof((const bide_json_field[]){__VA_ARGS__}) / sizeof(bide_json_field), \
                      (failure))
#endif

/* What bide_json_unpack calls. */
bide_must_use int bide__json_unpack(const bide_json *j, const bide_json_field *fields, size_t count,
                                    bide_json_failure *failure);

/* ---- making and changing a tree ---- */

/*
 * Makes a tree as a format says, whose arguments follow. White space counts for nothing; the commas
 * and colons may be left out.
 *
 *     bide_json *j;
 *     bide_json_failure why;
 *     rc = bide_json_pack(&j, &why, "{s:i, s:s, 'tags': [s, s]}", "id", 7, "name", "ada", "old",
 *                         "wise");
 *
 *   {}   an object; of each member first the name: s, an argument, or 'so', in the format
 *   []   an array
 *   s    a text: const char *; NULL becomes null. s% takes its size after it: size_t
 *   i u  a whole number: int, unsigned
 *   I U  a whole number: int64_t, uint64_t
 *   f    a double; a float too
 *   b    true or false: int, bool
 *   n    null; takes no argument
 *   O    a copy of a value: const bide_json *; NULL becomes null
 *
 * In C this is a macro that hands over the types of the arguments (at most 60), too. So an argument
 * of another kind than its letter is an error, too many and too few are, and any type of whole
 * number goes with each of the letters i, I, u, U, b and f. With bide_json_vpack, and in C++, each
 * must have the type of its letter.
 *
 * `failure` may be NULL. *j is freed by bide_json_free.
 * Errors: -EINVAL (the format or an argument; *failure names the place in the format), -EILSEQ (a
 * text is no UTF-8, or a name has a zero byte), -ERANGE (the double is infinite or no number; a
 * number above INT64_MAX), -EMSGSIZE (it is nested deeper than 128), -ENOMEM; then *j is NULL.
 */
bide_must_use int bide_json_pack(bide_json **j bide_gives(bide_json_free),
                                 bide_json_failure *failure, const char *format, ...);
bide_must_use int bide_json_vpack(bide_json **j bide_gives(bide_json_free),
                                  bide_json_failure *failure, const char *format,
                                  va_list arguments);

/* What the macro calls. `letters` are those of bide/json_letters.h. */
bide_must_use int bide__json_pack(bide_json **j bide_gives(bide_json_free),
                                  bide_json_failure *failure, const char *letters,
                                  const char *format, ...);

#ifndef __cplusplus
#define bide_json_pack(j, failure, ...) \
    bide__json_pack((j), (failure), bide__json_letters(__VA_ARGS__), __VA_ARGS__)
#endif

/* A copy of a value with all that is in it. -ENOMEM, -EINVAL (NULL); then *copy is NULL. */
bide_must_use int bide_json_copy(const bide_json *j, bide_json **copy bide_gives(bide_json_free));

/* True if both have the same members, in whatever order, and the same items. */
bool bide_json_equal(const bide_json *a, const bide_json *b);

/*
 * Put a value at the path, in the place of what is there. Objects that are missing on the way are
 * made; an index that is one past the last item appends, so "[]" does as well. bide_json_set takes
 * the tree `value`, also if it fails; it must not be a part of another tree.
 * Errors: -EINVAL (the path is none, or ""; `value` is NULL, or j itself), -EBADMSG (something on
 * the way is neither object nor array, or an array has no such index), -EILSEQ (a text is no
 * UTF-8),
 * -ERANGE (the double is infinite or no number), -EMSGSIZE (the path has more than 128 steps),
 * -ENOMEM; then nothing has changed, but objects on the way may have been made.
 */
bide_must_use int bide_json_set(bide_json *j, const char *path, bide_json *value);
bide_must_use int bide_json_set_null(bide_json *j, const char *path);
bide_must_use int bide_json_set_bool(bide_json *j, const char *path, bool value);
bide_must_use int bide_json_set_i64(bide_json *j, const char *path, int64_t value);
bide_must_use int bide_json_set_double(bide_json *j, const char *path, double value);
bide_must_use int bide_json_set_text(bide_json *j, const char *path, const char *value);

/* Removes what is at the path. 0, or -ENODATA (nothing is there), -EINVAL (the path is none, or
 * ""). */
int bide_json_remove(bide_json *j, const char *path);

/* ---- writing ---- */

/* A text that is being written, and its buffer. */
typedef struct bide_json_writer bide_json_writer;

/* Zero in a member means the default. */
typedef struct bide_json_writer_options {
    unsigned indent;    /* blanks for each level, on lines of their own; 0: all in one line, with no
                           blank; at most 16 */
    bool sorted;        /* the members of trees in the order of their names' bytes; otherwise in
                           their own */
    bool ascii;         /* other characters as \u escapes */
    bool lines;         /* any number of values, with a newline after each */
    unsigned depth_max; /* 0: 128; at most 2000 */
    size_t size_max;    /* bytes in the buffer; 0: as many as there is memory for */
} bide_json_writer_options;

/* Makes a writer. Errors: -EINVAL (an option), -ENOMEM; then *writer is NULL. */
bide_must_use int bide_json_writer_new(const bide_json_writer_options *options,
                                       bide_json_writer **writer bide_gives(bide_json_writer_free));

/* Frees a writer with its text. NULL is ignored. */
void bide_json_writer_free(bide_json_writer *writer);

/* Begins anew: no text, no error. The buffer stays, so that a next text of the same size needs no
 * memory. */
void bide_json_writer_reset(bide_json_writer *writer);

/*
 * Each of these writes one part; commas and colons come by themselves.
 *
 *     bide_json_writer_begin_object(w);
 *     bide_json_writer_key(w, "id");
 *     bide_json_writer_i64(w, 7);
 *     bide_json_writer_key(w, "tags");
 *     bide_json_writer_begin_array(w);
 *     bide_json_writer_text(w, "wise");
 *     bide_json_writer_end(w);
 *     bide_json_writer_end(w);
 *     rc = bide_json_writer_finish(w);
 *
 * They return 0 or an error. The first error stays in the writer: all later calls write nothing and
 * return it, so it is enough to look at that of bide_json_writer_finish. What was written up to it
 * is there. Errors:
 *   -EPROTO    the part has no place there: a value without a key, a key in an array, an end
 *              without a begin, a second value... bide_json_writer_error names it
 *   -EILSEQ    a text is no UTF-8, or a key has a zero byte
 *   -ERANGE    the double is infinite, or no number (RFC 8259, section 6, has none of these)
 *   -EMSGSIZE  depth_max or size_max is exceeded
 *   -ENOMEM
 */
int bide_json_writer_begin_object(bide_json_writer *writer);
int bide_json_writer_begin_array(bide_json_writer *writer);

/* Ends the object or array that was begun last. */
int bide_json_writer_end(bide_json_writer *writer);

/* The name of a member, before its value. */
int bide_json_writer_key(bide_json_writer *writer, const char *key);

/* A text; NULL becomes null. */
int bide_json_writer_text(bide_json_writer *writer, const char *text);

/* A text of `size` bytes, which may have zero bytes. */
int bide_json_writer_text_sized(bide_json_writer *writer, const char *text, size_t size);

/* A number. A double gets as few digits as it needs to be read back as the same one, and always a
 * fraction or an exponent. */
int bide_json_writer_i64(bide_json_writer *writer, int64_t value);
int bide_json_writer_u64(bide_json_writer *writer, uint64_t value);
int bide_json_writer_double(bide_json_writer *writer, double value);

/* true, false, null. */
int bide_json_writer_bool(bide_json_writer *writer, bool value);
int bide_json_writer_null(bide_json_writer *writer);

/* A tree; NULL becomes null. */
int bide_json_writer_json(bide_json_writer *writer, const bide_json *j);

/* A value that is JSON already, as it is; nothing is checked. */
int bide_json_writer_raw(bide_json_writer *writer, const char *text, size_t size);

/* Values as a format says, with the same letters and checks as bide_json_pack, and numbers up to
 * UINT64_MAX; also members of an object that was begun: "s:i, s:i". -EINVAL: the format or an
 * argument; bide_json_writer_error names the place. */
int bide_json_writer_pack(bide_json_writer *writer, const char *format, ...);
int bide_json_writer_vpack(bide_json_writer *writer, const char *format, va_list arguments);

/* What the macro calls, and a function of yours with such a macro: `letters` are those of the
 * format and its arguments; NULL: nothing is checked. */
int bide__json_writer_pack(bide_json_writer *writer, const char *letters, const char *format, ...);
int bide__json_writer_vpack(bide_json_writer *writer, const char *letters, const char *format,
                            va_list arguments);

#ifndef __cplusplus
#define bide_json_writer_pack(writer, ...) \
    bide__json_writer_pack((writer), bide__json_letters(__VA_ARGS__), __VA_ARGS__)
#endif

/* Says that this was all. Returns the first error; -EPROTO: an object or array has not ended, or
 * there is no value (with `lines` there need be none). */
int bide_json_writer_finish(bide_json_writer *writer);

/* The first error in words, with the place; "" if there is none. It belongs to the writer. */
const char *bide_json_writer_error(const bide_json_writer *writer);

/* What is in the buffer, with a zero byte behind it; *size is its length (`size` may be NULL). It
 * belongs to the writer, and is valid until the next call on it. */
const char *bide_json_writer_data(const bide_json_writer *writer, size_t *size);

/* The first `size` bytes are taken out of the buffer, at most all. The text goes on. */
void bide_json_writer_consume(bide_json_writer *writer, size_t size);

/*
 * Gives what is in the buffer to a bide_writer, and takes it out: for texts that are larger than
 * memory should be. Call it now and then while writing; a slow peer then holds the caller up.
 * Returns 0, or an error of bide_writer_write; then what `to` has not taken is still there, and the
 * next call goes on. It also returns the first error of the writer, after having given what there
 * is. No other call on the writer may be made meanwhile. Cancelled: as after an error.
 */
bide_must_use bide_async int bide_json_writer_flush(bide_json_writer *writer, bide_writer *to);

/* Writes a tree into a new writer: its text is bide_json_writer_data. Errors: those of
 * bide_json_writer_json; then *writer is NULL. */
bide_must_use int bide_json_dump(const bide_json *j, const bide_json_writer_options *options,
                                 bide_json_writer **writer bide_gives(bide_json_writer_free));

#ifdef __cplusplus
}

#if __cplusplus >= 201103L
/* In C++ the same calls with the same rules, by templates. */
template <typename T> struct bide__json_kind;
#define BIDE__JSON_KIND(T, k)               \
    template <> struct bide__json_kind<T> { \
        enum { value = (k) };               \
    };
BIDE__JSON_KIND(bool, BIDE__JSON_BOOL)
BIDE__JSON_KIND(short, BIDE__JSON_SIGNED)
BIDE__JSON_KIND(int, BIDE__JSON_SIGNED)
BIDE__JSON_KIND(long, BIDE__JSON_SIGNED)
BIDE__JSON_KIND(long long, BIDE__JSON_SIGNED)
BIDE__JSON_KIND(unsigned char, BIDE__JSON_UNSIGNED)
BIDE__JSON_KIND(unsigned short, BIDE__JSON_UNSIGNED)
BIDE__JSON_KIND(unsigned, BIDE__JSON_UNSIGNED)
BIDE__JSON_KIND(unsigned long, BIDE__JSON_UNSIGNED)
BIDE__JSON_KIND(unsigned long long, BIDE__JSON_UNSIGNED)
BIDE__JSON_KIND(double, BIDE__JSON_DOUBLE)
BIDE__JSON_KIND(const char *, BIDE__JSON_STRING)
BIDE__JSON_KIND(bide_json_text, BIDE__JSON_TEXT)
BIDE__JSON_KIND(const bide_json *, BIDE__JSON_VALUE)
#undef BIDE__JSON_KIND
template <typename T>
inline bide_json_field bide__json_field(const char *path, T *out, bool is_optional)
{
    bide_json_field field = {path, out, (uint32_t)bide__json_kind<T>::value, (uint32_t)sizeof *out,
                             is_optional};
    return field;
}
#define bide_json_need(path, out)         bide__json_field(path, out, false)
#define bide_json_may(path, out)          bide__json_field(path, out, true)
#define bide_json_unpack(j, failure, ...) bide__json_unpack_all((j), (failure), __VA_ARGS__)
template <typename... T>
inline int bide__json_unpack_all(const bide_json *j, bide_json_failure *failure, T... fields)
{
    const bide_json_field all[] = {fields...};
    return bide__json_unpack(j, all, sizeof...(fields), failure);
}
#endif
#endif

#pragma pack(pop)

#endif

/*
 * Async functions in object files, archives, programs and shared libraries.
 *
 * Functions are found by the symbols of their descriptors (struct bide_fn of <bide/core.h>), which
 * begin with bide__desc_, and from there by the pointers to their callees. The members of frames
 * are in the records of the section .bide.frames. A record belongs to the function with its name,
 * file and line. When there is no such function, the linker has dropped it, or the file has lost
 * its symbols: then the records are all that is known.
 *
 * core.h fixes the layout of a descriptor for ever; the tests compare it with the compilers'
 * layout. Pointers in it have the size of the file's target.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <bide/core.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "bide__desc_";

enum { PREFIX = sizeof prefix - 1, FUNCTIONS_MAX = 100000 };

struct reader {
    struct arena *arena;
    struct elf elf;
    struct size_file *file;
    struct list places; /* struct elf_place *: of the functions' descriptors, in their order */
};

/* ---- descriptors ---- */

static struct elf_place shifted(struct elf_place p, uint64_t by)
{
    p.offset += by;
    return p;
}

static unsigned pointer_size(const struct reader *r)
{
    return r->elf.is_64 ? 8 : 4;
}

static const char *string_of(const struct reader *r, struct elf_place pointer)
{
    struct elf_place to;
    const char *name;
    const char *text = elf_pointer(&r->elf, pointer, &to, &name) ? elf_string(&r->elf, to) : NULL;
    return text ? text : "";
}

/* The four bytes after the three words are one byte each. */
static bool read_sizes(struct reader *r, struct elf_place at, struct size_function *f)
{
    uint64_t word[3], byte[4];
    for (unsigned i = 0; i < 3; i++)
        if (!elf_number(&r->elf, shifted(at, 5 * pointer_size(r) + 4 * i), 4, &word[i]))
            return false;
    for (unsigned i = 0; i < 4; i++)
        if (!elf_number(&r->elf, shifted(at, 5 * pointer_size(r) + 12 + i), 1, &byte[i]))
            return false;
    f->frame = (uint32_t)word[0];
    f->args = (uint32_t)word[1];
    f->frame_align_log2 = (uint8_t)byte[0];
    f->args_align_log2 = (uint8_t)byte[1];
    f->flags = (uint8_t)byte[2];
    return byte[3] == BIDE_FN_VERSION && byte[0] < 32 && byte[1] < 32;
}

static struct size_function *function_at(struct reader *r, struct elf_place at, const char *symbol);

static void read_callees(struct reader *r, struct elf_place table, struct size_function *f)
{
    unsigned size = 2 * pointer_size(r);
    uint64_t last;
    if (!elf_number(&r->elf, shifted(table, (uint64_t)f->callee_count * size - 1), 1, &last))
        f->callee_count = 0;
    f->callee = arena_alloc(r->arena, (f->callee_count + 1) * sizeof *f->callee);
    for (uint32_t i = 0; i < f->callee_count; i++) {
        struct elf_place at = shifted(table, (uint64_t)i * size), to;
        uint64_t group = 0;
        const char *name = NULL;
        if (elf_pointer(&r->elf, at, &to, &name) && to.section)
            f->callee[i].function = function_at(r, to, NULL);
        elf_number(&r->elf, shifted(at, pointer_size(r)), 4, &group);
        f->callee[i].group = (uint32_t)group;
        f->callee[i].name = name && !strncmp(name, prefix, PREFIX) ? name + PREFIX : name;
    }
}

/* struct bide_fn_info: five pointers, the line, two counts. */
static void read_info(struct reader *r, struct elf_place at, struct size_function *f)
{
    struct elf_place info, table;
    const char *name;
    unsigned pointer = pointer_size(r);
    uint64_t line = 0, count = 0;
    if (!elf_pointer(&r->elf, shifted(at, 4 * pointer), &info, &name) || !info.section)
        return;
    const char *text = string_of(r, info);
    f->name = *text ? text : f->name;
    f->file = string_of(r, shifted(info, pointer));
    elf_number(&r->elf, shifted(info, 5 * pointer), 4, &line);
    f->line = (uint32_t)line;
    if (elf_pointer(&r->elf, shifted(info, 3 * pointer), &table, &name) && table.section &&
        elf_number(&r->elf, shifted(info, 5 * pointer + 6), 2, &count))
        f->callee_count = (uint32_t)count;
}

static struct size_function *function_new(struct reader *r, const char *symbol)
{
    struct size_function *f = arena_alloc(r->arena, sizeof *f);
    f->symbol = symbol;
    f->name = symbol ? symbol : "?";
    f->file = "";
    f->object = r->file->name;
    f->is_wide = r->elf.is_64;
    f->machine = r->elf.machine;
    return f;
}

/* The function whose descriptor is at this place; NULL: it is not a known descriptor. */
static struct size_function *function_at(struct reader *r, struct elf_place at, const char *symbol)
{
    for (uint32_t i = 0; i < r->places.count; i++) {
        const struct elf_place *known = r->places.item[i];
        if (known->section == at.section && known->offset == at.offset)
            return r->file->functions.item[i];
    }
    struct size_function *f = function_new(r, symbol);
    if (r->places.count == FUNCTIONS_MAX || !read_sizes(r, at, f))
        return NULL;
    f->has_descriptor = true;
    struct elf_place *place = arena_alloc(r->arena, sizeof *place);
    *place = at;
    list_add(r->arena, &r->places, place);
    list_add(r->arena, &r->file->functions, f);
    read_info(r, at, f);
    return f;
}

static bool read_functions(struct reader *r)
{
    for (uint32_t i = 0; i < r->elf.symbol_count; i++) {
        const struct elf_symbol *s = &r->elf.symbol[i];
        if (strncmp(s->name, prefix, PREFIX) || !s->place.section)
            continue;
        struct size_function *f = function_at(r, s->place, s->name + PREFIX);
        if (!f) {
            r->elf.error = arena_printf(
                r->arena, "'%s' is no descriptor that this version of bide knows", s->name);
            return false;
        }
        f->symbol = s->name + PREFIX;
        f->is_local = s->is_local;
    }
    /* The list grows by callees that have no symbol. */
    for (uint32_t i = 0; i < r->file->functions.count; i++) {
        struct elf_place table, info;
        const char *name;
        const struct elf_place *at = r->places.item[i];
        struct size_function *f = r->file->functions.item[i];
        unsigned pointer = pointer_size(r);
        if (f->callee_count && elf_pointer(&r->elf, shifted(*at, 4 * pointer), &info, &name) &&
            elf_pointer(&r->elf, shifted(info, 3 * pointer), &table, &name))
            read_callees(r, table, f);
    }
    return true;
}

/* ---- records ---- */

/* One record of the section: six numbers, of which the first is its form, and four strings. */
struct record {
    uint32_t frame, first, size, offset, line;
    const char *text[4]; /* function, file, member, type */
};

enum { RECORD_FORM = 1, RECORD_WORDS = 6 };

static const unsigned char *read_record(const struct elf *e, const unsigned char *p,
                                        const unsigned char *end, struct record *out)
{
    if (end - p < 4 * RECORD_WORDS || elf_word(e, p) != RECORD_FORM)
        return NULL;
    out->frame = elf_word(e, p + 4);
    out->first = elf_word(e, p + 8);
    out->size = elf_word(e, p + 12);
    out->offset = elf_word(e, p + 16);
    out->line = elf_word(e, p + 20);
    p += 4 * RECORD_WORDS;
    for (int i = 0; i < 4; i++) {
        const unsigned char *zero = memchr(p, 0, (size_t)(end - p));
        if (!zero)
            return NULL;
        out->text[i] = (const char *)p;
        p = zero + 1;
    }
    return p;
}

static bool is_of(const struct size_function *f, const struct record *record)
{
    return f->line == record->first && f->frame == record->frame &&
           !strcmp(f->name, record->text[0]) && !strcmp(f->file, record->text[1]);
}

/* The member may be there already: a compiler may have copied the statement of a record. */
static void add_member(struct arena *arena, struct size_function *f, const struct record *record)
{
    for (uint32_t i = 0; i < f->members.count; i++)
        if (!strcmp(((struct size_member *)f->members.item[i])->name, record->text[2]))
            return;
    struct size_member *m = arena_alloc(arena, sizeof *m);
    m->name = record->text[2];
    m->type = record->text[3];
    m->line = record->line;
    m->size = record->size;
    m->offset = record->offset;
    list_add(arena, &f->members, m);
}

/* Gives the record to its function, or to each of them: a function of a header may be there more
 * than once. `make`: makes a function for a record that has none. */
static void take_record(struct reader *r, const struct record *record, bool make)
{
    struct list *functions = &r->file->functions;
    bool found = false;
    /* From the last on: records of a function follow each other. */
    for (uint32_t i = functions->count; i-- > 0;) {
        struct size_function *f = functions->item[i];
        if (!is_of(f, record))
            continue;
        found = true;
        if (*record->text[2])
            add_member(r->arena, f, record);
    }
    if (found || !make)
        return;
    struct size_function *f = function_new(r, NULL);
    f->name = record->text[0];
    f->file = record->text[1];
    f->line = record->first;
    f->frame = record->frame;
    list_add(r->arena, functions, f);
    if (*record->text[2])
        add_member(r->arena, f, record);
}

static int compare_members(const void *a, const void *b)
{
    const struct size_member *x = *(struct size_member *const *)a;
    const struct size_member *y = *(struct size_member *const *)b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool read_records(struct reader *r, bool make)
{
    uint64_t size = 0;
    const unsigned char *p = elf_section_data(&r->elf, ".bide.frames", &size);
    const unsigned char *start = p, *end = p ? p + size : p;
    while (p < end) {
        struct record record;
        const unsigned char *next = read_record(&r->elf, p, end, &record);
        if (!next) {
            r->elf.error =
                arena_printf(r->arena, "the section .bide.frames is damaged (at byte %llu of it)",
                             (unsigned long long)(p - start));
            return false;
        }
        take_record(r, &record, make);
        p = next;
    }
    for (uint32_t i = 0; i < r->file->functions.count; i++) {
        struct list *members = &((struct size_function *)r->file->functions.item[i])->members;
        if (members->count)
            qsort(members->item, members->count, sizeof *members->item, compare_members);
    }
    return true;
}

/* ---- files ---- */

/* Does it have only data from which the linker makes code? gcc marks such an object. */
static bool has_only_lto_code(const struct elf *e)
{
    for (uint32_t i = 0; i < e->symbol_count; i++)
        if (!strcmp(e->symbol[i].name, "__gnu_lto_slim"))
            return true;
    return false;
}

/* Reads the sections of one file in memory. Returns NULL, or what is wrong. */
static const char *read_elf(struct arena *arena, const char *name, const unsigned char *data,
                            uint64_t size, struct list *files)
{
    struct reader r = {.arena = arena};
    r.file = arena_alloc(arena, sizeof *r.file);
    r.file->name = name;
    if (size >= 4 && (!memcmp(data, "BC\xc0\xde", 4) || !memcmp(data, "\xde\xc0\x17\x0b", 4)))
        return "this is LLVM bitcode, as -flto makes it, and the code is made when the program is "
               "linked: look at the program, or compile without -flto";
    if (!elf_is(data, size))
        return "this is no ELF file: neither an object nor an archive, a program or a library";
    if (!elf_open(&r.elf, arena, data, size) || !elf_read_symbols(&r.elf) || !read_functions(&r))
        return r.elf.error;
    if (r.elf.is_object && has_only_lto_code(&r.elf))
        return "this object holds only what -flto leaves for the linker, which makes the code: "
               "look at the program, or compile with -ffat-lto-objects or without -flto";
    r.file->is_stripped = r.elf.is_stripped;
    if (!read_records(&r, r.elf.is_stripped))
        return r.elf.error;
    list_add(arena, files, r.file);
    return NULL;
}

/* ---- archives ---- */

enum { AR_MAGIC = 8, AR_HEADER = 60 };

static char *text_until(struct arena *arena, const char *text, uint64_t size, const char *stops)
{
    size_t n = 0;
    while (n < size && text[n] && !strchr(stops, text[n]))
        n++;
    return arena_strndup(arena, text, n);
}

static uint64_t decimal(struct arena *arena, const char *text, size_t size)
{
    return strtoull(text_until(arena, text, size, " "), NULL, 10);
}

/* A member's name: "name/"; or "/N", an offset in the table of long names; or BSD's "#1/N": the
 * name is the first N bytes of the data, and *inside that N. */
static const char *member_name(struct arena *arena, const char *header, const char *names,
                               uint64_t names_size, const char *data, uint64_t size,
                               uint64_t *inside)
{
    bool before = !memcmp(header, "#1/", 3);
    uint64_t n = before || header[0] == '/' ? decimal(arena, header + (before ? 3 : 1), 12) : 0;
    *inside = 0;
    if (before) {
        *inside = n < size ? n : size;
        return text_until(arena, data, *inside, "");
    }
    if (header[0] == '/' && n < names_size)
        return text_until(arena, names + n, names_size - n, "/\n");
    return text_until(arena, header, 16, "/ ");
}

static const char *read_archive(struct arena *arena, const char *path, const char *data,
                                uint64_t size, struct list *files)
{
    const char *names = "";
    uint64_t names_size = 0, at = AR_MAGIC;
    while (at < size) {
        const char *header = data + at;
        if (size - at < AR_HEADER || memcmp(header + 58, "`\n", 2))
            return arena_printf(arena, "the archive is damaged or cut short (at byte %llu)",
                                (unsigned long long)at);
        uint64_t length = decimal(arena, header + 48, 10), inside;
        const char *content = header + AR_HEADER;
        if (length > size - at - AR_HEADER)
            return arena_printf(arena,
                                "a member of the archive reaches past its end (at byte %llu)",
                                (unsigned long long)at);
        at += AR_HEADER + length + (length & 1);
        if (!memcmp(header, "// ", 3)) {
            names = content;
            names_size = length;
            continue;
        }
        if (!memcmp(header, "/ ", 2) || !memcmp(header, "/SYM64/", 7))
            continue;
        const char *name = member_name(arena, header, names, names_size, content, length, &inside);
        /* ELF files are not aligned in archives, and are only read as bytes. */
        const unsigned char *bytes = (const unsigned char *)content + inside;
        if (!elf_is(bytes, length - inside) && length - inside >= 4 &&
            memcmp(bytes, "BC\xc0\xde", 4))
            continue;
        const char *wrong = read_elf(arena, arena_printf(arena, "%s(%s)", path, name), bytes,
                                     length - inside, files);
        if (wrong)
            return arena_printf(arena, "%s: %s", name, wrong);
    }
    return NULL;
}

/* The bytes live as long as the arena, since names point into them. */
static const char *load(struct arena *arena, const char *path, const char **data, uint64_t *size)
{
    struct buffer text = {0};
    int err = buffer_read_file(&text, path);
    if (err)
        return arena_printf(arena, "cannot read it: %s", strerror(-err));
    char *copy = arena_alloc(arena, text.length + 1);
    if (text.length)
        memcpy(copy, text.data, text.length);
    *data = copy;
    *size = text.length;
    buffer_free(&text);
    return NULL;
}

bool size_read(struct arena *arena, const char *path, const char *shown, struct list *files)
{
    const char *data = NULL;
    uint64_t size = 0;
    const char *wrong = load(arena, path, &data, &size);
    if (!wrong && size >= AR_MAGIC && !memcmp(data, "!<arch>\n", AR_MAGIC))
        wrong = read_archive(arena, shown, data, size, files);
    else if (!wrong && size >= AR_MAGIC && !memcmp(data, "!<thin>\n", AR_MAGIC))
        wrong = "this is a thin archive: it only names objects, so give these";
    else if (!wrong)
        wrong = read_elf(arena, shown, (const unsigned char *)data, size, files);
    if (wrong)
        diag_plain(SEV_ERROR, "%s: %s", shown, wrong);
    return !wrong;
}

void size_read_frames(struct arena *arena, const char *path, struct list *functions)
{
    struct reader r = {.arena = arena};
    const char *data = NULL;
    uint64_t size = 0;
    r.file = arena_alloc(arena, sizeof *r.file);
    r.file->name = path;
    if (load(arena, path, &data, &size) || !elf_is((const unsigned char *)data, size) ||
        !elf_open(&r.elf, arena, (const unsigned char *)data, size) || !read_records(&r, true))
        return;
    *functions = r.file->functions;
}

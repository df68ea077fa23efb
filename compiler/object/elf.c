/*
 * ELF files, see inside.h. Written after the System V ABI: "Object Files" and its 64-bit form.
 *
 * Only the place, the symbol and the addend of a relocation count. Each machine has its own kinds;
 * a pointer in data has the plain kind. In a linked file, the relocations that the loader applies
 * show the target of a pointer. A relocation without a symbol moves an address, which is its addend
 * or is stored at the place.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum {
    ET_REL = 1,
    ET_DYN = 3,
    SHT_SYMTAB = 2,
    SHT_RELA = 4,
    SHT_NOBITS = 8,
    SHT_REL = 9,
    SHT_DYNSYM = 11,
    SHT_SYMTAB_SHNDX = 18,
    SHF_ALLOC = 2,
    SHF_EXECINSTR = 4,
    SHN_LORESERVE = 0xff00,
    SHN_XINDEX = 0xffff,
};

struct elf_link {
    struct elf_place place; /* in a linked file section 0, and an address */
    uint32_t symbol, table;
    uint64_t addend;
    bool has_addend;
};

static bool fail(struct elf *e, const char *what, uint64_t at)
{
    if (!e->error)
        e->error = arena_printf(e->arena, "%s (at byte %llu)", what, (unsigned long long)at);
    return false;
}

/* ---- numbers ---- */

static uint64_t number_at(const struct elf *e, const unsigned char *p, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < bytes; i++)
        n |= (uint64_t)p[i] << 8 * (e->is_big ? bytes - 1 - i : i);
    return n;
}

uint32_t elf_word(const struct elf *e, const unsigned char *at)
{
    return (uint32_t)number_at(e, at, 4);
}

static bool is_inside(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

/* The i-th number of a header or a table entry; `small` and `large` are its offsets in the two
 * sizes of files, and it has 4 and 8 bytes there. */
static uint64_t field(const struct elf *e, const unsigned char *p, unsigned small, unsigned large)
{
    return e->is_64 ? number_at(e, p + large, 8) : number_at(e, p + small, 4);
}

/* ---- sections ---- */

bool elf_is(const unsigned char *data, uint64_t size)
{
    return size >= 4 && !memcmp(data, "\177ELF", 4);
}

static void read_section(struct elf *e, const unsigned char *p, struct elf_section *s)
{
    s->type = elf_word(e, p + 4);
    s->flags = field(e, p, 8, 8);
    s->address = field(e, p, 12, 16);
    s->offset = field(e, p, 16, 24);
    s->size = field(e, p, 20, 32);
    s->link = elf_word(e, p + (e->is_64 ? 40 : 24));
    s->info = elf_word(e, p + (e->is_64 ? 44 : 28));
    s->entry_size = field(e, p, 36, 56);
    s->has_data = s->type != SHT_NOBITS && s->type != 0;
}

/* The string at `offset` of a section of strings, or NULL. */
static const char *table_string(const struct elf *e, uint32_t section, uint64_t offset)
{
    return section && section < e->section_count
               ? elf_string(e, (struct elf_place){section, offset})
               : NULL;
}

static bool read_sections(struct elf *e, uint64_t table, uint32_t names)
{
    unsigned size = e->is_64 ? 64 : 40;
    for (uint32_t i = 0; i < e->section_count; i++) {
        struct elf_section *s = &e->section[i];
        read_section(e, e->data + table + (uint64_t)i * size, s);
        s->name = "";
        if (s->has_data && !is_inside(s->offset, s->size, e->size))
            return fail(e, arena_printf(e->arena, "section %u reaches past the end of the file", i),
                        table + (uint64_t)i * size);
    }
    for (uint32_t i = 1; i < e->section_count; i++) {
        uint64_t at = table + (uint64_t)i * size;
        const char *name = table_string(e, names, elf_word(e, e->data + at));
        if (!name)
            return fail(
                e, arena_printf(e->arena, "section %u has no name in the table of names", i), at);
        e->section[i].name = name;
    }
    return true;
}

bool elf_open(struct elf *e, struct arena *arena, const unsigned char *data, uint64_t size)
{
    *e = (struct elf){.arena = arena, .data = data, .size = size};
    if (size < 20 || (data[4] != 1 && data[4] != 2) || (data[5] != 1 && data[5] != 2))
        return fail(e, "the ELF header is damaged or cut short", 4);
    e->is_64 = data[4] == 2;
    e->is_big = data[5] == 2;
    unsigned header = e->is_64 ? 64 : 52, entry = e->is_64 ? 64 : 40;
    if (size < header)
        return fail(e, "the ELF header is cut short", size);
    uint64_t type = number_at(e, data + 16, 2);
    e->is_object = type == ET_REL;
    e->machine = (uint32_t)number_at(e, data + 18, 2);
    if (type < ET_REL || type > ET_DYN)
        return fail(e, "this is neither an object file nor a program nor a shared library", 16);
    uint64_t table = field(e, data, 32, 40);
    const unsigned char *tail = data + header - 6; /* size and number of sections, of their names */
    uint64_t count = number_at(e, tail + 2, 2), names = number_at(e, tail + 4, 2);
    if (table == 0)
        return fail(e, "there is no table of sections", header - 6);
    if (number_at(e, tail, 2) != entry || !is_inside(table, entry, size))
        return fail(e, "the table of sections is damaged or cut off", header - 6);
    struct elf_section first;
    read_section(e, data + table, &first); /* has the numbers that are too large for the header */
    if (count == 0)
        count = first.size;
    if (names == SHN_XINDEX)
        names = first.link;
    if (count > UINT32_MAX || !is_inside(table, count * entry, size))
        return fail(e, "the table of sections reaches past the end of the file", table);
    e->section = arena_alloc(arena, (count + 1) * sizeof *e->section);
    e->section_count = (uint32_t)count;
    return read_sections(e, table, (uint32_t)names);
}

const unsigned char *elf_section_data(const struct elf *e, const char *name, uint64_t *size)
{
    for (uint32_t i = 1; i < e->section_count; i++) {
        const struct elf_section *s = &e->section[i];
        if (!s->has_data || strcmp(s->name, name))
            continue;
        *size = s->size;
        return e->data + s->offset;
    }
    return NULL;
}

/* ---- places ---- */

bool elf_number(const struct elf *e, struct elf_place at, unsigned bytes, uint64_t *number)
{
    if (!at.section || at.section >= e->section_count)
        return false;
    const struct elf_section *s = &e->section[at.section];
    if (!s->has_data || !is_inside(at.offset, bytes, s->size))
        return false;
    *number = number_at(e, e->data + s->offset + at.offset, bytes);
    return true;
}

const char *elf_string(const struct elf *e, struct elf_place at)
{
    uint64_t byte;
    if (!elf_number(e, at, 1, &byte))
        return NULL;
    const struct elf_section *s = &e->section[at.section];
    const char *text = (const char *)e->data + s->offset + at.offset;
    return memchr(text, 0, s->size - at.offset) ? text : NULL;
}

static struct elf_place place_of_address(const struct elf *e, uint64_t address)
{
    for (uint32_t i = 1; i < e->section_count; i++) {
        const struct elf_section *s = &e->section[i];
        if (s->flags & SHF_ALLOC && s->has_data && address >= s->address &&
            address - s->address < s->size)
            return (struct elf_place){i, address - s->address};
    }
    return (struct elf_place){0, 0};
}

/* ---- symbols ---- */

static uint32_t find_table(const struct elf *e, uint32_t type)
{
    for (uint32_t i = 1; i < e->section_count; i++)
        if (e->section[i].type == type && e->section[i].has_data)
            return i;
    return 0;
}

static unsigned symbol_size(const struct elf *e)
{
    return e->is_64 ? 24 : 16;
}

/* The section of a symbol whose own field is too small for the number. */
static uint32_t extended_section(const struct elf *e, uint32_t table, uint64_t index)
{
    uint64_t number = 0;
    for (uint32_t i = 1; i < e->section_count; i++)
        if (e->section[i].type == SHT_SYMTAB_SHNDX && e->section[i].link == table)
            elf_number(e, (struct elf_place){i, 4 * index}, 4, &number);
    return (uint32_t)number;
}

static bool read_symbol(const struct elf *e, uint32_t table, uint64_t index, struct elf_symbol *out)
{
    const struct elf_section *t = &e->section[table];
    unsigned size = symbol_size(e);
    *out = (struct elf_symbol){.name = ""};
    if (index >= t->size / size)
        return false;
    const unsigned char *p = e->data + t->offset + index * size;
    uint64_t value = field(e, p, 4, 8);
    uint64_t section = number_at(e, p + (e->is_64 ? 6 : 14), 2);
    const char *name = table_string(e, t->link, elf_word(e, p));
    if (!name)
        return false;
    out->name = name;
    out->value = value;
    out->is_local = p[e->is_64 ? 4 : 12] >> 4 == 0;
    if (section == SHN_XINDEX)
        section = extended_section(e, table, index);
    else if (section >= SHN_LORESERVE)
        section = 0;
    if (section && section < e->section_count)
        out->place = e->is_object ? (struct elf_place){(uint32_t)section, value}
                                  : place_of_address(e, value);
    return true;
}

/* ---- relocations ---- */

static int compare_places(struct elf_place a, struct elf_place b)
{
    if (a.section != b.section)
        return a.section < b.section ? -1 : 1;
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

static int compare_links(const void *a, const void *b)
{
    return compare_places(((const struct elf_link *)a)->place, ((const struct elf_link *)b)->place);
}

static void read_links(struct elf *e, const struct elf_section *s)
{
    bool has_addend = s->type == SHT_RELA;
    unsigned size = e->is_64 ? (has_addend ? 24 : 16) : (has_addend ? 12 : 8);
    for (uint64_t i = 0; i < s->size / size; i++) {
        const unsigned char *p = e->data + s->offset + i * size;
        uint64_t info = field(e, p, 4, 8);
        struct elf_link *link = &e->link[e->link_count++];
        link->place.section = e->is_object ? s->info : 0;
        link->place.offset = field(e, p, 0, 0);
        link->symbol = (uint32_t)(e->is_64 ? info >> 32 : info >> 8);
        link->table = s->link;
        link->has_addend = has_addend;
        link->addend = has_addend ? field(e, p, 8, 16) : 0;
    }
}

/* Is it a table of relocations that is needed? In an object these are the tables for data, in a
 * linked file the tables that the loader applies. */
static bool is_wanted(const struct elf *e, const struct elf_section *s)
{
    if ((s->type != SHT_REL && s->type != SHT_RELA) || !s->has_data)
        return false;
    if (!e->is_object)
        return s->flags & SHF_ALLOC;
    if (!s->info || s->info >= e->section_count)
        return false;
    uint64_t flags = e->section[s->info].flags;
    return flags & SHF_ALLOC && !(flags & SHF_EXECINSTR);
}

bool elf_read_symbols(struct elf *e)
{
    uint32_t table = find_table(e, SHT_SYMTAB);
    uint64_t links = 0;
    e->is_stripped = !table;
    if (!table)
        table = find_table(e, SHT_DYNSYM);
    uint64_t count = table ? e->section[table].size / symbol_size(e) : 0;
    for (uint32_t i = 1; i < e->section_count; i++)
        links += is_wanted(e, &e->section[i]) ? e->section[i].size / 8 : 0;
    /* Sections may lie over each other, but no real file has so many that this becomes large. */
    if (count > UINT32_MAX || links > e->size)
        return fail(e, "there are more symbols or relocations than the file has room for", 0);
    e->symbol = arena_alloc(e->arena, (count + 1) * sizeof *e->symbol);
    e->symbol_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++)
        if (!read_symbol(e, table, i, &e->symbol[i]))
            return fail(e, arena_printf(e->arena, "symbol %u has no name in its table", i),
                        e->section[table].offset + (uint64_t)i * symbol_size(e));
    e->link = arena_alloc(e->arena, (links + 1) * sizeof *e->link);
    for (uint32_t i = 1; i < e->section_count; i++)
        if (is_wanted(e, &e->section[i]))
            read_links(e, &e->section[i]);
    qsort(e->link, e->link_count, sizeof *e->link, compare_links);
    return true;
}

static const struct elf_link *find_link(const struct elf *e, struct elf_place at)
{
    struct elf_link key = {.place = at};
    if (!e->is_object) {
        key.place.section = 0;
        key.place.offset = e->section[at.section].address + at.offset;
    }
    return e->link_count ? bsearch(&key, e->link, e->link_count, sizeof key, compare_links) : NULL;
}

/* The symbol at an address without bytes in the file, or NULL: a program may have room for a copy
 * of a library's object, which the loader fills. */
static const char *name_of_address(const struct elf *e, uint64_t address)
{
    for (uint32_t i = 0; i < e->symbol_count; i++)
        if (e->symbol[i].value == address && *e->symbol[i].name)
            return e->symbol[i].name;
    return NULL;
}

bool elf_pointer(const struct elf *e, struct elf_place at, struct elf_place *to, const char **name)
{
    uint64_t value;
    *to = (struct elf_place){0, 0};
    *name = NULL;
    if (!elf_number(e, at, e->is_64 ? 8 : 4, &value))
        return false;
    const struct elf_link *link = find_link(e, at);
    if (link && link->has_addend)
        value = link->addend;
    if (!link || !link->symbol) {
        if (!e->is_object)
            *to = place_of_address(e, value);
        if (!e->is_object && value && !to->section)
            *name = name_of_address(e, value);
        return true;
    }
    struct elf_symbol symbol;
    if (!link->table || link->table >= e->section_count || !e->section[link->table].has_data ||
        !read_symbol(e, link->table, link->symbol, &symbol))
        return false;
    *to = symbol.place;
    if (to->section)
        to->offset += value;
    else
        *name = symbol.name;
    return true;
}

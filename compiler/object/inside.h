/*
 * Private to the room object: ELF files: their sections, their symbols, and the targets of pointers
 * in the data, for both sizes and byte orders. Nothing in a file is trusted: a place outside the
 * file is an error that names the place.
 *
 * Memory: the caller's arena; the file's bytes stay the caller's.
 */
#ifndef BIDE_COMPILER_OBJECT_INSIDE_H
#define BIDE_COMPILER_OBJECT_INSIDE_H

#include "compiler/object/object.h"

struct elf_link;

struct elf_section {
    const char *name;
    uint32_t type, link, info;
    uint64_t flags, address, offset, size, entry_size;
    bool has_data; /* its bytes are in the file */
};

/* A place in the data: the section's number (0: nowhere) and the byte in it. */
struct elf_place {
    uint32_t section;
    uint64_t offset;
};

struct elf_symbol {
    const char *name;
    struct elf_place place; /* section 0: not defined here, or in no section with bytes */
    uint64_t value;
    bool is_local;
};

struct elf {
    struct arena *arena;
    const unsigned char *data;
    uint64_t size;
    bool is_64, is_big;
    bool is_object; /* not linked: a symbol's value is an offset in its section */
    uint32_t machine;
    struct elf_section *section;
    uint32_t section_count;
    struct elf_symbol *symbol; /* of .symtab; of .dynsym when there is no .symtab */
    uint32_t symbol_count;
    bool is_stripped; /* there is no .symtab */
    struct elf_link *link;
    uint32_t link_count, link_room;
    const char *error; /* what is wrong, and where; NULL: nothing so far */
};

/* ---- elf.c ---- */

bool elf_is(const unsigned char *data, uint64_t size);
/* False, with elf->error set, when the file cannot be read. */
bool elf_open(struct elf *, struct arena *, const unsigned char *data, uint64_t size);
/* Fills symbols and links; until then only sections are known. */
bool elf_read_symbols(struct elf *);
/* The section's bytes, *size of them; NULL: there is no such section, or it has no bytes. */
const unsigned char *elf_section_data(const struct elf *, const char *name, uint64_t *size);

/* A number of 1, 2, 4 or 8 bytes. False: the section ends before that. */
bool elf_number(const struct elf *, struct elf_place, unsigned bytes, uint64_t *number);
uint32_t elf_word(const struct elf *, const unsigned char *at); /* of 4 bytes */
/* The target of the pointer at the place. For NULL, and for a symbol defined elsewhere, *to has
 * section 0; *name is the name of that symbol, otherwise NULL. False: there is no pointer. */
bool elf_pointer(const struct elf *, struct elf_place, struct elf_place *to, const char **name);
/* The string at the place; NULL: it does not end before its section does. */
const char *elf_string(const struct elf *, struct elf_place);

#endif

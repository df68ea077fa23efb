/*
 * rows.c: results. The cells of a row lie side by side, and the rows lie in chunks, each of which
 * holds twice as many rows as the one before. So growing copies nothing, and at most twice the
 * memory in use is allocated. Texts and blobs lie in blocks that never move either, so that a cell
 * can point at them. Everything counts towards the limit.
 */
#include "internal.h"

#include <assert.h>

struct block {
    struct block *next;
    size_t size, used; /* bytes of data */
    _Alignas(max_align_t) char data[];
};

enum { FIRST_ROWS = 4, CHUNKS = 48 };

struct bide_sql_rows {
    size_t columns, rows;
    const char **names;
    bide_sql_value *chunks[CHUNKS]; /* NULL: not yet */
    struct block *blocks;           /* the first has room left */
    size_t bytes, bytes_max;
    int64_t changes, last_id;
};

enum { BLOCK_SIZE = 2048 - sizeof(struct block) };

static unsigned chunk_of(size_t row)
{
    return 63 - (unsigned)__builtin_clzll((unsigned long long)row / FIRST_ROWS + 1);
}

static size_t rows_of(unsigned chunk)
{
    return (size_t)FIRST_ROWS << chunk;
}

/* The first cell of a row whose chunk exists. */
static bide_sql_value *cells_of(const bide_sql_rows *r, size_t row)
{
    unsigned chunk = chunk_of(row);
    return r->chunks[chunk] + (row - (rows_of(chunk) - FIRST_ROWS)) * r->columns;
}

bide_sql_rows *bide__sql_rows_new(size_t bytes_max)
{
    bide_sql_rows *r = bide__alloc(sizeof *r);
    if (r != NULL)
        *r = (bide_sql_rows){.bytes_max = bytes_max};
    return r;
}

void bide__sql_rows_clear(bide_sql_rows *r)
{
    struct block *next;
    for (struct block *b = r->blocks; b != NULL; b = next) {
        next = b->next;
        bide__free(b, sizeof *b + b->size);
    }
    bide__free(r->names, r->columns * sizeof *r->names);
    for (unsigned i = 0; i < CHUNKS && r->chunks[i] != NULL; i++)
        bide__free(r->chunks[i], rows_of(i) * r->columns * sizeof(bide_sql_value));
    *r = (bide_sql_rows){.bytes_max = r->bytes_max};
}

void bide_sql_rows_free(bide_sql_rows *rows)
{
    if (rows == NULL)
        return;
    bide__sql_rows_clear(rows);
    bide__free(rows, sizeof *rows);
}

static int count_bytes(bide_sql_rows *r, size_t size)
{
    if (size > r->bytes_max - r->bytes)
        return -EMSGSIZE;
    r->bytes += size;
    return 0;
}

/* Copies `size` bytes and adds a zero byte. Returns 0, -ENOMEM or -EMSGSIZE. */
static int keep(bide_sql_rows *r, const void *data, size_t size, const void **copy)
{
    int n = count_bytes(r, size + 1);
    if (n < 0)
        return n;
    struct block *b = r->blocks;
    if (b == NULL || size >= b->size - b->used) {
        size_t room = size + 1 > BLOCK_SIZE ? size + 1 : BLOCK_SIZE;
        b = bide__alloc(sizeof *b + room);
        if (b == NULL)
            return -ENOMEM;
        *b = (struct block){.next = r->blocks, .size = room};
        r->blocks = b;
    }
    char *to = b->data + b->used;
    if (size > 0)
        memcpy(to, data, size);
    to[size] = '\0';
    b->used += size + 1;
    *copy = to;
    return 0;
}

int bide__sql_rows_begin(bide_sql_rows *r, sqlite3_stmt *statement)
{
    size_t columns = (size_t)sqlite3_column_count(statement);
    if (columns == 0)
        return 0;
    r->names = bide__alloc(columns * sizeof *r->names);
    if (r->names == NULL)
        return -ENOMEM;
    r->columns = columns;
    for (size_t i = 0; i < columns; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        const void *copy;
        int n = name == NULL ? -ENOMEM : keep(r, name, strlen(name), &copy);
        if (n < 0)
            return n;
        r->names[i] = copy;
    }
    return 0;
}

/* Makes room for one more row. */
static int grow(bide_sql_rows *r)
{
    size_t size;
    unsigned chunk = chunk_of(r->rows);
    int n = count_bytes(r, r->columns * sizeof(bide_sql_value));
    if (n < 0 || r->columns == 0)
        return n;
    if (chunk >= CHUNKS ||
        __builtin_mul_overflow(rows_of(chunk), r->columns * sizeof(bide_sql_value), &size))
        return -ENOMEM;
    if (r->chunks[chunk] == NULL)
        r->chunks[chunk] = bide__alloc(size);
    return r->chunks[chunk] == NULL ? -ENOMEM : 0;
}

/* Takes a text or blob, whose pointer the caller has fetched: sqlite3_column_bytes must be called
 * after that. */
static int take_data(bide_sql_rows *r, sqlite3_stmt *statement, int column, const void *data,
                     bide_sql_value *cell)
{
    cell->size = (size_t)sqlite3_column_bytes(statement, column);
    if (data == NULL && cell->size > 0)
        return -ENOMEM;
    return keep(r, data, cell->size, &cell->data);
}

static int take_cell(bide_sql_rows *r, sqlite3_stmt *statement, int column, bide_sql_value *cell)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: *cell = bide_sql_int(sqlite3_column_int64(statement, column)); return 0;
    case SQLITE_FLOAT: *cell = bide_sql_real(sqlite3_column_double(statement, column)); return 0;
    case SQLITE_TEXT:
        cell->type = BIDE_SQL_TEXT;
        return take_data(r, statement, column, sqlite3_column_text(statement, column), cell);
    case SQLITE_BLOB:
        cell->type = BIDE_SQL_BLOB;
        return take_data(r, statement, column, sqlite3_column_blob(statement, column), cell);
    default: *cell = bide_sql_null(); return 0;
    }
}

int bide__sql_rows_add(bide_sql_rows *r, sqlite3_stmt *statement)
{
    int n = grow(r);
    if (n < 0)
        return n;
    bide_sql_value *row = cells_of(r, r->rows);
    for (size_t i = 0; i < r->columns && n == 0; i++)
        n = take_cell(r, statement, (int)i, &row[i]);
    if (n == 0)
        r->rows++;
    return n;
}

void bide__sql_rows_end(bide_sql_rows *r, sqlite3 *connection)
{
    r->changes = sqlite3_changes64(connection);
    r->last_id = sqlite3_last_insert_rowid(connection);
}

size_t bide_sql_row_count(const bide_sql_rows *rows)
{
    return rows->rows;
}

size_t bide_sql_column_count(const bide_sql_rows *rows)
{
    return rows->columns;
}

int64_t bide_sql_changes(const bide_sql_rows *rows)
{
    return rows->changes;
}

int64_t bide_sql_last_id(const bide_sql_rows *rows)
{
    return rows->last_id;
}

const char *bide_sql_column_name(const bide_sql_rows *rows, size_t column)
{
    assert(column < rows->columns);
    return rows->names[column];
}

const bide_sql_value *bide_sql_get(const bide_sql_rows *rows, size_t row, size_t column)
{
    assert(row < rows->rows && column < rows->columns);
    return &cells_of(rows, row)[column];
}

const char *bide_sql_get_text(const bide_sql_rows *rows, size_t row, size_t column)
{
    const bide_sql_value *v = bide_sql_get(rows, row, column);
    return v->type == BIDE_SQL_TEXT ? v->data : NULL;
}

int64_t bide_sql_get_int(const bide_sql_rows *rows, size_t row, size_t column)
{
    const bide_sql_value *v = bide_sql_get(rows, row, column);
    if (v->type == BIDE_SQL_REAL && v->real >= -0x1p63 && v->real < 0x1p63)
        return (int64_t)v->real;
    return v->type == BIDE_SQL_INT ? v->integer : 0;
}

double bide_sql_get_real(const bide_sql_rows *rows, size_t row, size_t column)
{
    const bide_sql_value *v = bide_sql_get(rows, row, column);
    if (v->type == BIDE_SQL_INT)
        return (double)v->integer;
    return v->type == BIDE_SQL_REAL ? v->real : 0;
}

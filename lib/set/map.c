/*
 * map.c: task maps: a task set, and a table of its children by their keys.
 *
 * Each child has a node, which is found by its key and by the child's number. Under the map's lock
 * a node is there exactly as long as the child's end was not taken out of the set; so a child that
 * has a node may be asked to cancel by its number. A child whose key was given to another one is
 * REPLACED: found by its number alone, and its end is told to nobody.
 *
 * The lock is taken before that of the set.
 */
#include "lib/set/close.h"
#include "lib/sync/wait.h"
#include "runtime/task/task.h"

#undef bide_task_map_next
#undef bide_task_map_close

struct node {
    struct node *by_key, *by_id; /* the next ones in their buckets */
    uint64_t id;                 /* of the task; 0: its end was told */
    uint64_t hash;               /* of the key */
    size_t size;                 /* of the key, with its end if it is a string */
    bool is_replaced;
    _Alignas(16) char key[];
};

struct bide__task_map {
    uint32_t lock;
    bool is_text; /* keys are strings */
    struct bide__task_set *set;
    size_t count, buckets; /* buckets: a power of two, or 0 */
    struct node **by_key, **by_id;
    struct node *told; /* whose string the last `next` has given away */
};

enum { BUCKETS_MIN = 16 };

/* ---- the table ---- */

/* FNV-1a, by Fowler, Noll and Vo; and the last step of MurmurHash3, by Appleby. */
static uint64_t hash_of(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 33;
}

static size_t bucket_of(const struct bide__task_map *map, uint64_t hash)
{
    return (size_t)(hash & (map->buckets - 1));
}

static uint64_t hash_of_id(uint64_t id)
{
    return hash_of(&id, sizeof(id));
}

static void node_free(struct node *n)
{
    if (n != NULL)
        bide__free(n, sizeof(*n) + n->size);
}

static struct node *find(const struct bide__task_map *map, const void *key, size_t size)
{
    uint64_t hash = hash_of(key, size);
    struct node *n = map->buckets > 0 ? map->by_key[bucket_of(map, hash)] : NULL;

    while (n != NULL && (n->hash != hash || n->size != size || memcmp(n->key, key, size) != 0))
        n = n->by_key;
    return n;
}

static void link_key(struct bide__task_map *map, struct node *n)
{
    struct node **at = &map->by_key[bucket_of(map, n->hash)];
    n->by_key = *at;
    *at = n;
}

static void link_id(struct bide__task_map *map, struct node *n)
{
    struct node **at = &map->by_id[bucket_of(map, hash_of_id(n->id))];
    n->by_id = *at;
    *at = n;
}

static void unlink_key(struct bide__task_map *map, const struct node *n)
{
    struct node **at = &map->by_key[bucket_of(map, n->hash)];
    while (*at != n)
        at = &(*at)->by_key;
    *at = n->by_key;
    map->count--;
}

/* Takes out the node of the child with this number. */
static struct node *take(struct bide__task_map *map, uint64_t id)
{
    if (map->buckets == 0 || id == 0)
        return NULL;
    struct node **at = &map->by_id[bucket_of(map, hash_of_id(id))];
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->by_id;
    struct node *n = *at;
    if (n == NULL)
        return NULL;
    *at = n->by_id;
    if (!n->is_replaced)
        unlink_key(map, n);
    return n;
}

/* 0 or -ENOMEM. */
static int grow(struct bide__task_map *map)
{
    size_t before = map->buckets, bytes = before * sizeof(struct node *);
    struct node **by_key = map->by_key, **by_id = map->by_id;
    size_t buckets = before > 0 ? before * 2 : BUCKETS_MIN, size = buckets * sizeof(struct node *);
    struct node **new_key = bide__alloc(size), **new_id = bide__alloc(size);

    if (new_key == NULL || new_id == NULL) {
        bide__free(new_key, size);
        bide__free(new_id, size);
        return -ENOMEM;
    }
    memset(new_key, 0, size);
    memset(new_id, 0, size);
    map->buckets = buckets;
    map->by_key = new_key;
    map->by_id = new_id;
    for (size_t i = 0; i < before; i++) {
        for (struct node *n = by_key[i], *next; n != NULL; n = next) {
            next = n->by_key;
            link_key(map, n);
        }
        for (struct node *n = by_id[i], *next; n != NULL; n = next) {
            next = n->by_id;
            link_id(map, n);
        }
    }
    bide__free(by_key, bytes);
    bide__free(by_id, bytes);
    return 0;
}

/* The bytes of a key: of the string that it points to, or its own. */
static const void *bytes_of(const void *key, size_t *size, bool is_text)
{
    if (!is_text)
        return key;
    const char *text = *(const char *const *)key;
    *size = strlen(text) + 1;
    return text;
}

/* ---- children ---- */

static struct node *node_new(const void *key, size_t size)
{
    struct node *n = size < SIZE_MAX / 2 ? bide__alloc(sizeof(*n) + size) : NULL;

    if (n == NULL)
        return NULL;
    *n = (struct node){.hash = hash_of(key, size), .size = size};
    memcpy(n->key, key, size);
    return n;
}

/* The key goes to another child. */
static void replace(struct bide__task_map *map, struct node *old)
{
    bide__set_abort_child(map->set, old->id);
    unlink_key(map, old);
    old->is_replaced = true;
}

uint64_t bide__task_map_spawn(void *handle, const void *key, size_t size, int is_text,
                              const struct bide_fn *fn, const void *args)
{
    struct bide__task_map *map = handle;

    if (map == NULL)
        return bide__task_set_spawn(NULL, fn, args);
    const void *bytes = bytes_of(key, &size, is_text);
    lock_take(&map->lock);
    map->is_text = is_text;
    struct node *n = node_new(bytes, size), *old = find(map, bytes, size);
    bool has_room = n != NULL && (map->count < map->buckets || grow(map) == 0);
    uint64_t id = has_room ? bide__set_spawn(map->set, fn, args) : 0;
    if (!has_room)
        bide__set_refuse(map->set, -ENOMEM);
    if (id != 0) {
        if (old != NULL)
            replace(map, old);
        n->id = id;
        link_key(map, n);
        link_id(map, n);
        map->count++;
        n = NULL;
    }
    lock_give(&map->lock);
    node_free(n);
    if (id == 0)
        bide__args_release(fn, args); /* which may use the map */
    return id;
}

uint64_t bide__task_map_spawn_named(const char *name, void *map, const void *key, size_t size,
                                    int is_text, const struct bide_fn *fn, const void *args)
{
    bide__name_begin(name);
    uint64_t id = bide__task_map_spawn(map, key, size, is_text, fn, args);
    bide__name_end();
    return id;
}

int bide__task_map_abort(struct bide__task_map *map, const void *key, size_t size)
{
    if (map == NULL)
        return -ENOENT;
    lock_take(&map->lock);
    const void *bytes = bytes_of(key, &size, map->is_text);
    const struct node *n = find(map, bytes, size);
    if (n != NULL)
        bide__set_abort_child(map->set, n->id);
    lock_give(&map->lock);
    return n != NULL ? 0 : -ENOENT;
}

uint64_t bide__task_map_find(struct bide__task_map *map, const void *key, size_t size)
{
    if (map == NULL)
        return 0;
    lock_take(&map->lock);
    const void *bytes = bytes_of(key, &size, map->is_text);
    const struct node *n = find(map, bytes, size);
    uint64_t id = n != NULL ? n->id : 0;
    lock_give(&map->lock);
    return id;
}

size_t bide__task_map_length(struct bide__task_map *map)
{
    if (map == NULL)
        return 0;
    lock_take(&map->lock);
    size_t count = map->count;
    lock_give(&map->lock);
    return count;
}

/* With the lock. */
static void forget_all(struct bide__task_map *map)
{
    for (size_t i = 0; i < map->buckets; i++) {
        for (struct node *n = map->by_id[i], *next; n != NULL; n = next) {
            next = n->by_id;
            node_free(n);
        }
        map->by_id[i] = map->by_key[i] = NULL;
    }
    map->count = 0;
}

void bide__task_map_detach_all(struct bide__task_map *map)
{
    if (map == NULL)
        return;
    lock_take(&map->lock);
    struct bide__task *ended = bide__set_detach_all(map->set);
    forget_all(map);
    lock_give(&map->lock);
    bide__set_discard_all(ended);
}

void bide__task_map_abort_all(struct bide__task_map *map)
{
    if (map != NULL)
        bide__task_set_abort_all(map->set);
}

/* ---- next ---- */

struct next {
    struct bide_frame h;
    struct bide__task_map *map;
    void *key, *out;
    bide_task_end *end;
};

/* With the lock: the key of the child whose end is told. */
static void tell_key(struct bide__task_map *map, struct node *n, void *key)
{
    if (key != NULL && map->is_text)
        memcpy(key, &(const char *){n->key}, sizeof(const char *));
    else if (key != NULL)
        memcpy(key, n->key, n->size);
    node_free(map->told);
    map->told = n;
}

static int map_next(struct bide__task_map *map, struct bide_cx *cx, const void *leaf, void *key,
                    void *out, bide_task_end *told)
{
    bide_task_end end;
    int r;

    if (map == NULL)
        return -EINVAL;
    lock_take(&map->lock);
    for (;;) {
        end.function = NULL;
        r = bide__set_next(map->set, cx, leaf, out, &end);
        if (end.function == NULL)
            break; /* no child was taken out */
        struct node *n = take(map, end.id);
        if (n != NULL && n->is_replaced) {
            node_free(n);
            continue;
        }
        if (n != NULL)
            tell_key(map, n, key);
        if (told != NULL)
            *told = end;
        break;
    }
    lock_give(&map->lock);
    return r;
}

static enum bide_poll next_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    h->state = BIDE__BEGUN;
    int r = map_next(f->map, cx, f, f->key, f->out, f->end);
    return r == BIDE__SET_WAITS ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, r);
}

static enum bide_answer next_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    (void)cx;
    bide__set_leave(f->map->set, f);
    return BIDE_CANCELLED;
}

BIDE__LEAF(int, bide_task_map_next, struct next, next_poll, next_cancel,
           (struct bide__task_map *, map), (void *, key), (void *, out), (bide_task_end *, end));

int bide__task_map_try_next(struct bide__task_map *map, void *key, void *out, bide_task_end *end)
{
    return map_next(map, NULL, NULL, key, out, end);
}

/* ---- its end ---- */

int bide__task_map_new(size_t limit, void *out)
{
    struct bide__task_map *map = bide__alloc(sizeof(*map));
    int error = -ENOMEM;

    if (map != NULL) {
        *map = (struct bide__task_map){0};
        error = bide__task_set_new(limit, &map->set);
    }
    if (error < 0 && map != NULL) {
        bide__free(map, sizeof(*map));
        map = NULL;
    }
    memcpy(out, &map, sizeof(map));
    return error;
}

static void map_free(struct bide__task_map *map)
{
    size_t size = map->buckets * sizeof(struct node *);

    forget_all(map);
    node_free(map->told);
    bide__free(map->by_key, size);
    bide__free(map->by_id, size);
    bide__free(map, sizeof(*map));
}

void bide__task_map_free(struct bide__task_map *map)
{
    if (map == NULL)
        return;
    bide__task_set_free(map->set);
    map_free(map);
}

struct map_close {
    struct close c;
    struct bide__task_map *map;
};

static enum bide_poll map_close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct map_close *f = (struct map_close *)(void *)h;
    struct bide__task_map *map = f->map;

    if (h->state == 0)
        f->c.set = map != NULL ? map->set : NULL;
    enum bide_poll poll = close_poll(cx, h);
    if (poll == BIDE_READY && map != NULL)
        map_free(map);
    return poll;
}

BIDE__LEAF_ARGS(bide_task_map_close, (struct bide__task_map *, map))

enum bide_poll bide__start_bide_task_map_close(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide__task_map *map);

/* Without memory for its frame nobody waits. */
enum bide_poll bide__start_bide_task_map_close(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide__task_map *map)
{
    struct map_close *f =
        bide_frame_push(cx, sizeof(*f), &bide__desc_bide_task_map_close, parent, result);

    if (f == NULL) {
        bide__task_map_free(map);
        return BIDE_PENDING;
    }
    f->map = map;
    return map_close_poll(cx, &f->c.h);
}

BIDE__LEAF_BLOCKING(void, bide_task_map_close, (struct bide__task_map *, map))
BIDE__LEAF_REST(void, bide_task_map_close, struct map_close, bide_task_map_close, map_close_poll,
                close_cancel, (struct bide__task_map *, map));

/*
 * h1/kit.c: the memory of a connection that is not idle: taken from the home's list, and given
 * back.
 *
 * A kit is one block. Only a head that is longer than most has a buffer of its own, which goes when
 * the connection is idle again.
 */
#include "extra/http/h1/inside.h"

static size_t kit_size(const struct bide__http_settings *s)
{
    return sizeof(struct bide__h1_kit) + s->o.headers_max * sizeof(struct bide__http_field);
}

static struct bide__h1_kit *take_free(struct bide__http_home *home)
{
    lock_take(&home->lock);
    struct bide__h1_kit *kit = home->kits;
    if (kit != NULL) {
        home->kits = kit->next;
        home->kit_count--;
    }
    lock_give(&home->lock);
    return kit;
}

int bide__h1_kit_take(struct bide__h1 *h)
{
    if (h->kit != NULL)
        return 0;
    struct bide__h1_kit *kit = take_free(h->c->home);
    if (kit == NULL) {
        size_t size = kit_size(h->settings);
        kit = bide__alloc(size);
        if (kit == NULL)
            return -ENOMEM;
        kit->size = size;
    }
    kit->in = kit->in_own;
    kit->in_room = BIDE__H1_IN;
    kit->begin = kit->end = 0;
    kit->out_begin = kit->out_end = 0;
    h->kit = kit;
    return 0;
}

static void free_long(struct bide__h1_kit *kit)
{
    if (kit->in != kit->in_own)
        bide__free(kit->in, kit->in_room);
}

void bide__h1_kit_drop(struct bide__h1 *h)
{
    struct bide__http_home *home = h->c->home;
    struct bide__h1_kit *kit = h->kit;

    if (kit == NULL)
        return;
    h->kit = NULL;
    free_long(kit);
    lock_take(&home->lock);
    bool keep = home->kit_count < BIDE__H1_KITS_MAX;
    if (keep) {
        kit->next = home->kits;
        home->kits = kit;
        home->kit_count++;
    }
    lock_give(&home->lock);
    if (!keep)
        bide__free(kit, kit->size);
}

void bide__h1_kit_leave(struct bide__h1 *h)
{
    if (h->kit != NULL && h->kit->begin == h->kit->end && bide__h1_unsent(h) == 0)
        bide__h1_kit_drop(h);
}

void bide__h1_kits_free(struct bide__http_home *home)
{
    for (struct bide__h1_kit *kit = home->kits, *next; kit != NULL; kit = next) {
        next = kit->next;
        bide__free(kit, kit->size);
    }
    home->kits = NULL;
    home->kit_count = 0;
}

/* ---- room for a head ---- */

enum { CHUNK_ROOM = 2048 };

static int grow(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    size_t most = (size_t)h->settings->o.head_bytes_max + CHUNK_ROOM;
    size_t room = kit->in_room * 2 < most ? kit->in_room * 2 : most;
    if (room <= kit->in_room)
        return -EMSGSIZE;
    char *in = bide__alloc(room);
    if (in == NULL)
        return -ENOMEM;
    memcpy(in, kit->in, kit->end);
    free_long(kit);
    kit->in = in;
    kit->in_room = room;
    return 0;
}

int bide__h1_make_room(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    if (kit->begin == kit->end) {
        kit->begin = kit->end = 0;
    } else if (kit->end == kit->in_room && kit->begin > 0) {
        memmove(kit->in, kit->in + kit->begin, kit->end - kit->begin);
        kit->end -= kit->begin;
        kit->begin = 0;
    }
    return kit->end < kit->in_room ? 0 : grow(h);
}

/* ---- room for chunks behind a head ---- */

int bide__h1_make_chunk_room(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    size_t size = kit->head.size;

    if (kit->in_room - kit->begin - size >= CHUNK_ROOM)
        return 0;
    memmove(kit->in, kit->in + kit->begin, kit->end - kit->begin);
    kit->end -= kit->begin;
    kit->begin = 0;
    int rc = kit->in_room - size >= CHUNK_ROOM ? 0 : grow(h);
    kit->head.fields.base = kit->in;
    return rc;
}

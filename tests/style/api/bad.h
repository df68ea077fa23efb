/* A header that breaks each rule of docs/api.md, and beside each mistake what is right. */
#ifdef __cplusplus
extern "C" {
#endif

struct bide_untyped {
    int number;
};

enum bide_color { BIDE_RED, BIDE_BLUE };

typedef struct bide_named {
    int number;
} bide_other_name;

/* Says nothing of zeroes. */
typedef struct bide_bad_options {
    int number;
} bide_bad_options;

/* Zero in a member means the default. */
typedef struct bide_good_options {
    int number; /* a comment; with a semicolon */
} bide_good_options;

/* In the caller's memory, without an initializer. */
typedef struct bide_gate {
    uint32_t lock_, open_;
} bide_gate;

/* With one. */
typedef struct bide_door {
    uint32_t lock_;
} bide_door;
#define BIDE_DOOR_INIT {0}

/* With one that takes a number. */
typedef struct bide_bell {
    uint32_t lock_, count_;
} bide_bell;
#define BIDE_BELL_INIT(count) {0, (count)}

/* Made by value. */
typedef struct bide_window {
    uint32_t lock_;
} bide_window;

/* A value. */
typedef struct bide_pair {
    int left, right;
} bide_pair;

/* Filled in where it lies, since it must not move. */
typedef struct bide_wait {
    uint32_t lock_;
} bide_wait;

typedef struct bide_thing bide_thing;

/* Begins a wait. */
void bide_thing_listen(bide_thing *thing, bide_wait *wait);

/* Returns a window. */
bide_window bide_window_every(bide_duration period);

/* Outputs first. */
bide_must_use int bide_thing_new(bide_thing **thing bide_gives(bide_thing_free),
                                 const bide_good_options *options);
int bide_thing_count(bide_thing *thing, size_t *count, int kind);
bide_async int bide_thing_pair(bide_thing *thing, bide_pair *pair, void (*each)(void *argument),
                               void *argument);

/* Outputs last, a buffer with its size, and what belongs to a callback. */
bide_must_use int bide_thing_open(const char *path, const bide_good_options *options,
                                  bide_thing **thing bide_gives(bide_thing_free));
bide_async int bide_thing_read(bide_thing *thing, void *buffer, size_t size, size_t *done);
void bide_thing_each(bide_thing *thing, void (*each)(void *argument, int n), void *argument);
int bide_thing_move(bide_thing *from, bide_thing *to, int n);

/* Gives something that nobody must look at, and that ends in a way of its own. */
int bide_thing_copy(const bide_thing *thing, bide_thing **copy bide_gives(bide_thing_end));

/* Returns 0 for an item. */
bide_async int bide_thing_next(bide_thing *thing, int *item);

/* Returns
 * 1 and the item; 0 at the end. */
bide_async int bide_thing_recv(bide_thing *thing, int *item);

int bide_thing_uncommented(bide_thing *thing);

/* Waits. */
bide_async void bide_thing_free(bide_thing *thing);
void bide_thing_drop(bide_thing *thing, int how);

/* A bare number for a time; and the right form. */
void bide_thing_wait(bide_thing *thing, int timeout);
void bide_thing_wait_for(bide_thing *thing, bide_duration timeout);

/* The blocking form. */
int bide_thing_recv_blocking(bide_thing *thing, int *item);
#define bide_thing_take_blocking(thing) bide_thing_recv_blocking(thing, 0)

/* A tag where the typedef belongs. */
static __inline__ int bide_thing_kind(const struct bide_thing *thing)
{
    if (thing) {
        return 1;
    }
    return 0;
}

/* Private: not looked at. */
int bide__thing(int *out, int in);

#ifdef __cplusplus
}
#endif

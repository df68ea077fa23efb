/*
 * cores.h: a thread_per_core runtime: a worker for each core, and the mesh between them.
 *
 * Each core has a current_thread runtime of its own, with a thread that runs it
 * (thread_per_core.c). Core 0 is the runtime that its user has made, and runs on the thread that
 * blocks on it. No core touches what belongs to another one. What one wants of another it sends
 * there as a *mail*, a node in memory of its own, through the mesh (mesh.c). crossing.c makes tasks
 * on other cores, cores_report.c describes those of all.
 */
#ifndef BIDE_RUNTIME_CORES_H
#define BIDE_RUNTIME_CORES_H

#include "runtime/schedule/schedule.h"
#include "runtime/task/task.h"

/* `run` is called by the core that gets it, between two polls of tasks. It may send the mail on. */
struct bide__mail {
    struct bide__mail *next;
    void (*run)(struct bide__worker *here, struct bide__mail *mail);
};

enum { BIDE__LANE = 64, BIDE__CORES_MAX = 256, BIDE__CACHE_LINE = 64 };

/* From one core to another: one writes, one reads. What does not fit waits with the writer. */
struct bide__lane {
    /* The writer's. */
    _Alignas(BIDE__CACHE_LINE) _Atomic uint32_t tail;
    uint32_t head_seen;
    struct bide__mail *over, **over_end;
    _Atomic bool has_over; /* the reader is to tell the writer when there is room */
    /* The reader's. */
    _Alignas(BIDE__CACHE_LINE) _Atomic uint32_t head;
    /* Both. */
    _Alignas(BIDE__CACHE_LINE) struct bide__mail *slot[BIDE__LANE];
};

/* Text, in memory of the door. */
struct bide__report {
    char *text; /* NULL: there is none */
    size_t size, room;
    bool is_there;
};

struct bide__core {
    /* Written by other cores. */
    _Alignas(BIDE__CACHE_LINE) _Atomic bool mail; /* look at the lanes */
    _Atomic bool asleep;                          /* it is, or is about to be, in the driver */

    _Alignas(BIDE__CACHE_LINE) struct bide__cores *all;
    unsigned number;
    struct bide_runtime *runtime;
    struct bide__worker *worker;
    unsigned over;                           /* lanes of its own with mail that did not fit */
    struct bide__watch *ended;               /* tasks of others that have ended, linked by `next` */
    struct bide__crossing_fn *functions[64]; /* crossing.c */

    /* What it is asked for by bide_runtime_dump on another core, and its answer: cores_report.c. */
    _Atomic bool is_asked;
    struct bide__report report; /* under report_mutex */

    /* That it is to cancel its tasks, by force: a message that another core leaves. */
    struct bide__post cancel;
    _Atomic bool is_to_cancel, is_to_force;

    bool was_poked; /* since it last tried to sleep: it looks at everything once more */
    uint32_t stage_seen;
    bool rests;        /* in a shutdown: it has no tasks, and is not counted in `busy` */
    bool futures_stay; /* nothing ends them */
    bool timed_out;    /* what its part of a shutdown has come to */
    bool has_thread;
    pthread_t thread;
};

/* What the threads are to do now, in the lowest bits of `stage`. The rest counts changes. */
enum { BIDE__CORES_RUN, BIDE__CORES_CLOSE, BIDE__CORES_STOP, BIDE__CORES_STAGES = 4 };

struct bide__cores {
    unsigned count;
    struct bide__core *core; /* an array */
    struct bide__lane *lane; /* from i to j: [i * count + j] */
    size_t size;             /* of the block that has all three */
    _Atomic uint32_t stage;
    _Atomic uint32_t busy; /* cores that have tasks, in a shutdown */
    int64_t deadline_ns;   /* of a shutdown; written before `stage` */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* `stage` or `closing` */
    unsigned closing;       /* cores that have not done their part; under the mutex */
    pthread_mutex_t report_mutex;
    pthread_cond_t reported; /* a core has answered, or nobody reports any more */
    bool reports;            /* a core asks the others; under report_mutex */
};

/* ---- mesh.c ---- */

/* Gives the mail to another core, which runs it. The mails from one core arrive in their order. */
void bide__core_send(struct bide__core *from, struct bide__core *to, struct bide__mail *mail);

/* Makes the core look around, also if it sleeps. Any thread. */
void bide__core_poke(struct bide__core *core);

/* ---- cores_report.c ---- */

/* Core: others want to know its tasks. */
void bide__core_answer(struct bide__core *core);

/* ---- crossing.c ---- */

/* Owner: tells the cores that wait for them of tasks that have ended. */
void bide__crossings_end(struct bide__core *core);

#endif

/*
 * search.c: the tree of choices, depth first.
 *
 * An execution is a string of choices; the same string gives the same execution. To go on elsewhere
 * the last choice that has another value is changed, and the execution begins anew.
 *
 * States that were seen. What a program does next depends only on what each thread has read so
 * far, and on the modification orders. run_key makes a number of both, which does not depend on
 * the order of steps that have nothing to do with each other. If there was such a state, with the
 * same thread at its turn and at most as many preemptions, then all that follows has been explored:
 * the execution is pruned. (Musuvathi and Qadeer, "Partial-order reduction for context-bounded
 * state exploration", 2007, with the reads-from relation in the place of the order of accesses.)
 * Unlike sleep sets this is right with a bound. The number has 64 bits, so two states are taken
 * for one with a probability of 10^-6 if there are several million.
 *
 * The bound on preemptions grows from 0, so that a failure is shown with few of them.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_CHOICES = 4096, DEFAULT_BOUND = 2 };

const struct explore_model *model;
int bound;
bool was_cut;
int most_stale;          /* -1: any number */
static bool was_limited; /* by this */

static struct {
    unsigned char taken, of;
} choices[MAX_CHOICES];
static unsigned depth, known_depth; /* choices of this execution; of those that are prescribed */
static unsigned long schedules, pruned;
static bool replaying, unpruned;

/* ---- choices ---- */

unsigned choose(unsigned n)
{
    if (run.blurred)
        return 0;
    if (depth == MAX_CHOICES)
        fail("more than %d choices", MAX_CHOICES);
    if (depth == known_depth) {
        choices[depth].taken = 0;
        choices[depth].of = (unsigned char)n;
        known_depth++;
    } else if (replaying) {
        choices[depth].of = (unsigned char)n;
        if (choices[depth].taken >= n)
            choices[depth].taken = 0;
    } else if (choices[depth].of != n) {
        note_failure("the model is not deterministic: %u ways on instead of %u", n,
                     choices[depth].of);
        choices[depth].of = (unsigned char)n;
        choices[depth].taken = 0;
    }
    return choices[depth++].taken;
}

bool nothing_chosen(void)
{
    return depth == 0;
}

unsigned choose_store(unsigned n)
{
    if (n == 1)
        return 0;
    if (most_stale >= 0 && (int)run.stale >= most_stale) {
        was_limited = true;
        return 0;
    }
    unsigned c = choose(n);
    run.stale += c > 0;
    return c;
}

static bool next_choices(void)
{
    known_depth = depth;
    while (known_depth > 0 && choices[known_depth - 1].taken + 1 >= choices[known_depth - 1].of)
        known_depth--;
    if (known_depth == 0)
        return false;
    choices[known_depth - 1].taken++;
    return true;
}

/* ---- states that were seen ---- */

static struct state {
    uint64_t key; /* 0: none */
    uint32_t preemptions;
} * states;
static size_t states_room, states_used;

static struct state *state_at(uint64_t key)
{
    size_t i = key & (states_room - 1);
    while (states[i].key != 0 && states[i].key != key)
        i = (i + 1) & (states_room - 1);
    return &states[i];
}

static void grow(void)
{
    struct state *old = states;
    size_t old_room = states_room;
    states_room = old_room > 0 ? 2 * old_room : 1 << 16;
    states = calloc(states_room, sizeof(*states));
    if (states == NULL)
        abort();
    for (size_t i = 0; i < old_room; i++)
        if (old[i].key != 0)
            *state_at(old[i].key) = old[i];
    free(old);
}

static void forget_states(void)
{
    free(states);
    states = NULL;
    states_room = states_used = 0;
    grow();
}

/* True: all that follows has been explored. Notes the state otherwise. */
static bool was_seen(void)
{
    if (states_used > states_room / 2)
        grow();
    uint64_t key = run_key();
    key += key == 0;
    struct state *s = state_at(key);
    if (s->key == key && s->preemptions <= run.preemptions)
        return true;
    states_used += s->key == 0;
    *s = (struct state){key, run.preemptions};
    return false;
}

bool all_was_explored(void)
{
    return depth == known_depth && !replaying && !unpruned && !run.blurred && was_seen();
}

/* ---- the variables of the program ---- */

static char *data, *saved;
static size_t data_size;

void search_save(void)
{
    snapshot_add(data, data_size);
}

static void restore(void)
{
    memcpy(data, saved, data_size);
}

/* ---- outcomes ---- */

enum { MAX_OUTCOMES = 64 };
static char outcomes[MAX_OUTCOMES][32];
static unsigned outcome_count;

EXPORT void explore_outcome(const char *format, ...)
{
    char text[32];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    unsigned i = 0;
    while (i < outcome_count && strcmp(outcomes[i], text) < 0)
        i++;
    if (i < outcome_count && strcmp(outcomes[i], text) == 0)
        return;
    if (outcome_count == MAX_OUTCOMES)
        fail("more than %d outcomes", MAX_OUTCOMES);
    memmove(outcomes[i + 1], outcomes[i], (outcome_count++ - i) * sizeof(outcomes[0]));
    memcpy(outcomes[i], text, sizeof(text));
}

static bool outcomes_are_right(void)
{
    char text[MAX_OUTCOMES * 33] = "";
    if (model->outcomes == NULL)
        return true;
    for (unsigned i = 0; i < outcome_count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, outcomes[i]);
    }
    if (strcmp(text, model->outcomes) == 0)
        return true;
    fprintf(stderr, "%s: outcomes: %s\n%s: expected: %s\n", model->name, text, model->name,
            model->outcomes);
    return false;
}

/* ---- one model ---- */

static void execute(void)
{
    depth = 0;
    restore();
    run_once();
}

static void print_choices(void)
{
    unsigned last = depth;
    while (last > 0 && choices[last - 1].taken == 0)
        last--;
    for (unsigned i = 0; i < last; i++) {
        unsigned c = choices[i].taken;
        fputc(c < 10 ? '0' + (char)c : 'a' + (char)(c - 10), stderr);
    }
    fputs(last == 0 ? "0\n" : "\n", stderr);
}

static void read_choices(const char *text)
{
    for (known_depth = 0; *text != '\0' && known_depth < MAX_CHOICES; text++)
        choices[known_depth++].taken =
            (unsigned char)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
}

/* Repeats the last execution, so that its failure has names, and prints its steps. */
static void explain(bool quietly)
{
    known_depth = depth;
    replaying = tracing = true;
    tracing_quietly = quietly;
    if (!quietly)
        fprintf(stderr, "%s: the steps, each with its thread:\n", model->name);
    execute();
    replaying = tracing = false;
    if (quietly)
        return;
    fprintf(stderr, "%s: FAILED after %lu schedules, with %u preemptions: %s\n", model->name,
            schedules, run.preemptions,
            run.failed ? run.message : "not again; the model is not deterministic");
    fprintf(stderr, "%s: once more: --model '%s' --bound ", model->name, model->name);
    fprintf(stderr, bound == EXPLORE_NO_BOUND ? "none" : "%d", bound);
    if (most_stale >= 0)
        fprintf(stderr, " --stale %d", most_stale);
    fputs(" --replay ", stderr);
    print_choices();
}

static time_t until_s; /* 0: no limit */

static bool time_is_over(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return until_s > 0 && now.tv_sec >= until_s;
}

/* All executions with at most `bound` preemptions. False: one has failed. */
static bool explore_bound(void)
{
    forget_states();
    known_depth = 0;
    was_cut = false;
    do {
        execute();
        schedules++;
        pruned += run.pruned;
        if (run.failed)
            return false;
        if (schedules % 1024 == 0 && time_is_over()) {
            was_limited = true;
            was_cut = false;
            return true;
        }
    } while (next_choices());
    return true;
}

/* `most`: the bound. */
static bool explore_model(int most)
{
    schedules = pruned = 0;
    outcome_count = 0;
    was_limited = false;
    snapshot_drop();
    for (bound = most == EXPLORE_NO_BOUND ? most : 0;; bound++) {
        if (!explore_bound())
            return false;
        if (!was_cut || bound == most)
            return true;
    }
}

/* ---- the program ---- */

static const char *program;
enum { STALE_ANY = -1, STALE_AS_MODEL = -2 };
static int more_s; /* 0: as the models say */
static int asked_bound, asked_mutant, asked_stale = STALE_AS_MODEL;
static bool verbose;

static void bound_stale(void)
{
    if (asked_stale != STALE_AS_MODEL)
        most_stale = asked_stale;
    else
        most_stale = model->stale == 0 ? -1 : model->stale == EXPLORE_NONE ? 0 : model->stale;
}

static bool run_model(unsigned long *total, bool *has_failed)
{
    int most = asked_bound != 0 ? asked_bound : model->bound != 0 ? model->bound : DEFAULT_BOUND;
    if (most == EXPLORE_NONE)
        most = 0;
    bound_stale();
    if (more_s > 0 && most != EXPLORE_NO_BOUND)
        most++;
    if (more_s > 0 && most_stale >= 0)
        most_stale++;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    until_s = more_s > 0 ? begin.tv_sec + more_s : 0;
    bool clean = explore_model(most);
    clock_gettime(CLOCK_MONOTONIC, &end);
    long ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
    *total += schedules;
    *has_failed = !clean;
    bool expected = asked_mutant == 0 && model->fails_within == 0;
    if (!clean)
        explain(!expected && !verbose);
    if (clean || !(expected || verbose)) {
        printf("%s: %s%s%s after %lu schedules (%lu pruned, %zu states, %ld ms%s)\n", model->name,
               clean ? "clean" : "has failed", clean ? "" : ": ", clean ? "" : run.message,
               schedules, pruned, states_used, ms,
               clean && (was_cut || was_limited)   ? ", bounded"
               : clean && most != EXPLORE_NO_BOUND ? ", all"
                                                   : "");
    }
    fflush(stdout);
    if (model->fails_within > 0 && asked_mutant == 0) {
        if (clean || schedules > model->fails_within)
            fprintf(stderr, "%s: its fault is not found within %u schedules\n", model->name,
                    model->fails_within);
        return !clean && schedules <= model->fails_within;
    }
    return clean && outcomes_are_right();
}

static int usage(void)
{
    fprintf(stderr,
            "usage: %s [--model NAME] [--bound N|none] [--replay CHOICES] [--mutant N] [-v]\n"
            "       [--unpruned]\n"
            "  --model NAME      only the models whose names contain this\n"
            "  --bound N|none    at most N preemptions in an execution\n"
            "  --stale N|any     at most N reads of what is not the newest\n"
            "  --more S          one more preemption and stale read than a model says, for S s\n"
            "  --replay CHOICES  one execution, with its steps; with --model\n"
            "  --mutant N        succeed if a model fails within N schedules\n"
            "  -v                print the steps of expected failures too\n"
            "  --unpruned        also what follows from states that were seen\n",
            program);
    return 2;
}

static int replay(const char *text)
{
    bound = EXPLORE_NO_BOUND;
    if (asked_bound != EXPLORE_NO_BOUND)
        bound = asked_bound != 0 ? asked_bound : model->bound != 0 ? model->bound : DEFAULT_BOUND;
    bound_stale();
    read_choices(text);
    depth = known_depth;
    explain(false);
    return run.failed ? 1 : 0;
}

EXPORT int explore_main(int count, char **arguments, const struct explore_model *models,
                        char *begin, char *end);

int explore_main(int count, char **arguments, const struct explore_model *models, char *begin,
                 char *end)
{
    const char *name = "", *choices_text = NULL;
    program = arguments[0];
    for (int i = 1; i < count; i++) {
        const char *a = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (strcmp(a, "-v") == 0 || strcmp(a, "--unpruned") == 0) {
            *(a[1] == 'v' ? &verbose : &unpruned) = true;
            continue;
        }
        if (value == NULL)
            return usage();
        i++;
        if (strcmp(a, "--model") == 0)
            name = value;
        else if (strcmp(a, "--bound") == 0)
            asked_bound = strcmp(value, "none") == 0 ? EXPLORE_NO_BOUND
                          : atoi(value) == 0         ? EXPLORE_NONE
                                                     : atoi(value);
        else if (strcmp(a, "--stale") == 0)
            asked_stale = strcmp(value, "any") == 0 ? STALE_ANY : atoi(value);
        else if (strcmp(a, "--more") == 0)
            more_s = atoi(value);
        else if (strcmp(a, "--replay") == 0)
            choices_text = value;
        else if (strcmp(a, "--mutant") == 0)
            asked_mutant = atoi(value);
        else
            return usage();
    }
    data = begin;
    data_size = (size_t)(end - begin);
    saved = malloc(data_size);
    memcpy(saved, data, data_size);
    fiber_setup();
    int failed = 0, passed = 0;
    unsigned long total = 0;
    for (model = models; model->name != NULL; model++) {
        bool has_failed;
        if (strstr(model->name, name) == NULL)
            continue;
        if (choices_text != NULL)
            return replay(choices_text);
        bool good = run_model(&total, &has_failed);
        if (asked_mutant > 0 && has_failed) {
            printf("%s: the mutant is caught after %lu schedules\n", program, total);
            return total <= (unsigned long)asked_mutant ? 0 : 1;
        }
        passed += good;
        failed += !good;
    }
    if (asked_mutant > 0) {
        fprintf(stderr, "%s: the mutant is not caught\n", program);
        return 1;
    }
    return failed == 0 && passed > 0 ? 0 : 1;
}

/*
 * The warnings of bide: their names, and whether one is wanted at a place.
 *
 * The rules are gcc's. A flag that names a warning counts more than one that names a group (-Wall,
 * -Wextra); of several flags the last one counts. A pragma, and the value in it, counts from its
 * place on. -w silences all warnings. A warning without a name cannot be switched off alone. A
 * WARN_ERROR begins as an error; only flags and pragmas with its name change that.
 *
 * docs/diagnostics.md has a chapter for each name in the table.
 */
#include "inside.h"

#include <string.h>

const struct warning warning_table[] = {
    {"bide-await-in-loop", WARN_NAMED, "independent calls that are awaited one after another"},
    {"bide-blocking-call", WARN_ALWAYS, "a call in an async function that blocks the thread"},
    {"bide-borrow", WARN_ALWAYS, "the address of a local given to a task that may outlive it"},
    {"bide-dangling", WARN_ALWAYS, "the address of a local kept in what outlives it"},
    {"bide-errno-after-await", WARN_ALWAYS,
     "errno, or another error of the thread, read after an await"},
    {"bide-fork", WARN_ALWAYS, "an await in a child of fork"},
    {"bide-frame-larger-than=", WARN_NAMED, "a frame of more than this many bytes"},
    {"bide-leak-on-cancel", WARN_ALWAYS,
     "memory or a file that is lost when the task is cancelled"},
    {"bide-lock-across-await", WARN_ALWAYS, "a lock of threads held across an await"},
    {"bide-shared-local", WARN_ALWAYS, "a local that several threads may use at once"},
    {"bide-thread-bound", WARN_ERROR,
     "a value of one thread held across an await of a task that may change threads"},
    {"bide-unused-future", WARN_ALWAYS, "a future that nobody awaits: its call never runs"},
    {"bide-use-after-move", WARN_ALWAYS, "a task or a future used where its variable is empty"},
    {NULL, WARN_ALWAYS, NULL},
};

/* ---- the table ---- */

/* Does the option name the warning? The name may have a value after it. */
static bool is_named(const struct warning *w, const char *option)
{
    size_t n = strlen(w->name);
    if (w->name[n - 1] != '=')
        return !strcmp(w->name, option);
    return !strncmp(w->name, option, n) ||
           (strlen(option) == n - 1 && !strncmp(w->name, option, n - 1));
}

static const struct warning *find_warning(const char *option)
{
    for (const struct warning *w = warning_table; w->name; w++)
        if (is_named(w, option))
            return w;
    return NULL;
}

/* ---- the command line ---- */

/* What the flags say so far. */
struct wish {
    const struct warning *warning; /* NULL: without a name, or not in the table */
    const char *name;
    bool on, error;
    bool on_named, error_named; /* by a flag with its name, so that groups no longer count */
};

/* Does `flag`, from after -W, -Wno- or -Werror= on, name the warning itself? */
static bool is_this(const struct wish *w, const char *flag)
{
    return w->name && (!strcmp(w->name, flag) || (w->warning && is_named(w->warning, flag)));
}

static void name_on(struct wish *w, bool on)
{
    w->on = on;
    w->on_named = true;
}

static void name_error(struct wish *w, bool error)
{
    w->error = error;
    w->error_named = true;
}

/* One flag, after its -W. */
static void read_flag(struct wish *w, const char *flag)
{
    enum warning_group group = w->warning ? w->warning->group : WARN_ALWAYS;
    bool no = !strncmp(flag, "no-", 3);
    const char *positive = no ? flag + 3 : flag;
    if (!strcmp(positive, "error")) {
        if (!w->error_named)
            w->error = !no;
    } else if (!strncmp(positive, "error=", 6)) {
        if (is_this(w, positive + 6)) {
            name_error(w, !no);
            if (!no)
                name_on(w, true);
        }
    } else if (is_this(w, positive)) {
        name_on(w, !no);
    } else if (!w->on_named &&
               ((group == WARN_ALL && !strcmp(positive, "all")) ||
                (group == WARN_EXTRA && (!strcmp(positive, "extra") || !*positive)))) {
        w->on = !no;
    }
}

/* ---- values ---- */

/* Reads a number of bytes with one of gcc's units, or with none. */
static bool read_bytes(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1}, {"kB", 1000}, {"KiB", 1024}, {"MB", 1000000}, {"MiB", 1 << 20}};
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && n < UINT32_MAX; p++)
        n = 10 * n + (uint64_t)(*p - '0');
    for (size_t i = 0; p > text && i < sizeof units / sizeof *units; i++) {
        if (strcmp(p, units[i].name))
            continue;
        *bytes = n * units[i].bytes;
        return true;
    }
    return false;
}

/* "error=NAME=VALUE": the value, or NULL. */
static const char *value_of(const char *flag)
{
    const char *name = strncmp(flag, "error=", 6) ? flag : flag + 6;
    const char *equals = strchr(name, '=');
    return equals && equals[1] ? equals + 1 : NULL;
}

static void read_limit(const struct wish *w, const char *flag, uint64_t *limit)
{
    const char *name = strncmp(flag, "error=", 6) ? flag : flag + 6, *value = value_of(flag);
    if (value && is_this(w, name))
        read_bytes(value, limit);
}

/* ---- pragmas ---- */

struct state {
    int level;
    uint64_t limit;
};

/* The state by the pragmas before the token; `given`: by the flags. */
static struct state pragma_state(const struct unit *unit, const struct wish *w, uint32_t token,
                                 struct state given)
{
    enum { DEPTH_MAX = 64 };
    static const int levels[] = {[PRAGMA_IGNORED] = 0, [PRAGMA_WARNING] = 1, [PRAGMA_ERROR] = 2};
    struct state kept[DEPTH_MAX], now = given;
    int depth = 0;
    for (uint32_t i = 0; i < unit->pragmas.count; i++) {
        const struct pragma *p = unit->pragmas.item[i];
        if (p->token > token)
            break;
        if (p->kind == PRAGMA_PUSH) {
            if (depth < DEPTH_MAX)
                kept[depth] = now;
            depth++;
        } else if (p->kind == PRAGMA_POP) {
            /* a pop without a push takes back all pragmas */
            now = depth == 0 ? given : depth <= DEPTH_MAX ? kept[depth - 1] : now;
            depth -= depth > 0;
        } else if (is_this(w, p->option)) {
            now.level = levels[p->kind];
            read_limit(w, p->option, &now.limit);
        }
    }
    return now;
}

/* ---- what is wanted ---- */

static struct state state_at(const struct unit *unit, const char *option, uint32_t token)
{
    const struct options *options = unit->options;
    struct wish w = {.name = option, .warning = option ? find_warning(option) : NULL};
    struct state given = {0, UINT64_MAX};
    bool is_error = w.warning && w.warning->group == WARN_ERROR;
    w.on = !w.warning || w.warning->group == WARN_ALWAYS || is_error;
    w.error = w.error_named = is_error;
    for (int i = 0; options && i < options->flag_count; i++) {
        const char *flag = options->flag[i];
        if (!strcmp(flag, "-w") && !is_error)
            return given;
        if (strncmp(flag, "-W", 2))
            continue;
        read_flag(&w, flag + 2);
        read_limit(&w, flag + 2, &given.limit);
    }
    given.level = !w.on ? 0 : w.error ? 2 : 1;
    return pragma_state(unit, &w, token, given);
}

int warning_level(const struct unit *unit, const char *option, uint32_t token)
{
    return state_at(unit, option, token).level;
}

bool warning_is_ignored(const struct unit *unit, const char *option, uint32_t token)
{
    return warning_level(unit, option, token) == 0;
}

uint64_t warning_limit(const struct unit *unit, const char *option, uint32_t token)
{
    struct state state = state_at(unit, option, token);
    return state.level ? state.limit : UINT64_MAX;
}

bool warning_is_mentioned(const struct unit *unit, const char *option)
{
    const struct wish w = {.name = option, .warning = find_warning(option)};
    const struct options *options = unit->options;
    for (int i = 0; i < options->flag_count; i++)
        if (strstr(options->flag[i], w.warning->name))
            return true;
    for (uint32_t i = 0; i < unit->pragmas.count; i++) {
        const struct pragma *p = unit->pragmas.item[i];
        if (p->option && is_this(&w, p->option))
            return true;
    }
    return false;
}

/* ---- unknown names ---- */

static const char *nearest(const char *name)
{
    const char *best = NULL;
    size_t least = 6;
    for (const struct warning *w = warning_table; w->name; w++) {
        size_t d = word_distance(name, w->name);
        if (d < least && 2 * d <= strlen(w->name) - strlen("bide-")) {
            least = d;
            best = w->name;
        }
    }
    return best;
}

/* Has the flag a value that is not a number of bytes? */
static bool has_bad_value(const char *flag, const struct warning *w)
{
    uint64_t bytes;
    const char *value = value_of(flag + 2);
    return w->name[strlen(w->name) - 1] == '=' && value && !read_bytes(value, &bytes);
}

bool warning_check_flags(const struct options *options)
{
    for (int i = 0; i < options->flag_count; i++) {
        const char *flag = options->flag[i], *name = strstr(flag, "bide-");
        if (!name || strncmp(flag, "-W", 2))
            continue;
        const struct warning *w = find_warning(name);
        if (w && has_bad_value(flag, w)) {
            diag_plain(SEV_ERROR, "'%s' needs a number of bytes", flag);
            return false;
        }
        if (w)
            continue;
        /* As with gcc, -Wno-NAME may be meant for another version. */
        if ((name[-1] != 'W' && name[-1] != '=') || !strncmp(flag, "-Wno-", 5))
            continue;
        const char *guess = nearest(name);
        if (guess)
            diag_plain(SEV_WARNING, "unknown warning option '%s'; did you mean '-W%s'?", flag,
                       guess);
        else
            diag_plain(SEV_WARNING, "unknown warning option '%s'; see: bide help", flag);
    }
    return true;
}

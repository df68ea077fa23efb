/*
 * timeline.c: shows what the bot is doing. On a terminal each request has a row with bars that grow
 * in place as time passes; elsewhere each request has a line, printed when it is done.
 *
 *     ada      |#########################|          1.00 s  Countess Ada: =^..^=
 *
 * All rows share one time axis, so what overlaps in time overlaps on the screen.
 */
#include "catbot.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    FRAME_MS = 50,
    ROWS_KEPT = 200, /* finished rows that are kept */
    NAME_WIDTH = 10,
    TIME_WIDTH = 9,
    BAR_WIDTH_MIN = 10,
    OTHER_LINES = 3, /* above and below the rows */
    AXIS_S_MIN = 2,
    AXIS_S_MAX = 10,
};

static const char *const phase_names[PHASES] = {"fetch", "lookup", "reply"};

/* Backgrounds: blue, yellow, green; a failed one is red. */
static const int phase_colours[PHASES] = {44, 43, 42};
static const int failed_colour = 41;

/* ---- rows ---- */

void timeline_init(struct timeline *timeline)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    *timeline = (struct timeline){.live = isatty(STDOUT_FILENO) && !dumb, .begin_ns = now_ns()};
}

static void drop_first(struct timeline *timeline)
{
    struct row *row = timeline->first;
    timeline->first = row->next;
    if (timeline->first == NULL)
        timeline->last = NULL;
    timeline->row_count--;
    free(row);
}

void timeline_free(struct timeline *timeline)
{
    while (timeline->first != NULL)
        drop_first(timeline);
}

struct row *timeline_add(struct timeline *timeline, const char *who)
{
    struct row *row = calloc(1, sizeof *row);
    if (row == NULL)
        return NULL;
    snprintf(row->who, sizeof row->who, "%s", who);
    row->begin_ns = now_ns();
    if (timeline->last != NULL)
        timeline->last->next = row;
    else
        timeline->first = row;
    timeline->last = row;
    timeline->row_count++;
    while (timeline->row_count > ROWS_KEPT && timeline->first != row &&
           timeline->first->end_ns != 0)
        drop_first(timeline);
    return row;
}

void row_begin(struct row *row, enum phase phase)
{
    if (row != NULL)
        row->phase_begin_ns[phase] = now_ns();
}

void row_end(struct row *row, enum phase phase)
{
    if (row != NULL)
        row->phase_end_ns[phase] = now_ns();
}

static double phase_seconds(const struct row *row, enum phase phase)
{
    return seconds(row->phase_end_ns[phase] - row->phase_begin_ns[phase]);
}

void row_finish(struct timeline *timeline, struct row *row, bool failed, const char *note)
{
    if (row == NULL)
        return;
    row->end_ns = now_ns();
    row->failed = failed;
    snprintf(row->note, sizeof row->note, "%s", note);
    if (!timeline->live)
        printf("%6.2f s  %-8s  fetch %.2f s, lookup %.2f s, reply %.2f s%s: %s\n",
               seconds(row->end_ns - timeline->begin_ns), row->who, phase_seconds(row, FETCH),
               phase_seconds(row, LOOKUP), phase_seconds(row, REPLY), failed ? ", failed" : "",
               row->note);
}

/* ---- drawing ---- */

/* The text of a whole frame, which is then written at once. */
struct canvas {
    char *text; /* allocated; NULL: no memory, nothing is drawn */
    size_t size, room;
};

static void __attribute__((format(printf, 2, 3)))
put(struct canvas *canvas, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(canvas->text + canvas->size, canvas->room - canvas->size, format, args);
    va_end(args);
    if (size > 0 && (size_t)size < canvas->room - canvas->size)
        canvas->size += (size_t)size;
}

/* The colour of a row between two moments; 0: nothing is drawn. Short phases win, so that they can
 * be seen. */
static int colour_at(const struct row *row, int64_t from_ns, int64_t to_ns, int64_t now)
{
    for (int phase = REPLY; phase >= FETCH; phase--) {
        int64_t begin_ns = row->phase_begin_ns[phase], end_ns = row->phase_end_ns[phase];
        if (end_ns == 0)
            end_ns = now;
        if (begin_ns != 0 && begin_ns < to_ns && end_ns >= from_ns)
            return row->failed ? failed_colour : phase_colours[phase];
    }
    return 0;
}

static void put_bar(struct canvas *canvas, const struct row *row, int width, int64_t axis_ns,
                    int64_t span_ns, int64_t now)
{
    int colour = 0;
    for (int i = 0; i < width; i++) {
        int64_t from_ns = axis_ns + span_ns * i / width;
        int64_t to_ns = axis_ns + span_ns * (i + 1) / width;
        int next = colour_at(row, from_ns, to_ns, now);
        if (next != colour)
            put(canvas, "\033[%dm", next);
        colour = next;
        put(canvas, " ");
    }
    if (colour != 0)
        put(canvas, "\033[0m");
}

static void put_row(struct canvas *canvas, const struct row *row, int columns, int64_t axis_ns,
                    int64_t span_ns, int64_t now)
{
    int left = columns - NAME_WIDTH - TIME_WIDTH - 1;
    int note_width = left < 50 ? 0 : left < 100 ? left * 2 / 5 : 40;
    int bar_width = left - note_width > BAR_WIDTH_MIN ? left - note_width : BAR_WIDTH_MIN;
    int64_t end_ns = row->end_ns != 0 ? row->end_ns : now;

    put(canvas, "\033[K%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, row->who);
    put_bar(canvas, row, bar_width, axis_ns, span_ns, now);
    put(canvas, "%6.2f s ", seconds(end_ns - row->begin_ns));
    if (note_width > 0)
        put(canvas, " %.*s", note_width - 1, row->note);
    put(canvas, "\n");
}

static void put_legend(struct canvas *canvas)
{
    put(canvas, "\033[K%-*s", NAME_WIDTH, "");
    for (int phase = FETCH; phase < PHASES; phase++)
        put(canvas, "\033[%dm  \033[0m %s  ", phase_colours[phase], phase_names[phase]);
    put(canvas, "\033[%dm  \033[0m failed\n\033[K\n", failed_colour);
}

/* Draws over the previous frame. */
static void put_all(struct canvas *canvas, struct timeline *timeline)
{
    struct winsize window = {.ws_row = 24, .ws_col = 80};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
    int height = window.ws_row > OTHER_LINES + 1 ? window.ws_row - OTHER_LINES : 1;
    struct row *row = timeline->first;
    for (int skip = timeline->row_count - height; skip > 0; skip--)
        row = row->next;

    int64_t now = now_ns(), axis_ns = row != NULL ? row->begin_ns : now;
    if (axis_ns < now - AXIS_S_MAX * INT64_C(1000000000))
        axis_ns = now - AXIS_S_MAX * INT64_C(1000000000);
    int64_t span_ns = now - axis_ns;
    if (span_ns < AXIS_S_MIN * INT64_C(1000000000))
        span_ns = AXIS_S_MIN * INT64_C(1000000000);

    if (timeline->drawn_lines > 0)
        put(canvas, "\033[%dA", timeline->drawn_lines);
    put(canvas, "\r");
    put_legend(canvas);
    timeline->drawn_lines = 2;
    for (; row != NULL; row = row->next, timeline->drawn_lines++)
        put_row(canvas, row, window.ws_col, axis_ns, span_ns, now);
    put(canvas, "\033[J");
}

static void show(const struct canvas *canvas)
{
    fwrite(canvas->text, 1, canvas->size, stdout);
    fflush(stdout);
}

static async void draw(struct timeline *timeline)
{
    struct canvas canvas = {.room = 256 * 1024};
    canvas.text = malloc(canvas.room);
    if (canvas.text == NULL)
        return;
    defer {
        free(canvas.text);
    }
    put_all(&canvas, timeline);
    /* A terminal may be slow, or stopped with Ctrl-S, so do not write on the executor's thread. */
    await bide_blocking(show(&canvas));
}

async void timeline_run(struct timeline *timeline)
{
    if (!timeline->live)
        return;
    printf("\033[?25l"); /* hides the cursor */
    defer {
        printf("\033[?25h");
        fflush(stdout);
    }
    while (!timeline->stopped) {
        await draw(timeline);
        await bide_sleep(BIDE_MS(FRAME_MS));
    }
    await draw(timeline);
}

void timeline_stop(struct timeline *timeline)
{
    timeline->stopped = true;
}

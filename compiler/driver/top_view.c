/*
 * top_view.c: what the screen of `bide top` shows, and what keys do. It knows no terminal: a key
 * changes a struct top_view, which is drawn into a buffer.
 *
 * The head is on all pages: the program, its runtimes, its workers. Below it is one page, of which
 * a part is seen; a line of it is selected, which for tasks stays the same task when others come
 * before it. The last line tells the keys, or is where a filter is typed.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

static const char *const help[] = {
    "t         tasks",
    "o         objects: what tasks wait for, who holds it, how many wait",
    "w         warnings: what looks wrong, and what to do",
    "Enter     more about the task: all its calls, what it waits for, who waits for it",
    "Esc       back",
    "",
    "j k       down and up; also the arrows, page up and down, home and end",
    "s S       sort by the next column, by the column before",
    "r         reverse the order",
    "/         show only tasks with a text: in the id, the state, the name, a call, a wait",
    "space     stop asking: the screen stands still; once more: go on",
    "q         quit",
    "",
    "BUSY      the time in which the task was polled, BUSY% its share since the last answer",
    "YIELDS    polls that the task has asked for itself",
    "PLACE     where it waits: the innermost call in a file of yours",
    "!         there is a warning",
};

/* ---- pages ---- */

static void add(struct top_page_lines *p, const char *text, const struct top_task *t)
{
    list_add(p->arena, &p->lines, (void *)(uintptr_t)text);
    list_add(p->arena, &p->tasks, (void *)(uintptr_t)t);
}

/* Where a line ends that has so many columns: after the last word that fits. */
static size_t break_at(const char *text, size_t columns)
{
    size_t fits = top_fit(text, columns), at = fits;

    if (text[fits] == '\0')
        return fits;
    while (at > 0 && text[at] != ' ')
        at--;
    while (at > 0 && text[at - 1] == ' ')
        at--;
    return at > 0 ? at : fits > 0 ? fits : strlen(text);
}

/* A long text takes several lines; those after the first are indented. */
static void add_wrapped(struct top_page_lines *p, const char *text, size_t columns,
                        const struct top_task *t)
{
    const char *indent = "";

    do {
        size_t room = columns > strlen(indent) + 8 ? columns - strlen(indent) : 8;
        size_t size = break_at(text, room);
        add(p, arena_printf(p->arena, "%s%.*s", indent, (int)size, text), t);
        text += size;
        while (*text == ' ')
            text++;
        indent = "    ";
    } while (*text != '\0');
}

/* Only the tasks that are seen are made into lines: there may be very many. */
static void fill_tasks(struct top_page_lines *p, const struct top_view *v, uint32_t room)
{
    struct list seen = {0};
    uint32_t top = v->top[TOP_TASKS];

    for (uint32_t i = top; i < v->tasks.count && i < top + room; i++)
        list_add(p->arena, &seen, v->tasks.item[i]);
    struct list lines = top_task_lines(p->arena, &seen);
    for (uint32_t i = 0; i < lines.count; i++)
        add(p, lines.item[i], i > 0 ? seen.item[i - 1] : NULL);
    p->heads = 1;
}

static void fill_objects(struct top_page_lines *p, const struct top_view *v)
{
    struct list lines = top_object_lines(p->arena, v->s);

    for (uint32_t i = 0; i < lines.count; i++) {
        const struct top_object *o = i > 0 ? v->s->objects.item[i - 1] : NULL;
        add(p, lines.item[i], o != NULL ? top_find_task(v->s, o->holder) : NULL);
    }
    p->heads = 1;
}

static void fill_warnings(struct top_page_lines *p, const struct top_view *v)
{
    for (uint32_t i = 0; i < v->s->warnings.count; i++) {
        const struct top_warning *w = v->s->warnings.item[i];
        add_wrapped(p, w->text, v->width, top_find_task(v->s, w->task));
    }
}

static void fill_detail(struct top_page_lines *p, const struct top_view *v)
{
    const struct top_task *t = top_find_task(v->s, v->detail);

    if (t == NULL) {
        add(p,
            arena_printf(p->arena, "task %llx has ended, or its worker does not answer",
                         (unsigned long long)v->detail),
            NULL);
        return;
    }
    struct list lines = top_detail_lines(p->arena, v->s, t);
    for (uint32_t i = 0; i < lines.count; i++) {
        const char *line = lines.item[i];
        if (line[0] == ' ')
            add(p, line, NULL);
        else
            add_wrapped(p, line, v->width, NULL);
    }
}

static const char *title(struct arena *arena, const struct top_view *v)
{
    const char *filter = "";

    switch (v->page) {
    case TOP_OBJECTS: return arena_printf(arena, "objects %u", v->s->objects.count);
    case TOP_WARNINGS: return arena_printf(arena, "warnings %u", v->s->warnings.count);
    case TOP_DETAIL: return "one task";
    case TOP_HELP: return "keys";
    default: break;
    }
    if (v->filter[0] != '\0')
        filter = arena_printf(arena, ", with \"%s\"", top_clean(arena, v->filter));
    return arena_printf(arena, "tasks %u of %u%s, by %s%s", v->tasks.count, v->s->tasks.count,
                        filter, top_column_name(v->column), v->backward ? ", reversed" : "");
}

static void forget_page(struct top_view *v)
{
    arena_free(v->made.arena);
    v->made = (struct top_page_lines){0};
}

/* The lines of the page. They are made once for an answer, since a page may have very many; of the
 * tasks only those that are seen are. */
static const struct top_page_lines *make_page(struct top_view *v, uint32_t room)
{
    struct top_page_lines *p = &v->made;

    if (p->arena != NULL && v->page != TOP_TASKS && p->page == v->page && p->width == v->width)
        return p;
    forget_page(v);
    *p = (struct top_page_lines){.arena = arena_new(), .page = v->page, .width = v->width};
    switch (v->page) {
    case TOP_OBJECTS: fill_objects(p, v); break;
    case TOP_WARNINGS: fill_warnings(p, v); break;
    case TOP_DETAIL: fill_detail(p, v); break;
    case TOP_HELP:
        for (size_t i = 0; i < sizeof help / sizeof *help; i++)
            add(p, help[i], NULL);
        break;
    default: fill_tasks(p, v, room); break;
    }
    return p;
}

/* Is there a selected line, or only something to read? */
static bool has_selection(const struct top_view *v)
{
    return v->page != TOP_DETAIL && v->page != TOP_HELP;
}

/* Brings the selected line, and the first one shown, into a page of so many lines. */
static void scroll(struct top_view *v, uint32_t room)
{
    uint32_t *row = &v->row[v->page], *top = &v->top[v->page];
    uint32_t last = v->count > room ? v->count - room : 0;

    if (!has_selection(v)) { /* the row is the first one shown */
        *row = *row < last ? *row : last;
        *top = *row;
        return;
    }
    if (*row >= v->count)
        *row = v->count > 0 ? v->count - 1 : 0;
    if (*top > *row)
        *top = *row;
    if (*row - *top >= room)
        *top = *row - room + 1;
    if (*top > last)
        *top = last;
}

/* ---- drawing ---- */

static void put(struct buffer *out, const char *text)
{
    buffer_add(out, text, strlen(text));
}

/* One line of the screen. Nothing is written into its last column, where some terminals begin a new
 * line at once. */
static void put_line(struct buffer *out, const struct top_view *v, const char *text,
                     const char *style)
{
    size_t fits = top_fit(text, v->width > 1 ? v->width - 1 : 1);

    put(out, style);
    buffer_add(out, text, fits);
    put(out, style[0] != '\0' ? "\x1b[0m\x1b[K\r\n" : "\x1b[K\r\n");
}

static const char *style_of(const struct top_view *v, bool is_selected, const struct top_task *t)
{
    if (is_selected)
        return "\x1b[7m";
    return v->page == TOP_TASKS && t != NULL && t->is_warned && v->has_colours ? "\x1b[33m" : "";
}

static void put_footer(struct buffer *out, struct arena *arena, const struct top_view *v)
{
    const char *text = "? help  t tasks  o objects  w warnings  Enter more  s sort  / filter  "
                       "space pause  q quit";

    if (v->is_typing)
        text = arena_printf(arena, "show tasks with: %s_", top_clean(arena, v->filter));
    else if (v->is_paused)
        text = "PAUSED: space goes on, q quits";
    else if (v->late_ns > 0)
        text = arena_printf(arena, "no answer for %s", top_time(arena, v->late_ns));
    put(out, "\x1b[1m");
    buffer_add(out, text, top_fit(text, v->width > 1 ? v->width - 1 : 1));
    put(out, "\x1b[0m\x1b[K\x1b[J");
}

static void put_page(struct buffer *out, const struct top_view *v, const struct top_page_lines *p,
                     uint32_t room)
{
    uint32_t top = v->page == TOP_TASKS ? 0 : v->top[v->page], shown = 0;

    for (uint32_t i = 0; i < p->heads; i++)
        put_line(out, v, p->lines.item[i], "\x1b[1m");
    for (uint32_t i = p->heads + top; i < p->lines.count && shown < room; i++, shown++) {
        bool is_selected =
            has_selection(v) && v->top[v->page] + shown == v->row[v->page] && v->count > 0;
        put_line(out, v, p->lines.item[i], style_of(v, is_selected, p->tasks.item[i]));
    }
    for (; shown < room; shown++)
        put_line(out, v, "", "");
}

/* How many lines a page has beside the head, the title and the footer. */
static uint32_t room_of(const struct top_view *v, uint32_t heads)
{
    uint32_t taken = heads + 3; /* the third is the head of a table */
    return v->height > taken + 1 ? v->height - taken : 1;
}

void top_view_draw(struct top_view *v, struct buffer *out)
{
    struct arena *arena = arena_new();

    put(out, "\x1b[H");
    if (v->s == NULL) {
        put_line(out, v, "waiting for the program's first answer", "");
    } else {
        struct list head = top_head_lines(arena, v->s, v->height / 4);
        uint32_t heads = head.count < v->height / 2 ? head.count : v->height / 2;
        uint32_t room = room_of(v, heads);
        for (uint32_t i = 0; i < heads; i++)
            put_line(out, v, head.item[i], "");
        put_line(out, v, title(arena, v), "\x1b[1m");
        if (v->page == TOP_TASKS) {
            v->count = v->tasks.count;
            scroll(v, room);
        }
        const struct top_page_lines *p = make_page(v, room);
        if (v->page != TOP_TASKS) {
            v->count = p->lines.count - p->heads;
            scroll(v, room);
        }
        put_page(out, v, p, p->heads > 0 ? room : room + 1);
    }
    put_footer(out, arena, v);
    arena_free(arena);
}

/* ---- what is shown ---- */

/* The tasks in their order, with the same one selected. */
static void order_tasks(struct top_view *v)
{
    arena_free(v->arena);
    v->arena = arena_new();
    v->tasks = top_tasks(v->arena, v->s, v->column, v->backward, v->filter);
    for (uint32_t i = 0; i < v->tasks.count; i++)
        if (v->selected != 0 && ((struct top_task *)v->tasks.item[i])->id == v->selected)
            v->row[TOP_TASKS] = i;
}

void top_view_set(struct top_view *v, const struct top_snapshot *s)
{
    v->s = s;
    forget_page(v);
    order_tasks(v);
}

void top_view_free(struct top_view *v)
{
    forget_page(v);
    arena_free(v->arena);
}

/* The task of the selected line; NULL: it has none. */
static const struct top_task *selected_task(struct top_view *v)
{
    uint32_t row = v->row[v->page];

    if (!has_selection(v))
        return NULL;
    if (v->page == TOP_TASKS)
        return row < v->tasks.count ? v->tasks.item[row] : NULL;
    const struct top_page_lines *p = make_page(v, 0);
    return row + p->heads < p->tasks.count ? p->tasks.item[row + p->heads] : NULL;
}

/* ---- keys ---- */

static void go_to(struct top_view *v, enum top_page page)
{
    if (has_selection(v))
        v->back = v->page;
    v->page = page;
    if (!has_selection(v))
        v->row[page] = 0;
}

static void move(struct top_view *v, int64_t lines)
{
    int64_t row = (int64_t)v->row[v->page] + lines;
    int64_t last = v->count > 0 ? (int64_t)v->count - 1 : 0;

    v->row[v->page] = (uint32_t)(row < 0 ? 0 : row > last ? last : row);
    if (v->page == TOP_TASKS && v->row[TOP_TASKS] < v->tasks.count)
        v->selected = ((struct top_task *)v->tasks.item[v->row[TOP_TASKS]])->id;
}

static void type(struct top_view *v, int key)
{
    size_t size = strlen(v->filter);

    if (key == TOP_KEY_ENTER || key == TOP_KEY_ESCAPE)
        v->is_typing = false;
    if (key == TOP_KEY_ESCAPE)
        v->filter[0] = '\0';
    if (key == TOP_KEY_BACK) {
        while (size > 0 && (v->filter[size - 1] & 0xC0) == 0x80)
            v->filter[--size] = '\0';
        if (size > 0)
            v->filter[size - 1] = '\0';
    }
    if (key >= 0x20 && key < 0x100 && key != 0x7F && size + 1 < sizeof v->filter) {
        v->filter[size] = (char)key;
        v->filter[size + 1] = '\0';
    }
    order_tasks(v);
}

static void sort_by(struct top_view *v, int step)
{
    v->column = (enum top_column)(((int)v->column + TOP_COLUMNS + step) % TOP_COLUMNS);
    order_tasks(v);
}

static void open_detail(struct top_view *v)
{
    const struct top_task *t = selected_task(v);

    if (t == NULL)
        return;
    v->detail = t->id;
    forget_page(v);
    go_to(v, TOP_DETAIL);
}

static void command(struct top_view *v, int key)
{
    switch (key) {
    case 't': go_to(v, TOP_TASKS); break;
    case 'o': go_to(v, TOP_OBJECTS); break;
    case 'w': go_to(v, TOP_WARNINGS); break;
    case '?': go_to(v, TOP_HELP); break;
    case ' ': v->is_paused = !v->is_paused; break;
    case 's': sort_by(v, 1); break;
    case 'S': sort_by(v, -1); break;
    case 'r':
        v->backward = !v->backward;
        order_tasks(v);
        break;
    case '/':
        go_to(v, TOP_TASKS);
        v->is_typing = true;
        break;
    case TOP_KEY_ENTER: open_detail(v); break;
    case TOP_KEY_ESCAPE: v->page = has_selection(v) ? TOP_TASKS : v->back; break;
    case 'j':
    case TOP_KEY_DOWN: move(v, 1); break;
    case 'k':
    case TOP_KEY_UP: move(v, -1); break;
    case TOP_KEY_PAGE_DOWN: move(v, v->height / 2); break;
    case TOP_KEY_PAGE_UP: move(v, -(int64_t)(v->height / 2)); break;
    case TOP_KEY_HOME: move(v, -(int64_t)v->count); break;
    case TOP_KEY_END: move(v, v->count); break;
    default: break;
    }
}

bool top_view_key(struct top_view *v, int key)
{
    if (v->s == NULL)
        return key != 'q';
    if (v->is_typing)
        type(v, key);
    else if (key == 'q')
        return false;
    else
        command(v, key);
    return true;
}

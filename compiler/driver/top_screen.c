/*
 * top_screen.c: the terminal of `bide top`: the whole screen, in its second buffer, so that what
 * was on it is there again afterwards.
 *
 * However this ends, the terminal is as it was: by q, by a signal, because the program has gone, or
 * by exit (there is no more memory). Signals are blocked but for the time in which this waits; so
 * their handlers only note them. A signal that ends it ends it like that, after all is restored.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { KEYS_MAX = 256 };

static const int64_t ms = 1000000, second_ns = 1000000000, escape_ns = 50000000;
static const char enter_text[] = "\x1b[?1049h\x1b[?25l\x1b[?7l";
static const char leave_text[] = "\x1b[?7h\x1b[?25h\x1b[?1049l";

static struct termios saved;
static bool is_entered;
static volatile sig_atomic_t ended_by, is_resized, is_stopped;

struct screen {
    struct top_link *link;
    struct top_view view;
    struct top_snapshot *snapshot;
    int64_t every_ns, next_ns; /* when the program is asked */
    unsigned char keys[KEYS_MAX];
    size_t key_count;
    int64_t key_ns; /* when the last ones came */
    sigset_t mask;  /* while it waits */
    bool is_over, is_stale;
};

/* ---- the terminal ---- */

static void write_all(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, text, size);
        struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};
        if (n < 0 && errno == EAGAIN)
            (void)poll(&p, 1, 1000);
        else if (n <= 0 && errno != EINTR)
            return;
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

static void leave(void)
{
    if (!is_entered)
        return;
    is_entered = false;
    write_all(leave_text, sizeof leave_text - 1);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
}

/* False: it is no terminal that can be set. */
static bool enter(void)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &saved) < 0)
        return false;
    raw = saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_entered = true;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
        return false;
    write_all(enter_text, sizeof enter_text - 1);
    return true;
}

static void measure(struct top_view *v)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    v->height = size.ws_row;
    v->width = size.ws_col;
}

/* ---- signals ---- */

static void note(int number)
{
    if (number == SIGWINCH)
        is_resized = 1;
    else if (number == SIGTSTP)
        is_stopped = 1;
    else
        ended_by = number;
}

static const int noted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};

/* What was ignored stays ignored, as nohup wants it. */
static void watch_signals(struct screen *c)
{
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++) {
        struct sigaction action = {.sa_handler = note}, old;
        (void)sigemptyset(&action.sa_mask);
        (void)sigaction(noted[i], NULL, &old);
        if (old.sa_handler == SIG_IGN && noted[i] != SIGWINCH)
            continue;
        (void)sigaction(noted[i], &action, NULL);
        (void)sigaddset(&blocked, noted[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &blocked, &c->mask);
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++)
        (void)sigdelset(&c->mask, noted[i]);
}

/* Ctrl-Z: the shell gets its terminal, and this goes on when it is in the foreground again. */
static void stop(struct screen *c)
{
    is_stopped = 0;
    leave();
    (void)raise(SIGSTOP);
    c->is_over |= !enter();
    measure(&c->view);
}

/* ---- keys ---- */

struct sequence {
    const char *text; /* after ESC */
    int key;
};

/* The key of an escape sequence that has come as a whole; 0: of none that is known. */
static int key_of(const unsigned char *text, size_t size)
{
    static const struct sequence known[] = {
        {"[A", TOP_KEY_UP},         {"[B", TOP_KEY_DOWN},  {"[H", TOP_KEY_HOME},
        {"[F", TOP_KEY_END},        {"OA", TOP_KEY_UP},    {"OB", TOP_KEY_DOWN},
        {"OH", TOP_KEY_HOME},       {"OF", TOP_KEY_END},   {"[5~", TOP_KEY_PAGE_UP},
        {"[6~", TOP_KEY_PAGE_DOWN}, {"[1~", TOP_KEY_HOME}, {"[4~", TOP_KEY_END},
        {"[7~", TOP_KEY_HOME},      {"[8~", TOP_KEY_END}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].text) == size && memcmp(known[i].text, text, size) == 0)
            return known[i].key;
    return 0;
}

/* The length of the sequence after ESC; 0: more of it may come. */
static size_t sequence_size(const unsigned char *text, size_t size)
{
    if (size < 2)
        return 0;
    if (text[0] == 'O')
        return 2;
    for (size_t i = 1; i < size; i++)
        if (text[i] >= 0x40 && text[i] <= 0x7E)
            return i + 1;
    return size > 32 ? size : 0;
}

/* Takes one key from what was typed, and sets how many bytes it has. 0: nothing yet, or no key. */
static int take_key(const struct screen *c, int64_t now_ns, size_t *size)
{
    const unsigned char *k = c->keys;

    *size = 1;
    if (k[0] == '\r' || k[0] == '\n')
        return TOP_KEY_ENTER;
    if (k[0] == 0x7F || k[0] == '\b')
        return TOP_KEY_BACK;
    if (k[0] != 0x1B)
        return k[0];
    if (c->key_count > 1 && k[1] != '[' && k[1] != 'O')
        return TOP_KEY_ESCAPE;
    size_t rest = sequence_size(k + 1, c->key_count - 1);
    if (rest == 0) { /* the key ESC is the beginning of a sequence that does not go on */
        *size = now_ns - c->key_ns >= escape_ns ? 1 : 0;
        return *size > 0 ? TOP_KEY_ESCAPE : 0;
    }
    *size = rest + 1;
    return key_of(k + 1, rest);
}

static void use_keys(struct screen *c, struct buffer *out)
{
    size_t size;

    while (c->key_count > 0 && !c->is_over) {
        int key = take_key(c, top_now_ns(), &size);
        if (size == 0)
            return;
        c->key_count -= size;
        memmove(c->keys, c->keys + size, c->key_count);
        if (key != 0)
            c->is_over = !top_view_key(&c->view, key);
        out->length = 0; /* a key may depend on how many lines the page has now */
        top_view_draw(&c->view, out);
        c->is_stale = true;
    }
}

static void read_keys(struct screen *c)
{
    ssize_t n = read(STDIN_FILENO, c->keys + c->key_count, KEYS_MAX - c->key_count);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        c->is_over = true; /* the terminal has gone */
    c->key_count += n > 0 ? (size_t)n : 0;
    c->key_ns = top_now_ns();
}

/* ---- answers ---- */

static const char *take_answer(struct screen *c)
{
    const char *why;
    size_t size;

    if (!top_receive(c->link, &size, &why))
        return why;
    struct top_snapshot *s = top_read(c->link->in.data, size, &why);
    top_answer_done(c->link);
    if (s == NULL)
        return why;
    top_compare(s, c->snapshot);
    top_view_set(&c->view, s);
    top_free(c->snapshot);
    c->snapshot = s;
    c->is_stale = true;
    return NULL;
}

/* Asks if it is time. */
static const char *ask(struct screen *c, int64_t now_ns)
{
    if (c->link->is_asked || c->view.is_paused || now_ns < c->next_ns)
        return NULL;
    c->next_ns = now_ns + c->every_ns;
    return top_ask(c->link);
}

/* ---- the loop ---- */

/* How long nothing is to be done but what the descriptors bring. */
static int64_t time_left(const struct screen *c, int64_t now_ns)
{
    int64_t left_ns = second_ns;

    if (!c->link->is_asked && !c->view.is_paused && c->next_ns - now_ns < left_ns)
        left_ns = c->next_ns - now_ns;
    if (c->key_count > 0 && left_ns > escape_ns)
        left_ns = escape_ns + ms;
    return left_ns > 0 ? left_ns : 0;
}

static const char *wait(struct screen *c, int64_t now_ns)
{
    int64_t left_ns = time_left(c, now_ns);
    struct timespec limit = {left_ns / second_ns, left_ns % second_ns};
    struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {c->link->fd, POLLIN, 0}};
    int n = ppoll(p, 2, &limit, &c->mask);

    if (n > 0 && p[0].revents != 0)
        read_keys(c);
    return n > 0 && p[1].revents != 0 ? take_answer(c) : NULL;
}

static void note_late(struct screen *c, int64_t now_ns)
{
    int64_t late_ns = c->link->is_asked ? now_ns - c->link->asked_ns : 0;

    late_ns = late_ns > 2 * second_ns ? late_ns : 0;
    c->is_stale |= late_ns != c->view.late_ns;
    c->view.late_ns = late_ns;
}

/* Returns why the program can be looked at no more, or NULL if the user has had enough. */
static const char *run(struct screen *c, struct buffer *out)
{
    const char *why = NULL;

    while (why == NULL && !c->is_over && ended_by == 0) {
        int64_t now_ns = top_now_ns();
        if (is_stopped)
            stop(c);
        if (is_resized)
            measure(&c->view);
        c->is_stale |= is_resized;
        is_resized = 0;
        use_keys(c, out);
        note_late(c, now_ns);
        if (c->is_stale && !c->is_over) {
            out->length = 0;
            top_view_draw(&c->view, out);
            write_all(out->data, out->length);
            c->is_stale = false;
        }
        why = c->is_over ? NULL : ask(c, now_ns);
        if (why == NULL && !c->is_over)
            why = wait(c, now_ns);
    }
    return ended_by == 0 ? why : NULL;
}

int top_screen(struct top_link *link, const char *path, int64_t every_ns)
{
    struct screen c = {.link = link, .every_ns = every_ns, .is_stale = true};
    struct buffer out = {0};
    const char *why = NULL;

    c.view.column = TOP_SHARE;
    c.view.has_colours = getenv("NO_COLOR") == NULL;
    measure(&c.view);
    (void)atexit(leave);
    watch_signals(&c);
    if (enter())
        why = run(&c, &out);
    leave();
    (void)sigprocmask(SIG_SETMASK, &c.mask, NULL);
    top_free(c.snapshot);
    arena_free(c.view.arena);
    buffer_free(&out);
    if (ended_by != 0)
        return process_end_like(1, ended_by);
    return why != NULL ? top_say_why(path, why) : 0;
}

/*
 * top_screen.c: the terminal of `bide top`: the whole screen, in its second buffer, so that what
 * was on it is there again afterwards.
 *
 * However this ends, the terminal is as it was: by q, by a signal, because the program has gone, or
 * by exit (there is no more memory). Signals are blocked but for the time in which this waits; so
 * their handlers only note them. A signal that ends it ends it like that, after all is restored.
 *
 * A terminal that takes nothing must not keep signals away. So output goes through a descriptor of
 * our own that does not block; the one of the user is shared with other processes.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
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
static bool is_entered, is_cut; /* is_cut: what the terminal has got may end anywhere */
static int terminal = STDOUT_FILENO;
static sigset_t waiting_mask;
static volatile sig_atomic_t ended_by, is_resized, is_stopped, is_continued;

struct screen {
    struct top_link *link;
    struct top_view view;
    struct top_snapshot *snapshot;
    int64_t every_ns, next_ns; /* when the program is asked */
    unsigned char keys[KEYS_MAX];
    size_t key_count;
    int64_t key_ns;     /* when the last ones came */
    const char *failed; /* what went wrong with the terminal, or NULL */
    bool is_over, is_stale;
};

/* ---- the terminal ---- */

/* Gives up if a signal comes that is to have the terminal restored. */
static void write_all(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(terminal, text, size);
        struct pollfd p = {terminal, POLLOUT, 0};
        if (n < 0 && errno == EAGAIN) {
            is_cut = ended_by != 0 || is_stopped;
            if (!is_cut)
                (void)ppoll(&p, 1, NULL, &waiting_mask);
        }
        if (is_cut || (n < 0 && errno != EAGAIN && errno != EINTR))
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
    if (!is_cut)
        write_all(leave_text, sizeof leave_text - 1);
    if (is_cut) { /* what waits there is dropped, so that it takes this */
        (void)tcflush(terminal, TCOFLUSH);
        (void)!write(terminal, leave_text, sizeof leave_text - 1);
    }
    is_cut = false;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    (void)tcflush(STDIN_FILENO, TCIFLUSH);
}

/* Also when the terminal was in other hands for a while. */
static void enter(struct screen *c)
{
    struct termios raw;

    if (!is_entered && tcgetattr(STDIN_FILENO, &saved) < 0) {
        c->failed = strerror(errno);
        return;
    }
    raw = saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0) {
        c->failed = strerror(errno);
        return;
    }
    is_entered = true;
    c->is_stale = true;
    write_all(enter_text, sizeof enter_text - 1);
}

static void open_terminal(void)
{
    int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0)
        terminal = fd; /* else that of the user has to do, which blocks */
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
    else if (number == SIGCONT)
        is_continued = 1;
    else
        ended_by = number;
}

static const int noted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};

/* What was ignored stays ignored, as nohup wants it. */
static void watch_signals(void)
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
    (void)sigprocmask(SIG_BLOCK, &blocked, &waiting_mask);
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++)
        (void)sigdelset(&waiting_mask, noted[i]);
}

/* Ctrl-Z: the shell gets its terminal, and this goes on when it is in the foreground again. Without
 * a shell that could let it go on, the kernel does not stop it. */
static void stop(void)
{
    struct sigaction stops = {.sa_handler = SIG_DFL}, notes;
    sigset_t blocked;

    leave();
    (void)sigemptyset(&stops.sa_mask);
    (void)sigaction(SIGTSTP, &stops, &notes);
    (void)raise(SIGTSTP);
    (void)sigprocmask(SIG_SETMASK, &waiting_mask, &blocked);
    (void)sigprocmask(SIG_SETMASK, &blocked, NULL);
    (void)sigaction(SIGTSTP, &notes, NULL);
}

/* What signals have asked for, but for the end. */
static void obey(struct screen *c)
{
    if (is_stopped)
        stop();
    if (ended_by == 0 && (is_stopped || is_continued))
        enter(c);
    if (is_stopped || is_continued || is_resized) {
        measure(&c->view);
        c->is_stale = true;
    }
    is_stopped = is_continued = is_resized = 0;
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

    while (c->key_count > 0 && !c->is_over && c->failed == NULL) {
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
        c->failed = n < 0 ? strerror(errno) : "it has gone";
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
    struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0},
                         {c->view.is_paused ? -1 : c->link->fd, POLLIN, 0}};
    int n = ppoll(p, 2, &limit, &waiting_mask);

    if (n > 0 && p[0].revents != 0)
        read_keys(c);
    return n > 0 && p[1].revents != 0 ? take_answer(c) : NULL;
}

static void note_late(struct screen *c, int64_t now_ns)
{
    bool is_asked = c->link->is_asked && !c->view.is_paused;
    int64_t late_ns = is_asked ? now_ns - c->link->asked_ns : 0;

    late_ns = late_ns > 2 * second_ns ? late_ns : 0;
    c->is_stale |= late_ns != c->view.late_ns;
    c->view.late_ns = late_ns;
}

/* Returns why the program can be looked at no more, or NULL if the user has had enough. */
static const char *run(struct screen *c, struct buffer *out)
{
    const char *why = NULL;

    while (why == NULL && !c->is_over && c->failed == NULL && ended_by == 0) {
        int64_t now_ns = top_now_ns();
        obey(c);
        use_keys(c, out);
        note_late(c, now_ns);
        if (c->is_stale && !c->is_over && ended_by == 0) {
            out->length = 0;
            top_view_draw(&c->view, out);
            write_all(out->data, out->length);
            c->is_stale = is_cut;
        }
        if (!is_cut && !c->is_over)
            why = ask(c, now_ns);
        if (why == NULL && !is_cut && !c->is_over)
            why = wait(c, now_ns);
    }
    return why;
}

int top_screen(struct top_link *link, const char *path, int64_t every_ns)
{
    struct screen c = {.link = link, .every_ns = every_ns, .is_stale = true};
    struct buffer out = {0};
    const char *why, *no_colour = getenv("NO_COLOR");

    c.view.column = TOP_SHARE;
    c.view.has_colours = no_colour == NULL || no_colour[0] == '\0';
    measure(&c.view);
    open_terminal();
    (void)atexit(leave);
    watch_signals();
    enter(&c);
    why = run(&c, &out);
    leave();
    (void)sigprocmask(SIG_SETMASK, &waiting_mask, NULL);
    top_view_free(&c.view);
    top_free(c.snapshot);
    buffer_free(&out);
    if (ended_by != 0)
        return process_end_like(1, ended_by);
    if (c.failed != NULL)
        diag_plain(SEV_ERROR, "the terminal cannot be used: %s", c.failed);
    return c.failed != NULL ? 1 : why != NULL ? top_say_why(path, why) : 0;
}

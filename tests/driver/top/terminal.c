/*
 * terminal FILE COMMAND...: runs the command on a terminal, for tests, as the lines of FILE say:
 *
 *   key TEXT         types the text; \e is the key Esc, \r Enter, \s space, \c Ctrl-C, \z Ctrl-Z
 *   see TEXT         waits until a line of the screen has the text
 *   not TEXT         waits until no line has it
 *   selected TEXT    waits until a line in reverse has it
 *   coloured TEXT    waits until a line in colour has it; with NO_COLOR a colour is a failure
 *   entered N        waits until the second buffer has been entered so many times
 *   clear            forgets what the screen has
 *   full             reads nothing until the terminal takes no more output
 *   size ROWS COLUMNS
 *   signal NUMBER
 *   file NAME        makes the file
 *   end STATUS       waits for the end; 128 + N is the signal N; the terminal is as it was
 *   gone STATUS      the same, but reads nothing before the end
 *
 * What is waited for and does not come within a minute is a failure, with the screen. The screen
 * knows the sequences that `bide top` uses; any other control byte is a failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 60, COLUMNS = 1000, LIMIT_S = 60 };

static struct {
    char text[ROWS][COLUMNS];
    int style[ROWS]; /* how the line begins: '7' in reverse, '3' in colour, or '0' */
    int row, column, now;
    int other, hidden; /* the second buffer; no cursor */
    int entered;       /* how often the second buffer was */
} screen;

static int master, slave, column_limit = 100;
static pid_t child;
static const char *step;
static char pending[64];
static size_t pending_size;

static void fail(const char *why)
{
    fprintf(stderr, "terminal: %s, at the step: %s\n", why, step);
    for (int i = 0; i < ROWS; i++)
        if (screen.text[i][0])
            fprintf(stderr, "%2d%c %s\n", i, screen.style[i] == '7' ? '>' : ' ', screen.text[i]);
    kill(child, SIGKILL);
    exit(1);
}

/* ---- the screen ---- */

static void control(const char *s, size_t size)
{
    if (size == 3 && !strcmp(s, "\x1b[H")) {
        screen.row = screen.column = 0;
    } else if (!strcmp(s, "\x1b[K")) {
        screen.text[screen.row][screen.column] = '\0';
    } else if (!strcmp(s, "\x1b[J")) {
        for (int i = screen.row + 1; i < ROWS; i++)
            screen.text[i][0] = '\0';
    } else if (!strcmp(s, "\x1b[7m") || !strcmp(s, "\x1b[0m")) {
        screen.now = s[2];
    } else if (!strcmp(s, "\x1b[33m") && !getenv("NO_COLOR")) {
        screen.now = '3';
    } else if (!strcmp(s, "\x1b[?1049h") || !strcmp(s, "\x1b[?1049l")) {
        screen.other = s[7] == 'h';
        screen.entered += screen.other;
    } else if (!strcmp(s, "\x1b[?25h") || !strcmp(s, "\x1b[?25l")) {
        screen.hidden = s[5] == 'l';
    } else if (strcmp(s, "\x1b[1m") && strcmp(s, "\x1b[?7h") && strcmp(s, "\x1b[?7l")) {
        fail("an unknown sequence");
    }
}

static void show(char c)
{
    if (pending_size > 0 || c == 0x1b) {
        if (c == 0x1b)
            pending_size = 0;
        pending[pending_size++] = c;
        if (pending_size + 1 == sizeof pending)
            fail("a long sequence");
        if (pending_size > 2 && c >= 0x40 && c <= 0x7e) {
            pending[pending_size] = '\0';
            control(pending, pending_size);
            pending_size = 0;
        }
    } else if (c == '\r') {
        screen.column = 0;
    } else if (c == '\n') {
        screen.row += screen.row + 1 < ROWS;
    } else if ((unsigned char)c < 0x20 || c == 0x7f) {
        fail("a control byte");
    } else {
        if (screen.column == 0)
            screen.style[screen.row] = screen.now;
        if (screen.column + 2 >= COLUMNS)
            fail("a long line");
        if (screen.text[screen.row][screen.column] == '\0')
            screen.text[screen.row][screen.column + 1] = '\0';
        screen.text[screen.row][screen.column++] = c;
        if (screen.other && screen.column > column_limit)
            fail("a line that is wider than the screen");
    }
}

/* Takes what has come. False: nothing more will. */
static int take(int wait_ms)
{
    struct pollfd p = {master, POLLIN, 0};
    char text[4096];

    if (poll(&p, 1, wait_ms) <= 0)
        return 1;
    ssize_t n = read(master, text, sizeof text);
    for (ssize_t i = 0; i < n; i++)
        show(text[i]);
    return n > 0;
}

static int has(const char *text, int style)
{
    for (int i = 0; i < ROWS; i++)
        if ((!style || screen.style[i] == style) && strstr(screen.text[i], text))
            return 1;
    return 0;
}

static void wait_for(const char *text, int style, int wanted)
{
    time_t end = time(NULL) + LIMIT_S;

    while (has(text, style) != wanted || pending_size > 0) {
        if (time(NULL) > end)
            fail("it does not come");
        if (!take(100))
            fail("the command has ended");
    }
}

/* ---- steps ---- */

static void type(const char *text)
{
    static const char names[] = "erscz", codes[] = "\x1b\r \x03\x1a";
    char c;

    for (; *text; text++) {
        const char *at = NULL;
        c = *text;
        if (c == '\\' && (at = strchr(names, *++text)) != NULL)
            c = codes[at - names];
        if (write(master, &c, 1) != 1)
            fail("cannot type");
    }
}

static void wait_until_entered(int times)
{
    time_t limit = time(NULL) + LIMIT_S;

    while (screen.entered < times)
        if (!take(100) || time(NULL) > limit)
            fail("the second buffer is not entered");
}

static void wait_until_full(void)
{
    struct pollfd p = {slave, POLLOUT, 0};
    time_t limit = time(NULL) + LIMIT_S;

    while (poll(&p, 1, 0) > 0) {
        usleep(1000);
        if (time(NULL) > limit)
            fail("it takes more and more");
    }
}

static void end(int wanted, const struct termios *before, int reads)
{
    struct termios after;
    time_t limit = time(NULL) + LIMIT_S;
    int status;

    while (waitpid(child, &status, WNOHANG) == 0) {
        if (reads)
            take(20);
        else
            usleep(1000);
        if (time(NULL) > limit)
            fail("it does not end");
    }
    while (take(0)) {
        struct pollfd p = {master, POLLIN, 0};
        if (poll(&p, 1, 0) <= 0)
            break;
    }
    int got = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (got != wanted) {
        fprintf(stderr, "exit status %d\n", got);
        fail("another exit status");
    }
    if (tcgetattr(slave, &after) < 0 || after.c_lflag != before->c_lflag ||
        after.c_iflag != before->c_iflag || after.c_cc[VMIN] != before->c_cc[VMIN])
        fail("the terminal is not as it was");
    if (screen.other || screen.hidden)
        fail("the screen is not as it was");
}

static void do_step(char *line, const struct termios *before)
{
    char *word = strsep(&line, " ");
    struct winsize size = {0};

    if (line == NULL)
        line = word + strlen(word);
    if (!strcmp(word, "key")) {
        type(line);
    } else if (!strcmp(word, "see")) {
        wait_for(line, 0, 1);
    } else if (!strcmp(word, "not")) {
        wait_for(line, 0, 0);
    } else if (!strcmp(word, "selected")) {
        wait_for(line, '7', 1);
    } else if (!strcmp(word, "coloured")) {
        wait_for(line, '3', 1);
    } else if (!strcmp(word, "entered")) {
        wait_until_entered(atoi(line));
    } else if (!strcmp(word, "clear")) {
        memset(screen.text, 0, sizeof screen.text);
    } else if (!strcmp(word, "full")) {
        wait_until_full();
    } else if (!strcmp(word, "file")) {
        close(open(line, O_CREAT | O_WRONLY, 0666));
    } else if (!strcmp(word, "signal")) {
        kill(child, atoi(line));
    } else if (!strcmp(word, "size")) {
        char *rest;
        size.ws_row = (unsigned short)strtol(line, &rest, 10);
        size.ws_col = (unsigned short)strtol(rest, NULL, 10);
        column_limit = column_limit > size.ws_col ? column_limit : size.ws_col;
        ioctl(master, TIOCSWINSZ, &size);
    } else if (!strcmp(word, "end")) {
        end(atoi(line), before, 1);
    } else if (!strcmp(word, "gone")) {
        end(atoi(line), before, 0);
    } else {
        fail("an unknown step");
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc > 2 ? fopen(argv[1], "r") : NULL;
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    struct termios before;
    char line[256], copy[256];

    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (file == NULL || master < 0 || grantpt(master) || unlockpt(master))
        return 2;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || ioctl(master, TIOCSWINSZ, &size) || tcgetattr(slave, &before))
        return 2;
    child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        dup2(slave, 0);
        dup2(slave, 1);
        dup2(slave, 2);
        setenv("TERM", "xterm", 1);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        strcpy(copy, line);
        step = copy;
        do_step(line, &before);
    }
    return 0;
}

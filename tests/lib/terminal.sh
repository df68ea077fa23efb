# A program that is killed leaves its terminal as it was. The program makes streams of its terminal,
# waits for input, and gets SIGKILL; `cat`, started by the same shell on the same terminal, can then
# read. The terminal is a pseudo-terminal that `pty` plays.
set -eu

cat >prog.c <<'END_C'
#include <bide/bide.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The flags of all three, which the shell shares. */
static int flags(void)
{
    return fcntl(0, F_GETFL) << 2 ^ fcntl(1, F_GETFL) << 1 ^ fcntl(2, F_GETFL);
}

static char byte;

/* The first argument is a FIFO, which is told when the streams are at work. */
async int main(int argc, char **argv)
{
    bide_stream *in, *out;
    int before = flags();
    if (argc != 2 || !isatty(0) || !isatty(1) || bide_stream_open(0, &in) < 0 ||
        bide_stream_open(1, &out) < 0)
        abort();
    if (await bide_stream_write_all(out, "at work\n", 8, NULL) < 0)
        abort();
    bide_task(ssize_t) reader = bide_spawn(bide_stream_read(in, &byte, 1));
    for (int i = 0; i < 10; i++)
        await bide_yield();
    if (bide_task_finished(reader))
        abort();
    int fifo = open(argv[1], O_WRONLY);
    if (fifo < 0 || write(fifo, flags() == before ? "kept   \n" : "changed\n", 8) != 8)
        abort();
    close(fifo);
    ssize_t n = 0;
    (void)await bide_task_join(reader, &n);
    abort(); /* nobody types before the kill */
}
END_C
"$BIDE" cc "$CC" -g prog.c -o prog || fail "prog.c does not compile"

# pty SCRIPT: runs the shell on a terminal of its own, types a line when it prints "now", waits
# until the line has come back twice, as the echo and from cat, ends the input, prints all that the
# terminal has shown, and returns the shell's status.
cat >pty.c <<'END_C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char seen[65536];
static size_t size;

static int times(const char *text)
{
    int n = 0;
    for (const char *p = seen; (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

/* Reads until the text was seen so many times; 0 when the terminal has ended. */
static int await_text(int master, const char *text, int count)
{
    while (times(text) < count) {
        ssize_t n = read(master, seen + size, sizeof seen - 1 - size);
        if (n <= 0)
            return 0;
        size += (size_t)n;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), status;
    if (argc != 2 || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return 99;
    pid_t shell = fork();
    if (shell == 0) {
        setsid();
        int slave = open(ptsname(master), O_RDWR);
        dup2(slave, 0);
        dup2(slave, 1);
        dup2(slave, 2);
        close(slave);
        close(master);
        execl("/bin/sh", "sh", "-c", argv[1], (char *)NULL);
        _exit(98);
    }
    if (!await_text(master, "now", 1) || write(master, "typed\n", 6) != 6 ||
        !await_text(master, "typed", 2) || write(master, "\004", 1) != 1)
        fprintf(stderr, "the terminal has ended early\n");
    await_text(master, "this does not come", 1);
    printf("%s", seen);
    if (waitpid(shell, &status, 0) != shell)
        return 97;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 96;
}
END_C
"$CC" -Wall -Wextra pty.c -o pty || fail "pty.c does not compile"

mkfifo fifo
# Job control is off, so the shell gives what is in the background /dev/null as its stdin: the
# terminal comes as 3.
# `read` opens the FIFO, so it waits until the program has it open too.
status=0
timeout 60 ./pty 'exec 3<&0
./prog fifo <&3 & p=$!
read -r word <fifo
kill -9 $p; wait $p 2>/dev/null
echo "flags $word, now"
exec cat' >shown || status=$?
[ "$status" = 0 ] || fail "cat on the terminal: exit status $status: $(cat shown)"
grep -q 'at work' shown || fail "the stream has not written: $(cat shown)"
grep -q 'flags kept' shown || fail "the flags of the terminal have changed: $(cat shown)"

# docs/deploy.md: its programs and commands, as docs.sh runs those of the other documents, but with
# the tool and the library without sanitizers. Then what the page says of containers, where io_uring
# is forbidden, and that systemd accepts its units, if that is here.
set -eu
if [ -n "$SANITIZE" ]; then
    [ -n "${PLAIN-}" ] || skip "needs a build without sanitizers (PLAIN)"
    BIDE=$PLAIN/bin/bide
    PATH=${PATH#*:} # the compiler, without them
fi
DOCS=$SRC/docs/deploy.md
. "$SRC/tests/docs/docs.sh"
cd "$WORK/deploy"

# forbid ERROR COMMAND...: runs it where io_uring_setup fails, as a container has it.
cat >forbid.c <<'END_C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return 99;
    execv(argv[1], argv + 1);
    return 98;
}
END_C
gcc -Wall -Wextra forbid.c -o forbid || fail "forbid.c does not compile"
unset BIDE_IO
timeout --foreground --preserve-status -s TERM 2 ./forbid ./server 0 2>said ||
    fail "./server, forbidden: $?"
grep -q '^port [0-9]*, by epoll$' said || fail "forbidden, the server says: $(cat said)"
if BIDE_IO=uring ./forbid ./server 0 2>said; then
    fail "it has io_uring, which is forbidden"
fi
# The page shows this line.
line=$(sed -n 's/^  \(bide: io_uring is asked .*\)/\1/p' "$DOCS")
[ -n "$line" ] && grep -qxF "$line" said || fail "asked for io_uring it says: $(cat said)"

# The units of the page.
for unit in server.service server.socket; do
    awk -v opening="\`\`\`ini $unit" '
        $0 == opening { inside = 1; next }
        /^```/ { inside = 0 }
        inside' "$DOCS" | sed "s,/usr/local/bin/server,$PWD/server," >"$unit"
    [ -s "$unit" ] || fail "the page has no $unit"
done
if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify ./server.service ./server.socket 2>said || :
    ! grep 'server\.\(service\|socket\)' said >&2 || fail "systemd does not accept the units"
fi

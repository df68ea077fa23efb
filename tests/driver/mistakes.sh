# Messages about mistakes in how the tool is called; and clang's analyzer, which reads the user's
# file and not the generated C.
set -eu

. "$SRC/tests/harness/driver-cases"

# Without a C++ compiler, the cases that need one are left out.
cxx=g++
[ -z "$is_clang" ] || cxx=clang++

begin "an async file and a C++ compiler: one message, and no cascade"
if command -v $cxx >/dev/null; then
    refused bide cc $cxx hello.c -o hello
    has err "error: 'hello.c' has async functions, which are for C, and is compiled as C++"
    has err "note: '.*++' compiles all files as C++; use a C compiler"
    [ "$(wc -l <err)" = 2 ] || fail "$what: prints more: $(cat err)"
    ok bide cc $cxx -x c -c hello.c -o hello.o
fi
cp hello.c hello.cc
refused $cc -c hello.cc
has err "error: 'hello.cc' has async functions"
refused $cc -x c++ -c hello.c
has err "error: 'hello.c' has async functions"
end

begin "C++ that only calls async functions, and has async and await of its own"
cat >calls.cc <<'EOF'
#include <bide/lang.h>
// async int not_here(void) { }
bide_async int answer(void);
const char *text = "async int nor_here(void) { }";
namespace own { inline int async(int n) { return n; } }
int await = own::async(1);
EOF
if command -v $cxx >/dev/null; then
    ok $cc -c calls.cc
fi
end

begin "messages have the public name of a function that a macro of the library calls"
cat >dropped.c <<'EOF'
#include <bide/bide.h>
static bide_mutex mutex;
async int dropped(void)
{
    await bide_join(bide_mutex_lock(&mutex));
    return 0;
}
EOF
ok $cc -c dropped.c
has err "warning: ignoring return value of 'bide_mutex_lock' declared"
has err "note: 'bide_mutex_lock' is declared here"
end

begin "bide run with several files: the others are arguments of the program"
printf 'int other(void);\nint main(void) { return other(); }\n' >main.c
printf 'int other(void) { return 0; }\n' >other.c
try bide run main.c other.c
[ "$status" != 0 ] || fail "$what: it runs"
has err "note: 'other.c' is an argument of the program: bide run compiles one C file"
try bide run main.c -- other.c
has_not err 'is an argument of the program'
printf 'int main(int argc, char **argv) { (void)argv; return argc - 2; }\n' >main.c
ok bide run main.c other.c
has_not err 'is an argument of the program'
end

begin "a library of bide that is not linked"
cat >http.c <<'EOF'
#include <bide/bide.h>
int bide_http_client_new(void *, void *);
async int bide_sql_open(void *);
async int main(void)
{
    return bide_http_client_new(0, 0) + await bide_sql_open(0);
}
EOF
try $cc http.c -o http
[ "$status" != 0 ] || fail "$what: links"
has err "note: 'bide_http_client_new' is in the library bide-http: link it with '-lbide-http'"
has err "note: 'bide_sql_open' is in the library bide-sqlite: link it with '-lbide-sqlite'"
[ "$(grep -c "note: 'bide_" err)" = 2 ] || fail "$what: prints it more than once: $(cat err)"
ok $cc -c http.c -o http.o
try $cc http.o -o http
[ "$status" != 0 ] || fail "$what: links objects"
has err "note: 'bide_http_client_new' is in the library bide-http: link it with '-lbide-http'"
[ "$(grep -c "note: 'bide_" err)" = 2 ] || fail "$what: of objects: $(cat err)"
try $cc -Wl,--as-needed -l bide-http http.c -o http
has err "note: 'bide_http_client_new' is in .*: put '-lbide-http' after the files that need it"
sed -i 's/bide_http_client_new/bide_http_server_new/' http.c
try $cc http.c -o http
has err "note: 'bide_http_server_new' is in the library bide-http-server: link it with"
[ "$(grep -c "note: 'bide_" err)" = 2 ] || fail "$what: prints it more than once: $(cat err)"
sed -i 's/bide_sql_open/not_ours/; s/bide_http_server_new/nor_this/' http.c
try $cc http.c -o http
has_not err 'is in the library'
end

if command -v clang >/dev/null; then
    begin "--analyze: what the analyzer finds is shown, at the user's lines"
    cat >null.c <<'EOF'
#include <bide/bide.h>
async int main(void)
{
    int *p = 0;
    await bide_yield();
    return *p;
}
EOF
    ok bide cc clang --analyze null.c
    has err "^null.c:6:12: warning: Dereference of null pointer"
    has_not err "unused"
    exists null.plist
    has null.plist "<string>null.c</string>"
    ok bide cc clang --analyze -c null.c -o other.plist
    exists other.plist
    cat >later.c <<'EOF'
#include <bide/bide.h>
#include <stdlib.h>
async int early(int n)
{
    int *p = 0;
    return n ? 0 : *p;
}
async int main(void)
{
    char *text = malloc(3);
    defer { free(text); }
    await bide_yield();
    return text ? *text : await early(1);
}
EOF
    ok bide cc clang --analyze later.c
    has err "^later.c:6:20: warning: Dereference of null pointer"
    has_not err "text"
    end
fi

# `bide new`: what it makes, and what it does not overwrite. That it builds, passes its tests and
# serves is shown here with the build tree, and by house/install with the installed one.
set -eu

. "$SRC/tests/harness/driver-cases"

begin "the files of a service"
silent bide new greeter
has out '^made a service in greeter; next:$'
has out '^    make test$'
exists greeter/main.c greeter/service.c greeter/service.h greeter/service_test.c greeter/Makefile \
    greeter/.gitignore
[ "$(ls greeter | wc -l)" = 6 ] || fail "$(ls greeter)"
has greeter/README.md '^# greeter$'
! grep -rn '@NAME@' greeter || fail "a name is missing"
silent bide new greeter/inner
has greeter/inner/README.md '^# inner$'
mkdir here
cd here
silent bide new .
has README.md '^# here$'
cd ..
end

begin "nothing is overwritten"
mkdir mine
echo mine >mine/service.c
echo other >mine/other
refused bide new mine
has err "'mine/service.c' is there already; nothing was written"
[ "$(ls -A mine)" = "$(printf 'other\nservice.c')" ] || fail "$(ls -A mine)"
[ "$(cat mine/service.c)" = mine ] || fail "it was overwritten"
rm mine/service.c
ln -s nowhere mine/Makefile # a link counts, too
refused bide new mine
has err "'mine/Makefile' is there already"
missing nowhere
rm mine/Makefile
silent bide new mine
[ "$(cat mine/other)" = other ] || fail "another file has changed"
refused bide new mine
end

begin "mistakes"
refused bide new
has err "'bide new' takes the name of a folder"
refused bide new ''
refused bide new one two
refused bide new --fancy
has err "'bide new' takes the name of a folder"
refused bide new no/such/folder
has err "cannot make the folder 'no/such/folder': No such file or directory"
: >file
refused bide new file
has err "'file"
if [ "$(id -u)" != 0 ]; then
    mkdir -m 555 locked
    refused bide new locked
    has err "cannot write 'locked/service.c': Permission denied"
fi
end

[ -e "$EXAMPLES/http_service" ] || skip "the library for servers was not built"
command -v make >/dev/null || skip "there is no make"

begin "it builds, passes its tests and serves"
silent bide new greeter
cd greeter
make BIDE="$BIDE" test >log 2>&1 || fail "make test: $(cat log)"
has log '^service_test: 4 passed, 0 failed, 0 skipped$'
has_not log 'warning:'
if command -v curl >/dev/null; then
    : >log
    make BIDE="$BIDE" PORT=0 run >log 2>&1 &
    made=$!
    until_has 1 '^http://' log
    url=$(grep '^http://' log)
    [ "$(curl -sS "$url/hello/ada")" = 'Hello, ada!' ] || fail "$(cat log)"
    kill -TERM "$(ps -o pid= --ppid "$made")" # the service, below make
    wait "$made" || fail "exit status $?: $(cat log)"
fi
sed -i 's/Hello/Hallo/' service.c # a test finds what has changed
if make BIDE="$BIDE" test >log 2>&1; then fail "the tests do not see it"; fi
has log 'FAILED it_greets'
make clean >log
missing service service_test main.o service.d
cd ..
end

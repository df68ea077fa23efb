# tests_of_a_service: the tests of a user's service pass, and find what goes wrong in it: a task
# that a shutdown forgets, which is named, a client that is not told, an answer that has changed.
set -eu

"$EXAMPLES/tests_of_a_service" >out || fail "exit status $?: $(cat out)"
grep -qx 'tests_of_a_service: 6 passed, 0 failed, 0 skipped' out || fail "$(cat out)"

cp -r "$SRC/examples/tests_of_a_service" service
cd service
"$BIDE" cc "$CC" -g -c service_test.c -o service_test.o || fail "service_test.c"

# changed WHAT SED: builds the service with a change, and runs its tests, which fail
changed()
{
    sed "$2" service.c >changed.c
    ! cmp -s service.c changed.c || fail "$1: nothing was changed"
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" -g ${flags-} changed.c service_test.o -o tests || fail "$1"
    status=0
    ./tests >out 2>&1 || status=$?
    [ "$status" = 1 ] || fail "$1: exit status $status: $(cat out)"
}

# says TEXT: a line of the output
says()
{
    grep -qFx -e "$1" out || fail "no line '$1' in $(cat out)"
}

changed "the saver is forgotten" \
    's/bide_task_abort(saver);/bide_task_detach(saver);/; /await bide_task_wait(saver)/d'
line=$(grep -n 'bide_spawn(save_often(s))' service.c | cut -d : -f 1)
says "changed.c:$line: a task was left behind: save_often"
says 'tests: 4 passed, 2 failed, 0 skipped'
grep -q '^FAILED a_shutdown_tells_everyone_and_leaves_nothing ' out || fail "$(cat out)"

flags=-DNDEBUG changed "the same, without the lines of spawns" \
    's/bide_task_abort(saver);/bide_task_detach(saver);/; /await bide_task_wait(saver)/d'
says 'a task was left behind: save_often; who spawned it is not known'

changed "nobody is told of the shutdown" 's/case 0: return await say.*/case 0: return 0;/'
grep -q '^FAILED a_shutdown_tells_everyone_and_leaves_nothing ' out || fail "$(cat out)"

changed "another answer" 's/"OK %ld/"Ok %ld/'
says 'a scripted stream, at step 2 of 8: another write than in the script'
says '    written  "Ok 2\n"'
says '    expected "OK 2\n"'

# A listener that a test leaves open.
sed 's/bide_tcp_listener_close(listener);//' service_test.c >forgets.c
"$BIDE" cc "$CC" -g service.c forgets.c -o tests || fail "forgets.c"
! ./tests once_a_minute >out 2>&1 || fail "an open listener is not found"
grep -q 'it left a stream, a listener or a future open: Device or resource busy$' out ||
    fail "$(cat out)"

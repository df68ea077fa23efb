# autoconf and automake with CC="bide cc gcc": a library and a program, dependencies, and the build
# in another folder that distcheck makes.
set -eu
plain

. "$SRC/tests/harness/driver-cases"
command -v autoreconf >/dev/null && command -v automake >/dev/null || skip "no autoconf, automake"
command -v make >/dev/null || skip "no make"
unset MAKEFLAGS MAKELEVEL

begin "configure and make in a folder of their own"
mkdir project
mv main.c lib.c lib.h plain.c project
cat >project/configure.ac <<'END'
AC_INIT([project], [1.0])
AM_INIT_AUTOMAKE([foreign subdir-objects])
AC_PROG_CC
AM_PROG_AR
AC_PROG_RANLIB
AC_CHECK_HEADERS([unistd.h])
AC_CHECK_FUNCS([getpid no_such_function_xyz])
AC_CHECK_SIZEOF([long])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
END
cat >project/Makefile.am <<'END'
noinst_LIBRARIES = libanswer.a
libanswer_a_SOURCES = lib.c lib.h
bin_PROGRAMS = both plain
both_SOURCES = main.c
both_LDADD = libanswer.a
plain_SOURCES = plain.c
END
(cd project && autoreconf -fi) >log 2>&1 || fail "$what: autoreconf: $(cat log)"
mkdir built
cd built
ok ../project/configure CC="bide cc $CC" CFLAGS="-g -O1 -Wall"
has config.log 'ac_cv_func_getpid=yes'
has config.log 'ac_cv_func_no_such_function_xyz=no'
ok make -j2
says 42 ./both
says plain ./plain
has .deps/main.Po 'lib.h'
ok make
has out 'Nothing to be done'
cd ..
end

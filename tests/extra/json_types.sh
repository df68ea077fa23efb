# The types that bide/json.h checks: a variable of another type than bide_json_need knows does not
# compile, nor does a format with more than 60 arguments; C++ has the same calls.
set -eu

compile() # NAME: the function that is on standard input
{
    printf '#include <bide/json.h>\nint f(const bide_json *j);\nint f(const bide_json *j)\n' >"$1"
    cat >>"$1"
}

# bad WHAT: it does not compile, in the plain compiler and in bide's
bad()
{
    compile bad.c
    if "$CC" -I"$SRC/include" -c bad.c -o bad.o >log 2>&1; then fail "$1 compiles"; fi
    if "$BIDE" cc "$CC" -c bad.c -o bad.o >log 2>&1; then fail "$1 compiles with bide cc"; fi
}

for type in float 'char *' 'struct { int i; }' 'bide_json *'; do
    bad "$type" <<END
{ $type x; return bide_json_unpack(j, NULL, bide_json_need("a", &x)); }
END
done
bad "a constant" <<'END'
{ const int x = 0; return bide_json_unpack(j, NULL, bide_json_need("a", &x)); }
END
bad "61 arguments" <<END
{ bide_json *made; (void)j; return bide_json_pack(&made, NULL, "[]"$(printf ', %d' $(seq 61))); }
END

compile good.c <<'END'
{
    int64_t n;
    const char *s;
    bide_json_failure why;
    return bide_json_unpack(j, &why, bide_json_need("a", &n), bide_json_may("b", &s));
}
END
"$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$SRC/include" -c good.c -o good.o ||
    fail "good.c"
command -v g++ >/dev/null || exit 0
sed 's/int f(const bide_json \*j);//' good.c >good.cc
g++ -std=c++11 -Wall -Wextra -Werror -I"$SRC/include" -c good.cc -o good.o || fail "good.cc"
sed 's/int64_t n/float n/' good.cc >bad.cc
if g++ -std=c++11 -I"$SRC/include" -c bad.cc -o bad.o >log 2>&1; then fail "C++ takes a float"; fi

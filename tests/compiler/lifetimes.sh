# Memory in the arguments of an await lives as long as C says, or the program is refused: each line
# of lifetimes/sources at each line of lifetimes/places, one function for each pair. Without FULL=1
# only some of the pairs are run. The pairs that are refused are always tried: they cost little.
set -eu

places=$SRC/tests/compiler/lifetimes

# generate WHICH PART: writes every PART-th pair whose source is of one of the kinds WHICH.
generate()
{
    awk -F '\t' -v which="$1" -v part="$2" -v head="$places/head.h" '
    /^#/ { next }
    FILENAME ~ /sources$/ && $1 ~ which {
        kind[++sources] = $1; name[sources] = $2; text[sources] = $3
    }
    FILENAME ~ /places$/ { end[++count] = $1; place[count] = $2; form[count] = $3 }
    function put(line) { print line; lines++ }
    function one(i, k,    e, t) {
        if (kind[i] == "full" && end[k] == "block" || name[i] == "assigned" && place[k] == "block")
            return # it would not live long enough; a capture cannot be assigned
        e = name[i] == "twice" ? "(" text[i] ")" : text[i]
        t = form[k]
        gsub(/&/, "\\\\&", e)
        gsub(/@/, e, t)
        put("static async int " name[i] "__" place[k] "(struct pair given)")
        put("{")
        put("    int r = -1, local[2] = {10 * one, 20 * one};")
        put("    struct pair spare; (void)local; (void)spare; (void)given;")
        put("    " t)
        print lines >"statements"
        put("    return r;")
        put("}")
        all[++functions] = name[i] "__" place[k]
    }
    END {
        put("#include \"" head "\"")
        for (i = 1; i <= sources; i++)
            for (k = 1; k <= count; k++)
                if ((i + k) % part == 0)
                    one(i, k)
        print "static const struct {\n    const char *name;"
        print "    bide_async_fn(int, struct pair) f;\n} all[] = {"
        for (i = 1; i <= functions; i++)
            print "    {\"" all[i] "\", bide_ref(" all[i] ")},"
        print "};\nasync int main(void)\n{\n    int bad = 0;"
        print "    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {"
        print "        int r = await (*all[i].f)((struct pair){{10, 20}});"
        print "        if (r != 30)\n            printf(\"%s: %d\\n\", all[i].name, r), bad++;"
        print "    }\n    return bad != 0;\n}"
    }' "$places/sources" "$places/places"
}

generate gone 1 >gone.c
! "$BIDE" cc "$CC" -D_GNU_SOURCE -w -c gone.c -o gone.o 2>gone.err || fail "alloca is not refused"
words="error: memory from 'alloca' does not outlive an 'await'"
sed -n "s/^gone.c:\([0-9]*\):.*: $words.*/\1/p" gone.err | uniq >refused
sort -n statements | diff - refused || fail "not exactly the expected statements are refused"

part=24
levels=-O2
if [ "$FULL" = 1 ]; then
    part=1
    levels='-O0 -O2'
fi
generate 'full|block' $part >lives.c
for level in $levels; do
    "$BIDE" cc "$CC" -D_GNU_SOURCE -w $level lives.c -o lives || fail "does not compile with $level"
    timeout $((20 * ${BIDE_TEST_SLOW:-1})) ./lives || fail "$level: exit status $?"
done

# Makes programs in the current folder from a table of grammar/, for one compiler.
#
#   awk -v compiler=gcc -v group=11 -f rows.awk TABLE...      all rows of the group: one program
#   awk -v compiler=gcc -v only=NAME -f rows.awk TABLE...     one row
#   awk -v compiler=gcc -v list=1 -f rows.awk TABLE...        the rows' names with their groups
#
# In a program each row is an async function; main calls all rows, and names those that are wrong.

function flush_row(    i, wanted, mine)
{
    if (name == "")
        return
    wanted = words !~ /(gcc|clang)/ || words ~ compiler
    mine = words ~ /error/ ? "error" : words ~ /2x/ ? "2x" : words ~ /89/ ? "89" : "11"
    if (wanted && list)
        print name, mine, message
    if (wanted && (only != "" ? only == name : mine == group)) {
        print scope
        if (body != "" || result != "") {
            printf "#line %d \"%s\"\nstatic async int row_%s(int x)\n{\n%s", line, table, name, body
            if (result != "")
                printf "    await bide_yield();\n    return (%s) ? 0 : 1;\n", result
            print "}\n"
            calls = calls "    bad += said(await row_" name "(3), \"" name "\");\n"
        }
    }
    name = ""
}

function begin_row()
{
    name = $1
    words = $0
    sub(/^[^ ]* */, "", words)
    scope = body = result = message = ""
    line = FNR
    table = FILENAME
    sub(/.*\//, "", table)
}

BEGIN {
    if (!list)
        print "#include <bide/bide.h>\n#include <stdio.h>\n#define Y await bide_yield()"
}

FNR == 1 { flush_row() }
/^#/ { next }
/^$/ { flush_row(); next }
/^[a-z]/ { flush_row(); begin_row(); next }
/^\+/ { scope = scope sprintf("#line %d \"%s\"\n", FNR, table) substr($0, 3) "\n"; next }
/^=/ { result = result substr($0, 3) " "; next }
/^!/ { message = substr($0, 3); next }
{ body = body $0 "\n" }

END {
    flush_row()
    if (list)
        exit
    print "#line 1 \"main\"\nstatic int said(int bad, const char *name)\n{"
    print "    if (bad)\n        printf(\"%s\\n\", name);\n    return bad;\n}\n"
    print "async int main(void)\n{\n    int bad = 0;\n" calls "    return bad != 0;\n}"
}

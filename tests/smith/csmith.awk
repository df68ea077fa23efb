# Makes a program of csmith async: async functions, awaited calls, and `await pause_here()` after
# random statements (-v seed=N). csmith prints one statement to a line, and heads of functions at
# the margin.
BEGIN { srand(seed) }

# The line with (await func_N(...)) for each call func_N(...).
function with_awaits(line,    out, i, c, depth, top, stack) {
    out = ""
    depth = top = 0
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (c == "f" && match(substr(line, i, 16), /^func_[0-9]+\(/) &&
            (i == 1 || substr(line, i - 1, 1) !~ /[A-Za-z0-9_]/)) {
            out = out "(await " substr(line, i, RLENGTH)
            i += RLENGTH - 1
            stack[++top] = ++depth
            continue
        }
        if (c == "(")
            depth++
        if (c == ")" && top > 0 && stack[top] == depth) {
            c = "))"
            top--
        }
        if (c ~ /^\)/)
            depth--
        out = out c
    }
    return out
}

/^#include "csmith.h"/ {
    print "#ifdef __BIDE__"
    print "#include <bide/bide.h>"
    print "#else"
    print "#define async"
    print "#define await"
    print "#endif"
    print
    print "static int pause_mode;"
    print "static unsigned pause_random;"
    print "static async void pause_here(void)"
    print "{"
    print "#ifdef __BIDE__"
    print "    pause_random = pause_random * 1664525u + 1013904223u;"
    print "    if (pause_mode == 1 || (pause_mode == 2 && pause_random >> 31))"
    print "        await bide_yield();"
    print "#endif"
    print "}"
    next
}

/^\/\*/ { comment = 1 }
comment {
    print
    if (/\*\//)
        comment = 0
    next
}
/^static .*func_[0-9]+\(/ { print "async " $0; next }
/^int main/ { print "async " $0; in_main = 1; next }
in_main && /platform_main_begin/ {
    print "    pause_mode = argc > 1 ? atoi(argv[1]) : 0;"
    print "    pause_random = argc > 2 ? (unsigned)atoi(argv[2]) : 1;"
}
in_main && /print_hash_value = 1/ { next }
/^ / {
    print with_awaits($0)
    if (/^    .*;$/ && rand() < 0.3)
        print "    await pause_here();"
    next
}
{ print }

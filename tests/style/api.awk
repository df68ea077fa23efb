# Reads a public header and prints where it breaks a rule of docs/api.md, as "FILE:LINE: what".
# Run by api.sh. A declaration is all text outside of comments and preprocessor lines up to a `;`,
# or up to the end of a function's body, outside of braces.

function complain(what) { print FILENAME ":" start ": " what }

# The last word of a text; "" if it has none.
function last_word(text)
{
    sub(/[^A-Za-z0-9_]+$/, "", text)
    return match(text, /[A-Za-z_][A-Za-z0-9_]*$/) ? substr(text, RSTART) : ""
}

# Splits the text between parentheses at its outer commas into part[1..n]; returns n.
function split_parameters(text, part,    i, c, deep, n)
{
    n = 1
    part[1] = ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(") deep++
        if (c == ")") deep--
        if (c == "," && !deep)
            part[++n] = ""
        else
            part[n] = part[n] c
    }
    return n
}

# What a parameter is: "in", "out", or "buffer", an output that a size may follow.
function kind_of(parameter, first,    base)
{
    if (parameter ~ /bide_gives/) return "out"
    if (parameter ~ /\(\*/ || parameter !~ /\*/) return "in"
    if (parameter ~ /\* *const *\*/) return "in"
    if (parameter ~ /\*\*/) return "out"
    if (parameter ~ /^const / || parameter ~ /\* *argument$/) return "in"
    base = parameter
    sub(/ *\*.*/, "", base)
    if (first && base == "void") return "in" # a typed handle, erased
    if (base ~ /^(void|char)$/) return "buffer"
    if (base ~ /^(bide_task_end|unsigned|int|long|size_t|ssize_t|bool|float|double|u?int[0-9]+_t)$/) return "out"
    if (!first && base == "bide_address") return "out" # of another header
    if (first || !(base in is_plain)) return "in"
    return "out"
}

function check_parameters(text, name,    n, i, kind, before, seen, part, word)
{
    n = split_parameters(text, part)
    if (n > 2 && part[n] ~ /^ *(\.\.\.|va_list .*)$/)
        n -= 2 # a format, and what it takes
    for (i = 1; i <= n; i++) {
        gsub(/^ +| +$/, "", part[i])
        if (i > 1 && i == n && part[i] ~ /^bide_[a-z_]+ \*[a-z]/) {
            word = part[i]
            sub(/ .*/, "", word)
            filled_in[word] = 1
        }
        kind = kind_of(part[i], i == 1)
        if (kind == "in" && seen && !(before == "buffer" && part[i] ~ /^size_t /) &&
            !(last_word(part[i - 1]) ~ /s$/ && part[i] ~ /^size_t count$/)) { # an array
            complain(name ": the output " seen " comes before an input")
            return
        }
        before = kind
        word = part[i]
        sub(/ *bide_gives\([a-z_]*\)/, "", word)
        word = last_word(word)
        if (kind != "in")
            seen = word
        if (part[i] !~ /[*(]/ && part[i] !~ /^bide_(duration|instant) / &&
            word ~ /^(timeout|deadline|period)$/)
            complain(name ": the time " word " is a bare number")
    }
    if (name ~ /_(free|drop)$/ && n != 1)
        complain(name " takes more than what it ends")
}

function check_ends(name, text)
{
    while (match(text, /bide_gives\([a-z_]*\)/)) {
        if (substr(text, RSTART, RLENGTH) !~ /_(free|close|drop)\)$/)
            complain(name ": what it gives is ended neither by _free nor by _close nor by _drop")
        if (!is_must_use)
            complain(name " gives something and is not bide_must_use")
        text = substr(text, RSTART + RLENGTH)
    }
}

function check_function(text,    name, rest, i, c, deep, returns)
{
    rest = text
    gsub(/bide_(gives|allocates)\(/, "&@", rest)
    gsub(/bide_(task|future|async_fn)\(/, "@", rest)
    while (match(rest, /bide_[A-Za-z0-9_]+\(@/))
        rest = substr(rest, 1, RSTART - 1) substr(rest, RSTART + RLENGTH)
    if (!match(rest, /bide_[A-Za-z0-9_]+ *\(/))
        return
    name = substr(rest, RSTART, RLENGTH)
    sub(/ *\($/, "", name)
    if (name ~ /^bide__/)
        return
    returns = substr(rest, 1, RSTART - 1)
    gsub(/static|__inline__|extern|bide_must_use|bide_async|bide_may_block/, "", returns)
    gsub(/ /, "", returns)
    by_value[returns] = 1
    rest = substr(text, index(text, name "(") + length(name))
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        deep += (c == "(") - (c == ")")
        if (!deep)
            break
    }
    if (!doc)
        complain(name " has no comment")
    if (name ~ /_blocking$/)
        complain(name ": what blocks has no name of its own")
    if (name ~ /_(free|drop)$/ && is_async)
        complain(name " waits; what may wait is called _close")
    if (name ~ /_(next|recv|line|pop)$/ && name != "bide_http_next" && (returns != "int" || doc !~ /[Rr]eturns 1[^0-9]/))
        complain(name " is a sequence, and its comment does not begin to say: Returns 1")
    check_parameters(substr(rest, 2, i - 2), name)
    check_ends(name, text)
}

# A struct, union or enum with its members, a typedef, or both.
function check_type(text,    tag, name, head)
{
    head = text
    sub(/^typedef /, "", head)
    if (head ~ /^(struct|union|enum) bide_[a-z]/) {
        tag = head
        sub(/^(struct|union|enum) /, "", tag)
        sub(/[^A-Za-z0-9_].*/, "", tag)
    }
    if (text ~ /^typedef/) {
        name = head
        gsub(/__attribute__ *\(\([^;]*\)\)+|BIDE__INT_ENUM/, "", name)
        name = last_word(name)
        has_typedef[name] = 1
        if (tag && name != tag)
            complain("the typedef of " tag " is called " name)
    }
    if (tag && body) {
        defined[tag] = start
        # The objects of bide/core.h have no private members, but they are no outputs.
        if (head ~ /^struct/ && body !~ /[a-z]_[,;]/ && FILENAME !~ /core\.h$/)
            is_plain[tag] = 1
        if (body ~ /[a-z]_[,;]/)
            has_private[tag] = start
        if (tag ~ /_options$/ && doc !~ /[Zz]ero in a member means the default/)
            complain(tag ": its comment does not say that zero in a member means the default")
    }
}

function check_declaration(    used)
{
    gsub(/[ \t]+/, " ", text)
    gsub(/^ | $/, "", text)
    is_async = text ~ /bide_async /
    is_must_use = text ~ /bide_must_use/
    used = text " " body
    if (text ~ /^(typedef |struct [a-z_0-9]* ?\{|union |enum )/) {
        sub(/^(typedef )?(struct|union|enum) bide_[a-z_0-9]*/, "", used)
        check_type(text)
    } else if (text ~ /\(/)
        check_function(text)
    if (text !~ /^struct bide_[a-z_0-9]*;/ && text !~ /bide__/ &&
        match(used, /(struct|union|enum) bide_[a-z][a-z_0-9]*/))
        complain("not by its typedef: " substr(used, RSTART, RLENGTH))
    text = ""
    body = ""
}

# The end of a line's comment, or the whole line, is taken away.
function without_comments(line,    head)
{
    while (match(line, /\/\*/)) {
        head = substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + 2)
        if (match(line, /\*\//))
            line = head substr(line, RSTART + 2)
        else {
            in_comment = 1
            return head
        }
    }
    return line
}

in_comment {
    if (match($0, /\*\//)) in_comment = 0
    sub(/^ *\*/, "")
    if (!text) doc = doc $0
    next
}
in_macro { in_macro = /\\$/; next }
/^ *#/ {
    if ($1 == "#define") {
        start = FNR
        name = $2
        sub(/\(.*/, "", name)
        macros[name] = 1
        if ($2 ~ /^bide_[a-z_]*_blocking\(/ && $2 !~ /^bide_spawn_/)
            complain($2 ": what blocks has no name of its own")
    }
    in_macro = /\\$/
    next
}
/^ *$/ { if (!text) doc = ""; next }
/^extern "C" \{$/ || (/^}$/ && !deep) { next }
/^\/\*/ && !text { doc = $0 }
{
    line = without_comments($0)
    if (line ~ /^ *$/) next
    if (!text) start = FNR
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (c == "{" && !deep++) text = text "{"
        else if (c == "}" && !--deep) {
            text = text "}"
            if (text ~ /\) *\{\}$/ && text !~ /^typedef/) check_declaration()
        }
        else if (deep) body = body c
        else {
            text = text c
            if (c == ";") check_declaration()
        }
    }
    if (deep) body = body " "
    else if (text) text = text " "
}

END {
    for (tag in defined) {
        start = defined[tag]
        if (!(tag in has_typedef)) complain(tag " has no typedef")
    }
    for (tag in has_private) {
        start = has_private[tag]
        macro = toupper(tag) "_INIT"
        if (!(macro in macros) && !(tag in by_value) && !(tag in filled_in))
            complain(tag " has neither " macro " nor a function that returns it or fills it in")
    }
}

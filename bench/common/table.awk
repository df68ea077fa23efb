# Prints results, the lines that judge.awk has made, for people, or with json=1 as JSON, or with
# sum=1 only the last lines: then the exit status is 1 if bide is slower than its rival where that
# counts, or has failed. With titles="FIRST SECOND" it prints the heading instead. The column SECOND
# is p99 if `second` is that, else the ratio of p50 to the rival's. The column FIRST is p50, or if
# `first` is req/s, how many there are of it in a second. `rival` is the name of the rival.
function quoted(s) {
    gsub(/["\\]/, "\\\\&", s)
    return "\"" s "\""
}
function number(s) { return s ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ ? s : "null" }
function latency(us) { return us + 0 ? us : "-" }
function clock(us) { return first == "req/s" && us + 0 ? sprintf("%.0f", 1e6 / us) : latency(us) }
function line(row, who, median, least, most, unit, best, tokio, floor, first, last, met) {
    printf "%-16s %-10s %9s %9s %9s %-6s %6s %6s %6s %8s %8s  %s\n", row, who, median, least,
        most, unit, best, tokio, floor, first, last, met
}
BEGIN {
    FS = "\t"
    if (titles) {
        split(titles, title, " ")
        line("row", "who", "median", "least", "most", "unit", "best", rival, "floor", title[1],
            title[2], "met")
    }
}
$2 ~ /^bide-/ && $12 != "-" {
    rows++
    count[$12]++
    if ($12 != "yes") named[$12] = named[$12] " " $1 "/" $2
}
!json && !sum {
    line($1, $2, $3, $4, $5, $6, $7, $8, $9, clock($10),
        second == "p99" ? latency($11) : $13, $12)
}
json {
    printf "%s  {\"row\": %s, \"who\": %s, \"median\": %s, \"least\": %s, \"most\": %s, " \
        "\"unit\": %s, \"to_best_peer\": %s, \"to_%s\": %s, \"to_floor\": %s, " \
        "\"p50_us\": %s, \"p99_us\": %s, \"p50_to_%s\": %s, \"verdict\": %s}",
        NR == 1 ? "[\n" : ",\n",
        quoted($1), quoted($2), number($3), number($4), number($5), quoted($6), number($7), rival,
        number($8), number($9), number($10), number($11), rival, number($13), quoted($12)
}
END {
    if (json) print NR ? "\n]" : "[]"
    if (!sum) exit 0
    printf "%d rows of bide: %d meet their targets, %d do not, %d are slower than %s\n", rows,
        count["yes"], count["no"], count["SLOWER"], rival
    for (verdict in named) print verdict ":" named[verdict]
    exit !rows || count["SLOWER"] || count["failed"]
}

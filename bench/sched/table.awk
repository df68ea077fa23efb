# Prints results, the rows that judge.awk has made, for people (or with json=1 as JSON), without the
# heading, which sched.sh prints first. With sum=1 it prints only the last lines, and its exit
# status is 1 if a row is slower than Tokio or has failed, or fewer than 80% meet their targets.
function quoted(s) {
    gsub(/["\\]/, "\\\\&", s)
    return "\"" s "\""
}
function number(s) { return s ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ ? s : "null" }
BEGIN { FS = "\t" }
{
    rows++
    count[$10]++
    wanted = $8 == "-" ? "" : $8 " x"
    if ($9 != "-") wanted = wanted (wanted ? ", " : "") $9 " " $4
    if ($10 != "yes") named[$10] = named[$10] " " $1 "/" $2
}
!json && !sum {
    printf "%-23s %-4s %10s %10s %-5s %7s %7s  %-15s %s%s\n", $1, $2, $5, $6, $4, $7, $11, wanted,
        $10, ($3 == "tokio" ? "" : "  (beside " substr($3, 2) ")") \
        ($12 == "" ? "" : "  [" $12 " and " $13 " instructions]") ($14 == "" ? "" : "  (" $14 ")")
}
json {
    printf "%s  {\"row\": %s, \"runtime\": %s, \"peer\": %s, \"unit\": %s, \"bide\": %s, " \
        "\"peers\": %s, \"ratio\": %s, \"other_ratio\": %s, \"target_ratio\": %s, " \
        "\"limit\": %s, \"verdict\": %s, " \
        "\"instructions\": %s, \"peers_instructions\": %s}", rows == 1 ? "[\n" : ",\n",
        quoted($1), quoted($2), quoted($3), quoted($4), number($5), number($6), number($7),
        number($11), number($8), number($9), quoted($10), number($12), number($13)
}
END {
    if (json) print rows ? "\n]" : "[]"
    if (!sum) exit 0
    met = count["yes"] + 0
    printf "%d rows: %d meet their targets (%d%%), %d do not, %d are slower than Tokio, " \
        "%d failed, %d are not built\n", rows, met, rows ? 100 * met / rows : 0, count["no"],
        count["SLOWER"], count["failed"], count["not built"]
    for (verdict in named) print verdict ":" named[verdict]
    exit !rows || count["SLOWER"] || count["failed"] || met < 0.8 * rows
}

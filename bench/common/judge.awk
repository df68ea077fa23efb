# The verdicts on a row. Reads its samples, "ROUND WHO FIGURE P50 P99", and lines "- WHO REASON..."
# of those who have none; with the reason - they have no part in the row. Prints a line for each of
# `order` who has, separated by tabs: row, who, median, least, most, unit, the median ratios to the
# best peer, to the rival and to the floor, the medians of p50 and p99, the verdict, the median
# ratio of p50 to the rival's. A ratio is that of two figures of one round. Peers are those in
# `peers`, `rival` is one of them, and the floor is the best one of those in `floors`. bide's driver
# by default is `default`, and only its line is judged, if there is a target: yes, no (a target is
# missed), SLOWER, or why it has no figure. Targets are `target` for the ratio to the rival, and to
# the best one in `also`; `floor`; `limit`; and `clock` for p50 beside the rival's.
function median(list, n,    i, k, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (k = i - 1; k > 0 && list[k] > x; k--) list[k + 1] = list[k]
        list[k + 1] = x
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
# The least value of `of` in round r of those who are named in `names`; 0: none.
function best(names, r, of,    name, i, n, least) {
    n = split(names, name, " ")
    for (i = 1; i <= n; i++)
        if ((r, name[i]) in of && (!least || of[r, name[i]] < least)) least = of[r, name[i]]
    return least + 0
}
# The median over the rounds of who's value over the best of `names`; "-": there is none.
function ratio(who, names, of,    r, n, list, other) {
    for (r = 1; r <= rounds; r++) {
        other = best(names, r, of)
        if (other > 0 && (r, who) in of) list[++n] = of[r, who] / other
    }
    return n ? sprintf("%.3f", median(list, n)) : "-"
}
function middle(who, of,    r, n, list) {
    for (r = 1; r <= rounds; r++)
        if ((r, who) in of) list[++n] = of[r, who]
    least = list[1]
    for (r = 1; r <= n; r++) if (list[r] < least) least = list[r]
    most = list[1]
    for (r = 1; r <= n; r++) if (list[r] > most) most = list[r]
    return median(list, n)
}
function text(x) { return x < 1000 ? sprintf("%.4g", x) : sprintf("%.0f", x) }
function is_over(x, target) { return target != "-" && x != "-" && x + 0 > target + 0 }
function verdict(who, figure_of) {
    if (who !~ /^bide-/) return ""
    if (who != "bide-" default || target floor limit clock == "----") return "-"
    if (fails == "yes" && is_over(ratio(who, rival, figure), 1.05)) return "SLOWER"
    if (is_over(ratio(who, rival, figure), target) || is_over(ratio(who, also, figure), target) ||
        is_over(ratio(who, floors, figure), floor) ||
        is_over(ratio(who, rival, p50), clock) || is_over(figure_of, limit)) return "no"
    return "yes"
}
$1 == "-" {
    who = $2
    sub(/^- [^ ]* /, "")
    reason[who] = $0
    next
}
{
    if ($1 > rounds) rounds = $1
    figure[$1, $2] = $3
    p50[$1, $2] = $4
    p99[$1, $2] = $5
    seen[$2] = 1
}
END {
    count = split(order, whos, " ")
    for (w = 1; w <= count; w++) {
        who = whos[w]
        if (who in reason && reason[who] == "-") {
            continue
        } else if (who in reason) {
            printf "%s\t%s\t-\t-\t-\t%s\t-\t-\t-\t-\t-\t%s\t-\n", row, who, unit, reason[who]
        } else if (who in seen) {
            half = middle(who, p50)
            tail = middle(who, p99)
            m = middle(who, figure)
            printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row, who,
                text(m), text(least), text(most), unit, ratio(who, peers, figure),
                ratio(who, rival, figure), ratio(who, floors, figure), text(half),
                text(tail), verdict(who, m), ratio(who, rival, p50)
        }
    }
}

# The verdict on a row: reads its pairs "OURS-WALL OURS-CPU PEERS-WALL PEERS-CPU" and prints the row
# of results, separated by tabs: row, runtime, peer, unit, median of ours, median of the peer's,
# median of the ratios, the targets, the verdict, the median of the ratios by the other clock, the
# two numbers of `counts`, if there are any, and the note. Verdicts are yes, no, SLOWER (than Tokio,
# by more than 5 in 100), and - without a target.
function median(list, n,    i, k, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (k = i - 1; k > 0 && list[k] > x; k--) list[k + 1] = list[k]
        list[k + 1] = x
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}
{
    n++
    at = clock == "wall" ? 1 : 2
    ours[n] = $at + 0
    peers[n] = $(at + 2) + 0
    ratio[n] = $(at + 2) > 0 ? $at / $(at + 2) : 0
    other[n] = $(5 - at) > 0 ? $(3 - at) / $(5 - at) : 0
}
END {
    r = median(ratio, n)
    o = median(ours, n)
    verdict = target limit == "--" ? "-" : "yes"
    if ((target != "-" && r > target) || (limit != "-" && o > limit)) verdict = "no"
    if (peer == "tokio" && target != "-" && r > 1.05) verdict = "SLOWER"
    printf "%s\t%s\t%s\t%s\t%.4g\t%.4g\t%.3g\t%s\t%s\t%s\t%.3g", row, rt, peer, unit,
        o, median(peers, n), r, target, limit, verdict, median(other, n)
    if (split(counts, count, " ") != 2) count[1] = count[2] = ""
    printf "\t%s\t%s\t%s", count[1], count[2], note
    print ""
}

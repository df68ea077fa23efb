# The verdict on a row: reads its pairs "OURS PEERS" and prints the row of results, separated by
# tabs: row, runtime, peer, unit, median of ours, median of the peer's, median of the ratios, the
# targets, and the verdict: yes, no, or SLOWER (than Tokio, by more than 5 in 100).
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
    ours[n] = $1 + 0
    peers[n] = $2 + 0
    ratio[n] = $2 > 0 ? $1 / $2 : 0
}
END {
    r = median(ratio, n)
    o = median(ours, n)
    verdict = "yes"
    if ((target != "-" && r > target) || (limit != "-" && o > limit)) verdict = "no"
    if (peer == "tokio" && target != "-" && r > 1.05) verdict = "SLOWER"
    printf "%s\t%s\t%s\t%s\t%.4g\t%.4g\t%.3g\t%s\t%s\t%s\n", row, rt, peer, unit, o,
        median(peers, n), r, target, limit, verdict
}

# The last line of `./x bench sched --console`: reads the rows that judge.awk has made, sorted by
# their ratios. The exit status is 1 if the median of those is above 1.03, or a row has failed.
BEGIN { FS = "\t" }
$10 == "failed" || $10 == "not built" { count[$10]++; next }
{ ratio[++n] = $7 }
END {
    median = n % 2 ? ratio[(n + 1) / 2] : (ratio[n / 2] + ratio[n / 2 + 1]) / 2
    printf "%d rows: with somebody attached they take %.3f of the time with the console %s (the " \
        "median; %.3g to %.3g), %d failed, %d are not built\n", n, median, beside, ratio[1],
        ratio[n], count["failed"], count["not built"]
    exit !n || median > 1.03 || count["failed"]
}

# The table of docs/frames.md from rust.tsv and the output of the benchmark `frames`.
BEGIN { FS = "\t" }
/^#/ {
    split($0, part, /[#:]/)
    print "| program | levels | bide | Rust | bide's task | Tokio's task | Rust, small timers | its task |"
    print "|---|--:|--:|--:|--:|--:|--:|--:|"
    next
}
FNR == NR { rust[$1] = $2 " | %s | " $3 " | " $4 " | " $5; next }
{ printf "| %s | %s | %s | " rust[$1] " |\n", $2, $3, $4, $5 }

# What the benchmarks that have a peer in Rust share. They source it: `. "$SRC/bench/common.sh"`.

# begin JSON: makes the folder $work, which goes at the end; what is for people goes to descriptor
# 3, the standard output, or with JSON, which may be empty, the standard error.
begin()
{
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    exec 3>&1
    [ -z "$1" ] || exec 3>&2
}

# build_crate FROM TO: copies the crate to TO and builds it there, into TO/target, from Debian's
# crates if they are installed.
build_crate()
{
    mkdir -p "$2/.cargo"
    cp -Rp "$1/." "$2"
    if [ -d /usr/share/cargo/registry ]; then
        cat >"$2/.cargo/config.toml" <<'END_OF_CONFIG'
[source.crates-io]
replace-with = "here"
[source.here]
directory = "/usr/share/cargo/registry"
END_OF_CONFIG
    fi
    (cd "$2" && cargo build --quiet --release --offline --target-dir target)
}

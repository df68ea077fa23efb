# Where the benchmarks work, and how they build what bide is compared with. Their scripts source
# this file.

# begin JSON: makes the folder $work, which goes at the end; what is for people goes to descriptor
# 3, the standard output, or with JSON, which may be empty, the standard error.
begin()
{
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    exec 3>&1
    [ -z "$1" ] || exec 3>&2
}

# crates_for FOLDER: has cargo take its crates from Debian's, in that folder, if they are installed.
crates_for()
{
    [ -d /usr/share/cargo/registry ] || return 0
    mkdir -p "$1/.cargo"
    cat >"$1/.cargo/config.toml" <<'END_OF_CONFIG'
[source.crates-io]
replace-with = "here"
[source.here]
directory = "/usr/share/cargo/registry"
END_OF_CONFIG
}

# build_crate FROM TO: builds the Rust package FROM in the folder TO. The programs are then in
# TO/target/release.
build_crate()
{
    mkdir -p "$2"
    cp -Rp "$1/." "$2"
    crates_for "$2"
    (cd "$2" && cargo build --quiet --release --offline --target-dir target)
}

# c_built PROGRAM LIBRARIES FILE...
c_built()
{
    program=$1 libraries=$2
    shift 2
    # shellcheck disable=SC2086
    ${CC-cc} -O2 "$@" -o "$program" $libraries
}

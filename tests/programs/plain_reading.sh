# Every example is plain C to a tool that does not know bide: both compilers accept it with nothing
# but the include path, and those of the foreign library that its first lines name. If it uses more
# than async and await, neither compiles it, but says what to do.

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    for file in "$SRC"/examples/*.c "$SRC"/examples/*/*.c; do
        module=$(sed -n '1,20s/.*pkg-config --cflags --libs \([^)]*\)).*/\1/p' "$file")
        flags=
        [ -z "$module" ] || flags=$(pkg-config --cflags "$module" 2>/dev/null) || continue
        # shellcheck disable=SC2086
        "$compiler" -fsyntax-only -I"$SRC/include" $flags "$file" ||
            fail "$compiler does not read $file"
        grep -Eq 'bide_(spawn|join|try_join|select|timeout|blocking)|defer \{' "$file" || continue
        # shellcheck disable=SC2086
        if "$compiler" -c -I"$SRC/include" $flags "$file" -o plain.o 2>err; then
            # It may leave out static functions that only bide_ref names; then nothing links.
            nm -u plain.o | grep -q ref_compile_this_file_with_bide_cc ||
                fail "$compiler compiles $file, which it should refuse"
            continue
        fi
        grep -q 'compile this file with bide cc' err || fail "$file: $(cat err)"
    done
done

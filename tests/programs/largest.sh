# largest: the largest files in their order; what cannot be read is reported; no tree is an error.

"$BIDE" cc "$CC" $CFLAGS "$SRC/examples/largest.c" -o largest
rm -rf tree
mkdir -p tree/a/b tree/c
for size in 10 200 3000 40 500 6 70; do
    head -c "$size" /dev/zero >"tree/a/b/$size"
done
head -c 1000 /dev/zero >tree/c/1000
ln -s /etc tree/link
./largest tree >out 2>err || fail "exit status $?: $(cat err)"
cat >expected <<'END'
      3000  tree/a/b/3000
      1000  tree/c/1000
       500  tree/a/b/500
       200  tree/a/b/200
        70  tree/a/b/70
END
diff expected out || fail "other files"
[ ! -s err ] || fail "it reports something: $(cat err)"

if ./largest none 2>err; then fail "no tree is no error"; fi
grep -q 'No such file' err || fail "it says: $(cat err)"

# Debian 12's own kernel, 6.1, is older than many that the tests run on, and io_uring has changed
# much since. So the tests that touch descriptors run on it in an emulated machine: in one whose
# init runs each of them, with either driver, and then turns it off. In the long tier, once. Those
# of extra need more of a system than there is.
#
# KERNEL names the folder of a package that was unpacked before (boot/vmlinuz-*); without it the
# package is fetched with apt-get download.
set -eu

[ -n "$FULL" ] && [ -z "$SANITIZE" ] || skip "in the long tier, without sanitizers"
[ "$(uname -m)" = x86_64 ] || skip "the emulated machine is an x86_64"
case $("$CC" --version) in *clang*) skip "with gcc only" ;; esac
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
busybox=$(command -v busybox) || skip "no busybox"
ldd "$busybox" 2>&1 | grep -q 'not a dynamic' || skip "busybox is not static (busybox-static is)"

if [ -z "${KERNEL-}" ]; then
    KERNEL=$PWD/kernel
    package=$(apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/.*Depends: \(linux-image-6\.1\.[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || skip "apt knows no kernel 6.1"
    apt-get -q download "$package" >said 2>&1 || skip "cannot fetch $package: $(tail -n 1 said)"
    dpkg-deb -x "$package"_*.deb "$KERNEL"
    rm -rf "$package"_*.deb "$KERNEL/lib/modules"
fi
set -- "$KERNEL"/boot/vmlinuz-*
[ -e "$1" ] || fail "no kernel in $KERNEL/boot"
kernel=$1

root=$PWD/root
mkdir -p "$root/bin" "$root/proc" "$root/dev" "$root/tmp" "$root/sys" "$root/tests"
cp "$busybox" "$root/bin/busybox"
for name in $("$busybox" --list); do
    [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
done

# The programs, and what they are linked with.
tests=
for name in $(sed "s/#.*//; s/ .*//; /^extra/d" "$SRC/tests/uring.list") runtime/uring \
    runtime/driver runtime/multi_rings; do
    program=$CMAKE_TREE/tests/$name
    [ -x "$program" ] || continue
    mkdir -p "$root/tests/${name%/*}"
    cp "$program" "$root/tests/$name"
    ldd "$program" | grep -o '/[^ ]*' >>needed
    tests="$tests $name"
done
[ -n "$tests" ] || fail "no program of tests/uring.list is built"
cp "$SRC/tests/uring.list" "$root/tests"
sort -u needed | while read -r library; do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done

cat >"$root/init" <<END
#!/bin/sh
export PATH=/bin HOME=/tmp LC_ALL=C BIDE_TEST_SLOW=20
mount -t proc none /proc
mount -t devtmpfs none /dev
mount -t sysfs none /sys
mount -t tmpfs none /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts none /dev/pts
ln -s /proc/self/fd/2 /dev/stderr
ip link set lo up
cd /tmp
echo; echo "KERNEL \$(cat /proc/sys/kernel/osrelease)"
for driver in uring epoll; do
    for name in $tests; do
        except=
        [ \$driver = epoll ] || except=\$(sed -n "s|^\$name ||p" /tests/uring.list)
        BIDE_IO=\$driver BIDE_TEST_EXCEPT=\$except /tests/\$name >out 2>&1
        status=\$?
        case \$status in 0 | 77) ;; *) cat out ;; esac
        echo "RESULT \$driver \$name \$status"
    done
done
echo ALL
poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null | gzip -1) >initramfs.gz

cpus=$(nproc)
timeout 1200 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp "$cpus" -m 1024 \
    -nographic -no-reboot -net none -kernel "$kernel" -initrd initramfs.gz \
    -append 'console=ttyS0 quiet panic=-1' </dev/null >console 2>&1 ||
    fail "the machine did not end: $(tail -n 40 console)"
tr -d '\r' <console >lines
grep -q '^ALL$' lines || fail "not all of the tests ran: $(tail -n 60 lines)"
grep '^KERNEL 6\.1\.' lines || fail "another kernel: $(grep '^KERNEL' lines)"
bad=$(sed -n '/^RESULT .* \(0\|77\)$/d; s/^RESULT //p' lines)
[ -z "$bad" ] || fail "$bad: $(cat lines)"
grep -q '^RESULT uring runtime/uring 0$' lines || fail "io_uring cannot be had: $(cat lines)"
for driver in uring epoll; do
    grep -q "^RESULT $driver .* 0$" lines || fail "$driver: no test ran"
    echo "$driver: $(grep -c "^RESULT $driver .* 0$" lines) tests passed," \
        "$(grep -c "^RESULT $driver .* 77$" lines) skipped"
done

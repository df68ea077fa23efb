# Lua's package has no tests. The script here uses the whole library; it must print what it prints
# in an interpreter that the compiler alone has built.
set -eu

. "$SRC/tests/harness/project"
fetch lua5.4
cp -r plain alone

cat >test.lua <<'END'
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(_VERSION, fib(24), math.maxinteger, 7 // 2, -7 % 3, 2^0.5, 1e15, 3 | 8, ~0 >> 60)
local t = {}
for i = 1, 1000 do t[i] = (i * 7919) % 1009 end
table.sort(t, function(a, b) return a > b end)
print(table.concat(t, " ", 1, 12), #t, select("#", table.unpack(t, 1, 50)))
print(("%q %5.2f %x %-8s|"):format("a\nb\0c", math.pi, 255, "left"), ("x"):rep(3, "-"))
print(("the quick brown fox"):gsub("(%w+) (%w+)", "%2 %1"), ("k=v, a=b"):match("(%w+)=(%w+)$"))
for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do io.write(k, v, ";") end
print(pcall(error, {code = 1}), select(2, pcall(error, "text", 0)))
local co = coroutine.wrap(function(a)
    for i = 1, 3 do a = coroutine.yield(a * i) end
    return "end"
end)
print(co(10), co(20), co(30), co(40))
local mt = setmetatable({}, {
    __index = function(_, k) return k .. "!" end,
    __call = function(_, x) return x + 1 end,
    __close = function() print("closed") end,
    __tostring = function() return "mt" end,
})
do local c <close> = mt; print(mt.key, mt(41), tostring(mt)) end
goto done
print("skipped")
::done::
print(load("local a <const> = 6; return a * 7")(), utf8.char(228, 8364, 128512), utf8.len("äö"))
print(string.pack("<i4z", 77, "s"):byte(1, -1))
for i = 1, 20000 do t[i % 100] = {i, tostring(i)} end
collectgarbage()
print(collectgarbage("count") < 2000, os.time({year = 2020, month = 1, day = 1, hour = 12}) > 0)
print(#string.dump(fib) > 0, pcall(string.rep, "x", -1), tostring(1e100), 0x1p-3, 10 // 0.0)
END

build()
{
    step "make" make -C src -j2 linux CC="$cc -std=gnu99"
    step "the test" ./src/lua ../test.lua
}

(cd alone && cc=$CC && build) || exit 1
each build
[ "$(wc -l <alone/log)" -ge 12 ] || fail "$(cat alone/log)"
for tree in plain forced; do
    cmp alone/log $tree/log || fail "$(diff alone/log $tree/log)"
done

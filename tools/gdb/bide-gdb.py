"""
gdb and async functions: `break NAME`; `next`, `step`, `until` and `finish` over an await that has
to wait; `bide bt` and `bide tasks`. `bide gdb ./program` starts gdb with this file;
`source .../bide-gdb.py` in ~/.gdbinit loads it for good.

An async function that has to wait leaves its C function (bide__body_NAME) with a return. Later it
is polled again, from somewhere else, perhaps on another thread. gdb's own `next` would end there,
in the runtime. So a hook before each stepping command puts a breakpoint after that return, and a
hook that gdb runs at each stop, before it prints anything, continues from it: first to where the
same *activation*, that is the same frame of the same chain (bide/core.h), is polled again, then to
its suspension point, and then with the same command, so that gdb's own stepping finds the end of
the line. When a function has ended, the walk goes on in the same way to the function that awaits
it.

Any other stop on the way (a breakpoint, a signal, the end of the program) is the user's: gdb shows
it as usual, and the command is over. If no async function is on the C stack, nothing is done at
all.

While a command runs, bide's breakpoints are at
    the return of a body            has it ended (BIDE_READY), or does it wait (BIDE_PENDING)?
    the poll functions              of the activation and of all that await it. If another of these
                                    is polled first, the activation was dropped: it had nothing to
                                    undo
    bide_chain_poll                 shows the end of a task in which nothing had anything to undo
They need the debug information of the user's files, but not of the library's; `bide tasks` needs
that too.

`break` and `tbreak` are replaced by commands of bide, which pass what they do not know to gdb's
Python breakpoints. The code of an async function is in bide__body_NAME, and NAME is its blocking
form, or nothing. They stop at the first line of the body, but not each time that the body is polled
again.
"""

import itertools
import re
import sys

import gdb

BODY, START, POLL = "bide__body_", "bide__start_", "bide__poll_"
CHAIN_POLL, BLOCK_ON = "bide_chain_poll", "bide__block_on"
GROUP_NAME = "bide_group\0"

READY = 1  # from here to UNIT: core.h
SHIELDED = 0x40000000
RUN, LIVE, SEGMENT, FAR = 2, 8, 32, 64  # flags of a chain
UNIT = 8
ROOMS = 40, 64  # task.h: from a task's chain to its first frame
GROUP_HEAD, GROUP_COUNT = 24, 11  # inside.h: offsets in a group, of its chains and their number
GROUP_MAX = 65536  # the most bytes from there to the last branch
SEGMENT_MIN = 512  # segment.c
DEPTH_MAX = 10000  # frames that are visited

# What `step` from the user's code does not enter: bide's functions except bodies and starts.
SKIPPED = "^bide_([a-z]|_([ac-rt-z]|b[^o]|s[^t]))"

# The registers of the first two arguments.
REGISTERS = {
    "i386:x86-64": ("rdi", "rsi"),
    "aarch64": ("x0", "x1"),
    "riscv:rv64": ("a0", "a1"),
}
RESULTS = {"i386:x86-64": "rax", "aarch64": "x0", "riscv:rv64": "a0"}


# ---- memory ----


def struct_at(name, address):
    pointer = gdb.lookup_type("struct " + name).pointer()
    return gdb.Value(address).cast(pointer).dereference()


def word_at(address):
    word = gdb.lookup_type("unsigned long").pointer()
    return int(gdb.Value(address).cast(word).dereference())


def byte_at(address):
    byte = gdb.lookup_type("unsigned char").pointer()
    return int(gdb.Value(address).cast(byte).dereference())


def size_of(name):
    return gdb.lookup_type("struct " + name).sizeof


def block_of(address):
    """The block of the function at an address, or None."""
    block = gdb.block_for_pc(address)
    while block is not None and block.function is None:
        block = block.superblock
    return block


class Activation:
    """A frame of a chain. `segment` is the segment that holds it; 0: the chain's own memory."""

    def __init__(self, address, segment=0):
        self.address = address
        self.segment = segment

    def header(self):
        return struct_at("bide_frame", self.address)

    def info(self):
        info = self.header()["fn"].dereference()["info"]
        return info.dereference() if int(info) else None

    def state(self):
        return int(self.header()["state"]) & ~SHIELDED

    def name(self):
        info = self.info()
        return info["name"].string() if info is not None else "?"

    def poll(self):
        return int(self.header()["fn"].dereference()["poll"])

    def is_group(self):
        """The address may point at anything."""
        try:
            info = self.info()
            return info is not None and info["name"].string("latin-1", length=11) == GROUP_NAME
        except gdb.error:
            return False

    def line(self):
        """The line of the await at which it waits; 0: not known."""
        info = self.info()
        if info is None:
            return 0
        known = int(info["lines"]) and self.state() < int(info["line_count"])
        return int(info["lines"][self.state()] if known else info["line"])

    def place(self):
        info, line = self.info(), self.line()
        if info is None or not int(info["file"]):
            return "?"
        file = info["file"].string()
        return "%s:%d" % (file, line) if line else file

    def body(self):
        """The symbol of its body; None: not a compiled function, or no debug information."""
        block = block_of(self.poll())
        if block is None or not block.function.name.startswith(POLL):
            return None
        return gdb.lookup_symbol(BODY + block.function.name[len(POLL) :], block)[0]


def segment_of(chain):
    return int(chain["place"]["segment"]) if int(chain["flags"]) & SEGMENT else 0


def group_of_chain(chain):
    """The address of the group whose branch has this chain, or None."""
    for i in range(32):
        group = chain - GROUP_HEAD - i * size_of("bide_chain")
        if Activation(group).is_group() and byte_at(group + GROUP_COUNT) > i:
            return group
    return None


def group_round(address):
    """The address of the group that holds a branch's first frame, or None."""
    size = size_of("bide_chain")
    for group in range(address - GROUP_HEAD - size, address - GROUP_MAX, -UNIT):
        if not Activation(group).is_group():
            continue
        first = group + GROUP_HEAD
        for at in range(first, first + byte_at(group + GROUP_COUNT) * size, size):
            chain = struct_at("bide_chain", at)
            segment, far = segment_of(chain), int(chain["flags"]) & FAR
            place = struct_at("bide_segment", segment)["own"] if segment else chain["place"]
            if not far and address < at + int(place["near"]["end"]):
                return group
    return None


def below_segment(address):
    """What awaits the first frame of a segment, if no more of the chain is known; or None."""
    try:
        header = struct_at("bide_segment", address - size_of("bide_segment"))
        parent = Activation(int(header["parent"]), int(header["previous"]))
        is_known = parent.is_group() or parent.body() is not None
        return parent if is_known and int(header["size"]) >= SEGMENT_MIN else None
    except gdb.error:
        return None


def context_of(frame):
    """The context of the poll in which a body runs: from the nearest function that still has it."""
    for at in stack_from(frame):
        name = name_of(at)
        if "group" in name:
            break  # above it is the context of another chain
        try:
            cx = argument(at, 0) if name.startswith("bide__") else at.read_var("cx")
            if not cx.is_optimized_out:
                cx["chain"].fetch_lazy()
                return cx
        except (gdb.error, ValueError, IndexError, RuntimeError, AttributeError):
            continue
    raise LookupError("optimized out")


class Lineage:
    """A running activation and all that await it, innermost first."""

    def __init__(self, frame):
        """`frame` is a body's frame on the C stack."""
        cx = context_of(frame)
        chain = cx["chain"].dereference()
        self.task_chain = (int(cx["waker"]["bits"]) & ~31) + size_of("bide_wakeable")
        self.root = self.chain = int(cx["chain"])
        self.all = []
        at = Activation(int(argument(frame, 1)), segment_of(chain))
        while at is not None and len(self.all) < DEPTH_MAX:
            self.all.append(at)
            at = self.below(at)

    def below(self, at):
        parent = int(at.header()["parent"])
        if parent:
            return Activation(at.address - parent * UNIT, at.segment)
        segment = at.segment
        if at.is_group() and not segment:
            segment = at.address - size_of("bide_segment")  # it is the first frame there
        if segment:
            header = struct_at("bide_segment", segment)
            parent = int(header["parent"])
            return Activation(parent, int(header["previous"])) if parent else None
        if self.chain == self.task_chain or at.address - self.task_chain in ROOMS:
            return None
        group = group_of_chain(self.chain) if self.chain else group_round(at.address)
        if group is not None:  # this is the first frame of a branch
            self.chain, self.root = 0, self.task_chain
            return Activation(group)
        return None if self.chain else below_segment(at.address)

    def compiled(self):
        return [at for at in self.all if at.body() is not None]


def rows_of(body):
    """The rows of a body in the line table."""
    block = block_of(int(body.value().address))
    rows = [row for row in body.symtab.linetable() if block.start <= row.pc < block.end]
    return sorted(rows, key=lambda row: row.pc)


def resume_label(body, state):
    """The address of a suspension point, or None. The label may be in any block of the body."""
    name = "resume_%d" % state
    seen = set()
    for row in rows_of(body):
        block = gdb.block_for_pc(row.pc)
        while block is not None and (block.start, block.end) not in seen:
            seen.add((block.start, block.end))
            for symbol in block:
                if symbol.addr_class == gdb.SYMBOL_LOC_LABEL and symbol.name == name:
                    return int(symbol.value())
            block = block.superblock if block.function is None else None
    return None


def resume_place(body, state):
    """The same, but after a nop that gcc may have put there for the line of the `goto`."""
    label = resume_label(body, state)
    rows = rows_of(body)
    for row, behind in zip(rows, rows[1:]):
        if row.pc == label and row.line == rows[0].line:
            return behind.pc
    return label


# ---- the C stack ----


def name_of(frame):
    return frame.name() or ""


def is_body(frame):
    return name_of(frame).startswith(BODY) and frame.function() is not None


def is_ours(frame):
    """True for generated code round a body, and for the library."""
    return name_of(frame).startswith("bide_") and not is_body(frame)


def argument(frame, index):
    """An argument of a generated function, by number: its name varies with the user's names."""
    block = frame.block()
    while block.function is None:
        block = block.superblock
    return frame.read_var([symbol for symbol in block if symbol.is_argument][index])


def register(index):
    """An argument of the function at whose first instruction the thread has stopped."""
    frame = gdb.newest_frame()
    return int(frame.read_register(REGISTERS[frame.architecture().name()][index]))


def selected_frame():
    if gdb.selected_thread() is None:
        raise gdb.GdbError("The program is not being run.")
    return gdb.selected_frame()


def stack_from(frame):
    """The frame and those that called it, as far as gdb can tell."""
    for _ in range(DEPTH_MAX):
        if frame is None:
            return
        yield frame
        try:
            frame = frame.older()
        except gdb.error:
            return


def find_older(frame, wanted):
    return next((older for older in stack_from(frame) if wanted(older)), None)


# ---- breakpoints ----


class Stop(gdb.Breakpoint):
    """A breakpoint that stops if `wanted` returns something, which becomes `hit`."""

    def __init__(self, where, wanted):
        super().__init__(where if isinstance(where, str) else "*%#x" % where, internal=True)
        self.silent = True
        self.wanted = wanted
        self.hit = None

    def stop(self):
        try:
            self.hit = self.wanted()
        except gdb.error:  # in optimized code it is not known
            self.hit = None
        return bool(self.hit)


class Return(gdb.Breakpoint):
    """A breakpoint after the return of a frame of the C stack.

    gdb's own (FinishBreakpoint) is never hit if the caller is inlined into another function."""

    def __init__(self, frame):
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        caller = frame.older()
        super().__init__("*%#x" % caller.pc(), internal=True)
        self.silent = True
        self.stack = int(caller.read_register("sp"))
        self.thread = gdb.selected_thread().num
        self.hit = self.is_over = False
        self.is_ready = False

    def stop(self):
        frame = gdb.newest_frame()
        if self.is_over or int(frame.read_register("sp")) < self.stack:
            return False  # of a call inside it
        self.hit = self.is_over = True
        result = int(frame.read_register(RESULTS[frame.architecture().name()]))
        self.is_ready = result & 0xFFFFFFFF == READY
        return True


def stop_at_chain_poll(wanted):
    return Stop(int(gdb.parse_and_eval("(long)&" + CHAIN_POLL)), wanted)


def remove(breakpoints):
    for breakpoint in breakpoints:
        if breakpoint is not None and breakpoint.is_valid():
            breakpoint.delete()


def run(command):
    """Returns gdb's output, without the place of a stop, which gdb shows by itself."""
    return gdb.execute(command, to_string=True)


class Skip:
    """Our entry of `info skip`, which is enabled during a walk."""

    number = None

    @classmethod
    def make(cls):
        run("skip -rfunction " + SKIPPED)
        cls.number = max(int(n) for n in re.findall(r"^(\d+) ", run("info skip"), re.M))
        cls.enable(False)

    @classmethod
    def enable(cls, on):
        try:
            run("skip %s %d" % ("enable" if on else "disable", cls.number))
        except gdb.error:
            pass  # the user has deleted it


# ---- one command of the user ----


class Over(Exception):
    """The walk is over. gdb has shown the stop; if it shows nothing, the exception has a text."""


def was_stepped():
    """True if the last stop was the end of a step, not a breakpoint or a signal."""
    return "stopped after being stepped" in run("info program")


def here():
    """The place, as gdb shows it for a stop in another function than before."""
    return re.sub(r"^#0 +", "", run("frame"))


class Walk:
    """A command, from the hook before it to the stop that the user sees."""

    def __init__(self, command):
        newest = gdb.newest_frame()
        body = find_older(newest, is_body)
        if command == "finish" and body is not None:
            body = gdb.selected_frame() if is_body(gdb.selected_frame()) else None
        self.command = command
        self.began_inside = is_ours(newest)
        self.function = name_of(newest)
        self.exit = None
        self.guards = []
        self.value = None
        register(0)  # raises an error on an architecture that we do not know
        if body is not None:
            self.arm(body)

    def arm(self, body):
        """From now on this activation is stepped; `exit` is where its body returns to."""
        self.lineage = Lineage(body)
        self.address = self.lineage.all[0].address
        self.name = self.lineage.all[0].name()
        self.slot = self.result_slot(body) if self.command == "finish" else None
        self.exit = Return(body)
        try:
            if self.command != "finish":
                self.guards += self.leaving_stops(body.function())
            if self.command == "step":
                self.guards += self.callee_stops()
        except gdb.error:
            self.disarm()
            raise
        if self.command == "step" and not self.began_inside:
            Skip.enable(True)

    def disarm(self):
        remove([self.exit] + self.guards)
        self.exit, self.guards = None, []
        Skip.enable(False)

    def result_slot(self, body):
        """A pointer to where its result will be; None: not known."""
        header = self.lineage.all[0].header()
        start = gdb.lookup_symbol(START + self.name, body.block())[0]
        if start is None:
            return None
        result = start.type.fields()[2].type
        cx = argument(body, 0)
        chain = cx["chain"].dereference()
        if int(header["result"]):
            slot = self.address - int(header["parent"]) * UNIT + int(header["result"])
        elif int(header["parent"]):
            return None
        elif segment_of(chain):
            slot = int(struct_at("bide_segment", segment_of(chain))["result"])
        elif int(chain["flags"]) & FAR:
            slot = int(chain["place"]["far"]["result"])
        else:
            near = int(chain["place"]["near"]["result"])
            slot = near and int(cx["chain"]) + near
        is_void = result.target().code == gdb.TYPE_CODE_VOID
        return None if is_void or not slot else gdb.Value(slot).cast(result)

    def leaving_stops(self, function):
        """To wait, a body returns through the line of its closing brace, where a step would end."""
        rows = rows_of(function)
        places = {row.pc for row in rows if row.line == rows[-1].line}
        return [Stop(place, self.is_leaving) for place in places]

    def is_leaving(self):
        frame = gdb.newest_frame()
        if not is_body(frame) or int(argument(frame, 1)) != self.address:
            return False
        chain = argument(frame, 0)["chain"]
        flags = int(chain["flags"])
        return flags & LIVE != 0 and (flags & RUN != 0 or int(chain["leaf"]) != 0)

    def callee_stops(self):
        """Stops at the start functions of the compiled functions that it calls."""

        def is_called():
            caller = gdb.newest_frame().older()
            return is_body(caller) and int(argument(caller, 1)) == self.address

        info = self.lineage.all[0].info()
        starts = set()
        for i in range(int(info["callee_count"])):
            descriptor = info["callees"][i]["fn"].dereference()
            block = block_of(int(descriptor["poll"]))
            if block is not None and block.function.name.startswith(POLL):
                starts.add(gdb.lookup_symbol(START + block.function.name[len(POLL) :], block)[0])
        return [Stop(int(start.value().address), is_called) for start in starts if start]

    # -- on the way --

    def run_to(self, breakpoint):
        try:
            run("continue")
            if not breakpoint.hit:
                raise Over()
        finally:
            remove([breakpoint])

    def step(self, command, is_new=False):
        """What should be the last part of a walk: gdb shows its end."""
        if is_new or name_of(gdb.newest_frame()) != self.function:
            command = "with print frame-info source-and-location -- " + command
        run(command)

    def wait(self):
        """Runs until one of the lineage is polled, and returns it; None if the task has ended."""
        root = self.lineage.root
        waiting = {at.address: at for at in self.lineage.compiled()}
        polls = [
            Stop(poll, lambda: waiting.get(register(1)))
            for poll in {at.poll() for at in waiting.values()}
        ]
        entry = stop_at_chain_poll(lambda: word_at(register(0)) == root)
        stack = stack_from(gdb.newest_frame())
        turns = [Return(frame) for frame in stack if name_of(frame) == CHAIN_POLL]
        try:
            while True:
                run("continue")
                for poll in polls:
                    if poll.hit:
                        return poll.hit
                if entry.hit:
                    entry.hit = None
                    turns.append(Return(gdb.newest_frame()))
                elif not any(turn.hit for turn in turns):
                    raise Over()
                elif not int(struct_at("bide_chain", root)["flags"]) & LIVE:
                    return None
                remove([turn for turn in turns if turn.hit])
                turns = [turn for turn in turns if not turn.hit]
        finally:
            remove(polls + turns + [entry])

    def resume(self, at):
        """Runs an activation that is being polled to its suspension point."""
        place = resume_place(at.body(), at.state())
        if place is None:
            raise Over(here())
        self.run_to(Stop(place, lambda: int(argument(gdb.newest_frame(), 1)) == at.address))
        if self.command != "finish" and gdb.newest_frame().find_sal().line != at.line():
            text = here()  # nothing was left to do on the line of the await
            is_same = name_of(gdb.newest_frame()) == self.function
            raise Over(text[text.find("\n") + 1 :] if is_same else text)
        self.arm(gdb.newest_frame())

    def suspended(self):
        at = self.wait()
        if at is None or at.address != self.address:
            gdb.write("[bide: %s was cancelled]\n" % self.name)
        if at is None:
            raise Over()
        self.resume(at)

    def returned(self):
        """Runs to the function that awaits it, which is on the C stack or suspended."""
        start = gdb.newest_frame()
        if self.slot is not None:
            self.value = self.slot.dereference()
            self.value.fetch_lazy()
        del self.lineage.all[0]
        if not self.lineage.compiled():
            self.returned_from_task(start)
            return
        if name_of(start).startswith(START) and is_body(start.older()):
            self.run_to(Return(start))
            self.arm(gdb.newest_frame())
            return
        at = self.wait()
        if at is None:
            gdb.write("[bide: %s has returned to a function that was cancelled]\n" % self.name)
            raise Over()
        self.resume(at)

    def returned_from_task(self, poll):
        """Runs to the C function that blocks on the task, if there is one."""
        caller = find_older(poll, lambda frame: name_of(frame) == BLOCK_ON)
        if caller is None:
            # Go one instruction further, so that this is a stop of its own.
            size = poll.architecture().disassemble(poll.pc())[0]["length"]
            self.run_to(Stop(poll.pc() + size, lambda: True))
        else:
            back = Return(caller)
            other = stop_at_chain_poll(lambda: True)
            try:
                run("continue")
                if back.hit and name_of(gdb.newest_frame()) == self.name:
                    self.run_to(Return(gdb.newest_frame()))  # the blocking form
                if back.hit:
                    return
                if not other.hit:
                    raise Over()
            finally:
                remove([back, other])
        gdb.write("[bide: the task of %s has ended]\n" % self.name)
        raise Over()

    def enter(self):
        """`step` has entered generated code: runs to the awaited function's first line, or out."""
        frame = gdb.newest_frame()
        body = BODY + name_of(frame)[len(START) :]
        if (
            not name_of(frame).startswith(START)
            or frame.function() is None
            or gdb.lookup_symbol(body, frame.block())[0] is None
        ):
            self.run_to(Return(frame))
            self.step("step")
            return
        at_entry = frame.pc() == int(frame.function().value().address)
        cx = register(0) if at_entry else int(argument(frame, 0))
        chain = int(struct_at("bide_cx", cx)["chain"])
        first = Stop(body, lambda: int(argument(gdb.newest_frame(), 0)["chain"]) == chain)
        try:
            while not first.hit:
                run("continue")
                if not first.hit and not (self.exit is not None and self.exit.hit):
                    raise Over()
                if self.exit is not None:
                    self.exit.hit = False  # it waits: the other one begins later, from the loop
        finally:
            remove([first])
        self.disarm()
        if len({row.line for row in rows_of(gdb.newest_frame().function())}) == 1:
            raise Over(here())
        self.step("next", is_new=True)
        raise Over()

    def go(self):
        """Goes from the stop of the command itself to the stop that the user sees."""
        while True:
            if self.exit is not None and self.exit.hit:
                has_ended = self.exit.is_ready
                self.disarm()
                if has_ended:
                    self.returned()
                else:
                    self.suspended()
                if self.command == "finish" and has_ended:
                    raise Over(here())
                if self.command == "finish":
                    run("continue")
                else:
                    self.step(self.command, is_new=has_ended)
                continue
            guards = [guard for guard in self.guards if guard.hit]
            if not guards and not was_stepped():
                return
            for guard in guards:
                guard.hit = None
            if self.is_leaving():
                run("continue")
            elif guards or self.is_inside():
                self.enter()
            else:
                return

    def is_inside(self):
        """True if `step` has entered code that the user should not see."""
        inside = is_ours(gdb.newest_frame()) and not self.began_inside
        return self.command == "step" and inside

    def end(self):
        """Called after the command's own stop: does the rest and tells the user."""
        try:
            self.go()
        except Over as over:
            gdb.write(str(over))
        finally:
            self.disarm()
        if self.value is not None:
            gdb.write("Value returned is $%d = %s\n" % (gdb.add_history(self.value), self.value))


# ---- commands ----


class Bide(gdb.Command):
    """Commands for programs with async functions."""

    def __init__(self):
        super().__init__("bide", gdb.COMMAND_STACK, prefix=True)


def text_of(at, place):
    return "(join, select or timeout)" if at.is_group() else "%s at %s" % (at.name(), place)


def lines_of(lineage, frame):
    """A text for each activation of a lineage, the innermost of which runs in the frame."""
    bodies = filter(is_body, stack_from(frame))  # those that have not suspended yet
    running = {int(argument(body, 1)): body.find_sal() for body in bodies}
    for at in lineage.all:
        sal = running.get(at.address)
        yield text_of(at, "%s:%d" % (sal.symtab.filename, sal.line) if sal else at.place())


class Backtrace(gdb.Command):
    """Print the functions that await each other, innermost first, with the lines of the awaits.

It begins with the selected frame, or with the first async function above it on the C stack."""

    def __init__(self):
        super().__init__("bide bt", gdb.COMMAND_STACK)

    def invoke(self, argument_text, from_tty):
        frame = find_older(selected_frame(), is_body)
        if frame is None:
            raise gdb.GdbError("No async function is running here.")
        for i, line in enumerate(lines_of(Lineage(frame), frame)):
            gdb.write("#%-3d%s\n" % (i, line))


# ---- all tasks ----

SCHEDULED, RUNNING, DONE, FUTURE, REFERENCE = 1, 2, 4, 128, 65536  # task.h
CANCEL = 4  # a flag of a chain: core.h


def symbol_value(name):
    """The value of a variable of the library; raises an error if it is missing."""
    try:
        return gdb.parse_and_eval(name)
    except gdb.error:
        raise gdb.GdbError("There is no runtime of bide here, or its library is too old.")


def blocks_in_use(slab):
    """memory.h: bide__slab_each."""
    chunk = slab["chunks"]
    while int(chunk):
        for i in range(int(chunk["count"])):
            block = int(chunk) + int(chunk["first"]) + i * int(chunk["block_size"])
            if word_at(block):
                yield block
        chunk = chunk["next"]


def chain_frames(chain):
    """The activations of a chain that is not being polled, innermost first."""
    address, segment = int(chain["leaf"]), segment_of(chain)
    for _ in range(DEPTH_MAX):
        if not address:
            return
        at = Activation(address, segment)
        yield at
        parent = int(at.header()["parent"])
        if parent:
            address -= parent * UNIT
        elif segment:
            header = struct_at("bide_segment", segment)
            address, segment = int(header["parent"]), int(header["previous"])
        else:
            return


def branches_of(at):
    """The chains of a group that have not ended, with their numbers."""
    if not at.is_group():
        return
    for i in range(byte_at(at.address + GROUP_COUNT)):
        chain = struct_at("bide_chain", at.address + GROUP_HEAD + i * size_of("bide_chain"))
        if int(chain["flags"]) & LIVE:
            yield i, chain


class Tasks(gdb.Command):
    """Print all tasks of the program, each with the functions that await each other in it,
innermost first, the lines where they wait, and the tasks that wait for its end.

Works on a core dump too. It needs the debug information of libbide."""

    def __init__(self):
        super().__init__("bide tasks", gdb.COMMAND_STACK)

    def invoke(self, argument_text, from_tty):
        selected_frame()
        runtime = symbol_value("bide__runtimes")
        self.running = self.lineages()
        count = 0
        while int(runtime):
            current = int(runtime["worker"]["current"])
            hub = runtime["hub"]
            slabs = [hub["tasks"], hub["outside"]]
            slabs += [hub["slabs"][i] for i in range(int(hub["slab_count"]))]
            more = hub["more"]
            while int(more):
                slabs.append(more.dereference())
                more = more["next"]
            for block in itertools.chain.from_iterable(map(blocks_in_use, slabs)):
                count += self.show(struct_at("bide__task", block), current)
            runtime = runtime["next"]
        if not count:
            gdb.write("There are no tasks.\n")

    def lineages(self):
        """The lines of `bide bt` for what the threads run, by the address of the task's chain."""
        found = {}
        selected, frame = gdb.selected_thread(), selected_frame()
        for thread in gdb.selected_inferior().threads():
            try:
                thread.switch()
                body = find_older(gdb.newest_frame(), is_body)
                if body is not None:
                    lineage = Lineage(body)
                    found[lineage.task_chain] = list(lines_of(lineage, body))
            except (gdb.error, LookupError):
                pass  # in optimized code it is not known
        selected.switch()
        frame.select()
        return found

    def show(self, task, current):
        """Returns true if there was something to show."""
        state = int(task["wake"]["state"])
        if state & DONE:
            return False
        address, chain = int(task.address), task["chain"]
        if state & FUTURE:
            if int(task["waiters"]):
                return False  # it is shown with the task that drives it
            how = "has not begun" if int(chain["flags"]) & RUN else "is polled by nobody"
            gdb.write("future %#x %s\n" % (address, how))
            self.show_chain(chain, 2)
            return True
        chain_address = int(chain.address)
        if address == current or state & RUNNING:
            gdb.write("task %#x runs%s\n" % (address, self.waiters(task)))
            for line in self.running.get(chain_address, []):
                gdb.write("  %s\n" % line)
            return True
        if int(chain["unwinding"]) or int(chain["flags"]) & CANCEL:
            how = "is being cancelled"
        elif state & SCHEDULED:
            how = "is about to run"
        else:
            how = "waits"
        gdb.write("task %#x %s%s\n" % (address, how, self.waiters(task)))
        self.show_chain(chain, 2)
        return True

    def waiters(self, task):
        """A text that names the tasks that wait for its end."""
        first = int(task["waiters"])
        if first & 1:
            first = int(struct_at("bide__child", first - 1)["waiters"])
        found, at = [], first
        while at and len(found) < DEPTH_MAX:
            joiner = struct_at("bide__joiner", at)
            found.append("%#x" % (int(joiner["waker"]["bits"]) & ~31))
            at = int(joiner["next"])
            if at == first:
                break
        return ", awaited by " + ", ".join(found) if found else ""

    def show_chain(self, chain, indent):
        for at in chain_frames(chain):
            branches = list(branches_of(at))
            gdb.write("%*s%s\n" % (indent, "", text_of(at, at.place())))
            for i, branch in branches:
                gdb.write("%*sbranch %d:\n" % (indent + 2, "", i))
                self.show_chain(branch, indent + 4)


# ---- breakpoints by name ----


def parse_break(text):
    """The place, the condition and the thread in the arguments of `break`."""
    condition, thread = None, None
    found = re.search(r"(?:^|\s)if\b(.*)$", text, re.S)
    if found:
        text, condition = text[: found.start()], found.group(1).strip()
    found = re.search(r"(?:^|\s)thread\s+(\S+)\s*$", text)
    if found:
        text, thread = text[: found.start()], int(gdb.parse_and_eval(found.group(1)))
    return text.strip(), condition, thread


def bodies_of(place):
    """The bodies of the async functions that `NAME` or `FILE:NAME` means."""
    found = re.match(r"^(?:(.+):)?([A-Za-z_$][\w$]*)$", place)
    if not found:
        return []
    file, name = found.groups()
    bodies = gdb.lookup_static_symbols(BODY + name)
    return [b for b in bodies if not file or ("/" + b.symtab.filename).endswith("/" + file)]


def source_of(body):
    """The lines of its file; empty if that cannot be read."""
    try:
        with open(body.symtab.fullname(), errors="replace") as source:
            return source.readlines()
    except OSError:
        return []


def has_code_at_brace(body, line):
    """True if there is code after the opening brace, on its line. Without the source: true if the
    only other line is that of the closing brace, which comes last."""
    source = source_of(body)
    if line > len(source):
        others = {row.line for row in rows_of(body)[:-1]} - {line, 0}
        return not others
    behind = source[line - 1].partition("{")[2].strip()
    return bool(behind) and not behind.startswith(("//", "/*"))


def is_optimized(body):
    """True if its arguments are in registers."""
    places = run("info scope *%#x" % int(body.value().address))
    return re.search("multi-location|optimized out", places) is not None


def end_of_defer(source, line):
    """The last line of the deferred statement that begins on a line; 0 if none begins there."""
    if line > len(source) or not re.match(r"\s*(bide_)?defer\b", source[line - 1]):
        return 0
    depth = 0
    for at in range(line, len(source) + 1):
        text = source[at - 1]
        depth += text.count("{") - text.count("}")
        if depth <= 0 and re.search(r"[;}]", text):
            return at
    return line


def first_line(body):
    """The place of the first line of its code. None if that is the line of its opening brace, or
    if no instruction begins that line in optimized code.

    A deferred block may stand above that line, but its code comes last. So it is the line of the
    first instruction. Optimized code has another order. There it is the lowest line that is not in
    a deferred block, or, if that line has several places, the lowest line."""
    rows = rows_of(body)
    own = rows[0].line
    lines = [row.line for row in rows if row.line > own]
    if not lines or has_code_at_brace(body, own):
        return None
    first = lines[0]
    if is_optimized(body):
        source, first = source_of(body), min(lines)
        end = end_of_defer(source, first)
        while end and any(line > end for line in lines):
            first = min(line for line in lines if line > end)
            end = end_of_defer(source, first)
        if len(gdb.decode_line("%s:%d" % (body.symtab.filename, first))[1] or ()) > 1:
            first = min(lines)
    place = "%s:%d" % (body.symtab.filename, first)
    found = gdb.decode_line(place)[1]
    return place if found and found[0].line == first else None


def keep_in(body, breakpoint):
    """Switches off the places of a breakpoint that are not in the body itself: a branch may begin
    on the same line. gdb shows them since version 13, and forgets about it in optimized code."""

    def is_inside(location):
        block = block_of(location.address)
        return block is not None and block.function.name == body.name

    locations = list(getattr(breakpoint, "locations", ()))
    if any(map(is_inside, locations)):
        for location in locations:
            location.enabled = is_inside(location)


def entry_condition(body, condition):
    """The condition for a stop where the body is entered: it is the first time, and the user's
    condition holds, with the parameters taken from where they are then."""
    block = block_of(int(body.value().address))
    names = [symbol for symbol in block if symbol.is_argument]
    first = "%s->h.state == 0" % names[1].name
    if not condition:
        return first
    if len(names) > 2:
        for field in names[2].type.target().fields():
            word = r"(?<![\w$.>])%s(?![\w$])" % re.escape(field.name)
            condition = re.sub(word, "%s->%s" % (names[2].name, field.name), condition)
    return "%s && (%s)" % (first, condition)


class Break(gdb.Command):
    """Set a breakpoint, as gdb's own command does; at the name of an async function, at the first
line of its body.

break [LOCATION] [thread THREADNUM] [if CONDITION]
tbreak has the same arguments; its breakpoint is gone after the first stop."""

    pending = []  # may be in a library that is loaded later: breakpoint, arguments

    def __init__(self, name, is_temporary):
        super().__init__(name, gdb.COMMAND_BREAKPOINTS, gdb.COMPLETE_LOCATION)
        self.is_temporary = is_temporary

    def invoke(self, text, from_tty):
        self.dont_repeat()
        place, condition, thread = parse_break(text)
        if not place:
            place = "*%#x" % gdb.selected_frame().pc()
        if not self.at_bodies(place, condition, thread):
            self.at_place(place, condition, thread)

    def at_bodies(self, place, condition, thread):
        """Returns false if the place is not an async function."""
        bodies = bodies_of(place)
        for body in bodies:
            place = first_line(body)
            if place is not None:
                keep_in(body, self.make(place, condition, thread))
                continue
            # Each poll enters here.
            place = "%s:%s" % (body.symtab.filename, body.name)
            self.make(place, entry_condition(body, condition), thread)
        return bool(bodies)

    def at_place(self, place, condition, thread):
        is_known = place.startswith("-")
        try:
            is_known = is_known or gdb.decode_line(place)[1] is not None
        except gdb.error as error:
            self.ask_about_pending(str(error))
        made = self.make(place, condition, thread)
        if not is_known:
            Break.pending.append((made, self, place, condition, thread))

    def ask_about_pending(self, error):
        """Asks as gdb does."""
        wish = gdb.parameter("breakpoint pending")
        if wish is False:
            raise gdb.GdbError(error)
        if wish is None:
            gdb.write(error + "\n")
            gdb.write("Make breakpoint pending on future shared library load? (y or [n]) ")
            gdb.flush()
            if not sys.stdin.isatty():
                raise gdb.GdbError("[answered N; input not from terminal]")
            if not input().lower().startswith("y"):
                raise gdb.GdbError("")

    def make(self, place, condition, thread):
        made = gdb.Breakpoint(place, temporary=self.is_temporary)
        try:
            if thread is not None:
                made.thread = thread
            if condition:
                made.condition = condition
        except gdb.error as error:
            made.delete()
            raise gdb.GdbError(str(error))
        return made

    @classmethod
    def loaded(cls, event):
        """A loaded library may have the async functions of pending breakpoints."""
        waiting, cls.pending = cls.pending, []
        for entry in waiting:
            made, command, place, condition, thread = entry
            if not made.is_valid():
                continue
            if command.at_bodies(place, condition, thread):
                made.delete()
            elif made.pending:
                cls.pending.append(entry)


# ---- hooks ----


def is_stopped():
    """True if there is a thread and it can be inspected."""
    try:
        return gdb.newest_frame() is not None
    except gdb.error:
        return False


class Hooks:
    """The walk under way. `busy`: the running commands are our own."""

    walk = None
    busy = False
    thread = 0  # to select after the command

    @classmethod
    def before(cls, command):
        if cls.busy:
            return
        cls.give_up()
        if not is_stopped() or gdb.parameter("mi-async") or gdb.parameter("non-stop"):
            return
        cls.busy = True
        try:
            cls.walk = Walk(command)
        except (gdb.error, LookupError):
            pass  # then the command stays gdb's own
        finally:
            cls.busy = False

    @classmethod
    def give_up(cls):
        """Called if the command did not run, or if nothing is left to do after it."""
        if cls.walk is not None:
            cls.walk.disarm()
        cls.walk = None

    @classmethod
    def stopped(cls):
        if cls.walk is None or cls.busy:
            return
        cls.busy = True
        try:
            if cls.walk.exit is not None and is_stopped():
                cls.walk.end()
                cls.thread = int(gdb.parse_and_eval("$_thread"))
        finally:
            cls.busy = False
            cls.give_up()

    @classmethod
    def after(cls):
        """After a hook-stop that resumes, gdb selects the previous thread; this corrects that."""
        if is_stopped():
            cls.give_up()
        thread, cls.thread = cls.thread, 0
        if thread and thread != int(gdb.parse_and_eval("$_thread")):
            run("thread %d" % thread)


def load():
    """Installs everything once, even if gdb finds this file and the user names it too."""
    Bide()
    Backtrace()
    Tasks()
    Break("break", False)
    Break("tbreak", True)
    if hasattr(gdb, "bide_skip"):
        Skip.number = gdb.bide_skip
        return
    Skip.make()
    gdb.bide_skip = Skip.number
    for command in ("next", "step", "until", "advance", "finish"):
        kind = "next" if command in ("until", "advance") else command
        gdb.execute("define hook-%s\npython Hooks.before('%s')\nend" % (command, kind))
        gdb.execute("define hookpost-%s\npython Hooks.after()\nend" % command)
    gdb.events.new_objfile.connect(Break.loaded)
    gdb.events.before_prompt.connect(lambda: Hooks.after())
    users = user_hook()
    gdb.execute("define hook-stop\npython Hooks.stopped()\n%send" % users)


def user_hook():
    """The lines of an earlier hook-stop, which run after ours."""
    try:
        lines = run("show user hook-stop").splitlines()[1:]
    except gdb.error:
        return ""
    return "".join(line + "\n" for line in lines if line.strip())


load()

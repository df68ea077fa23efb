/*
 * A core polls its own tasks without a locked instruction: yields, wakes, awaits, groups, spawns
 * and joins of its own, on current_thread and on thread_per_core.
 *
 * The test runs itself in a child, steps through it instruction by instruction between two marks,
 * and looks at each for a LOCK prefix, or an exchange with memory, which locks too.
 */
#include "check.h"

#include "runtime/task/task.h"

#include <bide/bide.h>

#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#if defined __x86_64__ && !defined __SANITIZE_THREAD__

/* Instructions that locked, how many were seen, and the first one's address. */
struct seen {
    unsigned long steps, locked, first;
};

static bool is_prefix(unsigned char c)
{
    return c == 0x66 || c == 0x67 || c == 0xf2 || c == 0xf3 || c == 0x2e || c == 0x36 ||
           c == 0x3e || c == 0x26 || c == 0x64 || c == 0x65;
}

static bool locks(const unsigned char *code)
{
    while (is_prefix(*code))
        code++;
    if (*code == 0xf0)
        return true;
    if ((*code & 0xf0) == 0x40) /* REX */
        code++;
    return (*code == 0x86 || *code == 0x87) && code[1] >> 6 != 3;
}

/* Where the child is to be stepped through. */
static void __attribute__((noinline)) mark(void)
{
    __asm__ volatile("int3");
}

static void step_through(pid_t pid, struct seen *s)
{
    int status;
    struct user_regs_struct regs;
    unsigned char code[16];

    for (;; s->steps++) {
        struct iovec here = {code, sizeof code}, there = {NULL, sizeof code};
        CHECK_EQ(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
        CHECK_EQ(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
        there.iov_base = (void *)regs.rip;
        CHECK_EQ(process_vm_readv(pid, &here, 1, &there, 1, 0), sizeof code);
        if (code[0] == 0xcc) /* int3: the second mark */
            return;
        if (locks(code) && s->locked++ == 0)
            s->first = regs.rip;
    }
}

static struct seen watch(void (*run)(void))
{
    struct seen s = {0, 0, 0};
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        run();
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
        SKIP("the child cannot be traced");
    step_through(pid, &s);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (s.locked > 0)
        printf("%lu of %lu instructions lock, the first is at 0x%lx\n", s.locked, s.steps, s.first);
    return s;
}

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async void yields(int times)
{
    for (int i = 0; i < times; i++)
        await bide_yield();
}

static async int work(void)
{
    int a = 0, b = 0;
    bide_task(int) h = bide_spawn(later(1));
    bide_spawn_low(yields(3));
    bide_spawn_local(yields(3));
    for (int i = 0; i < 5; i++)
        await yields(2);
    CHECK_EQ(await bide_task_join(h, &a), 0);
    await bide_join(a = later(1), b = later(2));
    int won = await bide_select(a = later(1), yields(10));
    return a + b + won;
}

static async void marked(void)
{
    await work(); /* what is made once, is made now */
    mark();
    await work();
    await yields(70); /* also past a look at the driver, which is after 61 polls. A step is slow. */
    mark();
}

static void on_current_thread(void)
{
    bide_block_on(marked());
}

static void on_core(void)
{
    bide_runtime *rt;
    const bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = 1};
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    bide_block_on(marked());
}

static void with_a_lock(void)
{
    static _Atomic int n;
    mark();
    n++;
    mark();
}

static void with_an_exchange(void)
{
    static _Atomic long n;
    mark();
    atomic_exchange(&n, 1);
    mark();
}

TEST(a_locked_instruction_is_seen)
{
    CHECK_EQ(watch(with_a_lock).locked, 1);
    CHECK_EQ(watch(with_an_exchange).locked, 1);
}

TEST_LIMIT(current_thread_polls_without_locks, 60)
{
    struct seen s = watch(on_current_thread);
    CHECK(s.steps > 10000);
    CHECK_EQ(s.locked, 0);
}

TEST_LIMIT(a_core_polls_without_locks, 60)
{
    struct seen s = watch(on_core);
    CHECK(s.steps > 10000);
    CHECK_EQ(s.locked, 0);
}

#else

TEST(polls_without_locks)
{
    SKIP("another machine, or ThreadSanitizer");
}

#endif

/*
 * fiber.c: threads of an execution are fibers on one thread of the system.
 *
 * They share the thread-local variables of the executable, so these are copied out and in at each
 * switch. Their addresses are the same in all threads; plain.c leaves them out.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_SIZE = 256 << 10, GUARD = 4096 };

static char *stacks, *locals;
static size_t locals_size, template_size;
static const char *template;
static unsigned used;

/* ---- the switch ---- */

#if defined(__x86_64__)

void fiber_switch(void **from, void *to);
__asm__(".text\n.type fiber_switch,@function\n.hidden fiber_switch\n.globl fiber_switch\n"
        "fiber_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n.size fiber_switch,.-fiber_switch\n");

static void *first_frame(char *top, void (*start)(void))
{
    void **sp = (void **)(void *)top;
    *--sp = NULL; /* where start would return to */
    *--sp = (void *)(uintptr_t)start;
    for (int i = 0; i < 6; i++)
        *--sp = NULL;
    return sp;
}

#elif defined(__aarch64__)

void fiber_switch(void **from, void *to);
__asm__(".text\n.type fiber_switch,%function\n.hidden fiber_switch\n.globl fiber_switch\n"
        "fiber_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n    stp x21, x22, [sp, #16]\n    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n    stp x27, x28, [sp, #64]\n    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n    stp d10, d11, [sp, #112]\n    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n    str x9, [x0]\n    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n    ldp x21, x22, [sp, #16]\n    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n    ldp x27, x28, [sp, #64]\n    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n    ldp d10, d11, [sp, #112]\n    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n    ret\n.size fiber_switch,.-fiber_switch\n");

static void *first_frame(char *top, void (*start)(void))
{
    void **sp = (void **)(void *)(top - 176);
    memset(sp, 0, 160);
    sp[11] = (void *)(uintptr_t)start;
    return sp;
}

#else
#error "the explorer has no switch between stacks for this machine"
#endif

static void *scheduler;

void fiber_enter(struct fiber *f)
{
    memcpy(locals, f->locals, locals_size);
    fiber_switch(&scheduler, f->sp);
    memcpy(f->locals, locals, locals_size);
}

void fiber_leave(struct fiber *f)
{
    fiber_switch(&f->sp, scheduler);
}

/* ---- stacks and thread-local variables ---- */

/* The first object is the executable. */
static int look_for_locals(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size, (void)argument;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_TLS || info->dlpi_tls_data == NULL)
            continue;
        locals = info->dlpi_tls_data;
        locals_size = h->p_memsz;
        template_size = h->p_filesz;
        template = (const char *)(info->dlpi_addr + h->p_vaddr);
    }
    return 1;
}

void fiber_setup(void)
{
    dl_iterate_phdr(look_for_locals, NULL);
    stacks = mmap(NULL, (size_t)THREADS * STACK_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED)
        abort();
    for (int i = 0; i < THREADS; i++)
        mprotect(stacks + (size_t)i * STACK_SIZE, GUARD, PROT_NONE);
}

void fiber_begin(void)
{
    used = 0;
}

void fiber_save(const struct fiber *f)
{
    snapshot_add(f->sp, (size_t)(f->stack + STACK_SIZE - (char *)f->sp));
    snapshot_add(f->locals, locals_size);
    snapshot_add(&used, sizeof(used));
}

void fiber_new(struct fiber *f, void (*start)(void))
{
    static char *kept[THREADS];
    unsigned i = used++;
    if (kept[i] == NULL)
        kept[i] = malloc(locals_size + 1);
    f->locals = kept[i];
    memset(f->locals, 0, locals_size);
    if (template_size > 0)
        memcpy(f->locals, template, template_size);
    f->stack = stacks + (size_t)i * STACK_SIZE;
    f->sp = first_frame(f->stack + STACK_SIZE, start);
}

bool fiber_is_local(uintptr_t address)
{
    return address - (uintptr_t)locals < locals_size;
}

bool fiber_overflowed(uintptr_t address)
{
    uintptr_t offset = address - (uintptr_t)stacks;
    return offset < (uintptr_t)THREADS * STACK_SIZE && offset % STACK_SIZE < GUARD;
}

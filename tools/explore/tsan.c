/*
 * tsan.c: the calls that compilers make for -fsanitize=thread, and those to memcpy and its kin.
 */
#include "inside.h"

#define HERE ((uintptr_t)__builtin_return_address(0))

/* The orders of the sanitizer's interface are those of the compilers. */
_Static_assert(__ATOMIC_RELAXED == 0 && __ATOMIC_CONSUME == 1 && __ATOMIC_ACQUIRE == 2 &&
                   __ATOMIC_RELEASE == 3 && __ATOMIC_ACQ_REL == 4 && __ATOMIC_SEQ_CST == 5,
               "memory orders");

EXPORT void __tsan_init(void);
EXPORT void __tsan_func_entry(void *caller);
EXPORT void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    struct thread *t = run.current;
    if (t != NULL && t->depth++ < CALLS)
        t->calls[t->depth - 1] = (uintptr_t)caller;
}

void __tsan_func_exit(void)
{
    struct thread *t = run.current;
    if (t != NULL && t->depth > 0)
        t->depth--;
}

/* ---- ordinary accesses ---- */

#define ACCESS(name, size, kind)                      \
    EXPORT void __tsan_##name(void *p);               \
    void __tsan_##name(void *p)                       \
    {                                                 \
        plain_access((uintptr_t)p, size, kind, HERE); \
    }

#define ACCESSES(size)                               \
    ACCESS(read##size, size, PLAIN_READ)             \
    ACCESS(write##size, size, PLAIN_WRITE)           \
    ACCESS(unaligned_read##size, size, PLAIN_READ)   \
    ACCESS(unaligned_write##size, size, PLAIN_WRITE) \
    ACCESS(volatile_read##size, size, PLAIN_READ)    \
    ACCESS(volatile_write##size, size, PLAIN_WRITE)  \
    ACCESS(read_write##size, size, PLAIN_WRITE)      \
    ACCESS(unaligned_read_write##size, size, PLAIN_WRITE)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

EXPORT void __tsan_read_range(void *p, size_t size);
EXPORT void __tsan_write_range(void *p, size_t size);

void __tsan_read_range(void *p, size_t size)
{
    plain_access((uintptr_t)p, size, PLAIN_READ, HERE);
}

void __tsan_write_range(void *p, size_t size)
{
    plain_access((uintptr_t)p, size, PLAIN_WRITE, HERE);
}

EXPORT void *__wrap_memcpy(void *to, const void *from, size_t size);
EXPORT void *__wrap_memmove(void *to, const void *from, size_t size);
EXPORT void *__wrap_memset(void *to, int value, size_t size);

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
    plain_access((uintptr_t)from, size, PLAIN_READ, HERE);
    plain_access((uintptr_t)to, size, PLAIN_WRITE, HERE);
    return memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
    plain_access((uintptr_t)from, size, PLAIN_READ, HERE);
    plain_access((uintptr_t)to, size, PLAIN_WRITE, HERE);
    return memmove(to, from, size);
}

void *__wrap_memset(void *to, int value, size_t size)
{
    plain_access((uintptr_t)to, size, PLAIN_WRITE, HERE);
    return memset(to, value, size);
}

/* ---- atomics; before and after the executions they are what they are for one thread ---- */

static bool outside(void)
{
    return run.current == NULL;
}

#define CHANGE(bits, name, op, now)                                                             \
    EXPORT uint##bits##_t __tsan_atomic##bits##_##name(uint##bits##_t *p, uint##bits##_t v,     \
                                                       int order);                              \
    uint##bits##_t __tsan_atomic##bits##_##name(uint##bits##_t *p, uint##bits##_t v, int order) \
    {                                                                                           \
        if (outside()) {                                                                        \
            uint##bits##_t old = *p;                                                            \
            *p = (uint##bits##_t)(now);                                                         \
            return old;                                                                         \
        }                                                                                       \
        return (uint##bits##_t)memory_change(op, (uintptr_t)p, bits / 8, v, order, HERE);       \
    }

#define COMPARE(bits, name, weak_)                                                                 \
    EXPORT int __tsan_atomic##bits##_compare_exchange_##name(                                      \
        uint##bits##_t *p, uint##bits##_t *expected, uint##bits##_t v, int order, int failure);    \
    int __tsan_atomic##bits##_compare_exchange_##name(uint##bits##_t *p, uint##bits##_t *expected, \
                                                      uint##bits##_t v, int order, int failure)    \
    {                                                                                              \
        bool done = *p == *expected;                                                               \
        if (outside() && done)                                                                     \
            *p = v;                                                                                \
        else if (outside())                                                                        \
            *expected = *p;                                                                        \
        else                                                                                       \
            *expected = (uint##bits##_t)memory_compare((uintptr_t)p, bits / 8, *expected, v,       \
                                                       order, failure, weak_, &done, HERE);        \
        return done;                                                                               \
    }

#define ATOMIC(bits)                                                                              \
    EXPORT uint##bits##_t __tsan_atomic##bits##_load(uint##bits##_t *p, int order);               \
    EXPORT void __tsan_atomic##bits##_store(uint##bits##_t *p, uint##bits##_t v, int order);      \
    EXPORT uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                             \
        uint##bits##_t *p, uint##bits##_t expected, uint##bits##_t v, int order, int failure);    \
    uint##bits##_t __tsan_atomic##bits##_load(uint##bits##_t *p, int order)                       \
    {                                                                                             \
        return outside() ? *p : (uint##bits##_t)memory_load((uintptr_t)p, bits / 8, order, HERE); \
    }                                                                                             \
    void __tsan_atomic##bits##_store(uint##bits##_t *p, uint##bits##_t v, int order)              \
    {                                                                                             \
        if (outside())                                                                            \
            *p = v;                                                                               \
        else                                                                                      \
            memory_store((uintptr_t)p, bits / 8, v, order, HERE);                                 \
    }                                                                                             \
    CHANGE(bits, exchange, OP_EXCHANGE, v)                                                        \
    CHANGE(bits, fetch_add, OP_ADD, *p + v)                                                       \
    CHANGE(bits, fetch_sub, OP_SUB, *p - v)                                                       \
    CHANGE(bits, fetch_and, OP_AND, *p &v)                                                        \
    CHANGE(bits, fetch_or, OP_OR, *p | v)                                                         \
    CHANGE(bits, fetch_xor, OP_XOR, *p ^ v)                                                       \
    CHANGE(bits, fetch_nand, OP_NAND, ~(*p & v))                                                  \
    COMPARE(bits, strong, false)                                                                  \
    COMPARE(bits, weak, true)                                                                     \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                    \
        uint##bits##_t *p, uint##bits##_t expected, uint##bits##_t v, int order, int failure)     \
    {                                                                                             \
        bool done = *p == expected;                                                               \
        uint##bits##_t old = *p;                                                                  \
        if (!outside())                                                                           \
            return (uint##bits##_t)memory_compare((uintptr_t)p, bits / 8, expected, v, order,     \
                                                  failure, false, &done, HERE);                   \
        if (done)                                                                                 \
            *p = v;                                                                               \
        return old;                                                                               \
    }

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

EXPORT void __tsan_atomic_thread_fence(int order);
EXPORT void __tsan_atomic_signal_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
    if (!outside())
        memory_fence(order, HERE);
}

void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/*
 * Calls in async functions that make the thread wait, and with it every task on it.
 *
 * A table has the library's calls, with what to write instead. Functions marked bide_may_block are
 * reported as well. No warning is given where the arguments show that a call does not wait (a
 * timeout of 0, WNOHANG, LOCK_UN...), or where they do not show that it waits. Whether read,
 * connect, accept and the like wait depends on the file: standard input is known to block, and so
 * is a socket that this function itself made without SOCK_NONBLOCK and gave to no fcntl or ioctl.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

/* When a call blocks. */
enum when {
    ALWAYS,
    NOT_ZERO,        /* unless argument `arg` is the constant 0 */
    NOT_ZERO_SURELY, /* if argument `arg` is a constant other than 0 */
    WITHOUT_FLAG,    /* it is a constant without the bits of `value` */
    WITH_FLAG,       /* it is a constant with one of the bits, and without those of `except` */
    EQUALS,          /* it is the constant `value` */
    NULL_ONLY,       /* it is a null pointer */
    NOT_NULL,        /* it is not a null pointer */
    STDIN,           /* it is stdin */
    FILE_KNOWN,      /* it is a file descriptor that blocks, see above */
    LOOKUP,          /* getaddrinfo: if it asks a server for the name */
};

static const struct {
    const char *name;
    const char *instead;
    enum when when;
    int arg;
    int64_t value, except;
} table[] = {
    {"sleep", "await bide_sleep(BIDE_S(n))", NOT_ZERO, 0, 0, 0},
    {"usleep", "await bide_sleep(BIDE_US(n))", NOT_ZERO, 0, 0, 0},
    {"nanosleep", "await bide_sleep(BIDE_NS(n))", ALWAYS, 0, 0, 0},
    {"clock_nanosleep", "await bide_sleep_until(deadline)", ALWAYS, 0, 0, 0},
    {"thrd_sleep", "await bide_sleep(BIDE_NS(n))", ALWAYS, 0, 0, 0},
    {"pause", "await bide_signal_wait(signo)", ALWAYS, 0, 0, 0},
    {"sigwait", "await bide_signal_wait(signo)", ALWAYS, 0, 0, 0},
    {"sigwaitinfo", "await bide_signal_wait(signo)", ALWAYS, 0, 0, 0},
    {"sigsuspend", "await bide_signal_wait(signo)", ALWAYS, 0, 0, 0},
    {"getaddrinfo", "await bide_resolve(host, port, NULL, &list)", LOOKUP, 0, 0, 0},
    {"getnameinfo", "await bide_blocking(getnameinfo(...))", WITHOUT_FLAG, 6, 1, 0},
    {"gethostbyname", "await bide_resolve(host, port, NULL, &list)", ALWAYS, 0, 0, 0},
    {"gethostbyname_r", "await bide_resolve(host, port, NULL, &list)", ALWAYS, 0, 0, 0},
    {"gethostbyaddr", "await bide_blocking(getnameinfo(...))", ALWAYS, 0, 0, 0},
    {"system", "await bide_blocking(system(...))", NOT_NULL, 0, 0, 0},
    {"pclose", "await bide_blocking(pclose(...))", ALWAYS, 0, 0, 0},
    {"wait", "await bide_blocking(wait(...))", ALWAYS, 0, 0, 0},
    {"waitpid", "await bide_blocking(waitpid(...))", WITHOUT_FLAG, 2, 1, 0},
    {"waitid", "await bide_blocking(waitid(...))", WITHOUT_FLAG, 3, 1, 0},
    {"poll", "await bide_blocking(poll(...))", NOT_ZERO_SURELY, 2, 0, 0},
    {"epoll_wait", "await bide_blocking(epoll_wait(...))", NOT_ZERO_SURELY, 3, 0, 0},
    {"select", "await bide_blocking(select(...))", NULL_ONLY, 4, 0, 0},
    {"flock", "await bide_blocking(flock(...))", WITH_FLAG, 1, 3, 4},
    {"lockf", "await bide_blocking(lockf(...))", EQUALS, 1, 1, 0},
    {"fcntl", "await bide_blocking(fcntl(...))", EQUALS, 1, 7, 0},
    {"pthread_join", "await bide_blocking(pthread_join(...))", ALWAYS, 0, 0, 0},
    {"thrd_join", "await bide_blocking(thrd_join(...))", ALWAYS, 0, 0, 0},
    {"pthread_cond_wait", "await bide_condition_wait(&condition, &mutex)", ALWAYS, 0, 0, 0},
    {"pthread_cond_timedwait", "await bide_timeout(d, bide_condition_wait(&condition, &mutex))",
     ALWAYS, 0, 0, 0},
    {"pthread_barrier_wait", "await bide_barrier_wait(&barrier)", ALWAYS, 0, 0, 0},
    {"cnd_wait", "await bide_condition_wait(&condition, &mutex)", ALWAYS, 0, 0, 0},
    {"sem_wait", "await bide_semaphore_acquire(&semaphore, 1)", ALWAYS, 0, 0, 0},
    {"sem_timedwait", "await bide_timeout(d, bide_semaphore_acquire(&semaphore, 1))", ALWAYS, 0, 0,
     0},
    {"getchar", "await bide_blocking(getchar())", ALWAYS, 0, 0, 0},
    {"scanf", "await bide_blocking(scanf(...))", ALWAYS, 0, 0, 0},
    {"fgets", "await bide_blocking(fgets(...))", STDIN, 2, 0, 0},
    {"fgetc", "await bide_blocking(fgetc(stdin))", STDIN, 0, 0, 0},
    {"getc", "await bide_blocking(getc(stdin))", STDIN, 0, 0, 0},
    {"getline", "await bide_blocking(getline(...))", STDIN, 2, 0, 0},
    {"getdelim", "await bide_blocking(getdelim(...))", STDIN, 3, 0, 0},
    {"fread", "await bide_blocking(fread(...))", STDIN, 3, 0, 0},
    {"fscanf", "await bide_blocking(fscanf(...))", STDIN, 0, 0, 0},
    {"read", "await bide_stream_read(stream, buffer, size)", FILE_KNOWN, 0, 0, 0},
    {"recv", "await bide_stream_read(stream, buffer, size)", FILE_KNOWN, 0, 0, 0},
    {"connect", "await bide_tcp_connect(host, port, &stream)", FILE_KNOWN, 0, 0, 0},
    {"accept", "await bide_tcp_accept(listener, &stream)", FILE_KNOWN, 0, 0, 0},
    {"accept4", "await bide_tcp_accept(listener, &stream)", FILE_KNOWN, 0, 0, 0},
    {"curl_easy_perform", "await bide_blocking(curl_easy_perform(...))", ALWAYS, 0, 0, 0},
};

/* ---- file descriptors ---- */

/* True if all values of the variable are results of socket() with a type that blocks, and no call
 * may have changed that. */
static bool is_blocking_socket(const struct flow *f, const struct symbol *s)
{
    enum { SOCKET_NONBLOCK = 04000 }; /* SOCK_NONBLOCK */
    bool made = false;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        if (e->kind == EV_DEF && e->symbol == s) {
            struct expr *call = e->value ? value_call(e->value) : NULL;
            const char *name = call ? call_name(call) : NULL;
            if (!name || strcmp(name, "socket") || call->arg_count != 3 ||
                !call->arg[1]->is_constant || call->arg[1]->value & SOCKET_NONBLOCK)
                return false;
            made = true;
        } else if (e->kind == EV_CALL || e->kind == EV_PASS) {
            const char *name = call_name(e->expr);
            const struct symbol *callee = called_symbol(e->expr);
            const struct known *k = callee ? known_function(f->unit, callee) : NULL;
            bool harmless = k && k->what & FN_OWNS_NOTHING && name && strcmp(name, "fcntl");
            for (int a = 0; a < e->expr->arg_count && !harmless; a++)
                if (value_variable(e->expr->arg[a]) == s && name && strcmp(name, "close"))
                    return false;
        }
    }
    return made && !s->address_taken && !s->captured;
}

static bool blocks_as_file(const struct flow *f, struct expr *e)
{
    struct symbol *s = value_variable(e);
    if (e->is_constant)
        return e->value == 0;
    return s && flow_has(f, s) && is_blocking_socket(f, s);
}

/* True for a recv(fd, buffer, size, flags) with MSG_DONTWAIT or with unknown flags. */
static bool dont_wait(const struct expr *call)
{
    enum { DONT_WAIT = 0x40 };
    const struct expr *flags = call->arg_count == 4 ? call->arg[3] : NULL;
    return flags && strcmp(call_name(call), "recv") == 0 &&
           !(flags->is_constant && !(flags->value & DONT_WAIT));
}

static bool is_stdin(struct expr *e)
{
    e = skip_parens(e);
    return e->kind == EX_IDENT && e->name && strcmp(e->name, "stdin") == 0;
}

/* ---- calls ---- */

/* Does getaddrinfo ask a server? Not without a name; and perhaps not if the function sets ai_flags,
 * since AI_NUMERICHOST is one of them. */
static bool is_lookup(const struct flow *f, const struct expr *call)
{
    return call->arg_count == 4 && !is_null_constant(call->arg[0]) &&
           !tokens_mention(f->unit, f->fn->first, f->fn->last, "ai_flags");
}

static bool blocks(const struct flow *f, const struct expr *call, size_t row)
{
    int n = table[row].arg;
    if (n >= call->arg_count)
        return table[row].when == ALWAYS;
    struct expr *arg = call->arg[n];
    switch (table[row].when) {
    case ALWAYS: return true;
    case NOT_ZERO: return !(arg->is_constant && arg->value == 0);
    case NOT_ZERO_SURELY: return arg->is_constant && arg->value != 0;
    case WITHOUT_FLAG: return arg->is_constant && !(arg->value & table[row].value);
    case WITH_FLAG:
        return arg->is_constant && arg->value & table[row].value &&
               !(arg->value & table[row].except);
    case EQUALS: return arg->is_constant && arg->value == table[row].value;
    case NULL_ONLY: return is_null_constant(arg);
    case NOT_NULL: return !is_null_constant(arg);
    case STDIN: return is_stdin(arg);
    case FILE_KNOWN: return blocks_as_file(f, arg) && !dont_wait(call);
    case LOOKUP: return is_lookup(f, call);
    }
    return false;
}

static void check_call(struct flow *f, const struct expr *call)
{
    struct unit *u = f->unit;
    const struct symbol *s = called_symbol(call);
    if (!s)
        return;
    if (symbol_mark(u, s, "bide_may_block")) {
        diag_range(u, SEV_WARNING, call->first, call->last, "bide-blocking-call",
                   "'%s' may block the thread and every task on it; use 'await "
                   "bide_blocking(%s(...))'",
                   s->name, s->name);
        diag(u, SEV_NOTE, s->token, "'%s' is declared bide_may_block here", s->name);
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, s->name) || !u->token[s->token].in_system_header ||
            !blocks(f, call, i))
            continue;
        diag_range(u, SEV_WARNING, call->first, call->last, "bide-blocking-call",
                   "'%s' blocks the thread and every task on it; use '%s'", s->name,
                   table[i].instead);
    }
}

void warn_blocking(struct flow *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->event[i].kind == EV_CALL)
            check_call(f, f->event[i].expr);
}

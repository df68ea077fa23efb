/*
 * report.c: where an address is in the source, and the steps of an execution that has failed.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <link.h>
#include <stdarg.h>
#include <unistd.h>

bool tracing, tracing_quietly;

/* ---- file and line, by addr2line ---- */

static struct known {
    struct known *next;
    uintptr_t pc;
    char text[240];
} * known;

static uintptr_t program_base(void)
{
    static uintptr_t base;
    static bool done;
    if (!done) {
        struct link_map *map = _r_debug.r_map; /* the first one is the executable */
        base = map != NULL ? map->l_addr : 0;
        done = true;
    }
    return base;
}

/* The innermost function and its line, and what it was inlined into. */
static void look_up(struct known *k)
{
    char command[512], line[400], path[400];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    snprintf(k->text, sizeof(k->text), "%#lx", (unsigned long)k->pc);
    if (length <= 0)
        return;
    path[length] = '\0';
    snprintf(command, sizeof(command), "addr2line -sfie '%s' %#lx 2>/dev/null", path,
             (unsigned long)(k->pc - 1 - program_base()));
    FILE *f = popen(command, "r");
    if (f == NULL)
        return;
    size_t used = 0;
    char name[200];
    for (int i = 0; i < 3 && fgets(name, sizeof(name), f) != NULL; i++) {
        if (fgets(line, sizeof(line), f) == NULL)
            break;
        name[strcspn(name, "\n")] = '\0';
        line[strcspn(line, " \n")] = '\0';
        int n = snprintf(k->text + used, sizeof(k->text) - used, "%s%s (%s)",
                         used > 0 ? " in " : "", line, name);
        used += n > 0 ? (size_t)n : 0;
        if (used >= sizeof(k->text))
            break;
    }
    pclose(f);
}

const char *place(uintptr_t pc)
{
    for (struct known *k = known; k != NULL; k = k->next)
        if (k->pc == pc)
            return k->text;
    if (!tracing)
        return "?"; /* the execution is repeated for the report */
    struct known *k = calloc(1, sizeof(*k));
    k->pc = pc;
    look_up(k);
    k->next = known;
    known = k;
    return k->text;
}

/* ---- variables of the program, by nm ---- */

static struct variable {
    struct variable *next;
    uintptr_t address;
    size_t size;
    char name[64];
} * variables;

static void read_variables(void)
{
    static bool done;
    char command[512], line[400], path[400], type;
    unsigned long address, size;
    struct variable v;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (done || length <= 0)
        return;
    done = true;
    path[length] = '\0';
    snprintf(command, sizeof(command), "nm -S '%s' 2>/dev/null", path);
    FILE *f = popen(command, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%lx %lx %c %63s", &address, &size, &type, v.name) != 4 ||
            strchr("bBdD", type) == NULL)
            continue;
        v.next = variables;
        v.address = address + program_base();
        v.size = size;
        variables = malloc(sizeof(v));
        *variables = v;
    }
    if (f != NULL)
        pclose(f);
}

const char *name_of(uintptr_t address)
{
    static char texts[4][96];
    static unsigned next;
    char *text = texts[next++ % 4];
    const char *block = heap_name(address);
    if (block != NULL) {
        snprintf(text, 96, "%s", block);
        return text;
    }
    snprintf(text, 96, "%#lx", (unsigned long)address);
    if (!tracing)
        return text;
    read_variables();
    for (const struct variable *v = variables; v != NULL; v = v->next)
        if (address - v->address < v->size)
            snprintf(text, 96, address > v->address ? "%s+%zu" : "%s", v->name,
                     (size_t)(address - v->address));
    return text;
}

const char *order_name(int order)
{
    static const char *const names[] = {"relaxed", "consume", "acquire",
                                        "release", "acq_rel", "seq_cst"};
    return order >= 0 && order < 6 ? names[order] : "?";
}

void trace(uintptr_t pc, const char *format, ...)
{
    va_list list;
    const struct thread *t = run.current;
    if (!tracing || tracing_quietly || t == NULL || run.blurred)
        return;
    char text[400];
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fprintf(stderr, "%*s%d  %s", 2 * thread_id(t), "", thread_id(t), text);
    if (pc != 0) {
        fprintf(stderr, "  at %s", place(pc));
        for (unsigned i = t->depth, n = 0; i-- > 1 && n < 2; n++)
            if (i < CALLS)
                fprintf(stderr, " < %s", place(t->calls[i]));
    }
    fputc('\n', stderr);
}

/*
 * Linked to the programs of compiler/run, with --wrap=bide__main. With BIDE_TEST_FLAVOUR in the
 * environment the program runs on a multi_thread runtime: its async main, or, if its main is a
 * plain one (BIDE_TEST_FLAVOUR=entered), what that blocks on.
 */
#include <bide/abi.h>
#include <bide/runtime.h>

#include <stdlib.h>
#include <string.h>

int __real_bide__main(const struct bide_fn *fn, const void *args);
int __wrap_bide__main(const struct bide_fn *fn, const void *args);

int __wrap_bide__main(const struct bide_fn *fn, const void *args)
{
    if (getenv("BIDE_TEST_FLAVOUR") != NULL)
        return bide__main_on(BIDE__MAIN_MULTI_THREAD, fn, args);
    return __real_bide__main(fn, args);
}

static void end(void)
{
    struct bide_runtime *rt = bide_runtime_enter(NULL);
    if (bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) < 0 || bide_runtime_free(rt) < 0)
        _Exit(99);
}

static void __attribute__((constructor)) begin(void)
{
    struct bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD};
    const char *flavour = getenv("BIDE_TEST_FLAVOUR");
    struct bide_runtime *rt;

    if (flavour == NULL || strcmp(flavour, "entered") != 0)
        return;
    if (bide_runtime_new(&options, &rt) < 0 || atexit(end) != 0)
        _Exit(98);
    bide_runtime_enter(rt);
}

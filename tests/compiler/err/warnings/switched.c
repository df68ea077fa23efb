/* flags: -Werror=bide-blocking-call -Wno-bide-errno-after-await -Wbide-blocking */
#include <bide/bide.h>
#include <errno.h>
#include <unistd.h>

#ifdef __clang__
#define QUIETLY(call)
#else
#define QUIETLY(call)                                                                         \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wbide-blocking-call\"") \
        call _Pragma("GCC diagnostic pop")
#endif

async int f(void)
{
    sleep(1);
    QUIETLY(sleep(2);)
#pragma GCC diagnostic push
#pragma GCC diagnostic warning "-Wbide-blocking-call"
    sleep(3);
#pragma clang diagnostic ignored "-Wbide-blocking-call"
    sleep(4);
#pragma GCC diagnostic pop
    sleep(5);
#pragma GCC diagnostic error "-Wbide-errno-after-await"
    await bide_yield();
    return errno;
}

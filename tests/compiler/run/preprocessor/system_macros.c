/* flags: -pedantic -Wno-gnu-statement-expression -Wno-gnu-zero-variadic-macro-arguments */
/* Macros of system headers in async functions: their own text does not warn, since it is from a
 * system header; the user's arguments do. */
#include "../step.h"
#include <stddef.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <tgmath.h>
#include <pthread.h>
#include <sys/queue.h>
#include <stdatomic.h>
#include <limits.h>
#include <string.h>

struct item {
    int n;
    TAILQ_ENTRY(item) link;
};
TAILQ_HEAD(items, item);

static async int macros(int n)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(await step(n), &set);
    int status = 0x300;
    struct msghdr m = {0};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    struct items list = TAILQ_HEAD_INITIALIZER(list);
    struct item one = {.n = 1}, two = {.n = await step(2)}, *it;
    TAILQ_INSERT_TAIL(&list, &one, link);
    TAILQ_INSERT_HEAD(&list, &two, link);
    int sum = 0;
    TAILQ_FOREACH(it, &list, link) sum = sum * 10 + await step(it->n);
    assert(await step(1) == 1);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    sum += WEXITSTATUS(status) + WIFEXITED(await step(status)) + !!FD_ISSET(n, &set) +
           !!isdigit(await step('3'));
    sum += ntohs(htons((uint16_t)await step(5))) + (int)offsetof(struct item, link) + (c == NULL);
    sum += (int)fabs((float)-await step(3)) + S_ISDIR(S_IFDIR);
    struct sigaction sa = {.sa_handler = SIG_IGN};
    sum += (sa.sa_handler == SIG_IGN) + (isnan(NAN) != 0) +
           (signbit(-1.0f * (float)await step(1)) != 0);
    uint64_t big = UINT64_C(1) << await step(40);
    printf("%" PRIu64 " %d\n", big, (int)strlen(strchr("abc", await step('b'))));
    errno = await step(3);
    int e = errno;
    return sum + e + INT_MAX % 10;
}
async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await macros(4));
    return 0;
}

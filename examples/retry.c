/*
 * retry: how to make a call work that fails now and then. Each attempt has a timeout, the pause
 * between attempts doubles, and both the attempts and the time are limited.
 *
 * The pause is a random one from its upper half ("jitter"): so a thousand clients that a server
 * dropped at the same moment do not all come back at the same moment.
 *
 *     bide run examples/retry.c
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands for a server: the kinds of its answers. */
enum answer { GOOD, REFUSED, SILENT };

static async int ask(enum answer answer)
{
    if (answer == SILENT)
        await bide_sleep(BIDE_S(3600));
    await bide_sleep(BIDE_MS(20));
    return answer == GOOD ? 42 : -ECONNREFUSED;
}

struct retry {
    int attempts_max;
    int timeout_ms; /* of one attempt */
    int pause_ms;   /* the most before the second attempt; it doubles before each further one */
};

/* Between half of `pause_ms` and all of it. */
static int with_jitter(int pause_ms)
{
    return pause_ms / 2 + rand() % (pause_ms / 2 + 1);
}

/* Returns the value, or the error of the last attempt. */
static async int ask_again_and_again(const enum answer *answers, struct retry retry)
{
    for (int attempt = 1, pause_ms = retry.pause_ms;; attempt++, pause_ms *= 2) {
        int value = 0;
        int n = await bide_timeout(BIDE_MS(retry.timeout_ms), value = ask(answers[attempt - 1]));
        if (n == 0)
            n = value;
        printf("  attempt %d: %s\n", attempt, n < 0 ? strerror(-n) : "answered");
        if (n >= 0 || attempt == retry.attempts_max)
            return n;

        int jittered_ms = with_jitter(pause_ms);
        printf("  pause of %d ms, %d at most\n", jittered_ms, pause_ms);
        await bide_sleep(BIDE_MS(jittered_ms));
    }
}

async int main(void)
{
    static const enum answer flaky[] = {REFUSED, SILENT, REFUSED, GOOD};
    static const enum answer dead[] = {REFUSED, REFUSED, REFUSED, REFUSED};
    static const enum answer slow[] = {SILENT, SILENT, SILENT, SILENT, SILENT, SILENT};
    struct retry retry = {.attempts_max = 4, .timeout_ms = 200, .pause_ms = 100};
    int value = 0;

    srand((unsigned)bide_now().ns);

    printf("a flaky server\n");
    value = await ask_again_and_again(flaky, retry);
    printf("  the answer is %d\n", value);

    printf("a dead server, %d attempts\n", retry.attempts_max);
    value = await ask_again_and_again(dead, retry);
    printf("  given up: %s\n", strerror(-value));

    /* A limit for the whole is one more timeout; it may end an attempt or a pause. */
    printf("a silent server, for 1 s\n");
    retry.attempts_max = 6;
    int n = await bide_timeout(BIDE_S(1), value = ask_again_and_again(slow, retry));
    printf("  given up: %s\n", strerror(n < 0 ? -n : -value));
    return 0;
}

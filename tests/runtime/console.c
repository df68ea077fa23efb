/*
 * The console of a program (runtime/console/, runtime/trace/census.c): what it tells of tasks on
 * each flavour, while they run and while they are woken; what it counts; and what it does with bad
 * paths, bad questions, and without memory.
 */
#define _GNU_SOURCE
#define CONSOLE_SOCKET "console.socket"
#include "console_client.h"

#include "runtime/leaf.h"

#include <bide/testing.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- what is told of tasks that wait ---- */

static bide_mutex lock = BIDE_MUTEX_INIT;
static bide_notify go_on;
static atomic_bool is_held;
static int ends[2];

static async void holds(void)
{
    CHECK_EQ(bide_task_name_set("the \"holder\""), 0);
    bide_locked(&lock) {
        is_held = true;
        await bide_notify_wait(&go_on);
    }
}

static async void wants(void)
{
    bide_locked(&lock) {}
}

static async void reads(void)
{
    char c;
    CHECK_EQ(await bide_fd_readable(ends[0]), 0);
    CHECK_EQ(read(ends[0], &c, 1), 1);
}

static async int races(void)
{
    return await bide_select((void)bide_sleep(BIDE_S(100)), bide_notify_wait(&go_on));
}

static async int begins_later(void)
{
    return await bide_notify_wait(&go_on);
}

static bide_task(int) racer;

static async void waits_for(bide_task(int) * task)
{
    CHECK_EQ(await bide_task_wait(*task), 0);
}

/* Asks until all of them have come to where they wait. */
static char *ask_until_all_wait(void)
{
    static const char *const functions[] = {"holds", "wants", "reads", "races", "waits_for"};
    for (;;) {
        char *text = ask_once(path);
        size_t n = 0;
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
            n += strstr(task_of(text, functions[i]), "\"state\":\"waits\"") != NULL;
        if (n == sizeof functions / sizeof *functions)
            return text;
        free(text);
    }
}

static async int tells(void)
{
    CHECK_EQ(pipe(ends), 0);
    bide_task(void) holder = bide_spawn(holds());
    while (!is_held)
        await bide_yield();
    bide_task(void) other = bide_spawn(wants());
    bide_task(void) reader = bide_spawn(reads());
    racer = bide_spawn(races());
    bide_task(void) joiner = bide_spawn(waits_for(&racer));
    bide_future(int) left = bide_lazy(begins_later());
    char *text = await bide_blocking(ask_until_all_wait());
    CHECK(has(text, "{\"version\":1,\"pid\":"));
    CHECK(has(text, "\"program\":\"console\""));
    CHECK(has(text, "\"answers\":true"));
    CHECK(!strstr(text, "\"answers\":false"));
    const char *holder_is = task_of(text, "holds");
    CHECK(has(holder_is, "\"name\":\"the \\u0022holder\\u0022"));
    CHECK(has(holder_is, "\"state\":\"waits\""));
    CHECK(has(holder_is, "\"text\":\"bide_notify_wait\""));
    CHECK(has(holder_is, "console.c\",\"line\":"));
    CHECK(has(holder_is, "\"age_ns\":"));
    char owner[80];
    snprintf(owner, sizeof owner, "\"task\":\"%llx\"", (unsigned long long)(uintptr_t)holder);
    const char *other_is = task_of(text, "wants");
    CHECK(has(other_is, "\"for\":{\"what\":\"mutex\",\"object\":\""));
    CHECK(has(other_is, owner));
    CHECK(has(other_is, "\"granted\":false}"));
    CHECK(has(task_of(text, "reads"), "\"on\":\"for descriptor "));
    CHECK(has(task_of(text, "races"), "\"text\":\"branch 1:\""));
    snprintf(owner, sizeof owner, "\"for\":{\"what\":\"task\",\"object\":\"%llx\"",
             (unsigned long long)(uintptr_t)racer);
    CHECK(has(task_of(text, "waits_for"), "bide_task_wait"));
    CHECK(has(task_of(text, "waits_for"), owner));
    CHECK(has(text, "\"kind\":\"future\",\"state\":\"begins\""));
    free(text);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    bide_notify_all(&go_on);
    await bide_task_wait(holder);
    await bide_task_wait(other);
    await bide_task_wait(reader);
    await bide_task_wait(joiner);
    bide_notify_one(&go_on);
    CHECK_EQ(await bide_get(left), 0);
    bide_task_detach(holder);
    bide_task_detach(other);
    bide_task_detach(reader);
    bide_task_detach(joiner);
    bide_task_detach(racer);
    return 0;
}

ON(it_tells_where_tasks_wait, 30, BIDE_CURRENT_THREAD, 1, tells)

ON(it_tells_where_tasks_of_several_workers_wait, 30, BIDE_MULTI_THREAD, 3, tells)

ON(it_tells_where_tasks_of_cores_wait, 30, BIDE_THREAD_PER_CORE, 2, tells)

/* ---- many tasks, some of which are woken all the time ---- */

enum { MANY = 5000, RINGS = 20, LAPS = 500 };

static async void waits(void)
{
    await bide_notify_wait(&go_on);
}

static async void passes_on(bide_receiver(int) from, bide_sender(int) to, atomic_int *sum)
{
    int item = 0;
    for (int i = 0; i < LAPS; i++) {
        CHECK_EQ(await bide_recv(from, &item), 1);
        atomic_fetch_add(sum, 1);
        item++;
        if (i + 1 < LAPS || item < 2 * LAPS)
            CHECK_EQ(await bide_send(to, &item), 0);
    }
}

static async void ring(atomic_int *sum)
{
    bide_sender(int) there, back;
    bide_receiver(int) here, away;
    CHECK_EQ(bide_channel_new(1, &there, &away), 0);
    CHECK_EQ(bide_channel_new(1, &back, &here), 0);
    int first = 0;
    CHECK_EQ(await bide_send(there, &first), 0);
    await bide_join((void)passes_on(here, there, sum), (void)passes_on(away, back, sum));
    bide_sender_drop(there);
    bide_sender_drop(back);
    bide_receiver_drop(here);
    bide_receiver_drop(away);
}

static void *asks_all_the_time(void *argument)
{
    int fd = attach(argument);
    CHECK(fd >= 0);
    while (!stops) {
        char *text = ask_whole(fd);
        CHECK(count_of(text, "\"function\":\"waits\"") <= MANY);
        free(text);
        answers++;
    }
    char *text = ask(fd);
    CHECK_EQ(count_of(text, "\"function\":\"waits\""), MANY);
    free(text);
    close(fd);
    return NULL;
}

static async int has_many(void)
{
    atomic_int sum = 0;
    pthread_t thread;
    bide_scope(s) {
        for (int i = 0; i < MANY; i++)
            bide_scope_spawn(s, waits());
        CHECK_EQ(pthread_create(&thread, NULL, asks_all_the_time, (void *)(uintptr_t)path), 0);
        while (answers < 2)
            await bide_sleep(BIDE_MS(1));
        int before = answers;
        bide_scope(r) {
            for (int i = 0; i < RINGS; i++)
                bide_scope_spawn(r, ring(&sum));
        }
        CHECK_EQ(sum, 2 * RINGS * LAPS);
        while (answers < before + 3)
            await bide_sleep(BIDE_MS(1));
        stops = true;
        await bide_blocking(join(thread));
        bide_notify_all(&go_on);
    }
    return 0;
}

ON(no_task_is_missed_and_no_wake_is_lost, 120, BIDE_MULTI_THREAD, 3, has_many)

ON(no_task_of_one_thread_is_missed, 120, BIDE_CURRENT_THREAD, 1, has_many)

/* ---- tasks that are cancelled, and runtimes that end, while it asks ---- */

enum { CANCELLED = 50, TIMES = 100 };
static atomic_int begun, cleaned;

static async void cleans(void)
{
    defer {
        cleaned++;
    }
    begun++;
    await bide_notify_wait(&go_on);
}

static async int cancels(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, only_asks, (void *)(uintptr_t)path), 0);
    for (int i = 1; i <= TIMES || answers < 5; i++) {
        begun = cleaned = 0;
        bide_scope(s) {
            for (int k = 0; k < CANCELLED; k++)
                bide_scope_spawn(s, cleans());
            while (begun < CANCELLED)
                await bide_yield();
            bide_scope_cancel(s);
        }
        CHECK_EQ(cleaned, CANCELLED);
    }
    stops = true;
    await bide_blocking(join(thread));
    return 0;
}

ON(tasks_are_cancelled_while_it_asks, 60, BIDE_CURRENT_THREAD, 1, cancels)
ON(tasks_of_several_workers_are_cancelled_while_it_asks, 60, BIDE_MULTI_THREAD, 3, cancels)

/* So many that a walk over them is mostly in the middle when the runtime ends. */
static async int leaves_tasks(void)
{
    for (int k = 0; k < 1000; k++)
        bide_task_detach(bide_spawn(waits()));
    await bide_yield();
    return 0;
}

TEST_LIMIT(runtimes_come_and_go_while_it_asks, 120)
{
    static const bide_flavour flavours[] = {BIDE_CURRENT_THREAD, BIDE_MULTI_THREAD,
                                            BIDE_THREAD_PER_CORE};
    pthread_t thread;
    CHECK_EQ(bide_console_begin(path), 0);
    CHECK_EQ(pthread_create(&thread, NULL, only_asks, (void *)(uintptr_t)path), 0);
    for (unsigned i = 0; i < 60 || answers < 5; i++) {
        bide_runtime *rt;
        bide_runtime_options o = {.flavour = flavours[i % 3], .workers = i % 3 == 0 ? 1 : 2};
        CHECK_EQ(bide_runtime_new(&o, &rt), 0);
        bide_runtime_enter(rt);
        CHECK_EQ(bide_block_on(leaves_tasks()), 0);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
    stops = true;
    join(thread);
    bide_console_end();
}

/* ---- what is counted ---- */

static async void turns(void)
{
    for (int i = 0; i < 20000; i++)
        await bide_yield();
    await bide_notify_wait(&go_on);
}

static async void naps(void)
{
    for (int i = 0; i < 10; i++)
        await bide_sleep(BIDE_MS(1));
    await bide_notify_wait(&go_on);
}

/* The answer in which the task with this function waits for the notification. */
static char *ask_when_it_waits(int fd, const char *function)
{
    for (;;) {
        char *text = ask(fd);
        if (strstr(task_of(text, function), "bide_notify_wait") != NULL)
            return text;
        free(text);
    }
}

static async int counts(void)
{
    int fd = attach(path);
    free(await bide_blocking(ask(fd)));
    bide_scope(s) {
        bide_scope_spawn(s, turns());
        free(await bide_blocking(ask_when_it_waits(fd, "turns")));
        bide_scope_spawn(s, naps());
        char *text = await bide_blocking(ask_when_it_waits(fd, "naps"));
        const char *task = task_of(text, "naps");
        CHECK(number_in(task, "polls") >= 5);
        CHECK(number_in(task, "busy_ns") > 0);
        CHECK_EQ(number_in(task, "yields"), 0);
        CHECK(has(text, "\"exact\":true")); /* its worker has slept */
        free(text);
        bide_notify_all(&go_on);
    }
    close(fd);
    return 0;
}

ON(polls_are_counted, 60, BIDE_CURRENT_THREAD, 1, counts)

ON(polls_by_several_workers_are_counted, 60, BIDE_MULTI_THREAD, 2, counts)

/* Of many yields about as many are counted, though few polls were measured. */
static async int counts_yields(void)
{
    int fd = attach(path);
    bide_scope(s) {
        bide_task(void) t = bide_scope_spawn(s, waits());
        (void)t;
        await bide_sleep(BIDE_MS(1));
        free(await bide_blocking(ask(fd)));
        for (int i = 0; i < 20000; i++)
            await bide_yield();
        char *text = await bide_blocking(ask(fd));
        const char *task = task_of(text, "counts_yields");
        if (*task == '\0')
            fprintf(stderr, "%s\n", text);
        CHECK(number_in(task, "yields") > 10000);
        CHECK(number_in(task, "yields") < 40000);
        CHECK(number_in(task, "polls") >= number_in(task, "yields"));
        free(text);
        bide_notify_all(&go_on);
    }
    close(fd);
    return 0;
}

ON(a_few_polls_stand_for_many, 60, BIDE_CURRENT_THREAD, 1, counts_yields)

ON(a_few_polls_by_workers_stand_for_many, 60, BIDE_MULTI_THREAD, 2, counts_yields)

/* ---- a poll that lasts ---- */

static atomic_bool heard;

static const char runs[] = "\"runs\":{\"for_ns\":";

/* What runs is told with the id of its task, which comes after the time. */
static bool has_task(const char *at)
{
    if (at == NULL)
        return false;
    at += strlen(runs);
    at += strspn(at, "0123456789");
    return strncmp(at, ",\"task\":\"", 9) == 0 && strspn(at + 9, "0123456789abcdef") > 8;
}

static void *hears_of_the_poll(void *argument)
{
    char *text;
    bool told;
    do {
        text = ask_once(argument);
        told = strstr(text, "\"answers\":false,") != NULL && has_task(strstr(text, runs)) &&
               strstr(text, "\"function\":\"computes\"") != NULL;
        free(text);
    } while (!told);
    heard = true;
    return NULL;
}

static async int computes(void)
{
    while (!heard)
        ;
    return 0;
}

static async int lasts(void)
{
    pthread_t thread;
    /* The one thread of a runtime knows of a poll that begins while somebody is attached. */
    int fd = attach(path);
    free(await bide_blocking(ask(fd)));
    CHECK_EQ(pthread_create(&thread, NULL, hears_of_the_poll, (void *)(uintptr_t)path), 0);
    bide_task(int) t = bide_spawn(computes());
    CHECK_EQ(await bide_task_wait(t), 0);
    bide_task_detach(t);
    await bide_blocking(join(thread));
    close(fd);
    return 0;
}

ON(a_poll_that_lasts_is_told, 60, BIDE_MULTI_THREAD, 2, lasts)

ON(a_poll_of_the_only_thread_that_lasts_is_told, 60, BIDE_CURRENT_THREAD, 1, lasts)

/* ---- paths ---- */

TEST(bad_paths)
{
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK_ERR(bide_console_begin(NULL), -EINVAL);
    CHECK_ERR(bide_console_begin(""), -EINVAL);
    CHECK_ERR(bide_console_begin(longer), -ENAMETOOLONG);
    CHECK_ERR(bide_console_begin("no/such/folder"), -ENOENT);
    FILE *file = fopen("a file", "w");
    fclose(file);
    CHECK_ERR(bide_console_begin("a file"), -EADDRINUSE);
    CHECK_EQ(unlink("a file"), 0);
    CHECK_EQ(bide_console_begin(path), 0);
    CHECK_ERR(bide_console_begin("another"), -EALREADY);
    struct stat status;
    CHECK_EQ(stat(path, &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0600);
    bide_console_end();
    bide_console_end();
    CHECK(stat(path, &status) < 0);
}

/* A socket without a listener is replaced, one with a listener is not. */
TEST(what_is_left_over_is_replaced)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(listen(fd, 1), 0);
    CHECK_ERR(bide_console_begin(path), -EADDRINUSE);
    close(fd);
    CHECK_EQ(bide_console_begin(path), 0);
    bide_console_end();
}

TEST(in_a_folder_it_has_the_number_of_the_process)
{
    char folder[40], name[80];
    bide_runtime *rt, *other;
    snprintf(folder, sizeof folder, "folder.%d", (int)getpid());
    snprintf(name, sizeof name, "%s/%d.bide", folder, (int)getpid());
    CHECK_EQ(mkdir(folder, 0700), 0);
    setenv("BIDE_CONSOLE", folder, 1);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    char *text = ask_once(name);
    CHECK(has(text, "\"runtimes\":[{"));
    CHECK(has(text, "},{\"flavour\":\"current_thread\""));
    free(text);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(access(name, F_OK), 0);
    CHECK_EQ(bide_runtime_free(other), 0);
    CHECK(access(name, F_OK) < 0);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    CHECK_EQ(access(name, F_OK), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(rmdir(folder), 0);
}

TEST(a_child_has_no_console)
{
#ifdef __SANITIZE_THREAD__
    check_skip("the thread sanitizer lets no child of fork() make threads");
#endif
    bide_test_watch();
    CHECK_EQ(bide_console_begin(path), 0);
    while (bide_test_calls("poll") == 0) /* in a child, AddressSanitizer's locks stay as they are */
        sched_yield();
    pid_t child = fork();
    if (child == 0) {
        bide_console_end();
        if (access(path, F_OK) < 0 || bide_console_begin("of the child") < 0)
            _exit(1);
        free(ask_once("of the child"));
        bide_console_end();
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    free(ask_once(path));
    bide_console_end();
}

/* ---- bad questions ---- */

TEST(bad_questions)
{
    CHECK_EQ(bide_console_begin(path), 0);
    int fd = attach(path);
    say(fd, "what\n");
    char *text = hear(fd);
    CHECK(has(text, "{\"error\":"));
    free(text);
    say(fd, "tas");
    say(fd, "ks\ntasks\n");
    text = hear(fd);
    CHECK(has(text, "\"version\":1"));
    free(text);
    char longer[100];
    memset(longer, 'x', sizeof longer);
    CHECK_EQ(send(fd, longer, sizeof longer, MSG_NOSIGNAL), sizeof longer);
    while (*(text = hear(fd)) != '\0') /* the second answer may be there */
        free(text);
    free(text);
    close(fd);
    int many[20];
    for (int i = 0; i < 20; i++)
        many[i] = attach(path);
    for (int i = 0; i < 20; i++)
        if (many[i] >= 0)
            close(many[i]);
    do
        fd = attach(path);
    while (send(fd, "tasks\n", 6, MSG_NOSIGNAL) < 0);
    close(fd); /* before the answer */
    bide_console_end();
}

static atomic_bool is_impatient = true;

/* The first wait for room is over at once. */
static int no_room(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (fds[0].events == POLLOUT && atomic_exchange(&is_impatient, false))
        return 0;
    return bide__door_real.poll(fds, count, timeout_ms);
}

/* One that does not take its answer, which is more than the sockets hold, is left. Another one is
 * answered. */
static async int leaves_the_slow(void)
{
    bide_scope(s) {
        for (int i = 0; i < MANY; i++)
            bide_scope_spawn(s, waits());
        await bide_yield();
        int slow = attach(path);
        say(slow, "tasks\n");
        char *text = await bide_blocking(ask_once(path));
        CHECK(!is_impatient);
        CHECK_EQ(count_of(text, "\"function\":\"waits\""), MANY);
        free(text);
        text = await bide_blocking(hear(slow));
        CHECK(strncmp(text, "{\"version\":1", 12) == 0);
        CHECK(count_of(text, "\"function\":\"waits\"") < MANY);
        free(text);
        close(slow);
        bide_notify_all(&go_on);
    }
    return 0;
}

TEST_LIMIT(who_does_not_take_the_answer_is_left, 60)
{
    bide_test_watch();
    bide_test_replace("poll", (void (*)(void))no_room);
    on(BIDE_CURRENT_THREAD, 1, bide_ref(leaves_the_slow));
}

TEST(another_user_is_not_welcome)
{
    if (geteuid() != 0)
        check_skip("only root can be another user");
    CHECK_EQ(bide_console_begin(path), 0);
    CHECK_EQ(chmod(path, 0666), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    CHECK_EQ(syscall(SYS_setresuid, -1, 65534, -1), 0); /* of this thread only */
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(syscall(SYS_setresuid, -1, 0, -1), 0);
    char c;
    CHECK(recv(fd, &c, 1, 0) <= 0);
    close(fd);
    free(ask_once(path));
    bide_console_end();
}

/* ---- faults ---- */

TEST(what_it_needs_fails_in_turn)
{
    static const struct {
        const char *call;
        int error;
    } faults[] = {{"socket", -EMFILE}, {"fchmod", -EIO},           {"bind", -ENOSPC},
                  {"listen", -EIO},    {"thread_create", -EAGAIN}, {"pipe2", -EMFILE}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        bide_test_fail(faults[i].call, 1, faults[i].error, 1);
        CHECK_ERR(bide_console_begin(path), faults[i].error);
        CHECK_EQ(bide_test_failed(faults[i].call), 1);
        CHECK(access(path, F_OK) < 0);
    }
    CHECK_EQ(bide_console_begin(path), 0);
    bide_console_end();
}

static async int without_memory(void)
{
    int fd = attach(path);
    bool is_whole = false;
    bide_scope(s) {
        for (int i = 0; i < 200; i++)
            bide_scope_spawn(s, waits());
        await bide_yield();
        for (unsigned n = 1; !is_whole; n++) {
            say(fd, "tasks\n");
            bide_test_fail("alloc", n, -ENOMEM, 1);
            char *text = await bide_blocking(hear(fd));
            is_whole = bide_test_failed("alloc") == 0;
            bide_test_fail("alloc", 0, 0, 0);
            bool is_error = strncmp(text, "{\"error\":", 9) == 0;
            CHECK(is_error || strncmp(text, "{\"version\":1,", 13) == 0);
            CHECK(!is_whole || strstr(text, "\"function\":\"waits\"") != NULL);
            free(text);
        }
        bide_notify_all(&go_on);
    }
    close(fd);
    return 0;
}

TEST_LIMIT(without_memory_it_says_so, 60)
{
    bide_test_watch();
    on(BIDE_CURRENT_THREAD, 1, bide_ref(without_memory));
}

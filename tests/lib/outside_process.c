/*
 * Every async function of bide/process.h, bide/shutdown.h and bide/service.h: outside any runtime,
 * on another runtime, and at home. A child belongs to no runtime, but the streams of its pipes do,
 * and with its stdin the waits that would close that.
 */
#include "outside.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "children.h"

/* ---- children ---- */

static bide_process *process;

static void prepare_child(void)
{
    const bide_process_options pipes = {.in = {.kind = BIDE_PROCESS_PIPE},
                                        .out = {.kind = BIDE_PROCESS_PIPE}};
    CHECK_EQ(bide_process_spawn(ARGV("cat"), &pipes, &process), 0);
}

static void clean_child(void)
{
    bide_process_free(process);
    check_no_child();
}

static async int waits(void)
{
    bide_process_exit exit;
    return await bide_process_wait(process, &exit);
}

static async int stops(void)
{
    return await bide_process_stop(process, BIDE_S(10), NULL);
}

static async int runs(void)
{
    bide_process_exit exit;
    return await bide_process_run(ARGV("true"), NULL, &exit);
}

static async int collects(void)
{
    bide_output *output;
    int r = await bide_process_collect(process, NULL, &output);
    bide_output_free(output);
    return r;
}

static async int outputs(void)
{
    bide_output *output;
    int r = await bide_process_output(ARGV("true"), NULL, NULL, &output);
    bide_output_free(output);
    return r;
}

static const struct row process_rows[] = {
    {"bide_process_wait", CALL_OF(waits), -ENXIO, -EXDEV, 0},
    {"bide_process_stop", CALL_OF(stops), -ENXIO, -EXDEV, 0},
    {"bide_process_run", CALL_OF(runs), -ENXIO, 0, 0},
    {"bide_process_collect", CALL_OF(collects), -ENXIO, -EXDEV, 0},
    {"bide_process_output", CALL_OF(outputs), -ENXIO, 0, 0},
};
enum { PROCESS_ROWS = sizeof process_rows / sizeof process_rows[0] };

TEST_LIMIT(children_outside_elsewhere_and_at_home, 60)
{
    check_rows(process_rows, PROCESS_ROWS, prepare_child, clean_child);
}

/* Nothing of it has happened. */
static async int refused(void)
{
    CHECK_ERR(await bide_process_wait(process, NULL), -EXDEV);
    CHECK_ERR(await bide_process_stop(process, BIDE_S(10), NULL), -EXDEV);
    CHECK_ERR(bide_process_close_in(process), -EXDEV);
    CHECK_ERR(bide_process_try_wait(process, NULL), -EAGAIN);
    return 0;
}

static async int writes_and_waits(void)
{
    bide_process_exit exit;
    char byte;
    CHECK_EQ(await bide_stream_write(bide_process_in(process), "x", 1), 1);
    CHECK_EQ(await bide_stream_read(bide_process_out(process), &byte, 1), 1);
    CHECK_EQ(await bide_process_wait(process, &exit), 0);
    CHECK(bide_process_exit_ok(exit));
    return 0;
}

TEST(a_stdin_is_closed_at_home_only)
{
    CHECK_EQ(bide_runtime_new(NULL, &row_home), 0);
    CHECK_EQ(bide_runtime_new(NULL, &row_other), 0);
    bide_runtime_enter(row_home);
    prepare_child();
    CHECK_ERR(run_outside(CALL_OF(waits)), -ENXIO);
    CHECK_EQ(run_on(row_other, CALL_OF(refused)), 0);
    CHECK_EQ(run_on(row_home, CALL_OF(writes_and_waits)), 0);
    CHECK_EQ(run_on(row_other, CALL_OF(waits)), 0); /* there is no stdin any more */
    clean_child();
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(row_home), 0);
    CHECK_EQ(bide_runtime_free(row_other), 0);
}

TEST(every_async_function_of_children_has_a_row)
{
    CHECK_EQ(check_covers("process", process_rows, PROCESS_ROWS), 5);
}

/* ---- shutdown ---- */

static bide_shutdown stop;
static const bide_shutdown_options options = {.exit_status = -1};

static void prepare_shutdown(void)
{
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    CHECK(bide_shutdown_begin(&stop));
}

static void nothing(void)
{
}

static async int is_told(void)
{
    return await bide_shutdown_wait(&stop);
}

static async int shuts_down(void)
{
    return await bide_shutdown_run(&stop, &options, NULL);
}

static async int shuts_down_on_signals(void)
{
    return await bide_shutdown_on_signals(&stop, &options, NULL);
}

static const struct row shutdown_rows[] = {
    {"bide_shutdown_wait", CALL_OF(is_told), 0, 0, 0},
    {"bide_shutdown_run", CALL_OF(shuts_down), -ENXIO, 0, 0},
    {"bide_shutdown_on_signals", CALL_OF(shuts_down_on_signals), -ENXIO, 0, 0},
};
enum { SHUTDOWN_ROWS = sizeof shutdown_rows / sizeof shutdown_rows[0] };

TEST(shutdowns_outside_elsewhere_and_at_home)
{
    check_rows(shutdown_rows, SHUTDOWN_ROWS, prepare_shutdown, nothing);
}

TEST(every_async_function_of_shutdowns_has_a_row)
{
    CHECK_EQ(check_covers("shutdown", shutdown_rows, SHUTDOWN_ROWS), 3);
}

/* ---- service managers ---- */

static async int gives_signs(void)
{
    int r = 0;
    return await bide_select(r = bide_service_watchdog(), bide_sleep(BIDE_MS(20))) == 0 ? r : 1;
}

static const struct row service_rows[] = {
    {"bide_service_watchdog", CALL_OF(gives_signs), -ENXIO, 1, 1}};

TEST(signs_of_life_outside_elsewhere_and_at_home)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(manager >= 0);
    snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "bide-signs-%d", (int)getpid());
    CHECK_EQ(
        bind(manager, (struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at.sun_path + 1))),
        0);
    at.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    setenv("WATCHDOG_USEC", "10000", 1);
    check_rows(service_rows, 1, nothing, nothing);
    close(manager);
}

/* Nobody wants any. */
TEST(no_signs_need_no_runtime)
{
    const struct row rows[] = {{"bide_service_watchdog", CALL_OF(gives_signs), -ENXIO, 0, 0}};
    unsetenv("WATCHDOG_USEC");
    check_rows(rows, 1, nothing, nothing);
}

TEST(every_async_function_of_services_has_a_row)
{
    CHECK_EQ(check_covers("service", service_rows, 1), 1);
}

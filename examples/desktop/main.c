/*
 * desktop: bide inside a GLib main loop. A counter goes on ticking while a download runs.
 *
 * The loop watches one descriptor, which is readable when the runtime has something to do; a turn
 * does it, and never waits. The counter is a timeout of the loop, the download an async function.
 *
 *     cd examples/desktop
 *     bide cc gcc main.c download.c $(pkg-config --cflags --libs glib-2.0) -lbide-http -o desktop
 *     ./desktop              # downloads from a slow server of its own
 *     ./desktop URL
 */
#include <glib-unix.h>

#include <bide/runtime.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desktop.h"

static bide_runtime *runtime;
static GMainLoop *loop;
static int ticks;

/* All of bide happens in here. The loop ends with the last task. */
static gboolean on_ready(gint fd, GIOCondition condition, gpointer unused)
{
    (void)fd, (void)condition, (void)unused;
    bide_runtime_turn(runtime, 0);
    if (bide_runtime_tasks(runtime) == 0)
        g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_tick(gpointer unused)
{
    (void)unused;
    printf("tick %d\n", ++ticks);
    return G_SOURCE_CONTINUE;
}

static gboolean on_ctrl_c(gpointer unused)
{
    (void)unused;
    puts("cancelled");
    bide_runtime_cancel(runtime); /* every task unwinds, in the turns that follow */
    return G_SOURCE_CONTINUE;
}

static void on_download(int error, const char *text)
{
    if (error < 0)
        printf("no download: %s\n", text);
    else
        printf("downloaded %zu bytes during %d ticks\n", strlen(text), ticks);
    bide_runtime_cancel(runtime); /* the server is a task too */
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        fputs("usage: desktop [URL]\n", stderr);
        return 2;
    }
    setlinebuf(stdout);
    if (bide_runtime_new(NULL, &runtime) < 0)
        return EXIT_FAILURE;
    bide_runtime_enter(runtime); /* from now on, this thread spawns here */
    int fd = bide_runtime_fd(runtime);
    const char *url = argc > 1 ? argv[1] : slow_server_start();
    if (fd < 0 || url == NULL)
        return EXIT_FAILURE;

    loop = g_main_loop_new(NULL, FALSE);
    guint ready = g_unix_fd_add(fd, G_IO_IN, on_ready, NULL);
    g_timeout_add(50, on_tick, NULL);
    g_unix_signal_add(SIGINT, on_ctrl_c, NULL);
    download_start(url, on_download);
    g_main_loop_run(loop);

    g_source_remove(ready); /* before the descriptor goes */
    g_main_loop_unref(loop);
    if (bide_runtime_shutdown(runtime, BIDE_SHUTDOWN_DEFAULT) < 0)
        return EXIT_FAILURE;
    return bide_runtime_free(runtime) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

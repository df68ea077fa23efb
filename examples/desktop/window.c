/*
 * desktop-window: the same as main.c, with a window: a counter, a button and what was downloaded.
 * The window stays alive during a download, and may be closed in the middle of one.
 *
 *     cd examples/desktop
 *     bide cc gcc window.c download.c $(pkg-config --cflags --libs gtk+-3.0) -lbide-http \
 *         -o desktop-window
 *     ./desktop-window [URL]
 *     ./desktop-window --once [URL]     # as if someone pressed the button, and then closed it
 */
#include <glib-unix.h>
#include <gtk/gtk.h>

#include <bide/runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desktop.h"

static bide_runtime *runtime;
static const char *url;
static int once;

static GtkWidget *window, *counter, *button, *result;
static int ticks;

/* All of bide happens in here. When the window is closed, the loop ends with the last task. */
static gboolean on_ready(gint fd, GIOCondition condition, gpointer unused)
{
    (void)fd, (void)condition, (void)unused;
    bide_runtime_turn(runtime, 0);
    if (bide_runtime_tasks(runtime) == 0 && window == NULL)
        gtk_main_quit();
    return G_SOURCE_CONTINUE;
}

static gboolean on_tick(gpointer unused)
{
    char text[16];
    (void)unused;
    if (window == NULL)
        return G_SOURCE_REMOVE;
    snprintf(text, sizeof text, "%d", ++ticks);
    gtk_label_set_text(GTK_LABEL(counter), text);
    return G_SOURCE_CONTINUE;
}

/* A task calls this, and the window is there to be changed: no thread has to be changed for it. */
static void on_download(int error, const char *text)
{
    char line[200];
    if (error < 0)
        snprintf(line, sizeof line, "no download: %s", text);
    else
        snprintf(line, sizeof line, "downloaded %zu bytes", strlen(text));
    gtk_label_set_text(GTK_LABEL(result), line);
    gtk_widget_set_sensitive(button, TRUE);
    if (once) {
        printf("the window is %s\n", gtk_widget_get_mapped(window) ? "there" : "not there");
        printf("it counts to %s\n", gtk_label_get_text(GTK_LABEL(counter)));
        printf("it says: %s\n", gtk_label_get_text(GTK_LABEL(result)));
        gtk_window_close(GTK_WINDOW(window));
    }
}

static void on_press(GtkButton *pressed, gpointer unused)
{
    (void)pressed, (void)unused;
    gtk_widget_set_sensitive(button, FALSE);
    gtk_label_set_text(GTK_LABEL(result), "downloading...");
    download_start(url, on_download);
}

static void on_close(GtkWidget *closed, gpointer unused)
{
    (void)closed, (void)unused;
    window = NULL;
    bide_runtime_cancel(runtime); /* a download that runs, and the server */
}

static void make_window(void)
{
    window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "desktop");
    gtk_window_set_default_size(GTK_WINDOW(window), 300, 150);
    g_signal_connect(window, "destroy", G_CALLBACK(on_close), NULL);

    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 10);
    gtk_container_set_border_width(GTK_CONTAINER(box), 20);
    gtk_container_add(GTK_CONTAINER(window), box);
    counter = gtk_label_new("0");
    button = gtk_button_new_with_label("Download");
    result = gtk_label_new("");
    gtk_container_add(GTK_CONTAINER(box), counter);
    gtk_container_add(GTK_CONTAINER(box), button);
    gtk_container_add(GTK_CONTAINER(box), result);
    g_signal_connect(button, "clicked", G_CALLBACK(on_press), NULL);
    gtk_widget_show_all(window);
}

int main(int argc, char **argv)
{
    gtk_init(&argc, &argv);
    once = argc > 1 && strcmp(argv[1], "--once") == 0;
    if (argc > 2 + once) {
        fputs("usage: desktop-window [--once] [URL]\n", stderr);
        return 2;
    }
    if (bide_runtime_new(NULL, &runtime) < 0)
        return EXIT_FAILURE;
    bide_runtime_enter(runtime);
    int fd = bide_runtime_fd(runtime);
    url = argc > 1 + once ? argv[1 + once] : slow_server_start();
    if (fd < 0 || url == NULL)
        return EXIT_FAILURE;

    make_window();
    guint ready = g_unix_fd_add(fd, G_IO_IN, on_ready, NULL);
    g_timeout_add(50, on_tick, NULL);
    if (once)
        gtk_button_clicked(GTK_BUTTON(button));
    gtk_main();

    g_source_remove(ready);
    if (bide_runtime_shutdown(runtime, BIDE_SHUTDOWN_DEFAULT) < 0)
        return EXIT_FAILURE;
    return bide_runtime_free(runtime) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

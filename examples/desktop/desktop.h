/*
 * desktop.h: a program with a GLib main loop, which downloads without holding up the loop.
 *
 *   download.c   the download, in async C
 *   main.c       the program `desktop`, which counts and prints; plain C
 *   window.c     the program `desktop-window`, with a GTK 3 window; plain C
 *
 * Everything happens on one thread: that of the loop.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

/* error: 0 or a negative errno. text: the body, or what went wrong; valid during the call. */
typedef void download_done(int error, const char *text);

/* Begins to download `url` and returns at once. When the download has ended the loop calls `done`,
 * unless bide_runtime_cancel came first. The thread must have entered a runtime. */
void download_start(const char *url, download_done *done);

/* Starts a server on this machine that takes half a second for an answer. Returns its URL, or
 * NULL. */
const char *slow_server_start(void);

#endif

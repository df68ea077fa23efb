/*
 * download.c: see desktop.h. An async function needs no callbacks of its own: it awaits the answer,
 * and then it is on the thread of the loop, where it may call whatever the loop's callbacks may.
 */
#include <bide/bide.h>
#include <bide/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desktop.h"

static async void download(char *url, download_done *done)
{
    bide_http_client *client = NULL;
    bide_http_response *response = NULL;
    defer {
        bide_http_response_free(response);
        bide_http_client_free(client);
        free(url);
    }
    int error = bide_http_client_new(NULL, &client);
    if (error == 0)
        error = await bide_http_get(client, url, &response);
    done(error, error == 0 ? bide_http_body(response) : bide_http_error(response));
}

void download_start(const char *url, download_done *done)
{
    bide_task_detach(bide_spawn(download(strdup(url), done)));
}

/* ---- a server to download from ---- */

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\n";

static async void answer(bide_stream *stream)
{
    char request[2000];
    defer {
        bide_stream_close(stream);
    }
    if (await bide_stream_read(stream, request, sizeof request) <= 0)
        return;
    int error = await bide_stream_write_all(stream, head, strlen(head), NULL);
    for (int i = 0; i < 5 && error == 0; i++) {
        await bide_sleep(BIDE_MS(100));
        error = await bide_stream_write_all(stream, "ten bytes\n", 10, NULL);
    }
}

static async void serve(bide_tcp_listener *listener)
{
    bide_stream *stream;
    defer {
        bide_tcp_listener_close(listener);
    }
    while (await bide_tcp_accept(listener, &stream) == 0)
        bide_task_detach(bide_spawn(answer(stream)));
}

const char *slow_server_start(void)
{
    static char url[40];
    bide_tcp_listener *listener;
    if (bide_tcp_listen("127.0.0.1", 0, &listener) < 0)
        return NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", bide_tcp_port(listener));
    bide_task_detach(bide_spawn(serve(listener)));
    return url;
}

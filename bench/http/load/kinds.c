/*
 * bench/http/load/kinds.c: what each kind of load asks for. The servers' head comment
 * (bench/http.c) tells what they answer.
 */
#define _GNU_SOURCE
#include "load_http.h"

#include <stddef.h>
#include <string.h>

#define HELLO      "Hello, World!"
#define HELLO_JSON "{\"message\":\"Hello, World!\"}"
#define TEXT(text) text, sizeof(text) - 1
#define GET(path)  "GET", path, NULL, 0

/* The body that is received is the one of h1.c, which has 40 bytes. */
static const struct shape shapes[] = {
    {"plain", &protocol_h1, false, 1, GET("/plaintext"), TEXT(HELLO)},
    {"plain_x16", &protocol_h1, false, 16, GET("/plaintext"), TEXT(HELLO)},
    {"json", &protocol_h1, false, 1, GET("/json"), TEXT(HELLO_JSON)},
    {"json_x16", &protocol_h1, false, 16, GET("/json"), TEXT(HELLO_JSON)},
    {"params", &protocol_h1, false, 1, GET("/users/12/posts/345"), TEXT("12 345")},
    {"receive", &protocol_h1, false, 1, "POST", "/receive", "application/json", 40, TEXT("Ada 36")},
    {"both", &protocol_h1, false, 1, "POST", "/echo", "text/plain", 102400, NULL, 102400},
    {"large", &protocol_h1, false, 1, GET("/large"), NULL, 1048576},
    {"chunks", &protocol_chunked, false, 1, GET("/chunks"), NULL, 102400},
    {"tls", &protocol_h1, true, 1, GET("/plaintext"), TEXT(HELLO)},
    {"h2", &protocol_h2, false, 1, GET("/plaintext"), TEXT(HELLO)},
    {"h2_x16", &protocol_h2, false, 16, GET("/plaintext"), TEXT(HELLO)},
    {"h2_tls", &protocol_h2, true, 1, GET("/plaintext"), TEXT(HELLO)},
    {"ws", &protocol_ws, false, 1, "GET", "/ws", NULL, 64, NULL, 0},
};

static void run(struct load *load)
{
    size_t i = 0;
    while (strcmp(shapes[i].name, load->kind) != 0)
        i++;
    loop_run(load, &shapes[i]);
}

const struct load_kind load_kinds[] = {
    {"plain", run},   {"plain_x16", run}, {"json", run},   {"json_x16", run}, {"params", run},
    {"receive", run}, {"both", run},      {"large", run},  {"chunks", run},   {"tls", run},
    {"h2", run},      {"h2_x16", run},    {"h2_tls", run}, {"ws", run},       {NULL, NULL},
};

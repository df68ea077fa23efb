/* Resources that functions give: macros, loops, other ways to test a result. */
#include <bide/bide.h>
#include <bide/http.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#define IS_ERR(rc) ((rc) < 0)
#define TRY(x) do { int r_ = (x); if (__builtin_expect(r_ < 0, 0)) return r_; } while (0)
async int rest(void);
int check(int);
struct app { bide_stream *s; int err; };
async int a1(void) {
    bide_stream *s;
    TRY(await bide_tcp_connect("h", 1, &s));
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(s);
    return 0;
}
async int a2(void) {
    bide_stream *s = NULL;
    int rc = await bide_tcp_connect("h", 1, &s);
    if (IS_ERR(rc)) { await rest(); bide_stream_close(s); return rc; }
    bide_stream_close(s);
    return 0;
}
async int a3(void) {
    bide_stream *s = NULL;
    int rc = await bide_tcp_connect("h", 1, &s);
    if (s == NULL) { await rest(); return rc; }
    bide_stream_close(s);
    return 0;
}
async int a4(struct app *app) {
    bide_stream *s = NULL;
    app->err = await bide_tcp_connect("h", 1, &s);
    if (app->err) { await rest(); bide_stream_close(s); return 1; }
    bide_stream_close(s);
    return 0;
}
async int a5(int n) {
    bide_stream *s = NULL;
    for (int i = 0; i < n; i++) {
        int rc = await bide_tcp_connect("h", 1, &s);
        if (rc == 0)
            break;
        await rest();
    }
    if (!s) return -1;
    await rest(); 
    bide_stream_close(s);
    return 0;
}
static void closep(bide_stream **s) { bide_stream_close(*s); }
async int a6(void) {
    __attribute__((cleanup(closep))) bide_stream *s = NULL;
    if (await bide_tcp_connect("h", 1, &s) < 0) return -1;
    await rest();
    return 0;
}
async int a7(void) {
    bide_stream *one, *two;
    if (bide_stream_pair(1, &one, &two) < 0) return -1;
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(one);
    bide_stream_close(two);
    return 0;
}
async int a8(struct app *app) {
    if (await bide_tcp_connect("h", 1, &app->s) < 0) return -1;
    await rest();
    bide_stream_close(app->s);
    return 0;
}
async int a9(void) {
    bide_stream *s;
    int rc = await bide_tcp_connect("h", 1, &s), n = 0;
    if (rc >= 0) {
        n = await rest(); /* want: -Wbide-leak-on-cancel */
        bide_stream_close(s);
    }
    return n;
}
async int a10(void) {
    bide_stream *s;
    int rc = await bide_tcp_connect("h", 1, &s);
    if (rc < 0 || check(rc)) return rc;
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(s);
    return 0;
}
async int a11(void) {
    bide_oneshot_sender(int) tx;
    bide_oneshot_receiver(int) rx;
    int v;
    if (bide_oneshot_new(&tx, &rx) < 0) return 1;
    check(0);
    int rc = await bide_oneshot_recv(rx, &v); /* want: -Wbide-leak-on-cancel */
    bide_oneshot_receiver_drop(rx);
    return rc;
}
async int a12(void) {
    bide_stream *s;
    int rc;
    do { rc = await bide_tcp_connect("h", 1, &s); } while (rc == -11);
    if (rc) return rc;
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(s);
    return 0;
}
async int a13(int k) {
    bide_stream *s;
    int rc = await bide_tcp_connect("h", 1, &s);
    if (rc) return rc;
    switch (k) { case 1: await rest(); break; /* want: -Wbide-leak-on-cancel */ default: break; }
    bide_stream_close(s);
    return 0;
}
async int a14(void) {
    bide_http_client *c;
    if (bide_http_client_new(NULL, &c) == 0) {
        bide_http_response *p = NULL;
        int rc = await bide_http_get(c, "u", &p); /* want: -Wbide-leak-on-cancel */
        if (rc == 0) await rest(); /* want: -Wbide-leak-on-cancel */
        bide_http_response_free(p);
        bide_http_client_free(c);
    }
    return 0;
}
async int a15(void) {
    int fd = open("x", O_RDONLY);
    bide_stream *s;
    if (bide_stream_open(fd, &s) < 0) { close(fd); return 1; }
    await rest(); /* want: -Wbide-leak-on-cancel */
    bide_stream_close(s);
    return 0;
}

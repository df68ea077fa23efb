# The examples in the comments of the public headers compile silently. An example is the lines that
# are indented by four blanks more than the text of the comment. Each is put into an async function,
# after the declarations that it needs, which are below, by header; a new example without them does
# not compile. The examples in core.h, group.h and abi.h are generated code, and left out.
set -eu

# around HEADER: the declarations before its examples
around()
{
    case $1 in
    codec.h) echo 'extern bide_reader *reader; extern bide_writer *writer;
        int rc = 0; char *frame; size_t size;' ;;
    http.h) echo 'bide_http_client *client = NULL;' ;;
    http_stream.h) echo 'bide_http_client *client = NULL;' ;;
    http_form.h) echo 'bide_http_client *client = NULL;' ;;
    http_json.h) echo 'bide_http_client *client = NULL; int n;
        extern bide_json *value; extern bide_http_request request;
        bide_http_response *page = NULL; (void)value, (void)request;' ;;
    http_server.h) echo 'extern async int hello(bide_http_exchange *);
        static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
        extern bide_http_exchange *x;
        bide_http_server *server; int rc; (void)rc, (void)server, (void)x, (void)stop;' ;;
    http_route.h) echo 'extern async int show_user(bide_http_exchange *);
        extern async int add_user(bide_http_exchange *);
        extern async int keep(bide_http_multipart *, bide_http_part *);
        extern void add(const char *);
        extern bide_http_exchange *x; static int app;
        bide_http_server *server; int seats = 0; const char *flight = "a";
        (void)app, (void)server, (void)seats, (void)flight, (void)x;' ;;
    http_metrics.h) echo 'extern bide_http_server *server; extern bide_metrics *metrics;
        bide_http_route route; (void)server, (void)metrics, (void)route;' ;;
    html.h) echo 'int rc = 0, comments = 0; const char *data = ""; size_t size = 0;
        extern const bide_html *html; extern const bide_html_selector *links;
        extern const bide_html_node *within;
        (void)rc, (void)comments, (void)data, (void)size, (void)html, (void)links, (void)within;' ;;
    http_layer.h) echo 'extern bide_http_exchange *x; extern bide_http_folder *folder;
        extern bide_receiver(char *) news;
        bide_http_router *router; (void)router, (void)x, (void)folder, (void)news;' ;;
    io.h) echo 'int fd = 0; char buf[9]; ssize_t n = 0;' ;;
    iter.h) echo 'struct job { int id; };
        struct pager { int page; };
        struct row { int n; };
        struct paragraph { char text[80]; };
        extern int job_id(struct job);
        extern bool is_even(int);
        extern bide_async int next_row(struct pager *, struct row *);
        extern bide_async int join_lines(bide_iter(char *), bide_giver(struct paragraph), void *);
        extern bide_receiver(struct job) jobs;
        extern bide_reader *reader;
        extern bide_iter(int) it;
        extern long sum;
        (void)it, (void)reader, (void)jobs, (void)sum;' ;;
    json.h) echo 'int rc = 0; const char *text = "[]"; size_t size = 2; bide_json_writer *w = NULL;
        extern const bide_json *list; (void)rc, (void)text, (void)size, (void)w, (void)list;' ;;
    lock.h) echo 'struct config { const char *name; };
        extern async int load(struct config *);' ;;
    metrics.h) echo 'bide_duration took = BIDE_MS(1); extern bide_metrics_out *out;
        extern unsigned pool_idle(void); (void)took, (void)out;' ;;
    net.h) echo 'int rc = 0; uint16_t port = 80; bide_tcp_listener *listener = NULL;
        extern async int serve(uint16_t);
        (void)rc, (void)port, (void)listener;' ;;
    shutdown.h) echo 'static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
        extern bide_tcp_listener *listener;
        extern bide_reader *reader;
        extern async void serve(bide_tcp_listener *);
        int status = 0; ssize_t r = 0; char *line = NULL; (void)status, (void)r, (void)line,
        (void)reader, (void)listener;' ;;
    signal.h) echo 'int rc = 0; extern void reload(void); (void)rc;' ;;
    runtime.h) echo 'extern int on_ready(int, int, void *);
        extern unsigned g_unix_fd_add(int, int, int (*)(int, int, void *), void *);
        enum { G_IO_IN = 1 };
        bide_runtime *rt = NULL;' ;;
    set.h) echo 'extern bide_async int fetch_length(const char *);
        extern bide_async int serve(const char *);
        const char *urls[1] = {NULL}; size_t n = 1; (void)urls, (void)n;' ;;
    token.h) echo 'extern bide_async int serve(bide_tracker *);
        static bide_tracker tracker = BIDE_TRACKER_INIT;' ;;
    tls.h) echo 'bide_tls_context *context = NULL; bide_stream *stream = NULL;' ;;
    trace.h) echo 'struct request { const char *path; int size, id; };
        extern async int query(int);
        extern struct request *request;' ;;
    udp.h) echo 'char buf[9]; ssize_t n = 0; bide_address from; bide_udp *udp = NULL;' ;;
    websocket.h) echo 'extern bide_http_exchange *x; (void)x;' ;;
    sqlite.h) echo 'const char *login = "ada";' ;;
    esac
}

count=0
for header in "$SRC"/include/bide/*.h; do
    name=$(basename "$header")
    case $name in core.h | group.h | abi.h) continue ;; esac
    awk -v stem="${name%.h}" '
        /^ \*     [^ ]/ && !inside { inside = 1; file = sprintf("%s-%d.body", stem, ++n) }
        !/^ \*     / { inside = 0 }
        inside && !/^ \*     \.\.\.$/ { print substr($0, 8) > file }
    ' "$header"
    for body in "${name%.h}"-*.body; do
        [ -e "$body" ] || continue
        file=${body%.body}.c
        type=void
        ! grep -q 'return [a-z]' "$body" || type=int
        {
            echo '#include <bide/bide.h>'
            echo "#include <bide/$name>"
            echo '#include <errno.h>'
            echo '#include <signal.h>'
            echo '#include <stdio.h>'
            echo '#include <sys/socket.h>'
            echo "async $type example(void)"
            echo '{'
            around "$name"
            cat "$body"
            [ $type = void ] || echo 'return 0;'
            echo '}'
        } >"$file"
        "$BIDE" cc "$CC" -Wall -Wextra -c "$file" >log 2>&1 || true
        [ ! -s log ] || fail "an example in $name: $(cat log) $(cat "$file")"
        count=$((count + 1))
    done
done
[ "$count" -ge 4 ] || fail "found only $count examples"
echo "$count examples"

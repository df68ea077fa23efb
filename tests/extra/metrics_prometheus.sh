# bide/metrics.h against Debian's prometheus, in the long tier: promtool finds nothing wrong with
# the text of a service, and a server scrapes it and has the same numbers.
[ -n "${FULL:-}" ] || skip "only in the long tier"
command -v promtool >/dev/null && command -v prometheus >/dev/null || skip "there is no prometheus"
[ -e "$BUILD/lib/pkgconfig/bide-http-server.pc" ] || skip "there is no libbide-http-server"

cat >service.c <<'END'
#include <bide/bide.h>
#include <bide/http_metrics.h>
#include <bide/http_route.h>
#include <bide/runtime.h>
#include <stdio.h>

bide_runtime(multi_thread);

static bide_metrics *metrics;
static bide_metrics_counters odd = BIDE_METRICS_COUNTERS(
    "odd_things_total", "With \"quotes\", a \\ and\na second line, \xc3\xa4.", "what");
static bide_metrics_gauge heat = BIDE_METRICS_GAUGE("heat_celsius", "Of the room.");
static bide_metrics_gauge endless = BIDE_METRICS_GAUGE("endless", "Without an end.");
static bide_metrics_histograms sizes = BIDE_METRICS_HISTOGRAMS(
    "mail_size_bytes", "Of mails.", BIDE_METRICS_BOUNDS(10, 1e3, 1e6), "to");

static async int hello(bide_http_exchange *x)
{
    bide_metrics_counter_add(bide_metrics_counters_at(&odd, "a \"b\" \\ c\n\xf0\x9f\x90\x88"), 1);
    bide_metrics_histogram_add(bide_metrics_histograms_at(&sizes, "x"), 123.25);
    await bide_sleep(BIDE_MS(3));
    return bide_http_reply_text(x, 200, "hello");
}

static int add_all(bide_http_server *server, bide_http_client *client)
{
    int rc = bide_metrics_add_runtime(metrics, bide_runtime_current(), "main");
    rc = rc < 0 ? rc : bide_metrics_add_counters(metrics, &odd);
    rc = rc < 0 ? rc : bide_metrics_add_gauge(metrics, &heat);
    rc = rc < 0 ? rc : bide_metrics_add_gauge(metrics, &endless);
    rc = rc < 0 ? rc : bide_metrics_add_histograms(metrics, &sizes);
    rc = rc < 0 ? rc : bide_metrics_add_http_server(metrics, server, "main");
    return rc < 0 ? rc : bide_metrics_add_http_client(metrics, client, "own");
}

static async void ask_ourselves(bide_http_client *client, int port)
{
    char url[60];
    bide_http_response *answer;
    for (int i = 0; i < 7; i++) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", i < 6 ? port : 1);
        (void)await bide_http_get(client, url, &answer);
        bide_http_response_free(answer);
    }
    puts("ready");
    fflush(stdout);
}

static async int serve(bide_http_client *client)
{
    bide_http_route routes[] = {
        {.method = "GET", .path = "/hello", .handler = bide_ref(hello)},
        {.method = "GET", .path = "/metrics", .handler = bide_ref(bide_http_serve_metrics),
         .data = metrics}};
    bide_http_router_options table = {.routes = routes, .route_count = 2};
    bide_http_server_options options = {0};
    bide_http_router *router;
    bide_http_server *server;
    int rc = bide_http_router_new(&table, &router);
    if (rc < 0)
        return rc;
    options.state = router;
    rc = bide_http_server_new(bide_ref(bide_http_serve_router), &options, &server);
    if (rc == 0)
        rc = add_all(server, client);
    if (rc == 0)
        rc = bide_http_server_listen(server, "127.0.0.1", 0);
    if (rc < 0)
        return rc;
    printf("port %d\n", bide_http_server_port(server));
    await bide_join(rc = bide_http_server_run(server, NULL),
                    ask_ourselves(client, bide_http_server_port(server)));
    return rc;
}

async int main(void)
{
    bide_http_client *client;
    bide_metrics_gauge_set(&heat, 21.5);
    bide_metrics_gauge_set(&endless, __builtin_inf());
    int rc = bide_metrics_new(&metrics);
    rc = rc < 0 ? rc : bide_http_client_new(&(bide_http_options){.proxy = ""}, &client);
    return rc < 0 ? rc : await serve(client);
}
END
"$BIDE" cc "$CC" -std=gnu11 -w service.c -L"$BUILD/lib" -lbide-http-server -lbide-http \
    -lbide-metrics -Wl,-rpath,"$BUILD/lib" -o service || fail "the service does not compile"

started=''
trap 'for one in $started; do kill "$one" 2>/dev/null || :; done; wait' EXIT
BIDE_WORKERS=2 ASAN_OPTIONS=detect_leaks=0 ./service >out 2>err &
started=$!
until_has 1 '^ready' out
port=$(sed -n 's/^port //p' out)

curl -sS --noproxy '*' --http2-prior-knowledge "http://127.0.0.1:$port/hello" >hello ||
    fail "no answer over HTTP/2"
curl -sS --noproxy '*' "http://127.0.0.1:$port/metrics" >text || fail "no text: $(cat err)"
promtool check metrics <text >told 2>&1 || fail "promtool: $(cat told)"
[ ! -s told ] || fail "promtool says: $(cat told)"

cat >prometheus.yml <<END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: us
    static_configs: [{targets: ['127.0.0.1:$port']}]
END
own=$((20000 + $$ % 20000))
prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
    --web.listen-address="127.0.0.1:$own" >prometheus.log 2>&1 &
started="$started $!"

# query WHAT: the answer of the server
query()
{
    curl -sS --noproxy '*' -G "http://127.0.0.1:$own/api/v1/query" --data-urlencode "query=$1" \
        2>/dev/null || :
}

tries=0
until query 'up{job="us"}' | grep -q '"1"\]'; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "it has not scraped us: $(query up) $(tail -n 5 prometheus.log)"
    sleep 0.2
done

# has WHAT VALUE
has()
{
    query "$1" >answer
    grep -q "\"$2\"\]" answer || fail "$1 is not $2: $(cat answer)"
}

has 'odd_things_total{what="a \"b\" \\ c\n🐈"}' 7
has 'heat_celsius' 21.5
has 'endless' +Inf
has 'mail_size_bytes_count' 7
has 'mail_size_bytes_sum' 862.75
has 'mail_size_bytes_bucket{le="1000"}' 7
has 'bide_http_server_requests_total{method="GET",status="2xx"} >= bool 7' 1
has 'bide_http_client_failures_total{error="ECONNREFUSED"}' 1
has 'bide_runtime_workers{runtime="main"}' 2
has 'histogram_quantile(0.5, bide_http_client_request_seconds_bucket) > bool 0.002' 1

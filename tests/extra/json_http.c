/*
 * bide/http_json.h: JSON in requests and responses.
 */
#include <bide/http_json.h>

#include "http_wire.h"

static async int echo(bide_stream *s)
{
    char text[512];
    int status = wire_has("/no ") ? 422 : 200;
    snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%.400s", status,
             strlen(wire.body), wire.body);
    return await wire_say(s, text);
}

static async int exchange(const char *path, const char *type, int expected)
{
    bide_http_client *client = wire_client((bide_http_options){0});
    bide_http_request q = {.url = wire_url(path), .content_type = type};
    bide_http_response *r = NULL;
    bide_json *value = NULL, *back = NULL;
    bide_json_writer *text = NULL;
    int id = 0;
    defer {
        bide_http_response_free(r);
        bide_json_free(value);
        bide_json_free(back);
        bide_json_writer_free(text);
        bide_http_client_free(client);
    }
    CHECK_EQ(bide_json_pack(&value, NULL, "{s:i}", "id", 7), 0);
    CHECK_EQ(bide_http_request_json(&q, value, &text), 0);
    CHECK_EQ(await bide_http_send(client, &q, &r), 0);
    CHECK(wire_has("POST "));
    int n = bide_http_response_json(r, NULL, NULL, &back);
    if (n == 0)
        CHECK_EQ(bide_json_get_int(back, "id", &id), 0);
    CHECK_EQ(id, n == 0 ? 7 : 0);
    CHECK_ERR(n, expected);
    return 0;
}

static async int all(void)
{
    CHECK_EQ(await exchange("/", NULL, 0), 0);
    CHECK(wire_has("Content-Type: application/json\r\n"));
    CHECK_EQ(await exchange("/", "application/vnd.a+json", 0), 0);
    CHECK(wire_has("Content-Type: application/vnd.a+json\r\n"));
    CHECK_EQ(await exchange("/no", NULL, -EINVAL), 0);
    bide_json *none = (bide_json *)&none;
    CHECK_ERR(bide_http_response_json(NULL, NULL, NULL, &none), -ENODATA);
    CHECK(none == NULL);
    return 0;
}

TEST(values_go_there_and_back)
{
    wire_start(bide_ref(echo));
    CHECK_EQ(bide_block_on(all()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

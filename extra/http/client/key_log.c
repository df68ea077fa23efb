/*
 * key_log.c: writes the secrets of TLS connections to a file, in the form that Wireshark reads.
 *
 * curl gives out the SSL_CTX of each connection, and OpenSSL calls a function with each line. This
 * library is not linked with OpenSSL: libcurl is, or it has another TLS, for which there is no key
 * log. So OpenSSL's functions are looked up by their names.
 */
#include "internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>

/* OpenSSL's SSL_CTX and SSL are not known here. */
static struct {
    void (*set_callback)(void *ctx, void (*log)(const void *ssl, const char *line));
    int (*set_data)(void *ctx, int i, void *data);
    void *(*get_data)(const void *ctx, int i);
    void *(*ctx_of)(const void *ssl);
} openssl;

static bool find(void *function, const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool find_openssl(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const char *version = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (version == NULL || strstr(version, "OpenSSL") == NULL)
        return false;
    pthread_mutex_lock(&mutex);
    bool ok = find(&openssl.set_callback, "SSL_CTX_set_keylog_callback") &&
              find(&openssl.set_data, "SSL_CTX_set_ex_data") &&
              find(&openssl.get_data, "SSL_CTX_get_ex_data") &&
              find(&openssl.ctx_of, "SSL_get_SSL_CTX");
    pthread_mutex_unlock(&mutex);
    return ok;
}

int bide__http_key_log_open(bide_http_client *client)
{
    const char *path = client->options.tls.key_log_file;
    if (path == NULL)
        return 0;
    if (!find_openssl())
        return -EPROTONOSUPPORT;
    int fd = bide__door.openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return fd;
    client->key_log_fd = fd;
    return 0;
}

/* A line that cannot be written is lost: that is no reason to end a connection. One call writes it,
 * so that lines of several processes do not mix. */
static void write_line(const void *ssl, const char *line)
{
    const bide_http_client *client = openssl.get_data(openssl.ctx_of(ssl), 0);
    struct iovec pieces[] = {{(char *)(uintptr_t)line, strlen(line)}, {(char[]){'\n'}, 1}};
    if (client != NULL)
        (void)bide__door.writev(client->key_log_fd, pieces, 2);
}

static CURLcode on_context(CURL *easy, void *ctx, void *client)
{
    (void)easy;
    if (openssl.set_data(ctx, 0, client) != 1)
        return CURLE_OUT_OF_MEMORY;
    openssl.set_callback(ctx, write_line);
    return CURLE_OK;
}

bool bide__http_key_log_set(CURL *e, bide_http_client *client)
{
    return client->key_log_fd < 0 ||
           (curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
            curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, client) == CURLE_OK);
}

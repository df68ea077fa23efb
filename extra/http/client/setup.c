/*
 * setup.c: what a client's options ask of curl. A handle is told once, and used for many requests.
 */
#include "internal.h"

/* CURL_SSLVERSION_: the lowest version, and the highest in the upper half. */
static long tls_versions(const bide_http_tls *tls)
{
    long versions = tls->version_min == 3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
    if (tls->version_max != 0)
        versions |=
            tls->version_max == 3 ? CURL_SSLVERSION_MAX_TLSv1_3 : CURL_SSLVERSION_MAX_TLSv1_2;
    return versions;
}

/* A NULL string leaves the option as it is. */
static bool set_string(CURL *e, CURLoption option, const char *s)
{
    return s == NULL || curl_easy_setopt(e, option, s) == CURLE_OK;
}

static bool set_tls(CURL *e, bide_http_client *client)
{
    const bide_http_tls *tls = &client->options.tls;
    bool ok = curl_easy_setopt(e, CURLOPT_SSLVERSION, tls_versions(tls)) == CURLE_OK &&
              set_string(e, CURLOPT_CAINFO, client->options.ca_file) &&
              set_string(e, CURLOPT_CAPATH, tls->ca_dir) &&
              set_string(e, CURLOPT_SSLCERT, tls->cert_file) &&
              set_string(e, CURLOPT_SSLKEY, tls->key_file) &&
              set_string(e, CURLOPT_KEYPASSWD, tls->key_password);
    /* With certificates of its own, the system's do not count. */
    if (ok && client->options.ca_file != NULL && tls->ca_dir == NULL)
        ok = curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (ok && client->options.ca_file == NULL && tls->ca_dir != NULL)
        ok = curl_easy_setopt(e, CURLOPT_CAINFO, NULL) == CURLE_OK;
    if (ok && tls->danger_accept_invalid_certs)
        ok = curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK;
    if (ok && (tls->danger_accept_invalid_certs || tls->danger_accept_invalid_hosts))
        ok = curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    return ok && bide__http_key_log_set(e, client);
}

static bool set_proxy(CURL *e, const bide_http_options *options)
{
    bool ok = set_string(e, CURLOPT_PROXY, options->proxy) &&
              set_string(e, CURLOPT_PROXYUSERNAME, options->proxy_user) &&
              set_string(e, CURLOPT_PROXYPASSWORD, options->proxy_password);
    /* The environment's no_proxy belongs to the environment's proxy. */
    const char *none = options->no_proxy;
    if (none == NULL && options->proxy != NULL)
        none = "";
    return ok && set_string(e, CURLOPT_NOPROXY, none) &&
           curl_easy_setopt(e, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) == CURLE_OK;
}

static bool set_schemes(CURL *e, const bide_http_options *options)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    const char *schemes = options->https_only ? "https" : "http,https";
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, schemes) == CURLE_OK;
#else
    long schemes = options->https_only ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS;
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS, schemes) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS, schemes) == CURLE_OK;
#endif
}

static bool set_protocol(CURL *e, const bide_http_options *options)
{
    switch (options->protocol) {
    case BIDE_HTTP_ONLY_1_1:
        return curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    case BIDE_HTTP_ONLY_2:
        /* All requests share one connection, so they wait for it. */
        return curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                                (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L) == CURLE_OK;
    default:
        /* A libcurl without HTTP/2 refuses this, and then uses HTTP/1.1. */
        curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        return true;
    }
}

static bool set_place(CURL *e, const bide_http_options *options)
{
    const char *path = options->unix_path;
    if (path != NULL && path[0] == '@') {
        if (!set_string(e, CURLOPT_ABSTRACT_UNIX_SOCKET, path + 1))
            return false;
    } else if (!set_string(e, CURLOPT_UNIX_SOCKET_PATH, path)) {
        return false;
    }
    return set_string(e, CURLOPT_INTERFACE, options->local_address);
}

static bool set_pool(CURL *e, const bide_http_client *client)
{
    const bide_http_options *options = &client->options;
    bool ok = curl_easy_setopt(e, CURLOPT_SHARE, client->share) == CURLE_OK &&
              (!options->cookies || curl_easy_setopt(e, CURLOPT_COOKIEFILE, "") == CURLE_OK);
    if (!ok)
        return false;
    if (options->idle_timeout.ns < 0)
        return curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
    int64_t idle_s = options->idle_timeout.ns / 1000000000;
    if (idle_s > INT32_MAX)
        idle_s = INT32_MAX;
    return curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, idle_s > 0 ? (long)idle_s : 1L) == CURLE_OK;
}

bool bide__http_setup(CURL *e, bide_http_client *client)
{
    const bide_http_options *options = &client->options;
    bool ok = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
              /* A proxy's reply to CONNECT is not the answer. */
              curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
              /* With this, a Content-Length beyond 64 bits is an error instead of being ignored. */
              curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)INT64_MAX) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)options->redirects_max) == CURLE_OK &&
              set_string(e, CURLOPT_USERAGENT, options->user_agent);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Without this, giving up during a look-up waits for the resolver's thread. */
    ok = ok && curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return ok && set_schemes(e, options) && set_protocol(e, options) && set_tls(e, client) &&
           set_proxy(e, options) && set_place(e, options) && set_pool(e, client);
}

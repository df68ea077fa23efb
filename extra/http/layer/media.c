/*
 * media.c: media types of files. The table is sorted by extension and searched by halves.
 */
#include "lib/runtime.h"

#include "extra/http/layer/media.h"

#include <strings.h>

struct extension {
    char text[12];
    const char *type;
};

static const struct extension extensions[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"atom", "application/atom+xml"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/plain; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", "text/plain; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"log", "text/plain; charset=utf-8"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

static int compare(const char *text, size_t size, const char *extension)
{
    int r = strncasecmp(text, extension, size);
    return r != 0 ? r : extension[size] == '\0' ? 0 : -1;
}

const char *bide__http_type_of(const char *name, size_t size)
{
    size_t first = 0, end = sizeof extensions / sizeof extensions[0];
    const char *dot = memrchr(name, '.', size);

    while (dot != NULL && first < end) {
        size_t middle = first + (end - first) / 2;
        size_t length = (size_t)(name + size - dot) - 1;
        int r = length < sizeof extensions[0].text
                    ? compare(dot + 1, length, extensions[middle].text)
                    : 1;
        if (r == 0)
            return extensions[middle].type;
        if (r < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return "application/octet-stream";
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t n = strlen(end);
    return size >= n && strncasecmp(text + size - n, end, n) == 0;
}

bool bide__http_type_shrinks(const char *type, size_t size)
{
    static const char *const whole[] = {
        "application/json",
        "application/javascript",
        "application/xml",
        "application/wasm",
        "application/rtf",
        "application/toml",
        "application/yaml",
        "application/x-tar",
        "application/x-ndjson",
        "application/msword",
        "image/bmp",
        "image/x-icon",
        "font/ttf",
        "font/otf",
        "application/vnd.ms-excel",
        "application/x-javascript",
        "application/jsonlines",
    };
    const char *semicolon = memchr(type, ';', size);
    size_t n = semicolon != NULL ? (size_t)(semicolon - type) : size;

    while (n > 0 && (type[n - 1] == ' ' || type[n - 1] == '\t'))
        n--;
    if (n >= 5 && strncasecmp(type, "text/", 5) == 0)
        return true;
    if (ends_with(type, n, "+json") || ends_with(type, n, "+xml"))
        return true;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (n == strlen(whole[i]) && strncasecmp(type, whole[i], n) == 0)
            return true;
    return false;
}

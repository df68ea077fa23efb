/*
 * exchange/status.c: statuses and their texts (RFC 9110, 15, and the registry at IANA), and the
 * statuses of errors, as bide/http_server.h lists them.
 */
#include "extra/http/exchange/exchange.h"

static const struct {
    uint16_t status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

const char *bide_http_reason(int status)
{
    size_t low = 0, high = sizeof reasons / sizeof *reasons;
    if (status == 200)
        return "OK";
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (reasons[middle].status == status)
            return reasons[middle].reason;
        if (reasons[middle].status < status)
            low = middle + 1;
        else
            high = middle;
    }
    return "";
}

static const struct {
    uint16_t status;
    int16_t errors[12]; /* ended by 0 */
} statuses[] = {
    {400, {EINVAL, EBADMSG, EDOM, ERANGE, EILSEQ, EOVERFLOW, EPROTO}},
    {401, {EKEYREJECTED, ENOKEY, EKEYEXPIRED}},
    {403, {EACCES, EPERM, EROFS}},
    {404, {ENOENT, ENODATA, ENOTDIR, ESRCH}},
    {409, {EEXIST, ENOTEMPTY, EALREADY}},
    {412, {ESTALE}},
    {413, {EMSGSIZE, E2BIG, EFBIG}},
    {414, {ENAMETOOLONG}},
    {415, {EPROTONOSUPPORT, EMEDIUMTYPE}},
    {501, {ENOSYS, EOPNOTSUPP}},
    {502, {ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, EHOSTUNREACH, ENETUNREACH}},
    {503, {EAGAIN, EBUSY, ENOMEM, EMFILE, ENFILE, ENOBUFS, ESHUTDOWN, ECANCELED, EDEADLK}},
    {504, {ETIMEDOUT}},
    {507, {ENOSPC, EDQUOT}},
};

int bide_http_status_of_error(int error)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        for (const int16_t *e = statuses[i].errors; *e != 0; e++)
            if (*e == -error)
                return statuses[i].status;
    return 500;
}

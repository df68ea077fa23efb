/*
 * bench/http/peers/nginx.c: starts nginx as one process on a port that the system chooses: writes
 * what it is to serve, and becomes it. A child prints the port when nginx listens. Until then the
 * port is kept by a socket that does not listen.
 *
 *   nginx plain|file|tls|h2|h2tls
 *
 * In the folder HTTP_DATA are the certificate and the file `large`; its own files go to a new
 * folder in there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOT_BUILT = 77, TRIES_MAX = 5000 };

static void check(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

/* The child has it as long as it needs it, and nginx to its end. */
static void choose_port(struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    check(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
              bind(fd, (struct sockaddr *)at, size) == 0 &&
              getsockname(fd, (struct sockaddr *)at, &size) == 0,
          "a socket");
}

/* Never returns. */
static void print_port(const struct sockaddr_in *at)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0) {
            printf("%d\n", ntohs(at->sin_port));
            fflush(stdout);
            _exit(0);
        }
        close(fd);
        usleep(1000);
    }
    _exit(1);
}

static void write_config(FILE *to, const char *data, const char *folder, int port, const char *how)
{
    static const char *const temporary[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    fprintf(to,
            "daemon off;\nmaster_process off;\nerror_log stderr error;\npid %s/pid;\n"
            "worker_rlimit_nofile 30000;\nevents { worker_connections 20000; }\n"
            "http {\naccess_log off;\ndefault_type text/plain;\nsendfile on;\n"
            "keepalive_requests 1000000000;\nkeepalive_timeout 1h;\n",
            folder);
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
        fprintf(to, "%s_temp_path %s/%s;\n", temporary[i], folder, temporary[i]);
    fprintf(
        to,
        "server {\nlisten 127.0.0.1:%d reuseport backlog=4096 %s;\n"
        "ssl_protocols TLSv1.3;\nssl_certificate %s/cert.pem;\nssl_certificate_key %s/key.pem;\n"
        "location = /plaintext { return 200 \"Hello, World!\"; }\n"
        "location = /json { default_type application/json;\n"
        "    return 200 '{\"message\":\"Hello, World!\"}'; }\n"
        "location ~ ^/users/([^/]+)/posts/([^/]+)$ { return 200 \"$1 $2\"; }\n"
        "location = /large { alias %s/large; }\n}\n}\n",
        port, how, data, data, data);
}

int main(int argc, char **argv)
{
    static const char *const known[][2] = {
        {"plain", ""}, {"file", ""}, {"tls", "ssl http2"}, {"h2tls", "ssl http2"}, {"h2", "http2"}};
    const char *data = getenv("HTTP_DATA"), *how = NULL;
    char folder[512], path[1024];
    struct sockaddr_in at;
    for (size_t i = 0; argc == 2 && i < sizeof known / sizeof *known; i++)
        if (strcmp(argv[1], known[i][0]) == 0)
            how = known[i][1];
    if (how == NULL || data == NULL)
        return NOT_BUILT;
    snprintf(folder, sizeof folder, "%s/nginx.XXXXXX", data);
    check(mkdtemp(folder) != NULL, folder);
    snprintf(path, sizeof path, "%s/config", folder);
    choose_port(&at);
    FILE *to = fopen(path, "we");
    check(to != NULL, path);
    write_config(to, data, folder, ntohs(at.sin_port), how);
    check(fclose(to) == 0, path);
    setenv("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin", 1);
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0)
        print_port(&at);
    fclose(stdout);
    execlp("nginx", "nginx", "-p", folder, "-c", path, (char *)NULL);
    perror("nginx");
    return NOT_BUILT;
}

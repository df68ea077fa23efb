/*
 * A compiler that starts before its text is there. Loading clang takes longer than translating a
 * file, so clang loads while the preprocessor and bide work: its input is a link to a pipe. The
 * link has the name that the file would have, so that everything derived from the name is the same.
 * gcc loads fast and would gain nothing.
 *
 * If bide dies, a text that is cut off must never become an object. So the pipe gets a head before
 * the compiler starts: the text's first line, which names the user's file, and an #if whose #endif
 * comes after the text's last line; clang obeys directives in preprocessed text. A file for clang
 * has them too, because a checksum of the text gets into some outputs.
 *
 * Only success counts. After a failure the same command runs on a file, and what it prints and
 * leaves there is what the user gets. Programs that may read their input twice, such as ccache
 * under the name of clang, never get a pipe.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where it fits ---- */

/* The file of a program as the system finds it; NULL: there is no such file. */
static char *find_program(struct arena *arena, const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return arena_strndup(arena, name, strlen(name));
    for (; path && *path; path += *path == ':') {
        size_t length = strcspn(path, ":");
        char *file = arena_printf(arena, "%.*s/%s", (int)length, path, name);
        if (length && access(file, X_OK) == 0)
            return file;
        path += length;
    }
    return NULL;
}

/* Is it clang itself, not a script or a link to another program? */
static bool is_clang_itself(struct arena *arena, const char *name)
{
    char real[PATH_MAX], magic[4] = "";
    const char *file = find_program(arena, name);
    if (!file || !realpath(file, real) || strncmp(base_name(real), "clang", 5))
        return false;
    int fd = open(real, O_RDONLY | O_CLOEXEC);
    bool is_elf = fd >= 0 && read(fd, magic, 4) == 4 && !memcmp(magic, "\177ELF", 4);
    if (fd >= 0)
        close(fd);
    return is_elf;
}

bool early_fits(const struct command *cmd, const struct job *job)
{
    return cmd->clang && cmd->compiler.count == 1 && cmd->input_count == 1 &&
           (cmd->mode == MODE_COMPILE || cmd->mode == MODE_ASSEMBLE) && !cmd->saves_temps &&
           job->input->language == LANG_C && strcmp(job->input->value, "-") &&
           access("/proc/self/fd", X_OK) == 0 && is_clang_itself(cmd->arena, cmd->compiler.item[0]);
}

/* ---- the text ---- */

/* The first line of the preprocessed text of a file. */
static char *first_line(struct arena *arena, const char *name)
{
    char *line = arena_alloc(arena, 2 * strlen(name) + 16);
    char *to = stpcpy(line, "# 1 \"");
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            *to++ = '\\';
        *to++ = *name;
    }
    stpcpy(to, "\"\n");
    return line;
}

static const char begin[] = "#if 1\n", end[] = "\n#endif\n";

bool early_guard(const struct job *job, struct buffer *text)
{
    struct buffer guarded = {0};
    char *line = first_line(job->command->arena, job->input->value);
    size_t length = strlen(line);
    if (text->length < length || memcmp(text->data, line, length))
        return false;
    buffer_add(&guarded, line, length);
    buffer_add(&guarded, begin, sizeof begin - 1);
    buffer_add(&guarded, text->data + length, text->length - length);
    buffer_add(&guarded, end, sizeof end - 1);
    buffer_free(text);
    *text = guarded;
    return true;
}

/* ---- its life ---- */

void early_start(struct early *e, struct process *p, const struct job *job, const char *path)
{
    struct arena *arena = job->command->arena;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    char *head = arena_printf(arena, "%s%s", first_line(arena, job->input->value), begin);
    ssize_t length = (ssize_t)strlen(head);
    bool ok = fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 &&
              write(ends[1], head, (size_t)length) == length &&
              symlink(arena_printf(arena, "/proc/self/fd/%d", ends[0]), path) == 0;
    *e = (struct early){.process = *p, .head_length = (size_t)length, .fd = ends[1]};
    e->process.given = ends[0];
    e->process.place = CHILD_EARLY;
    e->process.catch_err = true;
    ok = ok && process_start(&e->process) == 0;
    close(ends[0]);
    if (ok)
        e->path = path;
    else
        close(ends[1]);
}

void early_stop(struct early *e)
{
    if (!e->path)
        return;
    kill(temp_child[CHILD_EARLY], SIGTERM);
    close(e->fd); /* for a child of it, which the head stops */
    process_finish(&e->process, NULL, -1);
    buffer_free(&e->process.err);
    unlink(e->path);
    e->path = NULL;
}

bool early_finish(struct early *e, const struct buffer *text)
{
    if (!e->path)
        return false;
    const struct buffer rest = {.data = text->data + e->head_length,
                                .length = text->length - e->head_length};
    int status = process_finish(&e->process, &rest, e->fd);
    unlink(e->path);
    e->path = NULL;
    e->done = status == 0;
    if (!e->done)
        buffer_free(&e->process.err);
    return e->done;
}

/*
 * search.h: what both programs have in common: the command line, the search in one file, and the
 * output. All of it is plain C, and may run on any thread.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* grep [--sort] TEXT [PATH] */
struct command {
    bool is_sorted; /* by path; otherwise files come as they are ready */
    const char *text;
    const char *path;
};

/* False: it was wrong, and a message says so. */
bool command_read(struct command *command, int argc, char **argv);

/* What was found in one file: "PATH:LINE:the line", for each line that has the text. */
struct found {
    char *path;
    char *lines;
    size_t size, room;
    bool matches;
    int error; /* a negative errno; what was found before that is there */
};

/*
 * Searches a file. A file with a zero byte is binary: its lines are not printed, only that it
 * matches. Lines may be of any length. What is no regular file is passed over. found_free ends it.
 */
struct found search_file(const char *path, const char *text);
void found_free(struct found *found);

/* Prints what was found, and takes it over; or keeps it until output_end, to sort it. */
struct output {
    bool is_sorted;
    bool has_failed, has_matched;
    struct found *kept;
    size_t count, room;
};

void output_add(struct output *output, struct found found);

/* A folder that cannot be read, for instance. */
void output_fail(struct output *output, const char *path, int error);

/* Prints the rest. Returns the exit status: 0 if a line matches, 1 if none does, 2 after a failure.
 */
int output_end(struct output *output);

#endif

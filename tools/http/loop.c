/*
 * The plain loop: mutates the files of a folder and gives them to a fuzz target, where libFuzzer is
 * not there, or to repeat the same inputs in a test.
 *
 *   loop FOLDER RUNS [SEED]
 *
 * First each file as it is, then RUNS mutants. The mutants depend only on the files' names and
 * content and on the seed. An input that stops the program is left in the file "input".
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { MOST = 1 << 16 };

static struct file {
    unsigned char *data;
    size_t size;
} files[4096];
static size_t file_count;
static uint64_t state;

static uint32_t below(uint64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return n == 0 ? 0 : (uint32_t)((state >> 33) % n);
}

static void read_file(const char *folder, const char *name)
{
    char path[4096];
    struct file *f = &files[file_count];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "re");
    f->data = malloc(MOST);
    if (in == NULL || f->data == NULL || file_count + 1 >= sizeof files / sizeof *files)
        exit(2);
    f->size = fread(f->data, 1, MOST, in);
    fclose(in);
    file_count++;
}

static void read_folder(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            read_file(folder, names[i]->d_name);
        free(names[i]);
    }
    if (n < 0 || file_count == 0)
        exit(2);
    free(names);
}

/* Replaces `old` bytes at a place by others. */
static size_t replace(unsigned char *data, size_t size, size_t at, size_t old,
                      const unsigned char *with, size_t n)
{
    if (size - old + n > MOST)
        return size;
    memmove(data + at + n, data + at + old, size - at - old);
    memcpy(data + at, with, n);
    return size - old + n;
}

static size_t mutate(unsigned char *data, size_t size)
{
    static const unsigned char special[] = "\r\n\t\0 :;,=\"\\/0159afAF-+.%&?#*\x7f\x80\xff";
    size_t at = below(size + 1), n = size - at < 16 ? size - at : 16;
    const struct file *other = &files[below(file_count)];
    unsigned char byte = below(2) ? special[below(sizeof special - 1)] : (unsigned char)below(256);
    size_t from = below(other->size + 1), most = other->size - from;
    switch (below(7)) {
    case 0: return replace(data, size, at, at < size, &byte, 1);
    case 1: return replace(data, size, at, 0, &byte, 1);
    case 2: return replace(data, size, at, below(n + 1), &byte, 0);
    case 3: return replace(data, size, at, 0, other->data + from, below(most < 40 ? most : 40));
    case 4: return replace(data, size, at, size - at, other->data + from, most);
    case 5:
        if (at < size)
            data[at] ^= (unsigned char)(1u << below(8));
        return size;
    default: {
        unsigned char copy[16];
        memcpy(copy, data + at, n);
        return replace(data, size, at, 0, copy, n);
    }
    }
}

/* In memory that ends where the input ends. */
static void run(const unsigned char *data, size_t size)
{
    static int out = -1;
    unsigned char *copy = malloc(size + (size == 0));
    if (out < 0)
        out = open("input", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (copy == NULL || pwrite(out, data, size, 0) != (ssize_t)size ||
        ftruncate(out, (off_t)size) != 0)
        exit(2);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    static unsigned char data[MOST];
    long runs = argc > 2 ? atol(argv[2]) : 0;
    state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    if (argc < 3)
        return 2;
    read_folder(argv[1]);
    for (size_t i = 0; i < file_count; i++)
        run(files[i].data, files[i].size);
    for (long i = 0; i < runs; i++) {
        const struct file *f = &files[below(file_count)];
        size_t size = f->size;
        memcpy(data, f->data, size);
        for (unsigned times = 1 + below(6); times > 0; times--)
            size = mutate(data, size);
        run(data, size);
    }
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    printf("%zu files and %ld mutants\n", file_count, runs);
    return 0;
}

/* bench/io/peers/child.c: the program that is spawned: it ends at once, or with an argument it
 * prints 1 KiB first. */
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char output[1024];
    (void)argv;
    return argc > 1 && write(1, output, sizeof output) != (ssize_t)sizeof output;
}

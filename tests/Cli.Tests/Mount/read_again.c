/* Reads a control file, writes a command to another, and reads the first again through the same descriptor. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int show(int file)
{
    char text[4096];
    ssize_t length = lseek(file, 0, SEEK_SET) == 0 ? read(file, text, sizeof text) : -1;

    if (length <= 0 || read(file, text + length, sizeof text - length) != 0)
        return 1;
    fwrite(text, 1, length, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    int read_from, write_to;

    if (argc != 4)
        return 2;
    read_from = open(argv[1], O_RDONLY);
    write_to = open(argv[2], O_WRONLY);
    if (read_from < 0 || write_to < 0 || show(read_from))
        return 1;
    if (write(write_to, argv[3], strlen(argv[3])) != (ssize_t)strlen(argv[3]))
        return 1;
    return show(read_from);
}

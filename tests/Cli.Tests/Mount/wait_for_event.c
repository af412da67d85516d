/*
 * Waits for priority events of a control file, as a daemon does that has set a trigger.
 * usage: wait_for_event FILE TRIGGER EVENTS MILLISECONDS; writes TRIGGER first unless it is empty. Prints a line for each event.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct pollfd waited;
    int events;

    if (argc != 5)
        return 2;
    waited.fd = open(argv[1], O_RDWR | O_NONBLOCK);
    waited.events = POLLPRI;
    if (waited.fd < 0) {
        printf("open: %s\n", strerror(errno));
        return 1;
    }

    if (argv[2][0] != '\0' && write(waited.fd, argv[2], strlen(argv[2]) + 1) < 0) {
        printf("write: %s\n", strerror(errno));
        return 1;
    }

    printf("waiting\n");
    fflush(stdout);
    for (events = atoi(argv[3]); events > 0; events--) {
        if (poll(&waited, 1, atoi(argv[4])) != 1) {
            printf("no event\n");
            return 1;
        }

        printf("%s\n", waited.revents == POLLPRI ? "event" : "error");
        fflush(stdout);
    }

    return 0;
}

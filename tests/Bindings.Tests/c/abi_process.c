/* What the library does to its host's process: one thread that sleeps, four signals, and memory that goes back. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static unsigned long status_value(const char *name, int base)
{
    char line[256];
    unsigned long value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoul(line + strlen(name) + 1, NULL, base);
    }

    fclose(status);
    return value;
}

static unsigned long signal_bit(int number)
{
    return 1ul << (number - 1);
}

static void the_runtime_takes_what_the_header_says(void)
{
    CHECK(status_value("Threads", 10) == 1);
    unsigned long caught = status_value("SigCgt", 16);
    unsigned long ignored = status_value("SigIgn", 16);
    CHECK(reclaim_version_number() == RECLAIM_VERSION_NUMBER);
    CHECK(status_value("Threads", 10) <= 2);

    /* Numbers 32 and 33 are glibc's own, for threads. */
    unsigned long now = status_value("SigCgt", 16) & ~(signal_bit(32) | signal_bit(33));
    unsigned long known = signal_bit(SIGSEGV) | signal_bit(SIGFPE) | signal_bit(34);
    CHECK((now & ~caught & ~known) == 0);
    CHECK((status_value("SigIgn", 16) & ~ignored & ~signal_bit(SIGPIPE)) == 0);
}

static void engines_give_their_memory_back(void)
{
    world_t w;
    for (int i = 0; i < 20; i++) {
        world_open(&w);
        world_close(&w);
    }

    unsigned long size = status_value("VmSize", 10);
    unsigned long resident = status_value("VmRSS", 10);
    for (int i = 0; i < 300; i++) {
        world_open(&w);
        world_close(&w);
    }

    /* In KiB: one of these engines reserves some MiB. */
    CHECK(status_value("VmSize", 10) < size + 8 * 1024);
    CHECK(status_value("VmRSS", 10) < resident + 8 * 1024);
    CHECK(status_value("Threads", 10) <= 2);
}

void test_process(void)
{
    the_runtime_takes_what_the_header_says();
    engines_give_their_memory_back();
}

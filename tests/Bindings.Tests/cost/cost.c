/*
 * What calls cost, as one line of text for each: medians over rounds, in one run, and for calls the ratio to the empty call of that run.
 * Calls are measured by the thread's CPU time, so that other work on the machine counts for less.  Figures in docs/c-abi.md.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <reclaim.h>

enum { ROUNDS = 31, CALLS = 200000, PAGES = 1 << 16, BATCH = 32 };

static double samples[ROUNDS];

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static double cpu(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(void)
{
    qsort(samples, ROUNDS, sizeof samples[0], by_value);
    return samples[ROUNDS / 2];
}

static long status_value(const char *name)
{
    char line[256];
    long value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    }

    if (status != NULL)
        fclose(status);
    return value;
}

static void check(int32_t status)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s\n", reclaim_last_error());
    exit(1);
}

#define SAMPLE(per, body)                                                                                             \
    for (int round = 0; round < ROUNDS; round++) {                                                                    \
        double start = cpu();                                                                                         \
        body;                                                                                                         \
        samples[round] = (cpu() - start) / (per);                                                                     \
    }

#define MEASURE(what, unit, per, body)                                                                                \
    do {                                                                                                              \
        SAMPLE(per, body)                                                                                             \
        printf("%-58s %9.2f %s\n", what, median(), unit);                                                             \
    } while (0)

static double empty;

/* The same in nanoseconds, with the ratio to the empty call. */
#define CALL(what, per, body)                                                                                         \
    do {                                                                                                              \
        SAMPLE(per, body)                                                                                             \
        double each = median();                                                                                       \
        printf("%-58s %9.2f ns %6.2f times the empty call\n", what, each, each / empty);                              \
    } while (0)

int main(void)
{
    long before = status_value("VmRSS:");
    long anonymous = status_value("RssAnon:");
    double start = now();
    reclaim_node_options_t node = { 2 * PAGES, 0, 0 };
    reclaim_engine_options_t options = {
        .struct_size = sizeof options, .nodes = &node, .node_count = 1, .node_size = sizeof node,
    };
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&options, &engine));
    printf("%-58s %9.2f us\n", "first call: runtime and first engine", (now() - start) / 1e3);
    printf("%-58s %9ld KiB\n", "resident memory added by it", status_value("VmRSS:") - before);
    printf("%-58s %9ld KiB\n", "of it the process's own, not pages of files", status_value("RssAnon:") - anonymous);
    printf("%-58s %9ld\n", "threads of the process, its own included", status_value("Threads:"));

    reclaim_engine_t *other;
    MEASURE("reclaim_engine_create and _destroy", "us", 1e3, {
        check(reclaim_engine_create(&options, &other));
        check(reclaim_engine_destroy(other));
    });

    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = PAGES };
    reclaim_address_space_t *space;
    check(reclaim_address_space_create(engine, &memory, &space));
    static uint32_t words[PAGES];
    for (uint32_t i = 0; i < PAGES; i++)
        words[i] = i;
    reclaim_tally_t tally = { .struct_size = sizeof tally };
    check(reclaim_address_space_access(space, words, PAGES, &tally));

    volatile uint32_t sink = 0;
    MEASURE("reclaim_version_number, the empty call", "ns", CALLS, {
        for (int i = 0; i < CALLS; i++)
            sink += reclaim_version_number();
    });
    empty = samples[ROUNDS / 2];
    uint32_t resident;
    CALL("reclaim_address_space_is_resident", CALLS, {
        for (int i = 0; i < CALLS; i++)
            check(reclaim_address_space_is_resident(space, (uint64_t)i % PAGES, &resident));
    });
    CALL("reclaim_address_space_access_page, a hit", CALLS, {
        for (int i = 0; i < CALLS; i++)
            check(reclaim_address_space_access_page(space, (uint64_t)i % PAGES, 0));
    });
    MEASURE("reclaim_address_space_access, 32 hits, a page", "ns", PAGES, {
        for (uint32_t i = 0; i < PAGES; i += BATCH)
            check(reclaim_address_space_access(space, words + i, BATCH, &tally));
    });
    static uint32_t scattered[PAGES];
    for (uint32_t i = 0; i < PAGES; i++)
        scattered[i] = i * 40503u % PAGES;
    MEASURE("the same, pages scattered", "ns", PAGES, {
        for (uint32_t i = 0; i < PAGES; i += BATCH)
            check(reclaim_address_space_access(space, scattered + i, BATCH, &tally));
    });
    MEASURE("reclaim_address_space_access, 65536 hits, a page", "ns", PAGES,
            check(reclaim_address_space_access(space, words, PAGES, &tally)));
    check(reclaim_address_space_destroy(space));
    MEASURE("a call with a stale handle", "ns", 1000, {
        for (int i = 0; i < 1000; i++)
            sink += (uint32_t)reclaim_address_space_access_page(space, 0, 0);
    });
    check(reclaim_engine_destroy(engine));
    return 0;
}

/*
 * A key-value store's buffer pool, under policies of the library and under a plain LRU of its own: the same operations, and what the
 * bookkeeping costs.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   cd bench/Consumers/kv
 *   gcc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror kv.c pool.c workload.c -o kv -I../../../out/include -L../../../out -lreclaim -lm
 *   LD_LIBRARY_PATH=../../../out ./kv LEAVES OPERATIONS ROUNDS POOL_PERCENT POLICY...
 *
 * A tree of LEAVES leaf pages, gone through from the root to a leaf by each operation; see workload.h.  Pages have no contents, and a miss
 * reads nothing: what is measured is the hash table, the pins, and the choice of who goes.  A line for each contestant, with tabs between.
 * Times are of the process's CPU, over the second half of the operations; the contestants take turns in each round.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"
#include "workload.h"

enum { ROUNDS_MOST = 101, POLICIES_MOST = 16, WAYS = 4, SEED = 42 };

typedef struct contestant {
    pool_options_t options;
    pool_counts_t counts; /* of the second half */
    double times[ROUNDS_MOST];
} contestant_t;

static double cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* From the root down to a leaf and along the leaves: the child is pinned before its parent is let go. */
static void carry_out(pool_t *pool, const workload_t *workload, const operation_t *operation)
{
    uint32_t held = NONE;
    for (int level = 0; level < LEVELS - 1; level++) {
        uint32_t above_leaves = (uint32_t)(LEVELS - 1 - level);
        uint32_t page = workload->first_page[level] + (operation->leaf >> (8 * above_leaves));
        uint32_t frame = pool_get(pool, page, above_leaves == 1 ? operation->inner_write : 0);
        if (held != NONE)
            pool_put(pool, held);
        held = frame;
    }
    for (uint32_t i = 0; i < operation->leaves; i++) {
        uint32_t frame = pool_get(pool, workload->first_page[LEVELS - 1] + operation->leaf + i, operation->leaf_write);
        pool_put(pool, held);
        held = frame;
    }
    pool_put(pool, held);
}

/* Returns CPU nanoseconds an operation. */
static double take_turn(contestant_t *contestant, const workload_t *workload)
{
    pool_t pool;
    pool_open(&pool, &contestant->options);
    uint64_t half = workload->count / 2;
    for (uint64_t i = 0; i < half; i++)
        carry_out(&pool, workload, &workload->operations[i]);

    memset(&pool.counts, 0, sizeof pool.counts);
    double began = cpu_ns();
    for (uint64_t i = half; i < workload->count; i++)
        carry_out(&pool, workload, &workload->operations[i]);
    double took = cpu_ns() - began;

    contestant->counts = pool.counts;
    pool_close(&pool);
    return took / (double)(workload->count - half);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(contestant_t *contestant, const workload_t *workload, int rounds)
{
    static const char *const forms[] = { "plain", "page_out", "propose" };
    const pool_options_t *options = &contestant->options;
    const pool_counts_t *counts = &contestant->counts;
    uint64_t operations = workload->count - workload->count / 2;
    qsort(contestant->times, (size_t)rounds, sizeof contestant->times[0], by_value);
    printf("%s\t%s\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.2f\t%.2f\t%.2f\n",
           options->policy != NULL ? options->policy : "own", forms[options->form], options->report, options->evict, operations, counts->gets,
           counts->hits, counts->writes, contestant->times[rounds / 2], contestant->times[0], contestant->times[rounds - 1]);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == 0 && value >= least && value <= most)
        return value;
    fprintf(stderr, "'%s' is no number from %" PRIu64 " to %" PRIu64 "\n", text, least, most);
    exit(2);
}

static void compete(const workload_t *workload, uint32_t percent, char *const *policies, int policy_count, int rounds)
{
    static contestant_t contestants[2 + WAYS * POLICIES_MOST];
    static const struct { form_t form; uint32_t report, evict; } ways[WAYS] = {
        { PAGE_OUT, 32, 1 }, { PAGE_OUT, 1, 1 }, { PROPOSE, 32, 32 }, { PROPOSE, 1, 32 },
    };
    pool_options_t options = { .pages = workload->pages, .capacity = (uint32_t)((uint64_t)workload->leaves * percent / 100) };
    int count = 0;
    for (options.evict = 1; options.evict <= EVICT_MOST; options.evict += EVICT_MOST - 1)
        contestants[count++].options = options;
    for (int policy = 0; policy < policy_count; policy++) {
        for (int way = 0; way < WAYS; way++) {
            options.policy = policies[policy];
            options.form = ways[way].form;
            options.report = ways[way].report;
            options.evict = ways[way].evict;
            contestants[count++].options = options;
        }
    }

    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            contestants[i].times[round] = take_turn(&contestants[i], workload);
    }
    for (int i = 0; i < count; i++)
        print(&contestants[i], workload, rounds);
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 5 + POLICIES_MOST) {
        fprintf(stderr, "usage: kv LEAVES OPERATIONS ROUNDS POOL_PERCENT POLICY... (at most %d)\n", POLICIES_MOST);
        return 2;
    }
    uint32_t leaves = (uint32_t)number(argv[1], 10000, 10000000);
    uint64_t operations = number(argv[2], 1000, 1000000000);
    int rounds = (int)number(argv[3], 1, ROUNDS_MOST);
    uint32_t percent = (uint32_t)number(argv[4], 3, 100);

    workload_t workload;
    workload_create(&workload, leaves, operations, SEED);
    printf("policy\tform\treport\tevict\toperations\tgets\thits\twrites\tmedian_ns\tleast_ns\tmost_ns\n");
    compete(&workload, percent, argv + 5, argc - 5, rounds);
    workload_destroy(&workload);
    return 0;
}

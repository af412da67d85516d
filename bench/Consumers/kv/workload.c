#include "workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <reclaim.h>

static void *allocated(uint64_t bytes)
{
    void *memory = malloc(bytes);
    if (memory != NULL)
        return memory;
    fprintf(stderr, "no memory for the workload\n");
    exit(1);
}

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In [0, bound). */
static uint32_t below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((next_random(state) >> 32) * bound) >> 32);
}

/* sums[k] is the popularity of leaves 0 to k together. */
static double *popularity(uint32_t leaves)
{
    double *sums = allocated(leaves * sizeof *sums), sum = 0;
    for (uint32_t k = 0; k < leaves; k++)
        sums[k] = sum += pow(k + 1, -ZIPF_EXPONENT);
    return sums;
}

/* A rank by popularity. */
static uint32_t zipf(const double *sums, uint32_t leaves, uint64_t *state)
{
    double at = (double)(next_random(state) >> 11) / 9007199254740992.0 * sums[leaves - 1];
    uint32_t low = 0, high = leaves - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Popular leaves lie anywhere. */
static uint32_t *shuffled(uint32_t leaves, uint64_t *state)
{
    uint32_t *leaf_of = allocated(leaves * sizeof *leaf_of);
    for (uint32_t i = 0; i < leaves; i++) {
        uint32_t j = below(state, i + 1);
        leaf_of[i] = leaf_of[j];
        leaf_of[j] = i;
    }
    return leaf_of;
}

void workload_create(workload_t *workload, uint32_t leaves, uint64_t operations, uint64_t seed)
{
    double *sums = popularity(leaves);
    uint32_t *leaf_of = shuffled(leaves, &seed), edge = leaves - 1;
    uint64_t inserts = 0;
    workload->leaves = leaves;
    workload->count = operations;
    workload->operations = allocated(operations * sizeof *workload->operations);
    for (uint64_t i = 0; i < operations; i++) {
        uint32_t kind = below(&seed, 100);
        operation_t *operation = &workload->operations[i];
        *operation = (operation_t){ .leaves = 1 };
        if (i % OPERATIONS_A_SCAN == OPERATIONS_A_SCAN - 1) {
            operation->leaves = LEAVES_A_SCAN;
            operation->leaf = below(&seed, leaves - LEAVES_A_SCAN);
        } else if (kind < LOOKUPS + UPDATES) {
            operation->leaf = leaf_of[zipf(sums, leaves, &seed)];
            operation->leaf_write = kind < LOOKUPS ? 0 : RECLAIM_WRITE;
        } else {
            operation->inner_write = ++inserts % INSERTS_A_LEAF == 0 ? RECLAIM_WRITE : 0;
            operation->leaf = edge += operation->inner_write != 0;
            operation->leaf_write = RECLAIM_WRITE;
        }
    }
    free(sums);
    free(leaf_of);

    /* The leaves come first, so that they have the same pages however many there will be above them. */
    workload->most_leaves = edge + 1;
    uint32_t in_level = workload->most_leaves, page = 0;
    for (int level = LEVELS - 1; level >= 0; level--) {
        workload->first_page[level] = page;
        page += in_level;
        in_level = (in_level + FAN_OUT - 1) / FAN_OUT;
    }
    workload->pages = page;
}

void workload_destroy(workload_t *workload)
{
    free(workload->operations);
}

/*
 * What a key-value store does over a B+-tree: lookups and updates of keys of which few are popular, inserts at the right edge, scans.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdint.h>

enum {
    FAN_OUT = 256,
    LEVELS = 4,            /* the root, two inner levels, the leaves: up to 256^3 of those */
    LOOKUPS = 70,          /* per cent of all operations but scans; the others are inserts */
    UPDATES = 20,
    INSERTS_A_LEAF = 40,   /* then the next leaf at the right edge begins */
    OPERATIONS_A_SCAN = 500,
    LEAVES_A_SCAN = 200
};

/* Popularity of leaf number k of all by popularity: 1 / k^0.99, as in YCSB.
 * B. Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010. */
#define ZIPF_EXPONENT 0.99

/* One descent from the root. */
typedef struct operation {
    uint32_t leaf;
    uint32_t leaves;      /* it reads, from there to the right: 1, or LEAVES_A_SCAN */
    uint32_t leaf_write;  /* RECLAIM_WRITE when it writes to the leaf */
    uint32_t inner_write; /* and to its parent: a new leaf */
} operation_t;

typedef struct workload {
    uint32_t leaves;      /* at the start: all of equal rank among the pages, the popular ones anywhere */
    uint32_t most_leaves; /* at the end */
    uint32_t first_page[LEVELS]; /* of each level, the leaves' last; pages of a level follow each other */
    uint32_t pages;
    uint64_t count;
    operation_t *operations;
} workload_t;

/* The same seed makes the same operations. */
void workload_create(workload_t *workload, uint32_t leaves, uint64_t operations, uint64_t seed);
void workload_destroy(workload_t *workload);

#endif

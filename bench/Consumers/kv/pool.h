/*
 * A buffer pool: a hash table of the pages in memory, frames with pins, and one of three ways to choose who goes.
 */
#ifndef POOL_H
#define POOL_H

#include <stdint.h>

#include <reclaim.h>

/* No frame, no page. */
#define NONE 0xffffffffu

enum { EVICT_MOST = 32, REPORT_MOST = 32 };

typedef enum form {
    PLAIN,    /* a doubly linked list through the frames, moved to its head on every use */
    PAGE_OUT, /* the library owns residency: at its limit the fault evicts, and page_out hands the frame back */
    PROPOSE   /* the pool does: when no frame is free, it asks for victims and commits them */
} form_t;

typedef struct pool_options {
    form_t form;
    const char *policy; /* NULL for PLAIN */
    uint32_t capacity;  /* frames */
    uint32_t pages;     /* there are, in memory or not */
    uint32_t report;    /* accesses reported to the library at a time, 1 to REPORT_MOST */
    uint32_t evict;     /* frames freed at a time by PLAIN and PROPOSE, 1 to EVICT_MOST */
} pool_options_t;

typedef struct pool_counts {
    uint64_t gets, hits, writes; /* writes: dirty pages that were evicted */
} pool_counts_t;

typedef struct frame {
    uint32_t page, pins;
    uint32_t newer, older, dirty; /* of PLAIN */
} frame_t;

typedef struct pool {
    pool_options_t options;
    pool_counts_t counts;
    frame_t *frames;
    uint32_t *free_frames, free_count;
    uint32_t *table, table_mask; /* frames by page, linear probing; NONE: empty */
    uint32_t newest, oldest;     /* of PLAIN */
    reclaim_engine_t *engine;    /* of the other two */
    reclaim_address_space_t *space;
    uint32_t words[REPORT_MOST], word_count; /* accesses that are yet to be reported */
} pool_t;

void pool_open(pool_t *pool, const pool_options_t *options);
void pool_close(pool_t *pool);

/* The frame that a page is in, pinned, brought in if need be.  `write` is 0 or RECLAIM_WRITE. */
uint32_t pool_get(pool_t *pool, uint32_t page, uint32_t write);

/* Lets go of a frame. */
static inline void pool_put(pool_t *pool, uint32_t frame)
{
    pool->frames[frame].pins--;
}

#endif

/*
 * S3-FIFO: three queues, no movement on a hit.  Pages come into a small queue; those used twice before they reach its end
 * go on to the main queue, the others leave and are remembered as ghosts; who comes back while remembered goes to main.
 * J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO Queues are All You Need for Cache Eviction", SOSP 2023.
 *
 *     gcc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -shared -fPIC examples/policies/s3fifo.c -o cs3fifo.so -Isrc/Bindings/include
 *     reclaim compare --trace scenarios/traces/sqlite-orders.u32.gz --memory 25% --policy ./cs3fifo.so,lru
 */
#include "reclaim_policy.h"

enum { SMALL, MAIN, LISTS }; /* lists of the engine: what is resident */
enum { GHOST, ORDERS };      /* an order of our own: pages that have left the small queue */

/* The word of a frame: how often its page was used since it came into its queue, and two bits. */
#define USES 0x3fffffffu
#define IN_MAIN 0x40000000u
#define TAKEN 0x80000000u /* isolated by us: if it is placed again, it has survived */

enum { MOST_EXAMINED = 4096 }; /* in one call; the rest of the queue waits for the next */

/* Of each lruvec: how many ghosts there may be, and whether the page that is about to come in was one. */
typedef struct { int64_t ghosts; uint32_t ghost_hit; } lruvec_state_t;

/* Every hit, in batches: the word is read and written in place, without a call. */
static void on_accesses(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *word = reclaim_words(lru, folios[i]);
        if ((*word & USES) != USES)
            ++*word;
    }
}

/* A page comes in, and room is made for it next: look it up before the ghosts move on. */
static void arrive(reclaim_lruvec_t *lru, uint32_t page, uint32_t returns)
{
    (void)returns; /* evicted, but perhaps long ago: only the ghost queue knows */
    ((lruvec_state_t *)lru->state)->ghost_hit = (uint32_t)reclaim_order_remove(lru, GHOST, page);
}

static uint32_t place(reclaim_lruvec_t *lru, uint32_t folio, uint32_t hint)
{
    const lruvec_state_t *state = (const lruvec_state_t *)lru->state;
    uint32_t *word = reclaim_words(lru, folio);
    (void)hint;
    if (*word & TAKEN)
        *word &= ~TAKEN; /* pinned, or its write failed: back to the queue that it was on */
    else
        *word = state->ghost_hit ? IN_MAIN : 0;
    return *word & IN_MAIN ? MAIN : SMALL;
}

/* Takes the first page of the small queue that was not used twice; the others go to the main queue on the way. */
static void take_from_small(reclaim_lruvec_t *lru, reclaim_batch_t *batch)
{
    uint32_t folio = reclaim_list_tail(lru, SMALL);
    while (folio != RECLAIM_NONE && batch->examined < MOST_EXAMINED) {
        uint32_t *word = reclaim_words(lru, folio);
        if ((*word & USES) < 2) {
            *word |= TAKEN;
            reclaim_try_isolate(lru, batch, folio);
            return;
        }
        *word = IN_MAIN;
        folio = reclaim_recycle(lru, batch, SMALL, folio, MAIN);
    }
}

/* Takes the first page of the main queue that was not used; the others go round again with one use less, of three. */
static void take_from_main(reclaim_lruvec_t *lru, reclaim_batch_t *batch)
{
    uint32_t folio = reclaim_list_tail(lru, MAIN);
    while (folio != RECLAIM_NONE && batch->examined < MOST_EXAMINED) {
        uint32_t *word = reclaim_words(lru, folio), uses = *word & USES;
        if (uses == 0) {
            *word |= TAKEN;
            reclaim_try_isolate(lru, batch, folio);
            return;
        }
        *word = IN_MAIN | ((uses < 3 ? uses : 3) - 1);
        folio = reclaim_recycle(lru, batch, MAIN, folio, MAIN);
    }
}

static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    int64_t capacity = reclaim_capacity(lru), main_size = capacity - capacity / 10;
    int64_t wanted = scan->nr_to_reclaim - scan->nr_reclaimed;
    ((lruvec_state_t *)lru->state)->ghosts = capacity * 9 / 10;
    (void)pass, (void)budget;
    while (batch->count < wanted && batch->count < RECLAIM_BATCH_MAX && batch->examined < MOST_EXAMINED) {
        int64_t in_main = reclaim_list_count(lru, MAIN), in_small = reclaim_list_count(lru, SMALL);
        if (in_main + in_small == 0)
            return;
        if (in_main > main_size || in_small == 0)
            take_from_main(lru, batch);
        else
            take_from_small(lru, batch);
    }
}

static void removed(reclaim_lruvec_t *lru, uint32_t folio, uint32_t reason)
{
    uint32_t *word = reclaim_words(lru, folio);
    if (reason == RECLAIM_REMOVED_EVICTED && !(*word & IN_MAIN))
        reclaim_order_push(lru, GHOST, folio, ((lruvec_state_t *)lru->state)->ghosts);
    if (reason != RECLAIM_REMOVED_MIGRATED)
        *word = 0; /* the frame's next page starts afresh; a migrated page takes its word along */
}

static const reclaim_policy_t s3fifo = {
    .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI,
    .name = "cs3fifo", .summary = "a small queue, a main queue and a ghost queue, in C",
    .flags = RECLAIM_SEES_ACCESSES | RECLAIM_SEES_ARRIVALS | RECLAIM_IGNORES_REFERENCES | RECLAIM_CLEAR_ON_PLACE,
    .sight = RECLAIM_SIGHT_ACCESSES,
    .lists = LISTS, .orders = ORDERS, .words_per_page = 1, .state_bytes = sizeof(lruvec_state_t),
    .on_accesses = on_accesses, .arrive = arrive, .place = place, .isolate = isolate, .remove = removed,
};

const reclaim_policy_t *reclaim_policy(void) { return &s3fifo; }

/* A policy that answers what there is not, one kind of it at a time. */
#include <stdint.h>

#include "reclaim_policy.h"

enum { PLACES, VERDICTS, DECISIONS, BATCHES, SCANS, HELPERS, SIZES, ORDERS };

__attribute__((visibility("default"))) int kind;

static uint32_t random_number(void)
{
    static uint32_t seed = 1;
    return (seed = seed * 1664525u + 1013904223u) | 0x1000;
}

static void call_helpers(const reclaim_lruvec_t *lru, reclaim_batch_t *batch)
{
    uint32_t folios[3] = {random_number(), lru->frame_count, RECLAIM_NONE}, pages[3];
    uint64_t young;
    reclaim_shadow_t shadow = {random_number(), random_number(), random_number(), 7};
    reclaim_list_tail(lru, random_number());
    reclaim_list_head(lru, RECLAIM_NONE);
    reclaim_toward_head(lru, folios[0]);
    reclaim_toward_tail(lru, folios[1]);
    reclaim_list_of(lru, folios[2]);
    reclaim_move_head_many(lru, random_number(), folios, 3);
    reclaim_move_tail_many(lru, 0, folios, 3);
    reclaim_move_head(lru, 0x80000000u, reclaim_list_tail(lru, 0));
    if (batch) {
        reclaim_isolate_many(lru, batch, folios, 3);
        reclaim_isolate_tail(lru, batch, random_number(), RECLAIM_NONE);
        reclaim_pass_over_many(lru, batch, folios, 3);
        reclaim_recycle(lru, batch, RECLAIM_NONE, folios[0], random_number());
    }
    reclaim_flags(lru, folios[0]);
    reclaim_change_flags(lru, folios[0], RECLAIM_NONE, 0);
    reclaim_change_flags(lru, folios[2], 0, RECLAIM_NONE);
    reclaim_try_change_flags(lru, folios[1], 1, 0, RECLAIM_NONE);
    reclaim_test_and_clear_young_many(lru, folios, 3, &young);
    reclaim_pages_of_many(lru, folios, 3, pages);
    reclaim_frame_of(lru, RECLAIM_NONE);
    reclaim_order_add_head(lru, random_number(), 0);
    reclaim_order_add_tail(lru, 0, RECLAIM_NONE);
    reclaim_order_insert(lru, 0, 0, RECLAIM_NONE - 1);
    reclaim_order_push(lru, 0, folios[0], INT64_MIN);
    reclaim_order_remove(lru, random_number(), 0);
    reclaim_can_reclaim_anon(lru, INT64_MIN);
    reclaim_count(lru, random_number(), random_number(), INT64_MIN);
    reclaim_count_refault(lru, folios[0]);
    reclaim_lruvec_of(lru, &shadow);
    reclaim_walk_page_tables(lru, RECLAIM_NONE, 0);
}

static uint32_t place(reclaim_lruvec_t *lru, uint32_t folio, uint32_t hint)
{
    (void)hint;
    if (kind == HELPERS)
        call_helpers(lru, 0);
    if (kind == ORDERS) /* the page of another cgroup, or of none */
        reclaim_order_add_head(lru, 0, reclaim_page_of(lru, folio) ^ 0x400);
    return kind == PLACES ? random_number() << 8 : 0;
}

static void removed(reclaim_lruvec_t *lru, uint32_t folio, uint32_t reason)
{
    (void)reason;
    if (kind == HELPERS)
        call_helpers(lru, 0);
    if (kind == ORDERS)
        reclaim_order_push(lru, 0, folio, 3);
}

static void spoil(reclaim_scan_t *scan)
{
    if (kind != SCANS)
        return;
    scan->priority = (int32_t)random_number() - 5000;
    scan->marks = random_number();
    scan->nr_reclaimed = INT64_MAX; /* not the policy's to say: has no effect */
    scan->nr_to_reclaim = -1;
}

static int32_t budget(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget)
{
    static int turn;
    (void)lru;
    (void)pass;
    spoil(scan);
    if (kind != DECISIONS)
        return (scan->flags & RECLAIM_SCAN_BACKGROUND) == 0;
    budget->done = random_number();
    return turn++ % 2 ? 1 : -7;
}

static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    (void)pass;
    (void)budget;
    spoil(scan);
    if (kind == HELPERS)
        call_helpers(lru, batch);
    reclaim_isolate_tail(lru, batch, 0, 8);
    if (kind == BATCHES) {
        batch->count = RECLAIM_NONE; /* not its to say either */
        batch->disposition = random_number();
        batch->type = random_number();
        batch->examined = -(int64_t)random_number();
    }
}

static uint32_t verdict(reclaim_lruvec_t *lru, uint32_t folio, const reclaim_references_t *references, uint32_t disposition)
{
    static int turn;
    (void)references;
    (void)disposition;
    if (kind == HELPERS)
        reclaim_move_head(lru, 0, folio);
    return kind == VERDICTS && turn++ % 3 == 0 ? random_number() : RECLAIM_VERDICT_EVICT;
}

static int32_t after(reclaim_lruvec_t *lru, reclaim_scan_t *scan, reclaim_budget_t *budget, const reclaim_batch_t *batch)
{
    spoil(scan);
    (void)budget;
    if (kind == HELPERS) {
        reclaim_batch_t copy = *batch;
        reclaim_isolate_tail(lru, &copy, 0, 8);
    }
    return kind == DECISIONS ? 12345 : 0;
}

static int32_t go_on(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget)
{
    int64_t left = scan->nr_to_reclaim - scan->nr_reclaimed;
    (void)lru;
    (void)pass;
    (void)budget;
    spoil(scan);
    return kind == DECISIONS ? INT32_MIN : left > 0;
}

static void sizes(reclaim_lruvec_t *lru, reclaim_sizes_t *sizes)
{
    sizes->inactive_anon = reclaim_resident(lru, RECLAIM_TYPE_ANON);
    sizes->inactive_file = reclaim_resident(lru, RECLAIM_TYPE_FILE);
    if (kind == SIZES) {
        sizes->inactive_anon = INT64_MIN;
        sizes->active_file = INT64_MAX;
        sizes->inactive_file = INT64_MAX;
    }
}

static const reclaim_policy_t garbage = {
    .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "garbage",
    .mechanisms = RECLAIM_USES_WALK, .orders = 1,
    .place = place, .remove = removed, .budget = budget, .isolate = isolate, .verdict = verdict, .after = after, .continue_ = go_on,
    .sizes = sizes,
};

const reclaim_policy_t *reclaim_policy(void) { return &garbage; }

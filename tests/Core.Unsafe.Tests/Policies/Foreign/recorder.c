/* A policy that does what the defaults do, through helpers, and checks on the way that it is given what the header says. */
#include <stdint.h>
#include <string.h>

#include "reclaim_policy.h"

enum { ONLINE, PLACE, REMOVE, ARRIVE, FORGET, EVENT, ACCESSES, YOUNG, AGE, PREPARE, BUDGET, ISOLATE, VERDICT, AFTER, CONTINUE, VISITED,
       SHADOW, REFAULT, BIRTH, SIZES, CHECKED, OFFLINE, COLDEST, DUMP, OPERATIONS };

#define EXPORT __attribute__((visibility("default")))

EXPORT long long calls[OPERATIONS];
EXPORT char wrong[256];

typedef struct state {
    uint64_t magic;
    uint32_t online;
    uint32_t arriving;
} state_t;

#define MAGIC 0x1234567890abcdefull
#define SAY_(line) #line
#define SAY(line) SAY_(line)
#define HOLDS(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition) && wrong[0] == 0)                                                                            \
            strncpy(wrong, "line " SAY(__LINE__) ": " #condition, sizeof wrong - 1);                                  \
    } while (0)

static state_t *enter(reclaim_lruvec_t *lru, int operation)
{
    state_t *state = (state_t *)lru->state;
    calls[operation]++;
    HOLDS(state->magic == MAGIC);
    HOLDS(state->online == lru->memcg + 1);
    return state;
}

static void check_scan(const reclaim_scan_t *scan)
{
    HOLDS(scan->nr_to_reclaim > 0);
    HOLDS(scan->nr_reclaimed >= 0 && scan->nr_scanned >= 0);
    HOLDS(scan->priority >= 0 && scan->priority <= 12);
    HOLDS(scan->swappiness >= -1 && scan->swappiness <= 201);
    HOLDS(scan->reclaimer <= RECLAIM_BY_PROACTIVE);
    HOLDS((scan->flags & ~31u) == 0 && (scan->marks & ~31u) == 0);
}

static void online(reclaim_lruvec_t *lru)
{
    state_t *state = (state_t *)lru->state;
    calls[ONLINE]++;
    HOLDS(state->magic == 0 && state->online == 0);
    HOLDS(lru->helpers->struct_size == sizeof(reclaim_helpers_t));
    HOLDS(lru->list_count == 2 && lru->order_count == 1);
    HOLDS(lru->frame_count > 0 && lru->page_count > 0);
    HOLDS(reclaim_list_count(lru, 0) == 0 && reclaim_list_count(lru, 99) == 0);
    HOLDS(reclaim_list_tail(lru, 0) == RECLAIM_NONE);
    HOLDS(reclaim_order_count(lru, 0) == 0 && reclaim_order_head(lru, 0) == RECLAIM_NONE);
    state->magic = MAGIC;
    state->online = lru->memcg + 1;
}

static uint32_t place(reclaim_lruvec_t *lru, uint32_t folio, uint32_t hint)
{
    enter(lru, PLACE);
    HOLDS(folio < lru->frame_count);
    HOLDS(hint <= RECLAIM_HINT_TAIL);
    HOLDS(reclaim_flags(lru, folio) & RECLAIM_FOLIO_ISOLATED);
    HOLDS(reclaim_list_of(lru, folio) == RECLAIM_NONE);
    HOLDS(reclaim_order_add_head(lru, 0, reclaim_page_of(lru, folio)) == 1);
    HOLDS(reclaim_order_contains(lru, 0, reclaim_page_of(lru, folio)));
    HOLDS(reclaim_order_head(lru, 0) == reclaim_page_of(lru, folio));
    *reclaim_words(lru, folio) = 0;
    return hint == RECLAIM_HINT_TAIL ? RECLAIM_AT_TAIL : 0;
}

static void removed(reclaim_lruvec_t *lru, uint32_t folio, uint32_t reason)
{
    enter(lru, REMOVE);
    HOLDS(folio < lru->frame_count);
    HOLDS(reason <= RECLAIM_REMOVED_FREED || reason == RECLAIM_REMOVED_REBOUND);
    HOLDS((reclaim_list_of(lru, folio) == RECLAIM_NONE) == (reason == RECLAIM_REMOVED_EVICTED));
}

static void arrive(reclaim_lruvec_t *lru, uint32_t page, uint32_t returns)
{
    state_t *state = enter(lru, ARRIVE);
    HOLDS(page < lru->page_count);
    HOLDS(returns <= 1);
    HOLDS(returns == (reclaim_history(lru, page)[1] == 5)); /* set when it was evicted, zeroed when it was discarded */
    HOLDS(reclaim_list_count(lru, 0) < reclaim_capacity(lru) + 1);
    state->arriving = page;
}

static void forget(reclaim_lruvec_t *lru, uint32_t page)
{
    enter(lru, FORGET);
    HOLDS(reclaim_order_contains(lru, 0, page));
}

static void on_event(reclaim_lruvec_t *lru, uint32_t folio, uint32_t event)
{
    state_t *state = enter(lru, EVENT);
    HOLDS(folio < lru->frame_count);
    HOLDS(event <= RECLAIM_EVENT_DESCRIPTOR);
    if (event != RECLAIM_EVENT_DESCRIPTOR)
        HOLDS(state->arriving == reclaim_page_of(lru, folio));
    HOLDS(event != RECLAIM_EVENT_FAULT || reclaim_type(lru, folio) == RECLAIM_TYPE_ANON);
    HOLDS((event == RECLAIM_EVENT_DESCRIPTOR) == (reclaim_list_of(lru, folio) != RECLAIM_NONE));
    if (event == RECLAIM_EVENT_DESCRIPTOR) {
        reclaim_change_flags(lru, folio, 0, RECLAIM_FOLIO_YOUNG | RECLAIM_FOLIO_PINNED);
        HOLDS((reclaim_flags(lru, folio) & (RECLAIM_FOLIO_YOUNG | RECLAIM_FOLIO_PINNED)) == RECLAIM_FOLIO_YOUNG);
    }
}

static void on_accesses(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count)
{
    uint32_t i;
    enter(lru, ACCESSES);
    HOLDS(count > 0);
    for (i = 0; i < count; i++) {
        HOLDS(folios[i] < lru->frame_count);
        ++*reclaim_words(lru, folios[i]);
    }
}

static void on_young(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count, uint32_t source)
{
    enter(lru, YOUNG);
    HOLDS(count > 0 && count <= 512);
    HOLDS(source <= RECLAIM_YOUNG_LOOKAROUND);
    HOLDS(folios[count - 1] < lru->frame_count);
}

static void age(reclaim_lruvec_t *lru, int32_t swappiness)
{
    reclaim_walked_t walked;
    enter(lru, AGE);
    HOLDS(swappiness >= 0 && swappiness <= 200);
    walked.entries = -1;
    reclaim_walk_page_tables(lru, RECLAIM_WALK_FORCE | RECLAIM_WALK_NO_FILTER, &walked);
    HOLDS(walked.entries >= walked.young && walked.young >= 0);
}

static void prepare(reclaim_lruvec_t *target, reclaim_scan_t *scan, void *pass)
{
    static const char zero[RECLAIM_PASS_BYTES];
    enter(target, PREPARE);
    check_scan(scan);
    HOLDS(memcmp(pass, zero, RECLAIM_PASS_BYTES) == 0);
    memset(pass, 3, RECLAIM_PASS_BYTES);
}

static void check_visit(const reclaim_scan_t *scan, const void *pass, const reclaim_budget_t *budget, int first)
{
    check_scan(scan);
    HOLDS(((const char *)pass)[0] == 3 && ((const char *)pass)[RECLAIM_PASS_BYTES - 1] == 3);
    HOLDS(budget->reclaimed >= 0 && budget->examined >= budget->fruitless && budget->done == 0);
    HOLDS(((const char *)budget->state)[0] == (first ? 0 : 9));
    HOLDS(((const char *)budget->state)[RECLAIM_BUDGET_BYTES - 1] == (first ? 0 : 9));
}

static int32_t budget(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget)
{
    enter(lru, BUDGET);
    check_visit(scan, pass, budget, 1);
    memset(budget->state, 9, RECLAIM_BUDGET_BYTES);
    if (scan->flags & RECLAIM_SCAN_BACKGROUND)
        return 0;
    return scan->nr_reclaimed < scan->nr_to_reclaim && reclaim_list_count(lru, 0) > 0;
}

static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    uint32_t folio = reclaim_list_tail(lru, 0), i, before;
    enter(lru, ISOLATE);
    check_visit(scan, pass, budget, 0);
    HOLDS(batch->count == 0 && batch->examined == 0 && batch->disposition == RECLAIM_FOR_EVICTION);
    if (folio == RECLAIM_NONE)
        return;
    HOLDS(reclaim_frame_of(lru, reclaim_page_of(lru, folio)) == folio);
    HOLDS(reclaim_toward_tail(lru, folio) == RECLAIM_NONE);
    HOLDS(reclaim_list_of(lru, folio) == 0);
    HOLDS(reclaim_list_count(lru, 0) == 1 || reclaim_toward_tail(lru, reclaim_toward_head(lru, folio)) == folio);
    if (*reclaim_words(lru, folio) > 3) {
        HOLDS(reclaim_recycle(lru, batch, 0, folio, 1) == reclaim_list_tail(lru, 0));
        HOLDS(batch->examined == 1 && batch->scanned == 1);
        *reclaim_words(lru, folio) = 0;
        HOLDS(reclaim_list_of(lru, folio) == 1 && reclaim_list_head(lru, 1) == folio);
        HOLDS(reclaim_move_tail(lru, 0, folio) == 1);
        HOLDS(reclaim_list_tail(lru, 0) == folio);
        reclaim_test_and_clear_young(lru, folio);
        HOLDS(reclaim_test_and_clear_young(lru, folio) == 0);
    }
    before = batch->count;
    i = reclaim_isolate_tail(lru, batch, 0, 2);
    HOLDS(i >= 1 && i <= 2 && batch->count == before + i);
    HOLDS(batch->folios[0] < lru->frame_count);
    HOLDS(batch->examined >= batch->count);
}

static uint32_t verdict(reclaim_lruvec_t *lru, uint32_t folio, const reclaim_references_t *references, uint32_t disposition)
{
    enter(lru, VERDICT);
    HOLDS(folio < lru->frame_count);
    HOLDS(references->executable <= 1 && references->is_mapped <= 1);
    HOLDS(disposition == RECLAIM_FOR_EVICTION);
    return references->mappings > 0 && *reclaim_words(lru, folio) == 1 ? RECLAIM_VERDICT_KEEP : RECLAIM_VERDICT_EVICT;
}

static int32_t after(reclaim_lruvec_t *lru, reclaim_scan_t *scan, reclaim_budget_t *budget, const reclaim_batch_t *batch)
{
    enter(lru, AFTER);
    check_scan(scan);
    HOLDS(((const char *)budget->state)[0] == 9);
    HOLDS(batch->count > 0 && batch->survivors <= batch->count);
    HOLDS(batch->reclaimed == batch->count - batch->survivors);
    return batch->survivors > 0;
}

static int32_t go_on(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget)
{
    enter(lru, CONTINUE);
    check_visit(scan, pass, budget, 0);
    HOLDS(budget->examined > 0);
    return scan->nr_reclaimed < scan->nr_to_reclaim && budget->fruitless < 400;
}

static void visited(reclaim_lruvec_t *lru, reclaim_scan_t *scan, uint32_t outcome)
{
    enter(lru, VISITED);
    check_scan(scan);
    HOLDS(outcome == RECLAIM_VISIT_PARTIAL);
}

static uint32_t make_shadow(reclaim_lruvec_t *lru, uint32_t folio, reclaim_lruvec_t *target)
{
    enter(lru, SHADOW);
    HOLDS(target == NULL || target->node == lru->node);
    reclaim_history(lru, reclaim_page_of(lru, folio))[1] = 5;
    return (uint32_t)reclaim_nonresident_age(lru, 1) & 0xff;
}

static void on_refault(reclaim_lruvec_t *lru, uint32_t folio, const reclaim_shadow_t *shadow, uint32_t in_fault)
{
    enter(lru, REFAULT);
    HOLDS(shadow->stamp <= 0xff);
    HOLDS(shadow->memcg == lru->memcg && shadow->node == lru->node);
    HOLDS(reclaim_lruvec_of(lru, shadow) == lru);
    HOLDS(in_fault <= 1);
    reclaim_count_refault(lru, folio);
    reclaim_count(lru, RECLAIM_COUNT_ACTIVATE_REFAULT, reclaim_type(lru, folio), 1);
}

static int64_t oldest_birth_ms(reclaim_lruvec_t *lru, int32_t swappiness)
{
    enter(lru, BIRTH);
    HOLDS(swappiness >= 0);
    HOLDS(reclaim_now_ms(lru) >= 0);
    return INT64_MIN;
}

static void sizes(reclaim_lruvec_t *lru, reclaim_sizes_t *sizes)
{
    enter(lru, SIZES);
    HOLDS(sizes->inactive_anon == 0 && sizes->active_file == 0);
    sizes->active_anon = reclaim_resident(lru, RECLAIM_TYPE_ANON);
    sizes->inactive_file = reclaim_resident(lru, RECLAIM_TYPE_FILE);
}

static int32_t check(reclaim_lruvec_t *lru, char *text, uint32_t capacity)
{
    enter(lru, CHECKED);
    HOLDS(capacity >= 256 && text[0] == 0);
    return 0;
}

static void offline(reclaim_lruvec_t *lru)
{
    state_t *state = enter(lru, OFFLINE);
    HOLDS(reclaim_list_count(lru, 0) == 0);
    state->magic = 1; /* nothing is called any more, or enter says so */
}

static uint32_t coldest_first(reclaim_lruvec_t *lru, uint32_t *lists, uint32_t count)
{
    enter(lru, COLDEST);
    HOLDS(count == 2);
    lists[0] = 0;
    lists[1] = 1;
    return 2;
}

static void dump(reclaim_lruvec_t *lru, char *text, uint32_t capacity)
{
    enter(lru, DUMP);
    HOLDS(capacity >= 1024 && text[0] == 0);
    strcpy(text, "all is written down\n");
}

static const reclaim_policy_t recorder = {
    .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "recorder",
    .flags = RECLAIM_SEES_ACCESSES | RECLAIM_SEES_ARRIVALS, .sight = RECLAIM_SIGHT_ACCESSES,
    .mechanisms = RECLAIM_USES_WALK | RECLAIM_USES_REFAULT | RECLAIM_USES_LOOKAROUND,
    .lists = 2, .state_bytes = sizeof(state_t), .words_per_page = 1, .history_words = 2, .orders = 1,
    .lruvec_online = online, .place = place, .remove = removed, .arrive = arrive, .forget = forget, .on_event = on_event,
    .on_accesses = on_accesses, .on_young = on_young, .age = age, .prepare = prepare, .budget = budget, .isolate = isolate,
    .verdict = verdict, .after = after, .continue_ = go_on, .visited = visited, .make_shadow = make_shadow, .on_refault = on_refault,
    .oldest_birth_ms = oldest_birth_ms, .sizes = sizes, .check = check, .lruvec_offline = offline, .coldest_first = coldest_first, .dump = dump,
};

const reclaim_policy_t *reclaim_policy(void) { return &recorder; }

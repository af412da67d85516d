/* What calls do when all is well: accesses, limits, protection, pins, kswapd, counters. */
#include <string.h>

#include "check.h"

static uint32_t resident(reclaim_address_space_t *space, uint64_t page)
{
    uint32_t answer = 2;
    OK(reclaim_address_space_is_resident(space, page, &answer));
    return answer;
}

static uint64_t usage(reclaim_memcg_t *memcg)
{
    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(memcg, &state));
    return state.usage;
}

static int64_t counter(reclaim_memcg_t *memcg, const char *name)
{
    int64_t value = -1;
    OK(reclaim_memcg_read_counter(memcg, name, RECLAIM_NUL_TERMINATED, &value));
    return value;
}

static void accesses_are_tallied(const world_t *w)
{
    const uint32_t words[6] = { 0, 1 | RECLAIM_WRITE, 300, 301 | RECLAIM_WRITE, 300, 0 };
    reclaim_tally_t tally;
    memset(&tally, 0xff, sizeof tally);
    tally.struct_size = sizeof tally;
    OK(reclaim_address_space_access(w->space, words, 6, &tally));
    CHECK(tally.processed == 6 && tally.hits == 4 && tally.cold_faults == 2 && tally.reserved == 0);
    CHECK(tally.minor_faults == 0 && tally.refaults == 0 && tally.refused == 0);
    CHECK(resident(w->space, 300) == 1 && resident(w->space, 302) == 0);

    OK(reclaim_address_space_access(w->space, NULL, 0, &tally));
    CHECK(tally.processed == 0 && tally.hits == 0);

    OK(reclaim_address_space_access_page(w->space, 302, RECLAIM_WRITE));
    CHECK(resident(w->space, 302) == 1);
    CHECK(usage(w->memcg) == 303 && usage(w->root) == 303);
    CHECK(counter(w->memcg, "pgfault") == 303 && counter(w->root, "pgfault") == 303);

    /* A bad word ends the batch; what came before it is done, what comes after is not. */
    const uint32_t beyond[4] = { 0, 303, WORLD_PAGES | RECLAIM_WRITE, 304 };
    FAILS(RECLAIM_E_RANGE, reclaim_address_space_access(w->space, beyond, 4, &tally));
    CHECK(tally.processed == 2 && tally.hits == 1 && tally.cold_faults == 1);
    CHECK(resident(w->space, 303) == 1 && resident(w->space, 304) == 0);
}

static void limits_hold(const world_t *w)
{
    OK(reclaim_memcg_set_max(w->memcg, 200));
    CHECK(usage(w->memcg) <= 200);
    OK(access_range(w->space, 0, WORLD_PAGES, 0));
    CHECK(usage(w->memcg) <= 200);
    CHECK(counter(w->memcg, "pswpout") >= 400 && counter(w->memcg, "pgsteal_direct") > 0);

    reclaim_tally_t tally;
    PREPARE(tally);
    uint32_t page = 0;
    while (resident(w->space, page) == 1)
        page++;
    OK(reclaim_address_space_access(w->space, &page, 1, &tally));
    CHECK(tally.refaults == 1 && counter(w->memcg, "pswpin") > 0);

    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(w->memcg, &state));
    CHECK(state.max == 200 && state.min == 0 && state.low == 0 && state.swappiness == 60);
    OK(reclaim_memcg_set_swappiness(w->memcg, 200));
    OK(reclaim_memcg_set_protection(w->memcg, 10, 20));
    OK(reclaim_memcg_set_max(w->memcg, RECLAIM_UNLIMITED));
    OK(reclaim_memcg_read(w->memcg, &state));
    CHECK(state.max == RECLAIM_UNLIMITED && state.min == 10 && state.low == 20 && state.swappiness == 200);
}

static void a_limit_that_cannot_be_met_stands(const world_t *w)
{
    OK(reclaim_memcg_set_protection(w->memcg, 0, 0));
    for (uint64_t page = 0; page < WORLD_PAGES; page++) {
        if (resident(w->space, page) == 1)
            OK(reclaim_address_space_pin(w->space, page));
    }

    uint64_t pinned = usage(w->memcg);
    FAILS(RECLAIM_E_AGAIN, reclaim_memcg_set_max(w->memcg, 1));
    CHECK(usage(w->memcg) == pinned);

    uint32_t words[WORLD_PAGES];
    for (uint32_t i = 0; i < WORLD_PAGES; i++)
        words[i] = i;
    reclaim_tally_t tally;
    PREPARE(tally);
    FAILS(RECLAIM_E_NO_MEMORY, reclaim_address_space_access(w->space, words, WORLD_PAGES, &tally));
    CHECK(tally.refused == 1 && tally.processed == tally.hits + 1);
    CHECK(resident(w->space, tally.processed - 1) == 0);
    FAILS(RECLAIM_E_NO_MEMORY, reclaim_address_space_access_page(w->space, tally.processed - 1, 0));
    CHECK(counter(w->memcg, "oom") > 0);

    for (uint64_t page = 0; page < WORLD_PAGES; page++) {
        if (resident(w->space, page) == 1)
            OK(reclaim_address_space_unpin(w->space, page));
    }

    OK(reclaim_memcg_set_max(w->memcg, 1));
    CHECK(usage(w->memcg) <= 1);
    OK(reclaim_memcg_set_max(w->memcg, RECLAIM_UNLIMITED));
}

static void kswapd_balances_its_node(const world_t *w)
{
    reclaim_address_space_options_t options;
    PREPARE(options);
    options.pages = 4096;
    options.home_node = 1;
    reclaim_address_space_t *big = NULL;
    OK(reclaim_address_space_create(w->engine, &options, &big));
    OK(access_range(big, 0, 4096, RECLAIM_WRITE));

    for (uint32_t node = 0; node < 2; node++) {
        reclaim_node_state_t before;
        PREPARE(before);
        OK(reclaim_node_read(w->engine, node, &before));
        CHECK(before.flags == RECLAIM_NODE_KSWAPD_WANTED && before.free <= before.watermark_low);
        CHECK(before.watermark_min < before.watermark_low && before.watermark_low < before.watermark_high);

        uint64_t reclaimed = 0;
        OK(reclaim_node_run_kswapd(w->engine, node, &reclaimed));
        reclaim_node_state_t after;
        PREPARE(after);
        OK(reclaim_node_read(w->engine, node, &after));
        CHECK(reclaimed > 0 && after.free == before.free + reclaimed);
        CHECK(after.flags == 0 && after.free > after.watermark_high);
    }

    int64_t machine = 0;
    OK(reclaim_engine_read_counter(w->engine, "pgsteal_kswapd", RECLAIM_NUL_TERMINATED, &machine));
    CHECK(machine > 0 && machine == counter(w->root, "pgsteal_kswapd"));
    OK(reclaim_engine_read_counter(w->engine, "pgfault", RECLAIM_NUL_TERMINATED, &machine));
    CHECK(machine > 4096 && machine == counter(w->root, "pgfault"));
    OK(reclaim_engine_read_counter(w->engine, "allocstall_normal", RECLAIM_NUL_TERMINATED, &machine));
    CHECK(machine > 0);

    /* All that it used is free again when it ends. */
    OK(reclaim_address_space_destroy(big));
    CHECK(usage(w->root) == usage(w->memcg));
    OK(reclaim_node_run_kswapd(w->engine, 1, NULL));
}

static void cgroups_have_policies_and_parents(const world_t *w)
{
    reclaim_memcg_options_t options;
    PREPARE(options);
    options.parent = w->memcg;
    options.name = "child of a job";
    options.name_length = 5;
    options.policy = "classic+lookaround and more";
    options.policy_length = strlen("classic+lookaround");
    reclaim_memcg_t *child = NULL;
    OK(reclaim_memcg_create(w->engine, &options, &child));

    reclaim_address_space_options_t memory;
    PREPARE(memory);
    memory.pages = 20;
    memory.memcg = child;
    reclaim_address_space_t *space = NULL;
    OK(reclaim_address_space_create(w->engine, &memory, &space));
    uint64_t before = usage(w->memcg);
    OK(access_range(space, 0, 20, 0));
    CHECK(usage(child) == 20 && usage(w->memcg) == before + 20);
}

void test_calls(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    accesses_are_tallied(w);
    limits_hold(w);
    a_limit_that_cannot_be_met_stands(w);
    kswapd_balances_its_node(w);
    cgroups_have_policies_and_parents(w);
    world_close(w);
}

/* What an engine is made of: flags and options beyond the plain ones, and what does not go together. */
#include <string.h>

#include "check.h"

static char text[262144];

static const char *stats_of(const world_t *w)
{
    uint64_t length = 0;
    OK(reclaim_engine_read_stats(w->engine, text, sizeof text - 1, &length));
    text[length] = 0;
    return text;
}

static void refused(reclaim_engine_options_t *options, int32_t status)
{
    reclaim_engine_t *engine = NULL;
    FAILS(status, reclaim_engine_create(options, &engine));
    CHECK(engine == NULL);
    world_options(options);
}

static void options_that_do_not_go_together_are_refused(void)
{
    static const reclaim_node_options_t odd[1] = { { 1000, 0, 0 } };
    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = 0x80000000u;
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_UNORDERED; /* classic needs an order */
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_IDENTITY; /* has exactly the tables of its frames */
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_IDENTITY | RECLAIM_ENGINE_DEMOTION;
    options.leaf_tables = 0;
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_IDENTITY;
    options.leaf_tables = 0;
    options.shared_mappings = 1;
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_IDENTITY;
    options.leaf_tables = 0;
    options.nodes = odd;
    options.node_count = 1;
    refused(&options, RECLAIM_E_INVALID);
    options.flags = RECLAIM_ENGINE_NO_MEMCG; /* with room for 4 */
    refused(&options, RECLAIM_E_INVALID);
    options.vector_bits = 100;
    refused(&options, RECLAIM_E_INVALID);
    options.vector_bits = 0x80000080u;
    refused(&options, RECLAIM_E_INVALID);
    options.fallback = "none";
    options.fallback_length = RECLAIM_NUL_TERMINATED;
    refused(&options, RECLAIM_E_INVALID);
    options.fallback = "fifo,lru";
    options.fallback_length = RECLAIM_NUL_TERMINATED;
    refused(&options, RECLAIM_E_INVALID);
    options.fallback = "";
    refused(&options, RECLAIM_E_INVALID);
}

static void the_engine_is_what_was_asked_for(void)
{
    world_t world, *w = &world;
    reclaim_engine_options_t options;
    reclaim_address_space_options_t space;
    world_options(&options);
    world_open_with(w, &options);
    CHECK(strstr(stats_of(w), "\"exact_order\":true,\"identity\":false") != NULL);
    CHECK(strstr(text, "\"name\":\"rmap.slot\",\"element_bytes\":4,\"elements\":384,") != NULL);
    world_close(w);

    world_options(&options);
    options.flags = RECLAIM_ENGINE_UNORDERED;
    options.policies = "mglru";
    options.vector_bits = 64;
    options.shared_mappings = 1000;
    world_open_with(w, &options);
    CHECK(strstr(stats_of(w), "\"exact_order\":false") != NULL && strstr(text, "\"vector_bits\":64,") != NULL);
    CHECK(strstr(text, "\"name\":\"rmap.slot\",\"element_bytes\":4,\"elements\":1000,") != NULL);
    OK(reclaim_memcg_set_max(w->memcg, 100));
    OK(access_range(w->space, 0, WORLD_PAGES, 0));
    world_close(w);

    world_options(&options);
    options.flags = RECLAIM_ENGINE_IDENTITY;
    options.leaf_tables = 0;
    world_open_with(w, &options);
    CHECK(strstr(stats_of(w), "\"identity\":true") != NULL && strstr(text, "\"name\":\"rmap.slot\",\"element_bytes\":4,\"elements\":1,") != NULL);
    OK(reclaim_memcg_set_max(w->memcg, 100));
    OK(access_range(w->space, 0, WORLD_PAGES, RECLAIM_WRITE));
    world_close(w);

    world_options(&options);
    options.flags = RECLAIM_ENGINE_NO_MEMCG;
    options.memcgs = 0;
    OK(reclaim_engine_create(&options, &w->engine));
    OK(reclaim_engine_root(w->engine, &w->root));
    PREPARE(space);
    space.pages = WORLD_PAGES;
    OK(reclaim_address_space_create(w->engine, &space, &w->space));
    OK(access_range(w->space, 0, 100, 0));
    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(w->root, &state));
    CHECK(state.usage == 0);
    CHECK(strstr(stats_of(w), "\"memcgs\":false") != NULL);
    reclaim_memcg_options_t child;
    PREPARE(child);
    child.name = "job";
    child.name_length = RECLAIM_NUL_TERMINATED;
    reclaim_memcg_t *none = NULL;
    FAILS(RECLAIM_E_UNSUPPORTED, reclaim_memcg_create(w->engine, &child, &none));
    CHECK(none == NULL);
    world_close(w);
}

static int broken_calls;

/* Proposes nothing, ever: the third reclaim that fails for it ends it. */
static void isolate_nothing(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    (void)lru, (void)scan, (void)pass, (void)budget, (void)batch;
    broken_calls++;
}

static void the_fallback_takes_over(void)
{
    world_t world, *w = &world;
    reclaim_engine_options_t options;
    reclaim_policy_t broken;
    const reclaim_policy_t *tables[1] = { &broken };
    memset(&broken, 0, sizeof broken);
    broken.struct_size = sizeof broken;
    broken.abi = RECLAIM_POLICY_ABI;
    broken.name = "broken";
    broken.flags = RECLAIM_IGNORES_REFERENCES;
    broken.isolate = isolate_nothing;
    world_options(&options);
    options.tables = tables;
    options.table_count = 1;
    options.policies = "broken";
    options.fallback = "sieve";
    options.fallback_length = 5;
    world_open_with(w, &options);
    OK(reclaim_memcg_set_max(w->memcg, WORLD_TOUCHED));
    (void)access_range(w->space, 0, WORLD_PAGES, 0);
    CHECK(broken_calls > 0);
    CHECK(strstr(stats_of(w), "\"cause\":\"Withheld\"") != NULL && strstr(text, "\"fallback\":\"sieve\"") != NULL);
    CHECK(strstr(text, "\"path\":\"/job\",\"policy\":\"sieve\"") != NULL);
    OK(access_range(w->space, 0, WORLD_PAGES, 0));
    FAILS(RECLAIM_E_INVALID, reclaim_memcg_set_policy(w->memcg, "broken", RECLAIM_NUL_TERMINATED));
    world_close(w);
}

void test_options(void)
{
    options_that_do_not_go_together_are_refused();
    the_engine_is_what_was_asked_for();
    the_fallback_takes_over();
}

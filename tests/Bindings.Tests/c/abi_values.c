/* Values out of their range, in every call that takes one: refused by the documented code, with nothing changed. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void engine_options_are_checked(const world_t *w)
{
    reclaim_engine_t *engine = NULL;
    reclaim_engine_options_t options;
#define WITH(assignment, status)                                                                                      \
    do {                                                                                                              \
        world_options(&options);                                                                                      \
        assignment;                                                                                                   \
        REFUSED(status, reclaim_engine_create(&options, &engine));                                                    \
    } while (0)

    reclaim_node_options_t nodes[65];
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < 65; i++)
        nodes[i].pages = 1024;
    reclaim_node_options_t small = { 255, 0, 0 };
    reclaim_node_options_t huge = { UINT64_C(1) << 32, 0, 0 };
    reclaim_node_options_t high = { 1024, UINT32_MAX, 0 };
    reclaim_node_options_t reserved = { 1024, 0, 1 };

    WITH(options.flags = 8, RECLAIM_E_INVALID);
    WITH(options.flags = UINT32_MAX, RECLAIM_E_INVALID);
    WITH(options.nodes = NULL, RECLAIM_E_NULL);
    WITH(options.node_count = 0, RECLAIM_E_INVALID);
    WITH((options.nodes = nodes, options.node_count = 65), RECLAIM_E_INVALID);
    WITH(options.node_count = UINT32_MAX, RECLAIM_E_INVALID);
    WITH((options.nodes = &small, options.node_count = 1), RECLAIM_E_INVALID);
    WITH((options.nodes = &huge, options.node_count = 1), RECLAIM_E_INVALID);
    WITH((options.nodes = &high, options.node_count = 1), RECLAIM_E_INVALID);
    WITH((options.nodes = &reserved, options.node_count = 1), RECLAIM_E_INVALID);
    WITH(options.policies = "", RECLAIM_E_INVALID);
    WITH(options.policies = "nosuch", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru,mglru", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru,", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru-", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru-nosuch", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru-bloom+bloom", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru-none", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru-2", RECLAIM_E_INVALID);
    WITH(options.policies = "fifo+walk", RECLAIM_E_INVALID);
    WITH(options.policies = "mglru\xff", RECLAIM_E_INVALID);
    WITH(options.policies_length = 4, RECLAIM_E_INVALID);
    WITH(options.memcgs = 65536, RECLAIM_E_INVALID);
    WITH(options.memcgs = UINT32_MAX, RECLAIM_E_INVALID);
    WITH(options.address_spaces = 65536, RECLAIM_E_INVALID);
    WITH(options.leaf_tables = (1u << 23) + 1, RECLAIM_E_INVALID);
    WITH(options.reserved = 1, RECLAIM_E_INVALID);
    WITH(options.swap_pages = 1, RECLAIM_E_INVALID);
#undef WITH
    CHECK(engine == NULL);

    static char endless[5000];
    memset(endless, 'a', sizeof endless - 1);
    world_options(&options);
    options.policies = endless;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_create(&options, &engine));
    options.policies_length = UINT64_MAX - 1;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_create(&options, &engine));
}

/* Capacities that this machine can't hold: no engine, no harm, and the next one is built. */
static void a_system_without_memory(const world_t *w)
{
    reclaim_node_options_t nodes[64];
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < 64; i++)
        nodes[i].pages = 1024;
    reclaim_engine_options_t options;
    world_options(&options);
    options.nodes = nodes;
    options.node_count = 64;
    options.memcgs = 65535;
    reclaim_engine_t *engine = NULL;
    REFUSED(RECLAIM_E_SYSTEM_MEMORY, reclaim_engine_create(&options, &engine));
    CHECK(engine == NULL);
    world_t next;
    world_open(&next);
    world_close(&next);
}

static void memcg_options_are_checked(const world_t *w)
{
    reclaim_memcg_t *memcg = NULL;
    reclaim_memcg_options_t options;
#define WITH(assignment, status)                                                                                      \
    do {                                                                                                              \
        PREPARE(options);                                                                                             \
        options.name = "new";                                                                                         \
        options.name_length = RECLAIM_NUL_TERMINATED;                                                                 \
        assignment;                                                                                                   \
        REFUSED(status, reclaim_memcg_create(w->engine, &options, &memcg));                                           \
    } while (0)

    WITH(options.flags = 1, RECLAIM_E_INVALID);
    WITH(options.name = NULL, RECLAIM_E_NULL);
    WITH(options.name = "", RECLAIM_E_INVALID);
    WITH(options.name_length = 0, RECLAIM_E_INVALID);
    WITH(options.name = "a/b", RECLAIM_E_INVALID);
    WITH(options.name = "\xc3", RECLAIM_E_INVALID);
    WITH(options.name = "job", RECLAIM_E_EXISTS);
    WITH((options.name = "jobs", options.name_length = 3), RECLAIM_E_EXISTS);
    WITH((options.policy = "clock", options.policy_length = 5), RECLAIM_E_NOT_FOUND);
    WITH((options.policy = "classic", options.policy_length = 7), RECLAIM_E_NOT_FOUND);
    WITH((options.policy = "", options.policy_length = 0), RECLAIM_E_NOT_FOUND);
#undef WITH
    CHECK(memcg == NULL);

    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_max(w->root, 1));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_protection(w->root, 1, 1));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_swappiness(w->memcg, 201));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_swappiness(w->root, UINT32_MAX));

    /* The root, "job", and two more is what the engine was built for. */
    PREPARE(options);
    options.name = "third";
    options.name_length = 5;
    OK(reclaim_memcg_create(w->engine, &options, &memcg));
    options.parent = memcg;
    OK(reclaim_memcg_create(w->engine, &options, &memcg));
    options.name = "fifth";
    REFUSED(RECLAIM_E_CAPACITY, reclaim_memcg_create(w->engine, &options, &memcg));
}

static void address_spaces_are_checked(const world_t *w)
{
    reclaim_address_space_t *space = NULL;
    reclaim_address_space_options_t options;
    PREPARE(options);
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_create(w->engine, &options, &space));
    options.pages = 1;
    options.home_node = 2;
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_create(w->engine, &options, &space));
    options.home_node = UINT32_MAX;
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_create(w->engine, &options, &space));
    options.home_node = 0;
    options.pages = 64 * 512;
    REFUSED(RECLAIM_E_CAPACITY, reclaim_address_space_create(w->engine, &options, &space));
    options.pages = UINT64_MAX;
    REFUSED(RECLAIM_E_CAPACITY, reclaim_address_space_create(w->engine, &options, &space));
    CHECK(space == NULL);

    options.pages = 1;
    reclaim_address_space_t *two[2];
    OK(reclaim_address_space_create(w->engine, &options, &two[0]));
    OK(reclaim_address_space_create(w->engine, &options, &two[1]));
    REFUSED(RECLAIM_E_CAPACITY, reclaim_address_space_create(w->engine, &options, &space));
    OK(reclaim_address_space_destroy(two[0]));
    OK(reclaim_address_space_create(w->engine, &options, &two[0]));

    uint32_t resident = 77;
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_is_resident(w->space, WORLD_PAGES, &resident));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_is_resident(w->space, UINT64_MAX, &resident));
    CHECK(resident == 77);
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_pin(w->space, WORLD_PAGES));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_unpin(w->space, UINT64_MAX));
    REFUSED(RECLAIM_E_NOT_RESIDENT, reclaim_address_space_pin(w->space, WORLD_TOUCHED));
    REFUSED(RECLAIM_E_NOT_RESIDENT, reclaim_address_space_unpin(w->space, WORLD_TOUCHED));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_access_page(w->space, WORLD_PAGES, 0));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_access_page(w->space, UINT64_C(1) << 32, 0));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_access_page(w->space, WORLD_TOUCHED, 1));
    uint32_t word = WORLD_TOUCHED;
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_access(w->space, &word, UINT64_C(1) << 31, NULL));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_access(w->space, &word, UINT64_MAX, NULL));
}

static void requests_are_checked(const world_t *w)
{
    reclaim_page_t victim;
    reclaim_request_t request;
    REFUSED_REQUEST(request, request.pages = 0, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.pages = UINT64_MAX, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.flags = 8, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.swappiness = 60, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, (request.flags = RECLAIM_REQUEST_SWAPPINESS, request.swappiness = 202), RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.nodes = 4, RECLAIM_E_RANGE);
    REFUSED_REQUEST(request, request.nodes = 7, RECLAIM_E_RANGE);
    REFUSED_REQUEST(request, request.nodes = UINT64_MAX, RECLAIM_E_RANGE);
    REFUSED_REQUEST(request, (request.victims = &victim, request.victim_size = sizeof victim), RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, (request.victims = &victim, request.victim_capacity = 1), RECLAIM_E_STRUCT_SIZE);
    REFUSED_REQUEST(request, (request.victims = &victim, request.victim_capacity = 1, request.victim_size = 8192), RECLAIM_E_TOO_BIG);
    REFUSED_REQUEST(request, (request.victim_capacity = 1, request.victim_size = sizeof victim), RECLAIM_E_NULL);

    reclaim_node_state_t state;
    PREPARE(state);
    uint64_t reclaimed = 77;
    int64_t value = 77;
    REFUSED(RECLAIM_E_RANGE, reclaim_node_read(w->engine, 2, &state));
    REFUSED(RECLAIM_E_RANGE, reclaim_node_run_kswapd(w->engine, UINT32_MAX, &reclaimed));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_engine_read_counter(w->engine, "nosuch", RECLAIM_NUL_TERMINATED, &value));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_engine_read_counter(w->engine, "pgfault", 6, &value));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_memcg_read_counter(w->memcg, "", 0, &value));
    CHECK(reclaimed == 77 && value == 77);
}

static void any_nodes_will_do(void)
{
    reclaim_node_options_t nodes[3] = { { 512, 0, 0 }, { 512, 0, 0 }, { 512, 0, 0 } };
    reclaim_engine_options_t options;
    world_options(&options);
    options.nodes = nodes;
    options.node_count = 3;
    world_t world;
    world_t *w = &world;
    world_open_with(w, &options);
    reclaim_request_t request = request_for(1);
    request.nodes = 3;
    OK(reclaim_engine_reclaim(w->engine, &request, NULL));
    request.nodes = 7;
    OK(reclaim_engine_reclaim(w->engine, &request, NULL));
    request.nodes = 6;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, NULL));
    world_close(w);
}

void test_values(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    engine_options_are_checked(w);
    a_system_without_memory(w);
    memcg_options_are_checked(w);
    address_spaces_are_checked(w);
    requests_are_checked(w);
    world_close(w);
    any_nodes_will_do();
}

/* NULL, stale, forged, mistaken and foreign handles, in every call that takes one. */
#include <string.h>

#include "check.h"

/* Each call with one bad handle in place of each kind. */
static void every_call_refuses(const world_t *w, void *bad)
{
    reclaim_engine_t *engine = (reclaim_engine_t *)bad;
    reclaim_memcg_t *memcg = (reclaim_memcg_t *)bad;
    reclaim_address_space_t *space = (reclaim_address_space_t *)bad;
    reclaim_memcg_t *new_memcg = NULL;
    reclaim_address_space_t *new_space = NULL;
    int64_t value = 77;
    uint64_t reclaimed = 77;
    uint32_t word = 0;
    uint32_t resident = 77;

    reclaim_memcg_options_t memcg_options;
    PREPARE(memcg_options);
    memcg_options.name = "new";
    memcg_options.name_length = 3;
    reclaim_address_space_options_t space_options;
    PREPARE(space_options);
    space_options.pages = 1;
    reclaim_request_t request = request_for(1);
    reclaim_node_state_t node;
    PREPARE(node);
    reclaim_memcg_state_t state;
    PREPARE(state);

    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_root(engine, &new_memcg));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_validate(engine));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_reclaim(engine, &request, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_read_counter(engine, "oom", 3, &value));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_node_read(engine, 0, &node));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_node_run_kswapd(engine, 0, &reclaimed));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_create(engine, &memcg_options, &new_memcg));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_create(engine, &space_options, &new_space));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_max(memcg, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_protection(memcg, 1, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_swappiness(memcg, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_read(memcg, &state));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_read_counter(memcg, "oom", 3, &value));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_access(space, &word, 1, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_access_page(space, 0, 0));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_is_resident(space, 0, &resident));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_pin(space, 0));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_unpin(space, 0));

    /* NULL means something in these: nothing to destroy, the root. */
    if (bad != NULL) {
        REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_destroy(engine));
        REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_destroy(space));
        request.memcg = memcg;
        REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_reclaim(w->engine, &request, NULL));
        memcg_options.parent = memcg;
        REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_create(w->engine, &memcg_options, &new_memcg));
        space_options.memcg = memcg;
        REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_create(w->engine, &space_options, &new_space));
    }

    CHECK(new_memcg == NULL && new_space == NULL && value == 77 && reclaimed == 77 && resident == 77);
}

static void handles_of_another_kind(const world_t *w)
{
    reclaim_request_t request = request_for(1);
    uint64_t reclaimed;
    uint32_t resident;
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_destroy((reclaim_engine_t *)(void *)w->space));
    CHECK(strstr(reclaim_last_error(), "an address space; an engine is wanted") != NULL);
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_reclaim((reclaim_engine_t *)(void *)w->memcg, &request, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_node_run_kswapd((reclaim_engine_t *)(void *)w->memcg, 0, &reclaimed));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_swappiness((reclaim_memcg_t *)(void *)w->engine, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_destroy((reclaim_address_space_t *)(void *)w->engine));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_is_resident((reclaim_address_space_t *)(void *)w->memcg, 0, &resident));
}

static void handles_of_another_engine(const world_t *w)
{
    world_t other;
    world_open(&other);
    reclaim_request_t request = request_for(1);
    request.memcg = other.memcg;
    REFUSED(RECLAIM_E_WRONG_ENGINE, reclaim_engine_reclaim(w->engine, &request, NULL));

    reclaim_memcg_t *new_memcg = NULL;
    reclaim_memcg_options_t memcg_options;
    PREPARE(memcg_options);
    memcg_options.name = "new";
    memcg_options.name_length = 3;
    memcg_options.parent = other.root;
    REFUSED(RECLAIM_E_WRONG_ENGINE, reclaim_memcg_create(w->engine, &memcg_options, &new_memcg));

    reclaim_address_space_t *new_space = NULL;
    reclaim_address_space_options_t space_options;
    PREPARE(space_options);
    space_options.pages = 1;
    space_options.memcg = other.root;
    REFUSED(RECLAIM_E_WRONG_ENGINE, reclaim_address_space_create(w->engine, &space_options, &new_space));
    CHECK(new_memcg == NULL && new_space == NULL);
    world_close(&other);
}

/* A handle dies with its object, and stays dead when a new object takes the place. */
static void stale_handles(const world_t *w)
{
    reclaim_address_space_options_t options;
    PREPARE(options);
    options.pages = 8;
    reclaim_address_space_t *old_space = NULL;
    reclaim_address_space_t *new_space = NULL;
    OK(reclaim_address_space_create(w->engine, &options, &old_space));
    OK(reclaim_address_space_destroy(old_space));
    every_call_refuses(w, old_space);
    OK(reclaim_address_space_create(w->engine, &options, &new_space));
    CHECK(new_space != old_space);
    every_call_refuses(w, old_space);
    OK(reclaim_address_space_destroy(new_space));

    world_t gone;
    world_open(&gone);
    world_close(&gone);
    world_t next;
    world_open(&next);
    every_call_refuses(w, gone.engine);
    every_call_refuses(w, gone.root);
    every_call_refuses(w, gone.memcg);
    every_call_refuses(w, gone.space);
    world_close(&next);
}

static void forged_handles(const world_t *w)
{
    uintptr_t real = (uintptr_t)w->space;
    uint32_t on_stack;
    every_call_refuses(w, NULL);
    every_call_refuses(w, &on_stack);
    every_call_refuses(w, (void *)(uintptr_t)1);
    every_call_refuses(w, (void *)UINTPTR_MAX);
    every_call_refuses(w, (void *)(real + 1000));
    every_call_refuses(w, (void *)(real ^ (uintptr_t)1 << 24));
    every_call_refuses(w, (void *)(real ^ (uintptr_t)1 << 63));
}

void test_handles(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    forged_handles(w);
    handles_of_another_kind(w);
    handles_of_another_engine(w);
    stale_handles(w);
    world_close(w);
}

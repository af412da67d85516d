/* page_out and page_in: when they are called, what they are told, and that they cannot call back in. */
#include <string.h>

#include "check.h"

typedef struct store {
    const world_t *world;
    uint64_t asked;
    uint64_t kept;
    uint64_t came_back;
    unsigned char out[WORLD_PAGES];
    int calls_back;
} store_t;

/* All that takes a handle of the engine is refused while it is in a callback. */
static void call_back(const world_t *w)
{
    reclaim_request_t request = request_for(1);
    reclaim_memcg_t *memcg = NULL;
    reclaim_node_state_t node;
    PREPARE(node);
    int64_t value;
    uint32_t resident;
    uint32_t word = 0;
    FAILS(RECLAIM_E_BUSY, reclaim_engine_destroy(w->engine));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_validate(w->engine));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_root(w->engine, &memcg));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_reclaim(w->engine, &request, NULL));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_read_counter(w->engine, "oom", 3, &value));
    FAILS(RECLAIM_E_BUSY, reclaim_node_read(w->engine, 0, &node));
    FAILS(RECLAIM_E_BUSY, reclaim_node_run_kswapd(w->engine, 0, NULL));
    FAILS(RECLAIM_E_BUSY, reclaim_memcg_set_max(w->memcg, 1));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_access(w->space, &word, 1, NULL));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_is_resident(w->space, 0, &resident));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_destroy(w->space));

    world_t other;
    world_open(&other);
    world_close(&other);
}

/* Keeps every page that is divisible by 3. */
static int32_t page_out(void *context, const reclaim_page_t *page)
{
    store_t *store = (store_t *)context;
    store->asked++;
    CHECK(page->space == store->world->space && page->page < WORLD_PAGES && page->node < 2);
    CHECK(page->flags == (page->page < 100 ? RECLAIM_PAGE_DIRTY : 0));
    CHECK(!store->out[page->page]);
    if (store->calls_back)
        call_back(store->world);
    if (page->page % 3 == 0) {
        store->kept++;
        return page->page % 2 == 0 ? RECLAIM_KEEP : -123456; /* any other answer keeps it as well */
    }

    store->out[page->page] = 1;
    return RECLAIM_EVICT;
}

static int32_t page_in(void *context, const reclaim_page_t *page)
{
    store_t *store = (store_t *)context;
    CHECK(page->space == store->world->space && page->page < WORLD_PAGES && page->flags == 0);
    CHECK(store->out[page->page]);
    if (store->calls_back)
        call_back(store->world);
    store->out[page->page] = 0;
    store->came_back++;
    return 0;
}

static void residents_are_what_is_not_out(const world_t *w, const store_t *store)
{
    for (uint64_t page = 0; page < WORLD_TOUCHED; page++) {
        uint32_t resident = 2;
        OK(reclaim_address_space_is_resident(w->space, page, &resident));
        CHECK(resident == (store->out[page] ? 0u : 1u));
    }
}

void test_callbacks(void)
{
    world_t world;
    world_t *w = &world;
    static store_t store;
    memset(&store, 0, sizeof store);
    store.world = w;
    reclaim_engine_options_t options;
    world_options(&options);
    options.page_out = page_out;
    options.page_in = page_in;
    options.context = &store;
    world_open_with(w, &options);
    CHECK(store.asked == 0 && store.came_back == 0);
    OK(access_range(w->space, 0, 100, RECLAIM_WRITE));

    /* What the owner keeps stays; all else goes, and reclaim gets on with it. */
    reclaim_request_t request = request_for(WORLD_PAGES);
    reclaim_result_t result;
    PREPARE(result);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 200 && result.stop == RECLAIM_STOP_EXHAUSTED);
    CHECK(result.refused == store.kept && store.asked == store.kept + 200);
    residents_are_what_is_not_out(w, &store);

    OK(access_range(w->space, 0, 100, RECLAIM_WRITE));
    OK(access_range(w->space, 100, WORLD_TOUCHED, 0));
    CHECK(store.came_back == 200);
    residents_are_what_is_not_out(w, &store);

    /* With an array too: the callback decides, the array has what it gave up, and no page more than fit. */
    static reclaim_page_t victims[20];
    request = request_for(20);
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = 20;
    store.calls_back = 1;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.victims == 20);
    for (int i = 0; i < 20; i++)
        CHECK(victims[i].page % 3 != 0 && store.out[victims[i].page]);
    residents_are_what_is_not_out(w, &store);
    OK(reclaim_address_space_access_page(w->space, victims[0].page, victims[0].page < 100 ? RECLAIM_WRITE : 0));
    CHECK(store.came_back == 201);

    /* At a limit as well. */
    store.calls_back = 0;
    OK(reclaim_memcg_set_max(w->memcg, 150));
    residents_are_what_is_not_out(w, &store);
    FAILS(RECLAIM_E_AGAIN, reclaim_memcg_set_max(w->memcg, 10));
    residents_are_what_is_not_out(w, &store);

    /* The end of a space is no eviction. */
    uint64_t asked = store.asked;
    OK(reclaim_address_space_destroy(w->space));
    world_close(w);
    CHECK(store.asked == asked);
}

/* The proactive request: what it takes, what it reports, and how it ends. */
#include <string.h>

#include "check.h"

enum { ROOM = 700 };

static reclaim_page_t victims[ROOM + 1];

static reclaim_request_t request_into_array(uint64_t pages, uint64_t capacity)
{
    reclaim_request_t request = request_for(pages);
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = capacity;
    memset(victims, 0xff, sizeof victims);
    return request;
}

static uint32_t resident(reclaim_address_space_t *space, uint64_t page)
{
    uint32_t answer = 2;
    OK(reclaim_address_space_is_resident(space, page, &answer));
    return answer;
}

/* Every victim is a page of the space, gone, in the array once, and dirty if it was written to. */
static void victims_are_gone(const world_t *w, uint64_t count, uint64_t first_dirty)
{
    unsigned char seen[WORLD_PAGES];
    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < count; i++) {
        CHECK(victims[i].space == w->space && victims[i].node == 0 && victims[i].page < WORLD_PAGES);
        CHECK(resident(w->space, victims[i].page) == 0 && !seen[victims[i].page]);
        CHECK(victims[i].flags == (victims[i].page >= first_dirty ? RECLAIM_PAGE_DIRTY : 0));
        seen[victims[i].page] = 1;
    }

    CHECK(victims[count].page == UINT64_MAX);
}

static void the_array_has_what_went(const world_t *w)
{
    OK(access_range(w->space, 0, 100, 0));
    OK(access_range(w->space, 200, WORLD_TOUCHED, RECLAIM_WRITE));
    reclaim_request_t request = request_into_array(60, ROOM);
    reclaim_result_t result;
    PREPARE(result);
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed >= 60 && result.reclaimed < 60 + 128 && result.victims == result.reclaimed);
    CHECK(result.stop == RECLAIM_STOP_DONE && result.scanned >= result.reclaimed && result.refused == 0);
    victims_are_gone(w, result.victims, 200);

    /* Without an array, and without a result. */
    request = request_for(1);
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed >= 1 && result.victims == 0);
    OK(reclaim_engine_reclaim(w->engine, &request, NULL));
}

static void a_full_array_ends_it(const world_t *w)
{
    OK(access_range(w->space, 0, WORLD_TOUCHED, RECLAIM_WRITE));
    reclaim_request_t request = request_into_array(50, 7);
    reclaim_result_t result;
    PREPARE(result);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 7 && result.victims == 7 && result.stop == RECLAIM_STOP_FULL);
    victims_are_gone(w, 7, 0);

    /* As many as there is room for: all that was asked was had, though the batch may have been larger. */
    request = request_into_array(7, 7);
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 7 && result.victims == 7);
    CHECK(result.stop == (result.refused > 0 ? RECLAIM_STOP_FULL : RECLAIM_STOP_DONE));
    victims_are_gone(w, 7, 0);
}

static void requests_are_confined(const world_t *w)
{
    reclaim_address_space_options_t options;
    PREPARE(options);
    options.pages = 100;
    options.home_node = 1;
    reclaim_address_space_t *outside = NULL;
    OK(reclaim_address_space_create(w->engine, &options, &outside));
    OK(access_range(outside, 0, 100, 0));

    /* To a cgroup: the pages of the root itself stay. */
    reclaim_request_t request = request_into_array(ROOM, ROOM);
    request.memcg = w->memcg;
    reclaim_result_t result;
    PREPARE(result);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.stop == RECLAIM_STOP_EXHAUSTED && result.reclaimed > 0 && result.reclaimed == result.victims);
    for (uint64_t page = 0; page < 100; page++)
        CHECK(resident(outside, page) == 1);
    for (uint64_t page = 0; page < WORLD_PAGES; page++)
        CHECK(resident(w->space, page) == 0);

    /* To a node: those of the other stay. */
    OK(access_range(w->space, 0, 50, 0));
    request = request_for(ROOM);
    request.nodes = 2;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 100);
    for (uint64_t page = 0; page < 50; page++)
        CHECK(resident(w->space, page) == 1);

    /* Without swappiness no anonymous page may go. */
    request = request_for(10);
    request.flags = RECLAIM_REQUEST_SWAPPINESS;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 0 && result.stop == RECLAIM_STOP_EXHAUSTED);
    request.swappiness = 200;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));

    OK(reclaim_address_space_destroy(outside));
}

static void pinned_pages_stay(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    for (uint64_t page = 0; page < WORLD_TOUCHED; page += 2)
        OK(reclaim_address_space_pin(w->space, page));
    reclaim_request_t request = request_for(WORLD_TOUCHED);
    reclaim_result_t result;
    PREPARE(result);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == WORLD_TOUCHED / 2 && result.stop == RECLAIM_STOP_EXHAUSTED);
    for (uint64_t page = 0; page < WORLD_TOUCHED; page++)
        CHECK(resident(w->space, page) == (page % 2 == 0 ? 1u : 0u));

    for (uint64_t page = 0; page < WORLD_TOUCHED; page += 2)
        OK(reclaim_address_space_unpin(w->space, page));
    request.pages = WORLD_TOUCHED / 2;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == WORLD_TOUCHED / 2);
    world_close(w);
}

static void protected_pages_stay(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    OK(reclaim_memcg_set_protection(w->memcg, 1000, 0));
    reclaim_request_t request = request_for(10);
    reclaim_result_t result;
    PREPARE(result);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 0 && result.stop == RECLAIM_STOP_EXHAUSTED);
    OK(reclaim_memcg_set_protection(w->memcg, 0, 1000));
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    world_close(w);
}

static void swap_has_an_end(void)
{
    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_LIMITED_SWAP;
    options.swap_pages = 0;
    world_t world;
    world_t *w = &world;
    world_open_with(w, &options);
    reclaim_request_t request = request_for(10);
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, NULL));
    for (uint64_t page = 0; page < WORLD_TOUCHED; page++)
        CHECK(resident(w->space, page) == 1);
    world_close(w);
}

void test_reclaim(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    the_array_has_what_went(w);
    a_full_array_ends_it(w);
    requests_are_confined(w);
    world_close(w);
    pinned_pages_stay();
    protected_pages_stay();
    swap_has_an_end();
}

/* The advisor's calls: pages that are added, proposed, committed, kept, moved and removed, and what each of them refuses. */
#include <string.h>

#include "check.h"

enum { COOKIE = 0x5000, ROOM = 64 };

static reclaim_page_t pages[WORLD_PAGES];
static reclaim_page_t victims[ROOM];
static int32_t outcomes[WORLD_PAGES];

static void advisor_options(reclaim_engine_options_t *options)
{
    world_options(options);
    options->flags = RECLAIM_ENGINE_ADVISOR | RECLAIM_ENGINE_COOKIES | RECLAIM_ENGINE_LIMITED_SWAP;
    options->swap_pages = 1000;
}

/* Pages [first, last) of the world's space, on a node, each with its cookie. */
static uint64_t range_of(const world_t *w, uint64_t first, uint64_t last, uint32_t node)
{
    memset(pages, 0, sizeof pages);
    for (uint64_t i = 0; i < last - first; i++) {
        pages[i].space = w->space;
        pages[i].page = first + i;
        pages[i].node = node;
        pages[i].cookie = COOKIE + first + i;
    }

    return last - first;
}

static uint32_t is_resident(const world_t *w, uint64_t page)
{
    uint32_t resident = 2;
    OK(reclaim_address_space_is_resident(w->space, page, &resident));
    return resident;
}

static int64_t counter(const world_t *w, const char *name)
{
    int64_t value = -1;
    OK(reclaim_engine_read_counter(w->engine, name, RECLAIM_NUL_TERMINATED, &value));
    return value;
}

static uint64_t usage(const world_t *w)
{
    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(w->memcg, &state));
    return state.usage;
}

static uint64_t propose(const world_t *w, uint64_t wanted, int32_t status)
{
    reclaim_request_t request = request_for(wanted);
    reclaim_result_t result;
    PREPARE(result);
    request.memcg = w->memcg;
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = ROOM;
    int32_t got = reclaim_engine_propose(w->engine, &request, &result);
    CHECK(got == status);
    CHECK(result.victims == result.reclaimed && result.victims <= wanted && result.victims <= ROOM);
    return result.victims;
}

static void they_are_added_with_cookies(const world_t *w)
{
    uint64_t added = 7;
    uint64_t count = range_of(w, 300, 400, 1);
    OK(reclaim_pages_add(w->engine, pages, sizeof pages[0], count, &added));
    CHECK(added == 100 && usage(w) == WORLD_TOUCHED + 100);
    reclaim_node_state_t node;
    PREPARE(node);
    OK(reclaim_node_read(w->engine, 1, &node));
    CHECK(node.pages - node.free == 100 && node.watermark_high == 0);

    /* Those that are there already get the cookie, and stay where they are. */
    count = range_of(w, 0, WORLD_TOUCHED, 1);
    OK(reclaim_pages_add(w->engine, pages, sizeof pages[0], count, NULL));
    OK(reclaim_node_read(w->engine, 1, &node));
    CHECK(node.pages - node.free == 100 && usage(w) == WORLD_TOUCHED + 100);
    OK(reclaim_pages_add(w->engine, NULL, 0, 0, &added));
    CHECK(added == 0);
}

static void proposals_are_answered(const world_t *w)
{
    int64_t scanned = counter(w, "pgscan_anon");
    int64_t stolen = counter(w, "pgsteal_anon");
    uint64_t count = propose(w, 40, RECLAIM_OK);
    CHECK(count == 40 && counter(w, "pgscan_anon") > scanned && counter(w, "pgsteal_anon") == stolen);
    for (uint64_t i = 0; i < count; i++) {
        CHECK(victims[i].space == w->space && victims[i].file == NULL && victims[i].flags == 0);
        CHECK(victims[i].cookie == COOKIE + victims[i].page && is_resident(w, victims[i].page) == 1);
        for (uint64_t j = 0; j < i; j++)
            CHECK(victims[i].page != victims[j].page);
    }

    /* The same ones are not proposed again. */
    reclaim_page_t first[40];
    memcpy(first, victims, sizeof first);
    CHECK(propose(w, 20, RECLAIM_OK) == 20);
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 40; j++)
            CHECK(victims[i].page != first[j].page);
    }

    uint64_t aborted = 0;
    OK(reclaim_pages_abort(w->engine, victims, sizeof victims[0], 20, RECLAIM_KEEP_BUSY, &aborted));
    CHECK(aborted == 20);
    OK(reclaim_pages_abort(w->engine, victims, sizeof victims[0], 20, RECLAIM_KEEP_ACCESSED, &aborted));
    CHECK(aborted == 0);

    /* One is used, one is pinned, one is gone otherwise; the rest goes, in any order. */
    uint64_t before = usage(w);
    OK(reclaim_address_space_access_page(w->space, first[3].page, RECLAIM_WRITE));
    OK(reclaim_address_space_pin(w->space, first[5].page));
    OK(reclaim_pages_remove(w->engine, &first[7], sizeof first[7], 1));
    CHECK(is_resident(w, first[7].page) == 0);
    uint64_t committed = 99;
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, first, sizeof first[0], 40, outcomes, &committed));
    CHECK(committed == 37 && usage(w) == before - 38 && counter(w, "pgsteal_anon") == stolen + 37);
    for (int i = 0; i < 40; i++) {
        int32_t wanted = i == 3 ? RECLAIM_E_ACCESSED : i == 5 ? RECLAIM_E_PINNED : i == 7 ? RECLAIM_E_NOT_PROPOSED : RECLAIM_OK;
        CHECK(outcomes[i] == wanted);
        CHECK(is_resident(w, first[i].page) == (i == 3 || i == 5 ? 1u : 0u));
    }

    OK(reclaim_address_space_unpin(w->space, first[5].page));
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, first, sizeof first[0], 40, NULL, NULL));

    /* What comes back is a refault without page_in, judged by its policy. */
    int64_t refaults = counter(w, "workingset_refault_anon");
    OK(reclaim_pages_add(w->engine, first, sizeof first[0], 3, NULL));
    CHECK(counter(w, "workingset_refault_anon") == refaults + 3);
    OK(reclaim_engine_validate(w->engine));
}

static void all_of_them_may_stay(const world_t *w)
{
    uint64_t count = propose(w, 30, RECLAIM_OK);
    reclaim_page_t known[ROOM];
    memcpy(known, victims, sizeof known);
    OK(reclaim_engine_validate(w->engine));
    uint64_t aborted = 1;
    OK(reclaim_pages_abort(w->engine, known, sizeof known[0], count, RECLAIM_KEEP_PINNED, &aborted));
    CHECK(aborted == count);
    OK(reclaim_engine_validate(w->engine));
}

static uint64_t proposed_of(const world_t *w)
{
    uint64_t words[(WORLD_PAGES + 63) / 64];
    uint64_t found = 0;
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_PROPOSED, 0, WORLD_PAGES, words));
    for (uint64_t page = 0; page < WORLD_PAGES; page++)
        found += words[page / 64] >> (page % 64) & 1;
    return found;
}

static void they_lapse_with_another_policy(const world_t *w)
{
    CHECK(proposed_of(w) == 0);
    uint64_t count = propose(w, 30, RECLAIM_OK);
    CHECK(proposed_of(w) == count);
    OK(reclaim_memcg_set_policy(w->memcg, "lru", RECLAIM_NUL_TERMINATED));
    CHECK(proposed_of(w) == 0);
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, victims, sizeof victims[0], count, outcomes, NULL));
    for (uint64_t i = 0; i < count; i++)
        CHECK(outcomes[i] == RECLAIM_E_NOT_PROPOSED);

    /* An exact policy too is told of the use of a page that it did not have on a list. */
    CHECK(propose(w, 2, RECLAIM_OK) == 2);
    reclaim_page_t used = victims[0];
    OK(reclaim_address_space_access_page(w->space, used.page, 0));
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, victims, sizeof victims[0], 2, outcomes, NULL));
    CHECK(outcomes[0] == RECLAIM_E_ACCESSED && outcomes[1] == RECLAIM_OK);
    count = propose(w, 40, RECLAIM_OK);
    for (uint64_t i = 0; i < count; i++)
        CHECK(victims[i].page != used.page);
    OK(reclaim_memcg_set_policy(w->memcg, "mglru", RECLAIM_NUL_TERMINATED));
    OK(reclaim_engine_validate(w->engine));
}

static void they_move(const world_t *w)
{
    uint64_t moved = 0;
    range_of(w, 100, 110, 0);
    pages[9].page = 590; /* never there */
    OK(reclaim_pages_add(w->engine, pages, sizeof pages[0], 9, NULL));
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_move(w->engine, pages, sizeof pages[0], 10, 1, outcomes, &moved));
    CHECK(moved == 9 && outcomes[9] == RECLAIM_E_NOT_RESIDENT);
    for (int i = 0; i < 9; i++)
        CHECK(outcomes[i] == RECLAIM_OK);
    OK(reclaim_pages_move(w->engine, pages, sizeof pages[0], 9, 0, NULL, &moved));
    CHECK(moved == 9);
    OK(reclaim_address_space_pin(w->space, 100));
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_move(w->engine, pages, sizeof pages[0], 1, 1, outcomes, NULL));
    CHECK(outcomes[0] == RECLAIM_E_PINNED);
    OK(reclaim_address_space_unpin(w->space, 100));
    uint64_t count = propose(w, 1, RECLAIM_OK);
    uint32_t to = 1 - victims[0].node;
    CHECK(count == 1);
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_move(w->engine, victims, sizeof victims[0], 1, to, outcomes, &moved));
    CHECK(outcomes[0] == RECLAIM_E_BUSY && moved == 0);
    OK(reclaim_pages_abort(w->engine, victims, sizeof victims[0], 1, RECLAIM_KEEP, NULL));
    OK(reclaim_engine_validate(w->engine));
}

static void nothing_goes_by_itself(const world_t *w)
{
    OK(reclaim_memcg_set_max(w->memcg, usage(w) + 2));
    uint64_t added = 9;
    uint64_t count = range_of(w, 500, 505, 0);
    FAILS(RECLAIM_E_NO_MEMORY, reclaim_pages_add(w->engine, pages, sizeof pages[0], count, &added));
    CHECK(added == 2 && is_resident(w, 501) == 1 && is_resident(w, 502) == 0);
    FAILS(RECLAIM_E_NO_MEMORY, reclaim_address_space_access_page(w->space, 503, 0));
    CHECK(counter(w, "pgscan_direct") == 0);
    OK(reclaim_memcg_set_max(w->memcg, RECLAIM_UNLIMITED));
    OK(reclaim_pages_remove(w->engine, pages, sizeof pages[0], count));
    CHECK(is_resident(w, 500) == 0);
}

static void files_have_pages_too(const world_t *w)
{
    reclaim_file_options_t options;
    PREPARE(options);
    options.pages = 100;
    reclaim_file_t *file;
    OK(reclaim_file_create(w->engine, &options, &file));
    memset(pages, 0, sizeof pages);
    for (uint64_t i = 0; i < 50; i++) {
        pages[i].file = file;
        pages[i].page = i;
        pages[i].cookie = COOKIE + i;
        pages[i].flags = i % 2 == 0 ? RECLAIM_PAGE_DIRTY : 0;
    }

    OK(reclaim_pages_add(w->engine, pages, sizeof pages[0], 50, NULL));
    reclaim_request_t request = request_for(10);
    request.types = RECLAIM_TYPES_FILE;
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = 10;
    OK(reclaim_engine_propose(w->engine, &request, NULL));
    for (int i = 0; i < 10; i++) {
        CHECK(victims[i].file == file && victims[i].space == NULL && victims[i].cookie == COOKIE + victims[i].page);
        CHECK(victims[i].flags == (victims[i].page % 2 == 0 ? RECLAIM_PAGE_DIRTY : 0));
    }

    /* A read by descriptor is a use as well. */
    uint32_t word = (uint32_t)victims[4].page;
    OK(reclaim_file_access(file, NULL, 0, &word, 1, NULL));
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, victims, sizeof victims[0], 10, outcomes, NULL));
    for (int i = 0; i < 10; i++)
        CHECK(outcomes[i] == (i == 4 ? RECLAIM_E_ACCESSED : RECLAIM_OK));
    OK(reclaim_engine_validate(w->engine));
    OK(reclaim_pages_remove(w->engine, pages, sizeof pages[0], 50));
    OK(reclaim_file_destroy(file));
}

static void bad_arrays_change_nothing(const world_t *w)
{
    reclaim_page_t page;
    world_t other;
    world_open(&other);
    uint64_t number = 77;
    range_of(w, 0, 2, 0);
    page = pages[0];
#define REFUSED_PAGES(status, assignment)                                                                             \
    do {                                                                                                              \
        pages[1] = page;                                                                                              \
        assignment;                                                                                                   \
        REFUSED(status, reclaim_pages_add(w->engine, pages, sizeof page, 2, &number));                                \
        REFUSED(status, reclaim_pages_remove(w->engine, pages, sizeof page, 2));                                      \
        REFUSED(status, reclaim_pages_move(w->engine, pages, sizeof page, 2, 1, outcomes, &number));                  \
        REFUSED(status, reclaim_pages_commit(w->engine, pages, sizeof page, 2, outcomes, &number));                   \
        REFUSED(status, reclaim_pages_abort(w->engine, pages, sizeof page, 2, RECLAIM_KEEP, &number));                \
        CHECK(number == 77);                                                                                          \
    } while (0)
    REFUSED_PAGES(RECLAIM_E_RANGE, pages[1].page = WORLD_PAGES);
    REFUSED_PAGES(RECLAIM_E_INVALID, pages[1].space = NULL);
    REFUSED_PAGES(RECLAIM_E_INVALID, pages[1].flags = 1u << 20);
    REFUSED_PAGES(RECLAIM_E_INVALID, pages[1].file = (reclaim_file_t *)w->space);
    REFUSED_PAGES(RECLAIM_E_BAD_HANDLE, (pages[1].file = (reclaim_file_t *)w->space, pages[1].space = NULL));
    REFUSED_PAGES(RECLAIM_E_BAD_HANDLE, pages[1].space = (reclaim_address_space_t *)w->memcg);
    REFUSED_PAGES(RECLAIM_E_WRONG_ENGINE, pages[1].space = other.space);
    REFUSED_PAGES(RECLAIM_E_BAD_HANDLE, pages[1].space = (reclaim_address_space_t *)w->engine);
#undef REFUSED_PAGES
    pages[1] = page;
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_pages_add(w->engine, pages, 8, 2, NULL));
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_pages_commit(w->engine, pages, 8, 2, NULL, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_pages_add(w->engine, NULL, sizeof page, 2, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_pages_abort(w->engine, NULL, sizeof page, 2, RECLAIM_KEEP, NULL));
    REFUSED(RECLAIM_E_INVALID, reclaim_pages_abort(w->engine, pages, sizeof page, 2, RECLAIM_EVICT, NULL));
    REFUSED(RECLAIM_E_INVALID, reclaim_pages_abort(w->engine, pages, sizeof page, 2, 6, NULL));
    REFUSED(RECLAIM_E_RANGE, reclaim_pages_move(w->engine, pages, sizeof page, 2, 2, NULL, NULL));
    pages[1].node = 2;
    REFUSED(RECLAIM_E_RANGE, reclaim_pages_add(w->engine, pages, sizeof page, 2, NULL));
    pages[1] = page;
    pages[1].flags = RECLAIM_PAGE_DEMOTE;
    pages[1].to_node = 9;
    REFUSED(RECLAIM_E_RANGE, reclaim_pages_commit(w->engine, pages, sizeof page, 2, NULL, NULL));

    /* Without the flag, pages have no cookies. */
    pages[0] = page;
    pages[0].space = other.space;
    FAILS(RECLAIM_E_INVALID, reclaim_pages_add(other.engine, pages, sizeof page, 1, &number));
    pages[0].cookie = 0;
    OK(reclaim_pages_add(other.engine, pages, sizeof page, 1, &number));
    CHECK(number == 1);

    reclaim_request_t request = request_for(1);
    REFUSED(RECLAIM_E_NULL, reclaim_engine_propose(w->engine, &request, NULL));
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_propose(w->engine, &request, NULL));
    request.victim_capacity = ROOM;
    request.flags = RECLAIM_REQUEST_KERNEL;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_propose(w->engine, &request, NULL));
    request.flags = 0;
    request.pages = 0;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_propose(w->engine, &request, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_propose(w->engine, NULL, NULL));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_propose(NULL, &request, NULL));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_pages_add(NULL, pages, sizeof page, 1, NULL));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_pages_remove(NULL, pages, sizeof page, 1));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_pages_move(NULL, pages, sizeof page, 1, 0, NULL, NULL));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_pages_commit(NULL, pages, sizeof page, 1, NULL, NULL));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_pages_abort(NULL, pages, sizeof page, 1, RECLAIM_KEEP, NULL));
    world_close(&other);
}

/* A caller whose struct ends with the flags, as in version 0.1's first form. */
static void an_old_struct_is_enough(const world_t *w)
{
    struct {
        reclaim_address_space_t *space;
        uint64_t page;
        uint32_t node;
        uint32_t flags;
    } old = { w->space, 10, 0, 0 };
    OK(reclaim_pages_add(w->engine, (const reclaim_page_t *)(const void *)&old, sizeof old, 1, NULL));
    OK(reclaim_pages_remove(w->engine, (const reclaim_page_t *)(const void *)&old, sizeof old, 1));
    CHECK(is_resident(w, 10) == 0);
}

typedef struct failing {
    int fails;
    uint64_t first;
} failing_t;

static int32_t page_in(void *context, const reclaim_page_t *page)
{
    failing_t *store = (failing_t *)context;
    if ((page->flags & RECLAIM_PAGE_FIRST) != 0)
        store->first++;
    return store->fails;
}

static void a_page_that_can_not_be_read_stays_out(void)
{
    world_t world;
    world_t *w = &world;
    failing_t store = { 0, 0 };
    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_FIRST_TOUCH;
    options.page_in = page_in;
    options.context = &store;
    world_open_with(w, &options);
    CHECK(store.first == WORLD_TOUCHED);
    reclaim_request_t request = request_for(50);
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = ROOM;
    (void)reclaim_engine_reclaim(w->engine, &request, NULL);
    uint64_t page = victims[0].page;
    CHECK(is_resident(w, page) == 0);
    store.fails = 5;
    REFUSED(RECLAIM_E_IO, reclaim_address_space_access_page(w->space, page, 0));
    uint32_t word = (uint32_t)page;
    reclaim_tally_t tally;
    PREPARE(tally);
    FAILS(RECLAIM_E_IO, reclaim_address_space_access(w->space, &word, 1, &tally));
    CHECK(tally.refused == 1 && tally.processed == 1 && tally.refaults == 0 && is_resident(w, page) == 0);
    FAILS(RECLAIM_E_IO, reclaim_address_space_access_page(w->space, WORLD_PAGES - 1, 0));
    store.fails = 0;
    OK(reclaim_address_space_access(w->space, &word, 1, &tally));
    CHECK(tally.refaults == 1);
    world_close(w);
}

/* Lower nodes get pages at their commit, and one that is full says so. */
static void pages_are_proposed_to_move(void)
{
    world_t world;
    world_t *w = &world;
    reclaim_engine_options_t options;
    advisor_options(&options);
    options.flags |= RECLAIM_ENGINE_DEMOTION;
    world_open_with(w, &options);
    reclaim_request_t request = request_for(20);
    request.mode = RECLAIM_MODE_DEMOTE;
    request.nodes = 1;
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = 20;
    reclaim_result_t result;
    PREPARE(result);
    OK(reclaim_engine_propose(w->engine, &request, &result));
    CHECK(result.victims == 20 && result.demoted == 20);
    for (int i = 0; i < 20; i++)
        CHECK((victims[i].flags & RECLAIM_PAGE_DEMOTE) != 0 && victims[i].to_node == 1 && victims[i].node == 0);
    victims[0].flags = 0;
    FAILS(RECLAIM_E_AGAIN, reclaim_pages_commit(w->engine, victims, sizeof victims[0], 1, outcomes, NULL));
    CHECK(outcomes[0] == RECLAIM_E_NOT_PROPOSED);
    victims[0].flags = RECLAIM_PAGE_DEMOTE;
    uint64_t committed = 0;
    OK(reclaim_pages_commit(w->engine, victims, sizeof victims[0], 20, outcomes, &committed));
    CHECK(committed == 20 && usage(w) == WORLD_TOUCHED && counter(w, "pgdemote_proactive") == 20);
    for (int i = 0; i < 20; i++)
        CHECK(is_resident(w, victims[i].page) == 1);
    world_close(w);
}

void test_pages(void)
{
    world_t world;
    world_t *w = &world;
    reclaim_engine_options_t options;
    advisor_options(&options);
    world_open_with(w, &options);
    they_are_added_with_cookies(w);
    proposals_are_answered(w);
    all_of_them_may_stay(w);
    they_lapse_with_another_policy(w);
    they_move(w);
    nothing_goes_by_itself(w);
    files_have_pages_too(w);
    bad_arrays_change_nothing(w);
    an_old_struct_is_enough(w);
    CHECK(propose(w, 5, RECLAIM_OK) == 5);
    OK(reclaim_address_space_destroy(w->space)); /* and its proposals with it */
    world_close(w);
    a_page_that_can_not_be_read_stays_out();
    pages_are_proposed_to_move();
}

/* Files: created, found, read by descriptor and through mappings, cut, ended. */
#include <string.h>

#include "check.h"

typedef struct told {
    reclaim_file_t *file;
    reclaim_address_space_t *space;
    uint64_t pages;
    uint64_t dirty;
} told_t;

static int32_t note_page_out(void *context, const reclaim_page_t *page)
{
    told_t *told = (told_t *)context;
    told->file = page->file;
    told->space = page->space;
    told->pages++;
    told->dirty += page->flags & RECLAIM_PAGE_DIRTY;
    return RECLAIM_EVICT;
}

static reclaim_file_t *new_file(const world_t *w, uint64_t pages, const char *name)
{
    reclaim_file_options_t options;
    reclaim_file_t *file = NULL;
    PREPARE(options);
    options.pages = pages;
    options.name = name;
    options.name_length = RECLAIM_NUL_TERMINATED;
    OK(reclaim_file_create(w->engine, &options, &file));
    return file;
}

static void creation_is_checked(const world_t *w)
{
    reclaim_file_options_t options;
    reclaim_file_t *file = NULL;
#define WITH(assignment, status)                                                                                      \
    do {                                                                                                              \
        PREPARE(options);                                                                                             \
        options.pages = 8;                                                                                            \
        assignment;                                                                                                   \
        REFUSED(status, reclaim_file_create(w->engine, &options, &file));                                             \
    } while (0)
    WITH(options.flags = 1, RECLAIM_E_INVALID);
    WITH(options.pages = 0, RECLAIM_E_INVALID);
    WITH(options.pages = 64 * 512 + 1, RECLAIM_E_CAPACITY);
    WITH(options.pages = UINT64_MAX, RECLAIM_E_CAPACITY);
    WITH((options.name = "\xff", options.name_length = 1), RECLAIM_E_INVALID);
    WITH(options.struct_size = 8, RECLAIM_E_STRUCT_SIZE);
    WITH(options.struct_size = 4097, RECLAIM_E_TOO_BIG);
#undef WITH
    PREPARE(options);
    options.pages = 8;
    REFUSED(RECLAIM_E_NULL, reclaim_file_create(w->engine, NULL, &file));
    REFUSED(RECLAIM_E_NULL, reclaim_file_create(w->engine, &options, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_create(NULL, &options, &file));
    CHECK(file == NULL);
}

static void files_are_found_by_name(const world_t *w)
{
    reclaim_file_t *first = new_file(w, 10, "log");
    reclaim_file_t *second = new_file(w, 10, "log");
    reclaim_file_t *found = NULL;
    OK(reclaim_file_find(w->engine, "logs", 3, &found));
    CHECK(found == first);
    OK(reclaim_file_destroy(first));
    OK(reclaim_file_find(w->engine, "log", RECLAIM_NUL_TERMINATED, &found));
    CHECK(found == second);
    found = NULL;
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_file_find(w->engine, "lo", 2, &found));
    REFUSED(RECLAIM_E_INVALID, reclaim_file_find(w->engine, "", 0, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_file_find(w->engine, NULL, 3, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_file_find(w->engine, "log", 3, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_find((reclaim_engine_t *)(void *)w->space, "log", 3, &found));
    CHECK(found == NULL);
    OK(reclaim_file_destroy(second));
}

static void descriptors_read_in_batches(const world_t *w)
{
    reclaim_file_t *file = new_file(w, 100, "data");
    const uint32_t words[6] = { 0, 1 | RECLAIM_WRITE, 2, 0, 100, 3 };
    reclaim_tally_t tally;
    PREPARE(tally);
    OK(reclaim_file_access(file, w->memcg, 0, words, 4, &tally));
    CHECK(tally.processed == 4 && tally.cold_faults == 3 && tally.hits == 1 && tally.refused == 0);
    PREPARE(tally);
    FAILS(RECLAIM_E_RANGE, reclaim_file_access(file, NULL, 1, words, 6, &tally));
    CHECK(tally.processed == 4 && tally.hits == 4);
    OK(reclaim_file_access(file, NULL, 0, NULL, 0, NULL));

    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(w->memcg, &state));
    CHECK(state.usage == WORLD_TOUCHED + 3);

    REFUSED(RECLAIM_E_RANGE, reclaim_file_access(file, NULL, 2, words, 1, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_file_access(file, NULL, 0, NULL, 1, NULL));
    REFUSED(RECLAIM_E_INVALID, reclaim_file_access(file, NULL, 0, words, UINT64_C(1) << 31, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_access((reclaim_file_t *)(void *)w->space, NULL, 0, words, 1, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_access(file, (reclaim_memcg_t *)(void *)w->space, 0, words, 1, NULL));
    tally.struct_size = 8;
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_file_access(file, NULL, 0, words, 1, &tally));

    world_t other;
    world_open(&other);
    REFUSED(RECLAIM_E_WRONG_ENGINE, reclaim_file_access(file, other.memcg, 0, words, 1, NULL));
    world_close(&other);

    /* No memory: the limit is used up by what can't go. */
    reclaim_memcg_options_t options;
    reclaim_memcg_t *small = NULL;
    PREPARE(options);
    options.name = "small";
    options.name_length = 5;
    OK(reclaim_memcg_create(w->engine, &options, &small));
    OK(reclaim_memcg_set_max(small, 0));
    PREPARE(tally);
    const uint32_t absent = 50;
    FAILS(RECLAIM_E_NO_MEMORY, reclaim_file_access(file, small, 0, &absent, 1, &tally));
    CHECK(tally.processed == 1 && tally.refused == 1);
    OK(reclaim_memcg_destroy(small));
    OK(reclaim_file_destroy(file));
}

static void mapped_files_are_cut_and_end(const world_t *w)
{
    reclaim_file_t *file = new_file(w, 100, "mapped");
    uint32_t resident = 2;
    OK(reclaim_address_space_map(w->space, 400, 100, file, 0, RECLAIM_MAP_EXEC | RECLAIM_MAP_NO_RECENCY));
    OK(access_range(w->space, 400, 420, RECLAIM_WRITE));
    OK(reclaim_file_truncate(file, 5, 10));
    for (uint64_t page = 400; page < 420; page++) {
        OK(reclaim_address_space_is_resident(w->space, page, &resident));
        CHECK(resident == (page < 405 || page >= 415 ? 1u : 0u));
    }

    OK(reclaim_file_truncate(file, 100, 0));
    REFUSED(RECLAIM_E_RANGE, reclaim_file_truncate(file, 100, 1));
    REFUSED(RECLAIM_E_RANGE, reclaim_file_truncate(file, 1, UINT64_MAX));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_truncate((reclaim_file_t *)(void *)w->memcg, 0, 1));
    REFUSED(RECLAIM_E_BUSY, reclaim_file_destroy(file));
    OK(reclaim_address_space_map(w->space, 400, 100, NULL, 7, 0));
    OK(reclaim_file_destroy(file));
    OK(reclaim_file_destroy(NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_destroy(file));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_file_truncate(file, 0, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_map(w->space, 400, 1, file, 0, 0));
    OK(reclaim_engine_validate(w->engine));
}

static void callbacks_are_told_of_file_pages(void)
{
    told_t told;
    memset(&told, 0, sizeof told);
    reclaim_engine_options_t options;
    world_options(&options);
    options.page_out = note_page_out;
    options.context = &told;
    world_t world;
    world_t *w = &world;
    world_open_with(w, &options);
    OK(reclaim_address_space_discard(w->space, 0, WORLD_PAGES));
    reclaim_file_t *file = new_file(w, 8, NULL);
    const uint32_t words[2] = { 3, 4 };
    OK(reclaim_file_access(file, w->memcg, 0, words, 2, NULL));
    reclaim_request_t request = request_for(2);
    reclaim_page_t victims[8];
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = 8;
    OK(reclaim_engine_reclaim(w->engine, &request, NULL));
    CHECK(told.pages == 2 && told.file == file && told.space == NULL);
    CHECK(victims[0].file == file && victims[0].space == NULL && victims[0].page + victims[1].page == 7);
    world_close(w);
}

void test_files(void)
{
    world_t world;
    world_open(&world);
    creation_is_checked(&world);
    files_are_found_by_name(&world);
    descriptors_read_in_batches(&world);
    mapped_files_are_cut_and_end(&world);
    world_close(&world);
    callbacks_are_told_of_file_pages();
}

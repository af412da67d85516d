/* Cgroups are found by their paths, and end as by rmdir. */
#include <string.h>

#include "check.h"

static reclaim_memcg_t *new_memcg(const world_t *w, reclaim_memcg_t *parent, const char *name)
{
    reclaim_memcg_options_t options;
    reclaim_memcg_t *memcg = NULL;
    PREPARE(options);
    options.parent = parent;
    options.name = name;
    options.name_length = RECLAIM_NUL_TERMINATED;
    OK(reclaim_memcg_create(w->engine, &options, &memcg));
    return memcg;
}

static void memcgs_are_found_by_path(const world_t *w)
{
    reclaim_memcg_t *found = NULL;
    reclaim_memcg_t *inner = new_memcg(w, w->memcg, "inner");
    OK(reclaim_memcg_find(w->engine, "/", 1, &found));
    CHECK(found == w->root);
    OK(reclaim_memcg_find(w->engine, "/job", RECLAIM_NUL_TERMINATED, &found));
    CHECK(found == w->memcg);
    OK(reclaim_memcg_find(w->engine, "/job/inner/", 10, &found));
    CHECK(found == inner);
    found = NULL;
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_memcg_find(w->engine, "/inner", 6, &found));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_memcg_find(w->engine, "/job/", 5, &found));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_find(w->engine, "job", 3, &found));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_find(w->engine, "", 0, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_find(w->engine, NULL, 1, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_find(w->engine, "/", 1, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_find((reclaim_engine_t *)(void *)w->memcg, "/", 1, &found));
    CHECK(found == NULL);
    OK(reclaim_memcg_destroy(inner));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_memcg_find(w->engine, "/job/inner", 10, &found));
}

static void what_is_in_use_stays(const world_t *w)
{
    reclaim_memcg_t *inner = new_memcg(w, w->memcg, "inner");
    REFUSED(RECLAIM_E_BUSY, reclaim_memcg_destroy(w->memcg));
    CHECK(strstr(reclaim_last_error(), "/job/inner") != NULL);
    OK(reclaim_memcg_destroy(inner));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_destroy(inner));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_swappiness(inner, 1));
    REFUSED(RECLAIM_E_BUSY, reclaim_memcg_destroy(w->memcg));
    CHECK(strstr(reclaim_last_error(), "address space") != NULL);
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_destroy(w->root));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_memcg_destroy((reclaim_memcg_t *)(void *)w->space));
    OK(reclaim_memcg_destroy(NULL));
}

static void its_page_cache_is_the_parents(const world_t *w)
{
    reclaim_file_options_t options;
    reclaim_file_t *file = NULL;
    reclaim_memcg_state_t before;
    reclaim_memcg_state_t after;
    int64_t faults;
    int64_t still;
    uint32_t words[30];
    PREPARE(options);
    options.pages = 30;
    OK(reclaim_file_create(w->engine, &options, &file));
    for (uint32_t i = 0; i < 30; i++)
        words[i] = i;

    /* The engine has room for four: the place is given out again and again. */
    for (int round = 0; round < 20; round++) {
        reclaim_memcg_t *inner = new_memcg(w, w->memcg, "inner");
        PREPARE(before);
        OK(reclaim_memcg_read(inner, &before));
        CHECK(before.usage == 0 && before.max == RECLAIM_UNLIMITED);
        OK(reclaim_file_truncate(file, 0, 30));
        OK(reclaim_file_access(file, inner, 0, words, 30, NULL));
        OK(reclaim_memcg_read(w->memcg, &before));
        OK(reclaim_memcg_read_counter(w->memcg, "pgmajfault", RECLAIM_NUL_TERMINATED, &faults));
        reclaim_request_t request = request_for(5);
        request.memcg = inner;
        reclaim_operation_t *operation = NULL;
        OK(reclaim_operation_begin(w->engine, &request, &operation));
        OK(reclaim_memcg_destroy(inner));
        FAILS(RECLAIM_E_CANCELED, reclaim_operation_step(operation, NULL));
        OK(reclaim_operation_destroy(operation));
        PREPARE(after);
        OK(reclaim_memcg_read(w->memcg, &after));
        OK(reclaim_memcg_read_counter(w->memcg, "pgmajfault", RECLAIM_NUL_TERMINATED, &still));
        CHECK(after.usage == before.usage && still == faults);
        OK(reclaim_engine_validate(w->engine));
    }

    OK(reclaim_file_destroy(file));
}

void test_memcg(void)
{
    world_t world;
    world_open(&world);
    memcgs_are_found_by_path(&world);
    what_is_in_use_stays(&world);
    its_page_cache_is_the_parents(&world);
    world_close(&world);
}

/* Ranges of address spaces: bitmaps, ages, advice, mappings, discarding; and the task of a space. */
#include <string.h>

#include "check.h"

enum { WORDS = (WORLD_PAGES + 63) / 64 };

static void spaces_are_found_by_name(const world_t *w)
{
    reclaim_address_space_options_t options;
    reclaim_address_space_t *space = NULL;
    reclaim_address_space_t *found = NULL;
    PREPARE(options);
    options.pages = 4;
    options.name = "heap of a job";
    options.name_length = 4;
    OK(reclaim_address_space_create(w->engine, &options, &space));
    OK(reclaim_address_space_find(w->engine, "heap", RECLAIM_NUL_TERMINATED, &found));
    CHECK(found == space);
    OK(reclaim_address_space_destroy(space));
    found = NULL;
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_address_space_find(w->engine, "heap", 4, &found));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_find(w->engine, "", 0, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_find(w->engine, NULL, 4, &found));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_find(w->engine, "heap", 4, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_find(NULL, "heap", 4, &found));
    CHECK(found == NULL);
    options.name = "\xff";
    options.name_length = 1;
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_create(w->engine, &options, &space));
}

static void bitmaps_mark_and_tell(const world_t *w)
{
    uint64_t words[WORDS];
    uint64_t used[2] = { UINT64_MAX, UINT64_MAX };
    uint64_t wrote[2] = { 0, 1 };
    uint64_t absent = 77;
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_RESIDENT, 0, WORLD_PAGES, words));
    CHECK(words[0] == UINT64_MAX && words[4] == (UINT64_C(1) << (WORLD_TOUCHED % 64)) - 1 && words[5] == 0);

    /* Pages 256 to 320: the last one is beyond the bits, and 20 of them were never there. */
    OK(reclaim_address_space_access_bitmap(w->space, 256, 64, used, NULL, &absent));
    CHECK(absent == 20);
    OK(reclaim_address_space_access_bitmap(w->space, 192, 65, used, wrote, NULL));
    memset(words, 0xff, sizeof words);
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_DIRTY, 192, 65, words));
    CHECK(words[0] == 0 && words[1] == 1 && words[2] == UINT64_MAX);
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_ACCESSED, 256, 10, words));
    CHECK(words[0] == 0x3ff);
    OK(reclaim_address_space_pin(w->space, 65));
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_PINNED, 64, 64, words));
    CHECK(words[0] == 2);
    OK(reclaim_address_space_unpin(w->space, 65));
    OK(reclaim_address_space_access_bitmap(w->space, 576, 0, NULL, NULL, NULL));
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_RECENT, 0, 0, NULL));

    absent = 77;
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_access_bitmap(w->space, 1, 1, used, NULL, &absent));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_access_bitmap(w->space, 0, WORLD_PAGES + 1, used, NULL, &absent));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_access_bitmap(w->space, UINT64_MAX - 63, 64, used, NULL, &absent));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_access_bitmap(w->space, 0, 1, NULL, used, &absent));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_access_bitmap(NULL, 0, 1, used, NULL, &absent));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_read_bitmap(w->space, 6, 0, 64, words));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_read_bitmap(w->space, UINT32_MAX, 0, 64, words));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_read_bitmap(w->space, 0, 63, 1, words));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_read_bitmap(w->space, 0, 640, 1, words));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_read_bitmap(w->space, 0, 0, 1, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_read_bitmap((reclaim_address_space_t *)(void *)w->engine, 0, 0, 1, words));
    CHECK(absent == 77);
}

static void advice_is_followed(const world_t *w)
{
    uint64_t words[WORDS];
    uint64_t affected = 0;
    OK(reclaim_address_space_advise(w->space, 0, 100, RECLAIM_ADVICE_COLD, &affected));
    CHECK(affected == 100);
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_ACCESSED, 0, 64, words));
    CHECK(words[0] == 0);
    OK(reclaim_address_space_pin(w->space, 3));
    OK(reclaim_address_space_advise(w->space, 0, 10, RECLAIM_ADVICE_PAGE_OUT, &affected));
    CHECK(affected == 9);
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_RESIDENT, 0, 64, words));
    CHECK(words[0] == ~(uint64_t)0x3f7);

    /* What was just evicted would be a member of the working set again. */
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_RECENT, 0, WORLD_PAGES, words));
    CHECK(words[0] == 0x3f7 && words[9] == 0);
    OK(reclaim_address_space_advise(w->space, 0, WORLD_PAGES, RECLAIM_ADVICE_WILL_NEED, &affected));
    CHECK(affected == 9);
    OK(reclaim_address_space_read_bitmap(w->space, RECLAIM_BITMAP_RESIDENT, 0, 64, words));
    CHECK(words[0] == UINT64_MAX);
    OK(reclaim_address_space_unpin(w->space, 3));

    OK(reclaim_address_space_advise(w->space, WORLD_PAGES, 0, RECLAIM_ADVICE_COLD, NULL));
    affected = 77;
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_advise(w->space, 0, 1, 0, &affected));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_advise(w->space, 0, 1, 4, &affected));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_advise(w->space, 1, WORLD_PAGES, RECLAIM_ADVICE_COLD, &affected));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_advise(NULL, 0, 1, RECLAIM_ADVICE_COLD, &affected));
    CHECK(affected == 77);

    /* Nothing can go for what is to come in. */
    OK(reclaim_address_space_advise(w->space, 0, 10, RECLAIM_ADVICE_PAGE_OUT, NULL));
    for (uint64_t page = 10; page < WORLD_TOUCHED; page++)
        OK(reclaim_address_space_pin(w->space, page));
    OK(reclaim_memcg_set_max(w->memcg, WORLD_TOUCHED - 10));
    FAILS(RECLAIM_E_AGAIN, reclaim_address_space_advise(w->space, 0, 10, RECLAIM_ADVICE_WILL_NEED, &affected));
    CHECK(affected == 0);
    OK(reclaim_memcg_set_max(w->memcg, RECLAIM_UNLIMITED));
    OK(reclaim_engine_validate(w->engine));
}

static void ranges_are_discarded_and_mapped(const world_t *w)
{
    uint32_t resident = 2;
    OK(reclaim_address_space_discard(w->space, 20, 5));
    OK(reclaim_address_space_is_resident(w->space, 24, &resident));
    CHECK(resident == 0);
    OK(reclaim_address_space_is_resident(w->space, 25, &resident));
    CHECK(resident == 1);
    OK(reclaim_address_space_discard(w->space, WORLD_PAGES, 0));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_discard(w->space, WORLD_PAGES, 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_discard(NULL, 0, 1));

    reclaim_file_options_t options;
    reclaim_file_t *file = NULL;
    PREPARE(options);
    options.pages = 50;
    OK(reclaim_file_create(w->engine, &options, &file));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_map(w->space, 0, 1, file, 0, 4));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_map(w->space, WORLD_PAGES - 1, 2, file, 0, 0));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_map(w->space, 0, 10, file, 41, 0));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_map(w->space, 0, 1, file, UINT64_MAX, 0));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_map(w->space, 0, 1, (reclaim_file_t *)(void *)w->memcg, 0, 0));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_map(NULL, 0, 1, NULL, 0, 0));
    world_t other;
    world_open(&other);
    FAILS(RECLAIM_E_WRONG_ENGINE, reclaim_address_space_map(other.space, 0, 1, file, 0, 0));
    world_close(&other);
    OK(reclaim_file_destroy(file));
}

static void ages_and_tasks_need_their_flags(const world_t *w)
{
    uint8_t ages[4] = { 9, 9, 9, 9 };
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_address_space_read_ages(w->space, 0, 4, ages));
    REFUSED(RECLAIM_E_RANGE, reclaim_address_space_read_ages(w->space, WORLD_PAGES, 1, ages));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_read_ages(NULL, 0, 4, ages));
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_address_space_set_task_state(w->space, RECLAIM_TASK_RUNNING));
    REFUSED(RECLAIM_E_INVALID, reclaim_address_space_set_task_state(w->space, 3));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_address_space_set_task_state(NULL, 0));
    CHECK(ages[0] == 9);

    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_IDLE_AGE | RECLAIM_ENGINE_PRESSURE;
    world_t kept;
    world_open_with(&kept, &options);
    OK(reclaim_engine_scan_idle_ages(kept.engine, 1000));
    OK(reclaim_engine_scan_idle_ages(kept.engine, 1000));
    OK(access_range(kept.space, 1, 2, 0));
    OK(reclaim_engine_scan_idle_ages(kept.engine, 1000));
    OK(reclaim_address_space_read_ages(kept.space, 0, 2, ages));
    OK(reclaim_address_space_read_ages(kept.space, WORLD_TOUCHED, 1, ages + 2));
    CHECK(ages[0] == 2 && ages[1] == 0 && ages[2] == 255 && ages[3] == 9);
    OK(reclaim_address_space_read_ages(kept.space, WORLD_PAGES, 0, NULL));
    FAILS(RECLAIM_E_NULL, reclaim_address_space_read_ages(kept.space, 0, 1, NULL));

    OK(reclaim_address_space_set_task_state(kept.space, RECLAIM_TASK_STALLED));
    OK(reclaim_engine_set_time(kept.engine, 3000000));
    OK(reclaim_address_space_set_task_state(kept.space, RECLAIM_TASK_IDLE));
    reclaim_pressure_t pressure;
    PREPARE(pressure);
    OK(reclaim_memcg_read_pressure(kept.memcg, &pressure));
    CHECK(pressure.some_total_us == 3000000 && pressure.full_total_us == 3000000);
    world_close(&kept);
}

void test_spaces(void)
{
    world_t world;
    world_open(&world);
    spaces_are_found_by_name(&world);
    bitmaps_mark_and_tell(&world);
    advice_is_followed(&world);
    ranges_are_discarded_and_mapped(&world);
    ages_and_tasks_need_their_flags(&world);
    world_close(&world);
}

/* Engines that are saved, restored and forked, and what is refused of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Bytes of a snapshot in memory. */
typedef struct bytes {
    unsigned char *first;
    uint64_t count;
    uint64_t read;
    uint64_t fails_after;
    reclaim_engine_t *engine; /* called from inside, where it is given */
} bytes_t;

static int32_t take(void *context, const void *from, uint64_t count)
{
    bytes_t *to = (bytes_t *)context;
    if (to->engine) {
        reclaim_memcg_t *root;
        FAILS(RECLAIM_E_BUSY, reclaim_engine_root(to->engine, &root));
        FAILS(RECLAIM_E_BUSY, reclaim_engine_save(to->engine, take, context));
        FAILS(RECLAIM_E_BUSY, reclaim_engine_destroy(to->engine));
    }

    if (to->count + count > to->fails_after)
        return 7;
    to->first = (unsigned char *)realloc(to->first, (size_t)(to->count + count));
    memcpy(to->first + to->count, from, (size_t)count);
    to->count += count;
    return 0;
}

static int32_t supply(void *context, void *to, uint64_t count)
{
    bytes_t *from = (bytes_t *)context;
    if (count > from->count - from->read)
        return 7;
    memcpy(to, from->first + from->read, (size_t)count);
    from->read += count;
    return 0;
}

static bytes_t nothing(void)
{
    bytes_t bytes;
    memset(&bytes, 0, sizeof bytes);
    bytes.fails_after = ~(uint64_t)0;
    return bytes;
}

static void evict_from_tail(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    (void)pass;
    (void)budget;
    reclaim_isolate_tail(lru, batch, 0, (uint32_t)(scan->nr_to_reclaim - scan->nr_reclaimed));
}

static uint32_t outs;

static int32_t page_out(void *context, const reclaim_page_t *page)
{
    CHECK(page->space != NULL || page->file != NULL);
    if (context)
        *(reclaim_address_space_t **)context = page->space;
    outs++;
    return RECLAIM_EVICT;
}

/* An engine with a bit of everything, of which `w` has the parts. */
static void build(world_t *w, const reclaim_policy_t *const *tables)
{
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru-bloom,mine,out/cfifo.so";
    options.tables = tables;
    options.table_count = 1;
    options.flags = RECLAIM_ENGINE_IDLE_AGE | RECLAIM_ENGINE_PRESSURE | RECLAIM_ENGINE_LIMITED_SWAP;
    options.swap_pages = 5000;
    world_open_with(w, &options);

    reclaim_memcg_options_t memcg;
    PREPARE(memcg);
    memcg.name = "mine";
    memcg.name_length = RECLAIM_NUL_TERMINATED;
    memcg.parent = w->memcg;
    memcg.policy = "mine";
    memcg.policy_length = RECLAIM_NUL_TERMINATED;
    reclaim_memcg_t *below;
    OK(reclaim_memcg_create(w->engine, &memcg, &below));

    reclaim_address_space_options_t space;
    PREPARE(space);
    space.pages = WORLD_PAGES;
    space.memcg = w->memcg;
    space.name = "db";
    space.name_length = RECLAIM_NUL_TERMINATED;
    reclaim_address_space_t *db;
    OK(reclaim_address_space_create(w->engine, &space, &db));
    OK(access_range(db, 0, 400, RECLAIM_WRITE));
    OK(reclaim_address_space_pin(db, 3));

    reclaim_file_options_t file;
    PREPARE(file);
    file.pages = 200;
    file.name = "data";
    file.name_length = RECLAIM_NUL_TERMINATED;
    reclaim_file_t *data;
    OK(reclaim_file_create(w->engine, &file, &data));
    uint32_t words[64];
    for (uint32_t i = 0; i < 64; i++)
        words[i] = i * 3;
    OK(reclaim_file_access(data, below, 1, words, 64, NULL));
    OK(reclaim_memcg_set_max(w->memcg, 500));
    OK(reclaim_memcg_set_protection(below, 5, 10));
    OK(reclaim_engine_set_time(w->engine, 5000000));
    OK(reclaim_engine_scan_idle_ages(w->engine, 1000));
}

/* What has the names of `build` in an engine; `space` is the one that is called "db". */
static void find(reclaim_engine_t *engine, world_t *w)
{
    w->engine = engine;
    OK(reclaim_engine_root(engine, &w->root));
    OK(reclaim_memcg_find(engine, "/job", RECLAIM_NUL_TERMINATED, &w->memcg));
    OK(reclaim_address_space_find(engine, "db", RECLAIM_NUL_TERMINATED, &w->space));
    reclaim_memcg_t *below, *again;
    OK(reclaim_memcg_find(engine, "/job/mine", RECLAIM_NUL_TERMINATED, &below));
    OK(reclaim_memcg_find(engine, "/job/mine", RECLAIM_NUL_TERMINATED, &again));
    CHECK(below == again);
    reclaim_file_t *file;
    OK(reclaim_file_find(engine, "data", RECLAIM_NUL_TERMINATED, &file));
}

/* The same calls on both, with the same results. */
static void go_on(world_t *a, world_t *b)
{
    CHECK(world_fingerprint(a) == world_fingerprint(b));
    world_t *both[2] = { a, b };
    reclaim_result_t results[2];
    reclaim_tally_t tallies[2];
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t words[100];
        for (uint32_t i = 0; i < 100; i++)
            words[i] = (i * 17 + round * 31) % WORLD_PAGES;
        for (int i = 0; i < 2; i++) {
            PREPARE(tallies[i]);
            PREPARE(results[i]);
            OK(reclaim_address_space_access(both[i]->space, words, 100, &tallies[i]));
            reclaim_request_t request = request_for(40);
            OK(reclaim_engine_reclaim(both[i]->engine, &request, &results[i]));
            results[i].elapsed_us = 0;
        }

        CHECK(memcmp(&tallies[0], &tallies[1], sizeof tallies[0]) == 0);
        CHECK(memcmp(&results[0], &results[1], sizeof results[0]) == 0);
    }

    CHECK(world_fingerprint(a) == world_fingerprint(b));
}

static void test_restore(world_t *w, const reclaim_copy_options_t *options)
{
    bytes_t bytes = nothing();
    bytes.engine = w->engine;
    OK(reclaim_engine_save(w->engine, take, &bytes));
    CHECK(bytes.count > 4096);
    reclaim_engine_t *engine = NULL;
    OK(reclaim_engine_restore(options, supply, &bytes, &engine));
    CHECK(bytes.read == bytes.count);
    world_t copy;
    find(engine, &copy);
    find(w->engine, w);

    outs = 0;
    reclaim_address_space_t *seen = NULL;
    reclaim_engine_t *asked = NULL;
    reclaim_copy_options_t told = *options;
    told.page_out = page_out;
    told.context = &seen;
    told.vector_bits = 64;
    bytes.read = 0;
    OK(reclaim_engine_restore(&told, supply, &bytes, &asked));
    reclaim_request_t request = request_for(20);
    request.types = RECLAIM_TYPES_ANON;
    OK(reclaim_engine_reclaim(asked, &request, NULL));
    CHECK(outs >= 20);
    uint32_t resident;
    CHECK(seen != NULL);
    OK(reclaim_address_space_is_resident(seen, 3, &resident));
    OK(reclaim_engine_destroy(asked));

    go_on(w, &copy);
    world_close(&copy);

    /* Damage, ends too early, and callbacks that fail. */
    for (uint64_t at = 0; at < bytes.count; at += at < 200 ? 1 : bytes.count / 50) {
        bytes.read = 0;
        bytes.first[at] ^= 0x10;
        engine = NULL;
        FAILS(RECLAIM_E_FORMAT, reclaim_engine_restore(options, supply, &bytes, &engine));
        CHECK(engine == NULL);
        bytes.first[at] ^= 0x10;
    }

    bytes.read = 100;
    FAILS(RECLAIM_E_FORMAT, reclaim_engine_restore(options, supply, &bytes, &engine));
    bytes.read = 0;
    bytes.count -= 1;
    FAILS(RECLAIM_E_IO, reclaim_engine_restore(options, supply, &bytes, &engine));
    CHECK(engine == NULL);
    bytes_t full = nothing();
    full.fails_after = 5000;
    REFUSED(RECLAIM_E_IO, reclaim_engine_save(w->engine, take, &full));
    free(full.first);
    free(bytes.first);
}

static void test_file(world_t *w, const reclaim_copy_options_t *options)
{
    const char *path = "snapshot of \xc3\xa9ngine";
    OK(reclaim_engine_save_file(w->engine, path, RECLAIM_NUL_TERMINATED));
    OK(reclaim_engine_save_file(w->engine, path, strlen(path)));
    reclaim_engine_t *engine = NULL;
    OK(reclaim_engine_restore_file(options, path, RECLAIM_NUL_TERMINATED, &engine));
    world_t copy;
    find(engine, &copy);
    go_on(w, &copy);
    world_close(&copy);

    FILE *file = fopen(path, "ab");
    CHECK(file != NULL);
    if (file) {
        fputc('x', file);
        fclose(file);
    }

    engine = NULL;
    FAILS(RECLAIM_E_FORMAT, reclaim_engine_restore_file(options, path, RECLAIM_NUL_TERMINATED, &engine));
    FAILS(RECLAIM_E_IO, reclaim_engine_restore_file(options, "no/such/file", RECLAIM_NUL_TERMINATED, &engine));
    CHECK(strstr(reclaim_last_error(), "No such file or directory") != NULL);
    FAILS(RECLAIM_E_IO, reclaim_engine_restore_file(options, ".", RECLAIM_NUL_TERMINATED, &engine));
    FAILS(RECLAIM_E_INVALID, reclaim_engine_restore_file(options, "", 0, &engine));
    FAILS(RECLAIM_E_INVALID, reclaim_engine_restore_file(options, "a\0b", 3, &engine));
    FAILS(RECLAIM_E_NULL, reclaim_engine_restore_file(options, NULL, 0, &engine));
    FAILS(RECLAIM_E_NULL, reclaim_engine_restore_file(options, path, RECLAIM_NUL_TERMINATED, NULL));
    CHECK(engine == NULL);
    REFUSED(RECLAIM_E_IO, reclaim_engine_save_file(w->engine, "no/such/folder/file", RECLAIM_NUL_TERMINATED));
    REFUSED(RECLAIM_E_IO, reclaim_engine_save_file(w->engine, ".", RECLAIM_NUL_TERMINATED));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_save_file(w->engine, NULL, 0));
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_save_file(w->engine, "", 0));
    CHECK(remove(path) == 0);
}

static void test_fork(world_t *w, const reclaim_copy_options_t *options)
{
    uint64_t before = world_fingerprint(w);
    reclaim_engine_t *fork = NULL;
    OK(reclaim_engine_fork(w->engine, options, &fork));
    CHECK(world_fingerprint(w) == before);
    world_t copy;
    find(fork, &copy);
    CHECK(world_fingerprint(&copy) == before);

    reclaim_request_t request = request_for(100);
    OK(reclaim_engine_reclaim(fork, &request, NULL));
    OK(reclaim_memcg_set_max(copy.memcg, 50));
    CHECK(world_fingerprint(&copy) != before);
    CHECK(world_fingerprint(w) == before);
    OK(reclaim_engine_validate(fork));
    FAILS(RECLAIM_E_WRONG_ENGINE, (request.memcg = w->memcg, reclaim_engine_reclaim(fork, &request, NULL)));
    world_close(&copy);
    CHECK(world_fingerprint(w) == before);

    OK(reclaim_engine_fork(w->engine, options, &fork));
    find(fork, &copy);
    go_on(w, &copy);
    world_close(&copy);
}

static void test_refusals(world_t *w, const reclaim_copy_options_t *options)
{
    reclaim_engine_t *engine = NULL;
    bytes_t bytes = nothing();
    OK(reclaim_engine_save(w->engine, take, &bytes));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_save(w->engine, NULL, NULL));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_save(NULL, take, &bytes));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_save_file(NULL, "x", 1));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_fork((reclaim_engine_t *)(void *)w->memcg, options, &engine));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_fork(w->engine, NULL, &engine));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_fork(w->engine, options, NULL));
    FAILS(RECLAIM_E_NULL, reclaim_engine_restore(NULL, supply, &bytes, &engine));
    FAILS(RECLAIM_E_NULL, reclaim_engine_restore(options, NULL, &bytes, &engine));
    FAILS(RECLAIM_E_NULL, reclaim_engine_restore(options, supply, &bytes, NULL));

    reclaim_copy_options_t other = *options;
    other.table_count = 0;
    FAILS(RECLAIM_E_NOT_FOUND, reclaim_engine_restore(&other, supply, &bytes, &engine));
    CHECK(strstr(reclaim_last_error(), "'mine'") != NULL);
    OK(reclaim_engine_fork(w->engine, &other, &engine));
    OK(reclaim_engine_destroy(engine));
    engine = NULL;

    reclaim_policy_t larger = *options->tables[0];
    const reclaim_policy_t *tables[1];
    larger.lists = 7;
    tables[0] = &larger;
    other = *options;
    other.tables = tables;
    bytes.read = 0;
    FAILS(RECLAIM_E_NOT_FOUND, reclaim_engine_restore(&other, supply, &bytes, &engine));
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_engine_fork(w->engine, &other, &engine));
    other.tables = NULL;
    REFUSED(RECLAIM_E_NULL, reclaim_engine_fork(w->engine, &other, &engine));
    other.table_count = 65;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_fork(w->engine, &other, &engine));
    other = *options;
    other.flags = 1;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_fork(w->engine, &other, &engine));
    other = *options;
    other.vector_bits = 100;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_fork(w->engine, &other, &engine));
    other = *options;
    other.struct_size = 8;
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_engine_fork(w->engine, &other, &engine));
    other.struct_size = 5000;
    REFUSED(RECLAIM_E_TOO_BIG, reclaim_engine_fork(w->engine, &other, &engine));
    CHECK(engine == NULL);
    free(bytes.first);
}

void test_snapshot(void)
{
    reclaim_policy_t mine;
    PREPARE(mine);
    mine.abi = RECLAIM_POLICY_ABI;
    mine.name = "mine";
    mine.isolate = evict_from_tail;
    const reclaim_policy_t *const tables[1] = { &mine };
    world_t world, *w = &world;
    build(w, tables);
    reclaim_copy_options_t options;
    PREPARE(options);
    options.tables = tables;
    options.table_count = 1;
    test_restore(w, &options);
    test_file(w, &options);
    test_fork(w, &options);
    test_refusals(w, &options);
    world_close(w);
}

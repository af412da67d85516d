#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

static void *zeroed(uint64_t count, uint64_t size)
{
    void *memory = calloc(count, size);
    if (memory != NULL)
        return memory;
    fprintf(stderr, "no memory for %" PRIu64 " times %" PRIu64 " bytes\n", count, size);
    exit(1);
}

/* ---- The hash table ---- */

static uint32_t home_of(const pool_t *pool, uint32_t page)
{
    return (uint32_t)((page * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & pool->table_mask;
}

/* Where a page is in the table, or the empty place where it belongs. */
static uint32_t place_of(const pool_t *pool, uint32_t page)
{
    uint32_t place = home_of(pool, page);
    while (pool->table[place] != NONE && pool->frames[pool->table[place]].page != page)
        place = (place + 1) & pool->table_mask;
    return place;
}

/* Takes a page out; those behind it that would not be found any more move up. */
static void remove_at(pool_t *pool, uint32_t place)
{
    uint32_t next = place;
    for (;;) {
        next = (next + 1) & pool->table_mask;
        if (pool->table[next] == NONE)
            break;
        uint32_t home = home_of(pool, pool->frames[pool->table[next]].page);
        if (((next - home) & pool->table_mask) < ((next - place) & pool->table_mask))
            continue;
        pool->table[place] = pool->table[next];
        place = next;
    }
    pool->table[place] = NONE;
}

static void free_frame(pool_t *pool, uint32_t place, uint32_t dirty)
{
    pool->free_frames[pool->free_count++] = pool->table[place];
    pool->counts.writes += dirty != 0;
    remove_at(pool, place);
}

/* ---- PLAIN ---- */

static void take_off(pool_t *pool, uint32_t frame)
{
    frame_t *f = &pool->frames[frame];
    *(f->newer == NONE ? &pool->newest : &pool->frames[f->newer].older) = f->older;
    *(f->older == NONE ? &pool->oldest : &pool->frames[f->older].newer) = f->newer;
}

static void add_newest(pool_t *pool, uint32_t frame)
{
    frame_t *f = &pool->frames[frame];
    f->newer = NONE;
    f->older = pool->newest;
    *(pool->newest == NONE ? &pool->oldest : &pool->frames[pool->newest].newer) = frame;
    pool->newest = frame;
}

static void use(pool_t *pool, uint32_t frame, uint32_t write)
{
    pool->frames[frame].dirty |= write;
    if (frame == pool->newest)
        return;
    take_off(pool, frame);
    add_newest(pool, frame);
}

static void evict_oldest(pool_t *pool)
{
    uint32_t frame = pool->oldest;
    while (frame != NONE && pool->free_count < pool->options.evict) {
        frame_t *f = &pool->frames[frame];
        uint32_t next = f->newer;
        if (f->pins == 0) {
            take_off(pool, frame);
            free_frame(pool, place_of(pool, f->page), f->dirty);
        }
        frame = next;
    }
}

/* ---- The library ---- */

static void report(pool_t *pool)
{
    check(reclaim_address_space_access(pool->space, pool->words, pool->word_count, NULL), "report accesses");
    pool->word_count = 0;
}

static void note(pool_t *pool, uint32_t page, uint32_t write)
{
    pool->words[pool->word_count++] = page | write;
    if (pool->word_count == pool->options.report)
        report(pool);
}

/* Of PAGE_OUT: the library gives a page up. */
static int32_t page_out(void *context, const reclaim_page_t *page)
{
    pool_t *pool = (pool_t *)context;
    uint32_t place = place_of(pool, (uint32_t)page->page);
    if (pool->frames[pool->table[place]].pins > 0)
        return RECLAIM_KEEP_PINNED;
    free_frame(pool, place, page->flags & RECLAIM_PAGE_DIRTY);
    return RECLAIM_EVICT;
}

/* Of PROPOSE: pages that are pinned stay, the others go. */
static void evict_proposed(pool_t *pool)
{
    reclaim_page_t victims[EVICT_MOST], pinned[EVICT_MOST];
    reclaim_request_t request = {
        .struct_size = sizeof request,
        .pages = pool->options.evict,
        .victims = victims,
        .victim_size = sizeof victims[0],
        .victim_capacity = pool->options.evict,
    };
    reclaim_result_t result = { .struct_size = sizeof result };
    int32_t status = reclaim_engine_propose(pool->engine, &request, &result);
    if (status != RECLAIM_E_AGAIN) /* fewer are welcome too */
        check(status, "propose");

    uint64_t going = 0, staying = 0, committed = 0;
    for (uint64_t i = 0; i < result.victims; i++) {
        uint32_t frame = pool->table[place_of(pool, (uint32_t)victims[i].page)];
        if (pool->frames[frame].pins > 0)
            pinned[staying++] = victims[i];
        else
            victims[going++] = victims[i];
    }
    if (staying > 0)
        check(reclaim_pages_abort(pool->engine, pinned, sizeof pinned[0], staying, RECLAIM_KEEP_PINNED, NULL), "abort");
    check(reclaim_pages_commit(pool->engine, victims, sizeof victims[0], going, NULL, &committed), "commit");
    for (uint64_t i = 0; i < committed; i++)
        free_frame(pool, place_of(pool, (uint32_t)victims[i].page), victims[i].flags & RECLAIM_PAGE_DIRTY);
}

static void open_engine(pool_t *pool)
{
    const pool_options_t *options = &pool->options;
    /* In PAGE_OUT the limit of a cgroup is to act, exactly, and long before the watermarks of the node. */
    reclaim_node_options_t node = { .pages = options->form == PAGE_OUT ? 2 * (uint64_t)options->capacity + 4096 : options->capacity };
    reclaim_engine_options_t machine = {
        .struct_size = sizeof machine,
        .flags = options->form == PAGE_OUT ? 0 : RECLAIM_ENGINE_ADVISOR,
        .nodes = &node,
        .node_count = 1,
        .node_size = sizeof node,
        .policies = options->policy,
        .policies_length = RECLAIM_NUL_TERMINATED,
        .leaf_tables = options->pages / 512 + 1,
        .page_out = options->form == PAGE_OUT ? page_out : NULL,
        .context = pool,
    };
    check(reclaim_engine_create(&machine, &pool->engine), "create the engine");

    reclaim_memcg_t *memcg = NULL;
    if (options->form == PAGE_OUT) {
        reclaim_memcg_options_t limited = { .struct_size = sizeof limited, .name = "pool", .name_length = RECLAIM_NUL_TERMINATED };
        check(reclaim_memcg_create(pool->engine, &limited, &memcg), "create the cgroup");
        check(reclaim_memcg_set_max(memcg, options->capacity), "limit the cgroup");
    }
    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = options->pages, .memcg = memcg };
    check(reclaim_address_space_create(pool->engine, &memory, &pool->space), "create the address space");
}

/* ---- All three ---- */

void pool_open(pool_t *pool, const pool_options_t *options)
{
    memset(pool, 0, sizeof *pool);
    pool->options = *options;
    uint32_t places = 1;
    while (places < 2 * options->capacity)
        places *= 2;
    pool->table_mask = places - 1;
    pool->table = zeroed(places, sizeof *pool->table);
    memset(pool->table, 0xff, places * sizeof *pool->table);
    pool->frames = zeroed(options->capacity, sizeof *pool->frames);
    pool->free_frames = zeroed(options->capacity, sizeof *pool->free_frames);
    for (uint32_t frame = options->capacity; frame-- > 0;)
        pool->free_frames[pool->free_count++] = frame;
    pool->newest = pool->oldest = NONE;
    if (options->form != PLAIN)
        open_engine(pool);
}

void pool_close(pool_t *pool)
{
    check(reclaim_engine_destroy(pool->engine), "destroy the engine");
    free(pool->table);
    free(pool->frames);
    free(pool->free_frames);
}

/* Brings a page in, into a frame that is free or becomes so.  What was used before has to be known when it is decided who goes. */
static uint32_t bring_in(pool_t *pool, uint32_t page, uint32_t write)
{
    int full = pool->free_count == 0;
    switch (pool->options.form) {
    case PLAIN:
        if (full)
            evict_oldest(pool);
        break;
    case PROPOSE:
        if (full) {
            report(pool);
            evict_proposed(pool);
        }
        note(pool, page, write);
        break;
    case PAGE_OUT:
        note(pool, page, write);
        if (full && pool->word_count > 0)
            report(pool);
        break;
    }
    if (pool->free_count == 0) {
        fprintf(stderr, "every page is pinned\n");
        exit(1);
    }

    uint32_t frame = pool->free_frames[--pool->free_count];
    pool->frames[frame] = (frame_t){ .page = page, .dirty = write };
    pool->table[place_of(pool, page)] = frame;
    if (pool->options.form == PLAIN)
        add_newest(pool, frame);
    return frame;
}

uint32_t pool_get(pool_t *pool, uint32_t page, uint32_t write)
{
    uint32_t frame = pool->table[place_of(pool, page)];
    pool->counts.gets++;
    if (frame == NONE) {
        frame = bring_in(pool, page, write);
    } else {
        pool->counts.hits++;
        if (pool->options.form == PLAIN)
            use(pool, frame, write);
        else
            note(pool, page, write);
    }
    pool->frames[frame].pins++;
    return frame;
}

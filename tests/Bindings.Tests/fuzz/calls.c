/* One function for each function of reclaim.h, which calls it with arguments of some choice. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum { MOST_PAGES = 2048, VICTIMS = 256, TEXT = 1 << 16 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A struct of the caller's, with room behind it for one that is said to be larger. */
#define ROOM(type, name)                                                                                              \
    union {                                                                                                           \
        type value;                                                                                                   \
        char room[4096];                                                                                              \
    } name;                                                                                                           \
    memset(&name, 0, sizeof name);                                                                                    \
    if (one_in(64))                                                                                                   \
        name.room[sizeof(type) + below(32)] = 1;                                                                      \
    name.value.struct_size = size_for((uint32_t)sizeof(type))

static char buffer[TEXT];
static uint32_t words[4096];
static uint64_t bits[3][MOST_PAGES / 64 + 2];
static reclaim_page_t victims[VICTIMS];
static uint64_t victim_count;
static reclaim_engine_t *victim_engine;

/* ---- Callbacks: they refuse, fail and call back ------------------------------------------------------------------ */

static void call_back(const reclaim_page_t *page)
{
    uint32_t resident;
    if (page->space != NULL && reclaim_address_space_is_resident(page->space, page->page, &resident) != RECLAIM_E_BUSY)
        broken("a call from inside a callback was not refused");
}

static int32_t page_out(void *context, const reclaim_page_t *page)
{
    (void)context;
    if (one_in(64))
        call_back(page);
    return one_in(4) ? one_in(16) ? (int32_t)rnd() : (int32_t)below(6) : RECLAIM_EVICT;
}

static int32_t page_in(void *context, const reclaim_page_t *page)
{
    (void)context;
    if (one_in(64))
        call_back(page);
    return one_in(32) ? -1 : 0;
}

static int32_t page_migrate(void *context, const reclaim_page_t *page, uint32_t to_node)
{
    (void)context;
    (void)to_node;
    if (one_in(64))
        call_back(page);
    return one_in(4);
}

static void completed(void *context, const reclaim_result_t *result)
{
    (void)context;
    if (result->stop == RECLAIM_STOP_NOT_YET)
        broken("told of an end that is none");
}

static void trace(void *context, const reclaim_trace_event_t *event)
{
    (void)context;
    if (event->event == 0 || (event->event & ~RECLAIM_TRACE_ALL) != 0)
        broken("an event that is none");
}

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

static reclaim_memcg_t *maybe_memcg(void)
{
    handle_t *chosen;
    return one_in(2) ? NULL : (reclaim_memcg_t *)any(MEMCG, &chosen);
}

static uint64_t page_of(const handle_t *handle)
{
    uint64_t pages = handle == NULL || handle->pages == 0 ? MOST_PAGES : handle->pages;
    return one_in(64) ? amount() : below(pages);
}

static uint64_t length_from(const handle_t *handle, uint64_t first)
{
    uint64_t pages = handle == NULL ? MOST_PAGES : handle->pages;
    return one_in(64) || first >= pages ? amount() : below(pages - first + 1);
}

static uint32_t fill_words(const handle_t *handle)
{
    uint32_t count = (uint32_t)below(one_in(8) ? COUNT(words) : 64);
    uint64_t window = 1 + below(MOST_PAGES);
    uint64_t start = page_of(handle);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t page = start + below(window);
        if (handle != NULL && handle->pages != 0 && !one_in(4096))
            page %= handle->pages;
        words[i] = (uint32_t)(page & 0x7fffffff) | (one_in(4) ? RECLAIM_WRITE : 0);
    }

    return count;
}

static void fill_bits(void)
{
    for (size_t i = 0; i < COUNT(bits[0]); i++) {
        bits[0][i] = rnd() & rnd();
        bits[1][i] = rnd() & rnd() & rnd();
    }
}

/* Pages for the reclaim_pages_ calls: victims that were proposed, or any. */
static uint64_t choose_pages(reclaim_page_t *pages, handle_t *engine)
{
    uint64_t count = below(48);
    for (uint64_t i = 0; i < count; i++) {
        if (victim_count > 0 && engine != NULL && engine->value == (void *)victim_engine && !one_in(4)) {
            pages[i] = victims[below(victim_count)];
            continue;
        }

        memset(&pages[i], 0, sizeof pages[i]);
        handle_t *owner = living(one_in(4) ? PAGE_FILE : SPACE, one_in(256) || engine == NULL ? -1 : engine->engine);
        if (owner == NULL)
            return i;
        if (owner->kind == SPACE)
            pages[i].space = (reclaim_address_space_t *)owner->value;
        else
            pages[i].file = (reclaim_file_t *)owner->value;
        pages[i].page = one_in(2048) ? amount() : below(owner->pages);
        pages[i].node = one_in(2048) ? (uint32_t)rnd() : 0;
        pages[i].flags = one_in(4) ? RECLAIM_PAGE_DIRTY : 0;
        pages[i].cookie = one_in(64) ? rnd() : 0;
    }

    return count;
}

static uint32_t page_size(void) { return one_in(64) ? size_for(sizeof(reclaim_page_t)) : (uint32_t)sizeof(reclaim_page_t); }

static reclaim_page_t own_pages[64 * 90]; /* room for elements that are said to be larger */

static void fill_request(reclaim_request_t *request)
{
    request->flags = one_in(8) ? flags_of(7) : 0;
    request->pages = amount();
    request->memcg = maybe_memcg();
    request->nodes = one_in(4) ? below(8) : 0;
    request->swappiness = (request->flags & RECLAIM_REQUEST_SWAPPINESS) != 0 ? (uint32_t)below(204) : (uint32_t)one_in(64);
    request->types = one_in(4) ? (uint32_t)below(5) : 0;
    request->mode = one_in(4) ? (uint32_t)below(4) : 0;
    request->min_idle_ms = one_in(16) ? amount() : 0;
    request->max_scanned = one_in(8) ? amount() : 0;
    request->time_limit_us = one_in(16) ? UINT64_MAX - amount() : 0; /* less would end where the clock says: another run, other calls */
    request->batch_pages = one_in(4) ? amount() : 0;
}

static void with_victims(reclaim_request_t *request)
{
    request->victims = victims;
    request->victim_size = one_in(64) ? size_for(24) : (uint32_t)sizeof(reclaim_page_t);
    request->victim_capacity = request->victim_size > sizeof(reclaim_page_t) ? 1 : below(VICTIMS + 1);
}

/* ---- Library ----------------------------------------------------------------------------------------------------- */

static int32_t version_number(void) { return reclaim_version_number() == RECLAIM_VERSION_NUMBER ? RECLAIM_OK : RECLAIM_E_INTERNAL; }

static int32_t status_name(void) { return reclaim_status_name((int32_t)rnd()) == NULL ? RECLAIM_E_INTERNAL : RECLAIM_OK; }

static int32_t last_error(void) { return reclaim_last_error() == NULL ? RECLAIM_E_INTERNAL : RECLAIM_OK; }

static int32_t vector_bits(void) { return reclaim_vector_bits() < 64 ? RECLAIM_E_INTERNAL : RECLAIM_OK; }

static int32_t counter_name(void)
{
    (void)reclaim_counter_name((uint32_t)amount());
    return RECLAIM_OK;
}

/* ---- Engine ------------------------------------------------------------------------------------------------------ */

static void adopt(reclaim_engine_t *engine)
{
    static int number;
    born(ENGINE, ++number, engine, 0);
    reclaim_memcg_t *root = NULL;
    if (reclaim_engine_root(engine, &root) != RECLAIM_OK)
        broken("an engine without a root");
    born(MEMCG, number, root, 0);
}

static int engine_total;

static int32_t engine_create(void)
{
    static const char *const policies[] = {
        "mglru,classic,sieve", "classic,lru,s3fifo", "mglru", "arc,2q,lfu,clock", "lirs,clockpro,mglru", "mglru@6.12,classic@6.12", "none",
    };
    static const char *const fallbacks[] = { "fifo", "clock", "mglru", "none" };
    ROOM(reclaim_engine_options_t, options);
    reclaim_node_options_t nodes[2] = { { 512, 0, 0 }, { 512 + 512 * below(3), 1, 0 } };
    if (one_in(32))
        nodes[below(2)].pages = amount();
    options.value.flags = flags_of(0x7ff);
    options.value.nodes = one_in(64) ? NULL : nodes;
    options.value.node_count = one_in(64) ? (uint32_t)below(3) : 2;
    options.value.node_size = one_in(64) ? size_for(16) : (uint32_t)sizeof nodes[0];
    if (options.value.node_size > sizeof nodes[0])
        options.value.node_count = 1;
    if (options.value.node_size > 2 * sizeof nodes[0])
        options.value.node_size = (uint32_t)sizeof nodes[0];
    options.value.policies = text(policies[below(COUNT(policies))], &options.value.policies_length);
    options.value.memcgs = (uint32_t)below(12);
    options.value.address_spaces = one_in(64) ? (uint32_t)rnd() : (uint32_t)below(12);
    options.value.leaf_tables = (options.value.flags & RECLAIM_ENGINE_IDENTITY) != 0 ? 0 : (uint32_t)below(200);
    options.value.swap_pages = (options.value.flags & RECLAIM_ENGINE_LIMITED_SWAP) != 0 ? below(3000) : (uint64_t)one_in(64);
    options.value.page_out = one_in(2) ? NULL : page_out;
    options.value.page_in = one_in(2) ? NULL : page_in;
    options.value.page_migrate = one_in(2) ? NULL : page_migrate;
    options.value.vector_bits = one_in(4) ? 64u << below(5) : 0;
    options.value.shared_mappings = one_in(4) ? (uint32_t)below(100) : 0;
    if (one_in(4))
        options.value.fallback = text(fallbacks[below(COUNT(fallbacks))], &options.value.fallback_length);
    reclaim_engine_t *engine = NULL;
    int32_t status = reclaim_engine_create(one_in(256) ? NULL : &options.value, one_in(256) ? NULL : &engine);
    if (status != RECLAIM_OK)
        return status;
    if (engine_total >= ENGINES) {
        /* There are enough: this one was for the call's sake. */
        if (reclaim_engine_validate(engine) != RECLAIM_OK)
            broken("a new engine is not valid");
        return reclaim_engine_destroy(engine);
    }

    engine_total++;
    adopt(engine);
    return status;
}

static int32_t engine_destroy(void)
{
    handle_t *chosen;
    void *value = any(ENGINE, &chosen);
    if (chosen != NULL && chosen->kind == ENGINE && chosen->alive && !one_in(8))
        return reclaim_engine_destroy(NULL);
    int32_t status = reclaim_engine_destroy((reclaim_engine_t *)value);
    if (status == RECLAIM_OK && value != NULL) {
        if (chosen == NULL || !chosen->alive)
            broken("a dead engine was destroyed");
        if (value == (void *)victim_engine)
            victim_count = 0;
        died(chosen);
        engine_total--;
    }

    return status;
}

#define ENGINE_OF(name)                                                                                               \
    handle_t *chosen;                                                                                                 \
    reclaim_engine_t *name = (reclaim_engine_t *)any(ENGINE, &chosen)

static int32_t engine_root(void)
{
    ENGINE_OF(engine);
    reclaim_memcg_t *root = NULL;
    return reclaim_engine_root(engine, one_in(64) ? NULL : &root);
}

static int32_t engine_reclaim(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_request_t, request);
    ROOM(reclaim_result_t, result);
    fill_request(&request.value);
    reclaim_page_t own[VICTIMS];
    if (one_in(2)) {
        with_victims(&request.value);
        request.value.victims = own;
    }

    return reclaim_engine_reclaim(engine, &request.value, one_in(4) ? NULL : &result.value);
}

static int32_t engine_preview(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_request_t, request);
    ROOM(reclaim_result_t, result);
    fill_request(&request.value);
    if (one_in(4))
        request.value.time_limit_us = amount(); /* whatever ends it leaves the engine as it was */
    reclaim_page_t own[VICTIMS];
    if (one_in(2)) {
        with_victims(&request.value);
        request.value.victims = own;
    }

    return reclaim_engine_preview(engine, &request.value, one_in(4) ? NULL : &result.value);
}

static int32_t engine_propose(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_request_t, request);
    ROOM(reclaim_result_t, result);
    fill_request(&request.value);
    if (!one_in(16))
        request.value.flags &= ~RECLAIM_REQUEST_KERNEL;
    with_victims(&request.value);
    result.value.struct_size = sizeof(reclaim_result_t);
    int32_t status = reclaim_engine_propose(engine, &request.value, &result.value);
    if ((status == RECLAIM_OK || status == RECLAIM_E_AGAIN || status == RECLAIM_E_CANCELED) && request.value.victim_size == sizeof(reclaim_page_t)) {
        victim_count = result.value.victims;
        victim_engine = engine;
        if (victim_count > request.value.victim_capacity)
            broken("more victims than there is room for");
    } else {
        victim_count = 0;
    }

    return status;
}

static int32_t operation_begin(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_request_t, request);
    fill_request(&request.value);
    request.value.completed = one_in(2) ? NULL : completed;
    reclaim_operation_t *operation = NULL;
    int32_t status = reclaim_operation_begin(engine, &request.value, &operation);
    if (status == RECLAIM_OK && living_parts(OPERATION, chosen->engine) < 8)
        born(OPERATION, chosen->engine, operation, 0);
    else if (status == RECLAIM_OK)
        return reclaim_operation_destroy(operation);
    return status;
}

static int32_t operation_step(void)
{
    handle_t *chosen;
    void *operation = any(OPERATION, &chosen);
    ROOM(reclaim_result_t, result);
    return reclaim_operation_step((reclaim_operation_t *)operation, one_in(4) ? NULL : &result.value);
}

static int32_t operation_cancel(void)
{
    handle_t *chosen;
    return reclaim_operation_cancel((reclaim_operation_t *)any(OPERATION, &chosen));
}

static int32_t operation_destroy(void)
{
    handle_t *chosen;
    void *operation = any(OPERATION, &chosen);
    int32_t status = reclaim_operation_destroy((reclaim_operation_t *)operation);
    if (status == RECLAIM_OK && operation != NULL)
        died(chosen);
    return status;
}

static int32_t engine_set_time(void)
{
    static int64_t time;
    ENGINE_OF(engine);
    time += (int64_t)below(100000);
    return reclaim_engine_set_time(engine, one_in(64) ? (int64_t)rnd() : time);
}

static int32_t engine_scan_idle_ages(void)
{
    ENGINE_OF(engine);
    return reclaim_engine_scan_idle_ages(engine, one_in(16) ? amount() : 1000);
}

static int32_t engine_read_counter(void)
{
    static const char *const names[] = { "pgscan_kswapd", "pswpout", "pgfault", "workingset_refault_anon", "none" };
    ENGINE_OF(engine);
    uint64_t length;
    const char *name = text(names[below(COUNT(names))], &length);
    int64_t value;
    return reclaim_engine_read_counter(engine, name, length, one_in(64) ? NULL : &value);
}

static int32_t engine_validate(void)
{
    ENGINE_OF(engine);
    return reclaim_engine_validate(engine);
}

static int32_t engine_vector_bits(void)
{
    ENGINE_OF(engine);
    uint32_t width = 0;
    return reclaim_engine_vector_bits(engine, one_in(64) ? NULL : &width);
}

/* ---- Pages ------------------------------------------------------------------------------------------------------- */

static int32_t pages_add(void)
{
    ENGINE_OF(engine);
    uint64_t count = choose_pages(own_pages, chosen);
    uint64_t added;
    return reclaim_pages_add(engine, one_in(64) ? NULL : own_pages, page_size(), count, one_in(2) ? NULL : &added);
}

static int32_t pages_remove(void)
{
    ENGINE_OF(engine);
    uint64_t count = choose_pages(own_pages, chosen);
    return reclaim_pages_remove(engine, one_in(64) ? NULL : own_pages, page_size(), count);
}

static int32_t pages_move(void)
{
    ENGINE_OF(engine);
    uint64_t count = choose_pages(own_pages, chosen);
    int32_t outcomes[64];
    uint64_t moved;
    return reclaim_pages_move(engine, own_pages, page_size(), count, (uint32_t)below(one_in(16) ? 5 : 2), one_in(2) ? NULL : outcomes,
                              one_in(2) ? NULL : &moved);
}

static int32_t pages_commit(void)
{
    ENGINE_OF(engine);
    uint64_t count = choose_pages(own_pages, chosen);
    int32_t outcomes[64];
    uint64_t committed;
    return reclaim_pages_commit(engine, own_pages, page_size(), count, one_in(2) ? NULL : outcomes, one_in(2) ? NULL : &committed);
}

static int32_t pages_abort(void)
{
    ENGINE_OF(engine);
    uint64_t count = choose_pages(own_pages, chosen);
    uint64_t aborted;
    return reclaim_pages_abort(engine, own_pages, page_size(), count, (int32_t)below(one_in(16) ? 9 : 5) + 1, one_in(2) ? NULL : &aborted);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

static int32_t node_read(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_node_state_t, node);
    return reclaim_node_read(engine, (uint32_t)below(3), one_in(64) ? NULL : &node.value);
}

static int32_t node_run_kswapd(void)
{
    ENGINE_OF(engine);
    uint64_t reclaimed;
    return reclaim_node_run_kswapd(engine, (uint32_t)below(3), one_in(2) ? NULL : &reclaimed);
}

static int32_t node_read_pressure(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_pressure_t, pressure);
    return reclaim_node_read_pressure(engine, (uint32_t)below(3), &pressure.value);
}

/* ---- Cgroups ----------------------------------------------------------------------------------------------------- */

static const char *const memcg_names[] = { "a", "b", "c", "d", "e/f", "" };
static const char *const policy_names[] = { "mglru", "classic", "sieve", "lru", "s3fifo", "arc", "lirs", "none" };

static int32_t memcg_create(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_memcg_options_t, options);
    options.value.parent = maybe_memcg();
    options.value.name = text(memcg_names[below(COUNT(memcg_names))], &options.value.name_length);
    if (one_in(2))
        options.value.policy = text(policy_names[below(COUNT(policy_names))], &options.value.policy_length);
    reclaim_memcg_t *memcg = NULL;
    int32_t status = reclaim_memcg_create(engine, &options.value, one_in(64) ? NULL : &memcg);
    if (status == RECLAIM_OK)
        born(MEMCG, chosen->engine, memcg, 0);
    return status;
}

#define MEMCG_OF(name)                                                                                                \
    handle_t *chosen;                                                                                                 \
    reclaim_memcg_t *name = (reclaim_memcg_t *)any(MEMCG, &chosen)

static int32_t memcg_destroy(void)
{
    MEMCG_OF(memcg);
    int32_t status = reclaim_memcg_destroy(memcg);
    if (status == RECLAIM_OK && memcg != NULL)
        died(chosen);
    return status;
}

static int32_t memcg_find(void)
{
    static const char *const paths[] = { "/", "/a", "/b", "/a/b", "a", "/none" };
    ENGINE_OF(engine);
    uint64_t length;
    const char *path = text(paths[below(COUNT(paths))], &length);
    reclaim_memcg_t *memcg = NULL;
    int32_t status = reclaim_memcg_find(engine, path, length, &memcg);
    if (status == RECLAIM_OK)
        born(MEMCG, chosen->engine, memcg, 0);
    return status;
}

static int32_t memcg_set_policy(void)
{
    MEMCG_OF(memcg);
    uint64_t length;
    const char *policy = text(policy_names[below(COUNT(policy_names))], &length);
    return reclaim_memcg_set_policy(memcg, policy, length);
}

static uint64_t limit(void) { return one_in(3) ? RECLAIM_UNLIMITED : amount(); }

static int32_t memcg_set_max(void)
{
    MEMCG_OF(memcg);
    return reclaim_memcg_set_max(memcg, limit());
}

static int32_t memcg_set_high(void)
{
    MEMCG_OF(memcg);
    return reclaim_memcg_set_high(memcg, limit());
}

static int32_t memcg_set_swap_max(void)
{
    MEMCG_OF(memcg);
    return reclaim_memcg_set_swap_max(memcg, limit());
}

static int32_t memcg_set_protection(void)
{
    MEMCG_OF(memcg);
    return reclaim_memcg_set_protection(memcg, one_in(2) ? 0 : amount(), one_in(2) ? 0 : amount());
}

static int32_t memcg_set_swappiness(void)
{
    MEMCG_OF(memcg);
    return reclaim_memcg_set_swappiness(memcg, (uint32_t)below(210));
}

static int32_t memcg_read(void)
{
    MEMCG_OF(memcg);
    ROOM(reclaim_memcg_state_t, read);
    return reclaim_memcg_read(memcg, &read.value);
}

static int32_t memcg_read_counter(void)
{
    MEMCG_OF(memcg);
    int64_t value;
    return reclaim_memcg_read_counter(memcg, one_in(16) ? "none" : "pgscan_anon", RECLAIM_NUL_TERMINATED, &value);
}

static int32_t memcg_read_pressure(void)
{
    MEMCG_OF(memcg);
    ROOM(reclaim_pressure_t, pressure);
    return reclaim_memcg_read_pressure(memcg, &pressure.value);
}

/* ---- Address spaces ---------------------------------------------------------------------------------------------- */

static const char *const object_names[] = { "one", "two", "three" };

static int32_t address_space_create(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_address_space_options_t, options);
    options.value.home_node = (uint32_t)below(one_in(16) ? 4 : 2);
    options.value.pages = one_in(32) ? amount() : 1 + below(MOST_PAGES);
    options.value.memcg = maybe_memcg();
    if (one_in(2))
        options.value.name = text(object_names[below(COUNT(object_names))], &options.value.name_length);
    reclaim_address_space_t *space = NULL;
    int32_t status = reclaim_address_space_create(engine, &options.value, one_in(64) ? NULL : &space);
    if (status == RECLAIM_OK)
        born(SPACE, chosen->engine, space, options.value.pages);
    return status;
}

#define SPACE_OF(name)                                                                                                \
    handle_t *chosen;                                                                                                 \
    reclaim_address_space_t *name = (reclaim_address_space_t *)any(SPACE, &chosen)

static int32_t address_space_destroy(void)
{
    SPACE_OF(space);
    int32_t status = reclaim_address_space_destroy(space);
    if (status == RECLAIM_OK && space != NULL)
        died(chosen);
    return status;
}

static int32_t address_space_access(void)
{
    SPACE_OF(space);
    ROOM(reclaim_tally_t, tally);
    uint32_t count = fill_words(chosen);
    return reclaim_address_space_access(space, one_in(256) ? NULL : words, one_in(256) ? UINT64_MAX : count, one_in(2) ? NULL : &tally.value);
}

static int32_t address_space_access_page(void)
{
    SPACE_OF(space);
    return reclaim_address_space_access_page(space, page_of(chosen), one_in(64) ? 1 : one_in(2) ? RECLAIM_WRITE : 0);
}

static int32_t address_space_is_resident(void)
{
    SPACE_OF(space);
    uint32_t resident = 2;
    int32_t status = reclaim_address_space_is_resident(space, page_of(chosen), &resident);
    if (status == RECLAIM_OK && resident > 1)
        broken("neither resident nor not");
    return status;
}

static int32_t address_space_pin(void)
{
    SPACE_OF(space);
    return reclaim_address_space_pin(space, page_of(chosen));
}

static int32_t address_space_unpin(void)
{
    SPACE_OF(space);
    return reclaim_address_space_unpin(space, page_of(chosen));
}

static int32_t address_space_find(void)
{
    ENGINE_OF(engine);
    uint64_t length;
    const char *name = text(object_names[below(COUNT(object_names))], &length);
    reclaim_address_space_t *space = NULL;
    return reclaim_address_space_find(engine, name, length, &space);
}

static int32_t address_space_access_bitmap(void)
{
    SPACE_OF(space);
    uint64_t first = page_of(chosen) & ~(one_in(64) ? 0ul : 63ul);
    uint64_t pages = length_from(chosen, first);
    if (pages > MOST_PAGES && pages < UINT32_MAX)
        pages = MOST_PAGES;
    uint64_t absent;
    fill_bits();
    return reclaim_address_space_access_bitmap(space, first, pages, one_in(64) ? NULL : bits[0], one_in(2) ? NULL : bits[1],
                                               one_in(2) ? NULL : &absent);
}

static int32_t address_space_read_bitmap(void)
{
    SPACE_OF(space);
    uint64_t first = page_of(chosen) & ~(one_in(64) ? 0ul : 63ul);
    uint64_t pages = length_from(chosen, first);
    if (pages > MOST_PAGES && pages < UINT32_MAX)
        pages = MOST_PAGES;
    return reclaim_address_space_read_bitmap(space, (uint32_t)below(one_in(16) ? 9 : 6), first, pages, one_in(64) ? NULL : bits[2]);
}

static int32_t address_space_read_ages(void)
{
    SPACE_OF(space);
    uint64_t first = page_of(chosen);
    uint64_t pages = length_from(chosen, first);
    if (pages > TEXT && pages < UINT32_MAX)
        pages = TEXT;
    return reclaim_address_space_read_ages(space, first, pages, (uint8_t *)buffer);
}

static int32_t address_space_advise(void)
{
    SPACE_OF(space);
    uint64_t first = page_of(chosen);
    uint64_t affected;
    return reclaim_address_space_advise(space, first, length_from(chosen, first), (uint32_t)below(one_in(16) ? 6 : 3) + 1,
                                        one_in(2) ? NULL : &affected);
}

static int32_t address_space_map(void)
{
    SPACE_OF(space);
    handle_t *file = one_in(3) ? NULL : living(PAGE_FILE, chosen == NULL || one_in(32) ? -1 : chosen->engine);
    uint64_t first = page_of(chosen);
    uint64_t pages = length_from(chosen, first);
    uint64_t at = 0;
    if (file != NULL) {
        at = below(file->pages);
        if (pages > file->pages - at && !one_in(16))
            pages = file->pages - at;
    }

    return reclaim_address_space_map(space, first, pages, file == NULL ? NULL : (reclaim_file_t *)file->value, at, flags_of(3));
}

static int32_t address_space_discard(void)
{
    SPACE_OF(space);
    uint64_t first = page_of(chosen);
    return reclaim_address_space_discard(space, first, length_from(chosen, first) / (one_in(8) ? 1 : 16));
}

static int32_t address_space_set_task_state(void)
{
    SPACE_OF(space);
    return reclaim_address_space_set_task_state(space, (uint32_t)below(4));
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static int32_t file_create(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_file_options_t, options);
    options.value.pages = one_in(32) ? amount() : 1 + below(MOST_PAGES);
    if (one_in(2))
        options.value.name = text(object_names[below(COUNT(object_names))], &options.value.name_length);
    reclaim_file_t *file = NULL;
    int32_t status = reclaim_file_create(engine, &options.value, one_in(64) ? NULL : &file);
    if (status == RECLAIM_OK)
        born(PAGE_FILE, chosen->engine, file, options.value.pages);
    return status;
}

#define FILE_OF(name)                                                                                                 \
    handle_t *chosen;                                                                                                 \
    reclaim_file_t *name = (reclaim_file_t *)any(PAGE_FILE, &chosen)

static int32_t file_destroy(void)
{
    FILE_OF(file);
    int32_t status = reclaim_file_destroy(file);
    if (status == RECLAIM_OK && file != NULL)
        died(chosen);
    return status;
}

static int32_t file_find(void)
{
    ENGINE_OF(engine);
    uint64_t length;
    const char *name = text(object_names[below(COUNT(object_names))], &length);
    reclaim_file_t *file = NULL;
    return reclaim_file_find(engine, name, length, &file);
}

static int32_t file_access(void)
{
    FILE_OF(file);
    ROOM(reclaim_tally_t, tally);
    uint32_t count = fill_words(chosen);
    return reclaim_file_access(file, maybe_memcg(), (uint32_t)below(one_in(16) ? 4 : 2), words, count, one_in(2) ? NULL : &tally.value);
}

static int32_t file_truncate(void)
{
    FILE_OF(file);
    uint64_t first = page_of(chosen);
    return reclaim_file_truncate(file, first, length_from(chosen, first) / (one_in(8) ? 1 : 16));
}

/* ---- Control files, statistics, tracepoints ---------------------------------------------------------------------- */

static const char *const paths[] = {
    "", "proc/vmstat", "proc/meminfo", "sys", "sys/fs/cgroup", "sys/fs/cgroup/memory.reclaim", "sys/fs/cgroup/a/memory.max",
    "sys/fs/cgroup/a/memory.reclaim", "sys/fs/cgroup/a/memory.pressure", "sys/fs/cgroup/a/memory.stat",
    "sys/devices/system/node/node0/reclaim", "sys/devices/system/node/node1/reclaim_request", "sys/kernel/mm/reclaim",
    "sys/kernel/mm/lru_gen/enabled", "sys/kernel/debug/lru_gen", "sys/none",
};

static int32_t engine_read_control(void)
{
    ENGINE_OF(engine);
    uint64_t length;
    const char *path = text(paths[below(COUNT(paths))], &length);
    uint64_t needed;
    uint64_t capacity = one_in(4) ? below(100) : sizeof buffer;
    return reclaim_engine_read_control(engine, path, length, capacity == 0 ? NULL : buffer, capacity, one_in(64) ? NULL : &needed);
}

static int32_t engine_write_control(void)
{
    static const char *const texts[] = {
        "16K", "64K swappiness=max", "max", "1M", "0", "10 60 0 0", "0-1 10 60 0 0", "7", "+ 1 0 4", "- 1 0 1", "some 150000 1000000", "garbage", "",
    };
    ENGINE_OF(engine);
    uint64_t path_length;
    const char *path = text(paths[below(COUNT(paths))], &path_length);
    uint64_t text_length;
    const char *written = text(texts[below(COUNT(texts))], &text_length);
    return reclaim_engine_write_control(engine, path, path_length, written, text_length);
}

static int32_t engine_read_counters(void)
{
    static int64_t values[256];
    ENGINE_OF(engine);
    uint32_t count;
    return reclaim_engine_read_counters(engine, maybe_memcg(), values, (uint32_t)below(one_in(4) ? 8 : COUNT(values)), one_in(64) ? NULL : &count);
}

static int32_t engine_read_stats(void)
{
    ENGINE_OF(engine);
    uint64_t length;
    return reclaim_engine_read_stats(engine, buffer, one_in(8) ? below(100) : sizeof buffer, &length);
}

static int32_t engine_set_trace(void)
{
    ENGINE_OF(engine);
    uint64_t events = one_in(32) ? rnd() : one_in(4) ? 0 : rnd() & RECLAIM_TRACE_ALL;
    return reclaim_engine_set_trace(engine, events, one_in(32) ? NULL : trace, NULL);
}

/* ---- Snapshots and copies ---------------------------------------------------------------------------------------- */

typedef struct memory {
    unsigned char *bytes;
    uint64_t length;
    uint64_t capacity;
    uint64_t at;
} memory_t;

static memory_t snapshot;

static int32_t write_memory(void *context, const void *bytes, uint64_t count)
{
    memory_t *to = (memory_t *)context;
    if (one_in(20000))
        return -1;
    if (to->length + count > to->capacity) {
        to->capacity = 2 * (to->length + count);
        to->bytes = (unsigned char *)realloc(to->bytes, to->capacity);
    }

    memcpy(to->bytes + to->length, bytes, count);
    to->length += count;
    return 0;
}

static int32_t read_memory(void *context, void *bytes, uint64_t count)
{
    memory_t *from = (memory_t *)context;
    if (count > from->length - from->at)
        return -1;
    memcpy(bytes, from->bytes + from->at, count);
    from->at += count;
    return 0;
}

static int32_t engine_save(void)
{
    ENGINE_OF(engine);
    snapshot.length = 0;
    return reclaim_engine_save(engine, one_in(64) ? NULL : write_memory, &snapshot);
}

/* A copy that nothing is done with but what shows that it is sound. */
static int32_t end_copy(reclaim_engine_t *copy)
{
    reclaim_request_t request;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.pages = 50;
    (void)reclaim_engine_reclaim(copy, &request, NULL);
    if (reclaim_engine_validate(copy) != RECLAIM_OK)
        broken("a copy is not valid");
    return reclaim_engine_destroy(copy);
}

static int32_t engine_restore(void)
{
    ROOM(reclaim_copy_options_t, options);
    reclaim_engine_t *copy = NULL;
    snapshot.at = 0;
    uint64_t place = 0;
    unsigned char flip = 0;
    if (snapshot.length > 0 && one_in(2)) {
        place = below(snapshot.length);
        flip = (unsigned char)(1u << below(8));
        snapshot.bytes[place] ^= flip;
    }

    int32_t status = reclaim_engine_restore(&options.value, one_in(64) ? NULL : read_memory, &snapshot, &copy);
    if (flip != 0)
        snapshot.bytes[place] ^= flip;
    if (flip != 0 && status == RECLAIM_OK)
        broken("a damaged snapshot was restored");
    return status == RECLAIM_OK ? end_copy(copy) : status;
}

static int32_t engine_save_file(void)
{
    ENGINE_OF(engine);
    uint64_t length;
    const char *path = text(one_in(8) ? "/nowhere/at/all" : "fuzz.snapshot", &length);
    if (path != NULL && length != RECLAIM_NUL_TERMINATED && length != strlen(path))
        length = strlen(path);
    return reclaim_engine_save_file(engine, path, length);
}

static int32_t engine_restore_file(void)
{
    ROOM(reclaim_copy_options_t, options);
    reclaim_engine_t *copy = NULL;
    int32_t status = reclaim_engine_restore_file(&options.value, one_in(8) ? "/nowhere/at/all" : "fuzz.snapshot", RECLAIM_NUL_TERMINATED, &copy);
    return status == RECLAIM_OK ? end_copy(copy) : status;
}

static int32_t engine_fork(void)
{
    ENGINE_OF(engine);
    ROOM(reclaim_copy_options_t, options);
    options.value.page_out = one_in(2) ? NULL : page_out;
    reclaim_engine_t *copy = NULL;
    int32_t status = reclaim_engine_fork(engine, &options.value, &copy);
    return status == RECLAIM_OK ? end_copy(copy) : status;
}

#define CALL(function, weight) { "reclaim_" #function, function, weight, 0, 0 }

entry_t entries[] = {
    CALL(version_number, 1), CALL(status_name, 1), CALL(last_error, 1), CALL(vector_bits, 1), CALL(counter_name, 2),
    CALL(engine_create, 4), CALL(engine_destroy, 2), CALL(engine_root, 2), CALL(engine_reclaim, 20), CALL(engine_preview, 2),
    CALL(engine_propose, 20), CALL(operation_begin, 5), CALL(operation_step, 10), CALL(operation_cancel, 2), CALL(operation_destroy, 4),
    CALL(engine_set_time, 10), CALL(engine_scan_idle_ages, 3), CALL(engine_read_counter, 5), CALL(engine_validate, 1),
    CALL(engine_vector_bits, 1), CALL(pages_add, 20), CALL(pages_remove, 5), CALL(pages_move, 10), CALL(pages_commit, 20), CALL(pages_abort, 10),
    CALL(node_read, 5), CALL(node_run_kswapd, 5), CALL(node_read_pressure, 2), CALL(memcg_create, 5), CALL(memcg_destroy, 3), CALL(memcg_find, 3),
    CALL(memcg_set_policy, 4), CALL(memcg_set_max, 5), CALL(memcg_set_high, 4), CALL(memcg_set_swap_max, 3), CALL(memcg_set_protection, 4),
    CALL(memcg_set_swappiness, 4), CALL(memcg_read, 5), CALL(memcg_read_counter, 4), CALL(memcg_read_pressure, 2),
    CALL(address_space_create, 8), CALL(address_space_destroy, 3), CALL(address_space_access, 120), CALL(address_space_access_page, 40),
    CALL(address_space_is_resident, 20), CALL(address_space_pin, 8), CALL(address_space_unpin, 10), CALL(address_space_find, 3),
    CALL(address_space_access_bitmap, 15), CALL(address_space_read_bitmap, 10), CALL(address_space_read_ages, 4), CALL(address_space_advise, 12),
    CALL(address_space_map, 6), CALL(address_space_discard, 6), CALL(address_space_set_task_state, 4), CALL(file_create, 5), CALL(file_destroy, 3),
    CALL(file_find, 2), CALL(file_access, 40), CALL(file_truncate, 5), CALL(engine_read_control, 6), CALL(engine_write_control, 10),
    CALL(engine_read_counters, 4), CALL(engine_read_stats, 3), CALL(engine_set_trace, 3), CALL(engine_save, 1), CALL(engine_restore, 1),
    CALL(engine_save_file, 1), CALL(engine_restore_file, 1), CALL(engine_fork, 1),
};

const int entry_count = (int)COUNT(entries);

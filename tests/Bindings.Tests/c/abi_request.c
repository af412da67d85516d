/* The rest of a proactive request: kinds of pages, tiers, limits, idle times, preview, and operations made of steps. */
#include <string.h>

#include "check.h"

enum { ROOM = 400 };

static reclaim_page_t victims[ROOM];
static reclaim_node_result_t nodes[2];

typedef struct log {
    reclaim_operation_t *to_cancel;
    uint64_t out;
    uint64_t moved;
    uint64_t moves_allowed;
    uint64_t told;
    uint64_t told_reclaimed;
    uint32_t told_stop;
} log_t;

static int32_t page_out(void *context, const reclaim_page_t *page)
{
    log_t *log = (log_t *)context;
    (void)page;
    log->out++;
    if (log->to_cancel != NULL && log->out == 70)
        OK(reclaim_operation_cancel(log->to_cancel));
    return RECLAIM_EVICT;
}

static int32_t page_migrate(void *context, const reclaim_page_t *page, uint32_t to_node)
{
    log_t *log = (log_t *)context;
    CHECK(page->node == 0 && to_node == 1);
    if (log->moved == log->moves_allowed)
        return RECLAIM_KEEP;
    log->moved++;
    return RECLAIM_EVICT;
}

static void completed(void *context, const reclaim_result_t *result)
{
    log_t *log = (log_t *)context;
    log->told++;
    log->told_reclaimed = result->reclaimed;
    log->told_stop = result->stop;
    CHECK(result->struct_size == sizeof *result);
}

/* Two tiers, with 300 anonymous pages on the upper one. */
static void open_tiers(world_t *w, log_t *log, const char *policies)
{
    static const reclaim_node_options_t tiers[2] = { { 1024, 0, 0 }, { 1024, 1, 0 } };
    reclaim_engine_options_t options;
    world_options(&options);
    memset(log, 0, sizeof *log);
    log->moves_allowed = UINT64_MAX;
    options.nodes = tiers;
    options.policies = policies;
    options.policies_length = RECLAIM_NUL_TERMINATED;
    options.flags |= RECLAIM_ENGINE_DEMOTION | RECLAIM_ENGINE_IDLE_AGE;
    options.page_out = page_out;
    options.page_migrate = page_migrate;
    options.context = log;
    world_open_with(w, &options);
}

static void with_tiers(const char *policy, void (*test)(const world_t *w, log_t *log))
{
    world_t world;
    log_t log;
    open_tiers(&world, &log, policy);
    test(&world, &log);
    world_close(&world);
}

static reclaim_request_t request_with_arrays(uint64_t pages)
{
    reclaim_request_t request = request_for(pages);
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = ROOM;
    request.node_results = nodes;
    request.node_result_size = sizeof nodes[0];
    request.node_result_capacity = 2;
    memset(victims, 0xff, sizeof victims);
    memset(nodes, 0xff, sizeof nodes);
    return request;
}

static void pages_move_or_go(const world_t *w, log_t *log)
{
    reclaim_result_t result;
    PREPARE(result);

    reclaim_request_t request = request_with_arrays(100);
    request.mode = RECLAIM_MODE_DEMOTE;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed >= 100 && result.reclaimed < 164 && result.demoted == result.reclaimed && result.victims == 0);
    CHECK(log->moved == result.demoted && log->out == 0);
    CHECK(result.node_results == 1 && nodes[0].node == 0 && nodes[0].demoted_anon == result.demoted && nodes[0].scanned == result.scanned);
    CHECK(nodes[1].node == UINT32_MAX);

    log->moves_allowed = log->moved;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 0 && result.kept_not_demoted > 0 && log->out == 0);

    request.mode = RECLAIM_MODE_EVICT;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.demoted == 0 && log->out == result.reclaimed && result.victims == result.reclaimed);
    CHECK(result.node_results == 2 && nodes[0].evicted_anon + nodes[1].evicted_anon == result.reclaimed);

    request.nodes = 3;
    request.mode = RECLAIM_MODE_AUTO;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_reclaim(w->engine, &request, &result));
    request.nodes = 2;
    request.mode = RECLAIM_MODE_DEMOTE;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_reclaim(w->engine, &request, &result));
}

static void only_what_was_asked_for(const world_t *w, log_t *log)
{
    reclaim_result_t result;
    PREPARE(result);

    /* There are no files. */
    reclaim_request_t request = request_for(10);
    request.types = RECLAIM_TYPES_FILE;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    request.types = RECLAIM_TYPES_CLEAN_FILE;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 0 && log->out + log->moved == 0);
    request.types = RECLAIM_TYPES_ANON;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    request = request_for(10);
    request.flags = RECLAIM_REQUEST_SWAPPINESS | RECLAIM_REQUEST_MACHINE;
    request.swappiness = RECLAIM_SWAPPINESS_MAX;
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    request.memcg = w->memcg;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_reclaim(w->engine, &request, &result));
}

static void limits_hold(const world_t *w, log_t *log)
{
    (void)log;
    reclaim_result_t result;
    PREPARE(result);
    reclaim_request_t request = request_for(250);
    request.mode = RECLAIM_MODE_EVICT;
    request.max_scanned = 50;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.stop == RECLAIM_STOP_SCAN_LIMIT && result.scanned >= 50 && result.scanned < 50 + 64 && result.attempts >= 1);
    request.max_scanned = 0;
    request.time_limit_us = 1;
    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.stop == RECLAIM_STOP_TIME_LIMIT && result.elapsed_us >= 1 && result.reclaimed < 128);
}

static void only_what_is_idle(const char *policy, uint32_t engine_has_ages, uint32_t source)
{
    world_t world;
    world_t *w = &world;
    log_t log;
    if (engine_has_ages) {
        open_tiers(w, &log, policy);
    } else {
        reclaim_engine_options_t options;
        world_options(&options);
        options.policies = policy;
        options.policies_length = RECLAIM_NUL_TERMINATED;
        world_open_with(w, &options);
        FAILS(RECLAIM_E_INVALID, reclaim_engine_scan_idle_ages(w->engine, 1000));
    }

    reclaim_result_t result;
    PREPARE(result);
    reclaim_request_t request = request_for(300);
    request.mode = RECLAIM_MODE_EVICT;
    request.min_idle_ms = 1500;
    if (source == RECLAIM_AGE_NONE) {
        REFUSED(RECLAIM_E_INVALID, reclaim_engine_reclaim(w->engine, &request, &result));
        world_close(w);
        return;
    }

    FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.reclaimed == 0 && result.age_source == source);
    if (engine_has_ages) {
        for (int64_t second = 1; second <= 4; second++) {
            OK(reclaim_engine_set_time(w->engine, second * 1000000));
            OK(access_range(w->space, 0, 100, 0));
            OK(reclaim_engine_scan_idle_ages(w->engine, 1000));
        }

        FAILS(RECLAIM_E_AGAIN, reclaim_engine_reclaim(w->engine, &request, &result));
        CHECK(result.reclaimed == 200 && result.kept_age >= 100 && result.age_source == source);
        for (uint64_t page = 0; page < 100; page++) {
            uint32_t resident = 0;
            OK(reclaim_address_space_is_resident(w->space, page, &resident));
            CHECK(resident == 1);
        }

        FAILS(RECLAIM_E_INVALID, reclaim_engine_scan_idle_ages(w->engine, 0));
    }

    world_close(w);
}

static void a_preview_changes_nothing(const world_t *w, log_t *log)
{
    reclaim_result_t before;
    reclaim_result_t after;
    PREPARE(before);
    PREPARE(after);
    reclaim_request_t request = request_with_arrays(120);
    request.mode = RECLAIM_MODE_EVICT;
    uint64_t fingerprint = world_fingerprint(w);

    OK(reclaim_engine_preview(w->engine, &request, &before));

    CHECK(world_fingerprint(w) == fingerprint && log->out == 0);
    CHECK(before.reclaimed >= 120 && before.victims == before.reclaimed);
    reclaim_page_t previewed[ROOM];
    memcpy(previewed, victims, sizeof victims);
    OK(reclaim_engine_reclaim(w->engine, &request, &after));
    CHECK(after.reclaimed == before.reclaimed && after.scanned == before.scanned && after.attempts == before.attempts);
    CHECK(after.victims == before.victims && memcmp(previewed, victims, sizeof victims) == 0);

    /* The array has what it has room for, and limits nothing. */
    request.victim_capacity = 5;
    OK(reclaim_engine_preview(w->engine, &request, &before));
    CHECK(before.reclaimed >= 120 && before.victims == 5);
    request.pages = 0;
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_preview(w->engine, &request, &before));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_preview(w->engine, NULL, &before));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_preview((reclaim_engine_t *)w->space, &request, &before));
}

/* An operation that nobody destroys: the engine takes it along. */
static reclaim_operation_t *leave_to_the_engine;

static void operations_go_step_by_step(const world_t *w, log_t *log)
{
    reclaim_result_t result;
    PREPARE(result);
    reclaim_request_t request = request_with_arrays(200);
    request.mode = RECLAIM_MODE_EVICT;
    request.batch_pages = 20;
    request.completed = completed;
    request.completed_context = log;
    reclaim_operation_t *operation = NULL;
    OK(reclaim_operation_begin(w->engine, &request, &operation));
    CHECK(log->out == 0);
    reclaim_operation_t *other = NULL;
    reclaim_request_t small = request_for(10);
    OK(reclaim_operation_begin(w->engine, &small, &other));

    uint64_t steps = 0;
    do {
        CHECK(log->told == 0);
        OK(reclaim_operation_step(operation, &result));
        OK(access_range(w->space, 500, 502, 0));
        if (steps++ == 1)
            OK(reclaim_operation_step(other, NULL));
    } while (result.stop == RECLAIM_STOP_NOT_YET);
    CHECK(steps > 2 && result.stop == RECLAIM_STOP_DONE && result.reclaimed >= 200 && result.victims == result.reclaimed);
    CHECK(log->told == 1 && log->told_reclaimed == result.reclaimed && log->told_stop == RECLAIM_STOP_DONE);
    OK(reclaim_operation_step(operation, &result));
    CHECK(log->told == 1);
    OK(reclaim_operation_destroy(operation));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_operation_step(operation, &result));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_operation_cancel(operation));
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_operation_destroy(operation));
    OK(reclaim_operation_destroy(NULL));

    /* A full array ends it. */
    OK(access_range(w->space, 0, 300, 0));
    request.victim_capacity = 30;
    OK(reclaim_operation_begin(w->engine, &request, &operation));
    int32_t status;
    do
        status = reclaim_operation_step(operation, &result);
    while (result.stop == RECLAIM_STOP_NOT_YET);
    CHECK(status == RECLAIM_E_AGAIN && result.stop == RECLAIM_STOP_FULL && result.victims == 30 && result.reclaimed == 30);

    REFUSED(RECLAIM_E_NULL, reclaim_operation_begin(w->engine, &request, NULL));
    request.pages = 0;
    REFUSED(RECLAIM_E_INVALID, reclaim_operation_begin(w->engine, &request, &operation));

    leave_to_the_engine = other;
}

static void a_cancel_from_a_callback_ends_it(const world_t *w, log_t *log)
{
    reclaim_result_t result;
    PREPARE(result);
    reclaim_request_t request = request_for(280);
    request.mode = RECLAIM_MODE_EVICT;
    OK(reclaim_operation_begin(w->engine, &request, &log->to_cancel));
    int32_t status;
    do
        status = reclaim_operation_step(log->to_cancel, &result);
    while (result.stop == RECLAIM_STOP_NOT_YET);
    CHECK(status == RECLAIM_E_CANCELED && result.stop == RECLAIM_STOP_CANCELED);
    CHECK(result.reclaimed >= 70 && result.reclaimed < 70 + 64);
}

static void values_are_checked(const world_t *w, log_t *log)
{
    (void)log;
    reclaim_request_t request;
    REFUSED_REQUEST(request, request.types = 4, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.mode = 3, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.min_idle_ms = UINT64_MAX, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.max_scanned = UINT64_MAX, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.time_limit_us = UINT64_MAX, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.batch_pages = UINT64_MAX, RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, (request.flags = RECLAIM_REQUEST_SWAPPINESS, request.types = RECLAIM_TYPES_ANON), RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, (request.node_results = nodes, request.node_result_capacity = 2), RECLAIM_E_STRUCT_SIZE);
    REFUSED_REQUEST(request, (request.node_results = nodes, request.node_result_capacity = 1, request.node_result_size = sizeof nodes[0]), RECLAIM_E_INVALID);
    REFUSED_REQUEST(request, request.node_result_capacity = 2, RECLAIM_E_NULL);
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_set_time(w->engine, INT64_MAX));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_set_time(NULL, 0));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_scan_idle_ages(NULL, 1));
}

void test_request(void)
{
    with_tiers("classic", pages_move_or_go);
    with_tiers("mglru", only_what_was_asked_for);
    with_tiers("classic", limits_hold);
    only_what_is_idle("classic", 1, RECLAIM_AGE_IDLE_AGE);
    only_what_is_idle("mglru", 1, RECLAIM_AGE_IDLE_AGE);
    only_what_is_idle("mglru", 0, RECLAIM_AGE_GENERATIONS);
    only_what_is_idle("classic", 0, RECLAIM_AGE_NONE);
    with_tiers("mglru", a_preview_changes_nothing);
    with_tiers("classic", operations_go_step_by_step);
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_operation_step(leave_to_the_engine, NULL));
    with_tiers("classic", a_cancel_from_a_callback_ends_it);
    with_tiers("classic", values_are_checked);
}

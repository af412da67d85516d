/* Tracepoints: what is told agrees with what counters say, and a callback may not call back. */
#include <string.h>

#include "check.h"

typedef struct tracer {
    world_t *w;
    uint64_t times[15];
    uint64_t scanned;
    uint64_t reclaimed;
    uint64_t isolated;
    uint32_t node;    /* of the last batch */
    int open;         /* a reclaim has begun and not ended */
    int wrong;        /* something was not as it has to be */
    int calls_back;
    reclaim_trace_event_t last;
    char policy[32];
} tracer_t;

static void traced(void *context, const reclaim_trace_event_t *event)
{
    tracer_t *tracer = (tracer_t *)context;
    int bit = 0;
    while (bit < 14 && event->event != 1u << bit)
        bit++;
    tracer->times[bit]++;
    tracer->wrong += event->event != 1u << bit || event->struct_size != sizeof *event;
    tracer->last = *event;
    if (event->policy != NULL) {
        strncpy(tracer->policy, event->policy, sizeof tracer->policy - 1);
        tracer->last.policy = tracer->policy;
    }
    switch (event->event) {
    case RECLAIM_TRACE_KSWAPD_WAKE:
    case RECLAIM_TRACE_DIRECT_BEGIN:
    case RECLAIM_TRACE_MEMCG_BEGIN:
    case RECLAIM_TRACE_REQUEST_BEGIN:
        tracer->wrong += tracer->open++ != 0 || event->scanned == 0;
        break;
    case RECLAIM_TRACE_KSWAPD_SLEEP:
    case RECLAIM_TRACE_DIRECT_END:
    case RECLAIM_TRACE_MEMCG_END:
    case RECLAIM_TRACE_REQUEST_END:
        tracer->wrong += --tracer->open != 0;
        break;
    case RECLAIM_TRACE_SHRINK_INACTIVE:
        tracer->scanned += event->scanned;
        tracer->reclaimed += event->reclaimed;
        tracer->node = event->node;
        tracer->wrong += event->type != 0 || event->reclaimed > event->taken || event->policy == NULL || event->priority > 12;
        break;
    case RECLAIM_TRACE_LRU_ISOLATE:
        tracer->isolated += event->taken;
        break;
    default:
        break;
    }
    if (tracer->calls_back) {
        tracer->calls_back = 0;
        FAILS(RECLAIM_E_BUSY, reclaim_address_space_access_page(tracer->w->space, 0, 0));
        FAILS(RECLAIM_E_BUSY, reclaim_engine_set_trace(tracer->w->engine, 0, NULL, NULL));
    }
}

static int64_t counter(const world_t *w, const char *name)
{
    int64_t value = -1;
    OK(reclaim_memcg_read_counter(w->memcg, name, RECLAIM_NUL_TERMINATED, &value));
    return value;
}

static void events_are_what_counters_count(world_t *w)
{
    tracer_t tracer;
    reclaim_request_t request = request_for(30);
    reclaim_result_t result;
    memset(&tracer, 0, sizeof tracer);
    tracer.w = w;
    tracer.calls_back = 1;
    OK(reclaim_engine_set_time(w->engine, 777));
    OK(reclaim_engine_set_trace(w->engine, RECLAIM_TRACE_ALL, traced, &tracer));
    OK(reclaim_memcg_set_max(w->memcg, 200));
    OK(access_range(w->space, 0, WORLD_PAGES, 0));
    CHECK(tracer.last.time_us == 777);
    CHECK(tracer.calls_back == 0);
    CHECK((int64_t)tracer.scanned == counter(w, "pgscan_direct"));
    CHECK((int64_t)tracer.reclaimed == counter(w, "pgsteal_direct") && tracer.reclaimed >= 400);
    CHECK(tracer.isolated >= tracer.reclaimed);

    PREPARE(result);
    tracer.scanned = tracer.reclaimed = 0;
    request.memcg = w->memcg;
    OK(reclaim_engine_preview(w->engine, &request, &result));
    CHECK(tracer.scanned == 0 && tracer.times[7] == 0);
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(tracer.scanned == result.scanned && tracer.reclaimed == result.reclaimed);
    CHECK(tracer.times[7] == result.attempts && tracer.times[8] == result.attempts);
    CHECK(tracer.last.event == RECLAIM_TRACE_REQUEST_END && tracer.last.memcg == w->memcg);
    CHECK(tracer.last.reclaimer == RECLAIM_BY_PROACTIVE && tracer.last.policy == NULL);
    CHECK(tracer.times[5] == tracer.times[6] && tracer.times[5] > 0 && tracer.times[9] > 0);
    CHECK(tracer.open == 0 && tracer.wrong == 0);

    OK(reclaim_memcg_set_policy(w->memcg, "lru", RECLAIM_NUL_TERMINATED));
    CHECK(tracer.last.event == RECLAIM_TRACE_POLICY_SWITCHED && tracer.last.memcg == w->memcg && strcmp(tracer.policy, "lru") == 0);

    for (uint64_t page = 0; page < WORLD_PAGES; page++) {
        uint32_t resident;
        OK(reclaim_address_space_is_resident(w->space, page, &resident));
        if (resident)
            OK(reclaim_address_space_pin(w->space, page));
    }
    FAILS(RECLAIM_E_AGAIN, reclaim_memcg_set_max(w->memcg, 10));
    CHECK(tracer.last.event == RECLAIM_TRACE_OOM && tracer.last.memcg == w->memcg);
    CHECK((int64_t)tracer.times[14] == counter(w, "oom"));
}

static void only_what_was_asked_for_is_told(world_t *w)
{
    tracer_t tracer;
    memset(&tracer, 0, sizeof tracer);
    tracer.w = w;
    OK(reclaim_engine_set_trace(w->engine, RECLAIM_TRACE_POLICY_SWITCHED, traced, &tracer));
    OK(reclaim_memcg_set_max(w->memcg, 100));
    OK(reclaim_memcg_set_policy(w->memcg, "lru", RECLAIM_NUL_TERMINATED));
    CHECK(tracer.times[12] == 1);
    OK(reclaim_engine_set_trace(w->engine, 0, NULL, NULL));
    OK(reclaim_memcg_set_policy(w->memcg, "mglru", RECLAIM_NUL_TERMINATED));
    for (int bit = 0; bit < 15; bit++)
        CHECK(tracer.times[bit] == (bit == 12));

    REFUSED(RECLAIM_E_INVALID, reclaim_engine_set_trace(w->engine, RECLAIM_TRACE_ALL + 1, traced, &tracer));
    REFUSED(RECLAIM_E_INVALID, reclaim_engine_set_trace(w->engine, UINT64_C(1) << 63, traced, &tracer));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_set_trace(w->engine, RECLAIM_TRACE_OOM, NULL, &tracer));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_set_trace(NULL, 0, NULL, NULL));
}

static void a_batch_is_of_its_node(world_t *w)
{
    tracer_t tracer;
    memset(&tracer, 0, sizeof tracer);
    tracer.w = w;
    reclaim_address_space_options_t memory;
    PREPARE(memory);
    memory.pages = 100;
    memory.home_node = 1;
    reclaim_address_space_t *space = NULL;
    OK(reclaim_address_space_create(w->engine, &memory, &space));
    OK(access_range(space, 0, 100, 0));
    OK(reclaim_engine_set_trace(w->engine, RECLAIM_TRACE_SHRINK_INACTIVE, traced, &tracer));
    for (uint32_t node = 2; node-- > 0;) {
        reclaim_request_t request = request_for(10);
        request.nodes = UINT64_C(1) << node;
        OK(reclaim_engine_reclaim(w->engine, &request, NULL));
        CHECK(tracer.reclaimed > 0 && tracer.node == node);
    }
}

void test_trace(void)
{
    world_t world;
    world_open(&world);
    events_are_what_counters_count(&world);
    world_close(&world);
    world_open(&world);
    only_what_was_asked_for_is_told(&world);
    world_close(&world);
    world_open(&world);
    a_batch_is_of_its_node(&world);
    world_close(&world);
}

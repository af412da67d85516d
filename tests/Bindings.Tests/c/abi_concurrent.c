/* What holds in an engine for many threads as in one for a single thread: callbacks, and ends that are refused. */
#include <pthread.h>
#include <string.h>

#include "check.h"

typedef struct caller {
    world_t world;
    int asked;
    reclaim_operation_t *operation;
} caller_t;

/* A thread within a callback is inside its engine, whoever else may be. */
static void call_back(const caller_t *caller)
{
    const world_t *w = &caller->world;
    reclaim_request_t request = request_for(1);
    uint32_t resident = 7;
    uint32_t word = 0;
    int64_t value;
    FAILS(RECLAIM_E_BUSY, reclaim_engine_destroy(w->engine));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_validate(w->engine));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_reclaim(w->engine, &request, NULL));
    FAILS(RECLAIM_E_BUSY, reclaim_engine_read_counter(w->engine, "oom", 3, &value));
    FAILS(RECLAIM_E_BUSY, reclaim_memcg_set_max(w->memcg, 1));
    FAILS(RECLAIM_E_BUSY, reclaim_memcg_destroy(w->memcg));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_access(w->space, &word, 1, NULL));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_access_page(w->space, 0, 0));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_is_resident(w->space, 0, &resident));
    FAILS(RECLAIM_E_BUSY, reclaim_address_space_destroy(w->space));
    CHECK(resident == 7);

    world_t other;
    world_open(&other);
    world_close(&other);
}

static void *read_beside(void *argument)
{
    caller_t *caller = (caller_t *)argument;
    uint64_t status = (uint64_t)(uint32_t)-reclaim_address_space_access_page(caller->world.space, WORLD_TOUCHED - 1, 0);
    int64_t value = 0;
    status |= (uint64_t)(uint32_t)-reclaim_memcg_read_counter(caller->world.memcg, "pgfault", 7, &value);
    return (void *)(uintptr_t)status;
}

/* Another thread's call goes through meanwhile, also after an end that was refused. */
static void a_thread_comes_in_beside(caller_t *caller)
{
    pthread_t thread;
    void *status = caller;
    CHECK(pthread_create(&thread, NULL, read_beside, caller) == 0);
    CHECK(pthread_join(thread, &status) == 0);
    CHECK(status == NULL);
}

static void *step_beside(void *argument)
{
    caller_t *caller = (caller_t *)argument;
    return (void *)(uintptr_t)(uint32_t)-reclaim_operation_step(caller->operation, NULL);
}

/* The steps of one operation come one after the other. */
static void a_second_step_is_refused(caller_t *caller)
{
    pthread_t thread;
    void *status = NULL;
    CHECK(pthread_create(&thread, NULL, step_beside, caller) == 0);
    CHECK(pthread_join(thread, &status) == 0);
    CHECK((uintptr_t)status == (uintptr_t)-RECLAIM_E_BUSY);
}

static int32_t page_out(void *context, const reclaim_page_t *page)
{
    caller_t *caller = (caller_t *)context;
    CHECK(page->space == caller->world.space);
    if (caller->asked++ == 0) {
        call_back(caller);
        a_thread_comes_in_beside(caller);
    }

    if (caller->operation != NULL)
        a_second_step_is_refused(caller);
    return RECLAIM_EVICT;
}

void test_concurrent(void)
{
    static caller_t caller;
    memset(&caller, 0, sizeof caller);
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru";
    options.flags = RECLAIM_ENGINE_CONCURRENT;
    options.page_out = page_out;
    options.context = &caller;
    world_open_with(&caller.world, &options);
    world_t *w = &caller.world;
    reclaim_request_t request = request_for(10);
    OK(reclaim_engine_reclaim(w->engine, &request, NULL));
    CHECK(caller.asked >= 10);
    reclaim_operation_t *operation = NULL;
    OK(reclaim_operation_begin(w->engine, &request, &operation));
    caller.operation = operation;
    OK(reclaim_operation_step(operation, NULL));
    CHECK(caller.asked >= 20);
    caller.operation = NULL;
    OK(reclaim_operation_destroy(operation));

    /* What could not end lives on: the root, a cgroup in use, a file that is mapped. */
    reclaim_memcg_state_t state;
    PREPARE(state);
    reclaim_file_options_t of_file;
    PREPARE(of_file);
    of_file.pages = 64;
    reclaim_file_t *file = NULL;
    OK(reclaim_file_create(w->engine, &of_file, &file));
    OK(reclaim_address_space_map(w->space, 0, 64, file, 0, 0));
    for (int i = 0; i < 2; i++) {
        FAILS(RECLAIM_E_INVALID, reclaim_memcg_destroy(w->root));
        OK(reclaim_memcg_read(w->root, &state));
        FAILS(RECLAIM_E_BUSY, reclaim_memcg_destroy(w->memcg));
        OK(reclaim_memcg_read(w->memcg, &state));
        FAILS(RECLAIM_E_BUSY, reclaim_file_destroy(file));
        OK(reclaim_file_truncate(file, 0, 64));
    }

    a_thread_comes_in_beside(&caller);
    world_close(w);
}

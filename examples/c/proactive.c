/*
 * Memory asked back before anything runs out of it: first what a request would take (a preview), then the request, and then a
 * large one in steps, with other work between them, that is cancelled when enough has come.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/proactive.c -o out/proactive -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/proactive
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <reclaim.h>

enum { PAGES = 20000, HOT_STEP = 4, WANTED = 200, ROOM = WANTED + 64, STEP = 500, ENOUGH = 1800 };

/* Requests may end with less than was asked for, RECLAIM_E_AGAIN: that is an answer, and result.stop says why. */
static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK || status == RECLAIM_E_AGAIN || status == RECLAIM_E_CANCELED)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

static const char *stop_name(uint32_t stop)
{
    switch (stop) {
    case RECLAIM_STOP_DONE: return "done";
    case RECLAIM_STOP_EXHAUSTED: return "no more could be reclaimed";
    case RECLAIM_STOP_TIME_LIMIT: return "out of time";
    case RECLAIM_STOP_CANCELED: return "cancelled";
    case RECLAIM_STOP_NOT_YET: return "not yet done";
    default: return "another reason";
    }
}

static void touch(reclaim_address_space_t *space, uint32_t step)
{
    for (uint32_t page = 0; page < PAGES; page += step)
        check(reclaim_address_space_access_page(space, page, 0), "access");
}

static uint64_t usage(reclaim_memcg_t *memcg)
{
    reclaim_memcg_state_t state = { .struct_size = sizeof state };
    check(reclaim_memcg_read(memcg, &state), "read the cgroup");
    return state.usage;
}

static void say_ended(void *context, const reclaim_result_t *result)
{
    printf("%s: %s, with %" PRIu64 " pages\n", (const char *)context, stop_name(result->stop), result->reclaimed);
}

int main(void)
{
    reclaim_node_options_t node = { .pages = 32768 };
    reclaim_engine_options_t machine = { .struct_size = sizeof machine, .nodes = &node, .node_count = 1, .node_size = sizeof node };
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&machine, &engine), "create the engine");

    reclaim_memcg_options_t service = { .struct_size = sizeof service, .name = "service", .name_length = RECLAIM_NUL_TERMINATED };
    reclaim_memcg_t *memcg;
    check(reclaim_memcg_create(engine, &service, &memcg), "create the cgroup");
    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = PAGES, .memcg = memcg };
    reclaim_address_space_t *space;
    check(reclaim_address_space_create(engine, &memory, &space), "create the address space");

    /* The service loads everything, some of it is taken, and from then on it works on every fourth page. */
    touch(space, 1);
    reclaim_request_t some = { .struct_size = sizeof some, .pages = 2000, .memcg = memcg };
    check(reclaim_engine_reclaim(engine, &some, NULL), "reclaim");
    touch(space, HOT_STEP);

    /* A preview and the request that it is about: the same pages, but the first leaves everything as it was. */
    static reclaim_page_t foreseen[ROOM], taken[ROOM];
    reclaim_request_t request = {
        .struct_size = sizeof request,
        .pages = WANTED,
        .memcg = memcg,
        .victims = foreseen,
        .victim_size = sizeof foreseen[0],
        .victim_capacity = ROOM,
    };
    reclaim_result_t preview = { .struct_size = sizeof preview }, result = { .struct_size = sizeof result };
    uint64_t before = usage(memcg);
    check(reclaim_engine_preview(engine, &request, &preview), "preview");
    printf("preview: %" PRIu64 " pages would go, %" PRIu64 " looked at; in memory: %" PRIu64 ", before it %" PRIu64 "\n",
           preview.reclaimed, preview.scanned, usage(memcg), before);

    request.victims = taken;
    check(reclaim_engine_reclaim(engine, &request, &result), "reclaim");
    uint64_t same = 0, hot = 0;
    for (uint64_t i = 0; i < result.victims; i++) {
        same += i < preview.victims && taken[i].page == foreseen[i].page;
        hot += taken[i].page % HOT_STEP == 0;
    }
    printf("request: %" PRIu64 " pages went, %" PRIu64 " of them as foreseen, %" PRIu64 " of them in use; in memory: %" PRIu64 "\n",
           result.reclaimed, same, hot, usage(memcg));

    /* A large request in steps of at most STEP pages.  `completed` is told of the end by the step that ends it. */
    char in_steps[] = "in steps", in_time[] = "in time";
    reclaim_request_t large = {
        .struct_size = sizeof large,
        .pages = 10000,
        .memcg = memcg,
        .batch_pages = STEP,
        .completed = say_ended,
        .completed_context = in_steps,
    };
    reclaim_operation_t *operation;
    check(reclaim_operation_begin(engine, &large, &operation), "begin");
    do {
        check(reclaim_operation_step(operation, &result), "step");
        printf("  step: %" PRIu64 " pages so far, %s\n", result.reclaimed, stop_name(result.stop));
        /* Here a server would look after its clients; this one finds that it has enough. */
        if (result.reclaimed >= ENOUGH)
            check(reclaim_operation_cancel(operation), "cancel");
    } while (result.stop == RECLAIM_STOP_NOT_YET);
    check(reclaim_operation_destroy(operation), "destroy the operation");

    /* Or with a limit on its time, in microseconds: how far it comes depends on the machine.  It is kept to a batch of 64. */
    large.completed_context = in_time;
    large.time_limit_us = 100;
    check(reclaim_operation_begin(engine, &large, &operation), "begin");
    do
        check(reclaim_operation_step(operation, &result), "step");
    while (result.stop == RECLAIM_STOP_NOT_YET);
    check(reclaim_operation_destroy(operation), "destroy the operation");

    check(reclaim_engine_destroy(engine), "destroy the engine");
    return 0;
}

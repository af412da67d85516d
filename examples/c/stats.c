/*
 * Ways to see what an engine does: control files by the kernel's paths, counters, tracepoints, and everything at once as JSON.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/stats.c -o out/stats -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/stats > stats.json
 *
 * The JSON document goes to standard output, all else to standard error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <reclaim.h>

enum { PAGES = 4096, COUNTERS = 512, TEXT = 65536 };

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

/* What the tracepoints have told, summed up. */
typedef struct trace_sums { uint64_t limit_begins, limit_ends, limit_reclaimed, batches, batch_reclaimed; } trace_sums_t;

static void on_event(void *context, const reclaim_trace_event_t *event)
{
    trace_sums_t *sums = (trace_sums_t *)context;
    switch (event->event) {
    case RECLAIM_TRACE_MEMCG_BEGIN:
        sums->limit_begins++;
        break;
    case RECLAIM_TRACE_MEMCG_END:
        sums->limit_ends++;
        sums->limit_reclaimed += event->reclaimed;
        break;
    case RECLAIM_TRACE_SHRINK_INACTIVE:
        sums->batches++;
        sums->batch_reclaimed += event->reclaimed;
        break;
    }
}

static void write_control(reclaim_engine_t *engine, const char *path, const char *text)
{
    check(reclaim_engine_write_control(engine, path, RECLAIM_NUL_TERMINATED, text, RECLAIM_NUL_TERMINATED), path);
    fprintf(stderr, "$ echo %s > /%s\n", text, path);
}

static void show_control(reclaim_engine_t *engine, const char *path)
{
    static char text[TEXT];
    uint64_t length;
    check(reclaim_engine_read_control(engine, path, RECLAIM_NUL_TERMINATED, text, sizeof text, &length), path);
    fprintf(stderr, "$ cat /%s\n%.*s", path, (int)length, text);
}

int main(void)
{
    reclaim_node_options_t node = { .pages = 16384 };
    reclaim_engine_options_t machine = { .struct_size = sizeof machine, .nodes = &node, .node_count = 1, .node_size = sizeof node };
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&machine, &engine), "create the engine");

    reclaim_memcg_options_t service = { .struct_size = sizeof service, .name = "db", .name_length = RECLAIM_NUL_TERMINATED };
    reclaim_memcg_t *memcg;
    check(reclaim_memcg_create(engine, &service, &memcg), "create the cgroup");
    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = PAGES, .memcg = memcg, .name = "postgres",
                                               .name_length = RECLAIM_NUL_TERMINATED };
    reclaim_address_space_t *space;
    check(reclaim_address_space_create(engine, &memory, &space), "create the address space");

    /* From here on, these events are told of.  The callback runs in the middle of things and only takes notes. */
    trace_sums_t sums = { 0 };
    uint64_t events = RECLAIM_TRACE_MEMCG_BEGIN | RECLAIM_TRACE_MEMCG_END | RECLAIM_TRACE_SHRINK_INACTIVE;
    check(reclaim_engine_set_trace(engine, events, on_event, &sums), "set the trace");

    /* A limit of 8 MiB, written as a shell would on Linux, and then twice as many pages are used. */
    write_control(engine, "sys/fs/cgroup/db/memory.max", "8M");
    for (uint32_t page = 0; page < PAGES; page++)
        check(reclaim_address_space_access_page(space, page, RECLAIM_WRITE), "access");
    show_control(engine, "sys/fs/cgroup/db/memory.current");
    show_control(engine, "sys/fs/cgroup/db/memory.events");
    show_control(engine, "sys/fs/cgroup/db"); /* a directory lists what there is */

    /* Text that the kernel would refuse is refused, with a sentence. */
    const char *path = "sys/fs/cgroup/db/memory.max", *nonsense = "8 apples";
    int32_t status = reclaim_engine_write_control(engine, path, RECLAIM_NUL_TERMINATED, nonsense, RECLAIM_NUL_TERMINATED);
    fprintf(stderr, "$ echo %s > /%s\n%s: %s\n", nonsense, path, reclaim_status_name(status), reclaim_last_error());

    /* One counter by name, and all of them at once. */
    int64_t swapped_out, values[COUNTERS];
    uint32_t count;
    check(reclaim_memcg_read_counter(memcg, "pswpout", RECLAIM_NUL_TERMINATED, &swapped_out), "read a counter");
    check(reclaim_engine_read_counters(engine, memcg, values, COUNTERS, &count), "read all counters");
    fprintf(stderr, "pswpout: %" PRId64 "; counters that are not zero:\n", swapped_out);
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] != 0)
            fprintf(stderr, "  %s %" PRId64 "\n", reclaim_counter_name(i), values[i]);
    }
    fprintf(stderr, "traced: %" PRIu64 " times at the limit, %" PRIu64 " times done with it, %" PRIu64 " pages reclaimed; ",
            sums.limit_begins, sums.limit_ends, sums.limit_reclaimed);
    fprintf(stderr, "in %" PRIu64 " batches %" PRIu64 " pages\n", sums.batches, sums.batch_reclaimed);

    /* Everything as JSON: a first call says how long it is.  Nothing happens between the two, so the second one fits. */
    uint64_t length = 0;
    status = reclaim_engine_read_stats(engine, NULL, 0, &length);
    if (status != RECLAIM_E_NO_ROOM)
        check(status, "ask for the length of the statistics");
    char *json = malloc(length);
    if (json == NULL)
        return 1;
    check(reclaim_engine_read_stats(engine, json, length, &length), "read the statistics");
    fwrite(json, 1, length, stdout);
    free(json);

    check(reclaim_engine_destroy(engine), "destroy the engine");
    return 0;
}

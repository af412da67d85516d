/* A workload for every build of the library.  The first line tells the width of its vectors, the others what came of
 * the workload, which is the same whatever the width: the order in which pages went, counters, idle ages.  C99 and C++ alike. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <reclaim.h>

enum { PAGES = 6000, ROUNDS = 12, WANTED = 200, ROOM = WANTED + 256 };

#define PREPARE(value) (memset(&(value), 0, sizeof(value)), (value).struct_size = (uint32_t)sizeof(value))

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

/* Accesses `count` pages: a working set that moves, and strays. */
static void touch(reclaim_address_space_t *space, uint64_t *state, uint32_t base, uint32_t count)
{
    static uint32_t words[PAGES];
    for (uint32_t i = 0; i < count; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        uint32_t lot = (uint32_t)(*state >> 33);
        words[i] = lot % 8 == 0 ? lot / 8 % PAGES : (base + lot / 8 % 900) % PAGES;
        if (lot % 16 == 3)
            words[i] |= RECLAIM_WRITE;
    }

    check(reclaim_address_space_access(space, words, count, NULL), "access");
}

static int64_t counter(reclaim_memcg_t *memcg, const char *name)
{
    int64_t value;
    check(reclaim_memcg_read_counter(memcg, name, RECLAIM_NUL_TERMINATED, &value), name);
    return value;
}

static uint32_t run(const char *policy, uint32_t flags)
{
    reclaim_node_options_t node;
    memset(&node, 0, sizeof node);
    node.pages = 4096;
    reclaim_engine_options_t machine;
    PREPARE(machine);
    machine.flags = flags;
    machine.nodes = &node;
    machine.node_count = 1;
    machine.node_size = (uint32_t)sizeof node;
    machine.policies = policy;
    machine.policies_length = RECLAIM_NUL_TERMINATED;
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&machine, &engine), policy);
    reclaim_memcg_t *root;
    check(reclaim_engine_root(engine, &root), "find the root cgroup");

    reclaim_address_space_options_t memory;
    PREPARE(memory);
    memory.pages = PAGES;
    reclaim_address_space_t *space;
    check(reclaim_address_space_create(engine, &memory, &space), "create the address space");

    uint64_t state = 1, order = 0;
    uint32_t bits = 0;
    check(reclaim_engine_vector_bits(engine, &bits), "ask for the width");
    for (uint32_t round = 0; round < ROUNDS; round++) {
        touch(space, &state, round * 400, 2000);
        static reclaim_page_t victims[ROOM];
        reclaim_request_t request;
        PREPARE(request);
        request.pages = WANTED;
        request.victims = victims;
        request.victim_size = (uint32_t)sizeof victims[0];
        request.victim_capacity = ROOM;
        reclaim_result_t result;
        PREPARE(result);
        check(reclaim_engine_reclaim(engine, &request, &result), "reclaim");
        for (uint64_t i = 0; i < result.victims; i++)
            order = order * 1099511628211u + victims[i].page + 1;
        if ((flags & RECLAIM_ENGINE_IDLE_AGE) != 0) {
            check(reclaim_engine_set_time(engine, (int64_t)(round + 1) * 1000000), "set the time");
            check(reclaim_engine_scan_idle_ages(engine, 1000), "scan idle ages");
            request.min_idle_ms = 3000;
            int32_t status = reclaim_engine_reclaim(engine, &request, &result);
            check(status == RECLAIM_E_AGAIN ? RECLAIM_OK : status, "reclaim what is idle");
            for (uint64_t i = 0; i < result.victims; i++)
                order = order * 1099511628211u + victims[i].page + 1;
        }
    }

    printf("%s %u: order %016" PRIx64 ", %" PRId64 " looked at, %" PRId64 " gone, %" PRId64 " back\n", policy, (unsigned)flags,
           order, counter(root, "pgscan_proactive"), counter(root, "pgsteal_proactive"), counter(root, "workingset_refault_anon"));
    check(reclaim_engine_validate(engine), "validate");
    check(reclaim_engine_destroy(engine), "destroy the engine");
    return bits;
}

int main(void)
{
    static const char *const policies[] = { "mglru", "mglru@6.1", "classic+walk", "sieve+walk", "clock" };
    printf("library %u\n", (unsigned)reclaim_vector_bits());
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        uint32_t used = run(policies[i], RECLAIM_ENGINE_IDLE_AGE);
        if (used != reclaim_vector_bits()) {
            fprintf(stderr, "%s uses %u bits of the library's %u\n", policies[i], (unsigned)used, (unsigned)reclaim_vector_bits());
            return 1;
        }
    }

    return 0;
}

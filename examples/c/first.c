/*
 * A first program on libreclaim: which pages would Linux take from a process that works on a tenth of its memory?
 *
 * Build the library, compile, run, all from the top of the repository:
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/first.c -o out/first -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/first
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <reclaim.h>

enum { PAGES = 1000, HOT_STEP = 10, ROUNDS = 3, WANTED = 100, ROOM = WANTED + 128 };

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

/* The process touches every step-th page, reading. */
static uint64_t touch(reclaim_address_space_t *process, uint32_t step)
{
    static uint32_t words[PAGES];
    uint32_t count = 0;
    for (uint32_t page = 0; page < PAGES; page += step)
        words[count++] = page;

    reclaim_tally_t tally = { .struct_size = sizeof tally };
    check(reclaim_address_space_access(process, words, count, &tally), "access");
    return tally.cold_faults + tally.refaults;
}

int main(void)
{
    /* A machine with one node of 4096 pages, under the kernel's Multi-Gen LRU. */
    reclaim_node_options_t node = { .pages = 4096 };
    reclaim_engine_options_t machine = {
        .struct_size = sizeof machine,
        .nodes = &node,
        .node_count = 1,
        .node_size = sizeof node,
        .policies = "mglru",
        .policies_length = RECLAIM_NUL_TERMINATED,
    };
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&machine, &engine), "create the engine");

    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = PAGES };
    reclaim_address_space_t *process;
    check(reclaim_address_space_create(engine, &memory, &process), "create the address space");

    printf("The process loads its memory: %" PRIu64 " page faults. Then it works on every %dth page,\n"
           "and after each round of that %d pages are asked back, which reclaim rounds up to whole batches.\n\n"
           "round   faults  evicted  in use  the first to go\n", touch(process, 1), HOT_STEP, WANTED);

    for (int round = 1; round <= ROUNDS; round++) {
        uint64_t faults = touch(process, HOT_STEP);

        static reclaim_page_t victims[ROOM];
        reclaim_request_t request = {
            .struct_size = sizeof request,
            .pages = WANTED,
            .victims = victims,
            .victim_size = sizeof victims[0],
            .victim_capacity = ROOM,
        };
        reclaim_result_t result = { .struct_size = sizeof result };
        check(reclaim_engine_reclaim(engine, &request, &result), "reclaim");

        uint64_t hot = 0;
        for (uint64_t i = 0; i < result.victims; i++)
            hot += victims[i].page % HOT_STEP == 0;
        printf("%5d %8" PRIu64 " %8" PRIu64 " %7" PRIu64 "  ", round, faults, result.reclaimed, hot);
        for (uint64_t i = 0; i < 8 && i < result.victims; i++)
            printf(" %" PRIu64, victims[i].page);
        printf(" ...\n");
    }

    /* In round 1 every page had just been loaded, so nothing told those in use apart, and the oldest went. From then on
     * they carry accessed bits and the others do not: reclaim takes the others, oldest first. */
    int64_t scanned;
    reclaim_memcg_t *root;
    check(reclaim_engine_root(engine, &root), "find the root cgroup");
    check(reclaim_memcg_read_counter(root, "pgscan_proactive", RECLAIM_NUL_TERMINATED, &scanned), "read a counter");
    printf("\nReclaim looked at %" PRId64 " pages.\n", scanned);

    check(reclaim_engine_destroy(engine), "destroy the engine");
    return 0;
}

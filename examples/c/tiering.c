/*
 * The loop of a tiering daemon: a fast node and a slow one, accesses seen as bitmaps as a scan of page tables gives them.  Each tick
 * it promotes pages of the slow node that are in steady use, and demotes the coldest of the fast one to keep some room there.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/tiering.c -o out/tiering -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/tiering
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <reclaim.h>

enum { FAST, SLOW };
enum { PAGES = 8192, FAST_PAGES = 2048, WORKING_SET = 1500, ROOM = 256, TICKS = 24, TICK_MS = 100, SHIFT_AT = 12, USES = 4000 };

static reclaim_engine_t *engine;
static reclaim_address_space_t *guest;
static uint32_t node_of[PAGES];
static uint64_t accessed[PAGES / 64], accessed_before[PAGES / 64];

/* A request or a move that came to less than was asked for is no error here: the next tick goes on. */
static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK || status == RECLAIM_E_AGAIN)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

static int has(const uint64_t *bitmap, uint32_t page)
{
    return bitmap[page / 64] >> page % 64 & 1;
}

/* What the guest does in a tick: nine of ten uses are of its working set, which lies elsewhere from the middle of the run on.
 * Returns how many uses the fast node has served. */
static uint64_t run_guest(int tick)
{
    uint64_t served_fast = 0;
    uint32_t start = tick < SHIFT_AT ? PAGES / 2 : 0;
    memcpy(accessed_before, accessed, sizeof accessed);
    memset(accessed, 0, sizeof accessed);
    for (int i = 0; i < USES; i++) {
        uint32_t page = i % 10 == 0 ? (uint32_t)rand() % PAGES : start + (uint32_t)rand() % WORKING_SET;
        served_fast += node_of[page] == FAST;
        accessed[page / 64] |= (uint64_t)1 << page % 64;
    }
    return served_fast;
}

/* Demotes what has been idle for three ticks, until there is room on the fast node.  The data would be copied between propose and
 * commit; a page that is used meanwhile stays. */
static uint64_t demote(void)
{
    static reclaim_page_t cold[ROOM];
    static int32_t outcomes[ROOM];
    reclaim_node_state_t fast = { .struct_size = sizeof fast };
    check(reclaim_node_read(engine, FAST, &fast), "read the fast node");
    if (fast.free >= ROOM)
        return 0;
    reclaim_request_t request = {
        .struct_size = sizeof request,
        .pages = ROOM - fast.free,
        .nodes = 1u << FAST,
        .mode = RECLAIM_MODE_DEMOTE,
        .min_idle_ms = 3 * TICK_MS,
        .victims = cold,
        .victim_size = sizeof cold[0],
        .victim_capacity = ROOM,
    };
    reclaim_result_t result = { .struct_size = sizeof result };
    uint64_t committed = 0;
    check(reclaim_engine_propose(engine, &request, &result), "propose");
    check(reclaim_pages_commit(engine, cold, sizeof cold[0], result.victims, outcomes, &committed), "commit");
    for (uint64_t i = 0; i < result.victims; i++) {
        if (outcomes[i] == RECLAIM_OK)
            node_of[cold[i].page] = cold[i].to_node;
    }
    return committed;
}

/* Promotes pages that were used in this tick and in the one before, as many as there is room for. */
static uint64_t promote(void)
{
    static reclaim_page_t hot[PAGES];
    static int32_t outcomes[PAGES];
    uint64_t count = 0, moved = 0;
    for (uint32_t page = 0; page < PAGES; page++) {
        if (node_of[page] == SLOW && has(accessed, page) && has(accessed_before, page))
            hot[count++] = (reclaim_page_t){ .space = guest, .page = page };
    }
    check(reclaim_pages_move(engine, hot, sizeof hot[0], count, FAST, outcomes, &moved), "move");
    for (uint64_t i = 0; i < count; i++) {
        if (outcomes[i] == RECLAIM_OK)
            node_of[hot[i].page] = FAST;
    }
    return moved;
}

int main(void)
{
    reclaim_node_options_t nodes[] = { { .pages = FAST_PAGES, .tier = 0 }, { .pages = PAGES, .tier = 1 } };
    reclaim_engine_options_t machine = {
        .struct_size = sizeof machine,
        .flags = RECLAIM_ENGINE_ADVISOR | RECLAIM_ENGINE_DEMOTION | RECLAIM_ENGINE_IDLE_AGE,
        .nodes = nodes,
        .node_count = 2,
        .node_size = sizeof nodes[0],
    };
    check(reclaim_engine_create(&machine, &engine), "create the engine");
    reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = PAGES };
    check(reclaim_address_space_create(engine, &memory, &guest), "create the address space");

    /* All memory is there from the start, the first pages on the fast node. */
    for (uint32_t page = 0; page < PAGES; page++) {
        reclaim_page_t added = { .space = guest, .page = page, .node = page < FAST_PAGES ? FAST : SLOW };
        check(reclaim_pages_add(engine, &added, sizeof added, 1, NULL), "add");
        node_of[page] = added.node;
    }

    printf("tick  served by the fast node  promoted  demoted\n");
    for (int tick = 0; tick < TICKS; tick++) {
        uint64_t served_fast = run_guest(tick);
        check(reclaim_engine_set_time(engine, (int64_t)tick * TICK_MS * 1000), "set the time");
        check(reclaim_address_space_access_bitmap(guest, 0, PAGES, accessed, NULL, NULL), "report accesses");
        check(reclaim_engine_scan_idle_ages(engine, TICK_MS), "scan idle ages");
        uint64_t demoted = demote(), promoted = promote();
        printf("%4d %21.1f %% %10" PRIu64 " %8" PRIu64 "%s\n", tick, 100.0 * (double)served_fast / USES, promoted, demoted,
               tick == SHIFT_AT ? "  the working set has moved" : "");
    }

    uint8_t ages[PAGES];
    uint64_t idle = 0;
    check(reclaim_address_space_read_ages(guest, 0, PAGES, ages), "read the ages");
    for (uint32_t page = 0; page < PAGES; page++)
        idle += node_of[page] == FAST && ages[page] >= 3;
    printf("idle for three ticks or more and still on the fast node: %" PRIu64 " of %d\n", idle, FAST_PAGES);
    check(reclaim_engine_destroy(engine), "destroy the engine");
    return 0;
}

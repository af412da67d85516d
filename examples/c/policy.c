/*
 * A policy of the program's own, beside the kernel's Multi-Gen LRU in one engine: segmented LRU in forty lines, on a job that
 * works on a small hot set while it scans a large cold one.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/policy.c -o out/policy -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/policy
 *
 * Segmented LRU: R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system performance", Computer 27(3), 1994.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <reclaim.h>

/* ---- The policy ---- */

/* New pages are on probation.  One that is used there again is protected, and falls back to probation when the protected are too many. */
enum { PROBATION, PROTECTED, LISTS };

enum { MOST_EXAMINED = 4096 }; /* in one call; the next one goes on from there */

static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    int64_t wanted = scan->nr_to_reclaim - scan->nr_reclaimed;
    int64_t most_protected = reclaim_capacity(lru) * 2 / 3;
    (void)pass, (void)budget;
    while (batch->count < wanted && batch->count < RECLAIM_BATCH_MAX && batch->examined < MOST_EXAMINED) {
        if (reclaim_list_count(lru, PROTECTED) > most_protected || reclaim_list_count(lru, PROBATION) == 0) {
            uint32_t oldest = reclaim_list_tail(lru, PROTECTED);
            if (oldest == RECLAIM_NONE)
                return;
            /* The hand of a clock: what was used since it last came by stays protected. */
            uint32_t young = reclaim_test_and_clear_young(lru, oldest);
            reclaim_recycle(lru, batch, PROTECTED, oldest, young ? PROTECTED : PROBATION);
        } else {
            uint32_t oldest = reclaim_list_tail(lru, PROBATION);
            if (reclaim_test_and_clear_young(lru, oldest))
                reclaim_recycle(lru, batch, PROBATION, oldest, PROTECTED);
            else
                reclaim_try_isolate(lru, batch, oldest);
        }
    }
}

static const reclaim_policy_t slru = {
    .struct_size = sizeof(reclaim_policy_t),
    .abi = RECLAIM_POLICY_ABI,
    .name = "slru",
    .summary = "segmented LRU on accessed bits",
    .flags = RECLAIM_CLEAR_ON_PLACE | RECLAIM_IGNORES_REFERENCES, /* the first access is no second use; isolate has looked already */
    .lists = LISTS,
    .isolate = isolate,
};

/* ---- The program ---- */

enum { HOT = 600, COLD = 20000, MEMORY = 1000, ROUNDS = 100, USES = 3, SCANNED = 1500 };

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), reclaim_last_error());
    exit(1);
}

static int64_t counter(reclaim_memcg_t *memcg, const char *name)
{
    int64_t value;
    check(reclaim_memcg_read_counter(memcg, name, RECLAIM_NUL_TERMINATED, &value), name);
    return value;
}

/* The job: in each round it uses its hot pages some times, and then reads on through the cold ones.  Returns its page faults. */
static uint64_t work(reclaim_address_space_t *space)
{
    static uint32_t words[USES * HOT + SCANNED];
    uint64_t faults = 0;
    uint32_t next = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = 0;
        for (uint32_t use = 0; use < USES * HOT; use++)
            words[count++] = use % HOT;
        for (int i = 0; i < SCANNED; i++, next = (next + 1) % COLD)
            words[count++] = HOT + next;
        reclaim_tally_t tally = { .struct_size = sizeof tally };
        check(reclaim_address_space_access(space, words, count, &tally), "access");
        faults += tally.cold_faults + tally.refaults;
    }
    return faults;
}

int main(void)
{
    /* The engine may use the policies that `policies` names: its own, and those in `tables` by the name in the table. */
    const reclaim_policy_t *const tables[] = { &slru };
    reclaim_node_options_t node = { .pages = 16384 };
    reclaim_engine_options_t machine = {
        .struct_size = sizeof machine,
        .nodes = &node,
        .node_count = 1,
        .node_size = sizeof node,
        .policies = "mglru,lru,slru",
        .policies_length = RECLAIM_NUL_TERMINATED,
        .tables = tables,
        .table_count = 1,
    };
    reclaim_engine_t *engine;
    check(reclaim_engine_create(&machine, &engine), "create the engine");

    printf("%d rounds: %d times over %d hot pages, once over the next %d of %d cold ones, in %d pages of memory\n\n"
           "policy    faults   refaults    scanned    evicted  refused by the engine\n",
           ROUNDS, USES, HOT, SCANNED, COLD, MEMORY);
    const char *const policies[] = { "lru", "mglru", "slru" };
    for (int i = 0; i < 3; i++) {
        /* A cgroup for each, with the policy's name, under that policy and a limit of its own. */
        reclaim_memcg_options_t limited = {
            .struct_size = sizeof limited,
            .name = policies[i],
            .name_length = RECLAIM_NUL_TERMINATED,
            .policy = policies[i],
            .policy_length = RECLAIM_NUL_TERMINATED,
        };
        reclaim_memcg_t *memcg;
        check(reclaim_memcg_create(engine, &limited, &memcg), "create the cgroup");
        check(reclaim_memcg_set_max(memcg, MEMORY), "limit the cgroup");
        reclaim_address_space_options_t memory = { .struct_size = sizeof memory, .pages = HOT + COLD, .memcg = memcg };
        reclaim_address_space_t *space;
        check(reclaim_address_space_create(engine, &memory, &space), "create the address space");

        uint64_t faults = work(space);
        printf("%-6s %9" PRIu64 " %10" PRId64 " %10" PRId64 " %10" PRId64 " %10" PRId64 "\n", policies[i], faults,
               counter(memcg, "workingset_refault_anon"), counter(memcg, "pgscan_direct"), counter(memcg, "pgsteal_direct"),
               counter(memcg, "policy_overrides"));
    }

    /* The engine checks what policies propose; this checks the engine, lists of the policy included. */
    check(reclaim_engine_validate(engine), "validate");
    check(reclaim_engine_destroy(engine), "destroy the engine");
    return 0;
}

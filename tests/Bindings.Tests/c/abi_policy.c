/* Policies of the program's own: tables in memory, and a library beside it. */
#include <string.h>
#include <time.h>

#include "check.h"

static uint32_t placed;
static uint32_t evicted;
static uint32_t stays; /* frames that were placed and are not evicted yet, as a sum, so that a mix-up shows */

static uint32_t place(reclaim_lruvec_t *lru, uint32_t folio, uint32_t hint)
{
    CHECK(folio < lru->frame_count);
    CHECK(hint == RECLAIM_HINT_HEAD);
    *reclaim_words(lru, folio) = 77;
    placed++;
    stays += folio;
    return 1;
}

static void removed(reclaim_lruvec_t *lru, uint32_t folio, uint32_t reason)
{
    CHECK(*reclaim_words(lru, folio) == 77);
    CHECK(reason <= RECLAIM_REMOVED_MIGRATED);
    evicted += reason == RECLAIM_REMOVED_EVICTED;
    stays -= folio;
}

static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    (void)pass;
    (void)budget;
    reclaim_isolate_tail(lru, batch, 1, (uint32_t)(scan->nr_to_reclaim - scan->nr_reclaimed));
}

static void table_of(reclaim_policy_t *policy, const char *name)
{
    PREPARE(*policy);
    policy->abi = RECLAIM_POLICY_ABI;
    policy->name = name;
    policy->flags = RECLAIM_IGNORES_REFERENCES;
    policy->lists = 2;
    policy->words_per_page = 1;
    policy->place = place;
    policy->isolate = isolate;
    policy->remove = removed;
}

/* Accesses more than a cgroup may hold, twice; the faults say which policy was at work. */
static uint64_t faults_under(const reclaim_engine_options_t *options, const char *policy)
{
    reclaim_engine_t *engine = NULL;
    reclaim_memcg_t *memcg = NULL;
    reclaim_address_space_t *space = NULL;
    OK(reclaim_engine_create(options, &engine));
    reclaim_memcg_options_t memcg_options;
    PREPARE(memcg_options);
    memcg_options.name = "limited";
    memcg_options.name_length = RECLAIM_NUL_TERMINATED;
    memcg_options.policy = policy;
    memcg_options.policy_length = RECLAIM_NUL_TERMINATED;
    OK(reclaim_memcg_create(engine, &memcg_options, &memcg));
    OK(reclaim_memcg_set_max(memcg, 200));
    reclaim_address_space_options_t space_options;
    PREPARE(space_options);
    space_options.pages = 1000;
    space_options.memcg = memcg;
    OK(reclaim_address_space_create(engine, &space_options, &space));
    uint64_t faults = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t page = i * 2654435761u >> 22;
        uint32_t resident;
        page = page % 3 ? page % 150 : page % 1000;
        OK(reclaim_address_space_is_resident(space, page, &resident));
        faults += !resident;
        OK(reclaim_address_space_access_page(space, page, 0));
    }
    OK(reclaim_engine_validate(engine));
    OK(reclaim_engine_destroy(engine));
    return faults;
}

static void a_table_is_a_policy_like_any_other(void)
{
    reclaim_policy_t mine, bare;
    table_of(&mine, "mine");
    PREPARE(bare);
    bare.abi = RECLAIM_POLICY_ABI;
    bare.name = "bare";
    bare.flags = RECLAIM_IGNORES_REFERENCES;
    const reclaim_policy_t *tables[2] = {&mine, &bare};
    reclaim_engine_options_t options;
    world_options(&options);
    options.tables = tables;
    options.table_count = 2;
    options.policies = "fifo,mine,bare";
    options.policies_length = RECLAIM_NUL_TERMINATED;

    uint64_t fifo = faults_under(&options, "fifo");
    CHECK(fifo > 1000);
    CHECK(placed == 0);
    CHECK(faults_under(&options, "bare") == fifo);
    CHECK(faults_under(&options, "mine") == fifo);
    CHECK(placed == fifo);
    CHECK(evicted == fifo - 200);
    options.policies = NULL; /* all tables, in their order */
    CHECK(faults_under(&options, "bare") == fifo);
    CHECK(faults_under(&options, "mine") == fifo);
}

static void a_library_is_a_policy_by_its_path(void)
{
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "fifo,./out/cfifo.so";
    options.policies_length = RECLAIM_NUL_TERMINATED;
    CHECK(faults_under(&options, "cfifo") == faults_under(&options, "fifo"));
}

/* What the watch said; written by its thread, read when that has ended with the engine. */
typedef struct watched {
    uint32_t told;
    uint32_t operations; /* of them in isolate */
    uint64_t first_call;
    uint64_t last_call;
    uint64_t milliseconds;
    char policy[16];
    char memcg[16];
} watched_t;

static int naps;
static int napping;
static uint32_t tellings;

/* Does not return before it has been told of three times, or after a minute. */
static void isolate_slowly(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
{
    if (naps == 1) {
        struct timespec pause = { 0, 5000000 };
        __atomic_store_n(&napping, 1, __ATOMIC_RELEASE);
        for (int i = 0; i < 12000 && __atomic_load_n(&tellings, __ATOMIC_ACQUIRE) < 3; i++)
            nanosleep(&pause, NULL);
        __atomic_store_n(&napping, 0, __ATOMIC_RELEASE);
    }
    naps++;
    isolate(lru, scan, pass, budget, batch);
}

static void stuck(void *context, const reclaim_policy_stuck_t *at)
{
    watched_t *watched = (watched_t *)context;
    if (!__atomic_load_n(&napping, __ATOMIC_ACQUIRE))
        return; /* another call, on a machine that is late */
    CHECK(at->struct_size == sizeof *at);
    CHECK(at->node < 2);
    CHECK(at->milliseconds >= (uint64_t)60 << watched->told); /* after 60, 120 and 240 ms, or later */
    watched->operations += strcmp(at->operation, "isolate") == 0;
    if (watched->told++ == 0)
        watched->first_call = at->call;
    watched->last_call = at->call;
    CHECK(at->milliseconds > watched->milliseconds);
    watched->milliseconds = at->milliseconds;
    strncpy(watched->policy, at->policy, sizeof watched->policy - 1);
    strncpy(watched->memcg, at->memcg, sizeof watched->memcg - 1);
    __atomic_add_fetch(&tellings, 1, __ATOMIC_RELEASE);
}

static void a_call_that_does_not_return_is_told_of(void)
{
    reclaim_policy_t slow;
    table_of(&slow, "slow");
    slow.isolate = isolate_slowly;
    const reclaim_policy_t *tables[1] = {&slow};
    watched_t watched;
    memset(&watched, 0, sizeof watched);
    reclaim_engine_options_t options;
    world_options(&options);
    options.tables = tables;
    options.table_count = 1;
    options.policies = NULL;
    options.policy_stuck = stuck;
    options.policy_stuck_context = &watched;
    options.policy_timeout_ms = 60;
    faults_under(&options, "slow");
    CHECK(naps > 2);
    CHECK(watched.told >= 3);
    CHECK(watched.operations == watched.told);
    CHECK(watched.first_call == watched.last_call);
    CHECK(strcmp(watched.policy, "slow") == 0);
    CHECK(strcmp(watched.memcg, "/limited") == 0);
}

static void what_is_no_policy_is_refused(const world_t *w)
{
    reclaim_policy_t mine;
    const reclaim_policy_t *tables[2] = {&mine, &mine};
    reclaim_engine_options_t options;
    reclaim_engine_t *engine = NULL;
#define WITH(change)                                                                                                  \
    do {                                                                                                              \
        table_of(&mine, "mine");                                                                                      \
        world_options(&options);                                                                                      \
        options.tables = tables;                                                                                      \
        options.table_count = 1;                                                                                      \
        change;                                                                                                       \
        REFUSED(RECLAIM_E_INVALID, reclaim_engine_create(&options, &engine));                                         \
        tables[0] = &mine;                                                                                            \
    } while (0)
    WITH(tables[0] = NULL);
    WITH(options.table_count = 2); /* the same name twice */
    WITH(options.table_count = 65);
    WITH(options.reserved2 = 1);
    WITH(options.policy_stuck = stuck);    /* without a timeout */
    WITH(options.policy_timeout_ms = 1000); /* without anybody to tell */
    WITH(options.reserved3 = 1);
    WITH(mine.abi = 0);
    WITH(mine.struct_size = 263);
    WITH(mine.name = NULL);
    WITH(mine.name = "fifo");
    WITH(mine.name = "No");
    WITH(mine.lists = 65);
    WITH(mine.flags = 1u << 30);
    WITH((options.policies = "./nosuch.so", options.policies_length = RECLAIM_NUL_TERMINATED));
#undef WITH
    table_of(&mine, "mine");
    world_options(&options);
    options.table_count = 1;
    REFUSED(RECLAIM_E_NULL, reclaim_engine_create(&options, &engine));
    CHECK(engine == NULL);
}

void test_policy(void)
{
    world_t w;
    a_table_is_a_policy_like_any_other();
    a_library_is_a_policy_by_its_path();
    a_call_that_does_not_return_is_told_of();
    world_open(&w);
    what_is_no_policy_is_refused(&w);
    world_close(&w);
}

/*
 * Calls every function of reclaim.h, in every way that its comment allows and in those that it refuses.
 * Prints the checks that failed and the number of all; ends with 1 if one failed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static int checks;
static int failures;

static const char *const counters[] = {
    "pgscan_kswapd", "pgscan_direct", "pgscan_proactive", "pgsteal_kswapd", "pgsteal_direct", "pgsteal_proactive",
    "pgdemote_kswapd", "pgdemote_direct", "pgdemote_proactive",
    "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file", "pgrefill", "pgactivate", "pgdeactivate", "pgrotated",
    "pgfault", "pgmajfault", "pswpin", "pswpout", "workingset_refault_anon", "workingset_refault_file",
    "workingset_activate_anon", "workingset_activate_file", "workingset_restore_anon", "workingset_restore_file",
    "nr_vmscan_write", "nr_vmscan_immediate_reclaim", "allocstall_normal", "pageoutrun", "oom", "unevictable_pgs_culled",
};

void check_that(int holds, const char *file, int line, const char *text)
{
    checks++;
    if (holds)
        return;
    failures++;
    printf("%s:%d: %s\n", file, line, text);
}

void check_status(int32_t got, int32_t wanted, const char *file, int line, const char *text)
{
    check_that(got == wanted, file, line, text);
    if (got != wanted)
        printf("    gave %s (%s), not %s\n", reclaim_status_name(got), reclaim_last_error(), reclaim_status_name(wanted));
    if (got == RECLAIM_OK)
        return;
    const char *why = reclaim_last_error();
    size_t length = strlen(why);
    int sentence = length > 20 && why[length - 1] == '.' && strchr(why, '\n') == NULL && strstr(why, ". ") == NULL;
    check_that(sentence, file, line, "reclaim_last_error is one sentence");
    if (!sentence)
        printf("    says \"%s\"\n", why);
}

void world_options(reclaim_engine_options_t *options)
{
    static const reclaim_node_options_t nodes[2] = { { 1024, 0, 0 }, { 2048, 1, 0 } };
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->nodes = nodes;
    options->node_count = 2;
    options->node_size = sizeof nodes[0];
    options->policies = "mglru,classic+lookaround,lru";
    options->policies_length = RECLAIM_NUL_TERMINATED;
    options->memcgs = 4;
    options->address_spaces = 3;
    options->leaf_tables = 64;
}

void world_open_with(world_t *w, const reclaim_engine_options_t *options)
{
    OK(reclaim_engine_create(options, &w->engine));
    OK(reclaim_engine_root(w->engine, &w->root));

    reclaim_memcg_options_t memcg;
    PREPARE(memcg);
    memcg.name = "job";
    memcg.name_length = RECLAIM_NUL_TERMINATED;
    OK(reclaim_memcg_create(w->engine, &memcg, &w->memcg));

    reclaim_address_space_options_t space;
    PREPARE(space);
    space.pages = WORLD_PAGES;
    space.memcg = w->memcg;
    OK(reclaim_address_space_create(w->engine, &space, &w->space));
    OK(access_range(w->space, 0, WORLD_TOUCHED, 0));
}

void world_open(world_t *w)
{
    reclaim_engine_options_t options;
    world_options(&options);
    world_open_with(w, &options);
}

void world_close(world_t *w)
{
    OK(reclaim_engine_validate(w->engine));
    OK(reclaim_engine_destroy(w->engine));
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x100000001b3);
}

uint64_t world_fingerprint(const world_t *w)
{
    uint64_t sum = 1;
    for (uint32_t node = 0; node < 2; node++) {
        reclaim_node_state_t state;
        PREPARE(state);
        OK(reclaim_node_read(w->engine, node, &state));
        sum = mix(mix(mix(sum, state.free), state.pages), state.flags);
    }

    reclaim_memcg_t *const memcgs[2] = { w->root, w->memcg };
    for (int i = 0; i < 2; i++) {
        reclaim_memcg_state_t state;
        PREPARE(state);
        OK(reclaim_memcg_read(memcgs[i], &state));
        sum = mix(mix(mix(mix(mix(sum, state.usage), state.max), state.min), state.low), state.swappiness);
    }

    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        int64_t value;
        OK(reclaim_engine_read_counter(w->engine, counters[i], RECLAIM_NUL_TERMINATED, &value));
        sum = mix(sum, (uint64_t)value);
        OK(reclaim_memcg_read_counter(w->memcg, counters[i], strlen(counters[i]), &value));
        sum = mix(sum, (uint64_t)value);
    }

    for (uint64_t page = 0; page < WORLD_PAGES; page++) {
        uint32_t resident = 2;
        OK(reclaim_address_space_is_resident(w->space, page, &resident));
        sum = mix(sum, resident);
    }

    return sum;
}

int32_t access_range(reclaim_address_space_t *space, uint32_t first, uint32_t last, uint32_t flags)
{
    int32_t status = RECLAIM_OK;
    for (uint32_t page = first; page < last && status == RECLAIM_OK; page++) {
        uint32_t word = page | flags;
        status = reclaim_address_space_access(space, &word, 1, NULL);
    }

    return status;
}

reclaim_request_t request_for(uint64_t pages)
{
    reclaim_request_t request;
    PREPARE(request);
    request.pages = pages;
    return request;
}

int main(void)
{
    test_process();
    test_layout();
    test_library();
    test_vectors();
    test_structs();
    test_handles();
    test_values();
    test_calls();
    test_reclaim();
    test_request();
    test_callbacks();
    test_files();
    test_spaces();
    test_memcg();
    test_policy();
    test_threads();
    test_concurrent();
    test_nested();
    test_control();
    test_stats();
    test_trace();
    test_options();
    test_pages();
    test_snapshot();
    printf("%d checks, %d failed\n", checks, failures);
    return failures != 0;
}

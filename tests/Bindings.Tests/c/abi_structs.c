/* struct_size and NULL: every struct of every call, too small, too large, and with more than the library knows. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Room for a struct of a header to come. */
typedef union larger {
    uint32_t struct_size;
    unsigned char bytes[8192];
} larger_t;

/* Calls `call` with `at`, in which `known` bytes are valid, in each wrong size. */
#define SIZES_ARE_CHECKED(call, at, known)                                                                            \
    do {                                                                                                              \
        (at)->struct_size = 0;                                                                                        \
        REFUSED(RECLAIM_E_STRUCT_SIZE, call);                                                                         \
        (at)->struct_size = (uint32_t)(known) - 1;                                                                    \
        REFUSED(RECLAIM_E_STRUCT_SIZE, call);                                                                         \
        (at)->struct_size = 4097;                                                                                     \
        REFUSED(RECLAIM_E_TOO_BIG, call);                                                                             \
        (at)->struct_size = UINT32_MAX;                                                                               \
        REFUSED(RECLAIM_E_TOO_BIG, call);                                                                             \
        (at)->struct_size = (uint32_t)(known);                                                                        \
    } while (0)

static void structs_going_in(const world_t *w)
{
    larger_t in;
    reclaim_engine_t *engine = NULL;
    reclaim_engine_options_t engine_options;
    world_options(&engine_options);
    memset(&in, 0, sizeof in);
    memcpy(&in, &engine_options, sizeof engine_options);
    SIZES_ARE_CHECKED(reclaim_engine_create((reclaim_engine_options_t *)(void *)&in, &engine), &in, 88);
    in.struct_size = sizeof engine_options + 24;
    in.bytes[sizeof engine_options + 23] = 1;
    REFUSED(RECLAIM_E_TOO_BIG, reclaim_engine_create((reclaim_engine_options_t *)(void *)&in, &engine));
    CHECK(engine == NULL);
    in.bytes[sizeof engine_options + 23] = 0;
    OK(reclaim_engine_create((reclaim_engine_options_t *)(void *)&in, &engine));
    OK(reclaim_engine_destroy(engine));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_create(NULL, &engine));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_create(&engine_options, NULL));

    reclaim_memcg_t *memcg = NULL;
    reclaim_memcg_options_t memcg_options;
    PREPARE(memcg_options);
    memcg_options.name = "other";
    memcg_options.name_length = 5;
    memset(&in, 0, sizeof in);
    memcpy(&in, &memcg_options, sizeof memcg_options);
    SIZES_ARE_CHECKED(reclaim_memcg_create(w->engine, (reclaim_memcg_options_t *)(void *)&in, &memcg), &in, sizeof memcg_options);
    in.struct_size = 4096;
    in.bytes[4095] = 1;
    REFUSED(RECLAIM_E_TOO_BIG, reclaim_memcg_create(w->engine, (reclaim_memcg_options_t *)(void *)&in, &memcg));
    CHECK(memcg == NULL);
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_create(w->engine, NULL, &memcg));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_create(w->engine, &memcg_options, NULL));

    reclaim_address_space_t *space = NULL;
    reclaim_address_space_options_t space_options;
    PREPARE(space_options);
    space_options.pages = 5;
    memset(&in, 0, sizeof in);
    memcpy(&in, &space_options, sizeof space_options);
    SIZES_ARE_CHECKED(reclaim_address_space_create(w->engine, (reclaim_address_space_options_t *)(void *)&in, &space), &in, 24);
    in.struct_size = sizeof space_options + 1;
    in.bytes[sizeof space_options] = 1;
    REFUSED(RECLAIM_E_TOO_BIG,
            reclaim_address_space_create(w->engine, (reclaim_address_space_options_t *)(void *)&in, &space));
    CHECK(space == NULL);
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_create(w->engine, NULL, &space));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_create(w->engine, &space_options, NULL));

    reclaim_request_t request = request_for(1);
    memset(&in, 0, sizeof in);
    memcpy(&in, &request, sizeof request);
    SIZES_ARE_CHECKED(reclaim_engine_reclaim(w->engine, (reclaim_request_t *)(void *)&in, NULL), &in, 56);
    in.struct_size = sizeof request + 8;
    in.bytes[sizeof request + 1] = 1;
    REFUSED(RECLAIM_E_TOO_BIG, reclaim_engine_reclaim(w->engine, (reclaim_request_t *)(void *)&in, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_reclaim(w->engine, NULL, NULL));
}

static void structs_coming_out(const world_t *w)
{
    larger_t out;
    memset(&out, 0xff, sizeof out);

    SIZES_ARE_CHECKED(reclaim_node_read(w->engine, 0, (reclaim_node_state_t *)(void *)&out), &out, 48);
    CHECK(out.bytes[8] == 0xff);
    out.struct_size = sizeof(reclaim_node_state_t) + 16;
    OK(reclaim_node_read(w->engine, 0, (reclaim_node_state_t *)(void *)&out));
    CHECK(out.struct_size == sizeof(reclaim_node_state_t) + 16);
    CHECK(((reclaim_node_state_t *)(void *)&out)->pages == 1024);
    for (size_t i = 0; i < 16; i++)
        CHECK(out.bytes[sizeof(reclaim_node_state_t) + i] == 0);
    CHECK(out.bytes[sizeof(reclaim_node_state_t) + 16] == 0xff);
    REFUSED(RECLAIM_E_NULL, reclaim_node_read(w->engine, 0, NULL));

    SIZES_ARE_CHECKED(reclaim_memcg_read(w->memcg, (reclaim_memcg_state_t *)(void *)&out), &out, 40);
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_read(w->memcg, NULL));

    uint32_t word = WORLD_TOUCHED;
    SIZES_ARE_CHECKED(reclaim_address_space_access(w->space, &word, 1, (reclaim_tally_t *)(void *)&out), &out, 56);

    reclaim_request_t request = request_for(1);
    SIZES_ARE_CHECKED(reclaim_engine_reclaim(w->engine, &request, (reclaim_result_t *)(void *)&out), &out, 40);

    int64_t value = 77;
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_counter(w->engine, "oom", 3, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_counter(w->engine, NULL, 3, &value));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_read_counter(w->memcg, "oom", 3, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_read_counter(w->memcg, NULL, RECLAIM_NUL_TERMINATED, &value));
    CHECK(value == 77);
    REFUSED(RECLAIM_E_NULL, reclaim_engine_root(w->engine, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_is_resident(w->space, 0, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_address_space_access(w->space, NULL, 1, NULL));
}

/* Elements of arrays have a size of their own: larger ones are walked by it. */
static void arrays_of_larger_elements(const world_t *w)
{
    struct {
        reclaim_node_options_t node;
        uint64_t unknown;
    } nodes[2];
    memset(nodes, 0, sizeof nodes);
    nodes[0].node.pages = 300;
    nodes[1].node.pages = 400;
    reclaim_engine_options_t options;
    world_options(&options);
    options.nodes = &nodes[0].node;
    options.node_size = sizeof nodes[0];
    reclaim_engine_t *engine = NULL;
    OK(reclaim_engine_create(&options, &engine));
    reclaim_node_state_t state;
    PREPARE(state);
    OK(reclaim_node_read(engine, 1, &state));
    CHECK(state.pages == 400);
    OK(reclaim_engine_destroy(engine));

    nodes[1].unknown = 1;
    FAILS(RECLAIM_E_TOO_BIG, reclaim_engine_create(&options, &engine));
    options.node_size = 15;
    FAILS(RECLAIM_E_STRUCT_SIZE, reclaim_engine_create(&options, &engine));

    struct {
        reclaim_page_t page;
        uint64_t unknown;
    } victims[256];
    memset(victims, 0xff, sizeof victims);
    reclaim_request_t request = request_for(10);
    request.victims = &victims[0].page;
    request.victim_size = 23; /* one less than in version 0.1 */
    request.victim_capacity = 256;
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_engine_reclaim(w->engine, &request, NULL));
    request.victim_size = sizeof victims[0];
    reclaim_result_t result;
    PREPARE(result);
    OK(reclaim_engine_reclaim(w->engine, &request, &result));
    CHECK(result.victims >= 10);
    for (uint64_t i = 0; i < result.victims; i++)
        CHECK(victims[i].page.space == w->space && victims[i].page.page < WORLD_TOUCHED && victims[i].unknown == 0);
}

void test_structs(void)
{
    world_t world;
    world_t *w = &world;
    world_open(w);
    structs_going_in(w);
    structs_coming_out(w);
    arrays_of_larger_elements(w);
    world_close(w);
}

/* Statistics: counters by number, the document, pressure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static char text[262144];
static char field[512];

/* The document holds this text. */
static int holds(const char *format, uint64_t value)
{
    sprintf(field, format, value);
    return strstr(text, field) != NULL;
}

static void every_counter_has_a_name_and_its_value(const world_t *w)
{
    int64_t machine[256], group[256], value;
    uint32_t count = 0, again = 0;
    FAILS(RECLAIM_E_NO_ROOM, reclaim_engine_read_counters(w->engine, NULL, NULL, 0, &count));
    CHECK(count > 30 && count < 256);
    CHECK(reclaim_counter_name(count) == NULL && reclaim_counter_name(~0u) == NULL);
    machine[0] = 123456789;
    REFUSED(RECLAIM_E_NO_ROOM, reclaim_engine_read_counters(w->engine, w->memcg, machine, count - 1, &again));
    CHECK(again == count && machine[0] == 123456789);
    OK(reclaim_engine_read_counters(w->engine, NULL, machine, 256, &count));
    OK(reclaim_engine_read_counters(w->engine, w->memcg, group, again, &again));
    CHECK(again == count);
    int differ = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = reclaim_counter_name(i);
        CHECK(name != NULL && name == reclaim_counter_name(i));
        OK(reclaim_engine_read_counter(w->engine, name, RECLAIM_NUL_TERMINATED, &value));
        CHECK(value == machine[i]);
        OK(reclaim_memcg_read_counter(w->memcg, name, RECLAIM_NUL_TERMINATED, &value));
        CHECK(value == group[i]);
        differ += group[i] != machine[i];
    }
    CHECK(differ > 0);

    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_counters(w->engine, NULL, machine, 256, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_counters(w->engine, NULL, NULL, 256, &count));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_read_counters(NULL, NULL, machine, 256, &count));
    world_t other;
    world_open(&other);
    REFUSED(RECLAIM_E_WRONG_ENGINE, reclaim_engine_read_counters(w->engine, other.memcg, machine, 256, &count));
    world_close(&other);
}

static void the_document_has_what_calls_say(const world_t *w)
{
    uint64_t length = 0, again = 0;
    FAILS(RECLAIM_E_NO_ROOM, reclaim_engine_read_stats(w->engine, NULL, 0, &length));
    CHECK(length > 1000 && length < sizeof text);
    text[0] = '?';
    REFUSED(RECLAIM_E_NO_ROOM, reclaim_engine_read_stats(w->engine, text, 20, &again));
    CHECK(again > 1000 && text[0] == '?');
    OK(reclaim_engine_read_stats(w->engine, text, sizeof text - 1, &length));
    text[length] = 0;
    CHECK(strncmp(text, "{\"schema\":\"reclaim.stats/1\",", 28) == 0 && text[length - 1] == '}');
    CHECK(strstr(text, "\"path\":\"/job\",\"policy\":\"mglru\"") != NULL);

    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(w->memcg, &state));
    CHECK(holds("\"usage\":%" PRIu64 ",", state.usage));
    reclaim_node_state_t node;
    PREPARE(node);
    OK(reclaim_node_read(w->engine, 1, &node));
    CHECK(node.tier == 1 && holds("\"node\":1,\"pages\":2048,\"free\":%" PRIu64 ",\"tier\":1,", node.free));

    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_stats(w->engine, text, sizeof text, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_stats(w->engine, NULL, 1, &length));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_read_stats(NULL, text, sizeof text, &length));
}

static void pressure_is_refused_where_none_is_kept(const world_t *w)
{
    reclaim_pressure_t pressure;
    PREPARE(pressure);
    pressure.some_avg10 = 4711;
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_memcg_read_pressure(w->memcg, &pressure));
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_node_read_pressure(w->engine, 0, &pressure));
    REFUSED(RECLAIM_E_RANGE, reclaim_node_read_pressure(w->engine, 2, &pressure));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_read_pressure(w->memcg, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_node_read_pressure(w->engine, 0, NULL));
    pressure.struct_size = 8;
    REFUSED(RECLAIM_E_STRUCT_SIZE, reclaim_memcg_read_pressure(w->memcg, &pressure));
    pressure.struct_size = 5000;
    REFUSED(RECLAIM_E_TOO_BIG, reclaim_node_read_pressure(w->engine, 0, &pressure));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_memcg_read_pressure(NULL, &pressure));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_node_read_pressure(NULL, 0, &pressure));
    CHECK(pressure.some_avg10 == 4711);
}

static void pressure_is_what_its_file_says(void)
{
    world_t world, *w = &world;
    reclaim_engine_options_t options;
    reclaim_pressure_t pressure;
    char expected[200];
    uint64_t length;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_PRESSURE;
    world_open_with(w, &options);
    OK(reclaim_address_space_set_task_state(w->space, RECLAIM_TASK_STALLED));
    OK(reclaim_engine_set_time(w->engine, 5000000));
    OK(reclaim_address_space_set_task_state(w->space, RECLAIM_TASK_IDLE));
    OK(reclaim_engine_set_time(w->engine, 9000000));
    memset(&pressure, 0xff, sizeof pressure);
    pressure.struct_size = sizeof pressure;
    OK(reclaim_memcg_read_pressure(w->memcg, &pressure));
    CHECK(pressure.some_total_us == 5000000 && pressure.full_total_us == 5000000 && pressure.reserved == 0);
    CHECK(pressure.some_avg10 > pressure.some_avg60 && pressure.some_avg60 > pressure.some_avg300 && pressure.some_avg300 > 0);
    sprintf(expected, "some avg10=%u.%02u avg60=%u.%02u avg300=%u.%02u total=5000000\n", pressure.some_avg10 / 100, pressure.some_avg10 % 100,
            pressure.some_avg60 / 100, pressure.some_avg60 % 100, pressure.some_avg300 / 100, pressure.some_avg300 % 100);
    OK(reclaim_engine_read_control(w->engine, "sys/fs/cgroup/job/memory.pressure", RECLAIM_NUL_TERMINATED, text, sizeof text - 1, &length));
    text[length] = 0;
    CHECK(strncmp(text, expected, strlen(expected)) == 0);
    OK(reclaim_node_read_pressure(w->engine, 0, &pressure));
    CHECK(pressure.full_total_us == 5000000);
    OK(reclaim_node_read_pressure(w->engine, 1, &pressure));
    CHECK(pressure.full_total_us == 0 && pressure.some_avg10 == 0);
    world_close(w);
}

void test_stats(void)
{
    world_t world, *w = &world;
    world_open(w);
    OK(reclaim_memcg_set_max(w->memcg, 200));
    every_counter_has_a_name_and_its_value(w);
    the_document_has_what_calls_say(w);
    pressure_is_refused_where_none_is_kept(w);
    world_close(w);
    pressure_is_what_its_file_says();
}

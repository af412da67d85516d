/* Control files: the kernel's text files by their paths, and the calls that set the same. */
#include <stdio.h>
#include <string.h>

#include "check.h"

static char text[65536];

static int32_t put(const world_t *w, const char *path, const char *what)
{
    return reclaim_engine_write_control(w->engine, path, RECLAIM_NUL_TERMINATED, what, RECLAIM_NUL_TERMINATED);
}

/* Reads a file or directory; "" when that fails. */
static const char *get(const world_t *w, const char *path)
{
    uint64_t length = 0;
    text[0] = 0;
    OK(reclaim_engine_read_control(w->engine, path, RECLAIM_NUL_TERMINATED, text, sizeof text - 1, &length));
    text[length < sizeof text ? length : 0] = 0;
    return text;
}

static reclaim_memcg_state_t state_of(reclaim_memcg_t *memcg)
{
    reclaim_memcg_state_t state;
    PREPARE(state);
    OK(reclaim_memcg_read(memcg, &state));
    return state;
}

static void files_say_and_set_what_calls_do(const world_t *w)
{
    char expected[64];
    CHECK(strcmp(get(w, ""), "proc/\nsys/\n") == 0);
    CHECK(strstr(get(w, "sys/fs/cgroup"), "\njob/\n") != NULL);
    CHECK(strstr(get(w, "sys/fs/cgroup/job"), "memory.max\n") != NULL);
    CHECK(strstr(get(w, "sys/devices/system/node"), "node0/\nnode1/\n") != NULL);
    CHECK(strcmp(get(w, "sys/fs/cgroup/job/memory.current"), "1228800\n") == 0);

    OK(put(w, "sys/fs/cgroup/job/memory.high", "1M\n"));
    CHECK(state_of(w->memcg).high == 256 && state_of(w->memcg).usage <= 256);
    OK(reclaim_memcg_set_high(w->memcg, RECLAIM_UNLIMITED));
    CHECK(strcmp(get(w, "sys/fs/cgroup/job/memory.high"), "max\n") == 0);
    OK(reclaim_memcg_set_swap_max(w->memcg, 77));
    CHECK(state_of(w->memcg).swap_max == 77);
    CHECK(strcmp(get(w, "sys/fs/cgroup/job/memory.swap.max"), "315392\n") == 0);
    OK(put(w, "sys/fs/cgroup/job/memory.swap.max", "max"));
    CHECK(state_of(w->memcg).swap_max == RECLAIM_UNLIMITED);

    uint64_t before = state_of(w->memcg).usage;
    OK(put(w, "sys/fs/cgroup/job/memory.reclaim", "128K swappiness=100"));
    CHECK(state_of(w->memcg).usage + 32 <= before);
    sprintf(expected, "%llu\n", (unsigned long long)(state_of(w->memcg).usage * 4096));
    CHECK(strcmp(get(w, "sys/fs/cgroup/job/memory.current"), expected) == 0);

    /* A cgroup appears with the call that creates it. */
    reclaim_memcg_options_t options;
    reclaim_memcg_t *child = NULL;
    PREPARE(options);
    options.name = "child";
    options.name_length = RECLAIM_NUL_TERMINATED;
    options.parent = w->memcg;
    OK(reclaim_memcg_create(w->engine, &options, &child));
    CHECK(strcmp(get(w, "sys/fs/cgroup/job/child/memory.current"), "0\n") == 0);
}

static void a_buffer_that_is_too_small_is_left_alone(const world_t *w)
{
    const char *path = "sys/fs/cgroup/job/memory.stat";
    uint64_t length = 7;
    char small[8] = "unused.";
    REFUSED(RECLAIM_E_NO_ROOM, reclaim_engine_read_control(w->engine, path, strlen(path), NULL, 0, &length));
    CHECK(length == strlen(get(w, path)) && length > 100);
    length = 7;
    REFUSED(RECLAIM_E_NO_ROOM, reclaim_engine_read_control(w->engine, path, strlen(path), small, sizeof small, &length));
    CHECK(length == strlen(get(w, path)) && strcmp(small, "unused.") == 0);
    OK(reclaim_engine_read_control(w->engine, path, strlen(path), text, length, &length));
}

static void what_the_kernel_refuses_is_refused(const world_t *w)
{
    uint64_t length = 7;
    const char *path = "sys/fs/cgroup/job/memory.max";
    REFUSED(RECLAIM_E_INVALID, put(w, path, "12 apples"));
    REFUSED(RECLAIM_E_INVALID, put(w, "sys/fs/cgroup/job/memory.reclaim", "4096 swappiness=201"));
    REFUSED(RECLAIM_E_INVALID, put(w, "proc/sys/vm/swappiness", "201"));
    REFUSED(RECLAIM_E_NOT_FOUND, put(w, "sys/fs/cgroup/none/memory.max", "1"));
    REFUSED(RECLAIM_E_NOT_FOUND, put(w, "sys/fs/cgroup/job/memory.max/beyond", "1"));
    REFUSED(RECLAIM_E_NOT_FOUND, put(w, "/proc/vmstat", "1"));
    REFUSED(RECLAIM_E_ACCESS, put(w, "proc/vmstat", "1"));
    REFUSED(RECLAIM_E_ACCESS, put(w, "sys/fs/cgroup/job", "1"));
    REFUSED(RECLAIM_E_UNSUPPORTED, put(w, "sys/fs/cgroup/job/memory.pressure", "some 150000 1000000"));
    FAILS(RECLAIM_E_AGAIN, put(w, "sys/fs/cgroup/job/memory.reclaim", "1G"));
    CHECK(strstr(reclaim_last_error(), "no more could be") != NULL);

    path = "sys/fs/cgroup/job/memory.reclaim";
    REFUSED(RECLAIM_E_ACCESS, reclaim_engine_read_control(w->engine, path, strlen(path), text, sizeof text, &length));
    path = "sys/nothing";
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_engine_read_control(w->engine, path, strlen(path), text, sizeof text, &length));
    path = "sys/fs/cgroup/job/memory.pressure";
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_engine_read_control(w->engine, path, strlen(path), text, sizeof text, &length));
    CHECK(length == 7);

    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_control(w->engine, NULL, 4, text, sizeof text, &length));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_control(w->engine, "proc", 4, NULL, 1, &length));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_read_control(w->engine, "proc", 4, text, sizeof text, NULL));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_write_control(w->engine, NULL, 4, "1", 1));
    REFUSED(RECLAIM_E_NULL, reclaim_engine_write_control(w->engine, path, strlen(path), NULL, 1));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_read_control(NULL, "proc", 4, text, sizeof text, &length));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_write_control(NULL, "proc", 4, "1", 1));
    CHECK(length == 7);
}

static void limits_and_policies_by_call(const world_t *w)
{
    OK(access_range(w->space, 0, WORLD_TOUCHED, 0));
    uint64_t usage = state_of(w->memcg).usage;
    OK(reclaim_memcg_set_policy(w->memcg, "lru", RECLAIM_NUL_TERMINATED));
    CHECK(state_of(w->memcg).usage == usage);
    CHECK(strstr(get(w, "sys/kernel/debug/lru_gen"), "/job\n") == NULL);
    OK(reclaim_memcg_set_policy(w->memcg, "mglru", 5));
    CHECK(strstr(get(w, "sys/kernel/debug/lru_gen"), "/job\n") != NULL);
    REFUSED(RECLAIM_E_NOT_FOUND, reclaim_memcg_set_policy(w->memcg, "sieve", RECLAIM_NUL_TERMINATED));
    REFUSED(RECLAIM_E_NULL, reclaim_memcg_set_policy(w->memcg, NULL, 3));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_policy(w->memcg, "\xff", 1));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_high(w->root, 10));
    REFUSED(RECLAIM_E_INVALID, reclaim_memcg_set_swap_max(w->root, 10));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_policy(NULL, "lru", 3));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_high(NULL, 10));
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_memcg_set_swap_max(NULL, 10));

    for (uint64_t page = 0; page < 50; page++)
        OK(reclaim_address_space_pin(w->space, page));
    FAILS(RECLAIM_E_AGAIN, reclaim_memcg_set_high(w->memcg, 20));
    CHECK(strstr(reclaim_last_error(), "memory.high of /job is 20 pages") != NULL);
    CHECK(state_of(w->memcg).high == 20 && state_of(w->memcg).usage >= 50);
}

/* A trigger would end with the call: a write that could not last is refused, also where pressure is kept. */
static void a_trigger_is_not_written(void)
{
    world_t world, *w = &world;
    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_PRESSURE;
    world_open_with(w, &options);
    const char *path = "sys/fs/cgroup/job/memory.pressure";
    REFUSED(RECLAIM_E_UNSUPPORTED, reclaim_engine_write_control(w->engine, path, RECLAIM_NUL_TERMINATED, "some 150000 2000000", 19));
    CHECK(strstr(reclaim_last_error(), "only be read") != NULL);
    world_close(w);
}

void test_control(void)
{
    world_t world, *w = &world;
    world_open(w);
    files_say_and_set_what_calls_do(w);
    a_buffer_that_is_too_small_is_left_alone(w);
    what_the_kernel_refuses_is_refused(w);
    limits_and_policies_by_call(w);
    world_close(w);
    a_trigger_is_not_written();
}

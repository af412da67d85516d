/* What the parts of the ABI test share.  C99 and C++ alike. */
#ifndef CHECK_H
#define CHECK_H

#include <reclaim.h>

/* Counts a check, and says where it failed. */
#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, #condition)

/* The call has to succeed. */
#define OK(call) check_status((call), RECLAIM_OK, __FILE__, __LINE__, #call)

/* The call has to fail with a status and with one sentence on it. */
#define FAILS(status, call) check_status((call), (status), __FILE__, __LINE__, #call)

/* The same, and the world `w` has to be as it was before. */
#define REFUSED(status, call)                                                                                         \
    do {                                                                                                              \
        uint64_t before_ = world_fingerprint(w);                                                                      \
        check_status((call), (status), __FILE__, __LINE__, #call);                                                    \
        check_that(world_fingerprint(w) == before_, __FILE__, __LINE__, #call " changed something");                  \
    } while (0)

/* A request for one page, but for an assignment, has to be refused. */
#define REFUSED_REQUEST(request, assignment, status)                                                                  \
    do {                                                                                                              \
        (request) = request_for(1);                                                                                   \
        assignment;                                                                                                   \
        REFUSED(status, reclaim_engine_reclaim(w->engine, &(request), NULL));                                         \
    } while (0)

/* Zeroes a struct and states its size. */
#define PREPARE(value) (memset(&(value), 0, sizeof(value)), (value).struct_size = (uint32_t)sizeof(value))

void check_that(int holds, const char *file, int line, const char *text);
void check_status(int32_t got, int32_t wanted, const char *file, int line, const char *text);

/* Two nodes, a cgroup below the root, and an address space of 600 pages in it, the first 300 of them in memory. */
enum { WORLD_PAGES = 600, WORLD_TOUCHED = 300 };

typedef struct world {
    reclaim_engine_t *engine;
    reclaim_memcg_t *root;
    reclaim_memcg_t *memcg;
    reclaim_address_space_t *space;
} world_t;

void world_options(reclaim_engine_options_t *options);
void world_open(world_t *w);
void world_open_with(world_t *w, const reclaim_engine_options_t *options);
void world_close(world_t *w);

/* A number that changes with anything that can be read of it: states, counters, residency. */
uint64_t world_fingerprint(const world_t *w);

/* Accesses pages [first, last). */
int32_t access_range(reclaim_address_space_t *space, uint32_t first, uint32_t last, uint32_t flags);

/* Zeroed but for its size and the number of pages. */
reclaim_request_t request_for(uint64_t pages);

void test_layout(void);
void test_library(void);
void test_structs(void);
void test_handles(void);
void test_values(void);
void test_calls(void);
void test_reclaim(void);
void test_request(void);
void test_callbacks(void);
void test_policy(void);
void test_files(void);
void test_spaces(void);
void test_memcg(void);
void test_pages(void);
void test_process(void);
void test_threads(void);
void test_concurrent(void);
void test_nested(void);
void test_control(void);
void test_stats(void);
void test_trace(void);
void test_options(void);
void test_vectors(void);
void test_snapshot(void);

#endif

/* Many threads: in a concurrent engine, in one for a single thread, beside its end, and with handles that nobody gave out. */
#include <pthread.h>
#include <string.h>

#include "check.h"

enum { THREADS = 4, ROUNDS = 2000, LIVES = 1500, FORGERIES = 200000 };

/* What the threads of one test share.  Statuses that are wrong are counted and not checked: CHECK is for one thread. */
typedef struct shared {
    world_t world;
    int stop;
    int seed;
    uint64_t ok;
    uint64_t refused;
    uint64_t wrong;
} shared_t;

static void count(uint64_t *counter, uint64_t by)
{
    __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

static int stopped(const shared_t *shared)
{
    return __atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void note(shared_t *shared, int32_t status, int32_t allowed)
{
    if (status == RECLAIM_OK)
        count(&shared->ok, 1);
    else if (status == allowed)
        count(&shared->refused, 1);
    else
        count(&shared->wrong, 1);
}

static void run(shared_t *shared, int threads, void *(*body)(void *), void (*meanwhile)(shared_t *))
{
    pthread_t ids[THREADS];
    for (int i = 0; i < threads; i++)
        CHECK(pthread_create(&ids[i], NULL, body, shared) == 0);
    if (meanwhile != NULL)
        meanwhile(shared);
    for (int i = 0; i < threads; i++)
        CHECK(pthread_join(ids[i], NULL) == 0);
}

/* Accesses, requests with arrays of the thread's own, spaces that come and go, and questions. */
static void *use_concurrently(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    const world_t *w = &shared->world;
    uint64_t random = 88172645463325252u + (uint64_t)__atomic_add_fetch(&shared->seed, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t words[32];
        for (int k = 0; k < 32; k++)
            words[k] = (uint32_t)(next(&random) % WORLD_PAGES) | (k % 4 == 0 ? RECLAIM_WRITE : 0);
        note(shared, reclaim_address_space_access(w->space, words, 32, NULL), RECLAIM_OK);

        reclaim_page_t victims[80];
        memset(victims, 0, sizeof victims);
        reclaim_request_t request = request_for(8);
        request.victims = victims;
        request.victim_size = sizeof victims[0];
        request.victim_capacity = 80;
        reclaim_result_t result;
        PREPARE(result);
        note(shared, reclaim_engine_reclaim(w->engine, &request, &result), RECLAIM_E_AGAIN);
        uint64_t filled = 0;
        while (filled < 80 && victims[filled].space != NULL)
            filled++;
        if (result.victims != result.reclaimed || filled != result.victims)
            count(&shared->wrong, 1);

        if (i % 16 == 0) {
            reclaim_address_space_options_t options;
            PREPARE(options);
            options.pages = 64;
            reclaim_address_space_t *space = NULL;
            int32_t status = reclaim_address_space_create(w->engine, &options, &space);
            note(shared, status, RECLAIM_E_CAPACITY);
            if (status == RECLAIM_OK) {
                note(shared, reclaim_address_space_access(space, words, 0, NULL), RECLAIM_OK);
                note(shared, reclaim_address_space_access_page(space, 5, RECLAIM_WRITE), RECLAIM_OK);
                note(shared, reclaim_address_space_destroy(space), RECLAIM_OK);
            }
        }

        uint32_t resident;
        note(shared, reclaim_address_space_is_resident(w->space, next(&random) % WORLD_PAGES, &resident), RECLAIM_OK);
    }

    return NULL;
}

static void a_concurrent_engine_takes_all_that_come(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru,classic";
    options.flags = RECLAIM_ENGINE_CONCURRENT;
    world_open_with(&shared.world, &options);
    run(&shared, THREADS, use_concurrently, NULL);
    CHECK(shared.wrong == 0 && shared.ok > (uint64_t)THREADS * ROUNDS * 2);
    world_close(&shared.world);

    /* The core says which policies can't. */
    options.policies = "mglru,lru";
    reclaim_engine_t *engine = NULL;
    FAILS(RECLAIM_E_INVALID, reclaim_engine_create(&options, &engine));
    CHECK(engine == NULL && strstr(reclaim_last_error(), "lru") != NULL);
}

static void *use_alone(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    for (uint32_t i = 0; i < 20u * ROUNDS; i++) {
        uint32_t words[64];
        for (uint32_t k = 0; k < 64; k++)
            words[k] = (i * 64 + k) % WORLD_PAGES;
        note(shared, reclaim_address_space_access(shared->world.space, words, 64, NULL), RECLAIM_E_BUSY);
        if (i % 8 == 0) {
            reclaim_request_t request = request_for(64);
            note(shared, reclaim_engine_reclaim(shared->world.engine, &request, NULL), RECLAIM_E_BUSY);
        }
    }

    return NULL;
}

/* One thread at a time: the others are told so, and nothing breaks. */
static void an_engine_for_one_thread_refuses_the_second(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    world_open(&shared.world);
    run(&shared, 2, use_alone, NULL);
    CHECK(shared.wrong == 0 && shared.ok > 0);
    world_close(&shared.world);
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *use_in_turn(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&turn);
        note(shared, reclaim_address_space_access_page(shared->world.space, i % WORLD_PAGES, 0), RECLAIM_OK);
        pthread_mutex_unlock(&turn);
    }

    return NULL;
}

/* Which thread does not matter: with a lock around its calls nobody is ever refused. */
static void threads_that_take_turns_are_never_refused(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    world_open(&shared.world);
    run(&shared, THREADS, use_in_turn, NULL);
    CHECK(shared.wrong == 0 && shared.ok == (uint64_t)THREADS * ROUNDS);

    /* Threads that end leave nothing behind: more of them, one after the other, than there are records. */
    for (int i = 0; i < 200; i++)
        run(&shared, 1, use_in_turn, NULL);
    CHECK(shared.wrong == 0);
    world_close(&shared.world);
}

/* Uses the engine of a thread that has ended and ends it, then makes one for the next thread. */
static void *inherit(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    world_t *w = &shared->world;
    if (w->engine != NULL) {
        for (uint32_t page = 0; page < 3; page++)
            note(shared, reclaim_address_space_access_page(w->space, page, 0), RECLAIM_OK);
        note(shared, reclaim_engine_destroy(w->engine), RECLAIM_OK);
    }

    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru";
    reclaim_address_space_options_t memory;
    PREPARE(memory);
    memory.pages = WORLD_PAGES;
    note(shared, reclaim_engine_create(&options, &w->engine), RECLAIM_OK);
    note(shared, reclaim_address_space_create(w->engine, &memory, &w->space), RECLAIM_OK);
    for (uint32_t page = 0; page < 3; page++)
        note(shared, reclaim_address_space_access_page(w->space, page, 0), RECLAIM_OK);
    return NULL;
}

/* A thread may get the record of one that has ended, which was the last to use its engine: it takes that one over as any thread does. */
static void engines_outlive_their_threads(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    for (int i = 0; i < 200; i++)
        run(&shared, 1, inherit, NULL);
    CHECK(shared.wrong == 0);
    OK(reclaim_engine_destroy(shared.world.engine));
}

/* Uses whatever engine there is now, which may end at any moment. */
static void *use_what_lives(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    uint32_t page = 0;
    while (!stopped(shared)) {
        reclaim_address_space_t *space = __atomic_load_n(&shared->world.space, __ATOMIC_ACQUIRE);
        uint32_t words[8];
        for (int k = 0; k < 8; k++)
            words[k] = page++ % WORLD_PAGES;
        int32_t status = reclaim_address_space_access(space, words, 8, NULL);
        if (status != RECLAIM_OK && status != RECLAIM_E_BUSY && status != RECLAIM_E_BAD_HANDLE)
            count(&shared->wrong, 1);
        count(status == RECLAIM_OK ? &shared->ok : &shared->refused, 1);
    }

    return NULL;
}

static uint32_t engine_flags;

static void end_engines(shared_t *shared)
{
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru";
    options.flags = engine_flags;
    for (int i = 0; i < LIVES; i++) {
        world_t w;
        memset(&w, 0, sizeof w);
        reclaim_address_space_options_t memory;
        PREPARE(memory);
        memory.pages = WORLD_PAGES;
        if (reclaim_engine_create(&options, &w.engine) != RECLAIM_OK)
            count(&shared->wrong, 1);
        if (reclaim_address_space_create(w.engine, &memory, &w.space) != RECLAIM_OK)
            count(&shared->wrong, 1);
        __atomic_store_n(&shared->world.space, w.space, __ATOMIC_RELEASE);
        for (int wait = 0; wait < i % 64 * 64; wait++)
            __atomic_load_n(&shared->ok, __ATOMIC_ACQUIRE);
        int32_t status;
        do
            status = reclaim_engine_destroy(w.engine);
        while (status == RECLAIM_E_BUSY);
        if (status != RECLAIM_OK || reclaim_engine_destroy(w.engine) != RECLAIM_E_BAD_HANDLE
            || reclaim_address_space_access_page(w.space, 0, 0) != RECLAIM_E_BAD_HANDLE)
            count(&shared->wrong, 1);
    }

    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
}

static void an_end_beside_use_is_refused_or_final(uint32_t flags)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    engine_flags = flags;
    run(&shared, 3, use_what_lives, end_engines);
    CHECK(shared.wrong == 0 && shared.refused > 0);
}

static void end_spaces(shared_t *shared)
{
    reclaim_address_space_options_t memory;
    PREPARE(memory);
    memory.pages = WORLD_PAGES;
    for (int i = 0; i < LIVES; i++) {
        reclaim_address_space_t *space = NULL;
        if (reclaim_address_space_create(shared->world.engine, &memory, &space) != RECLAIM_OK)
            count(&shared->wrong, 1);
        __atomic_store_n(&shared->world.space, space, __ATOMIC_RELEASE);
        int32_t status;
        do
            status = reclaim_address_space_destroy(space);
        while (status == RECLAIM_E_BUSY);
        if (status != RECLAIM_OK || reclaim_address_space_destroy(space) != RECLAIM_E_BAD_HANDLE)
            count(&shared->wrong, 1);
    }

    __atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
}

static void a_space_ends_beside_its_use(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    reclaim_engine_options_t options;
    world_options(&options);
    options.policies = "mglru";
    options.flags = RECLAIM_ENGINE_CONCURRENT;
    world_open_with(&shared.world, &options);
    reclaim_address_space_t *kept = shared.world.space;
    run(&shared, 3, use_what_lives, end_spaces);
    shared.world.space = kept;
    CHECK(shared.wrong == 0);
    world_close(&shared.world);
}

static void *forge(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    uint64_t random = 1181783497276652981u + (uint64_t)__atomic_add_fetch(&shared->seed, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < FORGERIES / THREADS; i++) {
        uint64_t forged = next(&random);
        if (i % 2 == 0)
            forged = UINT64_C(0x5e) << 56 | (forged & UINT64_C(0x000000ffff00003f));
        if ((void *)(uintptr_t)forged == (void *)shared->world.space)
            continue;
        uint32_t resident;
        /* The world's own handles are among those that can come up: they are living, and of another kind or right. */
        int32_t status = reclaim_address_space_is_resident((reclaim_address_space_t *)(void *)(uintptr_t)forged, 0, &resident);
        if (status != RECLAIM_E_BAD_HANDLE)
            count(&shared->wrong, 1);
    }

    return NULL;
}

static void forged_handles_find_nothing(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    world_open(&shared.world);
    run(&shared, THREADS, forge, NULL);
    CHECK(shared.wrong == 0);
    world_close(&shared.world);
}

static void *fail_differently(void *argument)
{
    shared_t *shared = (shared_t *)argument;
    if (reclaim_last_error()[0] != '\0')
        count(&shared->wrong, 1);
    for (int i = 0; i < 100; i++) {
        if (reclaim_address_space_access_page(NULL, 0, 0) != RECLAIM_E_BAD_HANDLE || strstr(reclaim_last_error(), "NULL") == NULL)
            count(&shared->wrong, 1);
    }

    return NULL;
}

static void the_last_error_is_the_threads(void)
{
    static shared_t shared;
    memset(&shared, 0, sizeof shared);
    world_open(&shared.world);
    FAILS(RECLAIM_E_RANGE, reclaim_address_space_access_page(shared.world.space, WORLD_PAGES, 0));
    const char *mine = reclaim_last_error();
    run(&shared, THREADS, fail_differently, NULL);
    CHECK(shared.wrong == 0 && reclaim_last_error() == mine && strstr(mine, "600") != NULL);
    world_close(&shared.world);
}

void test_threads(void)
{
    a_concurrent_engine_takes_all_that_come();
    an_engine_for_one_thread_refuses_the_second();
    threads_that_take_turns_are_never_refused();
    engines_outlive_their_threads();
    an_end_beside_use_is_refused_or_final(0);
    an_end_beside_use_is_refused_or_final(RECLAIM_ENGINE_CONCURRENT);
    a_space_ends_beside_its_use();
    forged_handles_find_nothing();
    the_last_error_is_the_threads();
}

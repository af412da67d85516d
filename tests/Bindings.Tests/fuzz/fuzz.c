/*
 * Random calls of every function of reclaim.h, with arguments that are right, wrong and absurd, handles that are dead, forged and of the
 * wrong kind, and callbacks that refuse, fail and call back.  After each EVERY calls, a thousand unless said, every engine is validated.
 *
 *     fuzz CALLS SEED [EVERY]
 *
 * The same seed makes the same calls, with the same EVERY: a validation settles what is under way.  EVERY = 1 finds the call that broke
 * something.  Ends with 1 when something is broken; says what came of how many calls of each function.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static uint64_t state;
static uint64_t made;
static const char *current = "";
static handle_t handles[HANDLES];

void seed_with(uint64_t seed) { state = seed; }

uint64_t rnd(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t below(uint64_t bound) { return rnd() % bound; }

int one_in(uint64_t n) { return below(n) == 0; }

void broken(const char *what)
{
    printf("call %" PRIu64 ", %s: %s (%s)\n", made, current, what, reclaim_last_error());
    exit(1);
}

handle_t *living(kind_t kind, int engine)
{
    int start = (int)below(HANDLES);
    for (int i = 0; i < HANDLES; i++) {
        handle_t *at = &handles[(start + i) % HANDLES];
        if (at->alive && at->kind == kind && (engine < 0 || at->engine == engine))
            return at;
    }

    return NULL;
}

int living_parts(kind_t kind, int engine)
{
    int parts = 0;
    for (int i = 0; i < HANDLES; i++)
        parts += handles[i].alive && handles[i].kind == kind && handles[i].engine == engine;
    return parts;
}

void *any(kind_t kind, handle_t **chosen)
{
    *chosen = NULL;
    uint64_t choice = below(64);
    if (choice == 0)
        return NULL;
    if (choice == 1) {
        /* One that looks right may be right. */
        void *forged = (void *)(uintptr_t)(one_in(2) ? rnd() : UINT64_C(0x5e00000000000000) | (below(4) << 24) | below(64));
        for (int i = 0; i < HANDLES; i++) {
            if (handles[i].value == forged)
                *chosen = &handles[i];
        }

        return forged;
    }

    if (choice < 5) {
        *chosen = &handles[below(HANDLES)];
        if ((*chosen)->value == NULL)
            *chosen = NULL;
        return *chosen == NULL ? NULL : (*chosen)->value;
    }

    *chosen = living(kind, -1);
    return *chosen == NULL ? NULL : (*chosen)->value;
}

void born(kind_t kind, int engine, void *value, uint64_t pages)
{
    handle_t *room = NULL;
    for (int i = 0; i < HANDLES; i++) {
        if (handles[i].value == value) {
            if (!handles[i].alive)
                broken("a dead handle was given out again");
            return;
        }

        if (handles[i].value == NULL || (!handles[i].alive && (room == NULL || one_in(8))))
            room = &handles[i];
    }

    if (room == NULL)
        broken("the fuzzer keeps too many objects");
    handle_t fresh = { value, kind, engine, 1, pages };
    *room = fresh;
}

void died(handle_t *handle)
{
    handle->alive = 0;
    for (int i = 0; i < HANDLES; i++) {
        if (handle->kind == ENGINE && handles[i].engine == handle->engine)
            handles[i].alive = 0;
    }
}

uint64_t amount(void)
{
    static const uint64_t odd[] = { 0, 1, 2, 63, 64, 65, 511, 512, 513, UINT32_MAX, (uint64_t)1 << 32, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
    return one_in(8) ? odd[below(sizeof odd / sizeof odd[0])] : one_in(4) ? below(5000) : below(200);
}

uint32_t flags_of(uint32_t known)
{
    return one_in(24) ? (uint32_t)rnd() : (uint32_t)rnd() & (uint32_t)rnd() & known;
}

const char *text(const char *wanted, uint64_t *length)
{
    static const char bad[] = "\xff\xfe not text";
    switch (below(32)) {
    case 0:
        *length = below(9);
        return NULL;
    case 1:
        *length = sizeof bad - 1;
        return bad;
    case 2:
        *length = below(strlen(wanted) + 1);
        return wanted;
    default:
        *length = one_in(2) ? RECLAIM_NUL_TERMINATED : strlen(wanted);
        return wanted;
    }
}

uint32_t size_for(uint32_t size)
{
    static const uint32_t odd[] = { 0, 1, 4, 8, 4096, 4097, UINT32_MAX };
    return one_in(24) ? odd[below(4)] : one_in(48) ? odd[5 + below(2)] : one_in(16) ? size + 8 * (uint32_t)below(4) : size;
}

void validate_all(void)
{
    for (int i = 0; i < HANDLES; i++) {
        if (handles[i].alive && handles[i].kind == ENGINE && reclaim_engine_validate((reclaim_engine_t *)handles[i].value) != RECLAIM_OK)
            broken("an engine is not valid");
    }
}

static void judge(entry_t *entry, int32_t status)
{
    if (status == RECLAIM_OK) {
        entry->succeeded++;
        return;
    }

    entry->failed++;
    if (strcmp(reclaim_status_name(status), "RECLAIM_E_UNKNOWN") == 0)
        broken("a status that is none");
    if (status == RECLAIM_E_INTERNAL || status == RECLAIM_E_CORRUPT)
        broken(reclaim_status_name(status));
    if (reclaim_last_error()[0] == 0)
        broken("no text for an error");
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "fuzz CALLS SEED [EVERY]\n");
        return 2;
    }

    uint64_t calls = strtoull(argv[1], NULL, 10);
    seed_with(strtoull(argv[2], NULL, 10));
    uint64_t every = argc == 4 ? strtoull(argv[3], NULL, 10) : 1000;
    if (every == 0)
        every = 1;
    int total = 0;
    for (int i = 0; i < entry_count; i++)
        total += entries[i].weight;
    for (made = 0; made < calls; made++) {
        int at = (int)below((uint64_t)total);
        entry_t *entry = entries;
        while (at >= entry->weight)
            at -= (entry++)->weight;
        current = entry->name;
        judge(entry, entry->call());
        if (made % every == every - 1)
            validate_all();
    }

    current = "the end";
    validate_all();
    for (int i = 0; i < entry_count; i++)
        printf("%-44s %8" PRIu64 " succeeded, %8" PRIu64 " failed\n", entries[i].name, entries[i].succeeded, entries[i].failed);
    printf("%" PRIu64 " calls, seed %s, 0 broken\n", made, argv[2]);
    return 0;
}

/* The width of the vectors: what the build holds and the CPU has, and what an engine uses of it. */
#include <stddef.h>

#include "check.h"

void test_vectors(void)
{
    uint32_t widest = reclaim_vector_bits();
    CHECK(widest == 64 || widest == 128 || widest == 256 || widest == 512);

    world_t world, *w = &world;
    world_open(w);
    uint32_t bits = 1;
    OK(reclaim_engine_vector_bits(w->engine, &bits));
    CHECK(bits == widest);

    REFUSED(RECLAIM_E_NULL, reclaim_engine_vector_bits(w->engine, NULL));
    bits = 1;
    REFUSED(RECLAIM_E_BAD_HANDLE, reclaim_engine_vector_bits(NULL, &bits));
    reclaim_engine_t *engine = w->engine;
    world_close(w);
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_vector_bits(engine, &bits));
    CHECK(bits == 1);
}

/* Peers of Simd/ByteSweep: how many of n bytes have value b under mask a; n a multiple of 64. */
#include "peer.h"

PEER sweep_count_loop(void *data, u64 n, void *out, u64 mask, u64 value)
{
    (void)out;
    const uint8_t *p = data;
    u64 count = 0;
    for (u64 i = 0; i < n; i++)
        count += (p[i] & mask) == value;
    return count;
}

#ifdef __AVX512BW__
PEER sweep_count_vectors(void *data, u64 n, void *out, u64 mask, u64 value)
{
    (void)out;
    const uint8_t *p = data;
    const __m512i m = _mm512_set1_epi8((char)mask), v = _mm512_set1_epi8((char)value);
    u64 count = 0;
    for (u64 i = 0; i < n; i += 64)
        count += (u64)__builtin_popcountll(_mm512_cmpeq_epi8_mask(_mm512_and_si512(_mm512_loadu_si512(p + i), m), v));
    return count;
}
#endif

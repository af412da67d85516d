/* Peers of Simd/AccessedBits: bitmaps of 64-bit words, n a multiple of 512.
 *
 * A harvest writes to `out` the set bits of `chunk` words at a time (a multiple of 64, at most 512) and clears them by one
 * locked instruction per word, as ours does; it returns their number. */
#include "peer.h"

static inline u64 take(u64 *word)
{
    return __atomic_exchange_n(word, 0, __ATOMIC_RELAXED);
}

/* The ceiling: every line read once with the widest loads, nothing else. */
PEER read_ceiling(void *data, u64 n, void *out, u64 a, u64 b)
{
    (void)out, (void)a, (void)b;
    const u64 *w = data;
#ifdef __AVX512F__
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (u64 i = 0; i < n; i += 32) {
        s0 = _mm512_or_si512(s0, _mm512_loadu_si512(w + i));
        s1 = _mm512_or_si512(s1, _mm512_loadu_si512(w + i + 8));
        s2 = _mm512_or_si512(s2, _mm512_loadu_si512(w + i + 16));
        s3 = _mm512_or_si512(s3, _mm512_loadu_si512(w + i + 24));
    }
    return (u64)_mm512_reduce_or_epi64(_mm512_or_si512(_mm512_or_si512(s0, s1), _mm512_or_si512(s2, s3)));
#else
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        s |= w[i];
    return s;
#endif
}

/* Form 1: one word at a time, an exchange for each that is not zero. */
PEER harvest_words(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, taken = 0;
    for (u64 i = 0; i < n; i += chunk) {
        u64 *o = out;
        for (u64 k = 0; k < chunk; k++) {
            o[k] = 0;
            if (w[i + k]) {
                o[k] = take(w + i + k);
                taken += (u64)__builtin_popcountll(o[k]);
            }
        }
    }
    return taken;
}

#ifdef __AVX512F__

static inline u64 take_all(u64 *w, u64 *o, u64 found)
{
    u64 taken = 0;
    while (found) {
        int k = __builtin_ctzll(found);
        found &= found - 1;
        o[k] = take(w + k);
        taken += (u64)__builtin_popcountll(o[k]);
    }
    return taken;
}

static inline u64 nonzero_words(const u64 *w, u64 *o)
{
    __m512i v = _mm512_loadu_si512(w);
    _mm512_storeu_si512(o, _mm512_setzero_si512());
    return _mm512_test_epi64_mask(v, v);
}

static inline u64 nonzero_words_of_block(const u64 *w, u64 *o)
{
    u64 found = 0;
    for (int line = 0; line < 64; line += 8)
        found |= nonzero_words(w + line, o + line) << line;
    return found;
}

/* Form 2: a vector test for each line, then exchanges. */
PEER harvest_lines(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0;
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 8)
            taken += take_all(w + i + k, o + k, nonzero_words(w + i + k, o + k));
    return taken;
}

/* Form 3: vector tests of 64 words make one 64-bit number, then exchanges. */
PEER harvest_blocks(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0;
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 64)
            taken += take_all(w + i + k, o + k, nonzero_words_of_block(w + i + k, o + k));
    return taken;
}

/* Form 4: as 3, prefetching 4 KiB ahead. */
PEER harvest_blocks_ahead(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0;
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 64) {
            for (u64 line = 0; line < 64; line += 8)
                _mm_prefetch((const char *)(w + i + k + line + 512), _MM_HINT_T0);
            taken += take_all(w + i + k, o + k, nonzero_words_of_block(w + i + k, o + k));
        }
    return taken;
}

/* Form 5: as 4, with the exchanges of 256 words bunched after their tests: what ours does. */
PEER harvest_bunches(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0, found[4];
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 256) {
            unsigned blocks = 0;
            for (u64 block = 0; block < 4; block++) {
                u64 *p = w + i + k + 64 * block;
                for (u64 line = 0; line < 64; line += 8)
                    _mm_prefetch((const char *)(p + line + 1024), _MM_HINT_T0);
                found[block] = nonzero_words_of_block(p, o + k + 64 * block);
                blocks |= (unsigned)(found[block] != 0) << block;
            }
            while (blocks) {
                u64 block = (u64)__builtin_ctz(blocks);
                blocks &= blocks - 1;
                taken += take_all(w + i + k + 64 * block, o + k + 64 * block, found[block]);
            }
        }
    return taken;
}

/* Form 6: the numbers of the nonzero words of a chunk are compressed into a list, then exchanges along the list. */
PEER harvest_list(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0;
    uint16_t list[512 + 8];
    const __m512i lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    for (u64 i = 0; i < n; i += chunk) {
        unsigned count = 0;
        for (u64 k = 0; k < chunk; k += 8) {
            _mm_prefetch((const char *)(w + i + k + 512), _MM_HINT_T0);
            __mmask8 found = (__mmask8)nonzero_words(w + i + k, o + k);
            __m512i numbers = _mm512_maskz_compress_epi64(found, _mm512_add_epi64(_mm512_set1_epi64((long long)k), lane));
            _mm_storeu_si128((__m128i *)(list + count), _mm512_cvtepi64_epi16(numbers));
            count += (unsigned)__builtin_popcount(found);
        }
        for (unsigned k = 0; k < count; k++) {
            o[list[k]] = take(w + i + list[k]);
            taken += (u64)__builtin_popcountll(o[list[k]]);
        }
    }
    return taken;
}

/* Aside: one cmpxchg16b for two words, for which .NET has no counterpart. */
PEER harvest_pairs(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out, taken = 0;
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 64) {
            u64 found = 0;
            for (u64 line = 0; line < 64; line += 8) {
                __m512i v = _mm512_loadu_si512(w + i + k + line);
                _mm512_storeu_si512(o + k + line, v);
                _mm_prefetch((const char *)(w + i + k + line + 512), _MM_HINT_T0);
                found |= (u64)_mm512_test_epi64_mask(v, v) << line;
            }
            found = (found | found >> 1) & 0x5555555555555555;
            while (found) {
                int at = __builtin_ctzll(found);
                found &= found - 1;
                unsigned __int128 *pair = (void *)(w + i + k + at);
                unsigned __int128 seen = (unsigned __int128)o[k + at + 1] << 64 | o[k + at], was;
                while ((was = __sync_val_compare_and_swap(pair, seen, 0)) != seen)
                    seen = was;
                o[k + at] = (u64)seen;
                o[k + at + 1] = (u64)(seen >> 64);
                taken += (u64)(__builtin_popcountll(o[k + at]) + __builtin_popcountll(o[k + at + 1]));
            }
        }
    return taken;
}

#ifdef __AVX512VPOPCNTDQ__

/* For one thread: a line that holds something is stored over. */
PEER harvest_alone_lines(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out;
    __m512i taken = _mm512_setzero_si512();
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 8) {
            __m512i v = _mm512_loadu_si512(w + i + k);
            _mm512_storeu_si512(o + k, v);
            if (_mm512_test_epi64_mask(v, v)) {
                _mm512_storeu_si512(w + i + k, _mm512_setzero_si512());
                taken = _mm512_add_epi64(taken, _mm512_popcnt_epi64(v));
            }
        }
    return (u64)_mm512_reduce_add_epi64(taken);
}

/* The same by a masked store: no branch, and words that hold nothing are not written. */
PEER harvest_alone_masked(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out;
    __m512i taken = _mm512_setzero_si512();
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 8) {
            __m512i v = _mm512_loadu_si512(w + i + k);
            _mm512_storeu_si512(o + k, v);
            _mm512_mask_storeu_epi64(w + i + k, _mm512_test_epi64_mask(v, v), _mm512_setzero_si512());
            taken = _mm512_add_epi64(taken, _mm512_popcnt_epi64(v));
        }
    return (u64)_mm512_reduce_add_epi64(taken);
}

/* The same over every line. */
PEER harvest_alone_always(void *data, u64 n, void *out, u64 chunk, u64 b)
{
    (void)b;
    u64 *w = data, *o = out;
    __m512i taken = _mm512_setzero_si512();
    for (u64 i = 0; i < n; i += chunk)
        for (u64 k = 0; k < chunk; k += 8) {
            __m512i v = _mm512_loadu_si512(w + i + k);
            _mm512_storeu_si512(o + k, v);
            _mm512_storeu_si512(w + i + k, _mm512_setzero_si512());
            taken = _mm512_add_epi64(taken, _mm512_popcnt_epi64(v));
        }
    return (u64)_mm512_reduce_add_epi64(taken);
}

PEER count_vectors(void *data, u64 n, void *out, u64 a, u64 b)
{
    (void)out, (void)a, (void)b;
    const u64 *w = data;
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    for (u64 i = 0; i < n; i += 16) {
        s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(_mm512_loadu_si512(w + i)));
        s1 = _mm512_add_epi64(s1, _mm512_popcnt_epi64(_mm512_loadu_si512(w + i + 8)));
    }
    return (u64)_mm512_reduce_add_epi64(_mm512_add_epi64(s0, s1));
}

PEER count_both_vectors(void *data, u64 n, void *out, u64 a, u64 b)
{
    (void)a, (void)b;
    const u64 *w = data, *m = out;
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    for (u64 i = 0; i < n; i += 16) {
        s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(_mm512_and_si512(_mm512_loadu_si512(w + i), _mm512_loadu_si512(m + i))));
        s1 = _mm512_add_epi64(s1, _mm512_popcnt_epi64(_mm512_and_si512(_mm512_loadu_si512(w + i + 8), _mm512_loadu_si512(m + i + 8))));
    }
    return (u64)_mm512_reduce_add_epi64(_mm512_add_epi64(s0, s1));
}

#endif

/* Indices by compressing 16 numbers at a time in a register. `out` holds the slots of one chunk and 16 more. */
PEER extract_compress(void *data, u64 n, void *out, u64 chunk, u64 first)
{
    const uint16_t *halves = data;
    u64 found = 0, last = 0;
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (u64 i = 0; i < n; i += chunk) {
        uint32_t *o = out;
        for (u64 k = i * 4; k < (i + chunk) * 4; k++) {
            __mmask16 bits = halves[k];
            __m512i slots = _mm512_add_epi32(_mm512_set1_epi32((int)(first + k * 16)), lane);
            _mm512_storeu_si512(o, _mm512_maskz_compress_epi32(bits, slots));
            o += __builtin_popcount(bits);
        }
        found += (u64)(o - (uint32_t *)out);
        last += o == (uint32_t *)out ? 0 : o[-1];
    }
    return found + (last << 32);
}

#endif

PEER count_words(void *data, u64 n, void *out, u64 a, u64 b)
{
    (void)out, (void)a, (void)b;
    const u64 *w = data;
    u64 s = 0;
    for (u64 i = 0; i < n; i++)
        s += (u64)__builtin_popcountll(w[i]);
    return s;
}

/* Indices bit by bit. */
PEER extract_bits(void *data, u64 n, void *out, u64 chunk, u64 first)
{
    const u64 *w = data;
    u64 found = 0, last = 0;
    for (u64 i = 0; i < n; i += chunk) {
        uint32_t *o = out;
        for (u64 k = i; k < i + chunk; k++)
            for (u64 word = w[k]; word; word &= word - 1)
                *o++ = (uint32_t)(first + k * 64) + (uint32_t)__builtin_ctzll(word);
        found += (u64)(o - (uint32_t *)out);
        last += o == (uint32_t *)out ? 0 : o[-1];
    }
    return found + (last << 32);
}

#ifdef __BMI__

/* Indices with a fixed number of steps per word, a = 4 or 12, and a loop for the rest. */
static inline u64 extract_flat(const u64 *w, u64 n, uint32_t *out, u64 chunk, u64 first, unsigned steps)
{
    u64 found = 0, last = 0;
    for (u64 i = 0; i < n; i += chunk) {
        uint32_t *o = out;
        for (u64 k = i; k < i + chunk; k++) {
            u64 word = w[k];
            uint32_t slot = (uint32_t)(first + k * 64);
            unsigned bits = (unsigned)__builtin_popcountll(word);
            for (unsigned s = 0; s < steps; s++) {
                o[s] = slot + (uint32_t)_tzcnt_u64(word);
                word &= word - 1;
            }
            if (__builtin_expect(bits > steps, 0))
                for (uint32_t *rest = o + steps; word; word &= word - 1)
                    *rest++ = slot + (uint32_t)_tzcnt_u64(word);
            o += bits;
        }
        found += (u64)(o - out);
        last += o == out ? 0 : o[-1];
    }
    return found + (last << 32);
}

PEER extract_flat4(void *data, u64 n, void *out, u64 chunk, u64 first)
{
    return extract_flat(data, n, out, chunk, first, 4);
}

PEER extract_flat12(void *data, u64 n, void *out, u64 chunk, u64 first)
{
    return extract_flat(data, n, out, chunk, first, 12);
}

#endif

/* Peers of Filters/SplitBlockBloomFilter: the same hash, block and bits, so that filters can be compared bit for bit.
 *
 * data: keys; n: their number, a multiple of 64; out: the filter; a: its blocks; b: where a query writes its answers, one
 * bit for each key. A query returns how many keys pass, an insert 0. */
#include "peer.h"

#ifdef __AVX2__

static inline u64 hash_of(u64 key)
{
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9;
    key = (key ^ key >> 27) * 0x94d049bb133111eb;
    return key ^ key >> 31;
}

static inline u64 *block_of(u64 *filter, u64 blocks, u64 hash)
{
    return filter + 4 * ((hash >> 32) * blocks >> 32);
}

static inline __m256i bits_of(u64 hash)
{
    const __m256i salts = _mm256_setr_epi32(0x47b6137b, 0x44974d91, (int)0x8824ad5b, (int)0xa2b7289d,
                                            0x705495c7, 0x2df1424b, (int)0x9efc4947, 0x5c6bfb31);
    __m256i product = _mm256_mullo_epi32(_mm256_set1_epi32((int)hash), salts);
    return _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_srli_epi32(product, 27));
}

static inline u64 contains(const u64 *block, u64 hash)
{
    return (u64)_mm256_testc_si256(_mm256_loadu_si256((const __m256i *)block), bits_of(hash));
}

static inline void add(u64 *block, u64 hash)
{
    __m256i *b = (__m256i *)block;
    _mm256_storeu_si256(b, _mm256_or_si256(_mm256_loadu_si256(b), bits_of(hash)));
}

PEER split_block_query(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    const u64 *keys = data;
    u64 *results = (u64 *)answers, passed = 0;
    for (u64 i = 0; i < n; i += 64) {
        u64 bits = 0;
        for (u64 k = 0; k < 64; k++) {
            u64 hash = hash_of(keys[i + k]);
            bits |= contains(block_of(out, blocks, hash), hash) << k;
        }
        results[i / 64] = bits;
        passed += (u64)__builtin_popcountll(bits);
    }
    return passed;
}

PEER split_block_query_batch(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    const u64 *keys = data;
    u64 *results = (u64 *)answers, passed = 0, *block[32];
    uint32_t hashes[32];
    for (u64 i = 0; i < n; i += 64) {
        u64 bits = 0;
        for (u64 half = 0; half < 64; half += 32) {
            for (u64 k = 0; k < 32; k++) {
                u64 hash = hash_of(keys[i + half + k]);
                hashes[k] = (uint32_t)hash;
                block[k] = block_of(out, blocks, hash);
                _mm_prefetch((const char *)block[k], _MM_HINT_T0);
            }
            for (u64 k = 0; k < 32; k++)
                bits |= contains(block[k], hashes[k]) << (half + k);
        }
        results[i / 64] = bits;
        passed += (u64)__builtin_popcountll(bits);
    }
    return passed;
}

/* As above, one batch ahead: the lines of a batch are asked for before the one in hand is looked at. */
PEER split_block_query_ahead(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    const u64 *keys = data;
    u64 *results = (u64 *)answers, passed = 0, *block[64];
    uint32_t hashes[64];
    for (u64 k = 0; k < 32; k++) {
        u64 hash = hash_of(keys[k]);
        hashes[k] = (uint32_t)hash;
        block[k] = block_of(out, blocks, hash);
        _mm_prefetch((const char *)block[k], _MM_HINT_T0);
    }
    for (u64 i = 0; i < n; i += 64) {
        u64 bits = 0;
        for (u64 k = 0; k < 64; k++) {
            u64 next = i + k + 32 < n ? i + k + 32 : n - 1;
            u64 hash = hash_of(keys[next]);
            u64 at = (k + 32) & 63;
            bits |= contains(block[k], hashes[k]) << k;
            hashes[at] = (uint32_t)hash;
            block[at] = block_of(out, blocks, hash);
            _mm_prefetch((const char *)block[at], _MM_HINT_T0);
        }
        results[i / 64] = bits;
        passed += (u64)__builtin_popcountll(bits);
    }
    return passed;
}

PEER split_block_insert(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    (void)answers;
    const u64 *keys = data;
    for (u64 i = 0; i < n; i++) {
        u64 hash = hash_of(keys[i]);
        add(block_of(out, blocks, hash), hash);
    }
    return 0;
}

PEER split_block_insert_batch(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    (void)answers;
    const u64 *keys = data;
    u64 *block[32];
    uint32_t hashes[32];
    for (u64 i = 0; i < n; i += 32) {
        for (u64 k = 0; k < 32; k++) {
            u64 hash = hash_of(keys[i + k]);
            hashes[k] = (uint32_t)hash;
            block[k] = block_of(out, blocks, hash);
            _mm_prefetch((const char *)block[k], _MM_HINT_T0);
        }
        for (u64 k = 0; k < 32; k++)
            add(block[k], hashes[k]);
    }
    return 0;
}

PEER split_block_insert_ahead(void *data, u64 n, void *out, u64 blocks, u64 answers)
{
    (void)answers;
    const u64 *keys = data;
    u64 *block[64];
    uint32_t hashes[64];
    for (u64 i = 0; i < n + 32; i++) {
        u64 at = i & 63;
        if (i < n) {
            u64 hash = hash_of(keys[i]);
            hashes[at] = (uint32_t)hash;
            block[at] = block_of(out, blocks, hash);
            _mm_prefetch((const char *)block[at], _MM_HINT_T0);
        }
        if (i >= 32)
            add(block[(i - 32) & 63], hashes[(i - 32) & 63]);
    }
    return 0;
}

#endif

/* Shared by the peers: what each C kernel of the side-by-side program looks like.
 *
 * One signature for all of them, so that the program needs one kind of pointer:
 *     uint64_t f(void *data, uint64_t n, void *out, uint64_t a, uint64_t b)
 * A kernel returns a number that depends on all of its work; it is compared with ours in every round. */
#ifndef PEER_H
#define PEER_H

#include <immintrin.h>
#include <stdint.h>

typedef uint64_t u64;

#define PEER __attribute__((visibility("default"))) u64

#endif

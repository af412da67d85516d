/*
 * First in, first out, in C: the smallest policy there is.
 *
 *     gcc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -shared -fPIC examples/policies/fifo.c -o cfifo.so -Isrc/Bindings/include
 *     reclaim compare --trace scenarios/traces/sqlite-orders.u32.gz --memory 25% --policy fifo,./cfifo.so
 *
 * Every operation of the table is left NULL and so does what reclaim_policy.h says of it.  Together that is: new pages go
 * to the head of list 0, and whoever needs room takes from its tail.  Both rows of the table above are equal to the last
 * miss.  To write a policy of your own, copy this file and fill in one operation after the other.
 */
#include "reclaim_policy.h"

static const reclaim_policy_t fifo = {
    .struct_size = sizeof(reclaim_policy_t),
    .abi = RECLAIM_POLICY_ABI,
    .name = "cfifo", /* a-z and 0-9; two policies of one name can't be in one table */
    .summary = "evicts in the order of arrival, in C",
    .flags = RECLAIM_IGNORES_REFERENCES, /* what is at the tail goes, whether its accessed bit is set or not */
};

/* The one symbol that a policy's library exports. */
const reclaim_policy_t *reclaim_policy(void)
{
    return &fifo;
}

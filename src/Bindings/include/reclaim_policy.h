/*
 * reclaim_policy.h - page-reclaim policies written in C.
 *
 * A policy decides which pages of a lruvec (the pages of one memory cgroup on one node) go and which stay.  It is a
 * table of functions that the engine calls.  Only the name is required: an operation that is left NULL does what its
 * comment here says, and a table with nothing but a name is a policy that works: first in, first out.
 *
 *     #include "reclaim_policy.h"
 *
 *     static const reclaim_policy_t policy = {
 *         .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "mine",
 *     };
 *
 *     const reclaim_policy_t *reclaim_policy(void) { return &policy; }
 *
 *     gcc -std=c99 -O2 -shared -fPIC mine.c -o mine.so -Isrc/Bindings/include
 *     reclaim compare --trace some.trace --memory 10% --policy ./mine.so,classic,mglru
 *
 * The library exports that one function and links with nothing.  A program that has its policies inside gives their
 * tables to reclaim_engine_create instead (reclaim_engine_options_t.tables).
 * docs/writing-a-policy.md starts from an empty file; examples/policies/s3fifo.c is a real one.
 *
 * Order of this file: rules, constants, what a policy is given, the table of operations, helpers.
 *
 *
 * RULES
 *
 * Lists.      The engine owns the lists: every resident page that is not isolated is on exactly one list of its lruvec,
 *             and policies change that through helpers only.  A list runs from its head, where pages come in, to its
 *             tail, the cold end.  State, words, history and orders are the policy's own; the engine does not read them.
 * Proposals.  The policy proposes and the engine disposes.  A page that may not go is kept whatever the policy says; a
 *             page that is not this lruvec's, not on a list, or no page at all is refused.  Every such refusal, and every
 *             answer out of range, counts as policy_overrides.
 * Ejection.   Refusals are strikes; calls that use up their fuel weigh more, and keeping every page while memory is short most.  A
 *             policy that has too many is ejected where the engine names a fallback: its pages go there, and nothing is
 *             called any more.  With no fuel left, helpers change nothing.
 * Not done.   An operation allocates nothing, takes no lock, does not block, does no input or output, calls nothing of
 *             reclaim.h, and leaves neither by longjmp nor by a C++ exception.  Pointers that it is given are good until it
 *             returns, except that of the lruvec, which is good until the lruvec goes offline.
 * Bounds.     Functions of this file check folios, pages, lists and orders, except reclaim_words and reclaim_history,
 *             which are bare array accesses.  What else a policy writes through a pointer is not checked: it is code in the
 *             same process.
 * Threads.    The operations of one lruvec never run at once, unless the policy sets RECLAIM_CONCURRENT.  Then those under
 *             the token (marked so below) still run one at a time for each lruvec, and notices and verdicts side by side:
 *             what they share has to be changed by atomic operations.
 * Cost.       A call between the engine and C costs about 8 ns in each direction, so helpers come in forms for many folios
 *             (.._many), and what is read often (words, history, state, counts, flags, orders) is read in place.
 * Sizes.      struct_size says how large the table was when the policy was compiled.  Fields are appended in later versions
 *             and never moved: a table that is larger than the engine's is accepted if what the engine does not know is zero,
 *             a smaller one counts as zero from there on, and zero means the default.
 */
#ifndef RECLAIM_POLICY_H
#define RECLAIM_POLICY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Constants -------------------------------------------------------------------------------------------------- */

/* Goes into reclaim_policy_t.abi. */
#define RECLAIM_POLICY_ABI 1u

/* No folio, no page: the end of a list or an order. */
#define RECLAIM_NONE 0xffffffffu

/* flags: how the engine treats the policy's pages.  Without any, the policy lives on accessed bits, like a kernel's. */
#define RECLAIM_SEES_ACCESSES 1u      /* every hit is handed to on_accesses, in order, in batches, before the next decision */
#define RECLAIM_CLEAR_ON_PLACE 2u     /* the access that brings a page in does not set its accessed bit */
#define RECLAIM_IGNORES_REFERENCES 4u /* no verdicts: what is isolated goes, if it may */
#define RECLAIM_CONCURRENT 8u         /* may run on several threads at once; not with history_words or orders */
#define RECLAIM_ORDER_FREE 16u        /* needs no order inside a list: list 2 * generation + type, 4 generations at most */
#define RECLAIM_MEMCG_LRU 32u         /* reports cgroups that have had their turn (budget->done) */
#define RECLAIM_SEES_ARRIVALS 64u     /* arrive is called */

/* sight: what the policy is told of accesses.  Results are ranked only beside policies that are told the same. */
#define RECLAIM_SIGHT_BITS 0u     /* accessed bits */
#define RECLAIM_SIGHT_ACCESSES 1u /* every access; has to be said with RECLAIM_SEES_ACCESSES, and only then */

/* mechanisms: mechanisms of the engine that the policy uses.  `--policy ./mine.so-walk` switches one off, as for any other. */
#define RECLAIM_USES_WALK 1u        /* reclaim_walk_page_tables */
#define RECLAIM_USES_BLOOM 2u       /* walks pass by tables where the last one found little */
#define RECLAIM_USES_LOOKAROUND 4u  /* neighbours of a page found young at its verdict are looked at, and given to on_young */
#define RECLAIM_USES_REFAULT 8u     /* make_shadow and on_refault are called */

/* A folio's flags.  A policy may change ACTIVE, REFERENCED, WORKINGSET, YOUNG, and the two fields; others it reads. */
#define RECLAIM_FOLIO_LRU 0x0001u         /* on a list */
#define RECLAIM_FOLIO_ISOLATED 0x0002u    /* on none, for the moment */
#define RECLAIM_FOLIO_SWAPBACKED 0x0004u  /* anonymous; clear: of a file */
#define RECLAIM_FOLIO_ACTIVE 0x0008u      /* the verdict was RECLAIM_VERDICT_ACTIVATE, or the policy's own use */
#define RECLAIM_FOLIO_REFERENCED 0x0010u  /* the policy's own use: one access remembered */
#define RECLAIM_FOLIO_WORKINGSET 0x0020u  /* kept in the shadow, and handed back with it */
#define RECLAIM_FOLIO_DIRTY 0x0040u       /* a file page to be written */
#define RECLAIM_FOLIO_WRITEBACK 0x0080u   /* being written */
#define RECLAIM_FOLIO_RECLAIM 0x0100u     /* goes as soon as it is written */
#define RECLAIM_FOLIO_PINNED 0x0200u      /* its owner keeps it: it will survive */
#define RECLAIM_FOLIO_YOUNG 0x0400u       /* an accessed bit that a walk or a descriptor access has saved: one reference */
#define RECLAIM_FOLIO_GENERATION 0x3800u  /* a field of 3 bits */
#define RECLAIM_FOLIO_REFS 0xc000u        /* a field of 2 bits */

#define RECLAIM_TYPE_ANON 0u
#define RECLAIM_TYPE_FILE 1u

/* ---- What a policy is given ------------------------------------------------------------------------------------- */

typedef struct reclaim_lruvec reclaim_lruvec_t;
typedef struct reclaim_batch reclaim_batch_t;

/* Of these, read `count` through reclaim_list_count and reclaim_order_count. */
typedef struct reclaim_list {
    uint32_t reserved[2];
    int64_t count;
} reclaim_list_t;

typedef struct reclaim_order {
    uint32_t head;
    uint32_t tail;
    int64_t count;
} reclaim_order_t;

typedef struct reclaim_order_link {
    uint32_t toward_head;
    uint32_t toward_tail;
    uint32_t order;
} reclaim_order_link_t;

/* What is remembered of an evicted page: what make_shadow returned, and whose page it was. */
typedef struct reclaim_shadow {
    uint32_t stamp;      /* modulo lru->stamp_mask + 1 */
    uint32_t memcg;      /* lru->memcg of the lruvec that it was evicted from */
    uint32_t node;       /* lru->node of it */
    uint32_t workingset; /* 1: it had RECLAIM_FOLIO_WORKINGSET */
} reclaim_shadow_t;

/* What the mappings of a folio said, and have forgotten now: their accessed bits are clear. */
typedef struct reclaim_references {
    uint32_t mappings;   /* mappings through which it was accessed since they were last asked */
    uint32_t executable; /* 1: one of those is executable */
    uint32_t is_mapped;  /* 1: there is a mapping, accessed or not */
    uint32_t reserved;
} reclaim_references_t;

/* One reclaim.  Read all, change `priority` (downwards) and `marks`. */
typedef struct reclaim_scan {
    int64_t nr_to_reclaim; /* pages wanted */
    int64_t nr_reclaimed;  /* pages freed so far */
    int64_t nr_scanned;    /* pages examined so far */
    int32_t priority;      /* 12 down to 0: a kernel scans 1 / 2^priority of a list in a pass */
    int32_t swappiness;    /* 0 to 200, 201 for anonymous pages alone, -1: each cgroup's own (reclaim_swappiness) */
    uint32_t reclaimer;    /* RECLAIM_BY_... */
    uint32_t flags;        /* RECLAIM_SCAN_... */
    uint32_t marks;        /* RECLAIM_MARK_... */
    uint32_t reserved;
} reclaim_scan_t;

#define RECLAIM_BY_DIRECT 0u    /* a task at its limit or for want of free memory */
#define RECLAIM_BY_KSWAPD 1u    /* the node's background reclaimer */
#define RECLAIM_BY_PROACTIVE 2u /* a request from outside */

#define RECLAIM_SCAN_MAY_SWAP 1u      /* anonymous pages may go */
#define RECLAIM_SCAN_BACKGROUND 2u    /* kswapd's visit before its pass: age, take nothing */
#define RECLAIM_SCAN_NO_CACHE_TRIM 4u /* trimming the page cache has freed nothing: don't */
#define RECLAIM_SCAN_ROOT 8u          /* for the whole machine */
#define RECLAIM_SCAN_CGROUP 16u       /* for a cgroup; both for the root cgroup */

#define RECLAIM_MARK_CACHE_TRIM 1u         /* this pass takes file pages alone; set in prepare */
#define RECLAIM_MARK_FORCE_DEACTIVATE 2u   /* age whatever the sizes say */
#define RECLAIM_MARK_SKIPPED_DEACTIVATE 4u /* something was not aged that could have been */
#define RECLAIM_MARK_IGNORE_LOW 8u         /* memory.low does not count any more */
#define RECLAIM_MARK_LOW_SKIPPED 16u       /* something was left because of memory.low */

/* One visit to a lruvec.  `state` is the policy's, zero at the start; `done` it may set; the rest the engine counts. */
typedef struct reclaim_budget {
    void *state;        /* RECLAIM_BUDGET_BYTES bytes, aligned to 8 */
    int64_t reclaimed;  /* pages freed in this visit */
    int64_t examined;   /* pages examined in it */
    int64_t fruitless;  /* pages examined since one was freed; beyond a few rounds of the lists the engine ends the visit */
    uint32_t done;      /* 1: the cgroup has had its turn in this round */
    uint32_t reserved;
} reclaim_budget_t;

#define RECLAIM_BUDGET_BYTES 128
#define RECLAIM_PASS_BYTES 120
#define RECLAIM_BATCH_MAX 64

/* Folios isolated together.  In isolate it starts empty, and helpers put folios in; in after it says what became of them. */
struct reclaim_batch {
    const uint32_t *folios; /* [0, count); in after, [0, survivors) are those that stayed */
    uint32_t count;
    uint32_t survivors;
    uint32_t disposition; /* RECLAIM_FOR_...; isolate may set it */
    uint32_t type;        /* RECLAIM_TYPE_...; isolate may set it, for its own use in after */
    int64_t examined;     /* pages looked at, taken or not: helpers count it, isolate may add.  0 ends the visit */
    int64_t scanned;      /* pages taken or passed over */
    int64_t reclaimed;    /* pages that left */
    int64_t demoted;      /* how many of them to a lower tier */
    int64_t written;      /* pages written for it */
    void *core;           /* the engine's */
};

#define RECLAIM_FOR_EVICTION 0u
#define RECLAIM_FOR_AGING 1u /* verdict RECLAIM_VERDICT_KEEP for what stays active; anything else deactivates */

/* Pages of a lruvec in the kernel's four classes. */
typedef struct reclaim_sizes {
    int64_t inactive_anon;
    int64_t active_anon;
    int64_t inactive_file;
    int64_t active_file;
} reclaim_sizes_t;

/* What a walk saw. */
typedef struct reclaim_walked {
    int64_t entries;      /* page-table entries looked at */
    int64_t young;        /* accessed bits found set, and cleared */
    int64_t tables_found; /* leaf tables scanned */
    int64_t tables_added; /* leaf tables worth another look */
} reclaim_walked_t;

#define RECLAIM_WALK_FORCE 1u     /* entries of tables that were not accessed at all too */
#define RECLAIM_WALK_NO_FILTER 2u /* without the Bloom filter */
#define RECLAIM_WALK_SKIP_ANON 4u
#define RECLAIM_WALK_SKIP_FILE 8u

/* Events that a policy counts, under the kernel's names. */
#define RECLAIM_COUNT_ACTIVATE 0u         /* pgactivate */
#define RECLAIM_COUNT_DEACTIVATE 1u       /* pgdeactivate */
#define RECLAIM_COUNT_ACTIVATE_REFAULT 2u /* workingset_activate, of the type in `type` */
#define RECLAIM_COUNT_RESTORE 3u          /* workingset_restore, of the type */

/* The functions behind the helpers at the end of this file, where each is documented. */
typedef struct reclaim_helpers {
    uint32_t struct_size;
    uint32_t reserved;
    uint32_t (*list_tail)(const reclaim_lruvec_t *lru, uint32_t list);
    uint32_t (*list_head)(const reclaim_lruvec_t *lru, uint32_t list);
    uint32_t (*toward_head)(const reclaim_lruvec_t *lru, uint32_t folio);
    uint32_t (*toward_tail)(const reclaim_lruvec_t *lru, uint32_t folio);
    uint32_t (*list_of)(const reclaim_lruvec_t *lru, uint32_t folio);
    uint32_t (*move)(const reclaim_lruvec_t *lru, uint32_t list, const uint32_t *folios, uint32_t count, uint32_t to_tail);
    uint32_t (*isolate)(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, const uint32_t *folios, uint32_t count);
    uint32_t (*isolate_tail)(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t list, uint32_t count);
    void (*pass_over)(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, const uint32_t *folios, uint32_t count);
    uint32_t (*recycle)(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t from, uint32_t folio, uint32_t to);
    uint32_t (*flags)(const reclaim_lruvec_t *lru, uint32_t folio);
    void (*change_flags)(const reclaim_lruvec_t *lru, uint32_t folio, uint32_t clear, uint32_t set);
    int32_t (*try_change_flags)(const reclaim_lruvec_t *lru, uint32_t folio, uint32_t expected, uint32_t clear, uint32_t set);
    uint32_t (*test_and_clear_young)(const reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count, uint64_t *young);
    void (*pages_of)(const reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count, uint32_t *pages);
    uint32_t (*frame_of)(const reclaim_lruvec_t *lru, uint32_t page);
    int32_t (*order_add)(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page, uint32_t neighbour, uint32_t at_tail);
    int32_t (*order_push)(const reclaim_lruvec_t *lru, uint32_t order, uint32_t folio, int64_t limit);
    int32_t (*order_remove)(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page);
    int64_t (*capacity)(const reclaim_lruvec_t *lru);
    int64_t (*now_ms)(const reclaim_lruvec_t *lru);
    int32_t (*swappiness)(const reclaim_lruvec_t *lru);
    int32_t (*can_reclaim_anon)(const reclaim_lruvec_t *lru, int64_t pages);
    uint64_t (*nonresident_age)(const reclaim_lruvec_t *lru, uint32_t advance);
    void (*count)(const reclaim_lruvec_t *lru, uint32_t event, uint32_t type, int64_t amount);
    void (*count_refault)(const reclaim_lruvec_t *lru, uint32_t folio);
    reclaim_lruvec_t *(*lruvec_of)(const reclaim_lruvec_t *lru, const reclaim_shadow_t *shadow);
    void (*walk)(const reclaim_lruvec_t *lru, uint32_t options, reclaim_walked_t *walked);
} reclaim_helpers_t;

/* A lruvec: what the operations get.  One for each cgroup on each node that the policy is bound to. */
struct reclaim_lruvec {
    const reclaim_helpers_t *helpers;
    void *state;                             /* the policy's state_bytes bytes, aligned to 64; zero when it comes online */
    uint32_t *words;                         /* reclaim_words */
    uint32_t *history;                       /* reclaim_history */
    const uint16_t *flags;                   /* reclaim_flags; NULL where flags are kept otherwise */
    const reclaim_list_t *lists;             /* reclaim_list_count */
    const reclaim_order_t *orders;           /* reclaim_order_count, _head, _tail */
    const reclaim_order_link_t *order_links; /* reclaim_order_contains, _toward_head, _toward_tail */
    const int64_t *resident;                 /* pages on its lists, anonymous and file */
    uint32_t words_stride;                   /* words from one frame to the next */
    uint32_t history_stride;                 /* words from one page to the next */
    uint32_t frame_count;                    /* folios are numbered [0, frame_count), over the whole machine */
    uint32_t page_count;                     /* pages are numbered [0, page_count), over the whole machine */
    uint32_t first_order;                    /* number of order 0 in order_links */
    uint32_t list_count;                     /* the policy's own `lists` */
    uint32_t order_count;                    /* the policy's own `orders` */
    uint32_t mechanisms;                     /* RECLAIM_USES_... that are on */
    uint32_t stamp_mask;                     /* the bits that a shadow's stamp has room for, from bit 0 */
    uint32_t stamp_order;                    /* log2 of the pages that a tick of a page-counting stamp stands for */
    uint32_t memcg;                          /* the cgroup's number, the root's is 0 */
    uint32_t node;                           /* the node's number */
    void *core;                              /* the engine's */
};

/* ---- The table of operations ------------------------------------------------------------------------------------ */

/* hint of place */
#define RECLAIM_HINT_HEAD 0u /* by its flags, at the recent end */
#define RECLAIM_HINT_TAIL 1u /* at the cold end: it was written because reclaim wants it */

/* In place's answer: at the tail of the list. */
#define RECLAIM_AT_TAIL 0x80000000u

/* reason of remove */
#define RECLAIM_REMOVED_EVICTED 0u  /* reclaim took it; it was isolated */
#define RECLAIM_REMOVED_FREED 1u    /* its owner freed it; it is still on its list, and the engine takes it off afterwards */
#define RECLAIM_REMOVED_MIGRATED 2u /* to another node, with flags and words; it was isolated, and is placed there next */
#define RECLAIM_REMOVED_REBOUND 3u  /* stays, but another policy takes it over; it is still on its list */
#define RECLAIM_REMOVED_ADVISED 4u  /* its owner says that it is cold; it is still on its list, and is evicted or placed at the cold end next */

/* event of on_event */
#define RECLAIM_EVENT_FAULT 0u      /* comes in through a mapping with recency; not placed yet */
#define RECLAIM_EVENT_READ 1u       /* comes in through a read; not placed yet */
#define RECLAIM_EVENT_DESCRIPTOR 2u /* was read or written through a descriptor */

/* source of on_young */
#define RECLAIM_YOUNG_WALK 0u
#define RECLAIM_YOUNG_LOOKAROUND 1u

/* Answers of verdict. */
#define RECLAIM_VERDICT_EVICT 0u       /* evict, writing first if need be */
#define RECLAIM_VERDICT_EVICT_CLEAN 1u /* evict if that takes no write to swap, else keep */
#define RECLAIM_VERDICT_KEEP 2u        /* keep: it is placed again */
#define RECLAIM_VERDICT_ACTIVATE 3u    /* keep, and set RECLAIM_FOLIO_ACTIVE before it is placed */

/* outcome of visited */
#define RECLAIM_VISIT_PARTIAL 0u
#define RECLAIM_VISIT_DONE 1u /* budget->done was set */

/* "Token" after an operation: under the lruvec's token, one at a time.  "Page": with the page's lock held. */
typedef struct reclaim_policy {
    uint32_t struct_size; /* sizeof(reclaim_policy_t) */
    uint32_t abi;         /* RECLAIM_POLICY_ABI */
    const char *name;     /* what results call it: 1 to 32 of a-z and 0-9, and no other policy's of the same engine */
    const char *summary;  /* one line, or NULL */
    uint32_t flags;       /* RECLAIM_SEES_ACCESSES ... */
    uint32_t sight;       /* RECLAIM_SIGHT_... */
    uint32_t mechanisms;  /* RECLAIM_USES_... */
    uint32_t lists;       /* lists of a lruvec, 1 to 64; 0 for 1 */
    uint32_t least_reclaim;  /* a reclaim asks for no fewer pages: a kernel's 32, 1 for exact policies; 0 for 1 */
    uint32_t state_bytes;    /* of each lruvec, at most 65536 */
    uint32_t words_per_page; /* 32-bit words of each frame, at most 16: memory for every frame */
    uint32_t history_words;  /* 32-bit words of each page, resident or not, at most 16 */
    uint32_t orders;         /* orders of each lruvec, at most 8: 12 bytes for each page that has been on one */
    uint32_t reserved;       /* 0 */
    uint64_t fuel; /* calls of helpers, counted by the folio, that one operation may make: at least 1024; 0 for 65536 */

    /* -- life cycle -- */

    /* The lruvec was bound: state is zero, lists are empty.  Called once for each, before anything else.  Empty: nothing. */
    void (*lruvec_online)(reclaim_lruvec_t *lru);

    /* Another policy takes the lruvec over.  State and words are as they were, and zero afterwards; the pages have left the
     * lists.  Not called when the policy is ejected, nor when the engine ends.  Empty: nothing. */
    void (*lruvec_offline)(reclaim_lruvec_t *lru);

    /* Another policy is about to take the lruvec over, in the order of its pages: names its lists, each once, from the coldest
     * to the hottest, in `lists`, which has room for all `count` of them.  Returns how many; the rest follow by number.
     * Empty: by number. */
    uint32_t (*coldest_first)(reclaim_lruvec_t *lru, uint32_t *lists, uint32_t count);

    /* -- notices: no answer -- */

    /* Where a folio goes that is on no list: a new one, or one that survived isolation.  Returns the list, with
     * RECLAIM_AT_TAIL for its tail.  Out of range: list 0.  Page, for a new one.  Empty: list 0, by the hint. */
    uint32_t (*place)(reclaim_lruvec_t *lru, uint32_t folio, uint32_t hint);

    /* A folio leaves for good.  Not called for isolation.  Evicted and migrated: with its page's lock held.  Empty: nothing. */
    void (*remove)(reclaim_lruvec_t *lru, uint32_t folio, uint32_t reason);

    /* With RECLAIM_SEES_ARRIVALS: a page is about to come in, and room has not been made for it yet.  `returns` is 1 if it was
     * evicted under this policy before, if only in an earlier binding.  Without memory no placement follows.  Empty: nothing. */
    void (*arrive)(reclaim_lruvec_t *lru, uint32_t page, uint32_t returns);

    /* A page on one of the lruvec's orders is gone for good: its owner discarded it.  The engine takes it off the order and
     * zeroes its history afterwards.  Not called for pages on no order.  Empty: nothing. */
    void (*forget)(reclaim_lruvec_t *lru, uint32_t page);

    /* Something happened to a folio.  Page.  Empty: a descriptor access sets RECLAIM_FOLIO_YOUNG, one reference. */
    void (*on_event)(reclaim_lruvec_t *lru, uint32_t folio, uint32_t event);

    /* With RECLAIM_SEES_ACCESSES: the hits since the last call, oldest first, all on this lruvec; at least 1.  Handed over
     * before a decision about the lruvec, a removal, and the end.  Not the access that brought a page in.  Empty: nothing. */
    void (*on_accesses)(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count);

    /* A walk that the policy asked for, or a lookaround, found folios of one leaf table accessed and has cleared the bits.
     * Empty: RECLAIM_FOLIO_YOUNG is set on each, one reference. */
    void (*on_young)(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count, uint32_t source);

    /* The owner asks for aging, without evicting.  Token.  Empty: nothing. */
    void (*age)(reclaim_lruvec_t *lru, int32_t swappiness);

    /* -- a reclaim, in the order of the calls -- */

    /* A pass over a node begins, and has come to the first lruvec of this policy.  Fills `pass`, RECLAIM_PASS_BYTES bytes that are
     * zero and aligned to 8, for all visits of the pass.  `target` is the lruvec of the cgroup that memory is reclaimed from, or,
     * where that has another policy, the one whose budget is asked for next.  Under the token of the latter.  Empty: nothing. */
    void (*prepare)(reclaim_lruvec_t *target, reclaim_scan_t *scan, void *pass);

    /* Is there something to do on this lruvec?  1: isolate is called next; 0: the visit ends.  Token.
     * Empty: 1 while pages are wanted and there are some that can go; 0 in the background. */
    int32_t (*budget)(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget);

    /* Takes candidates off their lists, by reclaim_isolate_..., at most 64.  An empty batch goes on to continue_ if
     * batch->examined is not 0, else the visit ends.  Token.
     * Empty: from the tail of list 0, as many as are wanted. */
    void (*isolate)(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch);

    /* What becomes of one isolated folio: RECLAIM_VERDICT_...; out of range: KEEP.  Not called with RECLAIM_IGNORES_REFERENCES,
     * nor for pinned pages.  `disposition` is the batch's.  Page.  Empty: RECLAIM_VERDICT_EVICT. */
    uint32_t (*verdict)(reclaim_lruvec_t *lru, uint32_t folio, const reclaim_references_t *references, uint32_t disposition);

    /* The batch was worked off; its survivors are placed next.  1 asks to try those once more, now, that are clean, unmapped
     * and not active.  The batch is to be read only.  Empty: 0. */
    int32_t (*after)(reclaim_lruvec_t *lru, reclaim_scan_t *scan, reclaim_budget_t *budget, const reclaim_batch_t *batch);

    /* Go on with this lruvec?  1: isolate is called again.  Token.
     * Empty: while pages are wanted, and for no more than two rounds of all pages without one that was freed. */
    int32_t (*continue_)(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget);

    /* A visit in which isolate was called has ended: RECLAIM_VISIT_...  Empty: nothing. */
    void (*visited)(reclaim_lruvec_t *lru, reclaim_scan_t *scan, uint32_t outcome);

    /* -- evicted pages -- */

    /* The stamp to remember of a folio that is being evicted on behalf of `target`, the lruvec of the cgroup that memory is
     * reclaimed from, NULL where that has another policy.  Bits beyond lru->stamp_mask are lost.  Page.  Empty: 0. */
    uint32_t (*make_shadow)(reclaim_lruvec_t *lru, uint32_t folio, reclaim_lruvec_t *target);

    /* A folio has come back whose shadow this policy made; it is not placed yet.  `in_fault` is 1 through a mapping with
     * recency.  An operation that is not empty counts the refault itself (reclaim_count_refault).  Page.
     * Empty: counts the refault. */
    void (*on_refault)(reclaim_lruvec_t *lru, uint32_t folio, const reclaim_shadow_t *shadow, uint32_t in_fault);

    /* -- inspection -- */

    /* When the oldest pages that may go were last seen used, in milliseconds of reclaim_now_ms, for a policy that keeps ages.
     * Empty: INT64_MIN, before all time. */
    int64_t (*oldest_birth_ms)(reclaim_lruvec_t *lru, int32_t swappiness);

    /* Fills in the pages of the lruvec by class, which have to make up lru->resident for each type; otherwise, everything is
     * inactive.  Empty: everything is inactive. */
    void (*sizes)(reclaim_lruvec_t *lru, reclaim_sizes_t *sizes);

    /* Validation, at a quiet point: 0 when the policy's own state of the lruvec is right; else 1, and what is wrong in one
     * sentence, zero-terminated, in `text`, which holds `capacity` bytes.  May be slow.  Empty: 0. */
    int32_t (*check)(reclaim_lruvec_t *lru, char *text, uint32_t capacity);

    /* For people who look into a lruvec: writes what the policy has to say of it into `text`, zero-terminated.
     * Empty: nothing. */
    void (*dump)(reclaim_lruvec_t *lru, char *text, uint32_t capacity);
} reclaim_policy_t;

/* What a policy's library exports.  The table lives as long as the library; it is read once. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const reclaim_policy_t *reclaim_policy(void);

/* ---- Helpers: folios and lists ---------------------------------------------------------------------------------- */

/* Word 0 of the words_per_page words that the policy keeps for a frame, `folio` below lru->frame_count.  They keep their
 * values when another page gets the frame: reset them in place.  Not checked. */
static inline uint32_t *reclaim_words(const reclaim_lruvec_t *lru, uint32_t folio)
{
    return lru->words + (uint64_t)folio * lru->words_stride;
}

/* Folios of a list; 0 for one that there is not. */
static inline int64_t reclaim_list_count(const reclaim_lruvec_t *lru, uint32_t list)
{
    return list < lru->list_count ? lru->lists[list].count : 0;
}

/* The coldest folio of a list, the most recent one, or RECLAIM_NONE. */
static inline uint32_t reclaim_list_tail(const reclaim_lruvec_t *lru, uint32_t list)
{
    return lru->helpers->list_tail(lru, list);
}

static inline uint32_t reclaim_list_head(const reclaim_lruvec_t *lru, uint32_t list)
{
    return lru->helpers->list_head(lru, list);
}

/* The neighbour of a folio on its list, on the side of the head or of the tail, or RECLAIM_NONE. */
static inline uint32_t reclaim_toward_head(const reclaim_lruvec_t *lru, uint32_t folio)
{
    return lru->helpers->toward_head(lru, folio);
}

static inline uint32_t reclaim_toward_tail(const reclaim_lruvec_t *lru, uint32_t folio)
{
    return lru->helpers->toward_tail(lru, folio);
}

/* The list that a folio is on, or RECLAIM_NONE. */
static inline uint32_t reclaim_list_of(const reclaim_lruvec_t *lru, uint32_t folio)
{
    return lru->helpers->list_of(lru, folio);
}

/* Moves folios that are on a list of this lruvec to the head of a list, the first one first.  Returns how many. */
static inline uint32_t reclaim_move_head_many(const reclaim_lruvec_t *lru, uint32_t list, const uint32_t *folios, uint32_t count)
{
    return lru->helpers->move(lru, list, folios, count, 0);
}

static inline uint32_t reclaim_move_head(const reclaim_lruvec_t *lru, uint32_t list, uint32_t folio)
{
    return lru->helpers->move(lru, list, &folio, 1, 0);
}

/* The same to the tail; under the token only. */
static inline uint32_t reclaim_move_tail_many(const reclaim_lruvec_t *lru, uint32_t list, const uint32_t *folios, uint32_t count)
{
    return lru->helpers->move(lru, list, folios, count, 1);
}

static inline uint32_t reclaim_move_tail(const reclaim_lruvec_t *lru, uint32_t list, uint32_t folio)
{
    return lru->helpers->move(lru, list, &folio, 1, 1);
}

/* ---- Helpers: isolation, in isolate only ------------------------------------------------------------------------ */

/* Takes folios off their lists into the batch, counting each as examined.  Returns how many: a pinned folio can be taken (and
 * survives), one that is not on a list of this lruvec can't, nor one for which the batch has no room. */
static inline uint32_t reclaim_isolate_many(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, const uint32_t *folios,
                                            uint32_t count)
{
    return lru->helpers->isolate(lru, batch, folios, count);
}

static inline uint32_t reclaim_try_isolate(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t folio)
{
    return lru->helpers->isolate(lru, batch, &folio, 1);
}

/* Takes up to `count` of the coldest folios of a list.  Returns how many. */
static inline uint32_t reclaim_isolate_tail(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t list, uint32_t count)
{
    return lru->helpers->isolate_tail(lru, batch, list, count);
}

/* Counts folios as examined and scanned that stay where they are. */
static inline void reclaim_pass_over_many(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, const uint32_t *folios,
                                          uint32_t count)
{
    lru->helpers->pass_over(lru, batch, folios, count);
}

static inline void reclaim_pass_over(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t folio)
{
    lru->helpers->pass_over(lru, batch, &folio, 1);
}

/* Passes over a folio, moves it to the head of list `to`, and returns what is then the tail of list `from`: a clock's hand. */
static inline uint32_t reclaim_recycle(const reclaim_lruvec_t *lru, reclaim_batch_t *batch, uint32_t from, uint32_t folio,
                                       uint32_t to)
{
    return lru->helpers->recycle(lru, batch, from, folio, to);
}

/* ---- Helpers: flags and accessed bits --------------------------------------------------------------------------- */

/* RECLAIM_FOLIO_...; 0 for a folio that there is not. */
static inline uint32_t reclaim_flags(const reclaim_lruvec_t *lru, uint32_t folio)
{
    if (folio >= lru->frame_count)
        return 0;
    return lru->flags ? lru->flags[folio] : lru->helpers->flags(lru, folio);
}

/* RECLAIM_TYPE_ANON or RECLAIM_TYPE_FILE. */
static inline uint32_t reclaim_type(const reclaim_lruvec_t *lru, uint32_t folio)
{
    return reclaim_flags(lru, folio) & RECLAIM_FOLIO_SWAPBACKED ? RECLAIM_TYPE_ANON : RECLAIM_TYPE_FILE;
}

/* Clears, then sets, in one step, those flags that a policy may change. */
static inline void reclaim_change_flags(const reclaim_lruvec_t *lru, uint32_t folio, uint32_t clear, uint32_t set)
{
    lru->helpers->change_flags(lru, folio, clear, set);
}

/* The same if the folio is on a list of this lruvec and its flags still are `expected`; 0 if not, and nothing was done. */
static inline int32_t reclaim_try_change_flags(const reclaim_lruvec_t *lru, uint32_t folio, uint32_t expected, uint32_t clear,
                                               uint32_t set)
{
    return lru->helpers->try_change_flags(lru, folio, expected, clear, set);
}

/* Clears the accessed bits of all mappings of folios.  Bit i % 64 of young[i / 64] becomes 1 where folio i had one, and 0
 * elsewhere.  Returns how many had. */
static inline uint32_t reclaim_test_and_clear_young_many(const reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count,
                                                         uint64_t *young)
{
    return lru->helpers->test_and_clear_young(lru, folios, count, young);
}

static inline uint32_t reclaim_test_and_clear_young(const reclaim_lruvec_t *lru, uint32_t folio)
{
    uint64_t young;
    return lru->helpers->test_and_clear_young(lru, &folio, 1, &young);
}

/* Walks the page tables of the cgroup's processes, clears accessed bits of pages on this lruvec, and gives each to on_young before
 * it returns.  Does nothing unless RECLAIM_USES_WALK is on.  `walked` may be NULL. */
static inline void reclaim_walk_page_tables(const reclaim_lruvec_t *lru, uint32_t options, reclaim_walked_t *walked)
{
    lru->helpers->walk(lru, options, walked);
}

/* ---- Helpers: pages that may not be resident -------------------------------------------------------------------- */

/* A folio's page number, which stays the same when it is evicted and comes back; RECLAIM_NONE for no folio. */
static inline uint32_t reclaim_page_of(const reclaim_lruvec_t *lru, uint32_t folio)
{
    uint32_t page;
    lru->helpers->pages_of(lru, &folio, 1, &page);
    return page;
}

static inline void reclaim_pages_of_many(const reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count, uint32_t *pages)
{
    lru->helpers->pages_of(lru, folios, count, pages);
}

/* The folio that a page of this cgroup is in, or RECLAIM_NONE when it is not resident, which it is once it has been placed.  A page
 * of a file belongs to no cgroup before it has come in: in arrive, the engine does not know whose it is. */
static inline uint32_t reclaim_frame_of(const reclaim_lruvec_t *lru, uint32_t page)
{
    return lru->helpers->frame_of(lru, page);
}

/* Word 0 of the history_words words of a page, `page` below lru->page_count; 0 until written, and again once the page's owner
 * discards it.  Not checked. */
static inline uint32_t *reclaim_history(const reclaim_lruvec_t *lru, uint32_t page)
{
    return lru->history + (uint64_t)page * lru->history_stride;
}

/* Orders are lists of page numbers that belong to the policy: ghost queues, recency stacks.  A page is on at most one order of
 * its cgroup.  Reading one is reading memory; only changing it is a call. */
static inline int64_t reclaim_order_count(const reclaim_lruvec_t *lru, uint32_t order)
{
    return order < lru->order_count ? lru->orders[order].count : 0;
}

static inline uint32_t reclaim_order_head(const reclaim_lruvec_t *lru, uint32_t order)
{
    return reclaim_order_count(lru, order) > 0 ? lru->orders[order].head : RECLAIM_NONE;
}

static inline uint32_t reclaim_order_tail(const reclaim_lruvec_t *lru, uint32_t order)
{
    return reclaim_order_count(lru, order) > 0 ? lru->orders[order].tail : RECLAIM_NONE;
}

/* 1 when a page is on an order. */
static inline int32_t reclaim_order_contains(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return page < lru->page_count && order < lru->order_count && lru->order_links[page].order == lru->first_order + order;
}

/* The neighbours of a page on an order, or RECLAIM_NONE. */
static inline uint32_t reclaim_order_toward_head(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return reclaim_order_contains(lru, order, page) ? lru->order_links[page].toward_head : RECLAIM_NONE;
}

static inline uint32_t reclaim_order_toward_tail(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return reclaim_order_contains(lru, order, page) ? lru->order_links[page].toward_tail : RECLAIM_NONE;
}

/* Puts a page at the head or the tail of an order, from wherever it was.  0: it is no page of this cgroup. */
static inline int32_t reclaim_order_add_head(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return lru->helpers->order_add(lru, order, page, RECLAIM_NONE, 0);
}

static inline int32_t reclaim_order_add_tail(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return lru->helpers->order_add(lru, order, page, RECLAIM_NONE, 1);
}

/* Puts a page next to `neighbour`, which is on the order, on the side of the head.  0: one of them is not what it has to be. */
static inline int32_t reclaim_order_insert(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page, uint32_t neighbour)
{
    return lru->helpers->order_add(lru, order, page, neighbour, 0);
}

/* Puts the page of a folio at the head of an order and takes from its tail what is more than `limit`: a ghost queue in one
 * call.  0: it is no folio of this cgroup. */
static inline int32_t reclaim_order_push(const reclaim_lruvec_t *lru, uint32_t order, uint32_t folio, int64_t limit)
{
    return lru->helpers->order_push(lru, order, folio, limit);
}

/* Takes a page off an order.  0: it was not on it, which is no fault. */
static inline int32_t reclaim_order_remove(const reclaim_lruvec_t *lru, uint32_t order, uint32_t page)
{
    return reclaim_order_contains(lru, order, page) ? lru->helpers->order_remove(lru, order, page) : 0;
}

/* ---- Helpers: the machine around it ----------------------------------------------------------------------------- */

/* Pages that this lruvec may hold: its node's, or less by memory.max of its cgroup and those above.  The papers' cache size. */
static inline int64_t reclaim_capacity(const reclaim_lruvec_t *lru)
{
    return lru->helpers->capacity(lru);
}

/* Pages of one type on the lists of this lruvec. */
static inline int64_t reclaim_resident(const reclaim_lruvec_t *lru, uint32_t type)
{
    return type <= RECLAIM_TYPE_FILE ? lru->resident[type] : 0;
}

/* The owner's clock in milliseconds. */
static inline int64_t reclaim_now_ms(const reclaim_lruvec_t *lru)
{
    return lru->helpers->now_ms(lru);
}

/* The swappiness for this reclaim: the request's, or else the cgroup's. */
static inline int32_t reclaim_swappiness(const reclaim_lruvec_t *lru, const reclaim_scan_t *scan)
{
    return scan->swappiness >= 0 ? scan->swappiness : lru->helpers->swappiness(lru);
}

/* 1 when so many anonymous pages can go somewhere: to swap, or to a lower tier. */
static inline int32_t reclaim_can_reclaim_anon(const reclaim_lruvec_t *lru, int64_t pages)
{
    return lru->helpers->can_reclaim_anon(lru, pages);
}

/* Evictions and activations so far, in pages, the clock of refault distances, after it was advanced here and above. */
static inline uint64_t reclaim_nonresident_age(const reclaim_lruvec_t *lru, uint32_t advance)
{
    return lru->helpers->nonresident_age(lru, advance);
}

/* Counts an event, RECLAIM_COUNT_..., for the statistics. */
static inline void reclaim_count(const reclaim_lruvec_t *lru, uint32_t event, uint32_t type, int64_t amount)
{
    lru->helpers->count(lru, event, type, amount);
}

static inline void reclaim_count_refault(const reclaim_lruvec_t *lru, uint32_t folio)
{
    lru->helpers->count_refault(lru, folio);
}

/* The lruvec that a shadow names, or NULL when it is gone or has another policy. */
static inline reclaim_lruvec_t *reclaim_lruvec_of(const reclaim_lruvec_t *lru, const reclaim_shadow_t *shadow)
{
    return lru->helpers->lruvec_of(lru, shadow);
}

#ifdef __cplusplus
}
#endif

#endif

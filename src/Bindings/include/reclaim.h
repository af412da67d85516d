/*
 * reclaim.h - Linux page reclaim in userland, as a library.
 *
 * An engine is a machine with memory to be reclaimed: NUMA nodes with page frames, a tree of memory cgroups, address
 * spaces, and the policy (MGLRU, the classic active and inactive lists, SIEVE, ...) that decides which page goes.
 * You report accesses; the engine keeps count of what is resident, makes room when memory or a limit runs out, and
 * gives up the pages that the policy finds coldest when you ask for it.  It moves no data: what a page holds, and
 * where it goes, is yours.
 *
 * There are two ways to use it, on one and the same path:
 *
 *   machine    The engine owns page tables.  An access to an absent page is a fault: the engine makes room for it, asks page_out
 *              of each victim, and tells page_in of what comes back.
 *                  reclaim_engine_create -> reclaim_address_space_create -> reclaim_address_space_access -> reclaim_engine_reclaim
 *              examples/c/first.c does just that in a page of code.
 *
 *   advisor    You own the pages (a buffer pool, a cache, guest memory), and nothing leaves but what you commit.  You add pages
 *              with a cookie of your own, report accesses in batches or bitmaps, ask for victims, and say of each when you are
 *              done with it that it is gone, or why it stays.
 *                  reclaim_pages_add -> reclaim_address_space_access -> reclaim_engine_propose -> reclaim_pages_commit or _abort
 *              examples/c/buffer_pool.c keeps a file's blocks in memory that way.
 *
 * Order of this file: rules for all calls, version, status codes, structs, functions: library, engine, reclaim, pages, nodes,
 * cgroups, address spaces, files, control files, statistics and tracepoints, snapshots.
 *
 *
 * RULES FOR ALL CALLS
 *
 * Status.     Every call returns an int32_t: RECLAIM_OK, which is 0, or a negative RECLAIM_E_ code.  The calls
 *             that only return text or a number (reclaim_version_number, _status_name, _last_error, _vector_bits,
 *             _counter_name) can't fail.  A call that fails changes nothing and writes no out-parameter, unless its comment says
 *             what it leaves behind.  The library prints nothing and never ends the process.
 *
 * Handles.    A handle such as reclaim_engine_t * is a number in a pointer's clothes: never read through it.  NULL is
 *             no handle.  A destroyed, forged or wrong kind of handle is answered with RECLAIM_E_BAD_HANDLE, even
 *             when a newer object has taken the place of the old one.
 *
 * Structs.    Every struct that you pass by pointer starts with struct_size.  Set it to the struct's sizeof, and all
 *             that you do not need to zero: `reclaim_request_t request = { .struct_size = sizeof request };`.  Zero is
 *             the usual choice in every field that may be left out, and refused in one that may not be.
 *             An array states the size of its elements once, in a field next to the pointer.
 *             Fields are appended in later versions and never moved, so old and new meet like this:
 *               smaller than the library's  the missing fields count as zero, and zero means the old behaviour;
 *               larger, going in            accepted when all bytes beyond the library's are zero, else
 *                                           RECLAIM_E_TOO_BIG: you asked for something that it does not know;
 *               larger, coming out          the bytes beyond the library's are set to zero;
 *               smaller than version 0.1's  RECLAIM_E_STRUCT_SIZE, for no header ever said so;
 *               more than 4096              RECLAIM_E_TOO_BIG, for that is no size but garbage.
 *
 * Strings.    UTF-8 with a length in bytes, which may be RECLAIM_NUL_TERMINATED.  The library copies what it keeps.
 *
 * Pages.      All amounts of memory are in pages.  Pages of an address space are numbered from 0.
 *
 * Threads.    One thread at a time in each engine and in all that belongs to it; which thread does not matter, and
 *             different engines may be used by different threads at once.  A call that finds another thread inside is refused
 *             with RECLAIM_E_BUSY; it does not wait.  An engine made with RECLAIM_ENGINE_CONCURRENT takes any number of
 *             threads at once: where a comment says "one at a time in this engine", such an engine takes all that come.
 *             reclaim_engine_destroy is refused with RECLAIM_E_BUSY while another thread is inside the engine, and the end of a
 *             part of a concurrent engine while a call that was given the same handle is.  Such a refusal changes nothing.
 *             The text of reclaim_last_error belongs to the thread.
 *             The library starts no thread that you did not ask for (policy_timeout_ms is to ask for one); the runtime in it
 *             starts one, on the first call, that sleeps.
 *
 * Callbacks.  They run on the thread that made the call, inside it.  They may not call into the same engine: such a
 *             call is refused with RECLAIM_E_BUSY.  Calls into other engines are served, up to 8 engines deep.  They may not leave
 *             by longjmp or by a C++ exception.  policy_stuck alone runs on a thread of the library's, which is another
 *             thread like any: its calls into an engine for one thread are refused with RECLAIM_E_BUSY.
 *
 * Process.    The first call starts the runtime inside the library, which takes about a millisecond.  The runtime installs
 *             handlers for SIGSEGV, SIGFPE and one real-time signal, and sets SIGPIPE to be ignored: a host that wants
 *             SIGPIPE otherwise says so after its first call.  A fault outside the library goes to the host's own handler,
 *             whether it was installed before or after.  The runtime reads variables that begin with DOTNET_GC: none is needed,
 *             and DOTNET_GCHeapHardLimit with a few kilobytes makes the first call abort.  dlclose does nothing.  After fork
 *             the child may only exec: calls that take a handle, and new engines, are refused there with
 *             RECLAIM_E_UNSUPPORTED (Linux 4.14 and later).  64-bit x86 Linux.
 */
#ifndef RECLAIM_H
#define RECLAIM_H

#include <stdint.h>

#include "reclaim_policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---------------------------------------------------------------------------------------------------- */

#define RECLAIM_VERSION_MAJOR 0
#define RECLAIM_VERSION_MINOR 1
#define RECLAIM_VERSION_PATCH 0

/* The version of this header as one number: major * 1000000 + minor * 1000 + patch. */
#define RECLAIM_VERSION_NUMBER 1000u

/* ---- Status codes: fixed numbers in groups with gaps, never renumbered ------------------------------------------ */

#define RECLAIM_OK 0

/* Pointers and handles. */
#define RECLAIM_E_NULL (-1)         /* a pointer that has to be there is NULL */
#define RECLAIM_E_BAD_HANDLE (-2)   /* the handle is destroyed, of another kind, or never was one */
#define RECLAIM_E_WRONG_ENGINE (-3) /* the handles belong to different engines */

/* Structs. */
#define RECLAIM_E_STRUCT_SIZE (-10) /* smaller than the struct was in version 0.1 */
#define RECLAIM_E_TOO_BIG (-11)     /* larger than the library's, and what it does not know is not zero */

/* Values. */
#define RECLAIM_E_INVALID (-20)     /* a value, a flag or a name that is not accepted */
#define RECLAIM_E_RANGE (-21)       /* a page, node or count beyond what there is */
#define RECLAIM_E_EXISTS (-22)      /* the name is taken */
#define RECLAIM_E_NOT_FOUND (-23)   /* nothing has that name */
#define RECLAIM_E_UNSUPPORTED (-24) /* makes sense, but this version can't do it */
#define RECLAIM_E_NO_ROOM (-25)     /* the buffer is too small; the length says what is needed */
#define RECLAIM_E_ACCESS (-26)      /* a control file that can't be read, or can't be written */

/* Resources. */
#define RECLAIM_E_NO_MEMORY (-30)     /* the modelled machine: no frame could be freed for the page */
#define RECLAIM_E_CAPACITY (-31)      /* a reserve that was fixed when the engine was created is used up */
#define RECLAIM_E_SYSTEM_MEMORY (-32) /* the system under the library refused memory */
#define RECLAIM_E_IO (-33)            /* a file could not be read or written, or a callback said that it failed */
#define RECLAIM_E_FORMAT (-34)        /* what was read is no snapshot, a damaged one, or one of another version */

/* State. */
#define RECLAIM_E_AGAIN (-40)        /* less could be reclaimed than was asked for */
#define RECLAIM_E_BUSY (-41)         /* called from inside a callback of the same engine, or another thread or a proposal is in the way */
#define RECLAIM_E_NOT_RESIDENT (-42) /* the page is not in memory */
#define RECLAIM_E_CANCELED (-43)     /* the request was cancelled */
#define RECLAIM_E_NOT_PROPOSED (-44) /* the page is not proposed: never was, was answered, or was freed since */
#define RECLAIM_E_ACCESSED (-45)     /* the page was used after it was proposed, and stays */
#define RECLAIM_E_PINNED (-46)       /* the page is pinned, and stays */

/* Defects of the library: please report them. */
#define RECLAIM_E_INTERNAL (-90) /* an error that nobody foresaw; destroy the engine */
#define RECLAIM_E_CORRUPT (-91)  /* reclaim_engine_validate found the engine broken; destroy it */

/* ---- Types ------------------------------------------------------------------------------------------------------ */

typedef struct reclaim_engine reclaim_engine_t;
typedef struct reclaim_memcg reclaim_memcg_t;
typedef struct reclaim_address_space reclaim_address_space_t;
typedef struct reclaim_file reclaim_file_t;
typedef struct reclaim_operation reclaim_operation_t;

/* A string's length: it ends at its first zero byte. */
#define RECLAIM_NUL_TERMINATED (~(uint64_t)0)

/* No limit, for reclaim_memcg_set_max. */
#define RECLAIM_UNLIMITED (~(uint64_t)0)

/* Set in an access word: the access writes.  The other 31 bits are the page. */
#define RECLAIM_WRITE 0x80000000u

/* A page: an element of a victim array, what callbacks are told of, and what the reclaim_pages_ calls are for. */
typedef struct reclaim_page {
    reclaim_address_space_t *space; /* whose anonymous page it is, or NULL */
    uint64_t page;                  /* its number in the space or file */
    uint32_t node;                  /* the node that it is on */
    uint32_t flags;                 /* RECLAIM_PAGE_... */
    reclaim_file_t *file;           /* whose file page it is, or NULL: one of space and file is given */
    uint64_t cookie;                /* yours, with RECLAIM_ENGINE_COOKIES: what reclaim_pages_add gave the page; else 0 */
    uint32_t to_node;               /* with RECLAIM_PAGE_DEMOTE: the node that it is to move to */
    uint32_t reserved;              /* 0 */
} reclaim_page_t;

#define RECLAIM_PAGE_DIRTY 1u  /* written to since it last came in */
#define RECLAIM_PAGE_DEMOTE 2u /* in a victim array: it is to move to to_node, not out of memory */

/* Asked before a page is evicted.  RECLAIM_EVICT gives it up: when the callback returns, the page is gone.  A RECLAIM_KEEP
 * answer keeps it in memory for now, says why, and reclaim goes on with other pages.  Any other answer counts as RECLAIM_KEEP. */
typedef int32_t (*reclaim_page_out_fn)(void *context, const reclaim_page_t *page);

#define RECLAIM_EVICT 0
#define RECLAIM_KEEP 1          /* not now: the policy puts it where it puts what it looked at in vain */
#define RECLAIM_KEEP_PINNED 2   /* somebody relies on its place; the same, counted as kept_pinned */
#define RECLAIM_KEEP_DIRTY 3    /* would have to be written first; the same, counted as kept_dirty */
#define RECLAIM_KEEP_BUSY 4     /* somebody is at it; the same, counted as kept_busy */
#define RECLAIM_KEEP_ACCESSED 5 /* it was used: it becomes as young as its policy makes such a page */

/* Called for a page that was evicted before and comes back: a caller whose pages are real memory reads it here.  0 says that it is
 * there.  With anything else it stays absent as it was, and the access fails with RECLAIM_E_IO.  For a page's first touch it is
 * called with RECLAIM_PAGE_FIRST, and only when the engine has RECLAIM_ENGINE_FIRST_TOUCH. */
typedef int32_t (*reclaim_page_in_fn)(void *context, const reclaim_page_t *page);

#define RECLAIM_PAGE_FIRST 4u /* to page_in: it has never been in memory */

/* Asked before a page moves to a node of a lower tier.  RECLAIM_EVICT lets it move: a caller whose pages are real memory moves
 * it here.  Anything else keeps it where it is.  page->node is the node that it is on. */
typedef int32_t (*reclaim_page_migrate_fn)(void *context, const reclaim_page_t *page, uint32_t to_node);

/* A call of a policy that has not returned.  The texts and the struct are gone when the callback returns. */
typedef struct reclaim_policy_stuck {
    uint32_t struct_size;
    uint32_t node;         /* the node that the call is for */
    const char *policy;    /* as the engine's list of policies has it */
    const char *operation; /* as reclaim_policy_t has it, such as "isolate" */
    const char *memcg;     /* path of the cgroup that the call is for, such as "/limited" */
    uint64_t call;         /* its number among the calls of policies in this engine: the same for the same call */
    uint64_t milliseconds; /* how long it has been seen to take */
} reclaim_policy_stuck_t;

/* Told that a call of a policy does not return; see reclaim_engine_options_t.  Runs on the engine's watching thread while
 * the other one is inside the policy: it may call nothing of this engine.  What can be done about the call is up to you:
 * write down what it says, end the process. */
typedef void (*reclaim_policy_stuck_fn)(void *context, const reclaim_policy_stuck_t *stuck);

/* One NUMA node of a machine to build. */
typedef struct reclaim_node_options {
    uint64_t pages;    /* its memory: at least 256; all nodes together less than 2^32 - 1 */
    uint32_t tier;     /* memory tier, 0 the fastest */
    uint32_t reserved; /* 0 */
} reclaim_node_options_t;

/* What an engine is built from.  All capacities are reserved at creation as address space, and backed by memory when
 * first used; nothing grows later. */
typedef struct reclaim_engine_options {
    uint32_t struct_size;
    uint32_t flags;                      /* RECLAIM_ENGINE_... */
    const reclaim_node_options_t *nodes; /* 1 to 64 of them; node i of the engine is nodes[i] */
    uint32_t node_count;
    uint32_t node_size; /* sizeof(reclaim_node_options_t) */

    /* The policies that cgroups may be bound to, the first for those that say nothing; NULL for all of `tables`, or for
     * "mglru" without any.  Names with commas between them: classic, mglru, fifo, lru, clock, sieve, s3fifo, arc, 2q, lfu,
     * mru, lirs, clockpro, lruk, wtinylfu, comeback, those of `tables`, and paths of libraries (a text with a slash, or that ends
     * in .so) that export a policy as reclaim_policy.h says; such a policy is then called by the name in its table.
     * classic and mglru may be followed by the Linux that they are to be like, @6.1, @6.12 or @6.18, and by
     * switches that turn a mechanism on or off: "mglru@6.12-bloom", "classic+lookaround,sieve".  The switches of mglru are
     * walk, bloom, lookaround, refault, pid, tiers, exec; of classic refault, cost, ratio, exec, trim, walk, bloom,
     * lookaround; of sieve walk.  When all policies name the same Linux, the rest of the engine is like it too. */
    const char *policies;
    uint64_t policies_length;

    uint32_t memcgs;          /* memory cgroups, the root included, 1 to 65535; 0 for 64 */
    uint32_t address_spaces;  /* address spaces alive at once, 1 to 65535; 0 for 64 */
    uint32_t leaf_tables;     /* tables of 512 pages, for all address spaces; 0 for four times what the nodes hold */
    uint32_t reserved;        /* 0 */
    uint64_t swap_pages;      /* with RECLAIM_ENGINE_LIMITED_SWAP: pages that can be out at once; 0: none can */
    reclaim_page_out_fn page_out; /* NULL: every page may go */
    reclaim_page_in_fn page_in;   /* NULL: nobody wants to know */
    void *context;                /* handed to both */

    /* Policies of this program, reclaim_policy.h.  The tables are read once; their functions have to stay until the engine
     * is destroyed. */
    const reclaim_policy_t *const *tables;
    uint32_t table_count; /* 0 to 64 */
    uint32_t reserved2;   /* 0 */

    /* A watch over calls of policies that do not return.  With a timeout, the library starts one thread for this engine; it
     * calls policy_stuck when one call of a policy has taken that long, and when it has taken twice, four times, ... as
     * long.  A call is looked at some ten times in its timeout, so one may be told of that much later than it is due.
     * Both are given or neither. */
    reclaim_policy_stuck_fn policy_stuck;
    void *policy_stuck_context; /* handed to it */
    uint32_t policy_timeout_ms; /* 0: no watch, and no thread */
    uint32_t reserved3;         /* 0 */

    reclaim_page_migrate_fn page_migrate; /* handed `context`; NULL: every page may move */

    /* Who gets the pages of a policy that is ejected for breaking its contract: written as in `policies`, and need not be one of
     * them.  NULL: only a policy that throws is ejected, and its pages go in the order of its lists. */
    const char *fallback;
    uint64_t fallback_length;
    uint32_t vector_bits;     /* widest vectors to use: 64 (none), 128, 256 or 512; 0 for the widest that there are */
    uint32_t shared_mappings; /* mappings of file pages beyond each page's first, all together; 0 for one for each 8 frames */
} reclaim_engine_options_t;

#define RECLAIM_ENGINE_LIMITED_SWAP 1u /* swap_pages counts; without it swap has no end */
#define RECLAIM_ENGINE_DEMOTION 2u     /* pages of a node that has a lower tier below it move there instead of out */
#define RECLAIM_ENGINE_IDLE_AGE 4u     /* idle ages are kept, a byte a page: reclaim_engine_scan_idle_ages */
#define RECLAIM_ENGINE_CONCURRENT 8u   /* any number of threads at once; takes classic, mglru, fifo, clock and tables that say they can */
#define RECLAIM_ENGINE_IDENTITY 16u    /* page p of a space has a frame of its own: 8 bytes a page less, no files, no demotion */
#define RECLAIM_ENGINE_UNORDERED 32u   /* lists keep no order inside: 6 bytes a page less; takes mglru and what is like it */
#define RECLAIM_ENGINE_ADVISOR 64u     /* nothing goes but by request or commit: what finds no room fails with RECLAIM_E_NO_MEMORY.
                                        * All frames of a node can be used; there are no watermarks.  An access to a page that is
                                        * not in memory still brings it in where there is room: report what was used before you
                                        * propose and before you commit, and nothing of a page that you have committed.  A bitmap
                                        * may come late: what is absent stays absent */
#define RECLAIM_ENGINE_COOKIES 128u    /* 8 bytes of your own for each page in memory */
#define RECLAIM_ENGINE_PRESSURE 256u   /* pressure stall information is kept: reclaim_address_space_set_task_state */
#define RECLAIM_ENGINE_NO_MEMCG 512u   /* no cgroups but the root, nothing is charged */
#define RECLAIM_ENGINE_FIRST_TOUCH 1024u /* page_in is called for first touches too */

typedef struct reclaim_memcg_options {
    uint32_t struct_size;
    uint32_t flags;          /* 0 */
    reclaim_memcg_t *parent; /* NULL for the root */
    const char *name;        /* one path component: not empty, no slash, new among its siblings */
    uint64_t name_length;
    const char *policy; /* one of the engine's policies, written as at its creation; NULL for the parent's */
    uint64_t policy_length;
} reclaim_memcg_options_t;

typedef struct reclaim_address_space_options {
    uint32_t struct_size;
    uint32_t home_node;     /* the node that its pages come from first */
    uint64_t pages;         /* its length, at least 1; takes a leaf table of the engine's for each 512 */
    reclaim_memcg_t *memcg; /* whom its pages are charged to; NULL for the root */
    const char *name;       /* for messages and reclaim_address_space_find; NULL for none */
    uint64_t name_length;
} reclaim_address_space_options_t;

typedef struct reclaim_file_options {
    uint32_t struct_size;
    uint32_t flags;   /* 0 */
    uint64_t pages;   /* its length, at least 1; takes a leaf table of the engine's for each 512 */
    const char *name; /* for messages and reclaim_file_find; NULL for none */
    uint64_t name_length;
} reclaim_file_options_t;

/* What became of a batch of accesses.  processed is the sum of the five below it. */
typedef struct reclaim_tally {
    uint32_t struct_size;
    uint32_t reserved;     /* comes out 0 */
    uint64_t processed;    /* words worked off, the refused one included */
    uint64_t hits;         /* the page was there */
    uint64_t minor_faults; /* it was in memory but not mapped here */
    uint64_t cold_faults;  /* its first touch */
    uint64_t refaults;     /* it had been evicted and came back */
    uint64_t refused;      /* no memory for it, or page_in failed; the batch ended there */
    uint64_t workingset_refaults; /* those of `refaults` that were part of the working set: their task is stalled for want of memory */
    uint64_t throttled_ms; /* how long the task is to wait for memory.high; the engine goes on at once */
} reclaim_tally_t;

/* What a request took from one node, in pages. */
typedef struct reclaim_node_result {
    uint32_t struct_size; /* comes out as the library's; an array states its own in the request */
    uint32_t node;
    uint64_t evicted_anon;
    uint64_t evicted_file;
    uint64_t demoted_anon; /* moved to a lower tier */
    uint64_t demoted_file;
    uint64_t scanned;
} reclaim_node_result_t;

struct reclaim_result;

/* Told that an operation has ended, by the step that ends it.  The result is gone when the callback returns. */
typedef void (*reclaim_completed_fn)(void *context, const struct reclaim_result *result);

/* A request for memory back: so many pages, from a cgroup and all below it, on some nodes, of some type, in some way. */
typedef struct reclaim_request {
    uint32_t struct_size;
    uint32_t flags;            /* RECLAIM_REQUEST_... */
    uint64_t pages;            /* at least 1 */
    reclaim_memcg_t *memcg;    /* NULL for the root, which is everything */
    uint64_t nodes;            /* bit i for node i; 0 for all */
    uint32_t swappiness;       /* with RECLAIM_REQUEST_SWAPPINESS: 0 to 200, or RECLAIM_SWAPPINESS_MAX, in place of each cgroup's own */
    uint32_t victim_size;      /* sizeof(reclaim_page_t) when there is an array */
    reclaim_page_t *victims;   /* filled with the evicted pages in the order in which they went; NULL: not wanted */
    uint64_t victim_capacity;  /* elements there is room for, at least 1 when there is an array */

    uint32_t types;         /* RECLAIM_TYPES_...; with one, a swappiness is refused */
    uint32_t mode;          /* RECLAIM_MODE_...; `nodes` of several tiers, of which some demote, need EVICT or DEMOTE */
    uint64_t min_idle_ms;   /* only pages that nobody has used for so long; 0 for any.  Needs RECLAIM_ENGINE_IDLE_AGE, or mglru */
    uint64_t max_scanned;   /* ends it when so many pages were looked at, and at most one isolation later; 0 for no limit */
    uint64_t time_limit_us; /* ends it when so much time has passed, with the batch of 64 under way; 0 for no limit */
    uint64_t batch_pages;   /* most pages that a step asks for; classic and mglru go on to about twice as many; 0 for 8192 */

    reclaim_node_result_t *node_results; /* filled with what came from each node, in order of the nodes; NULL: not wanted */
    uint32_t node_result_size;           /* sizeof(reclaim_node_result_t) when there is an array */
    uint32_t node_result_capacity;       /* elements, at least one for each node of the engine when there is an array */

    reclaim_completed_fn completed; /* of an operation: told when it ends; NULL: nobody wants to know */
    void *completed_context;        /* handed to it */
} reclaim_request_t;

#define RECLAIM_REQUEST_SWAPPINESS 1u /* swappiness counts */
#define RECLAIM_REQUEST_MACHINE 2u    /* for the whole machine, as by a node's `reclaim` file: memcg is NULL, memory.low holds, and the
                                       * machine's counters count it */
#define RECLAIM_REQUEST_KERNEL 4u     /* overshoots as the kernel's files do: at least 32 pages at a time, and visits to their end */

#define RECLAIM_SWAPPINESS_MAX 201u /* anonymous pages alone, the kernel's swappiness=max */

#define RECLAIM_TYPES_ANY 0u
#define RECLAIM_TYPES_FILE 1u
#define RECLAIM_TYPES_CLEAN_FILE 2u /* files pages that nobody has written to */
#define RECLAIM_TYPES_ANON 3u

#define RECLAIM_MODE_AUTO 0u   /* as reclaim does by itself: a node with a lower tier below it demotes, where that is on */
#define RECLAIM_MODE_EVICT 1u  /* evicts, wherever the pages are */
#define RECLAIM_MODE_DEMOTE 2u /* moves to a lower tier and evicts nothing */

/* How a request ended.  The pages that stayed are counted by reason; one that is met twice counts twice. */
typedef struct reclaim_result {
    uint32_t struct_size;
    uint32_t stop;      /* RECLAIM_STOP_... */
    uint64_t reclaimed; /* pages evicted or moved to a lower tier */
    uint64_t scanned;   /* pages looked at for it, some perhaps more than once */
    uint64_t refused;   /* times that the callback kept a page, or that the array had no room for one */
    uint64_t victims;   /* elements of the array that were filled */

    uint64_t demoted;         /* those of `reclaimed` that moved */
    uint64_t kept_by_policy;  /* used lately, or kept for another reason of the policy's own */
    uint64_t kept_pinned;
    uint64_t kept_busy;       /* somebody was at it just then */
    uint64_t kept_type;       /* not of the type asked for */
    uint64_t kept_dirty;      /* would have to be written first */
    uint64_t kept_age;        /* not idle for long enough */
    uint64_t kept_no_swap;    /* anonymous, and swap has no room */
    uint64_t kept_not_demoted; /* was to move, and no lower node had room or the callback kept it */
    uint64_t protected_pages; /* pages of cgroups within their memory.min or memory.low at the end */
    uint64_t elapsed_us;
    uint32_t attempts;
    uint32_t age_source;      /* RECLAIM_AGE_... */
    uint32_t node_results;    /* elements of that array that were filled */
    uint32_t reserved;        /* comes out 0 */
} reclaim_result_t;

#define RECLAIM_STOP_DONE 0u       /* as many as asked, and at most 63 more; in the kernel's form up to some batches more */
#define RECLAIM_STOP_FULL 1u       /* the victim array was too small for all */
#define RECLAIM_STOP_EXHAUSTED 2u  /* no more could be reclaimed: too little there, pinned, protected, or kept */
#define RECLAIM_STOP_SCAN_LIMIT 3u /* max_scanned was reached */
#define RECLAIM_STOP_TIME_LIMIT 4u /* time_limit_us was reached */
#define RECLAIM_STOP_CANCELED 5u   /* reclaim_operation_cancel */
#define RECLAIM_STOP_NOT_YET 6u    /* of an operation: it has not ended */

#define RECLAIM_AGE_NONE 0u        /* min_idle_ms was 0 */
#define RECLAIM_AGE_IDLE_AGE 1u    /* idle times were known to a scan period */
#define RECLAIM_AGE_GENERATIONS 2u /* they were at least so long, by the births of mglru's generations */

typedef struct reclaim_node_state {
    uint32_t struct_size;
    uint32_t flags; /* RECLAIM_NODE_... */
    uint64_t pages;
    uint64_t free;
    uint64_t watermark_min;  /* below it an allocating task reclaims for itself */
    uint64_t watermark_low;  /* below it kswapd is wanted */
    uint64_t watermark_high; /* kswapd is done above it */
    uint32_t tier;
    uint32_t reserved; /* comes out 0 */
} reclaim_node_state_t;

#define RECLAIM_NODE_KSWAPD_WANTED 1u /* an allocation found less than watermark_low free: run kswapd */

typedef struct reclaim_memcg_state {
    uint32_t struct_size;
    uint32_t swappiness;
    uint64_t usage; /* pages charged to it and all below it */
    uint64_t max;   /* RECLAIM_UNLIMITED for none */
    uint64_t min;
    uint64_t low;
    uint64_t high;     /* RECLAIM_UNLIMITED for none */
    uint64_t swap_max; /* RECLAIM_UNLIMITED for none */
} reclaim_memcg_state_t;

/* What tasks of a cgroup or node have waited for memory, as its memory.pressure says.  Averages in hundredths of a per cent over the last
 * 10, 60 and 300 seconds, totals in microseconds. */
typedef struct reclaim_pressure {
    uint32_t struct_size;
    uint32_t some_avg10, some_avg60, some_avg300; /* at least one task waited */
    uint64_t some_total_us;
    uint32_t full_avg10, full_avg60, full_avg300; /* none could run for waiting */
    uint32_t reserved; /* comes out 0 */
    uint64_t full_total_us;
} reclaim_pressure_t;

/* One event of the reclaim path; the names are those of the kernel's tracepoints.  What an event has nothing to say of is 0, and NULL. */
typedef struct reclaim_trace_event {
    uint32_t struct_size;
    uint32_t event;         /* RECLAIM_TRACE_... */
    int64_t time_us;        /* the engine's clock */
    reclaim_memcg_t *memcg; /* the cgroup that it is about, the root for the machine */
    uint32_t node;          /* of what is for all nodes, 0 */
    uint32_t priority;      /* of a batch: 12 down to 0, how hard it is tried */
    uint32_t type;          /* of a batch: 0 anonymous, 1 file; one with both makes two events */
    uint32_t reclaimer;     /* RECLAIM_BY_... of reclaim_policy.h; RECLAIM_BY_DIRECT at a limit too */
    uint64_t scanned;       /* pages looked at; of a BEGIN event, pages asked for */
    uint64_t taken;         /* pages isolated */
    uint64_t reclaimed;     /* pages gone or moved to a lower tier */
    const char *policy;     /* its name; gone when the callback returns */
} reclaim_trace_event_t;

/* Told of events while the engine is in the middle of something: as all callbacks, it may not call into the engine. */
typedef void (*reclaim_trace_fn)(void *context, const reclaim_trace_event_t *event);

/* Events, as bits of a mask. */
#define RECLAIM_TRACE_WAKEUP_KSWAPD 0x1u         /* mm_vmscan_wakeup_kswapd */
#define RECLAIM_TRACE_KSWAPD_WAKE 0x2u           /* mm_vmscan_kswapd_wake: a balance run begins */
#define RECLAIM_TRACE_KSWAPD_SLEEP 0x4u          /* mm_vmscan_kswapd_sleep: it has ended */
#define RECLAIM_TRACE_DIRECT_BEGIN 0x8u          /* mm_vmscan_direct_reclaim_begin */
#define RECLAIM_TRACE_DIRECT_END 0x10u           /* mm_vmscan_direct_reclaim_end */
#define RECLAIM_TRACE_MEMCG_BEGIN 0x20u          /* mm_vmscan_memcg_reclaim_begin: at a limit */
#define RECLAIM_TRACE_MEMCG_END 0x40u            /* mm_vmscan_memcg_reclaim_end */
#define RECLAIM_TRACE_REQUEST_BEGIN 0x80u        /* an attempt at a proactive request, which is several; the kernel has no tracepoint for it */
#define RECLAIM_TRACE_REQUEST_END 0x100u
#define RECLAIM_TRACE_LRU_ISOLATE 0x200u         /* mm_vmscan_lru_isolate: a batch leaves its list */
#define RECLAIM_TRACE_SHRINK_INACTIVE 0x400u     /* mm_vmscan_lru_shrink_inactive: a batch was worked off; sums of these are pgscan and pgsteal */
#define RECLAIM_TRACE_SHRINK_ACTIVE 0x800u       /* mm_vmscan_lru_shrink_active: a batch was deactivated */
#define RECLAIM_TRACE_POLICY_SWITCHED 0x1000u    /* a cgroup is bound to another policy */
#define RECLAIM_TRACE_POLICY_EJECTED 0x2000u     /* a policy has broken its contract and lost its cgroup */
#define RECLAIM_TRACE_OOM 0x4000u                /* reclaim gave up: an access is refused, or memory.max can't be reached */
#define RECLAIM_TRACE_ALL 0x7fffu

/* What a copy of an engine does not take along, because it is code and not state: see reclaim_engine_restore and _fork. */
typedef struct reclaim_copy_options {
    uint32_t struct_size;
    uint32_t flags;               /* 0 */
    reclaim_page_out_fn page_out; /* as of reclaim_engine_options_t */
    reclaim_page_in_fn page_in;
    reclaim_page_migrate_fn page_migrate;
    void *context;
    const reclaim_policy_t *const *tables; /* the policies of this program that the engine had, found by name; a fork takes those
                                            * that are not here from the engine */
    uint32_t table_count;
    uint32_t vector_bits; /* as of reclaim_engine_options_t */
} reclaim_copy_options_t;

/* Takes the next `count` bytes of a snapshot.  0: taken; anything else ends the call with RECLAIM_E_IO. */
typedef int32_t (*reclaim_write_fn)(void *context, const void *bytes, uint64_t count);

/* Supplies the next `count` bytes of a snapshot, all of them.  0: supplied; anything else ends the call with RECLAIM_E_IO. */
typedef int32_t (*reclaim_read_fn)(void *context, void *bytes, uint64_t count);

/* ---- Library ---------------------------------------------------------------------------------------------------- */

/* The version of the library as one number.  Compare it with RECLAIM_VERSION_NUMBER, the header's.
 * Errors:   none.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
uint32_t reclaim_version_number(void);

/* The name of a status code, such as "RECLAIM_E_RANGE"; "RECLAIM_E_UNKNOWN" for a number that is none.  Static text.
 * Errors:   none.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
const char *reclaim_status_name(int32_t status);

/* One sentence on the last call of this thread that failed: what was wrong, and what is accepted.  "" when none has.
 * The text is the library's; it stays as it is until the next call of this thread that fails, and is gone with the
 * thread.  A call that succeeds leaves it alone.
 * Errors:   none.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
const char *reclaim_last_error(void);

/* The widest vectors that this build of the library holds and this CPU has, in bits: 128, 256 or 512, 64 for none.  Of the
 * builds that are installed together glibc's dynamic linker (2.33 or newer) picks the widest that the CPU has, for a program
 * that is linked with libreclaim.so or opens it by its SONAME, dlopen("libreclaim.so.0").  Opened by another name or by a path it
 * is the one in that file; the static library and what an older glibc finds use 128.  Results are the same with all.  A build
 * that needs more than the CPU has ends the process in its first call; only a path leads to one.
 * Errors:   none.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
uint32_t reclaim_vector_bits(void);

/* ---- Engine ----------------------------------------------------------------------------------------------------- */

/* Builds an engine.  It is yours until reclaim_engine_destroy.
 * Errors:   RECLAIM_E_NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for an option out of its range and for a policy
 *           or switch that does not exist; RECLAIM_E_SYSTEM_MEMORY.  No engine is built.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: address space for all capacities.  Since: 0.1 */
int32_t reclaim_engine_create(const reclaim_engine_options_t *options, reclaim_engine_t **engine);

/* Ends an engine with all its cgroups and address spaces, whose handles are dead from then on.  Callbacks are not
 * called.  NULL is accepted and does nothing.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY (it lives on).
 * Threads:  one at a time in this engine.
 * Blocking: until a policy_stuck that is running has returned; without one never.
 * Allocates: never; all memory goes back to the system.  Since: 0.1 */
int32_t reclaim_engine_destroy(reclaim_engine_t *engine);

/* The root of the cgroup tree: the same handle each time.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_root(reclaim_engine_t *engine, reclaim_memcg_t **root);

/* Carries out a proactive request: the coldest pages by the policy's judgement, of a cgroup and all below it.  It is no sign
 * that memory is short: no event of a limit, no failure of kswapd.  memory.min and memory.low of the cgroups below the one
 * asked for hold, but that low is given up where nothing else is left; for the whole machine it never is.
 *
 * Reclaim works in batches of at most 64 pages and ends with the batch in which the amount is reached; with
 * RECLAIM_REQUEST_KERNEL, as the kernel does, some batches later.  It does less when no more can be done or a limit comes
 * first.  With a victim array every evicted page is in the array.  When the array is full, each further
 * page is refused (it stays, as if a callback had kept it) and the request ends: so the array's capacity is a hard
 * limit, and asking for more pages than it holds is asking for as many as it holds.  Pages that are refused count as
 * looked at, which blurs the policy's order: give the array room for 64 pages more than you ask for.
 * With an array and page_out both, page_out is asked first, and the array has what it gave up.
 *
 * `result` may be NULL.
 * Errors:   RECLAIM_E_AGAIN: less than asked was reclaimed.  `result` and the arrays hold what was, and
 *           result->stop says why; nothing is wrong.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for a value or a
 *           combination that makes no sense, an array without room, and what this engine can't do (idle times that nobody
 *           knows, demotion where there is no lower tier); RECLAIM_E_RANGE for a node that is not there.  Nothing was reclaimed.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Time grows with the pages looked at.  Allocates: about a kilobyte.  Since: 0.1 */
int32_t reclaim_engine_reclaim(reclaim_engine_t *engine, const reclaim_request_t *request, reclaim_result_t *result);

/* What a request would do now, by doing it and putting everything back: afterwards no page, bit, list or counter is different.
 * Callbacks are not called; they are taken to agree.  The victim array gets the pages that would be evicted or moved, as far
 * as it has room, and limits nothing.
 *
 * Errors:   as reclaim_engine_reclaim, RECLAIM_E_AGAIN included; RECLAIM_E_INVALID also when there is no memory for the copy.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: a copy of all metadata, 16 bytes a page or less, while it runs.  Since: 0.1 */
int32_t reclaim_engine_preview(reclaim_engine_t *engine, const reclaim_request_t *request, reclaim_result_t *result);

/* Begins a request that is carried out step by step.  Nothing is reclaimed yet.  Several may be under way at once.  The arrays of
 * the request stay yours and have to stay where they are until the operation has ended.
 * Errors:   as reclaim_engine_reclaim, but for RECLAIM_E_AGAIN.  No operation is begun.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: about a kilobyte.  Since: 0.1 */
int32_t reclaim_operation_begin(reclaim_engine_t *engine, const reclaim_request_t *request, reclaim_operation_t **operation);

/* Makes one attempt, at no more than batch_pages pages.  While result->stop is RECLAIM_STOP_NOT_YET there is more to do.  The
 * step that ends the operation calls `completed` first.  Further steps do nothing and say the same.  `result` may be NULL.
 * Errors:   RECLAIM_E_AGAIN: it has ended with less than was asked for.  RECLAIM_E_CANCELED: it was cancelled.  `result`
 *           holds what was done.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _STRUCT_SIZE, _TOO_BIG.  Nothing was done.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_operation_step(reclaim_operation_t *operation, reclaim_result_t *result);

/* Ends an operation after the batch of at most 64 pages that is being worked off, or with its next step.
 * Errors:   RECLAIM_E_BAD_HANDLE.
 * Threads:  any, at any time; from callbacks too.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_operation_cancel(reclaim_operation_t *operation);

/* Ends an operation, wherever it stands; what it has reclaimed stays so.  `completed` is not called.  NULL is accepted and does
 * nothing.  The end of its engine ends it too.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_operation_destroy(reclaim_operation_t *operation);

/* Asks for victims without evicting them: request->victims, which has to be there, is filled with what a request would take,
 * coldest first, and each page in it is proposed from now on: on no list, of no interest to further requests, still in memory
 * and charged.  Answer for each with reclaim_pages_commit when it is gone or reclaim_pages_abort when it stays, in any order and
 * any portions, whenever you like.  page_out and page_migrate are not asked.
 *
 * A proposed page that is accessed stays: its commit is refused.  A proposal lapses, and the page is back on its list, when its
 * cgroup is bound to another policy or ends, and in snapshots and copies; it ends with the page when that is freed.
 *
 * As many pages are proposed as the array has room for, or the request asks for, whichever is less, and what was not looked at
 * for that reason stays as cold as it was: of a cgroup's pages on a node, the next request goes on in the same order (with
 * RECLAIM_ENGINE_UNORDERED: in the same generation or on the same list, which have no order).  But each request starts anew, at the
 * first node and the first cgroup: small ones take from there what one large one shares out among all.  Limits of a request work
 * as they do otherwise; RECLAIM_REQUEST_KERNEL is refused.  With RECLAIM_MODE_DEMOTE, or where reclaim demotes by itself, elements
 * have RECLAIM_PAGE_DEMOTE.  Swap room for anonymous pages is taken when they are proposed.  The result counts the proposed pages as a request's does those that go; pgscan_ counters count
 * now, pgsteal_ and pgdemote_ counters when a page is committed.
 * Errors:   RECLAIM_E_AGAIN: fewer were proposed than asked for; result->victims says how many.
 *           as reclaim_engine_reclaim else; nothing is proposed.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: about a kilobyte, and 64 bytes for each page asked for, as far as there are frames.  Since: 0.1 */
int32_t reclaim_engine_propose(reclaim_engine_t *engine, const reclaim_request_t *request, reclaim_result_t *result);

/* Sets the engine's clock, in microseconds from any beginning; policies that go by time (mglru) and idle ages are given this.  It
 * is 0 at first, and yours to advance.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID beyond 2^62 from 0.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_set_time(reclaim_engine_t *engine, int64_t microseconds);

/* Looks once which pages have been used since the last scan, and makes all others a tick older; a request with min_idle_ms goes
 * by it.  Call it every period_ms, the same each time and at least 1, with the clock set.  What accessed bits said is kept for the
 * policy.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for a period of 0, and without RECLAIM_ENGINE_IDLE_AGE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with the pages of the engine, a few nanoseconds for each used one.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_scan_idle_ages(reclaim_engine_t *engine, uint64_t period_ms);

/* An event counter of the whole machine by the kernel's name, with the meaning that it has in /proc/vmstat:
 * "pgscan_kswapd", "pswpout", "workingset_refault_anon", ...  pgscan_ and pgsteal_ with _kswapd, _direct and
 * _proactive count reclaim for the whole machine only: not at a cgroup's limit, and not by request, which is always
 * for a cgroup, if only the root.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_read_counter(reclaim_engine_t *engine, const char *name, uint64_t name_length, int64_t *value);

/* Checks the whole engine: every frame is free, on one list, or isolated; page tables and frames point at each other;
 * counts and charges add up.  For tests: it walks all that there is.
 * Errors:   RECLAIM_E_CORRUPT: something is broken, and reclaim_last_error names it.  A defect of the library.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: some bytes for each page while it runs.  Since: 0.1 */
int32_t reclaim_engine_validate(reclaim_engine_t *engine);

/* The widest vectors that this engine uses, in bits; 64 for none.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_vector_bits(reclaim_engine_t *engine, uint32_t *bits);

/* ---- Pages ------------------------------------------------------------------------------------------------------ */

/* These calls take arrays of reclaim_page_t, of which they read space or file, page, and what is named with each.  page_size is
 * sizeof(reclaim_page_t).  A count of 0 does nothing.  The array is checked whole before anything is done: RECLAIM_E_NULL,
 * _BAD_HANDLE, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE and _INVALID mean that nothing was.  `outcomes`, one for each page,
 * and the number at the end may be NULL. */

/* Brings pages in that are in your memory now: pages[i].cookie becomes the page's, with RECLAIM_ENGINE_COOKIES (else it is 0), and
 * RECLAIM_PAGE_DIRTY in pages[i].flags makes it dirty.  pages[i].node is the node whose memory it takes, and that alone.  page_in
 * is not called.  A page that was evicted before counts as a refault, and its policy judges it by that.  For a page that is in memory
 * already it is an access that gives it the cookie; its node stays.  File pages are charged to the root.  A page of a space that maps a
 * file there is named by the file.  With RECLAIM_ENGINE_IDENTITY the node is the space's home_node.
 * Errors:   RECLAIM_E_NO_MEMORY: no room could be made for pages[*added]; those before it are in.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE, _INVALID.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for page_out.  Allocates: never.  Since: 0.1 */
int32_t reclaim_pages_add(reclaim_engine_t *engine, const reclaim_page_t *pages, uint32_t page_size, uint64_t count, uint64_t *added);

/* Drops pages that are gone without having been evicted (truncated, freed): their frames are free, and nothing is remembered of
 * them.  Pages that are not in memory are forgotten too.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE, _INVALID.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_pages_remove(reclaim_engine_t *engine, const reclaim_page_t *pages, uint32_t page_size, uint64_t count);

/* Moves pages to a node, up or down the tiers, as move_pages(2) does; page_migrate is asked first.  outcomes[i] is RECLAIM_OK (also
 * for a page that is there already), RECLAIM_E_NOT_RESIDENT, RECLAIM_E_NO_MEMORY (the node has no free frame), RECLAIM_E_PINNED, or
 * RECLAIM_E_BUSY (proposed, in use, or page_migrate kept it).
 * A page arrives there as one that comes in, by a fault if it was used since its policy last looked.
 * Errors:   RECLAIM_E_AGAIN: fewer than `count` pages are there now.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE, _INVALID;
 *           RECLAIM_E_UNSUPPORTED with RECLAIM_ENGINE_IDENTITY.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for page_migrate.  Allocates: never.  Since: 0.1 */
int32_t reclaim_pages_move(reclaim_engine_t *engine, const reclaim_page_t *pages, uint32_t page_size, uint64_t count, uint32_t to_node,
                           int32_t *outcomes, uint64_t *moved);

/* Says of proposed pages that they are gone, or, with RECLAIM_PAGE_DEMOTE in a page's flags as it was proposed, that they have moved.
 * to_node is where it is now, a node of a lower tier.  outcomes[i] is RECLAIM_OK, or why the page is still where it was:
 * RECLAIM_E_NOT_PROPOSED (or not for that), RECLAIM_E_ACCESSED (used since; it is young), RECLAIM_E_PINNED, or RECLAIM_E_NO_MEMORY
 * (the node to move to is full); after the last three it is back on its list.  What was gone has to be brought back by you then: so
 * commit first where you can, and give memory away after.
 * Errors:   RECLAIM_E_AGAIN: fewer than `count` were committed.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE, _INVALID.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_pages_commit(reclaim_engine_t *engine, const reclaim_page_t *pages, uint32_t page_size, uint64_t count,
                             int32_t *outcomes, uint64_t *committed);

/* Says of proposed pages that they stay, and why: a RECLAIM_KEEP answer, with the meaning that it has for page_out.  They are back on
 * their lists.  Pages that are not proposed are left alone.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG, _RANGE; RECLAIM_E_INVALID also for another reason.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_pages_abort(reclaim_engine_t *engine, const reclaim_page_t *pages, uint32_t page_size, uint64_t count, int32_t reason,
                            uint64_t *aborted);

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

/* The state of a node.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_RANGE for a node that is not there.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_node_read(reclaim_engine_t *engine, uint32_t node, reclaim_node_state_t *state);

/* One balance run of kswapd, the node's background reclaimer.  The engine has no thread for it: call this when
 * RECLAIM_NODE_KSWAPD_WANTED is set, and as long as it is.  A balanced node is left alone.
 * `reclaimed`, the pages that it evicted, may be NULL.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_RANGE for a node that is not there.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for page_out.  Allocates: never.  Since: 0.1 */
int32_t reclaim_node_run_kswapd(reclaim_engine_t *engine, uint32_t node, uint64_t *reclaimed);

/* What tasks of a node have waited for memory.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_RANGE for a node that is not there;
 *           RECLAIM_E_UNSUPPORTED without RECLAIM_ENGINE_PRESSURE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_node_read_pressure(reclaim_engine_t *engine, uint32_t node, reclaim_pressure_t *pressure);

/* ---- Memory cgroups --------------------------------------------------------------------------------------------- */

/* Creates a cgroup.  It lives until reclaim_memcg_destroy, or as long as its engine.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for a bad
 *           name or a flag; RECLAIM_E_EXISTS; RECLAIM_E_NOT_FOUND for a policy that the engine was not built with;
 *           RECLAIM_E_CAPACITY; RECLAIM_E_UNSUPPORTED with RECLAIM_ENGINE_NO_MEMCG.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: some hundred bytes for each node.  Since: 0.1 */
int32_t reclaim_memcg_create(reclaim_engine_t *engine, const reclaim_memcg_options_t *options, reclaim_memcg_t **memcg);

/* Ends a cgroup, as rmdir does: its handle is dead from then on.  File pages that are charged to it are its parent's from then on.
 * What it has counted stays in theirs that are above it.  Operations for it end as cancelled.  NULL is accepted and does nothing.
 * Errors:   RECLAIM_E_BAD_HANDLE; RECLAIM_E_BUSY also when it has cgroups below it or address spaces; RECLAIM_E_INVALID for the root.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its pages and the length of all files.  Allocates: 4 bytes a page while it runs.  Since: 0.1 */
int32_t reclaim_memcg_destroy(reclaim_memcg_t *memcg);

/* The cgroup of a path, such as "/db/cache"; "/" is the root.  The same handle each time.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_INVALID, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_find(reclaim_engine_t *engine, const char *path, uint64_t path_length, reclaim_memcg_t **memcg);

/* Binds a cgroup to another of the engine's policies, with all that it has in memory, which the new one takes over from the coldest
 * to the hottest.  Cgroups below it stay as they are.  Its proposals lapse.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_INVALID, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its pages.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_memcg_set_policy(reclaim_memcg_t *memcg, const char *policy, uint64_t policy_length);

/* Sets memory.max, the hard limit in pages, RECLAIM_UNLIMITED for none, and reclaims down to it.
 * Errors:   RECLAIM_E_AGAIN: the usage could not be brought down to it.  The limit stands, and the next charge
 *           reclaims again.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for the root, whose limit is the machine.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for page_out.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_set_max(reclaim_memcg_t *memcg, uint64_t pages);

/* Sets memory.high, above which a task reclaims after each fault and is to wait (throttled_ms); RECLAIM_UNLIMITED for none.
 * Reclaims down to it.
 * Errors:   RECLAIM_E_AGAIN: the usage could not be brought down to it.  The limit stands.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for the root.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for page_out.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_set_high(reclaim_memcg_t *memcg, uint64_t pages);

/* Sets memory.swap.max, how many of its anonymous pages may be out; RECLAIM_UNLIMITED for no limit.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for the root.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_set_swap_max(reclaim_memcg_t *memcg, uint64_t pages);

/* Sets memory.min, what reclaim from outside never takes, and memory.low, what it takes only when nothing else is
 * left.  In pages, 0 for none.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for the root.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_set_protection(reclaim_memcg_t *memcg, uint64_t min_pages, uint64_t low_pages);

/* Sets the swappiness, 0 to 200: how readily anonymous pages go in place of file pages.  A new cgroup has its
 * parent's; the root's is 60 at first.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID beyond 200.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_set_swappiness(reclaim_memcg_t *memcg, uint32_t swappiness);

/* What a cgroup uses, and its settings.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_read(reclaim_memcg_t *memcg, reclaim_memcg_state_t *state);

/* An event counter of a cgroup and all below it, over all nodes, by the kernel's name, as in memory.stat.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_read_counter(reclaim_memcg_t *memcg, const char *name, uint64_t name_length, int64_t *value);

/* What tasks of a cgroup and all below it have waited for memory.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_UNSUPPORTED without RECLAIM_ENGINE_PRESSURE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_memcg_read_pressure(reclaim_memcg_t *memcg, reclaim_pressure_t *pressure);

/* ---- Address spaces --------------------------------------------------------------------------------------------- */

/* Creates an address space of anonymous pages [0, pages), none of them in memory.  Yours until destroyed, or until
 * its engine is.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _WRONG_ENGINE, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for 0 pages;
 *           RECLAIM_E_RANGE for a node that is not there; RECLAIM_E_CAPACITY.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_address_space_create(reclaim_engine_t *engine, const reclaim_address_space_options_t *options,
                                     reclaim_address_space_t **space);

/* Ends an address space: its pages are freed, without callbacks, and its handle is dead from then on.  NULL is
 * accepted and does nothing.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY (it lives on).
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its length.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_destroy(reclaim_address_space_t *space);

/* Accesses pages in order, as the space's process would.  Each word is a page below 2^31, with RECLAIM_WRITE for a
 * write.  A page that is absent comes in, and others go for it where memory or a limit has run out.
 * `count` is below 2^31; it may be 0, and then `words` may be NULL.  `tally` may be NULL.  Batches of 32 words or more
 * make the cost of the call small.
 * Errors:   RECLAIM_E_NO_MEMORY: no room could be made for word processed - 1; those before it are done.
 *           RECLAIM_E_IO: page_in failed for word processed - 1; those before it are done.
 *           RECLAIM_E_RANGE: word `processed` names a page beyond the space; those before it are done.
 *           In these cases the tally is filled.
 *           RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for a count of 2^31 or more.
 *           Nothing was accessed, and the tally is left alone.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_access(reclaim_address_space_t *space, const uint32_t *words, uint64_t count,
                                     reclaim_tally_t *tally);

/* Accesses one page, below 2^31.  `flags` is 0 or RECLAIM_WRITE.  A convenience: many pages are cheaper in a batch.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE; RECLAIM_E_INVALID for other flags;
 *           RECLAIM_E_NO_MEMORY: no room could be made for it; RECLAIM_E_IO: page_in failed.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_access_page(reclaim_address_space_t *space, uint64_t page, uint32_t flags);

/* Whether a page is in memory: `resident` becomes 1 or 0.  No access: it does not make the page any younger.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_RANGE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_is_resident(reclaim_address_space_t *space, uint64_t page, uint32_t *resident);

/* Keeps a page that is in memory from being evicted until it is unpinned or freed.  Pins do not add up.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE, RECLAIM_E_NOT_RESIDENT.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_pin(reclaim_address_space_t *space, uint64_t page);

/* Lets a pinned page be evicted again; one that is not pinned stays as it is.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE, RECLAIM_E_NOT_RESIDENT.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_unpin(reclaim_address_space_t *space, uint64_t page);

/* The address space of a name; of several with that name, the oldest.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_INVALID, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_find(reclaim_engine_t *engine, const char *name, uint64_t name_length, reclaim_address_space_t **space);

/* Accesses the pages whose bits are set, as a log of dirty or idle pages, /proc/PID/pagemap or a hypervisor has them: bit i of the array
 * is page first + i.  `first` is a multiple of 64; words are pages/64, rounded up, and bits beyond `pages` are ignored.
 * `written` may be NULL; a bit there is an access that wrote, whatever its bit in `accessed`.  Only pages in memory are accessed: what
 * was seen used and is gone since is counted in `absent`, which may be NULL, and not brought back.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_RANGE; RECLAIM_E_INVALID for a `first` between words.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_access_bitmap(reclaim_address_space_t *space, uint64_t first, uint64_t pages, const uint64_t *accessed,
                                            const uint64_t *written, uint64_t *absent);

/* Reads one bit of each page into words, as above; bits beyond `pages` become 0.  No access.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_RANGE; RECLAIM_E_INVALID for a `first` between words, and for
 *           another `what`.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_read_bitmap(reclaim_address_space_t *space, uint32_t what, uint64_t first, uint64_t pages, uint64_t *words);

#define RECLAIM_BITMAP_RESIDENT 0u
#define RECLAIM_BITMAP_ACCESSED 1u /* since the policy last looked */
#define RECLAIM_BITMAP_DIRTY 2u    /* since it last came in */
#define RECLAIM_BITMAP_PINNED 3u
#define RECLAIM_BITMAP_PROPOSED 4u
#define RECLAIM_BITMAP_RECENT 5u /* advice what to prefetch: absent, and evicted so lately that it would be a member of the working set
                                  * if it came back now, by the measure of the policy that evicted it */

/* Idle ages, one byte a page: how many scans ago a page was last used, in ticks, 0 to 254, or 255 for one that was never in memory.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_RANGE; RECLAIM_E_UNSUPPORTED without RECLAIM_ENGINE_IDLE_AGE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_read_ages(reclaim_address_space_t *space, uint64_t first, uint64_t pages, uint8_t *ages);

/* Advises about pages [first, first + pages), as madvise(2) does; `affected`, how many pages it has made a difference to, may be NULL.
 * Errors:   RECLAIM_E_AGAIN for RECLAIM_ADVICE_WILL_NEED: no room for all; those before are in, and `affected` is filled.  RECLAIM_E_IO:
 *           page_in failed.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE; RECLAIM_E_INVALID for other advice.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_advise(reclaim_address_space_t *space, uint64_t first, uint64_t pages, uint32_t advice, uint64_t *affected);

#define RECLAIM_ADVICE_COLD 1u      /* MADV_COLD: unused from now on; they go before others do */
#define RECLAIM_ADVICE_PAGE_OUT 2u  /* MADV_PAGEOUT: evicts them now, where they are not pinned, shared, or kept by page_out */
#define RECLAIM_ADVICE_WILL_NEED 3u /* MADV_WILLNEED: brings in what was evicted, as not accessed yet */

/* Maps pages [first, first + pages) to a file, from its page file_page on; to nothing, that is anonymous pages, with a NULL file.  What
 * was there is freed.  `flags` is 0 or RECLAIM_MAP_... together.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _WRONG_ENGINE, _RANGE; RECLAIM_E_INVALID for other flags;
 *           RECLAIM_E_UNSUPPORTED with RECLAIM_ENGINE_IDENTITY.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with the pages that were there.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_address_space_map(reclaim_address_space_t *space, uint64_t first, uint64_t pages, reclaim_file_t *file, uint64_t file_page,
                                  uint32_t flags);

#define RECLAIM_MAP_EXEC 1u       /* program text: classic and mglru are slow to let go of it */
#define RECLAIM_MAP_NO_RECENCY 2u /* as VM_SEQ_READ and VM_RAND_READ: accesses through it do not make a page young */

/* Frees the anonymous pages of a range and unmaps the file pages there, as if nobody had ever touched them.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its length.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_discard(reclaim_address_space_t *space, uint64_t first, uint64_t pages);

/* Says what the task of an address space does from the engine's time on, for pressure stall information: RECLAIM_TASK_...
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for another state; RECLAIM_E_UNSUPPORTED without RECLAIM_ENGINE_PRESSURE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_address_space_set_task_state(reclaim_address_space_t *space, uint32_t state);

#define RECLAIM_TASK_IDLE 0u    /* neither; every task begins so */
#define RECLAIM_TASK_RUNNING 1u /* at productive work */
#define RECLAIM_TASK_STALLED 2u /* waits for memory, or reclaims it */

/* ---- Files ------------------------------------------------------------------------------------------------------ */

/* Creates a file, none of its pages in memory.  Pages of a file come in by being read or written here, or through mappings, and have one
 * place in memory for all.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG; RECLAIM_E_INVALID for 0 pages and flags; RECLAIM_E_CAPACITY;
 *           RECLAIM_E_UNSUPPORTED with RECLAIM_ENGINE_IDENTITY.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_file_create(reclaim_engine_t *engine, const reclaim_file_options_t *options, reclaim_file_t **file);

/* Ends a file: its pages are freed, without callbacks, and its handle is dead from then on.  NULL is accepted and does nothing.
 * Errors:   RECLAIM_E_BAD_HANDLE; RECLAIM_E_BUSY also when it is mapped somewhere.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its length.  Allocates: never.  Since: 0.1 */
int32_t reclaim_file_destroy(reclaim_file_t *file);

/* The file of a name; of several with that name, the oldest.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_INVALID, RECLAIM_E_NOT_FOUND.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_file_find(reclaim_engine_t *engine, const char *name, uint64_t name_length, reclaim_file_t **file);

/* Reads and writes pages by descriptor, in order, for a process of `memcg` (NULL for the root) that runs on node `home_node`.  Words, count
 * and tally as of reclaim_address_space_access.
 * Errors:   as reclaim_address_space_access, and RECLAIM_E_WRONG_ENGINE; RECLAIM_E_RANGE for a node that is not there.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: never.  Since: 0.1 */
int32_t reclaim_file_access(reclaim_file_t *file, reclaim_memcg_t *memcg, uint32_t home_node, const uint32_t *words, uint64_t count,
                            reclaim_tally_t *tally);

/* Drops pages [first, first + pages) of a file from memory and from memory's memory, as truncation does: dirty or not, mapped or not.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_RANGE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Time grows with its length.  Allocates: never.  Since: 0.1 */
int32_t reclaim_file_truncate(reclaim_file_t *file, uint64_t first, uint64_t pages);

/* ---- Control files ---------------------------------------------------------------------------------------------- */

/* The engine has the kernel's text files, by their paths without a slash in front: "sys/fs/cgroup/db/memory.reclaim",
 * "sys/devices/system/node/node0/reclaim", "proc/vmstat", "sys/kernel/mm/lru_gen/enabled".  docs/control-files.md has all of them. */

/* Reads a file's whole text, or lists a directory: a name on each line, and directories with a slash behind theirs.  *length becomes the
 * length in bytes; the text is not zero-terminated.  With a capacity of 0, `text` may be NULL.
 * Errors:   RECLAIM_E_NO_ROOM: *length says how much there is; nothing else was written.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_NOT_FOUND, RECLAIM_E_ACCESS, RECLAIM_E_UNSUPPORTED.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: the text, and some kilobytes.  Since: 0.1 */
int32_t reclaim_engine_read_control(reclaim_engine_t *engine, const char *path, uint64_t path_length, char *text, uint64_t capacity,
                                    uint64_t *length);

/* Writes a text of at most 4096 bytes to a file, as one write(2) would; it is parsed whole before anything is done.  What stays open with a
 * file in the kernel, a trigger of memory.pressure, is refused.
 * Errors:   RECLAIM_E_INVALID where the kernel says EINVAL, RECLAIM_E_AGAIN where it says EAGAIN (less was reclaimed than asked),
 *           RECLAIM_E_BUSY, RECLAIM_E_RANGE, RECLAIM_E_NOT_FOUND, RECLAIM_E_ACCESS, RECLAIM_E_UNSUPPORTED.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_NULL.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for callbacks.  Allocates: some kilobytes.  Since: 0.1 */
int32_t reclaim_engine_write_control(reclaim_engine_t *engine, const char *path, uint64_t path_length, const char *text, uint64_t text_length);

/* ---- Statistics and tracepoints --------------------------------------------------------------------------------- */

/* The name of counter `index`, by the kernel, such as "pgscan_kswapd"; NULL beyond the last.  Static text.
 * Errors:   none.
 * Threads:  any, at any time.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
const char *reclaim_counter_name(uint32_t index);

/* All event counters at once: of a cgroup and all below it, or of the whole machine, the events of reclaim for it alone included, when
 * `memcg` is NULL.  values[i] is counter i of reclaim_counter_name.  *count becomes their number.
 * Errors:   RECLAIM_E_NO_ROOM: *count says how many there are; nothing else was written.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_WRONG_ENGINE.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: never.  Since: 0.1 */
int32_t reclaim_engine_read_counters(reclaim_engine_t *engine, reclaim_memcg_t *memcg, int64_t *values, uint32_t capacity, uint32_t *count);

/* Everything that there is to know about the engine as a JSON document with "schema":"reclaim.stats/1": the machine and its nodes, each
 * cgroup with its policy, limits, sizes, counters and pressure, address spaces, files, overrides and ejections of policies, and the bytes
 * that each table takes.  docs/stats.md has its fields.  Buffer as of reclaim_engine_read_control.
 * Errors:   RECLAIM_E_NO_ROOM: *length says how much there is; nothing else was written.
 *           RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL.
 * Threads:  one at a time in this engine.
 * Blocking: never.  Allocates: the text.  Since: 0.1 */
int32_t reclaim_engine_read_stats(reclaim_engine_t *engine, char *text, uint64_t capacity, uint64_t *length);

/* Has `trace` told of the events of a mask, from now on; 0 and NULL for none.  An event that nobody asked for costs a test of a bit.  Each
 * BEGIN and WAKE has its END or SLEEP, with one thread always the next of these.  Previews tell nothing.  docs/stats.md has the fields of each.
 * Errors:   RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY; RECLAIM_E_INVALID for unknown events; RECLAIM_E_NULL for events without a callback.
 * Threads:  one at a time in this engine.  In a concurrent one `trace` is called by several threads at once.
 * Blocking: never.  Allocates: some hundred bytes.  Since: 0.1 */
int32_t reclaim_engine_set_trace(reclaim_engine_t *engine, uint64_t events, reclaim_trace_fn trace, void *context);

/* ---- Snapshots and copies --------------------------------------------------------------------------------------- */

/* Writes all that an engine is to `write`, in pieces: what is in memory, on which lists, what policies and counters know.  It is
 * versioned and checksummed; docs/snapshot-format.md has the format.  Proposals have lapsed in it, operations under way, callbacks and
 * policy_stuck are not in it.  What a policy in C keeps in memory of its own is not in it.
 * Errors:   RECLAIM_E_IO: `write` failed.  RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL.
 * Threads:  one at a time in this engine.
 * Blocking: never, but for `write`.  Time grows with the memory that the engine has touched.  Allocates: some kilobytes.  Since: 0.1 */
int32_t reclaim_engine_save(reclaim_engine_t *engine, reclaim_write_fn write, void *context);

/* Builds an engine that is what the saved one was, from the bytes that `read` supplies: the same calls give the same results as there.  Find
 * its cgroups, spaces and files by their names.  `options` has what is no state; policies of this program are found by name in its tables,
 * paths of libraries are loaded again.  Checksums find damage, not a forger: restore only what you trust.
 * Errors:   RECLAIM_E_IO: `read` failed.  RECLAIM_E_FORMAT: the bytes are no snapshot, damaged, or of another version.  RECLAIM_E_NOT_FOUND:
 *           a policy is missing, or asks for other memory than it did, and the text names it.
 *           RECLAIM_E_NULL, _STRUCT_SIZE, _TOO_BIG, _INVALID, _CAPACITY, _SYSTEM_MEMORY.
 * Threads:  any, at any time.
 * Blocking: never, but for `read`.  Allocates: as reclaim_engine_create.  Since: 0.1 */
int32_t reclaim_engine_restore(const reclaim_copy_options_t *options, reclaim_read_fn read, void *context, reclaim_engine_t **engine);

/* reclaim_engine_save to a file.  It is written beside the path and takes its place when it is whole.
 * Errors:   RECLAIM_E_IO, and what was at the path is as it was.  RECLAIM_E_BAD_HANDLE, RECLAIM_E_BUSY, RECLAIM_E_NULL, RECLAIM_E_INVALID.
 * Threads:  one at a time in this engine.
 * Blocking: for the file.  Allocates: some kilobytes.  Since: 0.1 */
int32_t reclaim_engine_save_file(reclaim_engine_t *engine, const char *path, uint64_t path_length);

/* reclaim_engine_restore from a file, which has the snapshot and nothing behind it.
 * Errors:   as reclaim_engine_restore.
 * Threads:  any, at any time.
 * Blocking: for the file.  Allocates: as reclaim_engine_create.  Since: 0.1 */
int32_t reclaim_engine_restore_file(const reclaim_copy_options_t *options, const char *path, uint64_t path_length, reclaim_engine_t **engine);

/* A copy of a living engine, on which to try another policy (reclaim_memcg_set_policy) or a request and see what would have come of it.  Find
 * its cgroups, spaces and files by their names.  The engine is as it was, but for this: nothing.
 * Errors:   RECLAIM_E_BAD_HANDLE, _BUSY, _NULL, _STRUCT_SIZE, _TOO_BIG, _NOT_FOUND, _INVALID, _CAPACITY, _SYSTEM_MEMORY.
 * Threads:  one at a time in the engine.
 * Blocking: never.  Time grows with the memory that the engine has touched.  Allocates: as much again.  Since: 0.1 */
int32_t reclaim_engine_fork(reclaim_engine_t *engine, const reclaim_copy_options_t *options, reclaim_engine_t **copy);

#ifdef __cplusplus
}
#endif

#endif

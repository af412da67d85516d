/*
 * A buffer pool in front of a file: the library says which blocks to give up, and gives up nothing by itself.  A cleaner asks for
 * victims ahead of need, writes the dirty ones, and commits them some requests later; what was used meanwhile is refused, and stays.
 *
 *   dotnet publish src/Bindings -c Release -o out
 *   gcc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/c/buffer_pool.c -o out/buffer_pool -Iout/include -Lout -lreclaim -Wl,-rpath,'$ORIGIN'
 *   out/buffer_pool
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <reclaim.h>

enum { BLOCKS = 8192, SLOTS = 1024, VICTIMS = 32, FEW_FREE = 16, FEWEST_FREE = 4, BATCH = 32, REQUESTS = 200000 };
typedef struct block { uint64_t stamp, text[511]; } block_t;

static int file;
static block_t slots[SLOTS], *block_of[BLOCKS], *free_slots[SLOTS]; /* block_of: by number, NULL when it is not in memory */
static reclaim_engine_t *engine;
static reclaim_address_space_t *space;                     /* page numbers are block numbers */
static uint32_t accesses[BATCH], access_count, free_count; /* accesses: hits that the library has yet to be told of */
static reclaim_page_t victims[VICTIMS];                    /* proposed, and clean in the file */
static uint64_t victim_count, hits, writes, refused;

static void check(int32_t status, const char *what)
{
    if (status == RECLAIM_OK || status == RECLAIM_E_AGAIN) /* fewer than asked for, which is no error here */
        return;
    fprintf(stderr, "%s: %s: %s\n", what, reclaim_status_name(status), status == RECLAIM_E_IO ? strerror(errno) : reclaim_last_error());
    exit(1);
}

static void write_block(uint64_t number, const block_t *block)
{
    check(pwrite(file, block, sizeof *block, (off_t)(number * sizeof *block)) == sizeof *block ? RECLAIM_OK : RECLAIM_E_IO, "write a block");
    writes++;
}

static void read_block(uint64_t number, block_t *block)
{
    check(pread(file, block, sizeof *block, (off_t)(number * sizeof *block)) == sizeof *block ? RECLAIM_OK : RECLAIM_E_IO, "read a block");
}

static void report_accesses(void)
{
    check(reclaim_address_space_access(space, accesses, access_count, NULL), "report accesses");
    access_count = 0;
}

/* The coldest blocks.  They stay in use until they are committed. */
static void begin_cleaning(void)
{
    report_accesses();
    reclaim_request_t request = { .struct_size = sizeof request, .pages = VICTIMS, .victims = victims,
                                  .victim_size = sizeof victims[0], .victim_capacity = VICTIMS };
    reclaim_result_t result = { .struct_size = sizeof result };
    check(reclaim_engine_propose(engine, &request, &result), "propose");
    victim_count = result.victims;
    for (uint64_t i = 0; i < victim_count; i++)
        if (victims[i].flags & RECLAIM_PAGE_DIRTY)
            write_block(victims[i].page, (block_t *)(uintptr_t)victims[i].cookie);
}

static void end_cleaning(void)
{
    int32_t outcomes[VICTIMS];
    report_accesses(); /* first: a block that was used since is not to go */
    check(reclaim_pages_commit(engine, victims, sizeof victims[0], victim_count, outcomes, NULL), "commit");
    for (uint64_t i = 0; i < victim_count; i++) {
        refused += outcomes[i] != RECLAIM_OK;
        if (outcomes[i] == RECLAIM_OK) {
            free_slots[free_count++] = (block_t *)(uintptr_t)victims[i].cookie;
            block_of[victims[i].page] = NULL;
        }
    }
    victim_count = 0;
}

/* A block in memory, which stays there until it is put back; one user at a time. */
static block_t *get(uint32_t number, int write)
{
    if (victim_count == 0 && free_count < FEW_FREE)
        begin_cleaning();
    if (victim_count > 0 && free_count < FEWEST_FREE)
        end_cleaning();
    if (block_of[number] != NULL) {
        hits++;
        accesses[access_count++] = number | (write ? RECLAIM_WRITE : 0);
        if (access_count == BATCH)
            report_accesses();
    } else {
        block_of[number] = free_slots[--free_count];
        read_block(number, block_of[number]);
        reclaim_page_t page = { .space = space, .page = number, .flags = write ? RECLAIM_PAGE_DIRTY : 0,
                                .cookie = (uintptr_t)block_of[number] };
        check(reclaim_pages_add(engine, &page, sizeof page, 1, NULL), "add");
    }
    check(reclaim_address_space_pin(space, number), "pin");
    return block_of[number];
}

static void put(uint32_t number) { check(reclaim_address_space_unpin(space, number), "unpin"); }

int main(void)
{
    FILE *data = tmpfile();
    check(data != NULL && ftruncate(file = fileno(data), BLOCKS * (off_t)sizeof(block_t)) == 0 ? RECLAIM_OK : RECLAIM_E_IO, "create a file");
    for (; free_count < SLOTS; free_count++)
        free_slots[free_count] = &slots[free_count];
    reclaim_node_options_t node = { .pages = SLOTS };
    reclaim_engine_options_t pool = { .struct_size = sizeof pool, .flags = RECLAIM_ENGINE_ADVISOR | RECLAIM_ENGINE_COOKIES,
                                      .nodes = &node, .node_count = 1, .node_size = sizeof node,
                                      .policies = "sieve", .policies_length = RECLAIM_NUL_TERMINATED };
    check(reclaim_engine_create(&pool, &engine), "create the engine");
    reclaim_address_space_options_t blocks = { .struct_size = sizeof blocks, .pages = BLOCKS };
    check(reclaim_address_space_create(engine, &blocks, &space), "create the address space");
    /* Every block has to have the stamp of the request that wrote it last. */
    static uint64_t stamps[BLOCKS], wrong;
    for (uint64_t request = 1; request <= REQUESTS; request++) {
        uint32_t number = (uint32_t)rand() % (1 + (uint32_t)rand() % (1 + (uint32_t)rand() % BLOCKS)); /* few often, most seldom */
        block_t *block = get(number, request % 5 == 0);
        wrong += block->stamp != stamps[number];
        if (request % 5 == 0)
            block->stamp = stamps[number] = request;
        put(number);
    }

    /* What is dirty at the end is written, and then the file has it all. */
    report_accesses();
    static uint64_t dirty[BLOCKS / 64];
    check(reclaim_address_space_read_bitmap(space, RECLAIM_BITMAP_DIRTY, 0, BLOCKS, dirty), "read the dirty bits");
    for (uint32_t number = 0; number < BLOCKS; number++) {
        block_t block;
        if (dirty[number / 64] >> number % 64 & 1)
            write_block(number, block_of[number]);
        read_block(number, &block);
        wrong += block.stamp != stamps[number];
    }
    printf("%d blocks, %d in memory: %.1f %% of %d requests were hits\n", BLOCKS, SLOTS, 100.0 * (double)hits / REQUESTS, REQUESTS);
    printf("written: %" PRIu64 ", for %d requests that wrote; victims that were used again and stayed: %" PRIu64 "; wrong blocks: %" PRIu64 "\n",
           writes, REQUESTS / 5, refused, wrong);
    check(reclaim_engine_destroy(engine), "destroy the engine");
    return wrong > 0;
}

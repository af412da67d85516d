// lackey-reduce: valgrind's lackey trace on stdin -> page trace on stdout.
//
//   valgrind --tool=lackey --trace-mem=yes --log-fd=9 PROGRAM 9>&1 >&2 | lackey-reduce > trace.u32
//
// Output: little-endian u32 page numbers, bit 31 = write. What is done to the byte addresses, in order:
//  1. 4096-byte pages; an access that crosses a boundary is two.
//  2. An access to one of the 64 most recently used pages is dropped: a TLB would answer it, and the kernel's
//     accessed bit would not change. A dropped write marks the access that is still in the trace, so that the
//     page is dirty from then on.
//  3. Page numbers are packed by leaf page table (512 pages): tables never touched vanish, the others keep their
//     order and every page keeps its slot, so that page-table neighbourhood is as the program had it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TLB 64
#define WRITE (1ull << 63)

static uint64_t *out;           // page | WRITE, in trace order
static size_t count, capacity;

static uint64_t tlb_page[TLB];  // most recent first
static size_t tlb_access[TLB];  // index in out[] of the access that brought the page in
static int tlb_used;

static void touch(uint64_t page, int write)
{
    int at = 0;
    while (at < tlb_used && tlb_page[at] != page)
        at++;

    size_t access;
    if (at < tlb_used) {
        access = tlb_access[at];
    } else {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 1 << 20;
            out = realloc(out, capacity * sizeof *out);
            if (!out) {
                fprintf(stderr, "lackey-reduce: no memory for %zu accesses\n", capacity);
                exit(1);
            }
        }
        access = count;
        out[count++] = page;
        if (tlb_used < TLB)
            tlb_used++;
        at = tlb_used - 1;
    }

    if (write)
        out[access] |= WRITE;
    memmove(tlb_page + 1, tlb_page, at * sizeof *tlb_page);
    memmove(tlb_access + 1, tlb_access, at * sizeof *tlb_access);
    tlb_page[0] = page;
    tlb_access[0] = access;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static char line[256];
    uint64_t raw = 0;
    while (fgets(line, sizeof line, stdin)) {
        // "I  04001090,3"   " L 1ffefffe7c,4"   " S ..."   " M ..." (load and store); everything else is chatter
        char kind = line[0] == 'I' ? 'I' : line[1];
        if ((line[0] != 'I' && line[0] != ' ') || line[2] != ' ' || !strchr("ILSM", kind))
            continue;
        char *end;
        uint64_t address = strtoull(line + 3, &end, 16);
        uint64_t size = *end == ',' ? strtoull(end + 1, NULL, 10) : 0;
        if (size == 0)
            continue;
        raw++;
        int write = kind == 'S' || kind == 'M';
        touch(address >> 12, write);
        if ((address + size - 1) >> 12 != address >> 12)
            touch((address + size - 1) >> 12, write);
    }

    if (count == 0) {
        fprintf(stderr, "lackey-reduce: no access in the input\n");
        return 1;
    }

    uint64_t *tables = malloc(count * sizeof *tables);
    if (!tables)
        return 1;
    for (size_t i = 0; i < count; i++)
        tables[i] = (out[i] & ~WRITE) >> 9;
    qsort(tables, count, sizeof *tables, by_value);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || tables[distinct - 1] != tables[i])
            tables[distinct++] = tables[i];

    for (size_t i = 0; i < count; i++) {
        uint64_t page = out[i] & ~WRITE, table = page >> 9;
        uint64_t *found = bsearch(&table, tables, distinct, sizeof *tables, by_value);
        uint32_t packed = (uint32_t)((found - tables) << 9 | (page & 511)) | (out[i] & WRITE ? 1u << 31 : 0);
        unsigned char bytes[4] = { packed, packed >> 8, packed >> 16, packed >> 24 };
        fwrite(bytes, 1, 4, stdout);
    }
    fprintf(stderr, "lackey-reduce: %" PRIu64 " byte accesses, %zu page accesses, %zu leaf tables\n", raw, count, distinct);
    return fflush(stdout) != 0 || ferror(stdout);
}

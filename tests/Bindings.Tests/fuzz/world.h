/* What the parts of the fuzzer share: random numbers, living and dead handles, the table of calls. */
#ifndef WORLD_H
#define WORLD_H

#include <reclaim.h>

/* Where engines are saved: gone when the fuzzer begins and when it ends. */
#define SNAPSHOT_FILE "fuzz.snapshot"

enum { ENGINES = 3, HANDLES = 400, POISON = 0x5a };

typedef enum { ENGINE, MEMCG, SPACE, PAGE_FILE, OPERATION, KINDS } kind_t;

/* A handle that was given out, and whether it should work. */
typedef struct handle {
    void *value;
    kind_t kind;
    int engine; /* index of its engine */
    int alive;
    uint64_t pages; /* of a space or file */
} handle_t;

/* A function of the header, and how its calls have ended so far. */
typedef struct entry {
    const char *name;
    int32_t (*call)(void);
    int weight;
    uint64_t succeeded;
    uint64_t failed;
} entry_t;

extern entry_t entries[];
extern const int entry_count;

uint64_t rnd(void);
void seed_with(uint64_t seed);
uint64_t below(uint64_t bound);
int one_in(uint64_t n);

/* A handle of a kind: most often a living one; else dead, of another kind, NULL, or forged.  `chosen` gets it, or NULL for the last two. */
void *any(kind_t kind, handle_t **chosen);

/* A living handle of a kind, in engine `engine` unless that is -1; NULL when there is none. */
handle_t *living(kind_t kind, int engine);

/* Remembers a handle that a call gave out; finds one that it gave out before. */
void born(kind_t kind, int engine, void *value, uint64_t pages);

/* Says that a handle, and for an engine all of its parts, works no longer. */
void died(handle_t *handle);
int living_parts(kind_t kind, int engine);

/* A number that is likely to be interesting as an amount. */
uint64_t amount(void);
uint32_t flags_of(uint32_t known);

/* A string argument: text, or now and then NULL, bytes that are not UTF-8, another length. */
const char *text(const char *wanted, uint64_t *length);

/* The size for a struct: now and then a wrong one.  The struct has room for it behind. */
uint32_t size_for(uint32_t size);

void broken(const char *what);
void validate_all(void);

#endif

/* The header's structs have the sizes and offsets of layout.h. */
#include <stddef.h>

#include "check.h"

void test_layout(void)
{
#define SIZE(type, bytes) CHECK(sizeof(type) == (bytes));
#define FIELD(type, field, offset) CHECK(offsetof(type, field) == (offset));
#include "layout.h"
#undef SIZE
#undef FIELD

    CHECK(sizeof(reclaim_engine_t *) == 8);
    CHECK(RECLAIM_VERSION_NUMBER
          == RECLAIM_VERSION_MAJOR * 1000000 + RECLAIM_VERSION_MINOR * 1000 + RECLAIM_VERSION_PATCH);
}

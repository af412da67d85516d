/* An engine that is driven from a callback of another: each one's pages go where its own request says. */
#include <string.h>

#include "check.h"

enum { VICTIMS = 20 };

typedef struct nested {
    world_t outer;
    world_t inner;
    uint64_t asked;
} nested_t;

static int32_t page_out(void *context, const reclaim_page_t *page)
{
    nested_t *nested = (nested_t *)context;
    CHECK(page->space == nested->outer.space);
    if (nested->asked++ % 4 == 0) {
        reclaim_request_t request = request_for(5);
        OK(reclaim_engine_reclaim(nested->inner.engine, &request, NULL));
        OK(access_range(nested->inner.space, 0, WORLD_TOUCHED, 0)); /* beyond its limit */
    }

    return RECLAIM_EVICT;
}

void test_nested(void)
{
    static nested_t nested;
    static reclaim_page_t victims[VICTIMS];
    memset(&nested, 0, sizeof nested);
    memset(victims, 0, sizeof victims);
    reclaim_engine_options_t options;
    world_options(&options);
    world_open(&nested.inner);
    OK(reclaim_memcg_set_max(nested.inner.memcg, WORLD_TOUCHED / 2));
    options.page_out = page_out;
    options.context = &nested;
    world_open_with(&nested.outer, &options);

    reclaim_request_t request = request_for(VICTIMS);
    request.victims = victims;
    request.victim_size = sizeof victims[0];
    request.victim_capacity = VICTIMS;
    reclaim_result_t result;
    PREPARE(result);
    OK(reclaim_engine_reclaim(nested.outer.engine, &request, &result));
    CHECK(nested.asked == VICTIMS && result.victims == VICTIMS && result.reclaimed == VICTIMS);
    for (int i = 0; i < VICTIMS; i++)
        CHECK(victims[i].space == nested.outer.space);
    world_close(&nested.outer);
    world_close(&nested.inner);
}

/* Version, names, and the text of the last error. */
#include <pthread.h>
#include <string.h>

#include "check.h"

static const struct {
    int32_t status;
    const char *name;
} names[] = {
#define NAMED(status) { status, #status }
    NAMED(RECLAIM_OK),
    NAMED(RECLAIM_E_NULL),
    NAMED(RECLAIM_E_BAD_HANDLE),
    NAMED(RECLAIM_E_WRONG_ENGINE),
    NAMED(RECLAIM_E_STRUCT_SIZE),
    NAMED(RECLAIM_E_TOO_BIG),
    NAMED(RECLAIM_E_INVALID),
    NAMED(RECLAIM_E_RANGE),
    NAMED(RECLAIM_E_EXISTS),
    NAMED(RECLAIM_E_NOT_FOUND),
    NAMED(RECLAIM_E_UNSUPPORTED),
    NAMED(RECLAIM_E_NO_ROOM),
    NAMED(RECLAIM_E_ACCESS),
    NAMED(RECLAIM_E_NO_MEMORY),
    NAMED(RECLAIM_E_CAPACITY),
    NAMED(RECLAIM_E_SYSTEM_MEMORY),
    NAMED(RECLAIM_E_IO),
    NAMED(RECLAIM_E_FORMAT),
    NAMED(RECLAIM_E_AGAIN),
    NAMED(RECLAIM_E_BUSY),
    NAMED(RECLAIM_E_NOT_RESIDENT),
    NAMED(RECLAIM_E_CANCELED),
    NAMED(RECLAIM_E_NOT_PROPOSED),
    NAMED(RECLAIM_E_ACCESSED),
    NAMED(RECLAIM_E_PINNED),
    NAMED(RECLAIM_E_INTERNAL),
    NAMED(RECLAIM_E_CORRUPT),
};

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    CHECK(strcmp(reclaim_last_error(), "") == 0);
    FAILS(RECLAIM_E_NULL, reclaim_engine_create(NULL, NULL));
    return NULL;
}

void test_library(void)
{
    CHECK(reclaim_version_number() == RECLAIM_VERSION_NUMBER);

    int known = 0;
    for (int32_t status = -200; status <= 200; status++)
        known += strcmp(reclaim_status_name(status), "RECLAIM_E_UNKNOWN") != 0;
    CHECK(known == (int)(sizeof names / sizeof names[0]));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK(strcmp(reclaim_status_name(names[i].status), names[i].name) == 0);
    CHECK(strcmp(reclaim_status_name(INT32_MIN), "RECLAIM_E_UNKNOWN") == 0);

    /* The numbers themselves are the contract of programs that are compiled already. */
    CHECK(RECLAIM_OK == 0 && RECLAIM_E_NULL == -1 && RECLAIM_E_BAD_HANDLE == -2 && RECLAIM_E_WRONG_ENGINE == -3);
    CHECK(RECLAIM_E_STRUCT_SIZE == -10 && RECLAIM_E_TOO_BIG == -11);
    CHECK(RECLAIM_E_INVALID == -20 && RECLAIM_E_RANGE == -21 && RECLAIM_E_EXISTS == -22);
    CHECK(RECLAIM_E_NOT_FOUND == -23 && RECLAIM_E_UNSUPPORTED == -24 && RECLAIM_E_NO_ROOM == -25 && RECLAIM_E_ACCESS == -26);
    CHECK(RECLAIM_E_NO_MEMORY == -30 && RECLAIM_E_CAPACITY == -31 && RECLAIM_E_SYSTEM_MEMORY == -32);
    CHECK(RECLAIM_E_IO == -33 && RECLAIM_E_FORMAT == -34);
    CHECK(RECLAIM_E_NOT_PROPOSED == -44 && RECLAIM_E_ACCESSED == -45 && RECLAIM_E_PINNED == -46);
    CHECK(RECLAIM_E_AGAIN == -40 && RECLAIM_E_BUSY == -41 && RECLAIM_E_NOT_RESIDENT == -42 && RECLAIM_E_CANCELED == -43);
    CHECK(RECLAIM_E_INTERNAL == -90 && RECLAIM_E_CORRUPT == -91);

    /* The text belongs to the thread, and a success leaves it alone. */
    FAILS(RECLAIM_E_BAD_HANDLE, reclaim_engine_root(NULL, NULL));
    char before[1024];
    strncpy(before, reclaim_last_error(), sizeof before - 1);
    before[sizeof before - 1] = 0;
    pthread_t other;
    CHECK(pthread_create(&other, NULL, fail_elsewhere, NULL) == 0);
    CHECK(pthread_join(other, NULL) == 0);
    OK(reclaim_engine_destroy(NULL));
    CHECK(strcmp(before, reclaim_last_error()) == 0);
}

/* Opens the library by the name given, uses it, closes it, and uses it on: a closed one stays where it is. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "reclaim.h"

int main(int count, char **names)
{
    for (int i = 0; i < 3; i++) {
        void *library = count == 2 ? dlopen(names[1], RTLD_NOW) : NULL;
        void *address = library == NULL ? NULL : dlsym(library, "reclaim_engine_create");
        if (address == NULL) {
            const char *problem = dlerror();
            fprintf(stderr, "%s\n", problem == NULL ? "usage: close NAME" : problem);
            return 1;
        }

        /* ISO C has no cast from an object's address to a function's. */
        int32_t (*create)(const reclaim_engine_options_t *, reclaim_engine_t **);
        memcpy(&create, &address, sizeof create);
        reclaim_engine_t *engine = NULL;
        int32_t before = create(NULL, &engine);
        int closed = dlclose(library);
        printf("%d, closed %d, %d\n", (int)before, closed, (int)create(NULL, &engine));
    }

    return 0;
}

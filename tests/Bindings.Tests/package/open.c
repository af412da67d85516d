/* Opens the library by the name given and tells the width of its vectors. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **names)
{
    void *library = count == 2 ? dlopen(names[1], RTLD_NOW) : NULL;
    void *address = library == NULL ? NULL : dlsym(library, "reclaim_vector_bits");
    if (address == NULL) {
        const char *problem = dlerror();
        fprintf(stderr, "%s\n", problem == NULL ? "usage: open NAME" : problem);
        return 1;
    }

    /* ISO C has no cast from an object's address to a function's. */
    uint32_t (*vector_bits)(void);
    memcpy(&vector_bits, &address, sizeof vector_bits);
    printf("library %u\n", (unsigned)vector_bits());
    return 0;
}

/* Prints where libfuse 3 and the C library have the fields that the binding reads and writes. */
#define FUSE_USE_VERSION 314
#include <fuse.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(type, field) printf(#type "." #field " %zu\n", offsetof(struct type, field))

int main(void)
{
    struct fuse_file_info direct;
    unsigned char bytes[sizeof direct];

    AT(fuse_operations, getattr);
    AT(fuse_operations, mkdir);
    AT(fuse_operations, unlink);
    AT(fuse_operations, rmdir);
    AT(fuse_operations, truncate);
    AT(fuse_operations, open);
    AT(fuse_operations, read);
    AT(fuse_operations, write);
    AT(fuse_operations, release);
    AT(fuse_operations, readdir);
    AT(fuse_operations, create);
    AT(fuse_operations, poll);
    AT(fuse_operations, write_buf);
    AT(fuse_file_info, flags);
    AT(fuse_file_info, fh);
    AT(fuse_file_info, poll_events);
    memset(&direct, 0, sizeof direct);
    direct.direct_io = 1;
    memcpy(bytes, &direct, sizeof direct);
    printf("fuse_file_info.direct_io %u\n", bytes[4]);
    AT(fuse_buf, size);
    AT(fuse_buf, flags);
    AT(fuse_buf, mem);
    AT(fuse_buf, fd);
    AT(fuse_buf, pos);
    AT(fuse_args, argc);
    AT(fuse_args, argv);
    AT(fuse_args, allocated);
    AT(fuse_context, private_data);
    AT(stat, st_mode);
    AT(stat, st_nlink);
    AT(stat, st_uid);
    AT(stat, st_gid);
    AT(stat, st_blksize);
    AT(stat, st_atim);
    AT(stat, st_mtim);
    AT(stat, st_ctim);
    printf("stat %zu\n", sizeof(struct stat));
    return 0;
}

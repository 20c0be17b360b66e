/* SPDX-License-Identifier: MIT */
/* region.c - anonymous shared memory with a descriptor. */
#include "common/region.h"

#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Map what fd holds; on failure the descriptor is closed. */
static int map(struct region *r, int fd, size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int error = errno;

    *r = (struct region){NULL, 0, -1};
    if (base == MAP_FAILED) {
        close(fd);
        return -error;
    }
    *r = (struct region){base, size, fd};
    return 0;
}

int region_open(struct region *r, size_t size)
{
    int fd, error;

    *r = (struct region){NULL, 0, -1};
    if (size == 0 || size > (size_t)INT64_MAX)
        return -EINVAL;
    /* region: sealed */
    fd = memfd_create("ipclab-region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return map(r, fd, size);
    /* end: sealed */
}

void region_close(struct region *r)
{
    if (r->base)
        munmap(r->base, r->size);
    fd_close(&r->fd);
    *r = (struct region){NULL, 0, -1};
}

int region_pack(const struct region *r, struct parcel *parcel)
{
    int error = parcel_put_u64(parcel, r->size);

    return error ? error : parcel_put_fd(parcel, r->fd);
}

int region_unpack(struct region *r, struct parcel *parcel)
{
    struct stat status;
    uint64_t size;
    int fd, error;

    *r = (struct region){NULL, 0, -1};
    error = parcel_take_u64(parcel, &size);
    if (!error)
        error = parcel_take_fd(parcel, &fd);
    if (error)
        return error;
    if (fstat(fd, &status) < 0 || (uint64_t)status.st_size < size) {
        close(fd);
        return -EBADMSG;
    }
    return map(r, fd, (size_t)size);
}

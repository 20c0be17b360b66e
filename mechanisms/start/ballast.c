/* SPDX-License-Identifier: MIT */
/* ballast.c - what makes a parent heavy: memory and open descriptors. */
#include "start/ballast.h"

#include "common/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const struct setting ballast_grid[] = {
    {"resident", 0, "0,64M,256M,1G", "bytes of touched memory in the parent"},
    {"huge", 0, "0,1", "in huge pages, where the kernel has them"},
    {"descriptors", 0, "0,64,1024", "files that the parent has open"},
    {.name = NULL},
};

/* How much of this process lies in huge pages, in bytes. */
static size_t huge_bytes(void)
{
    FILE *rollup = fopen("/proc/self/smaps_rollup", "re");
    size_t kib = 0;
    char line[128];

    while (rollup && fgets(line, sizeof line, rollup))
        if (sscanf(line, "AnonHugePages: %zu", &kib) == 1)
            break;
    if (rollup)
        fclose(rollup);
    return kib * 1024;
}

/* Be `resident` bytes larger, in pages of the kind asked for, all touched. */
static int grow(struct ballast *b, size_t resident, bool huge)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *at;
    void *memory;

    if (resident == 0)
        return 0;
    memory = mmap(NULL, resident, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    b->memory = at = memory;
    b->resident = resident;
    if (madvise(memory, resident, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
        return -errno;
    for (size_t i = 0; i < resident; i += page)
        at[i] = 1;
    return huge && huge_bytes() < resident / 2 ? -EOPNOTSUPP : 0;
}

static int open_descriptors(struct ballast *b, size_t count)
{
    if (count == 0)
        return 0;
    b->fds = calloc(count, sizeof *b->fds);
    if (!b->fds)
        return -ENOMEM;
    for (; b->fd_count < count; b->fd_count++) {
        b->fds[b->fd_count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (b->fds[b->fd_count] < 0)
            return -errno;
    }
    return 0;
}

int ballast_take(struct ballast *b, const struct trial *t)
{
    int error;

    *b = (struct ballast){0};
    error = open_descriptors(b, (size_t)trial_setting(t, "descriptors", 0));
    return error ? error
                 : grow(b, (size_t)trial_setting(t, "resident", 0),
                        trial_setting(t, "huge", 0) != 0);
}

void ballast_drop(struct ballast *b)
{
    if (b->memory)
        munmap(b->memory, b->resident);
    for (size_t i = 0; i < b->fd_count; i++)
        fd_close(&b->fds[i]);
    free(b->fds);
    *b = (struct ballast){0};
}

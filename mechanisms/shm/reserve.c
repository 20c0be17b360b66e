/* SPDX-License-Identifier: MIT */
/* reserve.c - memory that is surely there. */
#include "shm/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* In pieces: a call that a signal interrupts gives back what it had, so a
 * large one might never be done where signals are many. */
enum { PIECE = 8 << 20, WORTH_ASKING = 4 << 20 };

/*
 * May the machine have as many bytes?  Where it has not, fallocate(2) would
 * take what there is and have a process killed.  Where nobody says, it may.
 */
static int may_have(size_t bytes)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long available = 0;
    char line[128];
    int known = 0;

    while (file && !known && fgets(line, sizeof line, file))
        known = sscanf(line, "MemAvailable: %llu kB", &available) == 1;
    if (file)
        fclose(file);
    return !known || bytes / 1024 <= available;
}

int reserve(int fd, size_t from, size_t to)
{
    if (to - from >= WORTH_ASKING && !may_have(to - from))
        return -ENOMEM;
    while (from < to) {
        size_t n = to - from < PIECE ? to - from : PIECE;

        if (fallocate(fd, 0, (off_t)from, (off_t)n) == 0)
            from += n;
        else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

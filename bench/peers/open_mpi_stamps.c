/* SPDX-License-Identifier: MIT */
/*
 * open_mpi_stamps.c - the times of sending of a stream, in memory of both.
 *
 * MPI's own shared memory is for ranks of one host, and it takes two network
 * namespaces for two.  They have one kernel, and so one clock: rank 0 makes
 * memory without a name and says which descriptor of which process it is, rank
 * 1 finds it through /proc.  On another machine it would find nothing, or
 * something else; then there are no latencies.
 */
#include "open_mpi.h"

#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "ipclab-open-mpi"

static const size_t length = LATENCY_SLOTS * sizeof(int64_t);

/* Where the memory is, and what it begins with. */
struct place {
    int pid, fd;
    int64_t mark;
};

/* fd -1: memory of one's own.  Every page is there: no fault in a window. */
static _Atomic int64_t *map(int fd)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *base =
        mmap(NULL, length, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, fd, 0);

    return base == MAP_FAILED ? NULL : base;
}

static _Atomic int64_t *make(struct place *place)
{
    int fd = memfd_create(NAME, MFD_CLOEXEC);
    _Atomic int64_t *sent = NULL;

    *place = (struct place){.pid = getpid(), .fd = fd, .mark = clock_now()};
    if (fd >= 0 && ftruncate(fd, (off_t)length) == 0)
        sent = map(fd);
    if (sent)
        sent[0] = place->mark;
    return sent;
}

/* Nothing is opened that is not, by its name, what it should be. */
static _Atomic int64_t *find(const struct place *place)
{
    char path[64], target[64] = "";
    _Atomic int64_t *sent = NULL;
    struct stat status;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", place->pid, place->fd);
    if (readlink(path, target, sizeof target - 1) < 0 ||
        strcmp(target, "/memfd:" NAME " (deleted)") != 0)
        return NULL;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && status.st_size == (off_t)length)
        sent = map(fd);
    close(fd);
    if (sent && sent[0] != place->mark) {
        munmap((void *)sent, length);
        sent = NULL;
    }
    return sent;
}

int stamps_open(struct rank *r)
{
    struct place place;
    int shared = 0;

    if (r->number == 0)
        r->trial.sent = make(&place);
    if (MPI_Bcast(&place, sizeof place, MPI_BYTE, 0, MPI_COMM_WORLD) !=
        MPI_SUCCESS)
        return -EIO;
    if (r->number == 1) {
        r->trial.sent = find(&place);
        shared = r->trial.sent != NULL;
    }
    if (MPI_Bcast(&shared, 1, MPI_INT, 1, MPI_COMM_WORLD) != MPI_SUCCESS)
        return -EIO;
    r->stamped = shared;
    /* The loops stamp, and look, in any case. */
    if (!r->trial.sent)
        r->trial.sent = map(-1);
    return r->trial.sent ? 0 : -ENOMEM;
}

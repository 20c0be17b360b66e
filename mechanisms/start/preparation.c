/* SPDX-License-Identifier: MIT */
/*
 * preparation.c - what a fresh process is told of itself (CPython
 * Lib/multiprocessing/spawn.py, get_preparation_data and prepare).
 */
#include "start/image.h"

#include "common/io.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t preparation_pack(struct preparation_head *head, const struct process *p,
                         const char *directory, bool fds)
{
    const struct parcel *a = p->arguments;
    size_t target = strlen(p->target) + 1;
    size_t where = directory ? strlen(directory) + 1 : 0;
    size_t count = a && fds ? a->fd_count : 0;
    char *at = head->more;

    if (count * sizeof(int) + target + where > sizeof head->more)
        return -ENAMETOOLONG;
    head->fixed = (struct preparation){.size = sizeof head->fixed,
                                       .fd_count = (uint32_t)count,
                                       .target_size = (uint32_t)target,
                                       .directory_size = (uint32_t)where,
                                       .length = a ? a->length : 0,
                                       .mask = image_mask(),
                                       .parent = getpid(),
                                       .method = p->method,
                                       .daemon = p->daemon};
    memcpy(head->fixed.name, p->name, sizeof p->name);
    memcpy(head->fixed.identity, p->identity, sizeof p->identity);
    memcpy(head->fixed.authkey, process_authkey(), AUTH_KEY);
    for (size_t i = 0; i < count; i++, at += sizeof(int))
        memcpy(at, &a->fds[i].fd, sizeof(int));
    memcpy(at, p->target, target);
    at += target;
    if (where)
        memcpy(at, directory, where);
    at += where;
    return at - (char *)head;
}

size_t preparation_more(const struct preparation *fixed)
{
    return fixed->fd_count * sizeof(int) + fixed->target_size +
           fixed->directory_size + fixed->length;
}

/* One that was put in twice has come once: each place has its own, which its
 * taker may close. */
static int own_fd(const int *fds, size_t i)
{
    int copy = fds[i];

    for (size_t k = 0; k < i && copy == fds[i]; k++)
        if (fds[k] == fds[i])
            copy = fd_duplicate(fds[i]);
    return copy < 0 ? -1 : copy;
}

/*
 * The parcel as the parent packed it; every descriptor is this process's own.
 * In memory that is not the heap: its first use would cost more than this.
 */
static void unpack(struct parcel *parcel, const struct preparation *fixed,
                   void *bytes, const int *fds, size_t n)
{
    static struct parcel_fd own[PARCEL_FDS];

    for (size_t i = 0; i < n; i++)
        own[i] = (struct parcel_fd){own_fd(fds, i), true};
    *parcel = (struct parcel){.bytes = bytes,
                              .length = fixed->length,
                              .capacity = fixed->length,
                              .fds = own,
                              .fd_count = n};
}

const char *preparation_target(const struct preparation *fixed,
                               const char *more)
{
    const char *target = more + fixed->fd_count * sizeof(int);
    const char *directory = target + fixed->target_size;

    if (!fixed->target_size || directory[-1] ||
        (fixed->directory_size && directory[fixed->directory_size - 1]))
        return NULL;
    return target;
}

_Noreturn void preparation_become(const struct preparation *fixed,
                                  const struct target *target, char *more,
                                  void *bytes, const int *fds, size_t n)
{
    char *directory = more + fixed->fd_count * sizeof(int) + fixed->target_size;
    struct process p = {
        .daemon = fixed->daemon, .method = fixed->method, .found = target};
    struct parcel parcel;

    memcpy(p.name, fixed->name, sizeof p.name);
    memcpy(p.identity, fixed->identity, sizeof p.identity);
    unpack(&parcel, fixed, bytes ? bytes : directory + fixed->directory_size,
           fds, n);
    p.arguments = &parcel;
    if (fixed->directory_size && chdir(directory) < 0)
        _exit(1); /* the parent's is gone: so does CPython's child end */
    self_take_authkey(fixed->authkey);
    image_set_mask(fixed->mask);
    child_main(&p, fixed->parent);
}

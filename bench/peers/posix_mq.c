/* SPDX-License-Identifier: MIT */
/*
 * posix_mq.c - a POSIX message queue: mq_overview(7).
 *
 * Its capacity and length are as asked for, or it is not opened: who may not
 * exceed msg_max and msgsize_max of /proc/sys/fs/mqueue gets -EPERM.  Its name
 * is gone at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

struct way {
    mqd_t queue;
};

#include "peers/channel.h"

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    struct mq_attr attributes = {.mq_maxmsg = (long)capacity,
                                 .mq_msgsize = bytes ? (long)bytes : 1};
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    char name[40];

    setrlimit(RLIMIT_MSGQUEUE, &all); /* where that is allowed */
    snprintf(name, sizeof name, "/ipclab-%d", getpid());
    w->queue =
        mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
    if (w->queue < 0) /* of what is asked for here only that can be invalid */
        return errno == EINVAL ? -EPERM : -errno;
    mq_unlink(name);
    return 0;
}

static int way_begin(struct way *w, bool sends)
{
    (void)w;
    (void)sends;
    return 0;
}

static int way_send(struct way *w, const void *message, size_t bytes)
{
    while (mq_send(w->queue, message, bytes, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static ssize_t way_receive(struct way *w, void *message, size_t bytes)
{
    ssize_t got;

    while ((got = mq_receive(w->queue, message, bytes ? bytes : 1, NULL)) < 0)
        if (errno != EINTR)
            return -errno;
    return got;
}

static void way_close(struct way *w)
{
    mq_close(w->queue);
}

/* SPDX-License-Identifier: MIT */
/* test_verdict_pipes.h - impostors that have two pipes. */
#ifndef IPCLAB_TEST_VERDICT_PIPES_H
#define IPCLAB_TEST_VERDICT_PIPES_H

#include "test_verdict.h"

#include <pthread.h>

static int one[2], two[2];

static inline int open_both(void)
{
    return fd_pipe(one) < 0 || fd_pipe(two) < 0 ? -EIO : 0;
}

/* A thread that nobody joins. */
static inline void start_thread(void *(*thread)(void *))
{
    pthread_t id;

    if (pthread_create(&id, NULL, thread, NULL) != 0)
        _exit(1);
}

/* That this process is stuck at fd, because of the holder. */
static inline void claim(struct witness *w, pid_t holder, int fd)
{
    witness_victim(w, getpid());
    witness_holder(w, holder);
    witness_fd(w, "pipe", fd);
    witness_ready(w);
}

#endif

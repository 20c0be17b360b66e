/* SPDX-License-Identifier: MIT */
/* group.c - end a process group. */
#include "group.h"

#include "common/clock.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

void group_end(pid_t group)
{
    int64_t deadline = clock_deadline(2 * SECOND);

    while (kill(-group, SIGKILL) == 0 && clock_now() < deadline) {
        while (waitpid(-group, NULL, WNOHANG) > 0)
            ;
        poll(NULL, 0, 1);
    }
    while (waitpid(-group, NULL, WNOHANG) > 0)
        ;
}

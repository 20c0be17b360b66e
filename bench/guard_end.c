/* SPDX-License-Identifier: MIT */
/*
 * guard_end.c - stop, kill and reap a tree of processes, whatever it does.
 *
 * Who calls this is the subreaper of the tree.  So "no child is left" means
 * that no descendant is, and that is what ends it.
 */
#include "guard.h"

#include "common/clock.h"
#include "evidence.h"

#include <errno.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define KILL_PATIENCE (10 * SECOND)

/*
 * Stop everybody, until a look finds nobody new.  What is stopped makes no
 * children, so that the killing which follows is not outrun.
 */
static void stop_all(const struct pids *spare, struct pids *list)
{
    size_t before;

    do {
        before = list->count;
        descendants_signal(getpid(), list, SIGSTOP, spare);
    } while (list->count > before);
}

static unsigned count_living(const struct pids *list)
{
    struct process_stat stat;
    unsigned count = 0;

    for (size_t i = 0; i < list->count; i++)
        if (process_stat(list->pid[i], &stat) == 0 && stat.state != 'Z' &&
            stat.state != 'X')
            count++;
    return count;
}

/* Kill whom we find, reap who is dead: is anybody left? */
static bool kill_and_reap(const struct pids *spare, struct pids *list)
{
    siginfo_t info;
    int status;

    descendants_signal(getpid(), list, SIGKILL, spare);
    for (size_t i = 0; i < list->count; i++)
        if (waitpid(list->pid[i], &status, WNOHANG) > 0 && WIFSTOPPED(status))
            ptrace(PTRACE_DETACH, list->pid[i], NULL, NULL); /* let it die */
    if (list->count > 0)
        return true;
    /* A look can miss; the kernel's word on our children cannot. */
    return spare->count == 0 &&
           waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int end_descendants(const struct pids *spare)
{
    int64_t deadline = clock_deadline(KILL_PATIENCE);
    struct pids list = {0};
    int living;

    stop_all(spare, &list);
    living = (int)count_living(&list);
    while (kill_and_reap(spare, &list)) {
        if (clock_now() > deadline) {
            living = -EBUSY;
            break;
        }
        poll(NULL, 0, 1);
    }
    pids_free(&list);
    return living;
}

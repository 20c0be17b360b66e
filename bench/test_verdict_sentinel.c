/* SPDX-License-Identifier: MIT */
/* test_verdict_sentinel.c - who waits for a child that has ended, because its
 * sentinel is held by another; and who only looks so. */
#include "test_verdict.h"

#include <poll.h>

/* What goes wrong in the setting of a held sentinel, instead of all. */
struct setting_of_sentinel {
    void (*child_does)(void); /* before it ends */
    void (*grandchild_does)(void);
    bool parent_holds_it_too;
    bool of_a_socket;
    int timeout; /* of the parent's poll(2); -1: none */
    nfds_t polled;
};

/* The child, with `ends`: forks a grandchild, hands in its pid, and ends. */
static _Noreturn void leave_grandchild(const struct setting_of_sentinel *s,
                                       int news)
{
    pid_t grandchild = fork_to(s->grandchild_does);

    write_full(news, &grandchild, sizeof grandchild);
    s->child_does();
    _exit(0);
}

static int wait_on_sentinel(struct witness *w,
                            const struct setting_of_sentinel *s)
{
    int ends[2], news[2];
    struct pollfd polled[2];
    pid_t child, grandchild;

    if ((s->of_a_socket ? fd_socket_pair(ends) : fd_pipe(ends)) < 0 ||
        fd_pipe(news) < 0)
        return -EMFILE;
    child = fork();
    if (child == 0)
        leave_grandchild(s, news[1]);
    if (!s->parent_holds_it_too)
        fd_close(&ends[1]);
    if (read_full(news[0], &grandchild, sizeof grandchild) != sizeof grandchild)
        return -EIO;
    witness_fd(w, "sentinel", ends[0]);
    witness_victim(w, getpid());
    witness_child(w, child);
    witness_holder(w, grandchild);
    witness_ready(w);
    polled[0] = (struct pollfd){ends[0], POLLIN, 0};
    polled[1] = (struct pollfd){news[0], 0, 0};
    return poll(polled, s->polled, s->timeout) < 0 ? -errno : 0;
}

static int its_child_lives(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){pause_for_ever, pause_for_ever, false,
                                         false, -1, 1});
}

static int its_grandchild_naps(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){do_nothing, nap, false, false, -1, 1});
}

static int its_grandchild_is_busy(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(w, &(struct setting_of_sentinel){
                                   do_nothing, spin, false, false, -1, 1});
}

static int its_grandchild_has_gone(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(w, &(struct setting_of_sentinel){do_nothing,
                                                             do_nothing, false,
                                                             false, -1, 1});
}

static int it_holds_the_sentinel_itself(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){do_nothing, pause_for_ever, true,
                                         false, -1, 1});
}

static int its_sentinel_is_a_socket(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){do_nothing, pause_for_ever, false,
                                         true, -1, 1});
}

static int it_waits_with_a_timeout(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){do_nothing, pause_for_ever, false,
                                         false, 1000000, 1});
}

static int it_waits_for_two(struct witness *w, int cure)
{
    (void)cure;
    return wait_on_sentinel(
        w, &(struct setting_of_sentinel){do_nothing, pause_for_ever, false,
                                         false, -1, 2});
}

static void impostors_of_a_held_sentinel_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {its_child_lives, "has not ended"},
        {its_grandchild_naps, "which may end"},
        {its_grandchild_is_busy, "slow, not stuck"},
        {its_grandchild_has_gone, "it ended with exit status 0"},
        {it_holds_the_sentinel_itself, "holds the write end"},
        {its_sentinel_is_a_socket, "and no pipe"},
        {it_waits_with_a_timeout, "does not wait in poll(2)"},
        {it_waits_for_two, "does not wait in poll(2)"},
        {only_pauses, "does not wait in poll(2)"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(HANGS, "sentinel pipe", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_held_sentinel_are_not_proven),
    };

    return RUN_PROMISES(tests);
}

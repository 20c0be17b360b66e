/* SPDX-License-Identifier: MIT */
/* test_verdict_stdio.c - whose lock of a FILE is new in the child, and whose
 * is not. */
#include "test_verdict.h"

#include <pthread.h>

static int go[2]; /* a thread that has the lock writes a byte */

static void *hold(void *unused)
{
    flockfile(stdout);
    write_full(go[1], "", 1);
    pause_for_ever();
    return unused;
}

static void *idle(void *unused)
{
    write_full(go[1], "", 1);
    pause_for_ever();
    return unused;
}

static void start(void *(*what)(void *))
{
    pthread_t thread;
    char byte;

    if (fd_pipe(go) < 0 || pthread_create(&thread, NULL, what, NULL) != 0 ||
        read_some(go[0], &byte, 1) != 1)
        _exit(9);
}

/* Show both stages, the second in a child that `forks` makes; do work for 1. */
static int show_lock(struct witness *w, pid_t (*forks)(void), int64_t work)
{
    pid_t child;

    witness_expect(w, 1);
    witness_victim(w, getpid());
    witness_memory(w, "stdout", stdout->_lock);
    witness_show(w, 1);
    child = forks();
    if (child == 0) {
        witness_holder(w, getpid());
        witness_show(w, 2);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    witness_got(w, work);
    return 0;
}

static int nobody_holds_it(struct witness *w, int cure)
{
    (void)cure;
    start(idle);
    return show_lock(w, fork, 1);
}

/* Main itself holds it, and there is nobody else. */
static int it_has_one_thread(struct witness *w, int cure)
{
    (void)cure;
    flockfile(stdout);
    return show_lock(w, fork, 1);
}

/* Forks as the kernel does, without the C library. */
static int its_child_finds_it_held(struct witness *w, int cure)
{
    (void)cure;
    start(hold);
    return show_lock(w, _Fork, 1);
}

static int it_works_less(struct witness *w, int cure)
{
    (void)cure;
    start(hold);
    show_lock(w, fork, 0);
    _exit(0); /* to return would flush stdout, and wait for its lock */
}

static int it_hangs_after_all(struct witness *w, int cure)
{
    (void)cure;
    start(hold);
    show_lock(w, fork, 1);
    pause_for_ever();
}

static int it_fails_after_all(struct witness *w, int cure)
{
    (void)cure;
    start(hold);
    show_lock(w, fork, 1);
    _exit(5);
}

/* It shows both stages itself. */
static int it_has_no_child(struct witness *w, int cure)
{
    (void)cure;
    start(hold);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_memory(w, "stdout", stdout->_lock);
    witness_show(w, 1);
    witness_show(w, 2);
    return 0;
}

static void impostors_of_a_renewed_lock_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {nobody_holds_it, "nobody holds the lock"},
        {it_has_one_thread, "has one thread"},
        {its_child_finds_it_held, "held in the child too"},
        {it_works_less, "it yielded 0 and not 1"},
        {it_hangs_after_all, "its time was over"},
        {it_fails_after_all, "it ended with exit status 5"},
        {it_has_no_child, "is no child of process"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(ENDS, "stdio lock", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_renewed_lock_are_not_proven),
    };

    return RUN_PROMISES(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 02: what journal.h promises.
 *
 * Each test has a process of its own, the parent, which forks in a moment that
 * pipes choose: while a thread is in the middle of an entry.  Who hangs is
 * ended by its alarm, and that is its verdict.
 */
#include "../check.h"
#include "journal.h"

#include "common/io.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum verdict {
    FINE,
    NOT_BEGUN,
    CHILD_HANGS,
    CHILD_CANNOT,
    CHILD_OTHER_KIND,
    CHILD_HAS_A_HALF,
    PARENT_CANNOT,
    NO_STAGE
};

static const char *const hints[] = {
    [NOT_BEGUN] = "what journal_open returns",
    [CHILD_HANGS] = "who could release the lock in the child, and of which "
                    "kind the lock is there",
    [CHILD_CANNOT] = "what pthread_mutex_unlock returns to a thread that is "
                     "not the owner, and who the owner is after a fork",
    [CHILD_OTHER_KIND] = "what kind of lock the child has after the fork",
    [CHILD_HAS_A_HALF] = "a lock that is free, over an entry that is half "
                         "written: when may memory be copied",
    [PARENT_CANNOT] = "what the parent's handler gives back, and whether it "
                      "was taken",
    [NO_STAGE] = "limits: the check could not make a pipe or a thread",
};

enum { CHILD_SECONDS = 3, PARENT_SECONDS = 8 };

/* Between main, which forks, and the thread, which is in an entry. */
static int inside[2], forked[2];
static atomic_bool forking;
static pid_t forker; /* the thread id of who forks */

/* Registered after the journal's own handler, so that it runs before that. */
static void note_fork(void)
{
    atomic_store(&forking, true);
}

/* Is the thread that forks asleep, so that the fork waits for us? */
static bool forker_sleeps(void)
{
    char path[64], state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", forker);
    file = fopen(path, "re");
    if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    if (file)
        fclose(file);
    return state == 'S';
}

/* In the middle of an entry, until the fork was made or waits for its end. */
static void *be_in_an_entry(void *unused)
{
    struct pollfd made = {forked[0], POLLIN, 0};
    int asleep = 0;

    if (journal_begin() != 0)
        return unused;
    write_full(inside[1], "", 1);
    while (poll(&made, 1, 2) == 0 && asleep < 5)
        asleep = atomic_load(&forking) && forker_sleeps() ? asleep + 1 : 0;
    journal_end();
    return unused;
}

/* What a child does with its journal. */
static enum verdict use(int kind)
{
    unsigned begun, ended;
    int second = 0;

    if (journal_begin() != 0)
        return CHILD_CANNOT;
    if (kind != PTHREAD_MUTEX_NORMAL)
        second = journal_begin();
    if (second != (kind == PTHREAD_MUTEX_ERRORCHECK ? -EDEADLK : 0))
        return CHILD_OTHER_KIND;
    if (kind == PTHREAD_MUTEX_RECURSIVE && journal_end() != 0)
        return CHILD_CANNOT;
    if (journal_end() != 0 || journal_count(&begun, &ended) != 0)
        return CHILD_CANNOT;
    return FINE;
}

/* Does the child's journal have the half of an entry? */
static enum verdict look_for_a_half(int kind)
{
    unsigned begun, ended;

    (void)kind;
    if (journal_count(&begun, &ended) != 0)
        return CHILD_CANNOT;
    return begun == ended ? FINE : CHILD_HAS_A_HALF;
}

/* What a process says by its exit status; `hangs` where its alarm ended it. */
static enum verdict verdict_of(pid_t process, enum verdict hangs)
{
    int status = 0;

    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? hangs : (enum verdict)WEXITSTATUS(status);
}

/* Start a thread; return when it is in the middle of an entry. */
static enum verdict start_thread(pthread_t *thread)
{
    char byte;

    forker = gettid();
    atomic_store(&forking, false);
    if (fd_pipe(inside) < 0 || fd_pipe(forked) < 0 ||
        pthread_create(thread, NULL, be_in_an_entry, NULL) != 0 ||
        read_full(inside[0], &byte, 1) != 1)
        return NO_STAGE;
    return FINE;
}

/*
 * Fork while a thread is in an entry.  The child does the same, as often as
 * generations says, and the last one calls `then`.
 */
static enum verdict fork_beside_an_entry(int kind, int generations,
                                         enum verdict (*then)(int kind))
{
    pthread_t thread;
    enum verdict verdict = start_thread(&thread);
    pid_t child = verdict == FINE ? fork() : -1;

    if (child == 0) {
        alarm(CHILD_SECONDS);
        verdict = generations > 1
                      ? fork_beside_an_entry(kind, generations - 1, then)
                      : then(kind);
        _exit((int)verdict);
    }
    if (child < 0)
        return NO_STAGE;
    write_full(forked[1], "", 1);
    verdict = verdict_of(child, CHILD_HANGS);
    pthread_join(thread, NULL);
    if (verdict == FINE && (journal_begin() != 0 || journal_end() != 0))
        verdict = PARENT_CANNOT;
    return verdict;
}

static enum verdict child_uses_it(int kind)
{
    return fork_beside_an_entry(kind, 1, use);
}

static enum verdict grandchild_uses_it(int kind)
{
    return fork_beside_an_entry(kind, 2, use);
}

static enum verdict child_looks_for_a_half(int kind)
{
    return fork_beside_an_entry(kind, 1, look_for_a_half);
}

static void *make_an_entry(void *error)
{
    *(int *)error = journal_begin();
    if (*(int *)error == 0)
        *(int *)error = journal_end();
    return NULL;
}

/* Fork within an entry, or within two; then end them, and have a thread try. */
static enum verdict fork_within_an_entry(int kind)
{
    int depth = kind == PTHREAD_MUTEX_RECURSIVE ? 2 : 1, error = -1;
    enum verdict verdict;
    pthread_t thread;
    pid_t child;

    for (int i = 0; i < depth; i++)
        if (journal_begin() != 0)
            return PARENT_CANNOT;
    child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        _exit((int)use(kind));
    }
    verdict = child < 0 ? NO_STAGE : verdict_of(child, CHILD_HANGS);
    for (int i = 0; i < depth; i++)
        if (journal_end() != 0)
            return PARENT_CANNOT;
    if (verdict != FINE)
        return verdict;
    if (pthread_create(&thread, NULL, make_an_entry, &error) != 0)
        return NO_STAGE;
    pthread_join(thread, NULL);
    return error ? PARENT_CANNOT : FINE;
}

/* Run a test in a process of its own, with a journal of its own. */
static void judge(enum verdict (*test)(int kind), int kind)
{
    pid_t parent = fork();
    enum verdict verdict;

    assert_true(parent >= 0);
    if (parent == 0) {
        signal(SIGALRM, SIG_DFL); /* the verdict says it better */
        alarm(PARENT_SECONDS);
        if (journal_open(kind) != 0)
            _exit(NOT_BEGUN);
        pthread_atfork(note_fork, NULL, NULL);
        _exit((int)test(kind));
    }
    verdict = verdict_of(parent, PARENT_CANNOT);
    if (verdict != FINE)
        expect(false, verdict <= NO_STAGE ? hints[verdict] : "_exit");
}

// points: 10  a child gets a normal lock that a thread of its parent held
static void a_child_gets_a_normal_lock(void **state)
{
    (void)state;
    judge(child_uses_it, PTHREAD_MUTEX_NORMAL);
}

// points: 10  a child gets a recursive lock, and it is still recursive
static void a_child_gets_a_recursive_lock(void **state)
{
    (void)state;
    judge(child_uses_it, PTHREAD_MUTEX_RECURSIVE);
}

// points: 10  a child gets an errorcheck lock, and it still checks
static void a_child_gets_an_errorcheck_lock(void **state)
{
    (void)state;
    judge(child_uses_it, PTHREAD_MUTEX_ERRORCHECK);
}

// points: 10  a child has no half of another thread's entry
static void a_child_has_no_half_of_an_entry(void **state)
{
    (void)state;
    judge(child_looks_for_a_half, PTHREAD_MUTEX_NORMAL);
    judge(child_looks_for_a_half, PTHREAD_MUTEX_RECURSIVE);
}

// points: 10  a fork within an entry leaves the parent's lock as it was
static void a_fork_within_an_entry_changes_nothing(void **state)
{
    (void)state;
    judge(fork_within_an_entry, PTHREAD_MUTEX_RECURSIVE);
    judge(fork_within_an_entry, PTHREAD_MUTEX_ERRORCHECK);
}

// points: 10  a child may have threads and fork again
static void a_child_may_fork_again(void **state)
{
    (void)state;
    judge(grandchild_uses_it, PTHREAD_MUTEX_RECURSIVE);
    judge(grandchild_uses_it, PTHREAD_MUTEX_ERRORCHECK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(a_child_gets_a_normal_lock),
        CHECK(a_child_gets_a_recursive_lock),
        CHECK(a_child_gets_an_errorcheck_lock),
        CHECK(a_child_has_no_half_of_an_entry),
        CHECK(a_fork_within_an_entry_changes_nothing),
        CHECK(a_child_may_fork_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

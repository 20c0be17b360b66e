/* SPDX-License-Identifier: MIT */
/*
 * test_census.h - what a test must not leave behind.
 *
 * census_begin and census_end are the set-up and the tear-down of every test.
 * Between them no descriptor may appear or go away, and no child, thread or
 * name in /dev/shm may stay; what does fails the test, which says its name.
 * A test that waits for ever is ended by SIGALRM.
 */
#ifndef IPCLAB_TEST_CENSUS_H
#define IPCLAB_TEST_CENSUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CENSUS_SECONDS = 20, CENSUS_TEXT = 1 << 16 };

/* Each list is lines, with a newline before the first one too. */
struct census {
    char fds[CENSUS_TEXT];     /* "7 pipe:[4711]" */
    char threads[CENSUS_TEXT]; /* "8446" */
    char shm[CENSUS_TEXT];     /* "sem.mp-4711" */
};

static struct census census_before, census_now;

static inline void test_sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static inline void census_add(char *list, const char *line, const char *more)
{
    size_t n = strlen(list);
    int put = snprintf(list + n, CENSUS_TEXT - n, "%s%s%s\n", line,
                       *more ? " " : "", more);

    if (put < 0 || (size_t)put >= CENSUS_TEXT - n)
        abort(); /* a list that is cut would hide what is left */
}

/* The names in a folder, with what each is a link to. */
static inline void census_list(const char *folder, char *list)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    strcpy(list, "\n");
    while (dir && (entry = readdir(dir))) {
        char target[PATH_MAX] = "";

        if (entry->d_name[0] == '.' || (strcmp(folder, "/proc/self/fd") == 0 &&
                                        atoi(entry->d_name) == dirfd(dir)))
            continue;
        if (strcmp(folder, "/dev/shm") == 0 && entry->d_type == DT_DIR)
            continue; /* no segment and no semaphore: another program's */
        if (readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1) <
            0)
            target[0] = '\0';
        census_add(list, entry->d_name, target);
    }
    if (dir)
        closedir(dir);
}

static inline void census_take(struct census *c)
{
    census_list("/proc/self/fd", c->fds);
    census_list("/proc/self/task", c->threads);
    census_list("/dev/shm", c->shm);
}

/* Does the file contain the text?  False when it cannot be read. */
static inline bool census_mentions(const char *path, const char *text)
{
    FILE *file = fopen(path, "re");
    char row[PATH_MAX + 256];
    bool found = false;

    while (file && !found && fgets(row, sizeof row, file))
        found = strstr(row, text) != NULL;
    if (file)
        fclose(file);
    return found;
}

/* Other programs have names in /dev/shm: does another process map this one? */
static inline bool census_is_anothers(const char *name)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    char text[PATH_MAX + 128], path[NAME_MAX + 16];
    bool found = false;

    snprintf(text, sizeof text, "/dev/shm/%s", name);
    while (dir && !found && (entry = readdir(dir))) {
        if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%s/maps", entry->d_name);
        found = census_mentions(path, text);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* How many lines only `more` has; each is printed when `what` is given. */
static inline size_t census_surplus(const char *what, const char *more,
                                    const char *less, bool shm)
{
    size_t count = 0;

    for (const char *at = more + 1, *end; (end = strchr(at, '\n'));
         at = end + 1) {
        char whole[PATH_MAX + 64];

        snprintf(whole, sizeof whole, "\n%.*s\n", (int)(end - at), at);
        if (strstr(less, whole))
            continue;
        whole[end - at + 1] = '\0';
        if (shm && census_is_anothers(whole + 1))
            continue;
        count++;
        if (what)
            print_error("%s %s\n", what, whole + 1);
    }
    return count;
}

static inline size_t census_differences(bool print)
{
    const struct census *b = &census_before, *n = &census_now;

    return census_surplus(print ? "left behind: descriptor" : NULL, n->fds,
                          b->fds, false) +
           census_surplus(print ? "closed: descriptor" : NULL, b->fds, n->fds,
                          false) +
           census_surplus(print ? "left behind: thread" : NULL, n->threads,
                          b->threads, false) +
           census_surplus(print ? "left behind: /dev/shm name" : NULL, n->shm,
                          b->shm, true);
}

/* End and reap every child that is left; returns how many there were. */
static inline size_t census_end_children(void)
{
    char path[PATH_MAX];
    size_t count = 0;
    siginfo_t info;
    int pid;

    for (;;) {
        FILE *list;

        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
            return count;
        pid = info.si_pid;
        snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
        list = pid ? NULL : fopen(path, "re");
        if (list && fscanf(list, "%d", &pid) != 1)
            pid = 0;
        if (list)
            fclose(list);
        print_error("left behind: child %d%s\n", pid,
                    info.si_pid ? ", a zombie" : "");
        count++;
        if (pid == 0)
            return count;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static inline int census_begin(void **state)
{
    (void)state;
    fflush(stdout);
    fflush(stderr);
    alarm(CENSUS_SECONDS);
    census_take(&census_before);
    return 0;
}

/*
 * A thread that was joined is still listed for a moment, so what differs is
 * looked at again for a second.
 */
static inline int census_end(void **state)
{
    size_t left = 0;

    (void)state;
    for (int tries = 0; tries < 100; tries++) {
        census_take(&census_now);
        left = census_differences(false);
        if (left == 0)
            break;
        test_sleep_ms(10);
    }
    if (left)
        census_differences(true);
    left += census_end_children();
    alarm(0);
    return left ? -1 : 0;
}

/*
 * A child, forked without start/, that calls f and leaves by _exit with its
 * result.  It has no part in the test's own asserts.  What crashes in it, be it
 * a hook of fork(2), must end it: cmocka would catch the signal there and run
 * the rest of the tests.
 */
static inline pid_t test_fork(int (*f)(void *), void *argument)
{
    void (*handler)(int) = signal(SIGSEGV, SIG_DFL);
    pid_t pid;

    fflush(stdout);
    fflush(stderr);
    pid = fork();
    if (pid == 0) {
        alarm(CENSUS_SECONDS);
        _exit(f(argument));
    }
    signal(SIGSEGV, handler);
    assert_true(pid > 0);
    return pid;
}

static inline int test_reap(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Its wait status. */
static inline int test_in_fork(int (*f)(void *), void *argument)
{
    return test_reap(test_fork(f, argument));
}

/*
 * Where its result must be 0.  A child answers with the number of the
 * line that found something wrong; an exit status keeps its low 8 bits.
 */
static inline void test_expect_in_fork(int (*f)(void *), void *argument)
{
    int status = test_in_fork(f, argument);

    if (WIFSIGNALED(status))
        fail_msg("the child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        fail_msg("the child found something wrong in line %d (modulo 256)",
                 WEXITSTATUS(status));
}

/* A child's verdict: 0, or this line, which is never 0 modulo 256. */
static inline int test_line(int line)
{
    return line % 256 ? line % 256 : 1;
}

/* Skip the test where no python3 has that module. */
static inline void test_need_python(const char *module)
{
    char command[128];

    snprintf(command, sizeof command, "python3 -I -c 'import %s' 2>/dev/null",
             module);
    if (system(command) == 0)
        return;
    print_message("skipped: no python3 with %s\n", module);
    skip();
}

#endif

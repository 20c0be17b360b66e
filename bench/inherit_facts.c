/* SPDX-License-Identifier: MIT */
/*
 * inherit_facts.c - a process measures itself.
 *
 * It is linked into every image that a child can be of, so it needs libc and
 * mechanisms/ alone.  What lies in an image (a global, a lock) each image has
 * for itself: it is found by its name, and has another address in each.
 *
 * File-scope state and its fork story: the words are there to be copied.  In a
 * forked child they are what its parent wrote, and that is measured.
 */
#include "inherit.h"

#include "start/forkserver.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    uint32_t global;
    uint32_t *heap;
    pthread_mutex_t lock;
} words = {BY_LINKER, NULL, PTHREAD_MUTEX_INITIALIZER};

static _Thread_local uint32_t of_thread = BY_LINKER;

int inherit_write_words(enum writer writer)
{
    words.global = of_thread = writer;
    if (!words.heap)
        words.heap = malloc(sizeof *words.heap);
    if (!words.heap)
        return -ENOMEM;
    *words.heap = writer;
    return 0;
}

/* What the fork server does before it forks anybody. */
static void inherit_preload(void)
{
    inherit_write_words(BY_SERVER);
}
PRELOAD(inherit_preload)

/* --- a lock --- */

static void *hold(void *held)
{
    pthread_mutex_lock(&words.lock);
    sem_post(held);
    while (pause() < 0) /* always */
        ;
    return NULL;
}

int inherit_hold_lock(void)
{
    static sem_t held; /* the thread may still be in it when we are not */
    pthread_t thread;
    int error;

    sem_init(&held, 0, 0);
    error = pthread_create(&thread, NULL, hold, &held);
    while (!error && sem_wait(&held) < 0)
        ;
    return -error;
}

static int lock_is_taken(void)
{
    int error = pthread_mutex_trylock(&words.lock);

    if (!error)
        pthread_mutex_unlock(&words.lock);
    return error == 0 ? 0 : error == EBUSY ? 1 : -1;
}

/* --- what /proc says of this process --- */

/* The number behind a name in /proc/self/status, or -1. */
static int64_t status_number(const char *name)
{
    FILE *status = fopen("/proc/self/status", "re");
    size_t n = strlen(name);
    int64_t number = -1;
    char line[256];

    while (status && number < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, name, n) == 0 && line[n] == ':')
            number = strtoll(line + n + 1, NULL, 10);
    if (status)
        fclose(status);
    return number;
}

/* By its type; what has none, such as "anon_inode:[pidfd]", has a name. */
static void name_kind(struct fact_fd *f, mode_t mode)
{
    char path[32], target[256];
    const char *name = S_ISFIFO(mode)   ? "pipe"
                       : S_ISSOCK(mode) ? "socket"
                       : S_ISCHR(mode)  ? "device"
                       : S_ISREG(mode)  ? "file"
                                        : "other";
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
    n = readlink(path, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = '\0';
    if (strncmp(target, "anon_inode:", 11) == 0)
        name = target + 11 + (target[11] == '[');
    else if (strncmp(target, "pidfd:", 6) == 0)
        name = "pidfd";
    snprintf(f->kind, sizeof f->kind, "%.*s", (int)strcspn(name, "]"), name);
}

static void add_fd(struct facts *f, int fd)
{
    struct fact_fd *found;
    struct stat status;

    if (fstat(fd, &status) < 0 || f->fds++ >= FACT_FDS)
        return;
    found = &f->fd[f->fds - 1];
    *found = (struct fact_fd){
        .fd = fd, .device = status.st_dev, .inode = status.st_ino};
    name_kind(found, status.st_mode);
}

/* Beyond the standard three. */
static void list_fds(struct facts *f)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (fd > STDERR_FILENO && fd != dirfd(folder))
            add_fd(f, fd);
    }
    if (folder)
        closedir(folder);
    else
        f->fds = -1;
}

/* --- the facts --- */

static int disposition_of(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0)
        return -1;
    return action.sa_handler == SIG_DFL   ? IS_DEFAULT
           : action.sa_handler == SIG_IGN ? IS_IGNORED
                                          : IS_HANDLED;
}

static void copy_variable(char *text, size_t size, const char *name)
{
    const char *value = getenv(name);

    snprintf(text, size, "%s", value ? value : "");
}

static void measure_memory(struct facts *f)
{
    f->global = words.global;
    f->heap = words.heap ? *words.heap : BY_NOBODY;
    f->thread = of_thread;
    f->lock_taken = lock_is_taken();
    f->resident = status_number("VmRSS");
    f->threads = status_number("Threads");
    list_fds(f);
}

static void measure_signals(struct facts *f)
{
    sigset_t mask;

    sigemptyset(&mask);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&mask, number) == 1)
            f->mask |= UINT64_C(1) << (number - 1);
    f->handler = disposition_of(SIGUSR1);
    f->ignored = disposition_of(SIGUSR2);
}

static void measure_surroundings(struct facts *f)
{
    struct rlimit limit = {0};

    copy_variable(f->early, sizeof f->early, "IPCLAB_EARLY");
    copy_variable(f->late, sizeof f->late, "IPCLAB_LATE");
    if (!getcwd(f->directory, sizeof f->directory))
        snprintf(f->directory, sizeof f->directory, "?");
    f->nice = getpriority(PRIO_PROCESS, 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    f->descriptors = limit.rlim_cur;
    f->umask = umask(0);
    umask(f->umask);
    sched_getaffinity(0, sizeof f->affinity, &f->affinity);
}

void facts_measure(struct facts *f)
{
    *f = (struct facts){.pid = getpid(),
                        .getppid = getppid(),
                        .parent = process_parent(),
                        .group = getpgrp(),
                        .session = getsid(0)};
    measure_memory(f);
    measure_signals(f);
    measure_surroundings(f);
    snprintf(f->name, sizeof f->name, "%s", process_current_name());
    memcpy(f->authkey, process_authkey(), sizeof f->authkey);
}

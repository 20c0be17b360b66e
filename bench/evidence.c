/* SPDX-License-Identifier: MIT */
/* evidence.c - what the kernel says of other processes, read from /proc. */
#include "evidence.h"

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- threads --- */

int process_stat(pid_t process, struct process_stat *stat)
{
    char text[512];
    int error = proc_read(text, sizeof text, "/proc/%d/stat", process);

    return error ? error : parse_stat(text, stat);
}

void tasks_free(struct tasks *list)
{
    free(list->task);
    *list = (struct tasks){NULL, 0, 0};
}

static int tasks_append(struct tasks *list, const struct task *t)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 32;
        struct task *larger = reallocarray(list->task, room, sizeof *larger);

        if (!larger)
            return -ENOMEM;
        list->task = larger;
        list->room = room;
    }
    list->task[list->count++] = *t;
    return 0;
}

static int read_task(pid_t process, pid_t id, struct task *t)
{
    struct process_stat stat;
    char text[4096];
    int error;

    *t = (struct task){.process = process, .id = id, .call = CALL_UNKNOWN};
    error = proc_read(text, sizeof text, "/proc/%d/task/%d/stat", process, id);
    if (!error)
        error = parse_stat(text, &stat);
    if (error)
        return error;
    t->state = stat.state;
    if (proc_read(text, sizeof text, "/proc/%d/task/%d/syscall", process, id) ==
        0)
        parse_syscall(text, t);
    if (proc_read(t->wchan, sizeof t->wchan, "/proc/%d/task/%d/wchan", process,
                  id))
        t->wchan[0] = 0;
    error =
        proc_read(text, sizeof text, "/proc/%d/task/%d/status", process, id);
    t->switches = error ? -1 : parse_switches(text);
    return 0;
}

int tasks_of(pid_t process, struct tasks *list)
{
    char path[64];
    DIR *folder;
    int error = 0;
    long id;

    snprintf(path, sizeof path, "/proc/%d/task", process);
    folder = opendir(path);
    if (!folder)
        return -errno;
    while (!error && (id = proc_next(folder)) > 0) {
        struct task t;

        if (read_task(process, (pid_t)id, &t) == 0 && t.state != 'Z')
            error = tasks_append(list, &t);
    }
    closedir(folder);
    return error;
}

int tasks_below(pid_t root, struct tasks *list)
{
    struct pids below = {0};
    int error = descendants(root, &below, SIZE_MAX);

    list->count = 0;
    for (size_t i = 0; !error && i < below.count; i++) {
        error = tasks_of(below.pid[i], list);
        if (error == -ENOENT || error == -ESRCH)
            error = 0; /* it ended meanwhile */
    }
    pids_free(&below);
    return error;
}

unsigned threads_of_user(uid_t user)
{
    DIR *folder = opendir("/proc");
    unsigned count = 0;
    long pid;

    while (folder && (pid = proc_next(folder)) > 0) {
        struct stat tasks;
        char path[64];

        snprintf(path, sizeof path, "/proc/%ld/task", pid);
        if (stat(path, &tasks) == 0 && tasks.st_uid == user)
            count += (unsigned)tasks.st_nlink - 2; /* one link a thread */
    }
    if (folder)
        closedir(folder);
    return count;
}

bool process_has_task(pid_t process, pid_t id)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task/%d", process, id);
    return access(path, F_OK) == 0;
}

/* Nobody lists a thread in /proc, but who knows its id finds it. */
bool thread_lives(pid_t id)
{
    struct process_stat stat;

    return process_stat(id, &stat) == 0 && stat.state != 'Z' &&
           stat.state != 'X';
}

/* --- memory --- */

int process_memory(pid_t process, uint64_t address, void *buffer, size_t n)
{
    char path[64];
    ssize_t got;
    int fd, error;

    snprintf(path, sizeof path, "/proc/%d/mem", process);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    got = pread(fd, buffer, n, (off_t)address);
    error = got < 0 ? -errno : (size_t)got < n ? -EFAULT : 0;
    close(fd);
    return error;
}

pid_t process_mutex_owner(pid_t process, uint64_t address)
{
    uint64_t word = offsetof(pthread_mutex_t, __data.__lock);
    uint64_t field = offsetof(pthread_mutex_t, __data.__owner);
    int owner = 0;
    int error =
        process_memory(process, address - word + field, &owner, sizeof owner);

    return error ? error : owner;
}

int process_resident(pid_t process, uint64_t *bytes, bool exact)
{
    char text[2048];
    const char *line;
    unsigned long long value;
    int error = proc_read(text, sizeof text, "/proc/%d/%s", process,
                          exact ? "smaps_rollup" : "statm");

    if (error)
        return error;
    line = exact ? strstr(text, "\nPss:") : text;
    if (!line || sscanf(line, exact ? " Pss: %llu" : "%*u %llu", &value) != 1)
        return -EBADMSG;
    *bytes = value * (exact ? 1024 : (uint64_t)sysconf(_SC_PAGESIZE));
    return 0;
}

/* --- descriptors --- */

int process_descriptor(pid_t process, int fd, struct descriptor *d)
{
    char text[1024];
    ssize_t n;

    *d = (struct descriptor){.process = process, .fd = fd, .flags = -1};
    snprintf(text, sizeof text, "/proc/%d/fd/%d", process, fd);
    n = readlink(text, d->link, sizeof d->link - 1);
    if (n < 0)
        return -errno;
    d->pipe = parse_pipe(d->link);
    if (proc_read(text, sizeof text, "/proc/%d/fdinfo/%d", process, fd) == 0)
        d->flags = parse_fdinfo(text);
    return 0;
}

/* Does this descriptor hold that end?  A FIFO opened O_RDWR holds both. */
static bool holds(const struct descriptor *d, uint64_t pipe, bool writers)
{
    int mode = d->flags & O_ACCMODE;

    return d->pipe == pipe && d->flags >= 0 &&
           mode != (writers ? O_RDONLY : O_WRONLY);
}

size_t pipe_holders(const struct pids *among, uint64_t pipe, bool writers,
                    struct descriptor *found, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < among->count; i++) {
        struct descriptor d;
        char path[64];
        DIR *folder;
        long fd;

        snprintf(path, sizeof path, "/proc/%d/fd", among->pid[i]);
        folder = opendir(path);
        while (folder && (fd = proc_next(folder)) >= 0) {
            if (process_descriptor(among->pid[i], (int)fd, &d) < 0 ||
                !holds(&d, pipe, writers))
                continue;
            if (count < most)
                found[count] = d;
            count++;
        }
        if (folder)
            closedir(folder);
    }
    return count;
}

/* SPDX-License-Identifier: MIT */
/*
 * waits_names.c - whom a process means by a number.
 *
 * In a container processes have numbers of their own (pid_namespaces(7)).  A
 * pid in a call's argument, or a thread's id in a mutex, is such a number; the
 * kernel keeps what we call it beside it.
 */
#include "waits_find.h"

#include "proc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which namespace; false when that is not shown. */
static bool read_namespace(const char *who, char *name, size_t size)
{
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%s/ns/pid", who);
    n = readlink(path, name, size - 1);
    name[n < 0 ? 0 : n] = 0;
    return n > 0;
}

/* The last number of "NSpid: 4711 12": its own. */
static pid_t own_number(pid_t process, pid_t thread)
{
    char *status = proc_read_all("/proc/%d/task/%d/status", process, thread);
    char *line = status ? strstr(status, "\nNSpid:") : NULL, *last = NULL;
    pid_t number = 0;

    if (line) {
        line[1 + strcspn(line + 1, "\n")] = 0;
        last = strrchr(line, '\t');
    }
    if (last)
        number = atoi(last + 1);
    free(status);
    return number;
}

static pid_t find_in(pid_t process, pid_t number)
{
    struct tasks tasks = {0};
    pid_t found = 0;

    tasks_of(process, &tasks);
    for (size_t i = 0; i < tasks.count && !found; i++)
        if (own_number(process, tasks.task[i].id) == number)
            found = tasks.task[i].id;
    tasks_free(&tasks);
    return found;
}

pid_t number_here(pid_t process, pid_t number)
{
    char ours[64], theirs[64], other[64], name[24];
    DIR *folder;
    pid_t found = 0;
    long pid;

    snprintf(name, sizeof name, "%d", process);
    if (!read_namespace("self", ours, sizeof ours) ||
        !read_namespace(name, theirs, sizeof theirs) ||
        strcmp(ours, theirs) == 0)
        return number;
    folder = opendir("/proc");
    while (folder && !found && (pid = proc_next(folder)) > 0) {
        snprintf(name, sizeof name, "%ld", pid);
        if (read_namespace(name, other, sizeof other) &&
            strcmp(other, theirs) == 0)
            found = find_in((pid_t)pid, number);
    }
    if (folder)
        closedir(folder);
    return found;
}

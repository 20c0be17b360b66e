/* SPDX-License-Identifier: MIT */
/* ends.c - who holds which end of what. */
#include "ends.h"

#include "evidence.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* anon_inode:[eventpoll] and its kin: the link alone tells them apart. */
static void look_anonymous(struct end *e, const char *link, const char *info)
{
    int64_t number = -1;

    e->kind = END_OUTSIDE;
    if (strstr(link, "[eventpoll]")) {
        e->kind = END_EPOLL;
    } else if (strstr(link, "[pidfd]")) {
        e->kind = END_PROCESS;
        number = proc_labelled(info, "Pid:");
    } else if (strstr(link, "[eventfd]")) {
        /* Kernels before 5.2 do not number them: then anybody may write. */
        number = proc_labelled(info, "eventfd-id:");
        e->kind = number < 0 ? END_OUTSIDE : END_EVENT;
    }
    e->number = number < 0 ? 0 : (uint64_t)number;
    e->reads = e->writes = true;
}

int end_look(pid_t process, int fd, struct end *e)
{
    char path[64], link[160], info[1024] = "";
    struct stat stat_;
    ssize_t n;
    int flags;

    *e = (struct end){.process = process, .fd = fd};
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, fd);
    n = readlink(path, link, sizeof link - 1);
    if (n < 0 || stat(path, &stat_) < 0)
        return -errno;
    link[n] = 0;
    proc_read(info, sizeof info, "/proc/%d/fdinfo/%d", process, fd);
    flags = parse_fdinfo(info);
    e->device = stat_.st_dev;
    e->number = stat_.st_ino;
    e->reads = flags < 0 || (flags & O_ACCMODE) != O_WRONLY;
    e->writes = flags < 0 || (flags & O_ACCMODE) != O_RDONLY;
    if (S_ISFIFO(stat_.st_mode))
        e->kind = END_PIPE;
    else if (S_ISSOCK(stat_.st_mode))
        e->kind = END_SOCKET;
    else if (S_ISCHR(stat_.st_mode))
        e->kind = END_TERMINAL;
    else if (strncmp(link, "anon_inode:", 11) == 0)
        look_anonymous(e, link, info);
    return 0;
}

static int append(struct ends *list, const struct end *e)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 256;
        struct end *larger = reallocarray(list->end, room, sizeof *larger);

        if (!larger)
            return -ENOMEM;
        list->end = larger;
        list->room = room;
    }
    list->end[list->count++] = *e;
    return 0;
}

static int read_process(pid_t process, struct ends *list)
{
    char path[64];
    struct end e;
    int error = 0;
    DIR *folder;
    long fd;

    snprintf(path, sizeof path, "/proc/%d/fd", process);
    folder = opendir(path);
    if (!folder) {
        list->hidden += errno == EACCES || errno == EPERM;
        return errno == ENOMEM ? -ENOMEM : 0; /* it ended, or is not ours */
    }
    while (!error && (fd = proc_next(folder)) >= 0)
        if (end_look(process, (int)fd, &e) == 0 &&
            (e.kind == END_PIPE || e.kind == END_SOCKET || e.kind == END_EVENT))
            error = append(list, &e);
    closedir(folder);
    return error;
}

int ends_read(struct ends *list)
{
    DIR *folder = opendir("/proc");
    int error = 0;
    long pid;

    list->count = 0;
    list->hidden = 0;
    if (!folder)
        return -errno;
    while (!error && (pid = proc_next(folder)) > 0)
        error = read_process((pid_t)pid, list);
    closedir(folder);
    return error;
}

void ends_free(struct ends *list)
{
    free(list->end);
    *list = (struct ends){NULL, 0, 0, 0};
}

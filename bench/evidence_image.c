/* SPDX-License-Identifier: MIT */
/* evidence_image.c - which program a process runs, since when, and how it
 * ended; and what it may have open. */
#include "evidence.h"

#include "proc.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The fields of /proc/P/stat, as proc(5) numbers them. */
enum { FIELD_STATE = 3, FIELD_FLAGS = 9, FIELD_EXIT_CODE = 52 };

/* PF_FORKNOEXEC, of the kernel's include/linux/sched.h. */
enum { FORKED_NO_EXEC = 0x40 };

/* The command before them may hold spaces and brackets. */
static int read_field(pid_t process, int field, int64_t *value)
{
    char text[1024];
    const char *at;
    int error = proc_read(text, sizeof text, "/proc/%d/stat", process);

    if (error)
        return error;
    at = strrchr(text, ')');
    for (int k = FIELD_STATE - 1; at && k < field; k++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -EBADMSG;
    *value = strtoll(at, NULL, 10);
    return 0;
}

int process_is_fork(pid_t process)
{
    int64_t flags;
    int error = read_field(process, FIELD_FLAGS, &flags);

    return error ? error : (flags & FORKED_NO_EXEC) != 0;
}

int process_exit_status(pid_t zombie)
{
    struct process_stat stat;
    int64_t status;
    int error = process_stat(zombie, &stat);

    if (!error && stat.state != 'Z')
        error = -EBUSY;
    if (!error)
        error = read_field(zombie, FIELD_EXIT_CODE, &status);
    return error ? error : (int)status;
}

/* --- the program --- */

static int stat_program(pid_t process, struct stat *program)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/exe", process);
    return stat(path, program) < 0 ? -errno : 0;
}

int same_program(pid_t one, pid_t other)
{
    struct stat a, b;
    int error = stat_program(one, &a);

    if (!error)
        error = stat_program(other, &b);
    return error ? error : a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int64_t process_place(pid_t process, uint64_t address)
{
    struct stat program;
    char path[64], line[PATH_MAX + 128];
    uint64_t begin, inode, base = 0;
    int error = stat_program(process, &program);
    FILE *maps;

    if (error)
        return error;
    snprintf(path, sizeof path, "/proc/%d/maps", process);
    maps = fopen(path, "re");
    if (!maps)
        return -errno;
    while (!base && fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNx64 "-%*x %*s %*x %*s %" SCNu64, &begin,
                   &inode) == 2 &&
            inode == program.st_ino)
            base = begin; /* they are in order: its first mapping */
    fclose(maps);
    return base && address >= base ? (int64_t)(address - base) : -EFAULT;
}

/* --- descriptors --- */

int64_t process_descriptors_most(pid_t process)
{
    static const char label[] = "Max open files";
    char text[4096];
    const char *line;
    int error = proc_read(text, sizeof text, "/proc/%d/limits", process);

    if (error)
        return error;
    line = strstr(text, label);
    return line ? strtoll(line + strlen(label), NULL, 10) : -EBADMSG;
}

int process_descriptor_copy(pid_t process, int fd)
{
    int handle = (int)syscall(SYS_pidfd_open, process, 0), copy, error;

    if (handle < 0)
        return -errno;
    copy = (int)syscall(SYS_pidfd_getfd, handle, fd, 0);
    error = errno;
    close(handle);
    return copy < 0 ? -error : copy;
}

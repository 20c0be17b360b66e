/* SPDX-License-Identifier: MIT */
/* evidence_maps.c - which file is at an address of a process, or behind a
 * descriptor; and who uses it. */
#include "evidence.h"

#include "proc.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* "begin-end rwxp offset device inode name" */
bool parse_mapping(const char *line, struct mapping *m)
{
    unsigned device[2];
    uint64_t file;
    char mode[8];

    m->name[0] = 0;
    if (sscanf(line,
               "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64
               " %99[^\n]",
               &m->begin, &m->end, mode, &m->offset, &device[0], &device[1],
               &file, m->name) < 7)
        return false;
    m->shared = mode[3] == 's';
    m->device = makedev(device[0], device[1]);
    m->file = file;
    return true;
}

/* The first mapping of which it is true: 0, -EFAULT, or -errno. */
static int find_mapping(pid_t process, struct mapping *m,
                        bool (*wanted)(const struct mapping *, const void *),
                        const void *argument)
{
    char path[64], line[PATH_MAX + 128];
    bool found = false;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/maps", process);
    maps = fopen(path, "re");
    if (!maps)
        return -errno;
    while (!found && fgets(line, sizeof line, maps))
        found = parse_mapping(line, m) && wanted(m, argument);
    fclose(maps);
    return found ? 0 : -EFAULT;
}

static bool holds_address(const struct mapping *m, const void *address)
{
    uint64_t at = *(const uint64_t *)address;

    return at >= m->begin && at < m->end;
}

int process_mapping(pid_t process, uint64_t address, struct mapping *m)
{
    return find_mapping(process, m, holds_address, &address);
}

/* --- files --- */

int process_file(pid_t process, int fd, struct stat *file)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, fd);
    return stat(path, file) < 0 ? -errno : 0;
}

static bool is_of_file(const struct mapping *m, const void *file)
{
    const struct stat *wanted = file;

    return m->file == wanted->st_ino && m->device == wanted->st_dev;
}

static bool has_open(pid_t process, const struct stat *file)
{
    char path[64];
    bool found = false;
    DIR *folder;
    long fd;

    snprintf(path, sizeof path, "/proc/%d/fd", process);
    folder = opendir(path);
    while (folder && !found && (fd = proc_next(folder)) >= 0) {
        struct stat held;

        found = process_file(process, (int)fd, &held) == 0 &&
                held.st_ino == file->st_ino && held.st_dev == file->st_dev;
    }
    if (folder)
        closedir(folder);
    return found;
}

bool process_uses(pid_t process, const struct stat *file)
{
    struct mapping unused;

    return find_mapping(process, &unused, is_of_file, file) == 0 ||
           has_open(process, file);
}

bool file_is_used(const struct stat *file)
{
    DIR *folder = opendir("/proc");
    bool used = false;
    long pid;

    while (folder && !used && (pid = proc_next(folder)) > 0)
        used = process_uses((pid_t)pid, file);
    if (folder)
        closedir(folder);
    return used;
}

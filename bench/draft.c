/* SPDX-License-Identifier: MIT */
/* draft.c - a run's folder on its way into place, and what became of it. */
#include "draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *s, int kind,
                      struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

int draft_remove(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int lock(int fd, int how)
{
    while (flock(fd, how) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* Is what was opened still what has that name? */
static bool is_still_there(const char *path, int fd)
{
    struct stat opened, named;

    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int draft_hold(const char *path)
{
    int fd = open_folder(path);

    /* A file system without locks: then nobody can sweep there, either. */
    if (fd >= 0)
        lock(fd, LOCK_EX);
    return fd;
}

int draft_make(const char *path)
{
    for (;;) {
        int fd;

        if (mkdir(path, 0777) < 0)
            return -errno;
        fd = draft_hold(path);
        if (fd >= 0 && is_still_there(path, fd))
            return fd;
        if (fd < 0 && fd != -ENOENT) {
            rmdir(path);
            return fd;
        }
        if (fd >= 0) /* another run swept it before it was held: once more */
            close(fd);
    }
}

/* "run.tmp.123" beside "run", or with "old". */
static bool is_temporary(const char *name, const char *base, bool *old)
{
    size_t n = strlen(base);

    if (strncmp(name, base, n) != 0)
        return false;
    *old = strncmp(name + n, ".old.", 5) == 0;
    if (!*old && strncmp(name + n, ".tmp.", 5) != 0)
        return false;
    name += n + 5;
    return *name && name[strspn(name, "0123456789")] == '\0';
}

static void sweep_one(const char *path, const char *dir, bool old,
                      bool (*is_run)(const char *path))
{
    int fd = open_folder(path);

    if (fd < 0)
        return;
    if (lock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_there(path, fd) &&
        is_run(path)) {
        if (old && access(dir, F_OK) < 0)
            rename(path, dir);
        else
            draft_remove(path);
    }
    close(fd);
}

void draft_sweep(const char *dir, bool (*is_run)(const char *path))
{
    const char *base = strrchr(dir, '/') + 1;
    char parent[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
    struct dirent *entry;
    DIR *folder;
    bool old;

    snprintf(parent, sizeof parent, "%.*s", (int)(base - dir), dir);
    folder = opendir(parent);
    while (folder && (entry = readdir(folder)))
        if (is_temporary(entry->d_name, base, &old)) {
            snprintf(path, sizeof path, "%s%s", parent, entry->d_name);
            sweep_one(path, dir, old, is_run);
        }
    if (folder)
        closedir(folder);
}

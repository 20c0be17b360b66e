/* SPDX-License-Identifier: MIT */
/*
 * leavings.c - what a tree of processes left in the file system.
 *
 * Other programs of the machine make segments too.  A name in /dev/shm counts
 * as left behind when it is new, is ours, and no living process has it mapped
 * or open; by then the tree is dead.
 */
#include "guard.h"

#include "evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The end of a name that mkdtemp(3) has not yet made. */
#define UNNAMED "XXXXXX"

void names_free(struct names *list)
{
    free(list->name);
    *list = (struct names){NULL, 0, 0};
}

static void names_append(struct names *list, const char *name)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        void *larger = reallocarray(list->name, room, sizeof *list->name);

        if (!larger)
            return;
        list->name = larger;
        list->room = room;
    }
    snprintf(list->name[list->count++], sizeof *list->name, "%s", name);
}

void names_in(const char *folder, struct names *list)
{
    DIR *open = opendir(folder);
    struct dirent *entry;

    while (open && (entry = readdir(open)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names_append(list, entry->d_name);
    if (open)
        closedir(open);
}

static bool names_have(const struct names *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->name[i], name) == 0)
            return true;
    return false;
}

unsigned segments_since(const struct names *before)
{
    struct names now = {0};
    unsigned count = 0;

    names_in("/dev/shm", &now);
    for (size_t i = 0; i < now.count; i++) {
        struct stat file;
        char path[300];

        snprintf(path, sizeof path, "/dev/shm/%s", now.name[i]);
        if (!names_have(before, now.name[i]) && lstat(path, &file) == 0 &&
            file.st_uid == geteuid() && !file_is_used(&file))
            count++;
    }
    names_free(&now);
    return count;
}

unsigned segments_remove(const char *folder)
{
    const char *slash = strrchr(folder, '/'),
               *name = slash ? slash + 1 : folder;
    struct names now = {0};
    unsigned count = 0;
    size_t n = strlen(name);

    names_in("/dev/shm", &now);
    for (size_t i = 0; n > 0 && i < now.count; i++) {
        char path[300];

        snprintf(path, sizeof path, "/dev/shm/%s", now.name[i]);
        count += strncmp(now.name[i], name, n) == 0 && now.name[i][n] == '-' &&
                 unlink(path) == 0;
    }
    names_free(&now);
    return count;
}

static int remove_entry(const char *path, const struct stat *file, int type,
                        struct FTW *where)
{
    (void)file;
    (void)type;
    (void)where;
    remove(path);
    return 0;
}

static unsigned entries; /* of the walk below; the guard has one thread */

static int count_entry(const char *path, const struct stat *file, int type,
                       struct FTW *where)
{
    (void)path;
    (void)file;
    (void)type;
    entries += where->level > 0;
    return 0;
}

unsigned folder_remove(const char *folder)
{
    entries = 0;
    nftw(folder, count_entry, 16, FTW_PHYS);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return entries;
}

int folder_name(char *folder, size_t size)
{
    const char *in = getenv("TMPDIR");

    if (!in || !*in || access(in, W_OK | X_OK) < 0)
        in = "/tmp";
    return snprintf(folder, size, "%s/ipclab-" UNNAMED, in) < (int)size
               ? 0
               : -ENAMETOOLONG;
}

void folder_forget(const char *folder)
{
    size_t n = strlen(folder), end = sizeof UNNAMED - 1;

    if (n > end && strcmp(folder + n - end, UNNAMED) != 0) {
        folder_remove(folder);
        segments_remove(folder);
    }
}

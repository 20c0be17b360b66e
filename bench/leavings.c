/* SPDX-License-Identifier: MIT */
/*
 * leavings.c - what a tree of processes left in the file system.
 *
 * Other programs of the machine make segments too.  A name in /dev/shm counts
 * as left behind when it is new, is ours, and no living process has it mapped
 * or open; by then the tree is dead.
 */
#include "guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Has this process the file open? */
static bool process_has_open(const char *pid, const struct stat *file)
{
    struct names fds = {0};
    char path[600];
    bool found = false;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    names_in(path, &fds);
    for (size_t i = 0; i < fds.count && !found; i++) {
        struct stat held;

        snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, fds.name[i]);
        found = stat(path, &held) == 0 && held.st_ino == file->st_ino &&
                held.st_dev == file->st_dev;
    }
    names_free(&fds);
    return found;
}

/* Has this process the file mapped?  "start-end rwxp offset dev inode name" */
static bool process_has_mapped(const char *pid, const struct stat *file)
{
    char path[300], line[4352];
    unsigned long long inode;
    bool found = false;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    maps = fopen(path, "re");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, " /dev/shm/") &&
                sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 &&
                inode == file->st_ino;
    if (maps)
        fclose(maps);
    return found;
}

static bool in_use(const struct stat *file)
{
    struct names processes = {0};
    bool used = false;

    names_in("/proc", &processes);
    for (size_t i = 0; i < processes.count && !used; i++) {
        const char *pid = processes.name[i];

        used = pid[0] >= '1' && pid[0] <= '9' &&
               (process_has_mapped(pid, file) || process_has_open(pid, file));
    }
    names_free(&processes);
    return used;
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
            file.st_uid == geteuid() && !in_use(&file))
            count++;
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

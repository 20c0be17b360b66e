/* SPDX-License-Identifier: MIT */
/*
 * write.c - a run's files, written beside and renamed into place.
 *
 * Everything goes into DIR.tmp.PID first.  Only when each file is on the disk
 * does that folder change places with DIR: one rename where the kernel can
 * exchange two folders, else two.  An earlier run is deleted after that, and
 * nothing is ever deleted that might not be an earlier run.
 */
#include "write.h"

#include "common/io.h"
#include "draft.h"
#include "machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*write)(FILE *out, const struct run *run);
} files[] = {{"run.json", write_json},
             {"run.tsv", write_tsv},
             {"hist.tsv", write_hist},
             {"machine.txt", write_machine}};

enum { FILES = sizeof files / sizeof *files };

/* Where everything is, absolute: the folder may be the current one's parent. */
struct place_of {
    const char *as_given;
    char dir[PATH_MAX];
    char temporary[PATH_MAX + 32], old[PATH_MAX + 32]; /* draft.h */
    bool exists;
    char *why;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static int
fail(const struct place_of *p, int error, const char *format, ...)
{
    int n = snprintf(p->why, p->size, "%.160s: ", p->as_given);
    va_list arguments;

    va_start(arguments, format);
    if (n > 0 && (size_t)n < p->size)
        vsnprintf(p->why + n, p->size - (size_t)n, format, arguments);
    va_end(arguments);
    return error;
}

int write_machine(FILE *out, const struct run *run)
{
    machine_print_as(out, run->card, true);
    fprintf(out, "%-18s%s\n", "when", run->when ? run->when : "unknown");
    fprintf(out, "%-18s%" PRIu64 "\n", "seed", run->seed);
    fprintf(out, "%-18s%s\n", "python", run->python ? run->python : "none");
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return errno ? -errno : -EIO;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* What scripts/draw makes in plots/; `.draw.` is what it was making. */
static bool is_plot(const char *name)
{
    return ends_with(name, ".svg") || ends_with(name, ".png") ||
           ends_with(name, ".pdf") || strncmp(name, ".draw.", 6) == 0;
}

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(name, files[i].name) == 0)
            return true;
    return strcmp(name, "plots") == 0 || strncmp(name, "report.", 7) == 0;
}

/* The name of something in a folder that is not known, or "". */
static int find_foreign(const char *path, bool (*known)(const char *),
                        char name[NAME_MAX + 1])
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int error;

    name[0] = '\0';
    if (!dir)
        return -errno;
    errno = 0;
    while (!name[0] && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0 && !known(entry->d_name))
            strcpy(name, entry->d_name);
    error = name[0] ? 0 : -errno;
    closedir(dir);
    return error;
}

/* The same, for a folder with a run; *in is where the name is. */
static int find_in_run(const char *path, char name[NAME_MAX + 1],
                       const char **in)
{
    char plots[PATH_MAX + 48];
    int error = find_foreign(path, is_ours, name);

    *in = "";
    snprintf(plots, sizeof plots, "%s/plots", path);
    if (!error && !name[0] && access(plots, F_OK) == 0) {
        error = find_foreign(plots, is_plot, name);
        *in = "plots/";
    }
    return error;
}

static bool is_run(const char *path)
{
    char name[NAME_MAX + 1];
    const char *in;

    return find_in_run(path, name, &in) == 0 && !name[0];
}

/* An earlier run may be replaced; whatever else is there may not. */
static int check_existing(const struct place_of *p)
{
    char name[NAME_MAX + 1];
    const char *folder;
    int error = find_in_run(p->dir, name, &folder);

    if (error)
        return fail(p, error, "cannot be read: %s", strerror(-error));
    if (name[0])
        return fail(p, -ENOTEMPTY,
                    "holds '%s%.100s', which is no result: choose another "
                    "folder",
                    folder, name);
    return 0;
}

/* The absolute path of a folder that is not there yet: its parent must be. */
static int resolve_new(struct place_of *p)
{
    char given[PATH_MAX], parent[PATH_MAX], *slash, *name;
    size_t n = strlen(p->as_given);

    if (n == 0 || n >= sizeof given)
        return fail(p, n ? -ENAMETOOLONG : -ENOENT, "no name of a folder");
    memcpy(given, p->as_given, n + 1);
    while (n > 1 && given[n - 1] == '/')
        given[--n] = '\0';
    slash = strrchr(given, '/');
    name = slash ? slash + 1 : given;
    if (slash)
        *slash = '\0';
    if (!realpath(!slash ? "." : slash == given ? "/" : given, parent))
        return fail(p, -errno, "the folder it would be in: %s%s",
                    strerror(errno), errno == ENOENT ? "; make it first" : "");
    if (snprintf(p->dir, sizeof p->dir, "%s/%s", parent, name) >=
        (int)sizeof p->dir)
        return fail(p, -ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
    return 0;
}

/* Find out what is there and may be replaced. */
static int resolve(struct place_of *p)
{
    struct stat s, here;
    int error;

    if (realpath(p->as_given, p->dir)) {
        if (stat(p->dir, &s) < 0 || !S_ISDIR(s.st_mode))
            return fail(p, -ENOTDIR, "is not a folder");
        if (stat(".", &here) == 0 && here.st_dev == s.st_dev &&
            here.st_ino == s.st_ino)
            return fail(p, -EBUSY,
                        "is the current folder, which cannot be replaced");
        p->exists = true;
        error = check_existing(p);
    } else if (errno == ENOENT) {
        error = resolve_new(p);
    } else {
        return fail(p, -errno, "%s", strerror(errno));
    }
    snprintf(p->temporary, sizeof p->temporary, "%s.tmp.%d", p->dir, getpid());
    snprintf(p->old, sizeof p->old, "%s.old.%d", p->dir, getpid());
    return error;
}

/* A file is there when fsync(2) and close(2) say so, and not before. */
static int write_file(const char *folder, size_t i, const struct run *run)
{
    char path[PATH_MAX + 64];
    FILE *out;
    int error;

    snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
    out = fopen(path, "wxe");
    if (!out)
        return -errno;
    error = files[i].write(out, run);
    if (!error && fsync(fileno(out)) < 0)
        error = -errno;
    if (fclose(out) != 0 && !error)
        error = -errno;
    return error;
}

static int write_files(const struct place_of *p, const struct run *run)
{
    for (size_t i = 0; i < FILES; i++) {
        int error = write_file(p->temporary, i, run);

        if (error)
            return fail(p, error, "cannot write %s: %s; nothing was changed",
                        files[i].name, strerror(-error));
    }
    return 0;
}

/* Put the new folder in the old one's place, and take that away. */
static int move_in(const struct place_of *p)
{
    int error, held;

    if (!p->exists)
        return rename(p->temporary, p->dir) < 0 ? -errno : 0;
    if (renameat2(AT_FDCWD, p->temporary, AT_FDCWD, p->dir, RENAME_EXCHANGE) ==
        0) {
        draft_remove(p->temporary); /* now the earlier run */
        return 0;
    }
    held = draft_hold(p->dir);
    error = rename(p->dir, p->old) < 0 ? -errno : 0;
    if (!error && rename(p->temporary, p->dir) < 0) {
        error = -errno;
        rename(p->old, p->dir);
    } else if (!error) {
        draft_remove(p->old);
    }
    fd_close(&held);
    return error;
}

/* A new, empty folder beside the one that is meant, held by *held. */
static int make_draft(const struct place_of *p, int *held)
{
    *held = draft_make(p->temporary);
    if (*held >= 0)
        return 0;
    return fail(p, *held, "cannot write beside it: %s", strerror(-*held));
}

int write_check(const char *dir, char *why, size_t size)
{
    struct place_of p = {.as_given = dir, .why = why, .size = size};
    int held, error = resolve(&p);

    if (!error) {
        draft_sweep(p.dir, is_run); /* it may put an earlier run back */
        error = resolve(&p);
    }
    if (!error)
        error = make_draft(&p, &held);
    if (!error) {
        rmdir(p.temporary);
        fd_close(&held);
    }
    return error;
}

int write_results(const char *dir, const struct run *run, char *why,
                  size_t size)
{
    struct place_of p = {.as_given = dir, .why = why, .size = size};
    int held, error = resolve(&p);

    if (!error)
        error = make_draft(&p, &held);
    if (error)
        return error;
    error = write_files(&p, run);
    if (!error) {
        error = move_in(&p);
        if (error)
            fail(&p, error, "cannot be replaced: %s; nothing was changed",
                 strerror(-error));
    }
    if (error)
        draft_remove(p.temporary);
    fd_close(&held);
    return error;
}

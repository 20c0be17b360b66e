/* SPDX-License-Identifier: MIT */
/*
 * tracker.c - the resource tracker: a program that remembers names, and removes
 * them when all who might have done so are gone.
 *
 * It reads lines from a pipe, "REGISTER:name:type" and "UNREGISTER:name:type".
 * Every process of the program holds the other end, so the pipe ends with the
 * last of them, by whatever death.  Then what is still registered has leaked:
 * it is counted, said and removed (CPython resource_tracker.py, main).
 *
 * It must outlive a Ctrl-C, which reaches the whole terminal, and so ignores
 * the signals that a user sends; it ends when the pipe does.
 */
#include "start/image.h"

#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A listener and the folder that was made for it. */
static int remove_socket(const char *path)
{
    char folder[TRACKER_LINE];
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return -1;
    *slash = '\0';
    if (unlink(path) < 0 && errno != ENOENT)
        return -1;
    return rmdir(folder);
}

static int remove_nothing(const char *name)
{
    (void)name;
    return 0;
}

/* "FILE/NAME": the path of a segment by that name, while it is that file; else
 * NULL.  Who made it is gone; the name may be another's by now. */
static const char *segment_path(const char *text)
{
    static char path[TRACKER_LINE + 16];
    char *name;
    unsigned long long file = strtoull(text, &name, 10);
    struct stat now;

    snprintf(path, sizeof path, "/dev/shm%s", name);
    if (*name != '/' || lstat(path, &now) < 0 || now.st_ino != file)
        return NULL;
    return path;
}

/* Who unlinks it need not be one who tells us: then it has not leaked. */
static bool segment_is_there(const char *text)
{
    return segment_path(text) != NULL;
}

static int remove_segment(const char *text)
{
    const char *path = segment_path(text);

    return path ? unlink(path) : 0;
}

static const struct kind {
    const char *name;
    int (*remove)(const char *name);
    const char *python;                 /* what CPython calls it */
    bool (*is_there)(const char *name); /* or NULL: it is taken to be */
} kinds[] = {{"semaphore", sem_unlink, "semaphore", NULL},
             {"shared_memory", shm_unlink, "shared_memory", NULL},
             {"segment", remove_segment, "shared_memory", segment_is_there},
             {"socket", remove_socket, "socket", NULL},
             {"noop", remove_nothing, "noop", NULL},
             {NULL, NULL, NULL, NULL}};

/* What is registered, the youngest first. */
struct entry {
    const struct kind *kind;
    struct entry *next;
    char name[];
};

static const struct kind *kind_of(const char *name)
{
    const struct kind *k = kinds;

    while (k->name && strcmp(k->name, name) != 0)
        k++;
    return k->name ? k : NULL;
}

static struct entry **find(struct entry **all, const struct kind *kind,
                           const char *name)
{
    while (*all && ((*all)->kind != kind || strcmp((*all)->name, name) != 0))
        all = &(*all)->next;
    return all;
}

/* Twice is once. */
static bool note(struct entry **all, const struct kind *kind, const char *name)
{
    size_t n = strlen(name) + 1;
    struct entry *new;

    if (*find(all, kind, name))
        return true;
    new = malloc(sizeof *new + n);
    if (!new)
        return false;
    new->kind = kind;
    new->next = *all;
    memcpy(new->name, name, n);
    *all = new;
    return true;
}

static bool strike(struct entry **all, const struct kind *kind,
                   const char *name)
{
    struct entry **at = find(all, kind, name), *old = *at;

    if (!old)
        return false;
    *at = old->next;
    free(old);
    return true;
}

/* "VERB:name:type": a name may hold colons, the others do not.  NULL, or what
 * is wrong with it. */
static const char *obey(struct entry **all, char *line)
{
    char *name = strchr(line, ':'), *type = strrchr(line, ':');
    const struct kind *kind;

    if (!name || name == type)
        return "not a line of ours";
    *name++ = '\0';
    *type++ = '\0';
    kind = kind_of(type);
    if (strcmp(line, "PROBE") == 0)
        return NULL;
    if (!kind)
        return "no such type";
    if (strcmp(line, "REGISTER") == 0)
        return note(all, kind, name) ? NULL : "out of memory";
    if (strcmp(line, "UNREGISTER") == 0)
        return strike(all, kind, name) ? NULL : "it was not registered";
    return "no such verb";
}

static void obey_and_say(struct entry **all, char *line)
{
    char whole[TRACKER_LINE + 1];
    const char *wrong;

    snprintf(whole, sizeof whole, "%s", line);
    wrong = obey(all, line);
    if (wrong)
        fprintf(stderr, "resource_tracker: %s: %s\n", whole, wrong);
}

/* Until the end of the pipe. */
static void listen_to(int reader, struct entry **all)
{
    static char buffer[8 * TRACKER_LINE];
    size_t have = 0;
    ssize_t got;

    while ((got = read_some(reader, buffer + have, sizeof buffer - have)) > 0) {
        char *at = buffer, *end;

        have += (size_t)got;
        while ((end = memchr(at, '\n', have - (size_t)(at - buffer)))) {
            *end = '\0';
            obey_and_say(all, at);
            at = end + 1;
        }
        have -= (size_t)(at - buffer);
        memmove(buffer, at, have);
        if (have == sizeof buffer)
            have = 0; /* no line is that long */
    }
}

/* What nobody will miss any more, a type at a time. */
static void clean_up(struct entry *all)
{
    for (const struct kind *k = kinds; k->name; k++) {
        size_t count = 0;

        for (struct entry *e = all; e; e = e->next)
            count += e->kind == k && (!k->is_there || k->is_there(e->name));
        if (count && k->remove != remove_nothing)
            fprintf(stderr,
                    "resource_tracker: There appear to be %zu leaked %s "
                    "objects to clean up at shutdown\n",
                    count, k->python);
        for (struct entry *e = all; e; e = e->next)
            if (e->kind == k && k->remove(e->name) < 0 && errno != ENOENT)
                fprintf(stderr, "resource_tracker: %s: %s\n", e->name,
                        strerror(errno));
    }
}

_Noreturn void tracker_main(char **argv)
{
    struct entry *all = NULL;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    image_set_mask(0);
    /* Who reads our program's output need not wait for us. */
    for (int fd = STDIN_FILENO; fd < STDERR_FILENO; fd++) {
        close(fd);
        open("/dev/null", O_RDWR);
    }
    listen_to((int)image_option(argv, "pipe"), &all);
    clean_up(all);
    _exit(0);
}

/* SPDX-License-Identifier: MIT */
/*
 * segment.c - SharedMemory: a segment with a name.
 *
 * It is made without a name (open(2), O_TMPFILE), gets its size and its memory,
 * is told to the tracker, and then linked to its name, which either is free or
 * is not: so there is no moment at which others could see half of it, and none
 * at which a kill would leave a name that nobody knows of.  The tracker is told
 * which file it is, and removes the name only while it is of that file.
 */
#include "shm/shm.h"

#include "common/io.h"
#include "common/tracker.h"
#include "shm/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/dev/shm/" /* where shm_open(3) has them */

enum { PATH_SIZE = sizeof FOLDER + NAME_MAX + 1, TRIES = 100 };

static const struct shared_memory closed = {.buf = NULL, .fd = -1};

/* open(2), above the standard descriptors: it or -errno. */
static int open_raised(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd_raised(fd);
}

/* Its name is that: 0, -EINVAL or -ENAMETOOLONG. */
static int set_name(struct shared_memory *m, const char *name)
{
    if (*name == '/')
        name++;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strpbrk(name, "/\n"))
        return -EINVAL;
    if (strlen(name) > NAME_MAX)
        return -ENAMETOOLONG;
    strcpy(m->name, name);
    return 0;
}

static void path_of(const struct shared_memory *m, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, FOLDER "%s", m->name);
}

/* Map what m->fd is, whole: 0 or -errno. */
static int map(struct shared_memory *m)
{
    struct stat file;

    if (fstat(m->fd, &file) < 0)
        return -errno;
    if (!S_ISREG(file.st_mode))
        return -EINVAL;
    if (file.st_size == 0)
        return -ENODATA;
    m->buf = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE,
                  MAP_SHARED, m->fd, 0);
    if (m->buf == MAP_FAILED) {
        m->buf = NULL;
        return -errno;
    }
    m->size = (size_t)file.st_size;
    m->file = file.st_ino;
    return 0;
}

/* --- the name --- */

/* How the tracker is told of it. */
static int tell(const struct shared_memory *m,
                int (*verb)(const char *type, const char *name))
{
    char text[PATH_SIZE + 32];

    snprintf(text, sizeof text, "%llu/%s", (unsigned long long)m->file,
             m->name);
    return verb("segment", text);
}

/* Give it the name, if that is free. */
static int link_name(const struct shared_memory *m)
{
    char path[PATH_SIZE], nameless[64];

    path_of(m, path);
    snprintf(nameless, sizeof nameless, "/proc/self/fd/%d", m->fd);
    return linkat(AT_FDCWD, nameless, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0
               ? -errno
               : 0;
}

/* Without start/ nobody tracks: that is no failure. */
static int name_it(struct shared_memory *m, const char *name)
{
    int error = set_name(m, name), told;

    if (error)
        return error;
    told = tell(m, tracker_register);
    if (told && told != -ENOSYS)
        return told;
    error = link_name(m);
    if (error && !told)
        tell(m, tracker_unregister);
    return error;
}

static int make_up_name(struct shared_memory *m)
{
    int error = -EEXIST;

    for (int i = 0; i < TRIES && error == -EEXIST; i++) {
        char name[16];
        uint32_t random;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return -EIO;
        snprintf(name, sizeof name, "psm_%08x", random);
        error = name_it(m, name);
    }
    return error;
}

/* --- create, attach --- */

static int create(struct shared_memory *m, const char *name, size_t size)
{
    int error;

    m->fd = open_raised(FOLDER, O_TMPFILE | O_RDWR);
    if (m->fd < 0)
        return m->fd;
    if (ftruncate(m->fd, (off_t)size) < 0)
        return -errno;
    error = reserve(m->fd, 0, size);
    if (!error)
        error = map(m);
    m->made = true;
    if (!error)
        error = name ? name_it(m, name) : make_up_name(m);
    return error;
}

int shared_memory_create(struct shared_memory *m, const char *name, size_t size)
{
    int error;

    *m = closed;
    if (size == 0)
        return -EINVAL;
    if (size > PTRDIFF_MAX)
        return -ENOMEM;
    error = name ? set_name(m, name) : 0; /* before anything is done */
    if (!error)
        error = create(m, name, size);
    if (error) {
        shared_memory_close(m);
        *m = closed;
    }
    return error == -EFBIG ? -ENOMEM : error;
}

int shared_memory_attach(struct shared_memory *m, const char *name)
{
    char path[PATH_SIZE];
    int error;

    *m = closed;
    error = set_name(m, name);
    if (error)
        return error;
    path_of(m, path);
    m->fd = open_raised(path, O_RDWR | O_NOFOLLOW);
    error = m->fd < 0 ? m->fd : map(m);
    if (error) {
        shared_memory_close(m);
        *m = closed;
    }
    return error;
}

void shared_memory_close(struct shared_memory *m)
{
    if (m->buf)
        munmap(m->buf, m->size);
    m->buf = NULL;
    if (m->fd >= 0)
        fd_close(&m->fd);
    m->fd = -1;
}

int shared_memory_unlink(struct shared_memory *m)
{
    char path[PATH_SIZE];
    struct stat now;

    path_of(m, path);
    if (lstat(path, &now) < 0)
        return -errno;
    if (now.st_ino != m->file)
        return -ENOENT;
    if (unlink(path) < 0)
        return -errno;
    if (m->made)
        tell(m, tracker_unregister);
    return 0;
}

/* --- to a child --- */

int shared_memory_pack(const struct shared_memory *m, struct parcel *parcel)
{
    int error = m->buf ? parcel_put_text(parcel, m->name) : -EBADF;

    if (!error)
        error = parcel_put_u64(parcel, m->made);
    return error ? error : parcel_put_fd(parcel, m->fd);
}

int shared_memory_unpack(struct shared_memory *m, struct parcel *parcel)
{
    const char *name;
    uint64_t made;
    int error;

    *m = closed;
    error = parcel_take_text(parcel, &name);
    if (!error)
        error = set_name(m, name);
    if (!error)
        error = parcel_take_u64(parcel, &made);
    if (!error)
        error = parcel_take_fd(parcel, &m->fd);
    if (error)
        return error;
    m->made = made;
    error = map(m);
    if (error)
        shared_memory_close(m);
    return error;
}

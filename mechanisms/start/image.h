/* SPDX-License-Identifier: MIT */
/*
 * image.h - a fresh process: an exec of a program with nothing but what it is
 * handed, and what it is told first.
 *
 * Private to start/.
 */
#ifndef IPCLAB_IMAGE_H
#define IPCLAB_IMAGE_H

#include "start/child.h"

#include "common/auth.h"

#include <errno.h>
#include <signal.h>

/* What the first argument of an image of ours says it is to be. */
#define IMAGE_CHILD      "--multiprocessing-fork"
#define IMAGE_FORKSERVER "--forkserver"
#define IMAGE_TRACKER    "--resource-tracker"

/*
 * Run the program with these arguments and, beyond the standard three, these
 * descriptors, under the numbers they have here.  It begins with every signal
 * blocked.  *pid is our child; *pidfd, unless that is NULL, a descriptor of it.
 * 0, or what execve(2) said, -errno; then there is no child, and no pid.
 */
int image_run(const char *path, char *const argv[], const int *fds, size_t n,
              pid_t *pid, int *pidfd);

/* The program that processes run, and "/proc/self/exe" where none was set. */
const char *image_path(void);

/* What came through one exec need not go through the next. */
void image_keep_from_exec(void);

/* "name=NUMBER", as an argument of an image: at most size bytes. */
void image_argument(char *text, size_t size, const char *name, int64_t value);

/* The number of the argument of that name, or -1. */
int64_t image_option(char **argv, const char *name);

/* The text of the argument of that name, or NULL. */
const char *image_option_text(char **argv, const char *name);

/* This thread's signal mask, and the same set again. */
uint64_t image_mask(void);
void image_set_mask(uint64_t mask);

/*
 * CPython's preparation data: what a child is told of itself.  On the way it
 * is followed by `fd_count` numbers of descriptors (spawn alone), the name of
 * the target and the working directory, both with their final 0, and the
 * parcel's bytes.  Both sides must be of one build: `size` says so.
 */
struct preparation {
    uint32_t size; /* of this struct */
    uint32_t fd_count, target_size, directory_size;
    uint64_t length; /* of the parcel's bytes */
    uint64_t mask;   /* of signals */
    pid_t parent;
    enum start_method method;
    bool daemon;
    bool aside; /* the parcel's bytes are in a file, not here (fork server) */
    char name[64], identity[48];
    unsigned char authkey[AUTH_KEY];
};

/* All but the parcel's bytes, with room for as many descriptors as it has. */
struct preparation_head {
    struct preparation fixed;
    char more[PARCEL_FDS * sizeof(int) + 512 + 4096];
};

/*
 * Fill it in for p; fds is false where the descriptors go another way.  Its
 * length, or -ENAMETOOLONG.
 */
ssize_t preparation_pack(struct preparation_head *head, const struct process *p,
                         const char *directory, bool fds);

/* How long is what follows the fixed part, the parcel's bytes included? */
size_t preparation_more(const struct preparation *fixed);

/*
 * In the new process: be what it says, with these descriptors, and end.  `more`
 * is what followed the fixed part; bytes are the parcel's, or NULL: they are
 * there too.
 */
_Noreturn void preparation_become(const struct preparation *fixed,
                                  const struct target *target, char *more,
                                  void *bytes, const int *fds, size_t n);

/* The name of the target; NULL: what followed is not as it should be. */
const char *preparation_target(const struct preparation *fixed,
                               const char *more);

#endif

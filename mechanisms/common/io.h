/* SPDX-License-Identifier: MIT */
/*
 * io.h - reads and writes that finish.
 *
 * read(2) may return less than asked, write(2) may take less than given, and
 * a signal may interrupt either.  These loop until the whole is done; EINTR
 * is never seen by a caller.
 */
#ifndef IPCLAB_IO_H
#define IPCLAB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * Read n bytes.  Returns n, or fewer if the end of the file came first, or
 * -errno (what had been read is then lost).
 */
ssize_t read_full(int fd, void *buffer, size_t n);

/* One read(2), repeated only while it is interrupted: bytes or -errno. */
ssize_t read_some(int fd, void *buffer, size_t n);

/*
 * Write n bytes.  0 or -errno: -EPIPE when nobody can ever read them (SIGPIPE
 * must be ignored, see mechanisms_init).
 */
int write_full(int fd, const void *buffer, size_t n);

/*
 * Write the two pieces, as one system call if the kernel takes them so.  With
 * `socket` no SIGPIPE is raised whatever its disposition.  0 or -errno.
 */
int write_pair(int fd, bool socket, const void *first, size_t n_first,
               const void *second, size_t n_second);

/*
 * pipe2(2), CLOEXEC, with both ends above the standard descriptors even where
 * a program closed those: a child gets a new stdin.  0 or -errno.
 */
int fd_pipe(int ends[2]);

/* The same with socketpair(2), AF_UNIX and SOCK_STREAM. */
int fd_socket_pair(int ends[2]);

/*
 * The same descriptor above the standard three, or -errno, which an error that
 * comes in as fd is passed through as; the one that came in is closed.
 */
int fd_raised(int fd);

/* Close *fd unless it is -1, and make it -1: never closed twice. */
void fd_close(int *fd);

/* A descriptor of our own for the same file, CLOEXEC: it or -errno. */
int fd_duplicate(int fd);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * proc.h - the files and folders of /proc, read.
 */
#ifndef IPCLAB_PROC_H
#define IPCLAB_PROC_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/* The text of a small file, ended with a 0; what does not fit is cut off.
 * 0 or -errno. */
int proc_read(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The text of a file of any length, the caller's to free; NULL and errno. */
char *proc_read_all(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The next entry that is a number, or -1. */
long proc_next(DIR *folder);

/* The number after a label at the start of a line, or -1. */
int64_t proc_labelled(const char *text, const char *label);

#endif

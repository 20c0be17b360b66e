/* SPDX-License-Identifier: MIT */
/* evidence_files.c - do two descriptors stand for one open file? */
#include "evidence.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

int same_open_file(pid_t one, int one_fd, pid_t other, int other_fd)
{
    long order = syscall(SYS_kcmp, one, other, KCMP_FILE, (unsigned long)one_fd,
                         (unsigned long)other_fd);

    return order < 0 ? -errno : order == 0;
}

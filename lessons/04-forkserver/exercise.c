/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 04: a fork server of one's own.
 *
 * zygote.h says what is promised.
 */
#include "zygote.h"

#include "common/fds.h"
#include "common/io.h"

#include <errno.h>

int zygote_serve(int socket)
{
    (void)socket;
    /*
     * 1. Two things happen: a message comes, and a child ends.  How can one
     *    poll(2) wait for both?  signalfd(2) has a manual page.
     * 2. fds_receive takes a message with its descriptors, and says when some
     *    were lost.  Who has which descriptor after the fork?
     * 3. Which call tells that a child has ended, and leaves it a zombie?
     */
    return -ENOSYS;
}

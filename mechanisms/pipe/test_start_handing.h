/* SPDX-License-Identifier: MIT */
/* test_start_handing.h - what is handed to children. */
#ifndef IPCLAB_TEST_START_HANDING_H
#define IPCLAB_TEST_START_HANDING_H

#include "pipe/test_ends.h"
#include "start/test_children.h"

#include "common/region.h"

#include <fcntl.h>
#include <sys/mman.h>

static inline int send_and_stay(struct parcel *arguments)
{
    struct connection out;

    if (connection_unpack(&out, arguments) || connection_send(&out, "a", 1))
        return test_line(__LINE__);
    process_parent_join(NO_TIMEOUT);
    return 0;
}
TARGET(send_and_stay)

#endif

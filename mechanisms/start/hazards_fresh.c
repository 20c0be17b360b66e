/* SPDX-License-Identifier: MIT */
/* hazards_fresh.c - what scenarios with children of a fresh image share. */
#include "start/hazards.h"

#include "common/tracker.h"
#include "start/forkserver.h"

int run_target(const char *target, struct parcel *arguments,
               enum start_method method)
{
    struct process p;
    int error, code = -1;

    process_init(&p, target, arguments);
    p.method = method;
    error = process_start(&p);
    if (!error)
        error = process_join(&p, NO_TIMEOUT);
    if (!error)
        error = process_exitcode(&p, &code);
    process_close(&p);
    if (error)
        return error;
    return code < 0 ? -ECANCELED : code;
}

int leave_nobody(void)
{
    int error = forkserver_stop(SECOND);
    int also = tracker_stop(SECOND);

    return error ? error : also;
}

/* SPDX-License-Identifier: MIT */
/*
 * boot.c - what mechanisms_init finds in argv: is this process the program, or
 * an image of it that was run to be something else?
 */
#include "start/image.h"

#include "common/hooks.h"
#include "common/tracker.h"

#include <stdio.h>
#include <string.h>

static void turn_off(int argc, char **argv)
{
    if (argc < 3)
        return;
    if (strcmp(argv[1], IMAGE_CHILD) == 0)
        spawn_main(argv + 2);
    if (strcmp(argv[1], IMAGE_TRACKER) == 0)
        tracker_main(argv + 2);
    if (forkserver_main && strcmp(argv[1], IMAGE_FORKSERVER) == 0)
        forkserver_main(argv + 2);
}

/* The tracker reads from that descriptor. */
static int launch_tracker(int reader, pid_t *pid)
{
    char what[] = IMAGE_TRACKER, from[24];
    char *argv[] = {program_invocation_name, what, from, NULL};

    image_argument(from, sizeof from, "pipe", reader);
    return image_run(image_path(), argv, &reader, 1, pid, NULL);
}

__attribute__((constructor)) static void offer(void)
{
    static struct at_init hook = {.run = turn_off};

    mechanisms_at_init(&hook);
    tracker_launcher(launch_tracker);
}

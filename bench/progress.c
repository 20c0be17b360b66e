/* SPDX-License-Identifier: MIT */
/* progress.c - one line on stderr that says how far a run is. */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool shown;

static int columns(void)
{
    struct winsize w;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 20)
        return 80;
    return w.ws_col;
}

/* A line that is written over needs a terminal that can. */
static bool can_show(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
}

void progress_show(double done, double left, const char *what)
{
    int seconds = left > 0 ? (int)(left + 0.5) : 0;
    int room = columns() - 20;

    if (!can_show())
        return;
    fprintf(stderr, "\r\033[K%3d %%  %d:%02d left  %.*s",
            (int)(100 * done > 100 ? 100 : 100 * done), seconds / 60,
            seconds % 60, room > 0 ? room : 0, what);
    fflush(stderr);
    shown = true;
}

void progress_clear(void)
{
    if (!shown)
        return;
    fprintf(stderr, "\r\033[K");
    fflush(stderr);
    shown = false;
}

/* SPDX-License-Identifier: MIT */
/*
 * worker.c - the images that ipclab's children are of: build/worker, and with
 * the fork server build/forkserver.
 *
 * They hold every target that a trial starts and nothing else, static, since
 * each start loads or copies the whole of it.
 */
#include "common/hooks.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    static const char said[] = "this program is started by ipclab\n";

    mechanisms_init(argc, argv);
    if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
        return 1;
    return 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * tiny.c - fork, _exit and wait of a process that is as small as it gets.
 *
 * A static program of its own (build/tiny), run by the floor fork-tiny: it
 * reads a count from stdin, forks that often, and writes each duration in ns
 * to stdout.  At the end of stdin it ends.
 */
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(void)
{
    uint32_t n;

    while (read(STDIN_FILENO, &n, sizeof n) == (ssize_t)sizeof n) {
        for (; n; n--) {
            int64_t begin = now(), took;
            int status;
            pid_t pid = fork();

            if (pid == 0)
                _exit(0);
            if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
                return 1;
            took = now() - begin;
            if (write(STDOUT_FILENO, &took, sizeof took) != sizeof took)
                return 1;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 08: what was put is not in the pipe yet.
 *
 * The feeder turns an item into what is sent, as pickle does; here that waits
 * until it is told to go on, so that one can look at the queue meanwhile.
 * `demo plain` and `demo fast` send one item and get it, for strace to watch.
 */
#include "common/hooks.h"
#include "common/io.h"
#include "queue/queue.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct queue queue;
static int go[2]; /* a byte here lets the encoder go on */

/* region: slow */
/* pickle, in the feeder: a copy, when it is time. */
static ssize_t encode_slowly(void *unused, const void *item, size_t size,
                             void **message)
{
    char byte;

    (void)unused;
    read_some(go[0], &byte, 1);
    *message = strndup(item, size);
    return *message ? (ssize_t)size : -ENOMEM;
}
/* end: slow */

static int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = -2; /* "." and ".." */

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void show(const char *when)
{
    char text[16];
    int threaded = threads();
    long size = queue_qsize(&queue);
    const char *empty = queue_empty(&queue) ? "yes" : "no";
    ssize_t n = queue_get(&queue, text, sizeof text, 0);

    printf("%-33s%-9d%-7ld%-7s%.*s\n", when, threaded, size, empty,
           n < 0 ? 7 : (int)n, n < 0 ? "nothing" : text);
    fflush(stdout);
}

/* A child has the queue, and neither the feeder nor what waits for it. */
static void show_in_child(void)
{
    pid_t child = fork();

    if (child == 0) {
        show("a child, forked now");
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static int show_all(void)
{
    const struct queue_encoder slow = {.encode = encode_slowly};

    if (fd_pipe(go) < 0 || queue_open_as(&queue, 0, QUEUE_PLAIN) < 0)
        return 1;
    queue_set_encoder(&queue, &slow);
    printf("%-33s%-9s%-7s%-7s%s\n", "", "threads", "qsize", "empty",
           "get, without waiting");
    show("a new queue");
    queue_put(&queue, "helloworld", 10, NO_TIMEOUT);
    show("put has returned");
    show_in_child();
    write_full(go[1], "", 1);
    while (queue_empty(&queue) == 1)
        sched_yield();
    show("the feeder has sent it");
    show("and it was got");
    queue_close(&queue);
    queue_join_thread(&queue, NO_TIMEOUT);
    queue_free(&queue);
    return 0;
}

static int send_one(unsigned way)
{
    char text[16];

    if (queue_open_as(&queue, 0, way) < 0)
        return 1;
    queue_put(&queue, "helloworld", 10, NO_TIMEOUT);
    return queue_get(&queue, text, sizeof text, NO_TIMEOUT) != 10;
}

int main(int argc, char **argv)
{
    mechanisms_init(argc, argv);
    if (argc < 2)
        return show_all();
    return send_one(strcmp(argv[1], "fast") ? QUEUE_PLAIN : QUEUE_FAST);
}

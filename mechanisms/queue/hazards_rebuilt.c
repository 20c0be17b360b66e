/* SPDX-License-Identifier: MIT */
/*
 * hazards_rebuilt.c - a queue that is a global, and a child of a fresh image.
 *
 * A spawned child runs the top of the program once more, and so makes a queue
 * of its own, under the same name.  It puts there, ends well, and the parent
 * waits for ever at the other one.
 */
#include "queue/hazards.h"

#include "queue/parts.h"

/* The notes' own program:
 *
 *     q = Queue()
 *
 *     def f():
 *         q.put("helloworld")
 */
static const char hello[] = "helloworld";

enum { HELLO = sizeof hello - 1, CURE_ARGUMENT = 1, CURE_ARGUMENT_SERVED };

/* region: spawn-rebuilt-queue */
static struct queue q;

/* The top of the module, which Python runs in every image. */
static int run_module(void)
{
    return queue_open(&q, 0);
}

/* The child: puts into the global queue.  Into which? */
static int put_by_global(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    int error = w ? run_module() : -EIO;

    if (!error)
        error = queue_put(&q, hello, HELLO, NO_TIMEOUT);
    if (error)
        return error;
    witness_child(w, getpid());
    witness_child_fd(w, q.side->writer.fd);
    witness_show(w, 1);
    return 0;
}
TARGET(put_by_global)
/* end: spawn-rebuilt-queue */

/* region: spawn-rebuilt-queue-cure */
/* The child: puts into the queue that it was handed. */
static int put_by_argument(struct parcel *arguments)
{
    struct queue handed;
    int error = queue_unpack(&handed, arguments);

    if (error)
        return error;
    error = queue_put(&handed, hello, HELLO, NO_TIMEOUT);
    queue_free(&handed);
    return error;
}
TARGET(put_by_argument)
/* end: spawn-rebuilt-queue-cure */

/* print(q.get()) */
static int get_hello(struct witness *w)
{
    char text[16];
    ssize_t n;

    witness_ready(w);
    n = queue_get(&q, text, sizeof text, NO_TIMEOUT);
    queue_free(&q);
    return (int)n;
}

int spawn_rebuilt_queue(struct witness *w, int cure)
{
    struct parcel arguments;
    int error = run_module(), got;

    witness_expect(w, HELLO);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    if (error)
        return error;
    witness_fd(w, "q", q.side->reader.fd);
    parcel_init(&arguments);
    error = cure ? queue_pack(&q, &arguments) : witness_pack(w, &arguments);
    if (!error)
        error = start_and_be_seen(
            w, cure ? "put_by_argument" : "put_by_global", &arguments,
            cure == CURE_ARGUMENT_SERVED ? START_FORKSERVER : START_SPAWN);
    parcel_free(&arguments);
    if (error)
        return error;
    got = get_hello(w);
    error = leave_nobody();
    if (got < 0 || error)
        return got < 0 ? got : error;
    witness_got(w, got);
    return 0;
}

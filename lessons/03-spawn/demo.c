/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 03: a spawned child has what it is handed, and nothing else.
 *
 * `demo` asks a forked and a spawned child the same five questions.
 * `demo PROGRAM` spawns one child that is of that program, for strace to watch.
 */
#include "common/hooks.h"
#include "common/io.h"
#include "start/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int counter = 41;

/* What a child found. */
struct found {
    int counter;
    bool open;
    char text[16];
    void *address;
};

/* region: look */
static int look(struct parcel *arguments)
{
    struct found found = {.counter = counter, .address = (void *)look};
    uint64_t number = 0;
    const char *text = "";
    int answer = -1;

    parcel_take_u64(arguments, &number); /* in the order of the packing */
    parcel_take_text(arguments, &text);
    parcel_take_fd(arguments, &answer);
    found.open = fcntl((int)number, F_GETFD) >= 0;
    snprintf(found.text, sizeof found.text, "%s", text);
    return write_full(answer, &found, sizeof found);
}
TARGET(look)
/* end: look */

/* region: pack */
/* args=(number, "hello", writer) */
static int pack(struct parcel *arguments, int number, int *writer)
{
    int error = parcel_put_u64(arguments, (uint64_t)number);

    if (!error)
        error = parcel_put_text(arguments, "hello");
    if (!error)
        error = parcel_give_fd(arguments, writer);
    return error;
}
/* end: pack */

/* Process(target=look, args=...), by this method.  0 or -errno. */
static int ask(enum start_method method, int number, struct found *found)
{
    struct parcel arguments;
    struct process p;
    int answer[2], error = fd_pipe(answer);

    parcel_init(&arguments);
    if (!error)
        error = pack(&arguments, number, &answer[1]);
    process_init(&p, "look", &arguments);
    p.method = method;
    if (!error)
        error = process_start(&p);
    if (!error && read_full(answer[0], found, sizeof *found) != sizeof *found)
        error = -EPIPE; /* it ended without an answer */
    if (p.pid)
        process_join(&p, NO_TIMEOUT);
    process_close(&p);
    parcel_free(&arguments);
    fd_close(&answer[0]);
    return error;
}

/* Both children, side by side. */
static int show(void)
{
    int number = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 50);
    struct found f = {0}, s = {0};

    counter++;
    if (ask(START_FORK, number, &f) < 0 || ask(START_SPAWN, number, &s) < 0)
        return 1;
    printf("%-26s%-17s%s\n", "", "forked", "spawned");
    printf("%-26s%-17d%d\n", "counter, 42 in the parent", f.counter, s.counter);
    printf("%-26s%-17s%s\n", "the parent's descriptor", f.open ? "yes" : "no",
           s.open ? "yes" : "no");
    printf("%-26s%-17s%s\n", "the text in the parcel", f.text, s.text);
    printf("%-26s%-17p%p\n", "look() is at", f.address, s.address);
    printf("%-26s%p\n", "and in the parent at", (void *)look);
    return 0;
}

int main(int argc, char **argv)
{
    struct found found;
    int error;

    mechanisms_init(argc, argv); /* a spawned child goes no further */
    if (argc < 2)
        return show();
    error = process_set_executable(argv[1]);
    if (!error)
        error = ask(START_SPAWN, 0, &found);
    printf("%s\n", error ? strerrorname_np(-error) : "it has answered");
    return error ? 1 : 0;
}

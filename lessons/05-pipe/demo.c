/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 05: a pipe carries bytes, a Connection carries messages.
 *
 * `demo` sends two messages and shows the bytes that are in the pipe; then it
 * receives them, and meets the end of the file, and a message that is torn.
 * `demo N` sends and receives one message of N bytes, for strace to watch.
 */
#include "common/hooks.h"
#include "common/io.h"
#include "pipe/pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* region: bytes */
/* Send two messages, and read from the pipe as if it were just a pipe. */
static int show_bytes(struct connection *reader, struct connection *writer)
{
    unsigned char bytes[64];
    ssize_t n;

    if (connection_send(writer, "hello", 5) < 0 ||
        connection_send(writer, "", 0) < 0)
        return 1;
    n = read_some(reader->fd, bytes, sizeof bytes);
    printf("two messages are %zd bytes:", n);
    for (ssize_t i = 0; i < n; i++)
        printf(bytes[i] > 32 && bytes[i] < 127 ? " %c" : " %02x", bytes[i]);
    putchar('\n');
    return n < 0;
}
/* end: bytes */

/* What connection_recv says, in words. */
static void receive(struct connection *reader)
{
    char message[64];
    ssize_t n = connection_recv(reader, message, sizeof message);

    if (n < 0)
        printf("received: %s\n", strerrorname_np((int)-n));
    else
        printf("received: %zd bytes \"%.*s\"\n", n, (int)n, message);
}

/* region: torn */
/* Two messages and the end; then a header that promises more than comes. */
static int show_ends(struct connection *reader, struct connection *writer)
{
    connection_send(writer, "hello", 5);
    connection_send(writer, "", 0);
    connection_close(writer);
    receive(reader);
    receive(reader);
    receive(reader); /* nobody can write any more: EOFError */
    connection_close(reader);

    if (pipe_open(reader, writer) < 0 ||
        write_full(writer->fd, "\0\0\0\5hel", 7) < 0)
        return 1;
    connection_close(writer);
    receive(reader); /* the end came inside a message: OSError */
    return 0;
}
/* end: torn */

/* One message of n bytes, which must fit the pipe: nobody reads meanwhile. */
static int send_one(struct connection *reader, struct connection *writer,
                    size_t n)
{
    char *message = calloc(2, n);
    int error = message ? connection_send(writer, message, n) : -1;

    if (!error && connection_recv(reader, message, n) != (ssize_t)n)
        error = -1;
    free(message);
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct connection reader, writer;
    long n = argc > 1 ? atol(argv[1]) : 0;
    int status;

    mechanisms_init(argc, argv);
    if (argc > 1 && (n <= 0 || n > 65000)) {
        fprintf(stderr, "usage: demo [N], N up to 65000\n");
        return 2;
    }
    if (pipe_open(&reader, &writer) < 0)
        return 1;
    if (n)
        status = send_one(&reader, &writer, (size_t)n);
    else
        status = show_bytes(&reader, &writer) || show_ends(&reader, &writer);
    connection_close(&writer);
    connection_close(&reader);
    return status;
}

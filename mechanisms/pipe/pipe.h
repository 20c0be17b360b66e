/* SPDX-License-Identifier: MIT */
/*
 * pipe.h - messages over a pipe, as multiprocessing.Connection carries them.
 *
 * A pipe carries bytes; a Connection carries messages.  Each message is a
 * big-endian 32-bit length and that many bytes; a length beyond 2^31 - 1 is
 * -1 and a 64-bit length (CPython Lib/multiprocessing/connection.py,
 * Connection._send_bytes).  An unmodified Python can be the other side.
 *
 *     #include "pipe/pipe.h"
 *     #include "common/hooks.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct connection reader, writer;
 *         char text[16];
 *
 *         mechanisms_init(argc, argv);
 *         if (pipe_open(&reader, &writer) < 0) // Pipe(duplex=False)
 *             return 1;
 *         connection_send(&writer, "hello", 5);
 *         return connection_recv(&reader, text, sizeof text) == 5 ? 0 : 1;
 *     }
 *
 * A Connection belongs to one thread at a time.  Two writers on one end
 * interleave their bytes; two readers steal each other's.
 *
 * Reading ahead.  A small message costs one read(2), because a Connection
 * reads up to `read_ahead` bytes and keeps what it was not yet asked for.
 * Those bytes belong to this struct in this process: poll and wait look there
 * first, packing is -EBUSY while there are any, and a forked child drops its
 * copy.  connection_set_read_ahead(c, 0) gives CPython's exact two reads, and
 * is what several readers of one pipe need.
 */
#ifndef IPCLAB_PIPE_H
#define IPCLAB_PIPE_H

#include "common/clock.h"
#include "common/parcel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct connection {
    int fd; /* -1 when closed */
    bool readable, writable;
    bool socket;
    size_t read_ahead;     /* how much to read ahead of the caller */
    unsigned char *buffer; /* allocated by the first read into it */
    size_t capacity;       /* of buffer */
    size_t start, end;     /* what of it was read and not yet taken */
    bool known;            /* a message's header was read ... */
    uint64_t pending;      /* ... and it has this many bytes, as the last had */
    unsigned generation;   /* of the process that read them */
};

/*
 * Pipe(duplex=False): a pipe(2), whose ends can be read and written only.
 * Pipe(duplex=True): a socketpair(2), either end of which can do both.
 * Descriptors are CLOEXEC.  0 or -errno.
 */
int pipe_open(struct connection *reader, struct connection *writer);
int pipe_open_duplex(struct connection *one, struct connection *other);

/*
 * A Connection over a descriptor that somebody else made: Connection(fd).
 * The Connection owns it from now on.  0, or -EBADF; -EINVAL when it is
 * neither readable nor writable.
 */
int connection_from_fd(struct connection *c, int fd);

/* Close it, in this process alone.  Harmless when closed. */
void connection_close(struct connection *c);

/*
 * Send one message of size bytes; 0 bytes are a message too.  A message of up
 * to a page is one write(2) and arrives whole or not at all; a longer one
 * waits while the pipe is full.
 *
 * 0.  -EPIPE: nobody can receive it any more.  -EBADF: closed, or an end for
 * reading only.
 */
int connection_send(struct connection *c, const void *data, size_t size);

/*
 * The part [offset, offset + size) of a buffer of n bytes, checked as
 * send_bytes(buf, offset, size): -EINVAL when it does not lie within.
 */
int connection_send_part(struct connection *c, const void *buffer, size_t n,
                         int64_t offset, int64_t size);

/*
 * Receive one message into buffer, which holds size bytes.
 *
 * Waits until a whole message is there.  Returns its length in bytes; what lies
 * beyond that in buffer is undefined.
 * -EMSGSIZE: the message is longer than size; it stays, whole, to be received
 *            into a buffer of connection_pending(c) bytes.
 * -EPIPE:    every writer is closed, and no message is left (EOFError).
 * -EBADMSG:  every writer is closed in the middle of a message, or what
 *            arrived is no header; the connection cannot be read any more.
 * -EBADF:    closed, or an end for writing only.   -ENOMEM: no read-ahead.
 */
ssize_t connection_recv(struct connection *c, void *buffer, size_t size);

/*
 * recv_bytes(maximum): receive into memory of its own, *message, which the
 * caller frees.  A message longer than maximum is an error that ends reading
 * from this connection, as in CPython, since a peer that does not keep to the
 * limit is not to be trusted: -EMSGSIZE, and it is closed, or where it is
 * duplex not readable any more.  SIZE_MAX is no limit.  Otherwise as above.
 */
ssize_t connection_recv_new(struct connection *c, void **message,
                            size_t maximum);

/*
 * The length of the message that connection_recv called too long: the size of
 * the buffer to receive it into.  -ENOMSG when there is none.
 */
ssize_t connection_pending(const struct connection *c);

/* Were bytes read ahead that nobody has received yet? */
bool connection_is_ahead(const struct connection *c);

/*
 * Wait until a message can be received or every writer is closed: 1, or 0
 * after timeout ns (0 or less does not wait, NO_TIMEOUT waits for ever).
 * Consumes nothing.  -EBADF or -errno.
 */
int connection_poll(struct connection *c, int64_t timeout);

/*
 * How many bytes to read ahead; the default suits one reader.  0 turns it off.
 * -EBUSY while something is read ahead.
 */
int connection_set_read_ahead(struct connection *c, size_t bytes);

/*
 * Hand an end to a child.  pack shares it: both processes have it, and a
 * reader sees the end of the file only when both have closed it.  give moves
 * it: the parent's is closed once the child has started.  The child calls
 * unpack, and closes what it gets.  -EBUSY while something is read ahead.
 */
int connection_pack(const struct connection *c, struct parcel *parcel);
int connection_give(struct connection *c, struct parcel *parcel);
int connection_unpack(struct connection *c, struct parcel *parcel);

/* Something to wait for: a connection, or a descriptor (a sentinel). */
struct waitable {
    struct connection *connection; /* NULL: fd */
    int fd;
    bool ready; /* set by wait_ready */
};

/*
 * multiprocessing.connection.wait: wait until one of n is ready, that is has a
 * message, is at the end of its file, or is readable.  Marks those that are
 * and returns their number; 0 after timeout ns.  -EBADF, -ENOMEM or -errno.
 */
int wait_ready(struct waitable *list, size_t n, int64_t timeout);

#endif

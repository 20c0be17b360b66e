/* SPDX-License-Identifier: MIT */
/*
 * auth.h - the mutual proof of a shared key, as multiprocessing does it.
 *
 * Each side in turn sends random bytes, and the other answers with their HMAC
 * under the key (CPython Lib/multiprocessing/connection.py, deliver_challenge
 * and answer_challenge).  The server delivers first, the client answers first.
 *
 *     3.12 and later   #CHALLENGE#{sha256} and 40 random bytes
 *                      {sha256} and the HMAC of all that follows #CHALLENGE#
 *     until 3.11       #CHALLENGE# and 20 random bytes
 *                      the HMAC-MD5 of those, 16 bytes
 *     both             #WELCOME# or #FAILURE#
 *
 * A challenge is sent in the newer form; either form of answer to it is
 * accepted, and a challenge is answered in the form it has.
 *
 * It proves who is there and no more: what follows is neither encrypted nor
 * protected against whoever can write into the channel.
 *
 * Needs libcrypto; the mechanisms that authenticate are start/ (forkserver) and
 * pipe/ (Listener and Client), and by it manager/.
 */
#ifndef IPCLAB_AUTH_H
#define IPCLAB_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* No message of the handshake is longer; whoever reads takes no more. */
enum { AUTH_MESSAGE = 256, AUTH_KEY = 32 };

/* How messages go to the other side: whole ones, each 0 or its length, or
 * -errno.  What bounds the wait is the caller's. */
struct auth_wire {
    int (*send)(void *argument, const void *message, size_t n);
    ssize_t (*receive)(void *argument, void *message, size_t size);
    void *argument;
};

/*
 * Ask the other side for its proof / give ours.  0; -EACCES: the other side
 * does not have the key, or says that we do not; -EBADMSG: this is no
 * handshake; or what the wire gave.
 */
int auth_deliver(const struct auth_wire *wire, const void *key, size_t n);
int auth_answer(const struct auth_wire *wire, const void *key, size_t n);

/* Make a challenge: its length, or -EIO without random bytes. */
ssize_t auth_challenge(unsigned char message[AUTH_MESSAGE]);

/*
 * The answer to a challenge (what followed #CHALLENGE# in it): its length.
 * -EBADMSG: too short, or a digest that is not md5, sha256, sha384, sha3_256
 * or sha3_384.
 */
ssize_t auth_respond(const void *key, size_t n, const void *challenge,
                     size_t size, unsigned char answer[AUTH_MESSAGE]);

/* Is this the answer of someone who has the key?  In constant time. */
bool auth_verify(const void *key, size_t n, const void *challenge, size_t size,
                 const void *answer, size_t answer_size);

/* n random bytes: 0 or -EIO. */
int auth_random(void *bytes, size_t n);

#endif

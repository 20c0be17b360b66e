/* SPDX-License-Identifier: MIT */
/* auth.c - the mutual proof of a shared key, as multiprocessing does it. */
#include "common/auth.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define CHALLENGE "#CHALLENGE#"
#define WELCOME   "#WELCOME#"
#define FAILURE   "#FAILURE#"

enum { PREFIX = sizeof CHALLENGE - 1, NONCE = 40, SHORTEST = 20 };

/* Python's names of digests, and libcrypto's. */
static const struct digest {
    const char *name, *evp;
} digests[] = {
    {"md5", "MD5"},           {"sha256", "SHA256"},     {"sha384", "SHA384"},
    {"sha3_256", "SHA3-256"}, {"sha3_384", "SHA3-384"},
};

int auth_random(void *bytes, size_t n)
{
    return RAND_bytes(bytes, (int)n) == 1 ? 0 : -EIO;
}

/*
 * Which digest a challenge or an answer names, and after how many bytes the
 * rest begins.  Until 3.11 there was no name, and MD5; 16 and 20 are the only
 * lengths that such messages have.  NULL: none that is known.
 */
static const struct digest *digest_of(const void *message, size_t n,
                                      size_t *prefix)
{
    const char *text = message;

    *prefix = 0;
    if (n == 16 || n == 20)
        return &digests[0];
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        size_t length = strlen(digests[i].name);

        if (n > length + 2 && text[0] == '{' && text[length + 1] == '}' &&
            memcmp(text + 1, digests[i].name, length) == 0) {
            *prefix = length + 2;
            return &digests[i];
        }
    }
    return NULL;
}

/* The HMAC of the whole challenge: its length, or 0 where libcrypto cannot. */
static size_t mac_of(const struct digest *d, const void *key, size_t n,
                     const void *challenge, size_t size,
                     unsigned char mac[EVP_MAX_MD_SIZE])
{
    const EVP_MD *md = EVP_get_digestbyname(d->evp);
    unsigned length = 0;

    if (!md || !HMAC(md, key, (int)n, challenge, size, mac, &length))
        return 0;
    return length;
}

ssize_t auth_challenge(unsigned char message[AUTH_MESSAGE])
{
    const size_t head = PREFIX + sizeof "{sha256}" - 1;

    memcpy(message, CHALLENGE "{sha256}", head);
    return auth_random(message + head, NONCE) < 0 ? -EIO
                                                  : (ssize_t)head + NONCE;
}

ssize_t auth_respond(const void *key, size_t n, const void *challenge,
                     size_t size, unsigned char answer[AUTH_MESSAGE])
{
    size_t prefix, length;
    const struct digest *d = digest_of(challenge, size, &prefix);

    if (size < SHORTEST || !d)
        return -EBADMSG;
    memcpy(answer, challenge, prefix);
    length = mac_of(d, key, n, challenge, size, answer + prefix);
    return length ? (ssize_t)(prefix + length) : -EBADMSG;
}

bool auth_verify(const void *key, size_t n, const void *challenge, size_t size,
                 const void *answer, size_t answer_size)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t prefix, length;
    const struct digest *d = digest_of(answer, answer_size, &prefix);

    length = d ? mac_of(d, key, n, challenge, size, mac) : 0;
    return length && length == answer_size - prefix &&
           CRYPTO_memcmp(mac, (const char *)answer + prefix, length) == 0;
}

int auth_deliver(const struct auth_wire *wire, const void *key, size_t n)
{
    unsigned char message[AUTH_MESSAGE], answer[AUTH_MESSAGE];
    ssize_t size = auth_challenge(message), got;
    int error = size < 0 ? (int)size
                         : wire->send(wire->argument, message, (size_t)size);

    if (error)
        return error;
    got = wire->receive(wire->argument, answer, sizeof answer);
    if (got < 0)
        return (int)got;
    if (!auth_verify(key, n, message + PREFIX, (size_t)size - PREFIX, answer,
                     (size_t)got)) {
        wire->send(wire->argument, FAILURE, sizeof FAILURE - 1);
        return -EACCES;
    }
    return wire->send(wire->argument, WELCOME, sizeof WELCOME - 1);
}

int auth_answer(const struct auth_wire *wire, const void *key, size_t n)
{
    unsigned char message[AUTH_MESSAGE], answer[AUTH_MESSAGE];
    ssize_t got = wire->receive(wire->argument, message, sizeof message), size;
    int error;

    if (got < 0)
        return (int)got;
    if (got < PREFIX || memcmp(message, CHALLENGE, PREFIX) != 0)
        return -EBADMSG;
    size = auth_respond(key, n, message + PREFIX, (size_t)got - PREFIX, answer);
    if (size < 0)
        return (int)size;
    error = wire->send(wire->argument, answer, (size_t)size);
    if (error)
        return error;
    got = wire->receive(wire->argument, message, sizeof message);
    if (got < 0)
        return (int)got;
    return (size_t)got == sizeof WELCOME - 1 &&
                   memcmp(message, WELCOME, sizeof WELCOME - 1) == 0
               ? 0
               : -EACCES;
}

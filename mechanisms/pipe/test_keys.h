/* SPDX-License-Identifier: MIT */
/* test_keys.h - two sides that prove to each other that they have a key. */
#ifndef IPCLAB_TEST_KEYS_H
#define IPCLAB_TEST_KEYS_H

#include "pipe/test_strangers.h"

#include "common/auth.h"

static const char test_key[] = "a secret that both have";
enum { TEST_KEY = sizeof test_key - 1 };

typedef int authenticate(struct connection *c, const void *key, size_t n,
                         int64_t timeout);

/* The other side, in a child. */
struct other {
    const char *address; /* NULL: it has the connection */
    struct connection c, ours;
    authenticate *part;
    const char *key;
};

/* What it found, as a positive number; it says a word when it is content. */
static inline int test_other(void *argument)
{
    struct other *o = argument;
    int error = 0;

    if (o->address)
        error = client_open(&o->c, o->address, TEST_BOUND);
    else
        connection_close(&o->ours); /* or it would never see our end */
    if (!error)
        error = o->part(&o->c, o->key, strlen(o->key), TEST_BOUND);
    if (!error)
        error = test_say(&o->c, "behind it");
    connection_close(&o->c);
    return -error;
}

/* What libcrypto loads once is not a test's to give back. */
static inline int test_load(void **state)
{
    unsigned char bytes[AUTH_MESSAGE];

    (void)state;
    return auth_challenge(bytes) < 0 ||
           auth_respond(test_key, TEST_KEY, "{sha256}00000000000000000000", 28,
                        bytes) < 0;
}

#endif

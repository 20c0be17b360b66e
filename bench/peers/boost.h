/* SPDX-License-Identifier: MIT */
/* boost.h - a message_queue for C: 0, a count, or -errno. */
#ifndef IPCLAB_PEERS_BOOST_H
#define IPCLAB_PEERS_BOOST_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In shared memory whose name is gone at once: children have it by fork. */
int boost_open(void **queue, size_t bytes, size_t capacity);
int boost_send(void *queue, const void *message, size_t bytes);
ssize_t boost_receive(void *queue, void *message, size_t bytes);

/* Harmless with NULL. */
void boost_close(void *queue);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* boost.cc - a message_queue for C: no exception leaves this file. */
#include "peers/boost.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cerrno>
#include <cstdio>
#include <unistd.h>

using boost::interprocess::create_only;
using boost::interprocess::interprocess_exception;
using boost::interprocess::message_queue;

static int error_of(const interprocess_exception &e)
{
    int error = e.get_native_error();

    return error > 0 ? -error : -EIO;
}

int boost_open(void **queue, size_t bytes, size_t capacity)
{
    char name[40];

    *queue = nullptr;
    snprintf(name, sizeof name, "ipclab-boost-%d", getpid());
    try {
        message_queue::remove(name);
        *queue = new message_queue(create_only, name, capacity,
                                   bytes ? bytes : 1);
        message_queue::remove(name);
    } catch (const interprocess_exception &e) {
        message_queue::remove(name);
        return error_of(e);
    } catch (const std::bad_alloc &) {
        return -ENOMEM;
    }
    return 0;
}

int boost_send(void *queue, const void *message, size_t bytes)
{
    try {
        static_cast<message_queue *>(queue)->send(message, bytes, 0);
    } catch (const interprocess_exception &e) {
        return error_of(e);
    }
    return 0;
}

ssize_t boost_receive(void *queue, void *message, size_t bytes)
{
    message_queue::size_type got;
    unsigned priority;

    try {
        static_cast<message_queue *>(queue)->receive(
            message, bytes ? bytes : 1, got, priority);
    } catch (const interprocess_exception &e) {
        return error_of(e);
    }
    return static_cast<ssize_t>(got);
}

void boost_close(void *queue)
{
    delete static_cast<message_queue *>(queue);
}

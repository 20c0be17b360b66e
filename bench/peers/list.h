/* SPDX-License-Identifier: MIT */
/*
 * list.h - what a user would pick instead, each a plug-in of its own.
 *
 * A line is PEER(name, title, summary, package): bench/peers/NAME.c, with
 * NAME.cc where there is one, becomes build/peers/NAME.so when the headers of
 * that Debian package are there.
 */
PEER(raw_pipe, "raw-pipe", "a bare pipe: read(2) and write(2)", "libc6-dev")
PEER(af_unix, "af-unix", "a bare socket pair, a stream", "libc6-dev")
PEER(posix_mq, "posix-mq", "mq_send(3), mq_receive(3)", "libc6-dev")
PEER(eventfd, "eventfd", "slots in shared memory, two eventfd(2)s that count",
     "libc6-dev")
PEER(zeromq, "zeromq", "ZeroMQ over ipc://, PUSH to PULL", "libzmq3-dev")
PEER(zeromq_pair, "zeromq-pair", "ZeroMQ over ipc://, PAIR to PAIR",
     "libzmq3-dev")
PEER(boost, "boost", "Boost.Interprocess message_queue", "libboost-dev, g++")

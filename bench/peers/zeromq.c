/* SPDX-License-Identifier: MIT */
/* zeromq.c - ZeroMQ, PUSH to PULL. */
#define SENDS    ZMQ_PUSH
#define RECEIVES ZMQ_PULL

#include "peers/zeromq.h"

/* SPDX-License-Identifier: MIT */
/* zeromq_pair.c - ZeroMQ, PAIR to PAIR, used in one direction each. */
#define SENDS    ZMQ_PAIR
#define RECEIVES ZMQ_PAIR

#include "peers/zeromq.h"

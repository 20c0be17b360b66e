/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of manager/, one file a cause, and what they
 * share.  Private to manager/; hazards.c has their table.
 */
#ifndef IPCLAB_MANAGER_HAZARDS_H
#define IPCLAB_MANAGER_HAZARDS_H

#include "mechanism.h"

#include "manager/manager.h"
#include "shm/hazards.h"

int shared_proxy_socket(struct witness *w, int cure); /* hazards_socket.c */
int nested_copy(struct witness *w, int cure);         /* hazards_copy.c */
int manager_killed(struct witness *w, int cure);      /* hazards_server.c */
int killed_client_holding_lock(struct witness *w, int cure); /* hazards_held.c
                                                              */
int read_modify_write(struct witness *w, int cure); /* hazards_modify.c */
int wrong_authkey(struct witness *w, int cure);     /* hazards_key.c */

/* Let the supervisor ask for that object: by which name its server knows it,
 * and which process that is. */
void witness_object(struct witness *w, const struct manager *m,
                    const struct proxy *p);

/* A call whose result is an int or a bool: 0 or as proxy_call. */
int proxy_int(struct proxy *p, int64_t *n, const char *method,
              const char *format, ...);

/* A server, forked, which shares our resource tracker; and the end of both.  0
 * or -errno. */
int begin_manager(struct manager *m, const struct manager_options *options);
int end_manager(struct manager *m);

/* SIGKILL, and its end; the zombie stays, to be looked at.  0 or -errno. */
int kill_and_keep(pid_t process);

#endif

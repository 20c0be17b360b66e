/* SPDX-License-Identifier: MIT */
/* hazards.c - how a Manager goes wrong, and the cures: the list.  The scenarios
 * are in hazards_*.c, by cause. */
#include "manager/hazards.h"

extern const struct hazard manager_hazards[];

const struct hazard manager_hazards[] = {
    {.name = "shared-proxy-socket",
     .summary = "two processes use one connection to a server, and each reads "
                "the answer that is the other's",
     .lesson = "10",
     .question = "A program has a connection to a server, and forks.  Each of "
                 "the two sends the server\n"
                 "its own name, which the server sends back; the child asks "
                 "first, the parent reads\n"
                 "first.  What will they do: a) finish, each with its own b) "
                 "hang c) crash\n"
                 "d) finish, each with the other's?",
     .victim = "the parent",
     .expect = CORRUPTS,
     .evidence = "answers crossed",
     .cures = (const char *const[]){"a proxy: each process has a connection of "
                                    "its own",
                                    "a lock, from the question to its answer",
                                    "a proxy handed to a spawned child", NULL},
     .run = shared_proxy_socket},
    {.name = "nested-copy",
     .summary = "d['k'].append(x) changes a copy, of which the server is told "
                "nothing",
     .lesson = "10",
     .question = "A hosted dict has an empty list at 'k'.  A client does "
                 "d['k'].append(x) three times,\n"
                 "and then asks for len(d['k']).  What will it do: a) finish, "
                 "with 3 b) hang c) crash\n"
                 "d) finish, with 0?",
     .victim = "the client",
     .expect = LOSES,
     .evidence = "copy changed",
     .cures = (const char *const[]){"the copy is set again: d['k'] = copy",
                                    "the list is hosted too: d['k'] is a proxy",
                                    NULL},
     .run = nested_copy},
    {.name = "manager-killed",
     .summary = "the server was killed: what it had is gone, and every call "
                "fails, for ever",
     .lesson = "10",
     .question = "A program keeps its results in a hosted dict.  After three "
                 "of six the server is\n"
                 "killed.  The program, which looks at no errors, goes on.  "
                 "What will it do:\n"
                 "a) finish, with six b) hang c) crash d) finish, with none?",
     .victim = "the client",
     .expect = LOSES,
     .evidence = "manager killed",
     .cures =
         (const char *const[]){"its sentinel is looked at: another is started, "
                               "and filled again",
                               "the first error ends the work, which is begun "
                               "again",
                               NULL},
     .run = manager_killed},
    {.name = "read-modify-write",
     .summary =
         "d['n'] = d['n'] + 1 is two calls: two clients have read before "
         "one has written, and one count is lost",
     .lesson = "10",
     .question = "Two clients do d['n'] = d['n'] + 1, once each, of a hosted "
                 "dict where it is 0.  Both\n"
                 "read it before one of them writes.  The server does one "
                 "thing at a time.  What will\n"
                 "they do: a) finish, with 2 b) hang c) crash d) finish, with "
                 "less?",
     .victim = "the number",
     .expect = LOSES,
     .evidence = "updates lost in a server",
     .cures =
         (const char *const[]){"a hosted Lock, around both calls",
                               "a type of one's own, whose add is one call",
                               "a list: append is one call, and len counts",
                               NULL},
     .run = read_modify_write},
    {.name = "wrong-authkey",
     .summary = "a server that obeys before it has asked for the key obeys "
                "everybody",
     .lesson = "10",
     .question = "A server listens at an abstract socket for orders of its "
                 "program.  A stranger, who\n"
                 "has the wrong key, finds the name, connects, and gives one.  "
                 "The server asks for no\n"
                 "key.  What will it do: a) finish, as it was told by its "
                 "program b) hang c) crash\n"
                 "d) obey the stranger?",
     .victim = "the server",
     .expect = CORRUPTS,
     .evidence = "obeys a stranger",
     .cures = (const char *const[]){"the handshake comes first",
                                    "mode 0600, and SO_PEERCRED: it obeys its "
                                    "parent alone",
                                    NULL},
     .run = wrong_authkey},
    {.name = "killed-client-holding-lock",
     .summary = "a client was killed with a hosted Lock: it stays taken, and "
                "who asks for it waits for ever",
     .lesson = "10",
     .question = "A client has taken a Lock of a manager, and is killed.  The "
                 "server sees its\n"
                 "connection end.  Another client asks for the lock.  What "
                 "will it do: a) finish\n"
                 "b) hang c) crash?",
     .victim = "the next one",
     .expect = HANGS,
     .evidence = "lock of a dead client",
     .cures =
         (const char *const[]){"acquire with a timeout, and a look at who had "
                               "it",
                               "a server that gives back what the dead held",
                               "a lock in shared memory that knows its owner",
                               NULL},
     .run = killed_client_holding_lock},
    {.name = NULL},
};

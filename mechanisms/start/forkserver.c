/* SPDX-License-Identifier: MIT */
/*
 * forkserver.c - the forkserver start method: the client's side.
 *
 * File-scope state and its fork story: `server` says how the fork server is
 * reached.  A forked child may use it as well, over a connection of its own: it
 * drops its copy of this process's, is not the server's parent, and makes the
 * lock new.
 */
#include "start/forkserver.h"
#include "start/served.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the server may take until it has forked. */
static const int64_t patience = 60 * SECOND;

static struct {
    pthread_mutex_t lock;
    pid_t pid;      /* where it is our child */
    int alive;      /* it lives while somebody has this */
    int address;    /* the socket it listens at, O_PATH */
    int connection; /* of this process alone */
    unsigned char key[AUTH_KEY];
    const char *executable;
    const char *const *preload;
} server = {PTHREAD_MUTEX_INITIALIZER, 0, -1, -1, -1, {0}, NULL, NULL};

static void forget_connection(void *unused)
{
    (void)unused;
    server.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    fd_close(&server.connection);
    if (server.pid)
        server.pid = 0;
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork forget = {.run = forget_connection};

    after_fork_register(&forget);
}

void forkserver_adopt(int alive, int address, const unsigned char key[AUTH_KEY])
{
    server.alive = alive;
    server.address = address;
    memcpy(server.key, key, AUTH_KEY);
}

/* --- a socket that has a name for as short as can be --- */

static int open_path(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* Neither a standard descriptor, which a child makes new. */
static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd_raised(fd);
}

/*
 * Make the folder, bind in it, keep a descriptor of what was bound, and take
 * both names away.  connect(2) finds the socket through that descriptor.
 */
static int bind_in(const char *folder, int listener)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int place, address, error = 0;

    if (mkdir(folder, 0700) < 0)
        return -errno;
    place = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* However long the path is: a name of a socket has 107 bytes at most. */
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/socket", place);
    if (place < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) < 0)
        error = -errno;
    if (!error && chmod(at.sun_path, 0600) < 0)
        error = -errno;
    address = error ? error : fd_raised(open_path(at.sun_path));
    unlinkat(place, "socket", 0);
    rmdir(folder);
    fd_close(&place);
    return address;
}

/* A killed process removes nothing: until the name is gone the tracker has it.
 */
static int bind_privately(int listener)
{
    const char *tmp = getenv("TMPDIR");
    unsigned char random[8];
    char folder[PATH_MAX], path[PATH_MAX + 8];
    int error = auth_random(random, sizeof random), address;
    uint64_t number;

    memcpy(&number, random, sizeof number);
    snprintf(folder, sizeof folder, "%.4000s/ipclab-%016llx",
             tmp && *tmp ? tmp : "/tmp", (unsigned long long)number);
    snprintf(path, sizeof path, "%s/socket", folder);
    if (!error)
        error = tracker_register("socket", path);
    if (error)
        return error;
    address = bind_in(folder, listener);
    tracker_unregister("socket", path);
    return address;
}

/* --- the server as a child of ours --- */

/* Room for its arguments. */
struct command {
    char listener[24], alive[24], key[24], tracker[24], address[24];
    char preload[1024];
};

static int run(int listener, int alive, int key)
{
    char what[] = IMAGE_FORKSERVER;
    struct command c;
    char *argv[] = {program_invocation_name,
                    what,
                    c.listener,
                    c.alive,
                    c.key,
                    c.tracker,
                    c.address,
                    c.preload,
                    NULL};
    int tracker = tracker_ensure_running();
    int keep[] = {listener, alive, key, server.address, tracker};
    size_t n;

    if (tracker < 0)
        return tracker;
    image_argument(c.listener, sizeof c.listener, "listener", listener);
    image_argument(c.alive, sizeof c.alive, "alive", alive);
    image_argument(c.key, sizeof c.key, "key", key);
    image_argument(c.tracker, sizeof c.tracker, "tracker", tracker);
    image_argument(c.address, sizeof c.address, "address", server.address);
    n = (size_t)snprintf(c.preload, sizeof c.preload, "preload=");
    for (const char *const *p = server.preload; p && *p; p++)
        n += (size_t)snprintf(c.preload + n, sizeof c.preload - n, "%s,", *p);
    return image_run(server.executable ? server.executable : image_path(), argv,
                     keep, sizeof keep / sizeof *keep, &server.pid, NULL);
}

/* Close what leads to a server; a dead one of ours is reaped. */
static void forget_server(void)
{
    fd_close(&server.connection);
    fd_close(&server.address);
    fd_close(&server.alive);
    if (server.pid > 0)
        waitpid(server.pid, NULL, 0);
    server.pid = 0;
}

/* The lock is held.  0 or -errno. */
static int launch(void)
{
    int listener = open_socket(), alive[2] = {-1, -1}, key[2] = {-1, -1}, error;

    if (listener < 0)
        return listener;
    error = server.address = bind_privately(listener);
    if (error > 0)
        error = listen(listener, SOMAXCONN) < 0 ? -errno : 0;
    if (!error)
        error = fd_pipe(alive);
    if (!error)
        error = fd_pipe(key);
    if (!error)
        error = auth_random(server.key, AUTH_KEY);
    if (!error)
        error = write_full(key[1], server.key, AUTH_KEY);
    fd_close(&key[1]);
    if (!error)
        error = run(listener, alive[0], key[0]);
    fd_close(&listener);
    fd_close(&alive[0]);
    fd_close(&key[0]);
    server.alive = alive[1];
    if (error) {
        server.pid = 0;
        forget_server();
    }
    return error;
}

/* --- a connection --- */

static int send_message(void *connection, const void *message, size_t n)
{
    struct iovec piece = {(void *)message, n};

    return fds_send(*(int *)connection, &piece, 1, NULL, 0);
}

static ssize_t receive_message(void *connection, void *message, size_t size)
{
    int fd = *(int *)connection, ready;
    ssize_t got;

    ready = poll_until(fd, clock_deadline(SERVED_PATIENCE));
    if (ready <= 0)
        return ready < 0 ? ready : -ETIMEDOUT;
    got = recv(fd, message, size, 0);
    return got < 0 ? -errno : got == 0 ? -EPIPE : got;
}

struct auth_wire served_wire(const int *connection)
{
    return (struct auth_wire){send_message, receive_message,
                              (void *)connection};
}

/* Is the one who listens of our own user? */
static int check_peer(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -errno;
    return peer.uid == geteuid() ? 0 : -EACCES;
}

/* The server hands this on to our children, who know by it that we live. */
static int say_hello(int connection)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0), error;
    char hello = HELLO;
    struct iovec piece = {&hello, 1};

    if (self < 0)
        return -errno;
    error = fds_send(connection, &piece, 1, &self, 1);
    close(self);
    return error;
}

/* The lock is held.  0 or -errno: -ECONNREFUSED when nobody listens. */
static int visit(void)
{
    const struct timeval longest = {SERVED_PATIENCE / SECOND, 0};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = open_socket(), error = 0;
    struct auth_wire wire = served_wire(&fd);

    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d",
             server.address);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        error = -errno;
    if (!error)
        error = check_peer(fd);
    if (!error)
        error = auth_answer(&wire, server.key, AUTH_KEY);
    if (!error)
        error = auth_deliver(&wire, server.key, AUTH_KEY);
    if (!error)
        error = say_hello(fd);
    if (error)
        close(fd);
    else
        server.connection = fd;
    return error;
}

/* The other side of the connection is gone; whether the server is, its
 * listener tells. */
static bool says_gone(int error)
{
    return error == -ECONNRESET || error == -EPIPE;
}

/* The lock is held.  Have a server and a connection to it: 0 or -errno. */
static int ensure_running(void)
{
    int error = -ECONNREFUSED;

    if (server.connection >= 0)
        return 0;
    if (server.address >= 0)
        error = visit();
    if (says_gone(error)) /* it may have died of us while we waited */
        error = visit();
    if (error != -ECONNREFUSED)
        return error;
    forget_server();
    error = launch();
    return error ? error : visit();
}

int forkserver_ensure_running(void)
{
    struct pollfd end = {0};
    int error;

    if (!mechanisms_initialised())
        return -ELOOP;
    pthread_mutex_lock(&server.lock);
    end.fd = server.connection;
    if (end.fd >= 0 && poll(&end, 1, 0) == 1) /* it says nothing: it is dead */
        fd_close(&server.connection);
    error = ensure_running();
    pthread_mutex_unlock(&server.lock);
    return error;
}

/* --- a start --- */

/* A parcel too long for a message, as a file. */
static int put_aside(const struct parcel *parcel)
{
    int fd = memfd_create("ipclab-parcel", MFD_CLOEXEC), error;

    if (fd < 0)
        return -errno;
    error = write_full(fd, parcel->bytes, parcel->length);
    if (error)
        fd_close(&fd);
    return error ? error : fd;
}

/* Head, bytes and descriptors, as one message.  The lock is held. */
static int send_request(const struct preparation_head *head, size_t n,
                        const struct parcel *parcel, int status, int bytes)
{
    struct iovec pieces[2] = {{(void *)head, n}, {NULL, 0}};
    int fds[FDS_MOST] = {[SERVED_STATUS] = status,
                         [SERVED_ALIVE] = server.alive,
                         [SERVED_TRACKER] = tracker_ensure_running(),
                         [SERVED_BYTES] = bytes < 0 ? status : bytes};
    size_t count = SERVED_FDS;

    if (fds[SERVED_TRACKER] < 0)
        return fds[SERVED_TRACKER];
    if (parcel && bytes < 0)
        pieces[1] = (struct iovec){parcel->bytes, parcel->length};
    for (size_t i = 0; parcel && i < parcel->fd_count; i++)
        fds[count++] = parcel->fds[i].fd;
    return fds_send(server.connection, pieces, pieces[1].iov_len ? 2 : 1, fds,
                    count);
}

/* The same to a server that lives; a dead one is replaced, once. */
static int request(const struct preparation_head *head, size_t n,
                   const struct parcel *parcel, int status, int bytes)
{
    int error = 0;

    pthread_mutex_lock(&server.lock);
    for (int tries = 0; tries < 2; tries++) {
        error = ensure_running();
        if (!error)
            error = send_request(head, n, parcel, status, bytes);
        if (!says_gone(error))
            break;
        fd_close(&server.connection);
    }
    pthread_mutex_unlock(&server.lock);
    return error;
}

/* There is no pid: the server says why, or it is dead. */
static int why_not(void)
{
    int64_t reason = -ECONNRESET;

    pthread_mutex_lock(&server.lock);
    if (server.connection < 0 ||
        receive_message(&server.connection, &reason, sizeof reason) !=
            sizeof reason)
        reason = -ECONNRESET;
    if (reason == -ECONNRESET)
        fd_close(&server.connection);
    pthread_mutex_unlock(&server.lock);
    return (int)reason;
}

static int await_pid(int status, pid_t *pid)
{
    int ready = poll_until(status, clock_deadline(patience));
    int64_t number = 0;

    if (ready <= 0) {
        pthread_mutex_lock(&server.lock);
        fd_close(&server.connection); /* whatever it says now is too late */
        pthread_mutex_unlock(&server.lock);
        return ready < 0 ? ready : -ETIMEDOUT;
    }
    if (read_some(status, &number, sizeof number) != sizeof number)
        return why_not();
    *pid = (pid_t)number;
    return 0;
}

int forkserver_start(struct process *p, struct child *c)
{
    const struct parcel *parcel = p->arguments;
    char directory[PATH_MAX];
    struct preparation_head head;
    int status[2], bytes = -1, error;
    ssize_t n =
        preparation_pack(&head, p, getcwd(directory, sizeof directory), false);

    if (n < 0)
        return (int)n;
    if (parcel && (size_t)n + parcel->length > PACKET) {
        bytes = put_aside(parcel);
        if (bytes < 0)
            return bytes;
        head.fixed.aside = true;
    }
    error = fd_pipe(status);
    if (!error) {
        fcntl(status[0], F_SETFL, O_NONBLOCK);
        flush_standard_streams();
        error = request(&head, (size_t)n, parcel, status[1], bytes);
    }
    fd_close(&bytes);
    fd_close(&status[1]);
    if (!error)
        error = await_pid(status[0], &c->pid);
    c->served = true;
    c->sentinel = status[0];
    return error;
}

/* --- the rest --- */

extern const struct preload *const __start_ipclab_preloads[]
    __attribute__((weak));
extern const struct preload *const __stop_ipclab_preloads[]
    __attribute__((weak));

/* The initialiser whose name begins `names` and has that length, or NULL. */
static const struct preload *find_preload(const char *name, size_t n)
{
    const struct preload *const *p = __start_ipclab_preloads;

    for (; p != __stop_ipclab_preloads; p++)
        if (strlen((*p)->name) == n && memcmp((*p)->name, name, n) == 0)
            return *p;
    return NULL;
}

void preloads_run(const char *names)
{
    while (names && *names) {
        size_t n = strcspn(names, ",");
        const struct preload *p = find_preload(names, n);

        if (p) /* else this image does without, as CPython does */
            p->run();
        names += n + (names[n] == ',');
    }
}

int forkserver_set_preload(const char *const *names)
{
    int error = 0;

    for (const char *const *name = names; name && *name; name++)
        if (!find_preload(*name, strlen(*name)))
            return -ENOENT;
    pthread_mutex_lock(&server.lock);
    if (server.address >= 0)
        error = -EBUSY;
    else
        server.preload = names;
    pthread_mutex_unlock(&server.lock);
    return error;
}

int forkserver_set_executable(const char *path)
{
    if (path && access(path, X_OK) < 0)
        return -errno;
    server.executable = path;
    return 0;
}

pid_t forkserver_pid(void)
{
    return server.pid;
}

int forkserver_stop(int64_t timeout)
{
    int error = 0, fd;

    pthread_mutex_lock(&server.lock);
    fd_close(&server.connection);
    fd_close(&server.address);
    fd_close(&server.alive);
    if (server.pid > 0) {
        fd = (int)syscall(SYS_pidfd_open, server.pid, 0);
        error = fd < 0 ? -errno : poll_until(fd, clock_deadline(timeout));
        fd_close(&fd);
        error = error > 0 ? 0 : error < 0 ? error : -ETIMEDOUT;
        if (!error) {
            waitpid(server.pid, NULL, 0);
            server.pid = 0;
        }
    }
    pthread_mutex_unlock(&server.lock);
    return error;
}

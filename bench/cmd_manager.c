/* SPDX-License-Identifier: MIT */
/*
 * cmd_manager.c - `ipclab manager`: serve objects that unmodified Python uses.
 *
 * The address is printed once clients can connect, and what a client that died
 * had taken goes to stderr.  It ends on SIGTERM, Ctrl-C or a client's shutdown.
 *
 * File-scope state: the server that a signal stops, of this process alone.
 */
#include "cmd.h"

#include "manager/manager.h"
#include "manager/server.h"
#include "pipe/listener.h"

#include <argp.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PUBLIC = 256, RELEASE, KEY_LEAST = 16, KEY_MOST = 4096 };

struct request {
    const char *address, *key_file;
    bool public, release;
};

static error_t take(int key, char *text, struct argp_state *state)
{
    struct request *q = state->input;

    switch (key) {
    case 'a':
        q->address = text;
        return 0;
    case 'k':
        q->key_file = text;
        return 0;
    case PUBLIC:
        q->public = true;
        return 0;
    case RELEASE:
        q->release = true;
        return 0;
    case ARGP_KEY_ARG:
        fprintf(stderr, "ipclab: manager takes options alone, not '%s'\n",
                text);
        return EINVAL;
    case ARGP_KEY_END:
        if (q->address && q->key_file)
            return 0;
        fprintf(stderr,
                "ipclab: manager wants --address PATH or HOST:PORT, and "
                "--authkey-file FILE\n");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Whoever reaches the port can try the key, and reads what is said: so no other
 * machine does, unless that was asked for. */
static bool is_loopback(const char *address)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    struct in_addr at;

    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    return strcmp(host, "localhost") == 0 ||
           (inet_pton(AF_INET, host, &at) == 1 &&
            ntohl(at.s_addr) >> 24 == IN_LOOPBACKNET);
}

/* The whole file is the key: its bytes, or 0 and a line that says why not. */
static size_t read_key(const char *name, unsigned char key[KEY_MOST + 1])
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    const char *why = NULL;
    struct stat status;
    ssize_t n = -1;

    if (fd < 0 || fstat(fd, &status) < 0 ||
        (n = read(fd, key, KEY_MOST + 1)) < 0)
        why = strerror(errno);
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        why = "others can read or change it: chmod 600 it";
    else if (n < KEY_LEAST)
        why = "a key has 16 bytes or more: head -c 32 /dev/urandom makes one";
    else if (n > KEY_MOST)
        why = "a key has 4096 bytes at most";
    if (why)
        fprintf(stderr, "ipclab: %s: %s\n", name, why);
    if (fd >= 0)
        close(fd);
    return why ? 0 : (size_t)n;
}

/* A killed server's socket is still there by name; nobody listens at it. */
static bool remove_stale(const char *address)
{
    struct connection c;
    struct stat status;
    int error;

    if (!address_is_name(address) || lstat(address, &status) < 0 ||
        !S_ISSOCK(status.st_mode))
        return false;
    error = client_open(&c, address, SECOND);
    if (!error)
        connection_close(&c);
    return error == -ECONNREFUSED && unlink(address) == 0;
}

static int open_server(struct server **s, const struct server_options *options)
{
    int error = server_open(s, options);

    if (error == -EADDRINUSE && remove_stale(options->address))
        error = server_open(s, options);
    return error;
}

static _Atomic(struct server *) serving;

static void end(int number)
{
    struct server *s = serving;

    (void)number;
    if (s)
        server_stop(s);
}

static void say(void *unused, const char *line)
{
    (void)unused;
    fprintf(stderr, "ipclab: %s\n", line);
}

static int serve(const struct server_options *options)
{
    const struct sigaction act = {.sa_handler = end};
    struct server *s;
    int error = open_server(&s, options);

    if (error) {
        fprintf(stderr, "ipclab: %s: %s\n", options->address,
                error == -EINVAL ? "no address: PATH, or HOST:PORT"
                                 : strerror(-error));
        return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
    }
    serving = s;
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    puts(server_address(s));
    fflush(stdout);
    error = server_serve(s);
    serving = NULL; /* for who presses Ctrl-C twice */
    server_close(s);
    if (error)
        fprintf(stderr, "ipclab: %s: %s\n", options->address, strerror(-error));
    return error ? EXIT_FAILED : 0;
}

int cmd_manager(int argc, char **argv)
{
    static const struct argp_option known[] = {
        {"address", 'a', "ADDRESS", 0,
         "the name of a socket, or HOST:PORT (port 0: any)", 0},
        {"authkey-file", 'k', "FILE", 0,
         "the key: its bytes, which others cannot read", 0},
        {"public", PUBLIC, NULL, 0,
         "listen on a network, where all that is said can be read", 1},
        {"release", RELEASE, NULL, 0,
         "give back the locks that a client held that died", 1},
        {0}};
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .doc = "Serve lists, dicts, queues, locks and what else a Manager of "
               "Python's multiprocessing has.  Any Python connects with "
               "SyncManager(address=..., authkey=...).connect()."};
    unsigned char key[KEY_MOST + 1];
    struct request q = {0};
    struct server_options options = {.key = key, .report = say};
    int error = cmd_understand(&argp, argc, argv, 0, &q);

    if (error)
        return error;
    if (!address_is_name(q.address) && !q.public && !is_loopback(q.address)) {
        fprintf(stderr,
                "ipclab: %s: other machines could connect: --public allows "
                "it\n",
                q.address);
        return EXIT_USAGE;
    }
    options.key_length = read_key(q.key_file, key);
    if (!options.key_length)
        return EXIT_FAILED;
    options.address = q.address;
    options.release = q.release;
    return serve(&options);
}

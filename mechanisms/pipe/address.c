/* SPDX-License-Identifier: MIT */
/*
 * address.c - addresses, read and written.
 *
 * No host is looked up by its name: how long that takes no timeout bounds, and
 * it would need more of the C library than all the rest here.
 */
#include "pipe/address.h"

#include "common/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The port's digits, behind the last colon; NULL in the name of a socket. */
static const char *port_in(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (!colon || strchr(text, '/'))
        return NULL;
    colon++;
    return *colon && colon[strspn(colon, "0123456789")] == '\0' ? colon : NULL;
}

bool address_is_name(const char *address)
{
    return port_in(address) == NULL;
}

static int read_name(struct address *a, const char *text)
{
    size_t n = strlen(text);

    if (n == 0)
        return -EINVAL; /* the kernel would make up a name */
    if (n >= sizeof a->at.name.sun_path)
        return -ENAMETOOLONG;
    a->at.name.sun_family = AF_UNIX;
    memcpy(a->at.name.sun_path, text, n + 1);
    a->size = sizeof a->at.name;
    return 0;
}

static int read_port(struct address *a, const char *text, const char *digits)
{
    size_t n = (size_t)(digits - text) - 1;
    char host[INET_ADDRSTRLEN];
    uint32_t port = 0;

    for (; *digits; digits++) {
        port = port * 10 + (uint32_t)(*digits - '0');
        if (port > UINT16_MAX)
            return -EINVAL;
    }
    if (n >= sizeof host)
        return -EINVAL;
    memcpy(host, text, n);
    host[n] = '\0';
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    if (inet_pton(AF_INET, host, &a->at.port.sin_addr) != 1)
        return -EINVAL;
    a->at.port.sin_family = AF_INET;
    a->at.port.sin_port = htons((uint16_t)port);
    a->size = sizeof a->at.port;
    return 0;
}

int address_read(struct address *a, const char *text)
{
    const char *digits = port_in(text);

    memset(a, 0, sizeof *a);
    return digits ? read_port(a, text, digits) : read_name(a, text);
}

void address_write(const struct address *a, char text[LISTENER_ADDRESS])
{
    char host[INET_ADDRSTRLEN] = "";

    if (!address_is_port(a)) {
        snprintf(text, LISTENER_ADDRESS, "%s", a->at.name.sun_path);
        return;
    }
    inet_ntop(AF_INET, &a->at.port.sin_addr, host, sizeof host);
    snprintf(text, LISTENER_ADDRESS, "%s:%u", host,
             (unsigned)ntohs(a->at.port.sin_port));
}

int address_socket(const struct address *a, int flags)
{
    int fd = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    return fd < 0 ? -errno : fd_raised(fd);
}

/* SPDX-License-Identifier: MIT */
/* preload.c - initialisers by name, which the fork server runs once. */
#include "start/forkserver.h"
#include "start/served.h"

#include <string.h>

extern const struct preload *const __start_ipclab_preloads[]
    __attribute__((weak));
extern const struct preload *const __stop_ipclab_preloads[]
    __attribute__((weak));

/* The one of that name, n bytes long, or NULL. */
static const struct preload *find(const char *name, size_t n)
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
        const struct preload *p = find(names, n);

        if (p) /* else this image does without, as CPython does */
            p->run();
        names += n + (names[n] == ',');
    }
}

bool preload_is_known(const char *name)
{
    return find(name, strlen(name)) != NULL;
}

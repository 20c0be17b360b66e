/* SPDX-License-Identifier: MIT */
/* request.c - is what was asked for known? */
#include "request.h"

#include "human.h"
#include "plugin.h"
#include "registry.h"
#include "row.h"

#include <stdio.h>

enum { NAMES = 64 };

bool request_names(const struct request *q, const char *mechanism,
                   const struct workload *w)
{
    char full[80];

    if (!q->names || !q->names[0])
        return strcmp(mechanism, "floor") != 0;
    snprintf(full, sizeof full, "%s/%s", mechanism, w->name);
    for (const char *const *n = q->names; *n; n++)
        if (strcmp(*n, mechanism) == 0 || strcmp(*n, full) == 0)
            return true;
    return false;
}

/* One that could be there, and is not built? */
static bool is_missing(const char *name, char *why, size_t size)
{
    size_t n = strlen(name);

    for (size_t i = 0; plugin_missing(i, why, size); i++)
        if (strncmp(why, name, n) == 0 && why[n] == ':')
            return true;
    return false;
}

static int no_mechanism(const char *name, char *why, size_t size)
{
    const char *names[NAMES] = {"floor"};

    if (is_missing(name, why, size))
        return -ENOTSUP;
    for (size_t i = 0; mechanisms[i] && i + 2 < NAMES; i++)
        names[i + 1] = mechanisms[i]->name;
    snprintf(why, size,
             "no mechanism '%s'; did you mean '%s'?  (ipclab list shows all)",
             name, nearest_name(name, names));
    return -ENOENT;
}

static int no_workload(const char *mechanism, const char *name, char *why,
                       size_t size)
{
    const struct mechanism *m = mechanism_find(mechanism);
    const char *names[NAMES] = {NULL};
    size_t n = 0;

    for (const struct workload *w = m ? m->workloads : NULL; w && w->name; w++)
        if (n + 1 < NAMES)
            names[n++] = w->name;
    for (const struct workload *const *g = floors; !m && *g; g++)
        for (const struct workload *w = *g; w->name; w++)
            if (n + 1 < NAMES)
                names[n++] = w->name;
    snprintf(why, size,
             "%s has no workload '%s'; did you mean '%s'?  (ipclab list shows "
             "all)",
             mechanism, name, nearest_name(name, names));
    return -ENOENT;
}

static int check_name(const char *name, char *why, size_t size)
{
    const char *slash = strchr(name, '/');
    char mechanism[64];

    snprintf(mechanism, sizeof mechanism, "%.*s",
             slash && slash - name < 63 ? (int)(slash - name) : 63, name);
    if (strcmp(mechanism, "floor") != 0 && !mechanism_find(mechanism))
        return no_mechanism(mechanism, why, size);
    if (slash && !workload_find(mechanism, slash + 1))
        return no_workload(mechanism, slash + 1, why, size);
    return 0;
}

static bool known_setting(const struct request *q, const char *name)
{
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads; w->name; w++)
            if (request_names(q, (*m)->name, w) && has_setting(w, name))
                return true;
    for (const struct workload *const *g = floors; *g; g++)
        for (const struct workload *w = *g; w->name; w++)
            if (request_names(q, "floor", w) && has_setting(w, name))
                return true;
    return false;
}

/* Has anything that was asked for a peer to start? */
static bool any_peers(const struct request *q)
{
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads; w->name; w++)
            if (w->peers && !w->forked && request_names(q, (*m)->name, w))
                return true;
    return false;
}

int request_check(const struct request *q, char *why, size_t size)
{
    int error = 0;

    for (const char *const *n = q->names; n && *n && !error; n++)
        error = check_name(*n, why, size);
    for (unsigned i = 0; i < q->set_count && !error; i++)
        if (!known_setting(q, q->sets[i].name)) {
            snprintf(why, size,
                     "no workload here has a setting '%s'  (ipclab list shows "
                     "all)",
                     q->sets[i].name);
            error = -ENOENT;
        }
    if (!error && q->start_count && !any_peers(q)) {
        snprintf(why, size,
                 "--start: no workload here has a peer to start; a start "
                 "itself is fork, spawn or forkserver, as in spawn/joined");
        error = -EINVAL;
    }
    return error;
}

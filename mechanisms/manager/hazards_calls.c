/* SPDX-License-Identifier: MIT */
/* hazards_calls.c - what the scenarios of manager/ do alike. */
#include "manager/hazards.h"

#include "common/tracker.h"

#include <signal.h>
#include <stdarg.h>

void witness_object(struct witness *w, const struct manager *m,
                    const struct proxy *p)
{
    const struct datum *ident = &p->token.record->fields[2];

    witness_server(w, m->process.pid, (const char *)ident->text->bytes);
}

int proxy_int(struct proxy *p, int64_t *n, const char *method,
              const char *format, ...)
{
    struct datum result;
    va_list list;
    int error;

    va_start(list, format);
    error = proxy_call_list(p, &result, method, format, &list);
    va_end(list);
    if (!error && result.kind == DATUM_BOOL)
        *n = result.truth;
    else if (!error)
        error = datum_to_int(&result, n);
    datum_drop(&result);
    return error;
}

int begin_manager(struct manager *m, const struct manager_options *options)
{
    int tracker = tracker_ensure_running();

    return tracker < 0 ? tracker : manager_start(m, START_FORK, options);
}

int end_manager(struct manager *m)
{
    manager_close(m);
    return leave_nobody();
}

int kill_and_keep(pid_t process)
{
    siginfo_t ended;

    if (kill(process, SIGKILL) < 0)
        return -errno;
    while (waitid(P_PID, (id_t)process, &ended, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

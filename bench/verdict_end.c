/* SPDX-License-Identifier: MIT */
/* verdict_end.c - the last word, when a scenario has ended. */
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/*
 * A scenario that returns -errno exits with errno.  Where that is of what a
 * machine or a limit can run out of, the reader wants to know it by name; other
 * numbers a program may mean otherwise.
 */
static void describe_status(int status, char *text, size_t size)
{
    bool out_of = status == EMFILE || status == ENFILE || status == ENOMEM ||
                  status == EAGAIN || status == ENOSPC || status == EFBIG;

    snprintf(text, size, "it ended with exit status %d%s%s%s", status,
             out_of ? " (" : "", out_of ? strerrordesc_np(status) : "",
             out_of ? ")" : "");
}

const char *ended_describe(const struct ended *ended, char *text, size_t size)
{
    static const char *const others[] = {
        [SEEN_ENOUGH] = "it was ended when it had been seen",
        [OUT_OF_TIME] = "its time was over",
        [TOO_MANY] = "it made too many processes",
        [TOO_LARGE] = "it took too much memory",
        [FILE_TOO_LARGE] = "a file of it grew too large",
        [INTERRUPTED] = "it was interrupted",
        [GUARD_WAS_KILLED] = "it killed the process that watched it",
    };
    int status = ended->status;

    if (ended->how != ENDED)
        snprintf(text, size, "%s", others[ended->how]);
    else if (WIFSIGNALED(status))
        snprintf(text, size, "signal %d, SIG%s, ended it: %s", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)), strsignal(WTERMSIG(status)));
    else
        describe_status(WEXITSTATUS(status), text, size);
    return text;
}

/* Write why there is no proof. */
static void refuse(struct verdict *v, const char *reason)
{
    v->count = 0;
    snprintf(v->reason, sizeof v->reason, "%s", reason);
}

static void add_line(struct verdict *v, const char *text)
{
    if (v->count < VERDICT_LINES)
        snprintf(v->line[v->count++], sizeof *v->line, "%s", text);
}

/* Did the signal that the evidence names, "signal PIPE", end the victim? */
static bool signal_ended_it(const struct hazard *hazard,
                            const struct witness *w, const struct ended *ended)
{
    int number = WIFSIGNALED(ended->status) ? WTERMSIG(ended->status) : 0;
    const char *name = number ? sigabbrev_np(number) : NULL;

    return ended->how == ENDED && w->victim == ended->program && name &&
           strcmp(hazard->evidence + strlen("signal "), name) == 0;
}

/* What should end, and was as it should be until then: did it do its work? */
static void check_work(const struct witness *w, const struct ended *ended,
                       struct verdict *v)
{
    char reason[160];

    if (v->ruling == PROVEN && !cure_fault(w, ended, -1, reason, sizeof reason))
        return;
    if (v->ruling != PROVEN)
        ended_describe(ended, reason, sizeof reason);
    v->ruling = NOT_PROVEN;
    refuse(v, reason);
}

/* What was left when all of them had ended is what they leak. */
static void check_leavings(const struct ended *ended, struct verdict *v)
{
    char reason[160] = "all that it had named was removed in the end";

    if (v->ruling == PROVEN && ended->how == ENDED && ended->files > 0) {
        add_line(v, "it was so when all of them had ended; we removed it");
        return;
    }
    if (v->ruling != PROVEN || ended->how != ENDED)
        ended_describe(ended, reason, sizeof reason);
    v->ruling = NOT_PROVEN;
    refuse(v, reason);
}

/* The signal that was asked for has ended it: did it get that for the reason
 * that it should have?  Of SIGBUS the reason is all: anybody can send one. */
static void judge_death(const struct hazard *hazard, const char *how,
                        struct verdict *v)
{
    bool asks_why = strcmp(hazard->evidence, "signal BUS") == 0;

    if (v->last_act == NOT_AS_IT_SHOULD) {
        v->ruling = NOT_PROVEN; /* the reason is there */
    } else if (asks_why && v->ruling != PROVEN) {
        refuse(v, "it was not seen before");
    } else if (asks_why && v->last_act == NOT_SEEN) {
        v->ruling = NOT_SHOWN;
        refuse(v, "why it got the signal cannot be seen: no ptrace(2) here");
    } else {
        v->ruling = PROVEN;
        add_line(v, how);
    }
}

void verdict_at_end(const struct hazard *hazard, const struct witness *witness,
                    const struct ended *ended, struct verdict *verdict)
{
    bool by_signal = strncmp(hazard->evidence, "signal ", 7) == 0;
    char text[80];

    if (ended->how == SEEN_ENOUGH || verdict->refused)
        return; /* what the judge saw stands */
    if (hazard->expect == ENDS) {
        check_work(witness, ended, verdict);
        return;
    }
    if (strcmp(hazard->evidence, "name outlives") == 0) {
        check_leavings(ended, verdict);
        return;
    }
    ended_describe(ended, text, sizeof text);
    if (by_signal && signal_ended_it(hazard, witness, ended)) {
        judge_death(hazard, text, verdict);
        return;
    }
    if (verdict->ruling == PROVEN)
        verdict->ruling = NOT_PROVEN; /* it moved after all */
    if (by_signal || ended->how != OUT_OF_TIME || !verdict->reason[0])
        refuse(verdict, text);
}

const char *cure_fault(const struct witness *witness, const struct ended *ended,
                       int64_t expected, char *reason, size_t size)
{
    char text[80];

    snprintf(reason, size, "%s", ended_describe(ended, text, sizeof text));
    if (ended->how == OUT_OF_TIME)
        return "HANGS";
    if (ended->how != ENDED || !WIFEXITED(ended->status) ||
        WEXITSTATUS(ended->status) != 0)
        return "FAILS";
    if (!atomic_load_explicit(&witness->finished, memory_order_acquire)) {
        snprintf(reason, size, "it handed in no result");
        return "WRONG";
    }
    if (witness->got != witness->expected ||
        (expected >= 0 && witness->expected != expected)) {
        snprintf(reason, size, "it yielded %" PRId64 " and not %" PRId64,
                 witness->got, expected >= 0 ? expected : witness->expected);
        return "WRONG";
    }
    if (ended->left || ended->files) {
        snprintf(reason, size, "it left %u processes and %u files behind",
                 ended->left, ended->files);
        return "LEAVES";
    }
    return NULL;
}

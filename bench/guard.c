/* SPDX-License-Identifier: MIT */
/*
 * guard.c - watch a tree of processes, and count what it leaves.
 *
 * The guard is the subreaper of the tree (prctl(2)): whoever loses its parent
 * becomes its child, so that nobody gets out of its sight.
 */
#include "guard.h"

#include "common/clock.h"
#include "common/io.h"
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often we look: often while the tree changes, seldom while it does not. */
#define LOOK_SOONEST (2 * SECOND / 1000)
#define LOOK_LATEST  (50 * SECOND / 1000)
#define LOOK_JUDGE   (5 * SECOND / 1000)

struct guard {
    const struct watch *watch;
    struct ended *ended;
    int life, signals;
    int nice;     /* what the program's is to be */
    int start[2]; /* at its end once the program may run */
    pid_t program;
    int64_t began, deadline, next_look, pause;
    size_t counted;   /* processes, at the last look */
    siginfo_t signal; /* the last that the program got, where it is seized */
    struct pids tree;
    char folder[PATH_MAX]; /* TMPDIR */
    struct names segments;
};

/* --- the program --- */

static void limit(__rlimit_resource_t resource, uint64_t bytes)
{
    struct rlimit r = {(rlim_t)bytes, (rlim_t)bytes};

    setrlimit(resource, &r);
}

/*
 * The kernel's own limit counts all threads of the user, on the whole machine,
 * so it is a backstop for a bomb that outruns us; it does not bind root.
 */
static void hold_users_processes(unsigned most)
{
    enum { SLACK = 256 }; /* for the user's other programs */

    if (most && geteuid() != 0)
        limit(RLIMIT_NPROC, threads_of_user(geteuid()) + most + SLACK);
}

static void redirect(int output)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    dup2(null, STDIN_FILENO);
    if (output >= 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
}

/* In the child of the guard: become the program. */
static _Noreturn void program_main(const struct guard *g, pid_t guard,
                                   const sigset_t *mask)
{
    const struct watch *w = g->watch;
    char byte;
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard) /* it died before the line above */
        _exit(EXIT_FAILURE);
    close(g->life);
    close(g->signals);
    close(g->start[1]);
    read_some(g->start[0], &byte, 1); /* until the guard has seized us */
    close(g->start[0]);
    setsid();
    setpriority(PRIO_PROCESS, 0, g->nice);
    redirect(w->output);
    limit(RLIMIT_CORE, 0);
    if (w->limits.file)
        limit(RLIMIT_FSIZE, w->limits.file);
    hold_users_processes(w->limits.processes);
    setenv("TMPDIR", g->folder, 1);
    sigprocmask(SIG_SETMASK, mask, NULL);
    signal(SIGXFSZ, SIG_DFL); /* ignored by us alone; SIGPIPE too: */
    if (w->argv) {
        signal(SIGPIPE, SIG_DFL);
        execvp(w->argv[0], w->argv);
        dprintf(STDERR_FILENO, "ipclab: %s: %s\n", w->argv[0], strerror(errno));
        _exit(127);
    }
    error = w->run(w->argument);
    fflush(NULL);
    _exit(error < 0 ? -error : error);
}

/* --- watching --- */

static bool memory_is_above(const struct pids *tree, uint64_t most, bool exact)
{
    uint64_t sum = 0, bytes;

    for (size_t i = 0; i < tree->count; i++)
        if (process_resident(tree->pid[i], &bytes, exact) == 0)
            sum += bytes;
    return sum > most;
}

/* Look at the size of the tree: is a limit reached? */
static bool limit_reached(struct guard *g)
{
    const struct limits *most = &g->watch->limits;

    size_t enough = most->processes ? most->processes + 1 : SIZE_MAX;

    if (descendants(getpid(), &g->tree, enough) < 0)
        return false;
    g->pause = g->tree.count != g->counted  ? LOOK_SOONEST
               : g->pause * 2 < LOOK_LATEST ? g->pause * 2
                                            : LOOK_LATEST;
    g->counted = g->tree.count;
    if (most->processes && g->tree.count > most->processes) {
        g->ended->how = TOO_MANY;
        return true;
    }
    /* Pages that a fork shares count once, but that costs a walk: only when
     * the cheap sum is too large. */
    if (most->memory && memory_is_above(&g->tree, most->memory, false) &&
        memory_is_above(&g->tree, most->memory, true)) {
        g->ended->how = TOO_LARGE;
        return true;
    }
    return false;
}

/* The program, seized, stopped: look if it is dying, and let it go on. */
static void let_go_on(struct guard *g, int status)
{
    int number = WSTOPSIG(status), event = status >> 16;

    if (event == PTRACE_EVENT_EXIT)
        g->watch->dying(g->watch->argument, g->program, &g->signal);
    if (event == 0)
        ptrace(PTRACE_GETSIGINFO, g->program, NULL, &g->signal);
    if (event == PTRACE_EVENT_STOP && number != SIGTRAP)
        ptrace(PTRACE_LISTEN, g->program, NULL, NULL); /* it is to stay so */
    else
        ptrace(PTRACE_CONT, g->program, NULL,
               (void *)(intptr_t)(event ? 0 : number));
}

/* Reap the dead; has the program itself ended? */
static bool program_has_ended(struct guard *g)
{
    bool ended = false;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == g->program && WIFSTOPPED(status)) {
            let_go_on(g, status);
        } else if (pid == g->program) {
            bool file = WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ;

            g->ended->how = file ? FILE_TOO_LARGE : ENDED;
            g->ended->status = status;
            ended = true;
        }
    return ended;
}

/* Sleep until a child ended, the caller ended (true), or it is time to look. */
static bool caller_has_gone(const struct guard *g)
{
    struct pollfd watched[2] = {{g->life, POLLIN, 0}, {g->signals, POLLIN, 0}};
    int64_t next = g->next_look < g->deadline ? g->next_look : g->deadline;
    struct signalfd_siginfo drained;
    struct timespec left;

    if (ppoll(watched, 2, clock_left(next, &left), NULL) <= 0)
        return false;
    if (watched[1].revents)
        read_full(g->signals, &drained, sizeof drained);
    return watched[0].revents != 0;
}

/* Until there is a reason to end it; *g->ended says which. */
static void watch_program(struct guard *g)
{
    const struct watch *w = g->watch;

    for (;;) {
        if (program_has_ended(g))
            return;
        if (clock_now() >= g->next_look) {
            if (limit_reached(g))
                return;
            if (w->judge && w->judge(w->argument, getpid())) {
                g->ended->how = SEEN_ENOUGH;
                return;
            }
            g->next_look = clock_now() + (w->judge ? LOOK_JUDGE : g->pause);
        }
        if (clock_now() >= g->deadline) {
            g->ended->how = OUT_OF_TIME;
            return;
        }
        if (caller_has_gone(g)) {
            g->ended->how = INTERRUPTED;
            return;
        }
    }
}

/* --- the guard --- */

/* SIGCHLD is read from a descriptor. */
static int open_signals(void)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Among thousands of runnable processes one gets its fair share, that is next
 * to nothing.  Where we may we run before them; they do not inherit it.  Who
 * may not is no root, and then hold_users_processes binds.  The nice value is
 * lost to a child in the same stroke, and so is given back to the program.
 */
static void run_first(struct guard *g)
{
    struct sched_param lowest = {sched_get_priority_min(SCHED_RR)};

    g->nice = getpriority(PRIO_PROCESS, 0);
    sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest);
}

static int prepare(struct guard *g, struct shared *shared)
{
    setsid(); /* a Ctrl-C is the caller's to understand */
    prctl(PR_SET_NAME, "ipclab-guard");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    run_first(g);
    names_in("/dev/shm", &g->segments);
    g->signals = open_signals();
    if (g->signals < 0 || !mkdtemp(shared->folder))
        return errno;
    strcpy(g->folder, shared->folder); /* the program has no *shared */
    return 0;
}

/* End the tree, and count what it leaves. */
static void finish(struct guard *g)
{
    static const struct pids nobody;
    int left = end_descendants(&nobody);

    g->ended->left = left < 0 ? 0 : (unsigned)left;
    g->ended->stuck = left < 0;
    g->ended->segments = segments_since(&g->segments);
    g->ended->files = folder_remove(g->folder) + segments_remove(g->folder);
}

/* Start the program.  0 or errno. */
static int start_program(struct guard *g, const sigset_t *mask)
{
    pid_t self = getpid();
    int error = -fd_pipe(g->start);

    if (error)
        return error;
    g->program = fork();
    if (g->program == 0)
        program_main(g, self, mask);
    error = g->program < 0 ? errno : 0;
    if (!error && g->watch->dying)
        ptrace(PTRACE_SEIZE, g->program, NULL,
               (void *)(intptr_t)PTRACE_O_TRACEEXIT);
    fd_close(&g->start[0]);
    fd_close(&g->start[1]);
    g->ended->program = g->program;
    return error;
}

_Noreturn void guard_main(const struct watch *watch, struct shared *shared,
                          int life, const sigset_t *mask)
{
    struct guard g = {.watch = watch, .ended = &shared->ended, .life = life};
    int error = prepare(&g, shared);

    if (error)
        _exit(error);
    /* What we write into these is not the program's to change. */
    madvise(shared, sizeof *shared, MADV_DONTFORK);
    if (watch->hidden)
        madvise(watch->hidden, watch->hidden_size, MADV_DONTFORK);
    g.pause = LOOK_SOONEST;
    g.began = g.next_look = clock_now();
    g.deadline = clock_deadline(watch->limits.time);
    error = start_program(&g, mask);
    if (!error)
        watch_program(&g);
    g.ended->took = clock_now() - g.began;
    finish(&g);
    _exit(error);
}

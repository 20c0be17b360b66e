/* SPDX-License-Identifier: MIT */
/*
 * open_mpi.c - a peer of the benchmark: the same work between two ranks of
 * Open MPI.
 *
 *     bench/peers/mpi-run build/peers/open-mpi open-mpi/roundtrip --bytes 64
 *             --cpus 0,1 --warm 0.1 --window 0.5 --most 8192 [--set NAME=N]...
 *
 * A run is one round: fresh processes, a warm-up, a timed window.  It prints
 * what the bench reads, one fact a line, as reference.py does; `error TEXT`
 * when anything goes wrong.  With --list: its version and its workloads.
 *
 * Its settings: capacity, of a stream (open_mpi_channel.c), and hosts, which
 * mpi-run understands.
 *
 * A rank that waits looks again and again, and never sleeps: two of them on
 * one core stand in each other's way, unless they are told to yield it.
 */
#include "open_mpi.h"

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* n bytes, every page touched. */
static void *room_for(size_t n)
{
    void *memory = malloc(n ? n : 1);

    return memory ? memset(memory, 1, n) : NULL;
}

static int prepare(struct rank *r)
{
    long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

    r->trial = (struct trial){.bytes = r->job.bytes,
                              .line = line >= 8 ? (size_t)line : 64,
                              .number = r->number,
                              .participants = 2,
                              .state = r,
                              .latency = keep_latency};
    r->room = r->job.capacity;
    r->payload = room_for(r->job.bytes);
    r->found.sample = room_for(r->job.most * sizeof *r->found.sample);
    r->found.latency = room_for(LATENCY_SLOTS * sizeof *r->found.latency);
    if (!r->payload || !r->found.sample || !r->found.latency)
        return -ENOMEM;
    return stamps_open(r);
}

static void release(struct rank *r)
{
    free(r->payload);
    free(r->found.sample);
    free(r->found.latency);
}

/* Before MPI starts its threads, which are to be where the rank is. */
static int bind_to(int cpu)
{
    cpu_set_t set;

    if (cpu < 0)
        return 0;
    if (cpu >= CPU_SETSIZE)
        return -EINVAL;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

static const char *in_words(int error)
{
    return error == -EILSEQ ? "a message is not the one that was sent"
           : error == -EIO  ? "Open MPI did not send or receive a message"
                            : strerror(-error);
}

/* Both ranks, one of which may have failed: the other waits for it. */
static int run(struct rank *r)
{
    int error;

    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    error = prepare(r);
    if (!error)
        error = r->number == 0 ? measure(r) : serve(r);
    if (!error && r->number == 0)
        error = dismiss(r);
    if (!error && r->number == 0)
        print_findings(r);
    if (error) {
        printf("error %s%s\n", r->number ? "peer: " : "", in_words(error));
        fflush(stdout);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    release(r);
    return error;
}

static void list(void)
{
    printf("open-mpi %d.%d.%d\nopen-mpi/roundtrip\nopen-mpi/stream\n",
           OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
}

/* What mpirun told this process in its environment: -1 if it did not start it.
 */
static int told(const char *name)
{
    const char *text = getenv(name);

    return text ? atoi(text) : -1;
}

int main(int argc, char **argv)
{
    struct rank r = {.number = told("OMPI_COMM_WORLD_RANK")};
    char why[160];
    int error, cpu;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    if (told("OMPI_COMM_WORLD_SIZE") != 2 || r.number < 0 || r.number > 1) {
        printf("error there must be two of it: bench/peers/mpi-run starts "
               "them\n");
        return 1;
    }
    /* Either rank may end the other, so each says what is wrong. */
    error = job_read(&r.job, argc, argv, why, sizeof why);
    cpu = r.job.cpus[r.number];
    if (!error) {
        error = bind_to(cpu);
        snprintf(why, sizeof why, "cannot bind to cpu %d: %s", cpu,
                 strerror(-error));
    }
    if (error) {
        printf("error %s\n", why);
        return 1;
    }
    if (MPI_Init(&argc, &argv) != MPI_SUCCESS)
        return 1;
    error = run(&r);
    MPI_Finalize();
    return error ? 1 : 0;
}

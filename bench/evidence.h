/* SPDX-License-Identifier: MIT */
/*
 * evidence.h - what the kernel says of other processes, read from /proc.
 *
 * Who descends from whom; in which system call each thread waits, with which
 * arguments; what a descriptor is, and who else holds it; what stands in
 * another process's memory.  Nothing is decided here and nothing printed.
 *
 * Processes end while they are looked at.  Then a list lacks them, and a
 * single question is -ESRCH (or -ENOENT); neither is an error of ours.
 * -EACCES or -EPERM: the kernel lets us look only at processes of our own.
 */
#ifndef IPCLAB_EVIDENCE_H
#define IPCLAB_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* --- what a line of /proc says; these take text --- */

struct process_stat {
    pid_t pid, parent;
    char state; /* R, S, D, T, t, Z, X */
};

/* /proc/P/stat, whose command may hold spaces and brackets.  0 or -EBADMSG. */
int parse_stat(const char *text, struct process_stat *stat);

/* voluntary and involuntary context switches in /proc/P/status, or -1. */
int64_t parse_switches(const char *text);

/* The open(2) flags in /proc/P/fdinfo/N, or -1. */
int parse_fdinfo(const char *text);

/* The inode of the listener at that port of 127.0.0.1, in a line of
 * /proc/net/tcp; 0: it is of something else. */
uint64_t parse_listener(const char *line, int port);

/* The number in "pipe:[91544]"; 0: something else. */
uint64_t parse_pipe(const char *link);

/* What a process has mapped. */
struct mapping {
    uint64_t begin, end; /* addresses */
    uint64_t offset;     /* of the begin, in the file */
    bool shared;
    dev_t device;   /* which file it is; anonymous shared memory is one too, */
    ino_t file;     /* 0: private memory without one */
    char name[100]; /* cut off */
};

/* A line of /proc/P/maps: is it one? */
bool parse_mapping(const char *line, struct mapping *m);

enum { CALL_UNKNOWN = -3, CALL_RUNNING = -2, CALL_NONE = -1 };

/* One thread, at one moment. */
struct task {
    pid_t process, id;
    char state;
    int64_t switches;
    long call; /* SYS_*, or one of the above: UNKNOWN is "not shown" */
    uint64_t arguments[6];
    char wchan[40]; /* where in the kernel; for people, and as a last resort */
};

/* /proc/P/task/T/syscall into call and arguments.  0 or -EBADMSG. */
int parse_syscall(const char *text, struct task *t);

/* --- what a thread waits for --- */

/*
 * Asleep, in the same call with the same arguments, and not woken in between:
 * the two looks at a thread that is blocked.  A slow one differs.
 */
bool task_is_still(const struct task *before, const struct task *after);

/*
 * Does it sleep in a call that may last for ever?  A wait that ends by itself
 * (a timeout, a sleep) is never a deadlock, nor is a call unknown to us.
 * Where calls are not shown, any sleep may last.
 */
bool task_waits_without_end(const struct task *t);

/* Does it wait in futex(2), private or shared, without timeout, at any address?
 */
bool task_waits_for_private_futex(const struct task *t);
bool task_waits_for_shared_futex(const struct task *t);

/* Does it wait in read(2)?  Where calls are not shown, wchan answers. */
bool task_waits_in_read(const struct task *t);

/* Is it in write(2) or writev(2)? */
bool task_is_a_write(const struct task *t);

/* "read(5)", "futex(0x55d0c3a1b080, private)", for people. */
const char *task_describe(const struct task *t, char *text, size_t size);

/* --- lists; {0} is empty, *_free gives the memory back --- */

struct pids {
    pid_t *pid;
    size_t count, room;
};

struct tasks {
    struct task *task;
    size_t count, room;
};

void pids_free(struct pids *list);
void tasks_free(struct tasks *list);
bool pids_have(const struct pids *list, pid_t pid); /* sorted lists only */

/*
 * The descendants of root, sorted, zombies too, however they changed group or
 * session.  All of them, or, of a tree that grows faster than it can be read,
 * the first `most` that are found.  0 or -errno.
 */
int descendants(pid_t root, struct pids *list, size_t most);

/*
 * All but those in `spare`, each sent a signal at the moment it is found.  The
 * list is read upwards, as pids are given out, so that with SIGSTOP or SIGKILL
 * a tree which grows while it is read is overtaken.  0 or -errno.
 */
int descendants_signal(pid_t root, struct pids *list, int number,
                       const struct pids *spare);

/* Append the threads of a process.  0 or -errno. */
int tasks_of(pid_t process, struct tasks *list);

/* The threads of every descendant of root, but for zombies.  0 or -errno. */
int tasks_below(pid_t root, struct tasks *list);

/* --- single questions --- */

int process_stat(pid_t process, struct process_stat *stat);

/* Was it forked, and has never called exec?  1; 0: an image of its own; or
 * -errno. */
int process_is_fork(pid_t process);

/* Do two processes run the same program?  1, 0, or -errno. */
int same_program(pid_t one, pid_t other);

/* How far into its program, as that lies in its memory, is the address: the
 * same variable is at the same place in each image.  Or -errno. */
int64_t process_place(pid_t process, uint64_t address);

/* How a zombie ended, as wait(2) says it; or -errno. */
int process_exit_status(pid_t zombie);

/* How many threads a user has on the whole machine. */
unsigned threads_of_user(uid_t user);

/* Is there a thread `id` in that process? */
bool process_has_task(pid_t process, pid_t id);

/* Is there a thread with that id, in whatever process, which has not ended? */
bool thread_lives(pid_t id);

/* n bytes of its memory.  0 or -errno. */
int process_memory(pid_t process, uint64_t address, void *buffer, size_t n);

/* What it has mapped at that address: 0; -EFAULT: nothing; or -errno. */
int process_mapping(pid_t process, uint64_t address, struct mapping *m);

/* Who holds the mutex at that address, in that process's view: a thread's id,
 * 0 for nobody; or -errno. */
pid_t process_mutex_owner(pid_t process, uint64_t address);

/* Resident bytes; *exact shares out what several processes map. */
int process_resident(pid_t process, uint64_t *bytes, bool exact);

/* What a process's memory has come to. */
struct pages {
    uint64_t resident; /* bytes mapped and there, shared or not */
    uint64_t own;      /* bytes that it wrote and nobody else maps */
    uint64_t faults;   /* minor ones, since its start */
};

/* 0 or -errno. */
int process_pages(pid_t process, struct pages *pages);

struct descriptor {
    pid_t process;
    int fd;
    int flags;      /* open(2)'s, or -1 */
    uint64_t pipe;  /* its number, 0: not a pipe */
    char link[128]; /* "pipe:[91544]", "/dev/null", "socket:[7]" */
};

int process_descriptor(pid_t process, int fd, struct descriptor *d);

/* The file that a descriptor of its stands for, as it is now: 0 or -errno. */
int process_file(pid_t process, int fd, struct stat *file);

/* Has that process the file open, or mapped?  Has any that lives, of those
 * that we may look at? */
bool process_uses(pid_t process, const struct stat *file);
bool file_is_used(const struct stat *file);

/* How many numbers for descriptors it may use, 0 and upwards; or -errno. */
int64_t process_descriptors_most(pid_t process);

/* A descriptor of our own for the same open file; or -errno: -ENOSYS on a
 * kernel without pidfd_getfd(2). */
int process_descriptor_copy(pid_t process, int fd);

/* Where the next read(2) of this descriptor begins; or -errno. */
int64_t process_offset(pid_t process, int fd);

/* The number of the socket that listens on 127.0.0.1 at that port, in our
 * network; 0: none; or -errno. */
int64_t listening_socket(int port);

/* Who has it open, as pipe_holders below. */
size_t socket_holders(const struct pids *among, uint64_t socket,
                      struct descriptor *found, size_t most);

/* The children of a process, zombies too: their number, of which the first
 * `most` are put into found; or -errno. */
int children_of(pid_t process, struct process_stat *found, size_t most);

/*
 * Who holds this pipe's write end (or its read end): the first `most` are put
 * into found, the number of all is returned.
 */
size_t pipe_holders(const struct pids *among, uint64_t pipe, bool writers,
                    struct descriptor *found, size_t most);

/* Do the two descriptors stand for one open file, with one offset?  1, 0, or
 * -errno: -ENOSYS on a kernel without kcmp(2). */
int same_open_file(pid_t one, int one_fd, pid_t other, int other_fd);

#endif

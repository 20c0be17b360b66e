/* SPDX-License-Identifier: MIT */
/*
 * test_supervisor.c - whatever runs under it ends, and nothing stays.
 *
 * Everybody in a tree holds the write end of one pipe, the line.  So when its
 * end can be read, everybody has gone; alarm() ends a wait that lasts.
 */
#include "common/test_census.h"

#include "common/clock.h"
#include "common/io.h"
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

static int line[2];

static void open_line(void)
{
    assert_int_equal(fd_pipe(line), 0);
}

/* Wait until nobody but us holds the line. */
static void nobody_is_left(void)
{
    char bytes[64];

    fd_close(&line[1]);
    while (read_some(line[0], bytes, sizeof bytes) > 0)
        ;
    fd_close(&line[0]);
}

static struct ended run(int (*program)(void *), void *argument,
                        const struct limits *limits)
{
    struct watch watch = {
        .run = program, .argument = argument, .limits = *limits, .output = -1};
    struct ended ended;

    assert_int_equal(supervise(&watch, &ended), 0);
    assert_false(ended.stuck);
    return ended;
}

static const struct limits ample = {.time = 15 * SECOND, .processes = 256};
static const struct limits hasty = {.time = SECOND / 5, .processes = 256};

static _Noreturn void pause_for_ever(void)
{
    for (;;)
        pause();
}

static void ignore_all(void)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_IGN);
}

enum { HIDERS = 3 };

/* Daemons, as the book says: in sessions of their own, adopted, deaf. */
static int hide(void *unused)
{
    (void)unused;
    ignore_all();
    for (int i = 0; i < HIDERS; i++)
        if (fork() == 0) {
            setsid();
            if (fork() > 0)
                _exit(0);
            prctl(PR_SET_PDEATHSIG, 0);
            write_full(line[1], "", 1);
            pause_for_ever();
        }
    pause_for_ever();
}

/* The same, and the program itself ends when they are there. */
static int hide_and_exit(void *unused)
{
    char bytes[HIDERS];
    pid_t child = fork();

    if (child == 0)
        hide(unused);
    read_full(line[0], bytes, sizeof bytes);
    return 0;
}

/* --- a tree ends -------------------------------------------------------------
 */

static void daemons_that_ignore_sigterm_end_with_the_program(void **state)
{
    struct ended e;

    (void)state;
    open_line();
    e = run(hide_and_exit, NULL, &ample);
    assert_int_equal(e.how, ENDED);
    assert_int_equal(e.status, 0);
    assert_int_equal(e.left, HIDERS + 1);
    nobody_is_left();
}

static void time_ends_the_whole_tree(void **state)
{
    struct ended e;

    (void)state;
    open_line();
    e = run(hide, NULL, &hasty);
    assert_int_equal(e.how, OUT_OF_TIME);
    assert_true(e.left >= 1);
    nobody_is_left();
}

/* A process that supervises, for others to kill: starts it, and returns when
 * every hider is there. */
static pid_t supervising_child(void)
{
    char bytes[HIDERS];
    pid_t child = fork();

    if (child == 0) {
        struct watch watch = {.run = hide, .limits = ample, .output = -1};
        struct ended e;

        if (supervise(&watch, &e) < 0 || e.how != INTERRUPTED)
            _exit(1);
        _exit(e.status);
    }
    assert_true(child > 0);
    assert_int_equal(read_full(line[0], bytes, sizeof bytes), HIDERS);
    return child;
}

static void kill_of_the_supervising_process_leaves_nothing(void **state)
{
    int status;
    pid_t child;

    (void)state;
    open_line();
    child = supervising_child();
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    nobody_is_left();
}

static void sigint_and_sigterm_end_the_tree_and_are_told(void **state)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int status;
        pid_t child;

        open_line();
        child = supervising_child();
        kill(child, numbers[i]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), numbers[i]);
        nobody_is_left();
    }
}

static int shoot_the_guard(void *unused)
{
    pid_t guard = getppid();

    prctl(PR_SET_PDEATHSIG, 0);
    if (fork() == 0)
        hide(unused);
    kill(guard, SIGKILL);
    pause_for_ever();
}

static void a_program_that_kills_the_guard_ends_too(void **state)
{
    pid_t spared = fork();
    struct ended e;

    (void)state;
    if (spared == 0)
        pause_for_ever();
    open_line();
    e = run(shoot_the_guard, NULL, &ample);
    assert_int_equal(e.how, GUARD_WAS_KILLED);
    nobody_is_left();
    /* Who was our child before is none of the tree. */
    assert_int_equal(waitpid(spared, NULL, WNOHANG), 0);
    kill(spared, SIGKILL);
    assert_int_equal(waitpid(spared, NULL, 0), spared);
}

/* A folder to be TMPDIR, empty when the supervised have gone. */
static void begin_in_tmpdir(char folder[])
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
}

/* Only an empty folder can be removed so. */
static void end_in_tmpdir(const char *folder)
{
    assert_int_equal(rmdir(folder), 0);
    unsetenv("TMPDIR");
}

static void the_folder_of_a_killed_guard_goes(void **state)
{
    char folder[] = "/tmp/ipclab-test.XXXXXX";

    (void)state;
    begin_in_tmpdir(folder);
    open_line();
    assert_int_equal(run(shoot_the_guard, NULL, &ample).how, GUARD_WAS_KILLED);
    nobody_is_left();
    end_in_tmpdir(folder);
}

/* In the program: is its TMPDIR where it should be? */
static int lives_in(void *folder)
{
    const char *temporary = getenv("TMPDIR");

    return !temporary || strncmp(temporary, folder, strlen(folder)) != 0 ||
           access(temporary, W_OK) < 0;
}

static void a_programs_folder_lies_in_our_tmpdir(void **state)
{
    char folder[] = "/tmp/ipclab-test.XXXXXX";

    (void)state;
    begin_in_tmpdir(folder);
    assert_int_equal(run(lives_in, folder, &ample).status, 0);
    end_in_tmpdir(folder);
    /* One that cannot be written in is none. */
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_int_equal(run(lives_in, (char[]){"/tmp/"}, &ample).status, 0);
    unsetenv("TMPDIR");
}

/* --- limits --- */

/* A bomb, which stops by itself where a broken supervisor would not stop it. */
static int bomb(void *counter)
{
    atomic_int *made = counter;

    ignore_all();
    while (atomic_fetch_add(made, 1) < 3000)
        if (fork() == 0 && atomic_load(made) % 3 == 0)
            setsid();
    pause_for_ever();
}

static void a_fork_bomb_is_contained(void **state)
{
    struct limits few = {.time = 15 * SECOND, .processes = 20};
    atomic_int *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ended e;

    (void)state;
    assert_true(made != MAP_FAILED);
    open_line();
    e = run(bomb, made, &few);
    assert_int_equal(e.how, TOO_MANY);
    assert_true(e.left > 1);
    nobody_is_left();
    munmap(made, sizeof *made);
}

static int take_memory(void *unused)
{
    enum { LARGE = 64 << 20 };
    volatile char *memory = malloc(LARGE);

    (void)unused;
    for (size_t i = 0; memory && i < LARGE; i += 1024)
        memory[i] = 1;
    pause_for_ever();
}

/* Eight processes share what one has: resident in each, and there once. */
static int share_memory(void *unused)
{
    enum { SOME = 16 << 20, PROCESSES = 7 };
    volatile char *memory = malloc(SOME);
    pid_t children[PROCESSES];

    (void)unused;
    if (!memory)
        return 1;
    for (size_t i = 0; i < SOME; i += 1024)
        memory[i] = 1;
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            test_sleep_ms(200);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        waitpid(children[i], NULL, 0);
    return 0;
}

static void memory_is_counted_over_the_tree_and_shared_pages_once(void **state)
{
    struct limits l = {.time = 15 * SECOND, .memory = UINT64_C(48) << 20};

    (void)state;
    assert_int_equal(run(take_memory, NULL, &l).how, TOO_LARGE);
    assert_int_equal(run(share_memory, NULL, &l).how, ENDED);
}

static int write_much(void *unused)
{
    int file = memfd_create("much", MFD_CLOEXEC);
    char block[4096] = "";

    (void)unused;
    signal(SIGXFSZ, SIG_DFL);
    for (int i = 0; i < 64; i++)
        write_full(file, block, sizeof block);
    return 0;
}

static void a_file_that_grows_beyond_its_limit_ends_the_program(void **state)
{
    struct limits l = {.time = 15 * SECOND, .file = 65536};

    (void)state;
    assert_int_equal(run(write_much, NULL, &l).how, FILE_TOO_LARGE);
    l.file = 64 * 4096;
    assert_int_equal(run(write_much, NULL, &l).how, ENDED);
}

/* --- what a program gets --- */

static int check_surroundings(void *unused)
{
    const char *temporary = getenv("TMPDIR");
    char byte;

    (void)unused;
    if (!temporary)
        return 4;
    if (read(STDIN_FILENO, &byte, 1) != 0) /* /dev/null */
        return 1;
    if (getsid(0) != getpid())
        return 2;
    return access(temporary, W_OK) == 0 ? 0 : 3;
}

static int litter(void *unused)
{
    char path[128];

    (void)unused;
    snprintf(path, sizeof path, "%s/folder", getenv("TMPDIR"));
    mkdir(path, 0700);
    strcat(path, "/file");
    close(open(path, O_CREAT | O_WRONLY, 0600));
    snprintf(path, sizeof path, "/ipclab-litter-%d", getppid());
    close(shm_open(path, O_CREAT | O_RDWR, 0600));
    return 7;
}

static void a_program_has_a_session_an_empty_stdin_and_a_tmpdir(void **state)
{
    struct ended e = run(check_surroundings, NULL, &ample);

    (void)state;
    assert_int_equal(e.how, ENDED);
    assert_int_equal(WEXITSTATUS(e.status), 0);
    assert_int_equal(e.files, 0);
}

static void what_it_leaves_in_files_is_counted(void **state)
{
    char names[2][32] = {"/dev/shm", ""};
    DIR *folder;
    struct dirent *entry;
    struct ended e = run(litter, NULL, &ample);

    (void)state;
    assert_int_equal(WEXITSTATUS(e.status), 7);
    assert_int_equal(e.files, 2);
    assert_true(e.segments >= 1);
    folder = opendir(names[0]);
    while ((entry = readdir(folder)))
        if (strncmp(entry->d_name, "ipclab-litter-", 14) == 0)
            snprintf(names[1], sizeof names[1], "/%.30s", entry->d_name);
    closedir(folder);
    assert_int_equal(shm_unlink(names[1]), 0);
}

static struct ended execute(char *const *argv)
{
    struct watch watch = {.argv = argv, .limits = ample, .output = -1};
    struct ended e;

    assert_int_equal(supervise(&watch, &e), 0);
    assert_int_equal(e.how, ENDED);
    return e;
}

static void a_programs_own_end_is_told(void **state)
{
    char *three[] = {"sh", "-c", "exit 3", NULL};
    char *killed[] = {"sh", "-c", "kill -9 $$", NULL};
    char *pipe_default[] = {"sh", "-c", "kill -PIPE $$", NULL};

    (void)state;
    assert_int_equal(WEXITSTATUS(execute(three).status), 3);
    assert_int_equal(WTERMSIG(execute(killed).status), SIGKILL);
    assert_int_equal(WTERMSIG(execute(pipe_default).status), SIGPIPE);
}

static int touch(void *memory)
{
    signal(SIGSEGV, SIG_DFL); /* or the test runner would handle it */
    *(volatile int *)memory = 1;
    return 0;
}

static void the_judges_memory_is_out_of_the_programs_reach(void **state)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    int *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct watch watch = {.run = touch,
                          .argument = memory,
                          .hidden = memory,
                          .hidden_size = size,
                          .limits = ample,
                          .output = -1};
    struct ended e;

    (void)state;
    assert_true(memory != MAP_FAILED);
    assert_int_equal(supervise(&watch, &e), 0);
    assert_int_equal(*memory, 0);
    assert_true(e.status != 0);
    munmap(memory, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(daemons_that_ignore_sigterm_end_with_the_program),
        PROMISE(time_ends_the_whole_tree),
        PROMISE(kill_of_the_supervising_process_leaves_nothing),
        PROMISE(sigint_and_sigterm_end_the_tree_and_are_told),
        PROMISE(a_program_that_kills_the_guard_ends_too),
        PROMISE(the_folder_of_a_killed_guard_goes),
        PROMISE(a_programs_folder_lies_in_our_tmpdir),
        PROMISE(a_fork_bomb_is_contained),
        PROMISE(memory_is_counted_over_the_tree_and_shared_pages_once),
        PROMISE(a_file_that_grows_beyond_its_limit_ends_the_program),
        PROMISE(a_program_has_a_session_an_empty_stdin_and_a_tmpdir),
        PROMISE(what_it_leaves_in_files_is_counted),
        PROMISE(a_programs_own_end_is_told),
        PROMISE(the_judges_memory_is_out_of_the_programs_reach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

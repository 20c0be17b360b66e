/* SPDX-License-Identifier: MIT */
/* test_supervisor_limits.c - what a program may take, and what it gets. */
#include "test_supervisor.h"

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
    const char *folder = getenv("TMPDIR");
    const char *slash = folder ? strrchr(folder, '/') : NULL;
    char path[128];

    (void)unused;
    if (!slash)
        return 1;
    snprintf(path, sizeof path, "%s/folder", folder);
    mkdir(path, 0700);
    strcat(path, "/file");
    close(open(path, O_CREAT | O_WRONLY, 0600));
    snprintf(path, sizeof path, "/ipclab-litter-%d", getppid());
    close(shm_open(path, O_CREAT | O_RDWR, 0600));
    snprintf(path, sizeof path, "%s-segment", slash);
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
    assert_int_equal(e.files, 3); /* the census looks for the third */
    assert_true(e.segments >= 2);
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

/* SPDX-License-Identifier: MIT */
/* test_stdio.c - standard streams before and after a start, and a start that
 * finds no descriptor. */
#include "start/test_children.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- targets ----------------------------------------------------------- */

/* Does stdin read as /dev/null does, through stdio too? */
static int reads_nothing(struct parcel *arguments)
{
    struct stat is;

    (void)arguments;
    if (fstat(STDIN_FILENO, &is) < 0 || is.st_rdev != makedev(1, 3))
        return test_line(__LINE__);
    return getchar() == EOF ? 0 : test_line(__LINE__);
}
TARGET(reads_nothing)

static int prints(struct parcel *arguments)
{
    (void)arguments;
    printf("child ");
    fprintf(stderr, "child ");
    return 0;
}
TARGET(prints)

static int closes_its_output(struct parcel *arguments)
{
    (void)arguments;
    printf("lost");
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return 0;
}
TARGET(closes_its_output)

/* ---- stdio: in a process of its own, whose streams may be spoilt --------- */

static int run_child(const char *target, enum start_method method)
{
    struct process p;
    int code = 1;

    process_init(&p, target, NULL);
    p.method = method;
    if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
        process_exitcode(&p, &code) || process_close(&p))
        return test_line(__LINE__);
    return code;
}

static int share_stdin(void *method)
{
    int file = memfd_create("stdin", 0);

    if (write_full(file, "one\ntwo\n", 8) || lseek(file, 0, SEEK_SET) != 0 ||
        dup2(file, STDIN_FILENO) != STDIN_FILENO)
        return test_line(__LINE__);
    if (getchar() != 'o') /* and the rest is in stdio's buffer */
        return test_line(__LINE__);
    if (run_child("reads_nothing", *(enum start_method *)method) != 0)
        return test_line(__LINE__);
    return getchar() == 'n' && getchar() == 'e' ? 0 : test_line(__LINE__);
}

/* A line that waits in a buffer must be printed once, not by the child too. */
static int print_around(void *method)
{
    int out = memfd_create("stdout", 0), other = memfd_create("other", 0);
    FILE *stream = fdopen(dup(other), "w");
    char text[100] = "";

    if (!stream || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        return test_line(__LINE__);
    fputs("elsewhere", stream);
    printf("parent ");
    if (run_child("prints", *(enum start_method *)method) != 0)
        return test_line(__LINE__);
    printf("parent again");
    fflush(stdout);
    fclose(stream);
    if (pread(out, text, sizeof text - 1, 0) < 0 ||
        strcmp(text, "parent child child parent again") != 0)
        return test_line(__LINE__);
    memset(text, 0, sizeof text);
    if (pread(other, text, sizeof text - 1, 0) < 0 ||
        strcmp(text, "elsewhere") != 0)
        return test_line(__LINE__);
    return 0;
}

static int start_with_closed_output(void *method)
{
    printf("lost");
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return run_child("prints", *(enum start_method *)method);
}

static int start_who_closes_its_output(void *method)
{
    return run_child("closes_its_output", *(enum start_method *)method);
}

static int start_with_closed_input(void *method)
{
    close(STDIN_FILENO);
    return run_child("reads_nothing", *(enum start_method *)method);
}

static void expect_for_every_method(int (*f)(void *))
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        enum start_method method = test_methods[m];

        test_expect_in_fork(f, &method);
    }
}

static void a_childs_stdin_is_empty_and_its_parents_untouched(void **state)
{
    (void)state;
    expect_for_every_method(share_stdin);
    expect_for_every_method(start_with_closed_input);
}

static void what_is_buffered_is_written_once(void **state)
{
    (void)state;
    expect_for_every_method(print_around);
}

static void closed_output_breaks_neither_start_nor_exit(void **state)
{
    (void)state;
    expect_for_every_method(start_with_closed_output);
    expect_for_every_method(start_who_closes_its_output);
}

/* ---- the limit on descriptors -------------------------------------------- */

/* Allow `spare` descriptors beyond what is open, which has no gap below. */
static int start_with_spare(struct process *p, unsigned spare)
{
    struct rlimit limit, tight;
    int next = fd_duplicate(STDERR_FILENO), error;

    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    tight = (struct rlimit){(rlim_t)next + spare, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    error = process_start(p);
    setrlimit(RLIMIT_NOFILE, &limit);
    return error;
}

/* Returns how many starts failed before one did not; more than 100: wrong. */
static int start_at_the_limit(void *as)
{
    const struct process *kind = as;
    unsigned before, spare = 0;
    struct process p;
    int error, code;

    /* What a start needs only once (a tracker, a server) is there already. */
    if (run_child("do_nothing", kind->method))
        return 106;
    before = count_descriptors();
    for (;; spare++) {
        process_init(&p, "do_nothing", NULL);
        p.method = kind->method;
        p.sentinel_kind = kind->sentinel_kind;
        error = start_with_spare(&p, spare);
        if (!error || spare > 100)
            break;
        if (error != -EMFILE || p.pid || process_is_alive(&p) != 0)
            return 101;
        if (count_descriptors() != before || waitpid(-1, NULL, WNOHANG) > 0)
            return 102;
        if (process_close(&p))
            return 103;
    }
    /* No descriptor is left for join either. */
    if (process_join(&p, 600 * SECOND) || process_exitcode(&p, &code) || code)
        return 104;
    if (process_close(&p) || count_descriptors() != before)
        return 105;
    return (int)spare;
}

static void a_start_that_fails_for_want_of_descriptors_leaves_nothing(void **s)
{
    (void)s;
    for (size_t i = 0; i < TEST_METHODS * 2; i++) {
        struct process as = {.method = test_methods[i / 2],
                             .sentinel_kind =
                                 i % 2 ? SENTINEL_PIDFD : SENTINEL_PIPE};
        int status = test_in_fork(start_at_the_limit, &as);

        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 1, 100);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_childs_stdin_is_empty_and_its_parents_untouched, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(what_is_buffered_is_written_once,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            closed_output_breaks_neither_start_nor_exit, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_start_that_fails_for_want_of_descriptors_leaves_nothing,
            census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

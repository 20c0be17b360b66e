/* SPDX-License-Identifier: MIT */
/* test_write.c - a run as files: read back, and never half there. */
// wrap: rename renameat2
#include "test_run.h"

int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags);

int __wrap_rename(const char *from, const char *to)
{
    if (++renames != failing_rename)
        return __real_rename(from, to);
    errno = EIO;
    return -1;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags)
{
    if (!no_exchange)
        return __real_renameat2(from_fd, from, to_fd, to, flags);
    errno = EINVAL;
    return -1;
}

/* A path below the test's folder; the last few stay valid. */
static const char *below(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(below(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Names in a folder but for . and .. */
static int count_names(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void a_run_is_written_whole(void **state)
{
    char text[64];
    FILE *file;

    (void)state;
    assert_int_equal(write_check(below("latest"), why, sizeof why), 0);
    assert_int_equal(count_names(folder), 0);
    assert_int_equal(write_results(below("latest/"), &run, why, sizeof why), 0);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
    file = fopen(below("latest/machine.txt"), "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_true(strncmp(text, "machine           ", 18) == 0);
    fclose(file);
}

static void an_earlier_run_is_replaced_with_its_figures(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    assert_int_equal(mkdir(below("latest/plots"), 0700), 0);
    put("latest/run.json", "old");
    put("latest/report.html", "old");
    put("latest/plots/01-roundtrip.svg", "old");
    assert_int_equal(write_check(below("latest"), why, sizeof why), 0);
    assert_int_equal(count_names(below("latest")), 3);
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
}

static void a_file_system_without_exchange_is_enough(void **state)
{
    (void)state;
    no_exchange = true;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/report.html", "old");
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(renames, 2);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
}

static void a_failed_rename_changes_nothing(void **state)
{
    (void)state;
    no_exchange = true;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/report.html", "old");
    for (failing_rename = 1; failing_rename <= 2; failing_rename++) {
        renames = 0;
        assert_int_equal(write_results(below("latest"), &run, why, sizeof why),
                         -EIO);
        assert_non_null(strstr(why, "cannot be replaced: "));
        assert_int_equal(count_names(folder), 1);
        assert_int_equal(count_names(below("latest")), 1);
    }
}

static void a_link_to_a_folder_stays_a_link(void **state)
{
    struct stat s;

    (void)state;
    assert_int_equal(mkdir(below("run1"), 0700), 0);
    assert_int_equal(symlink("run1", below("latest")), 0);
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(lstat(below("latest"), &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    assert_int_equal(count_names(below("run1")), 4);
}

static void what_is_not_ours_is_never_deleted(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("home"), 0700), 0);
    assert_int_equal(mkdir(below("home/plots"), 0700), 0);
    put("home/run.json", "old");
    put("home/plots/thesis.tex", "mine");
    assert_int_equal(write_results(below("home"), &run, why, sizeof why),
                     -ENOTEMPTY);
    assert_non_null(
        strstr(why, "holds 'plots/thesis.tex', which is no result"));
    assert_int_equal(unlink(below("home/plots/thesis.tex")), 0);
    put("home/thesis.tex", "mine");
    assert_int_equal(write_check(below("home"), why, sizeof why), -ENOTEMPTY);
    assert_int_equal(write_results(below("home"), &run, why, sizeof why),
                     -ENOTEMPTY);
    assert_non_null(strstr(why, "holds 'thesis.tex', which is no result"));
    assert_int_equal(count_names(below("home")), 3);
    assert_int_equal(count_names(folder), 1);
}

static void an_impossible_folder_is_one_clear_line(void **state)
{
    static const char *const impossible[] = {
        "/proc",           "/proc/self/x", "/",          "",
        "/nowhere/at/all", "/dev/null",    "/dev/null/x"};

    (void)state;
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        why[0] = '\0';
        assert_true(write_results(impossible[i], &run, why, sizeof why) < 0);
        assert_true(strlen(why) > 10);
        assert_null(strchr(why, '\n'));
        assert_true(write_check(impossible[i], why, sizeof why) < 0);
    }
    assert_int_equal(write_results("/proc", &run, why, sizeof why), -ENOTEMPTY);
}

static void the_current_folder_is_refused(void **state)
{
    int here = open(".", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(here >= 0);
    assert_int_equal(mkdir(below("here"), 0700), 0);
    assert_int_equal(chdir(below("here")), 0);
    assert_int_equal(write_results(".", &run, why, sizeof why), -EBUSY);
    assert_int_equal(write_results("new", &run, why, sizeof why), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(count_names(below("here/new")), 4);
}

/*
 * In a child: write where there is an earlier run and no room for another.
 * 0 when it failed as it should; else the number of what was wrong.
 */
static int write_without_room(int expected)
{
    if (write_results(below("latest"), &run, why, sizeof why) != expected)
        return 2;
    if (!strstr(why, "cannot write ") || strchr(why, '\n'))
        return 3;
    if (count_names(folder) != 1 || count_names(below("latest")) != 1)
        return 4;
    return 0;
}

static int without_room_for_files(void)
{
    const struct rlimit small = {4096, 4096};

    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &small) < 0 ? EXIT_SKIP
                                               : write_without_room(-EFBIG);
}

/* Say that this process is root in its own user namespace, and no one else. */
static bool become_root(uid_t uid, gid_t gid)
{
    char text[64];
    FILE *map;

    map = fopen("/proc/self/setgroups", "w");
    if (!map || fputs("deny", map) < 0 || fclose(map) != 0)
        return false;
    snprintf(text, sizeof text, "0 %u 1", gid);
    map = fopen("/proc/self/gid_map", "w");
    if (!map || fputs(text, map) < 0 || fclose(map) != 0)
        return false;
    snprintf(text, sizeof text, "0 %u 1", uid);
    map = fopen("/proc/self/uid_map", "w");
    return map && fputs(text, map) >= 0 && fclose(map) == 0;
}

/* Mounts of one's own, for which who is not root needs a user namespace. */
static bool have_own_mounts(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0)
        return unshare(CLONE_NEWNS) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && become_root(uid, gid);
}

static int on_a_full_disk(void)
{
    FILE *earlier;

    if (!have_own_mounts() ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", folder, "tmpfs", 0, "size=16k") < 0)
        return EXIT_SKIP;
    if (mkdir(below("latest"), 0700) < 0)
        return 5;
    earlier = fopen(below("latest/run.json"), "w");
    if (!earlier || fputs("old", earlier) < 0 || fclose(earlier) != 0)
        return 6;
    return write_without_room(-ENOSPC);
}

static int in_child(int (*f)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(f());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_failed_write_changes_nothing(void **state)
{
    char text[8] = "";
    FILE *file;

    (void)state;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/run.json", "old");
    assert_int_equal(in_child(without_room_for_files), 0);
    file = fopen(below("latest/run.json"), "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "old");
    fclose(file);
}

static void a_full_disk_changes_nothing(void **state)
{
    int result = in_child(on_a_full_disk);

    (void)state;
    if (result == EXIT_SKIP) {
        print_message("skipped: this user may not mount a small file system\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static void without_permission_nothing_is_left_behind(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root may write everywhere\n");
        skip();
    }
    assert_int_equal(mkdir(below("locked"), 0500), 0);
    assert_int_equal(write_results(below("locked/x"), &run, why, sizeof why),
                     -EACCES);
    assert_int_equal(write_check(below("locked/x"), why, sizeof why), -EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_written_whole),
        TEST(an_earlier_run_is_replaced_with_its_figures),
        TEST(a_file_system_without_exchange_is_enough),
        TEST(a_failed_rename_changes_nothing),
        TEST(a_link_to_a_folder_stays_a_link),
        TEST(what_is_not_ours_is_never_deleted),
        TEST(an_impossible_folder_is_one_clear_line),
        TEST(the_current_folder_is_refused),
        TEST(a_failed_write_changes_nothing),
        TEST(a_full_disk_changes_nothing),
        TEST(without_permission_nothing_is_left_behind),
    };

    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}

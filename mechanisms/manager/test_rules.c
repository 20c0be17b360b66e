/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_rules.c - equality, order, hash and truth, as the real Python has them.
 *
 * One python3 gets some thousands of pairs of values and says what it finds;
 * the same is asked of the data.
 */
#include "manager/test_values.h"

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAIRS = 4500, LINE = 256 };

/*
 * A line of answers for each pair: a == b, a < b (or the types that cannot be
 * compared), hash(a) (or the type that has none), whether equal ones have the
 * same, bool(a), and float(a).
 */
static const char program[] =
    "import re, sys\n"
    "from array import array\n"
    "def less(a, b):\n"
    "    try:\n"
    "        return int(a < b)\n"
    "    except TypeError as e:\n"
    "        return '%s,%s' % re.search(\"of '(.*)' and '(.*)'\",\n"
    "                                   str(e)).groups()\n"
    "def hashed(a):\n"
    "    try:\n"
    "        return hash(a) and 1 or 1\n"
    "    except TypeError as e:\n"
    "        return str(e).split(\"'\")[1]\n"
    "def real(a):\n"
    "    try:\n"
    "        return float(a).hex()\n"
    "    except OverflowError:\n"
    "        return 'much'\n"
    "for line in sys.stdin:\n"
    "    a, b = map(eval, line.split('\\t'))\n"
    "    print(int(a == b), less(a, b), hashed(a), int(bool(a)),\n"
    "          real(a) if isinstance(a, (int, float)) else '-')\n";

struct answer {
    char equal[2], less[64], hash[32], truth[2], real[40];
};

/* (Some that differ may have the same, as '' and b'' have: they are counted.)
 */
static bool hash_agrees(const struct answer *answer, const struct datum *a,
                        const struct datum *b, int *alike)
{
    uint64_t one = 0, other = 0;
    const char *culprit = "";
    const int error = datum_hash(a, &one, &culprit);

    if (strcmp(answer->hash, "1") != 0)
        return error == -EINVAL && strcmp(culprit, answer->hash) == 0;
    if (error)
        return false;
    if (datum_hash(b, &other, &culprit) < 0)
        return true;
    if (answer->equal[0] == '1')
        return one == other;
    *alike += one == other;
    return true;
}

static bool less_agrees(const struct answer *answer, const struct datum *a,
                        const struct datum *b)
{
    const char *culprits[2];
    const int less = datum_less(a, b, culprits);
    char names[sizeof answer->less];

    if (!strchr(answer->less, ','))
        return less == atoi(answer->less);
    if (less != -EINVAL)
        return false;
    snprintf(names, sizeof names, "%s,%s", culprits[0], culprits[1]);
    return strcmp(names, answer->less) == 0;
}

static bool real_agrees(const struct answer *answer, const struct datum *a)
{
    double real = 0, expected = strtod(answer->real, NULL);
    const int error = datum_to_float(a, &real);

    if (strcmp(answer->real, "-") == 0)
        return error == -EINVAL;
    if (strcmp(answer->real, "much") == 0)
        return error == -ERANGE;
    if (isnan(expected))
        return isnan(real);
    return !error && real == expected && signbit(real) == signbit(expected);
}

/* What is not as Python has it, or NULL. */
static const char *disagreement(const struct answer *answer,
                                const struct datum *a, const struct datum *b,
                                int *alike)
{
    if (datum_equal(a, b) != (answer->equal[0] == '1') ||
        datum_equal(b, a) != (answer->equal[0] == '1'))
        return "a == b";
    if (!less_agrees(answer, a, b))
        return "a < b";
    if (!hash_agrees(answer, a, b, alike))
        return "hash(a)";
    if (datum_truth(a) != (answer->truth[0] == '1'))
        return "bool(a)";
    return real_agrees(answer, a) ? NULL : "float(a)";
}

/* --- pairs --- */

struct pair {
    struct datum a, b;
    size_t source; /* where it begins in what Python reads */
};

/* Of numbers; of any, one nearly the other; of any two. */
static struct datum make_one(struct maker *m, uint32_t mode)
{
    if (mode == 0)
        return value_number(m);
    return value_make(m, mode == 1 ? 3 : 1, false);
}

static void make_pairs(struct pair *pairs, struct buffer *source)
{
    uint64_t seed = 5;

    for (uint32_t i = 0; i < PAIRS; i++) {
        struct maker m = {.source = source, .seed = seed + i};
        const uint32_t mode = i % 3;

        pairs[i].source = source->length;
        pairs[i].a = make_one(&m, mode);
        value_say(&m, "\t");
        if (mode == 1)
            m = (struct maker){source, seed + i, seed * 31 + i};
        pairs[i].b = make_one(&m, mode);
        value_say(&m, "\n");
    }
}

/* --- asked of Python --- */

static FILE *new_file(void)
{
    int fd = memfd_create("pairs", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");

    assert_non_null(file);
    return file;
}

static int run_python(void *argument)
{
    FILE **files = argument;

    if (dup2(fileno(files[0]), STDIN_FILENO) < 0 ||
        dup2(fileno(files[1]), STDOUT_FILENO) < 0)
        return 126;
    execlp("python3", "python3", "-I", "-c", program, (char *)NULL);
    return 127;
}

/* The file of its answers. */
static FILE *ask_python(const struct buffer *source)
{
    FILE *files[2] = {new_file(), new_file()};
    int status;

    assert_int_equal(fwrite(source->bytes, 1, source->length, files[0]),
                     source->length);
    rewind(files[0]); /* writes it, too */
    status = test_in_fork(run_python, files);
    fclose(files[0]);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 127) {
        fclose(files[1]);
        return NULL;
    }
    assert_int_equal(status, 0);
    rewind(files[1]);
    return files[1];
}

static void expect_answer(FILE *answers, const struct pair *pair,
                          const unsigned char *asked, int counts[4])
{
    struct answer answer;
    char line[LINE];
    const char *wrong;

    assert_non_null(fgets(line, sizeof line, answers));
    assert_int_equal(sscanf(line, "%1s %63s %31s %1s %39s", answer.equal,
                            answer.less, answer.hash, answer.truth,
                            answer.real),
                     5);
    wrong = disagreement(&answer, &pair->a, &pair->b, &counts[3]);
    if (wrong)
        fail_msg("%s is not as of\n%.*s, where Python has %s", wrong,
                 (int)strcspn((const char *)asked, "\n"), (const char *)asked,
                 line);
    counts[0] += answer.equal[0] == '1';
    counts[1] += strcmp(answer.less, "1") == 0;
    counts[2] += strchr(answer.less, ',') != NULL;
}

static void what_python_says_holds(void **state)
{
    static struct pair pairs[PAIRS];
    struct buffer source = {0};
    int counts[4] = {0};
    FILE *answers;

    (void)state;
    make_pairs(pairs, &source);
    answers = ask_python(&source);
    for (int i = 0; i < PAIRS; i++) {
        if (answers)
            expect_answer(answers, &pairs[i], source.bytes + pairs[i].source,
                          counts);
        datum_drop(&pairs[i].a);
        datum_drop(&pairs[i].b);
    }
    buffer_free(&source);
    if (!answers) {
        print_message("skipped: no python3\n");
        skip();
    }
    fclose(answers);
    /* Each answer was given often enough. */
    for (int i = 0; i < 3; i++)
        assert_in_range(counts[i], PAIRS / 10, PAIRS);
    assert_in_range(counts[3], 0, PAIRS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_python_says_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

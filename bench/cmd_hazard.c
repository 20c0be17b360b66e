/* SPDX-License-Identifier: MIT */
/* cmd_hazard.c - `ipclab hazard`: show how it goes wrong, prove it, cure it. */
#include "cmd.h"
#include "human.h"
#include "images.h"
#include "registry.h"
#include "scenario.h"

#include "common/io.h"

#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAMES_MOST = 64, CURES_MOST = 8, ALL_CURES = -1 };

struct request {
    const struct hazard *wanted[NAMES_MOST];
    int count;
    int cure; /* this one alone, or ALL_CURES */
    unsigned repeat;
    bool verbose;
};

/* What became of a hazard over all its repetitions. */
struct tally {
    unsigned runs, proven, not_shown;
    unsigned cure_runs[CURES_MOST], cure_ends[CURES_MOST];
    int64_t expected; /* what the run that went wrong was to yield; -1: ? */
    int signal;       /* that interrupted us, or 0 */
    bool impossible;  /* nothing can be run here: said once */
    bool failed;
};

/* --- finding hazards --- */

/* The names of all, NULL-ended; what `found` points to becomes that of name. */
static void all_hazards(const struct hazard **list, const char **names)
{
    int count = 0;

    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct hazard *h = (*m)->hazards; h && h->name; h++)
            if (count < NAMES_MOST - 1) {
                names[count] = h->name;
                list[count++] = h;
            }
    names[count] = NULL;
    list[count] = NULL;
}

static int cures_of(const struct hazard *h)
{
    int count = 0;

    while (h->cures && h->cures[count] && count < CURES_MOST)
        count++;
    return count;
}

static error_t want(struct request *q, const char *name)
{
    const struct hazard *list[NAMES_MOST];
    const char *names[NAMES_MOST];

    all_hazards(list, names);
    for (int i = 0; list[i]; i++)
        if (strcmp(names[i], name) == 0) {
            if (q->count < NAMES_MOST - 1)
                q->wanted[q->count++] = list[i];
            return 0;
        }
    fprintf(stderr,
            "ipclab: no hazard '%s'; did you mean '%s'?  (ipclab list shows "
            "all)\n",
            name, nearest_name(name, names));
    return EINVAL;
}

/* --- printing --- */

static const char *const outcome_words[] = {
    [ENDS] = "ends",         [HANGS] = "hangs", [CRASHES] = "crashes",
    [CORRUPTS] = "corrupts", [LOSES] = "loses", [LEAKS] = "leaks",
    [COSTS] = "costs",
};

static void print_title(const struct hazard *h)
{
    printf("%-23s lesson %-12sexpects: %s %s\n", h->name, h->lesson, h->victim,
           outcome_words[h->expect]);
}

/* A line that ends with a word and a time, 80 columns with them. */
static void print_word(const char *text, const char *word, int64_t took)
{
    bool narrow = strlen(text) <= 59;

    if (!narrow)
        printf("  %s\n", text);
    printf("  %-59s%10s  %4.2f s\n", narrow ? text : "", word,
           (double)took / (double)SECOND);
}

static void print_verdict(const struct observation *o)
{
    static const char *const words[] = {[NOT_PROVEN] = "NOT PROVEN",
                                        [PROVEN] = "PROVEN",
                                        [NOT_SHOWN] = "NOT SHOWN"};
    const struct verdict *v = &o->verdict;

    for (unsigned i = 0; i + 1 < v->count; i++)
        printf("  %s\n", v->line[i]);
    print_word(v->count ? v->line[v->count - 1] : v->reason, words[v->ruling],
               o->ended.took);
}

static void print_leavings(const struct ended *e)
{
    if (e->segments)
        printf("  names left in /dev/shm: %u\n", e->segments);
    if (e->files)
        printf("  temporary files left, and removed: %u\n", e->files);
    if (e->stuck)
        printf("  a process could not be killed\n");
}

/* --- running --- */

/* Could it not be run, or was it interrupted?  Noted in the tally. */
static bool went_astray(const struct hazard *h, int error,
                        const struct observation *o, struct tally *t)
{
    if (error)
        fprintf(stderr, "ipclab: %s cannot be run: %s\n", h->name,
                strerror(-error));
    else if (o->ended.how == INTERRUPTED)
        t->signal = o->ended.status;
    else
        return false;
    t->impossible = error != 0;
    t->failed = true;
    return true;
}

static void run_hazard(const struct hazard *h, const struct request *q,
                       struct tally *t)
{
    struct observation o;
    int error = scenario_observe(h, 0, &scenario_limits, &o);
    bool proven;

    if (went_astray(h, error, &o, t)) {
        if (!error)
            close(o.output);
        return;
    }
    proven = o.verdict.ruling == PROVEN;
    t->runs++;
    t->proven += proven;
    t->not_shown += o.verdict.ruling == NOT_SHOWN;
    t->failed |= o.verdict.ruling == NOT_PROVEN;
    t->expected = o.witness.expected;
    if (q->repeat == 1 || q->verbose || !proven) {
        print_title(h);
        print_verdict(&o);
        print_leavings(&o.ended);
    }
    if (q->verbose || !proven)
        scenario_show(&o, stdout);
    close(o.output);
}

static void run_cure(const struct hazard *h, int cure, const struct request *q,
                     struct tally *t)
{
    struct observation o;
    int error = scenario_observe(h, cure, &scenario_limits, &o);
    char reason[160], text[160];
    const char *fault;

    if (went_astray(h, error, &o, t)) {
        if (!error)
            close(o.output);
        return;
    }
    fault =
        cure_fault(&o.witness, &o.ended, t->expected, reason, sizeof reason);
    t->cure_runs[cure - 1]++;
    t->cure_ends[cure - 1] += !fault;
    t->failed |= fault != NULL;
    snprintf(text, sizeof text, "cure %d  %s", cure, h->cures[cure - 1]);
    if (q->repeat == 1 || q->verbose || fault)
        print_word(text, fault ? fault : "ends ", o.ended.took);
    if (fault)
        printf("          %s\n", reason);
    if (q->verbose || fault) {
        print_leavings(&o.ended);
        scenario_show(&o, stdout);
    }
    close(o.output);
}

static void print_tally(const struct hazard *h, const struct tally *t)
{
    printf("%s", h->name);
    if (t->runs)
        printf("  proven %u of %u", t->proven, t->runs);
    for (int i = 0; i < CURES_MOST; i++)
        if (t->cure_runs[i])
            printf("%s cure %d ends %u of %u", t->runs || i ? "," : " ", i + 1,
                   t->cure_ends[i], t->cure_runs[i]);
    printf("\n");
}

static bool is_over(const struct tally *t)
{
    return t->signal || t->impossible;
}

static void run_all(const struct hazard *h, const struct request *q,
                    struct tally *t)
{
    int cures = cures_of(h);

    for (unsigned n = 0; n < q->repeat && !is_over(t); n++) {
        if (q->cure == ALL_CURES || q->cure == 0)
            run_hazard(h, q, t);
        for (int cure = 1; cure <= cures && !is_over(t); cure++)
            if (q->cure == ALL_CURES || q->cure == cure)
                run_cure(h, cure, q, t);
        fflush(stdout);
    }
}

/* --- asking first --- */

/* The letter of the answer that was given, or 0. */
static char ask(const struct hazard *h)
{
    char line[80];

    printf("%s\n> ", h->question);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        return 0;
    printf("\n");
    return (char)tolower((unsigned char)line[0]);
}

/* a, b and c are the same in every question; d is what goes wrong quietly, and
 * a question has it only where that is so. */
static const struct {
    char letter;
    const char *words;
} answers[] = {
    [ENDS] = {'a', "all goes well"},
    [HANGS] = {'b', "it hangs"},
    [CRASHES] = {'c', "it crashes"},
    [CORRUPTS] = {'d', "it finishes, and what it made is wrong"},
    [LOSES] = {'d', "it finishes, and something is lost"},
    [LEAKS] = {'d', "something is left behind"},
    [COSTS] = {'d', "it finishes, and it is not free"},
};

static void comment(const struct hazard *h, char answer, bool proven)
{
    const char *words = answers[h->expect].words;

    if (!proven)
        return;
    if (answer == answers[h->expect].letter)
        printf("\nYou were right: %s.\n", words);
    else if (answer >= 'a' && answer <= 'c')
        printf("\nYou said that %s, but %s:\n%s.\n",
               answers[answer - 'a'].words, words, h->summary);
    else
        printf("\nIt was %c: %s.\n", answers[h->expect].letter, words);
}

/* --- the verb --- */

static error_t take_number(const char *option, const char *text, long least,
                           long most, long *value)
{
    char *end;

    errno = 0;
    *value = strtol(text, &end, 10);
    if (!errno && end != text && !*end && *value >= least && *value <= most)
        return 0;
    fprintf(stderr, "ipclab: --%s %s: a number from %ld to %ld\n", option, text,
            least, most);
    return EINVAL;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    struct request *q = state->input;
    error_t error;
    long number;

    switch (key) {
    case 'c':
        error = take_number("cure", text, 0, CURES_MOST, &number);
        q->cure = (int)number;
        return error;
    case 'r':
        error = take_number("repeat", text, 1, 1000000, &number);
        q->repeat = (unsigned)number;
        return error;
    case 'v':
        q->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        return want(q, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Read the command line: 0 or an exit status. */
static int understand(int argc, char **argv, struct request *q)
{
    static const struct argp_option known[] = {
        {"cure", 'c', "N", 0, "this cure alone; 0: the hazard alone", 0},
        {"repeat", 'r', "N", 0, "run it all that often, and count", 0},
        {"verbose", 'v', NULL, 0, "show what the scenarios print", 0},
        {0}};
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .args_doc = "[NAME]...",
        .doc = "Run hazards under the supervisor: prove from outside that each "
               "goes wrong as it should, and that each cure does its work."};
    const char *names[NAMES_MOST];
    int status;

    status = cmd_understand(&argp, argc, argv, 0, q);
    if (status)
        return status;
    for (int i = 0; i < q->count; i++)
        if (q->cure > cures_of(q->wanted[i])) {
            fprintf(stderr, "ipclab: --cure %d: %s has %d\n", q->cure,
                    q->wanted[i]->name, cures_of(q->wanted[i]));
            return EXIT_USAGE;
        }
    if (q->count == 0) {
        all_hazards(q->wanted, names);
        while (q->wanted[q->count])
            q->count++;
    }
    return 0;
}

int cmd_hazard(int argc, char **argv)
{
    struct request q = {.cure = ALL_CURES, .repeat = 1};
    int status = understand(argc, argv, &q);
    bool skipped = false;

    if (status)
        return status;
    if (scenario_sanitizer()) {
        fprintf(stderr, "ipclab: hazards are not run in a build with a "
                        "sanitizer: it changes what goes wrong\n");
        return EXIT_SKIPPED;
    }
    images_use_own(); /* what a hazard starts is in no worker */
    for (int i = 0; i < q.count; i++) {
        const struct hazard *h = q.wanted[i];
        struct tally t = {.expected = -1};
        bool asks = q.count == 1 && q.repeat == 1 && q.cure == ALL_CURES &&
                    h->question && isatty(STDIN_FILENO) &&
                    isatty(STDOUT_FILENO);
        char answer = asks ? ask(h) : 0;

        run_all(h, &q, &t);
        if (is_over(&t))
            return t.signal ? 128 + t.signal : EXIT_FAILED;
        if (asks)
            comment(h, answer, t.proven > 0);
        if (q.repeat > 1)
            print_tally(h, &t);
        skipped |= t.not_shown > 0;
        if (t.failed)
            status = EXIT_FAILED;
    }
    if (!status && skipped)
        fprintf(stderr, "ipclab: some hazards cannot be shown on this "
                        "machine\n");
    return status ? status : skipped ? EXIT_SKIPPED : 0;
}

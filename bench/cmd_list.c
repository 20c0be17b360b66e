/* SPDX-License-Identifier: MIT */
/* cmd_list.c - `ipclab list`: what there is to run. */
#include "cmd.h"
#include "place.h"
#include "plugin.h"
#include "registry.h"
#include "start/start.h"

#include <argp.h>
#include <stdio.h>

static const char *const outcome_words[] = {
    "ends", "hangs", "crashes", "corrupts", "loses", "leaks", "costs"};

static void list_values(const struct setting *s, const struct place *cross)
{
    if (strcmp(s->values, CROWDS) != 0) {
        printf("%s", s->values);
        return;
    }
    for (int n = 0, next; (next = place_crowd_after(cross, n)); n = next)
        printf("%s%d", n ? "," : "", next);
}

static void list_workloads(const char *mechanism, const struct workload *w,
                           const struct place *cross)
{
    for (; w->name; w++) {
        printf("  %s/%-20s one %s%s%s\n", mechanism, w->name, w->unit,
               w->floor ? ", against floor/" : "", w->floor ? w->floor : "");
        for (const struct setting *s = w->grid; s && s->name; s++) {
            printf("      --set %s=", s->name);
            list_values(s, cross);
            printf("  %s (%lld)\n", s->summary, (long long)s->value);
        }
    }
}

static void list_hazards(const struct hazard *h)
{
    for (; h && h->name; h++) {
        int cures = 0;

        while (h->cures && h->cures[cures])
            cures++;
        printf("  %-24s lesson %s  %s; %d cure%s\n", h->name, h->lesson,
               outcome_words[h->expect], cures, cures == 1 ? "" : "s");
    }
}

int cmd_list(int argc, char **argv)
{
    static const struct argp argp = {
        .doc = "List mechanisms, their workloads and settings, hazards, and "
               "floors."};
    struct place places[PLACEMENTS];
    char line[128];
    int status, error;

    status = cmd_understand(&argp, argc, argv, 0, NULL);
    if (status)
        return status;
    error = places_find(places, NULL);
    if (error) {
        fprintf(stderr, "ipclab: cannot read the machine: %s\n",
                strerror(-error));
        return EXIT_FAILED;
    }
    plugins_join(NULL);
    for (const struct mechanism *const *m = mechanisms; *m; m++) {
        printf("%s: %s (%s)\n", (*m)->name, (*m)->summary, (*m)->python);
        list_workloads((*m)->name, (*m)->workloads, &places[PLACE_CROSS]);
    }
    for (size_t i = 0; plugin_missing(i, line, sizeof line); i++)
        printf("%s\n", line);
    printf(
        "floor: what nothing can beat: bare system calls and instructions\n");
    for (const struct workload *const *group = floors; *group; group++)
        list_workloads("floor", *group, &places[PLACE_CROSS]);
    for (const char *const *floor = floors_absent; *floor; floor++)
        printf("  %s\n", *floor);
    printf("hazards (ipclab hazard NAME):\n");
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        list_hazards((*m)->hazards);
    printf("placements (--placement):");
    for (const char *const *p = placement_names; *p; p++)
        printf(" %s", *p);
    printf("\nstart methods (--start):");
    for (const char *const *m = start_method_names; *m; m++)
        printf(" %s", *m);
    printf("\n");
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* cmd_machine.c - `ipclab machine`: the machine card, with its warnings. */
#include "awake.h"
#include "cmd.h"
#include "machine.h"
#include "place.h"

#include <argp.h>

int cmd_machine(int argc, char **argv)
{
    static const struct argp argp = {
        .doc = "Print what taints figures on this machine, and the remedies."};
    struct place places[PLACEMENTS];
    struct card card;
    int error;

    error = cmd_understand(&argp, argc, argv, 0, NULL);
    if (error)
        return error;
    error = machine_read(&card, "");
    if (!error && places_find(places, NULL) == 0 &&
        !places[PLACE_CROSS].missing[0])
        card.wake_cost_ns =
            wake_cost_ns(places[PLACE_CROSS].timed, places[PLACE_CROSS].peer);
    if (error) {
        fprintf(stderr, "ipclab: cannot read the machine: %s\n",
                strerror(-error));
        return EXIT_FAILED;
    }
    machine_judge(&card);
    machine_print(stdout, &card);
    return 0;
}

# SPDX-License-Identifier: MIT
#
# distance.awk - rows that are held against a floor, for a figure.
#
# In: times_floor, low, high, mechanism, workload, bytes, placement, settings.
# Out, in the same order: times_floor, low, high, style, label.  The style is
# the mechanism's name; a pipe's two kinds have one each.

BEGIN {
    FS = OFS = "\t"
}

function size(n) {
    return n < 1024 ? n " B" : n < 1048576 ? n / 1024 " KiB" \
        : n < 1073741824 ? n / 1048576 " MiB" : n / 1073741824 " GiB"
}

{
    label = $4 "/" $5
    if ($6 != "nan")
        label = label " " size($6)
    n = split($8, setting, ",")
    for (i = 1; i <= n; i++) {
        if (split(setting[i], pair, "=") != 2 || pair[2] == "0")
            continue
        if (pair[1] == "resident")
            label = label " " size(pair[2])
        else if (pair[1] == "processes")
            label = label " " pair[2] (pair[2] == "1" ? " process" : " processes")
        else if (pair[1] == "steps") # a mask of bits, and no number of them
            label = label " steps=" pair[2]
        else if (pair[2] == "1")
            label = label " " pair[1]
        else
            label = label " " pair[2] " " pair[1]
    }
    if ($7 != "same")
        label = label ($7 == "cross" ? ", two cores" : ", " $7)
    print $1, ($2 == "nan" ? $1 : $2), ($3 == "nan" ? $1 : $3), \
        $4 ($4 == "pipe" && $5 ~ /-duplex$/ ? "-duplex" : ""), label
}

# SPDX-License-Identifier: MIT
#
# cumulate.awk - bins of a histogram, ascending, to a curve of percentiles.
#
#     ... | awk -f cumulate.awk
#
# In: low, high, count of each bin.  Out: 1 / (1 - q) and the upper edge of the
# bin at which the share q of all samples is reached, as long as ten samples
# lie above it: further out a percentile is somebody's single bad day.

{
    low[NR] = $1
    high[NR] = $2
    count[NR] = $3
    samples += $3
}

END {
    for (i = 1; i <= NR; i++) {
        above = samples - below
        if (above < 10)
            break
        # Where bins are empty, the curve is flat up to the next that is not.
        printf "%.6f\t%s\n", samples / above, i == 1 ? low[i] : high[i - 1]
        below += count[i]
    }
}

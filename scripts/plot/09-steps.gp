# SPDX-License-Identifier: MIT
#
# 09-steps.gp - what each step from CPython's queue to the fast one is worth.
#
#     gnuplot -c scripts/plot/09-steps.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Rows of queue-plain and, with --set steps=1,3,7, of queue: 64 B, both
# processes on one core, no limit of items.  Exit status 77: they are not there.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# Whose rows: CPython, plain, and the fast queue after each step.
STAGES = 5
here = " placement=same bytes=64"
whose(i, workload) = (i == 1 ? "mechanism=cpython workload=queue/" \
    : i == 2 ? "mechanism=queue-plain workload=" \
    : "mechanism=queue workload=").workload.here \
    .(workload eq "stream" ? " capacity=0" : "")
all_steps = count(whose(5, "stream")." steps=7", "median") > 0 ? 7 : 0
chosen(i) = i == 3 ? " steps=1" : i == 4 ? " steps=3" \
    : i == 5 ? sprintf(" steps=%d", all_steps) : ""
found(i, workload, column) = first(whose(i, workload).chosen(i), column)
array Name[5] = ["CPython", "plain: in C, item by item", \
    "+ the feeder sends batches", "+ readers share what was read", \
    "+ put sends an item itself"]
array Style[5] = ["cpython-queue", "queue", "queue", "queue", "queue"]

do for [i=2:STAGES] {
    if (found(i, "stream", "median") eq "") {
        print "no queue-plain/stream and queue/stream with steps=1,3,7, 64 B " \
            ."on one core"
        exit status 77
    }
}

# What is shown of them: of a stream, and of a message alone.
array Workload[4] = ["stream", "stream", "roundtrip", "stream"]
array Column[4] = ["median", "io_calls_per_op", "median", "latency_p50"]
array Title[4] = ["stream: messages a second", "stream: calls a message", \
    "alone: there and back", "stream: one way"]
rate(x) = x < 999.5e3 ? digits(x / 1e3)." k/s" : digits(x / 1e6)." M/s"
calls(x) = x < 0.995 ? sprintf("%.3f", x) : sprintf("%.1f", x)
said(p, x) = p == 1 ? rate(x) : p == 2 ? calls(x) : time_text(x)
number(text) = text eq "" ? NaN : real(text)

# It, or that "_low" or "_high" end of its interval, or NaN.  A rate is highest
# where the time is lowest.
raw(i, p, end) = number(found(i, Workload[p], Column[p].end))
opposite(end) = end eq "_low" ? "_high" : end eq "_high" ? "_low" : ""
shown(i, p, end) = p == 1 ? 1e9 / raw(i, p, opposite(end)) : raw(i, p, end)

# The finding: what all steps are worth together.
gain(p) = shown(5, p, "") / shown(2, p, "")
finding = sprintf("Three steps: a queue's stream is %s as fast", \
    ratio_text(gain(1)))
alone = 1 / gain(3)
if (alone == alone) {
    finding = finding.sprintf(", a lone message %s", \
        ratio_text(alone))
}
set label 1002 bold(finding) at screen 0.02,0.955 left
kind = found(2, "stream", "interval_kind")
set label 1003 "64 B on one core; median of ".found(2, "stream", "rounds") \
    ." rounds with fresh processes, bars: ".(kind eq "ci" \
        ? sprintf("%.0f %% interval", 100 * number(found(2, "stream", \
            "interval_level"))) : "least and greatest") \
    ."; calls: reads and writes of both sides; a full stream, unbounded; " \
    ."log scales" \
    at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

unset key
unset xtics
unset ytics
set border 0
set grid noxtics noytics
set logscale x
set yrange [STAGES + 0.6 : 0.4]
set tmargin at screen 0.80
set bmargin at screen 0.10
name_font = sprintf("sans-serif,%d", small)
set errorbars 1.8
set multiplot
do for [p=1:4] {
    array V[STAGES]; array Low[STAGES]; array High[STAGES]
    low = 0; high = 0
    do for [i=1:STAGES] {
        V[i] = shown(i, p, "")
        Low[i] = shown(i, p, "_low")
        High[i] = shown(i, p, "_high")
        if (Low[i] != Low[i] || High[i] != High[i]) {
            Low[i] = V[i]; High[i] = V[i]
        }
        if (V[i] == V[i]) {
            if (low == 0 || Low[i] < low) { low = Low[i] }
            if (High[i] > high) { high = High[i] }
        }
    }
    if (high > 0) {
        left_edge = 0.245 + 0.19 * (p - 1)
        set lmargin at screen left_edge
        set rmargin at screen left_edge + 0.175
        # Room for the text behind the farthest point.
        span = log(high / low) > 0.7 ? log(high / low) : 0.7
        set xrange [low * exp(-0.08 * span) : high * exp(0.75 * span)]
        set label 1 Title[p] at graph 0,1.07 left noenhanced font name_font \
            textcolor rgb "#222222"
        do for [i=1:STAGES] {
            set arrow 10 + i from graph 0,first i to graph 1,first i nohead \
                back lc rgb "#E4E4E4" lw 1
            if (p == 1) {
                set label 10 + i Name[i] at screen 0.02,first i left \
                    noenhanced font name_font textcolor rgb "#222222"
            } else {
                unset label 10 + i
            }
        }
        plot for [i=1:STAGES] V every ::i-1::i-1 using \
            (Low[i] < High[i] ? $2 : NaN):1:(Low[i]):(High[i]) \
            with xerrorbars lc rgb colour_of(Style[i]) lw 1.6 dt solid pt -1 \
            notitle, \
            for [i=1:STAGES] V every ::i-1::i-1 using 2:1 with points \
            ls style_of(Style[i]) pt (i == 1 ? 6 : 7) ps 0.75 notitle, \
            V using (High[$1]):1:($2 == $2 ? said(p, $2) : "") with labels \
            left offset character 1,0 noenhanced font name_font \
            textcolor rgb "#222222" notitle
        unset label 1001
        unset label 1002
        unset label 1003
    }
}
unset multiplot
set output

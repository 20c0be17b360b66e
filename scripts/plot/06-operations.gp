# SPDX-License-Identifier: MIT
#
# 06-operations.gp - what an operation takes, of every mechanism and peer.
#
#     gnuplot -c scripts/plot/06-operations.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# There and back on one core, and a message of a stream on two, on one scale.
# A name is beside its line's end.  Exit status 77: run.tsv has neither.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

array Panel[2] = ["there", "stream"]
lines_of(p) = operations(Panel[p], "-v usual=1") \
    ." | LC_ALL=C sort -t '\t' -k 1,1 -k 3,3g"
array Size[2]
do for [p=1:2] { Size[p] = int(system(lines_of(p)." | wc -l")) }
if (Size[1] + Size[2] == 0) {
    print "no round trip, and no stream"
    exit status 77
}

# The ranges: of time, every line of both; of size, each has its own.
range = system("{ ".lines_of(1)."; ".lines_of(2)."; } | awk -F '\t' '{" \
    ."if (!c || $5 < c) c = $5; if ($5 > d) d = $5 } END { print c, d }'")
bottom = real(word(range, 1)) / 1.6
top = real(word(range, 2)) * 1.6
sizes_of(p) = system(lines_of(p)." | awk -F '\t' '{" \
    ."if ($3 == 0) z = 1; else if (!a || $3 < a) a = $3;" \
    ."if ($3 > b) b = $3 } END { print a + 0, b + 0, z + 0 }'")

place_of(p) = system(lines_of(p)." | tail -n 1 | sed 's/.*\t//'")

# The finding: the fastest of ours in a stream, or else there and back.
shown = Size[2] > 0 ? 2 : 1
lead = system(lines_of(shown).leads)
said(who, ns) = who." ".time_text(real(ns))
finding = "What an operation takes, of every mechanism"
if (words(lead) >= 3) {
    mine = said(word(lead, 2), word(lead, 3))
    finding = size_text(real(word(lead, 1))) \
        .(shown == 1 ? " there and back: " : place_of(2) eq "cross" \
            ? " to another core: " : " in a stream: ").mine
}
if (words(lead) == 10) {
    other = said(word(lead, 4), word(lead, 5))
    now = word(lead, 6)
    then = word(lead, 10)
    finding = now eq "behind" \
        ? finding[1:strlen(finding) - strlen(mine)].other.", ".mine \
        : finding.", ".other.(now eq "level" ? " (level)" : "")
    if (now eq "ahead" && word(lead, 7) ne word(lead, 1)) {
        finding = finding."; ".word(lead, 8).(then eq "ahead" \
            ? " ahead up to " : then eq "level" \
            ? " and ".word(lead, 9)." level at " \
            : " behind ".word(lead, 9)." at ").size_text(real(word(lead, 7)))
    }
}
peered = words(lead) == 10 && word(lead, 4)[1:7] ne "CPython"
set label 1002 fitted(finding) at screen 0.02,0.955 left
set label 1003 "Median of ".rounds_of("kind=result")." rounds, fresh " \
    ."processes; one round trip at a time; full streams".(peered \
        ? ", ours of their usual capacity, peers' at most 1000; thin: peers" \
        : "")."; grey: floors" \
    at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

set logscale xy
set yrange [bottom : top]
tics_font = sprintf("sans-serif,%d", small - 1)
names_font = sprintf("sans-serif,%d", FORMAT eq "png" ? 10 : 13)
set ytics font tics_font
set xlabel "payload of one message" font tics_font offset 0,0.5
set tmargin at screen 0.82
set bmargin at screen 0.14
set datafile separator "\t"
unset key

array Left[2] = [0.062, 0.545]
array Right[2] = [0.318, 0.803]
is_floor(name) = name[1:5] eq "floor"
shade(name) = is_floor(name) ? "#888888" : colour_of(name)
weight(name) = is_floor(name) ? 1.0 : is_peer(name) ? 1.4 : 2.5
set multiplot
do for [p=1:2] {
    if (Size[p] == 0) { continue }
    set lmargin at screen Left[p]
    set rmargin at screen Right[p]
    sizes = sizes_of(p)
    low = real(word(sizes, 1)); high = real(word(sizes, 2))
    if (high == 0) { low = 64; high = 64 }
    if (high < 4 * low) { low = low / 4; high = high * 4 }
    # What has no payload stands left of all that has.
    none = low / 4
    set xrange [(word(sizes, 3) eq "1" ? none : low) / 1.3 : high * 1.3]
    set xtics () font tics_font
    do for [e=0:28:(high / low > 1e3 ? 4 : 2)] {
        set xtics add (size_text(2.0**e) 2.0**e)
    }
    if (word(sizes, 3) eq "1") { set xtics add ("none" none) }
    set label 1 (p == 1 ? "there and back" : "a message of a stream") \
        .", on ".place_text(place_of(p)) at graph 0,1.045 left noenhanced \
        textcolor rgb "#222222"
    ends = system(lines_of(p)." | LC_ALL=C awk -f ".quote(HERE."/ends.awk") \
        .sprintf(" -v low=%.17g -v high=%.17g -v gap=%.4f", bottom, top, \
            17.0 / (0.68 * HEIGHT))." | tr '\n' ' '")
    n = words(ends) / 5
    present = ""
    do for [i=1:n] {
        name = word(ends, 5 * i - 4)
        present = present.name." "
        end_x = real(word(ends, 5 * i - 2))
        end_y = real(word(ends, 5 * i - 1))
        at = 0.14 + 0.68 * real(word(ends, 5 * i))
        from = Right[p] + 0.013
        set arrow 3 * i from first (end_x > 0 ? end_x : none),end_y \
            to screen from,at nohead back lc rgb shade(name) lw 0.6 dt (2,3)
        set arrow 3 * i + 1 from screen from,at to screen from + 0.03,at \
            nohead ls style_of(name) lc rgb shade(name) lw weight(name)
        set label 3 * i + 1 "" at screen from + 0.015,at point \
            ls style_of(name) lc rgb shade(name) ps 0.7
        set label 3 * i + 2 word(ends, 5 * i - 3) at screen from + 0.035,at \
            left noenhanced font names_font textcolor rgb "#222222"
    }
    set table $Lines separator tab
    plot "< ".lines_of(p) using (sum [i=1:n] (word(present, i) eq strcol(1) \
        ? i : 0)):($3 > 0 ? $3 : none):5 with table
    unset table
    plot for [i=1:n] $Lines using ($1 == i ? $2 : NaN):3 with linespoints \
        ls style_of(word(present, i)) lc rgb shade(word(present, i)) \
        lw weight(word(present, i)) ps 0.7 notitle
    do for [i=1:n] {
        unset arrow 3 * i
        unset arrow 3 * i + 1
        unset label 3 * i + 1
        unset label 3 * i + 2
    }
    unset label 1001
    unset label 1002
    unset label 1003
}
unset multiplot
set output

# SPDX-License-Identifier: MIT
#
# 04-start.gp - what starting a process costs, against the parent's memory.
#
#     gnuplot -c scripts/plot/04-start.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# fork copies page tables and so rises with what the parent holds; the other
# methods stay flat.  Exit status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# Memory may be 0: a scale that is linear below a few MiB and logarithmic above.
place(n) = log(1 + n / 16777216.0)

# One entry for each line that has rows.
array Where[20]; array Column[20]; array Style[20]; array Title[20]
array Weight[20]
lines = 0
methods = "fork spawn forkserver"
parts = "joined call first-instruction"
do for [m=1:3] {
    do for [p=1:3] {
        do for [huge=0:1] {
            name = word(methods, m); part = word(parts, p)
            what = "mechanism=".name." placement=same workload=".part \
                .sprintf(" huge=%d descriptors=0", huge)
            if (lines < 12 && (p == 1 || (huge == 0 && m == 1)) \
                    && count(what, "resident median") > 0) {
                lines = lines + 1
                Where[lines] = what
                Column[lines] = "median"
                Style[lines] = name
                Weight[lines] = p - 1 + (huge ? 3 : 0)
                Title[lines] = name.(p == 1 ? ", joined" \
                    : p == 2 ? ", start() returns" : ", first instruction") \
                    .(huge ? ", huge pages" : "")
            }
        }
    }
}
ours = lines
if (ours == 0 || Weight[1] != 0) {
    print "no fork/joined on one core"
    exit status 77
}
do for [huge=0:1] {
    do for [i=1:2] {
        what = "placement=same ".(i == 1 \
            ? "mechanism=floor workload=fork-self" \
            : "mechanism=fork workload=joined").sprintf(" huge=%d descriptors=0", huge)
        column = i == 1 ? "median" : "reference"
        if (count(what, "resident ".column) > 0) {
            lines = lines + 1
            Where[lines] = what
            Column[lines] = column
            Style[lines] = i == 1 ? (huge ? "floor-variant" : "floor") \
                                  : (huge ? "cpython-variant" : "cpython")
            Weight[lines] = 0
            Title[lines] = (i == 1 ? "floor: fork, _exit, waitpid" \
                : "CPython fork, joined").(huge ? ", huge pages" : "")
        }
    }
}
tiny = first("mechanism=floor workload=fork-tiny placement=same", "median")

# The ranges: every line, and the floor of a tiny process.
every = ""
do for [i=1:lines] {
    every = every.rows(Where[i], "resident ".Column[i])."; "
}
range = system("{ ".every."} | awk '{" \
    ."if (!n++) { b = $1; c = d = $2 }; if ($1 > b) b = $1;" \
    ."if ($2 < c) c = $2; if ($2 > d) d = $2 } END { print b, c, d }'")
high = real(word(range, 1))
bottom = real(word(range, 2))
top = real(word(range, 3))
if (tiny ne "") { if (real(tiny) < bottom) { bottom = real(tiny) } }
set logscale y
set yrange [bottom / 2 : top * 2]
set xrange [-0.08 * (place(high) + 0.2) : 1.08 * (place(high) + 0.2)]
set xtics ()
do for [n in "0 64 256 1024 4096"] {
    at = 1048576.0 * int(n)
    if (at <= high) { set xtics add ((at > 0 ? size_text(at) : "0") place(at)) }
}
set xlabel "memory that the parent holds beside its own, every page touched"
set ylabel "time to start a process" offset 0.5,0
set lmargin at screen 0.1
set rmargin at screen 0.665

# The finding: what fork costs in a small parent and in the largest.
small_parent = first(Where[1], "resident median")
large_parent = system(rows(Where[1], "resident median")." | tail -n 1")
method = Style[1]
from = real(word(small_parent, 2)); to = real(word(large_parent, 2))
finding = (method eq "forkserver" ? "A start by forkserver" : "A ".method) \
    ." takes ".time_text(from) \
    .(word(small_parent, 1) eq word(large_parent, 1) ? "" \
        : sprintf("; %s if its parent holds %s", time_text(to), \
            size_text(real(word(large_parent, 1)))))
huge = ""
do for [i=1:ours] {
    if (Style[i] eq method && Weight[i] == 3) {
        huge = system(rows(Where[i], "resident median")." | tail -n 1")
    }
}
if (huge ne "") {
    if (word(huge, 1) eq word(large_parent, 1) \
            && word(huge, 1) ne word(small_parent, 1)) {
        finding = finding.", ".time_text(real(word(huge, 2)))." with huge pages"
    }
}
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "Median of ".first(Where[1], "rounds")." rounds, each with a " \
    ."fresh parent, band: 5th to 95th percentile; one core; 4 KiB pages " \
    ."unless said; one start at a time" at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

# The parts of a start lie beneath the whole, lighter; huge pages are dashed.
light(colour) = colour eq "#D55E00" ? "#EEB58A" : colour
colour(i) = Weight[i] % 3 ? light(colour_of(Style[i])) : colour_of(Style[i])
width(i) = Weight[i] % 3 ? 1.6 : 2.5

key_font = sprintf("sans-serif,%d", small)
set key at screen 0.685,0.85 left top Left reverse samplen 4 spacing 1.25 \
    noenhanced font key_font
do for [i=1:ours] {
    set style line 100+i lc rgb colour(i) lw width(i) ps 0.9
    if (Weight[i] == 0) { set style line 100+i dt solid pt 7 }
    if (Weight[i] == 1) { set style line 100+i dt (8,4) pt 8 }
    if (Weight[i] == 2) { set style line 100+i dt (3,3) pt 10 }
    if (Weight[i] == 3) { set style line 100+i dt (12,4) pt 6 }
}
line(i) = i <= ours && Style[i] eq "fork" ? 100 + i : style_of(Style[i])
plot for [i=1:ours] "< ".rows(Where[i], "resident ".(Weight[i] == 0 \
        ? "p5 p95" : "median median")) \
    using (place($1)):(Weight[i] == 0 ? $2 : NaN):3 with filledcurves \
    fc rgb colour_of(Style[i]) notitle, \
    for [i=lines:1:-1] "< ".rows(Where[i], "resident ".Column[i]) \
    using (place($1)):2 with linespoints ls line(i) notitle, \
    (tiny eq "" ? NaN : real(tiny)) with lines ls style_of("floor-tiny") \
    notitle, \
    for [i=1:lines] NaN with linespoints ls line(i) title Title[i], \
    NaN with lines ls style_of("floor-tiny") \
    title (tiny eq "" ? "" : "floor: the same from a tiny process")
set output

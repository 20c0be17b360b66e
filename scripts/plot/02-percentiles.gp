# SPDX-License-Identifier: MIT
#
# 02-percentiles.gp - how seldom a round trip takes how long.
#
#     gnuplot -c scripts/plot/02-percentiles.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Both sides on one core, 64 B.  The curves are from hist.tsv beside run.tsv,
# whose bins are 9 % wide.  Exit status 77: there is no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# One entry for each line that has samples: of what, in which style, its name.
array Where[40]; array Style[40]; array Title[40]
lines = 0
mechanisms = "pipe pipe-duplex queue simple-queue joinable-queue ring manager"
titles = "'Pipe(duplex=False)' 'Pipe(), a socket pair' Queue SimpleQueue " \
    ."JoinableQueue 'ring in shared memory' 'Manager, a call'"
floors = "pipe-pingpong unix-pingpong"
workload_of(name) = name eq "pipe-duplex" ? "roundtrip-duplex" \
    : name eq "manager" ? "call" : "roundtrip"
folder_of(name) = name eq "pipe-duplex" ? "pipe" : name
sized(name) = (name eq "manager" ? "" : " bytes=64") \
    .(name eq "queue" ? " steps=0" : "")
do for [i=1:16] {
    m = i < 8 ? word(mechanisms, i) : i < 10 ? word(floors, i - 7) \
        : word(mechanisms, i - 9)
    what = "placement=same ".(i < 8 ? "mechanism=".folder_of(m) \
            ." workload=".workload_of(m).sized(m) \
        : i < 10 ? "mechanism=floor workload=".m." bytes=64" \
        : "mechanism=cpython workload=".folder_of(m)."/".workload_of(m) \
            .sized(m))
    # A batch's mean hides its worst operation: it has no such percentiles.
    if (int(system(bins(what, "count")." | wc -l")) > 1 \
            && count(what." batch=1", "p99") == 1) {
        lines = lines + 1
        Where[lines] = what
        Style[lines] = i < 8 ? m : i == 8 ? "floor" : i == 9 \
            ? "floor-variant" : twin_of(m)
        Title[lines] = i < 8 ? word(titles, i) \
            : i == 8 ? "floor: raw pipe" : i == 9 \
            ? "floor: raw AF_UNIX socket" \
            : "CPython, ".(i == 11 ? "Pipe()" : word(titles, i - 9))
    }
}
curve(i) = bins(Where[i], "low_ns high_ns count") \
    ." | awk -f ".quote(HERE."/cumulate.awk")
if (lines == 0 || Style[1][1:5] eq "floor" || Style[1][1:7] eq "cpython") {
    print "no round trip of 64 B on one core that was timed one by one, in " \
        ."run.tsv and hist.tsv"
    exit status 77
}

# The finding: what one in a thousand, or one in a hundred, takes.
middle = real(first(Where[1], "p50"))
tail = first(Where[1], "p99.9")
share = tail eq "" ? "hundred" : "thousand"
if (tail eq "") { tail = first(Where[1], "p99") }
finding = subject(Style[1]).(Style[1] eq "manager" ? "'s call" \
    : Style[1] eq "pipe" ? " round trip" : "'s round trip")." takes " \
    .time_text(middle).", but one in a ".share." takes " \
    .time_text(real(tail))." or more"
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "64 B, both processes on one core; every round trip of " \
    .first(Where[1], "rounds")." rounds, timed one by one, none dropped; bins " \
    ."of 9 %; as far as ten samples lie above" at screen 0.02,0.905 left \
    noenhanced font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

every = ""
do for [i=1:lines] { every = every.curve(i)."; " }
range = system("{ ".every."} | awk '{ if (!n++) { b = $1; c = d = $2 }" \
    ."if ($1 > b) b = $1; if ($2 < c) c = $2; if ($2 > d) d = $2" \
    ."} END { print b, c, d }'")
far = real(word(range, 1))
bottom = real(word(range, 2)) / 1.6
top = real(word(range, 3)) * 1.6
set logscale xy
set xrange [1 : far * 1.15]
set yrange [bottom : top]
set xtics ()
set xtics add ("least" 1, "50 %%" 2, "90 %%" 10, "99 %%" 100, \
    "99.9 %%" 1000, "99.99 %%" 10000, "99.999 %%" 100000)
do for [e=0:5] { do for [m=2:9] { set xtics add ("" m * 10**e 1) } }
set xtics add ("50 %%" 2)
set xlabel "share of the round trips that are as fast or faster" offset 0,0.4
if (top < 200 * bottom) {
    do for [e=1:8] { do for [m in "2 5"] {
        set ytics add (time_text(m * 10**e) m * 10**e)
    } }
}
set ylabel "round trip" offset 0.5,0
set lmargin at screen 0.1
set rmargin at screen 0.975
set key top left Left reverse samplen 4 spacing 1.15 noenhanced

# A point a decade and its half, so that dashes and points can be told apart.
marks(i) = curve(i)." | awk 'NR == 1 || $1 >= next_one {" \
    ." print; next_one = $1 * 3.16 }'"
plot for [i=lines:1:-1] "< ".curve(i) using 1:2 with lines \
    ls style_of(Style[i]) notitle, \
    for [i=lines:1:-1] "< ".marks(i) using 1:2 with points \
    ls style_of(Style[i]) notitle, \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) title Title[i]
set output

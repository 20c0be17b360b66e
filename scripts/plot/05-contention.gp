# SPDX-License-Identifier: MIT
#
# 05-contention.gp - what a lock gives to all together, against how many want it.
#
#     gnuplot -c scripts/plot/05-contention.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# What is done under the lock is nearly nothing, so that a lock is all there is.
# The ideal goes as far as there are cores, which the footer says.  Exit status
# 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# What may be drawn, in the order of the legend: whose rows, which column of
# them, the style, and what it is called.
by(name, workload) = "mechanism=".name." workload=".workload." placement=cross"
candidates = 8
array Rows[8] = [by("lock", "contended"), by("lock", "contended-robust"), \
    by("semaphore", "contended"), by("floor", "mutex-contended"), \
    by("floor", "mutex-contended-robust"), by("floor", "sem-contended"), \
    by("lock", "contended"), by("semaphore", "contended")]
array Names[8] = ["lock", "lock-robust", "semaphore", "floor-mutex", \
    "floor-mutex-robust", "floor-sem", "cpython-lock", "cpython-semaphore"]
array Titles[8] = ["Lock", "robust Lock", "Semaphore(1)", \
    "floor: pthread\\_mutex", "floor: robust pthread\\_mutex", \
    "floor: sem\\_t", "CPython Lock", "CPython Semaphore(1)"]
OURS = 3

# Of these, what run.tsv has.
array Where[8]; array Column[8]; array Style[8]; array Title[8]
lines = 0
ours = 0
do for [i=1:candidates] {
    column = i > 6 ? "reference" : "median"
    if (count(Rows[i], "processes ".column) > 0) {
        lines = lines + 1
        Where[lines] = Rows[i]
        Column[lines] = column
        Style[lines] = Names[i]
        Title[lines] = Titles[i]
        if (i <= OURS) { ours = lines }
    }
}
if (ours == 0) {
    print "no contention of a lock on several cores"
    exit status 77
}

# The ranges: every line, and the ideal.
every = ""
do for [i=1:lines] {
    every = every.rows(Where[i], "processes ".Column[i])."; "
}
range = system("{ ".every."} | awk '{ y = 1e9 / $2;" \
    ."if (!n++) { b = $1; c = d = y }; if ($1 > b) b = $1;" \
    ."if (y < c) c = y; if (y > d) d = y } END { print b, c, d }'")
most = int(word(range, 1))
cores = int(system("printf '%s' ".quote(FOOTER) \
    ." | sed -n 's/.*[^0-9]\\([0-9][0-9]*\\) cores\\{0,1\\}.*/\\1/p'"))
alone = first(Where[1]." processes=1", "median")
rate_alone = alone eq "" ? NaN : 1e9 / real(alone)
ideal = alone ne "" && cores > 1
top = real(word(range, 3))
if (ideal && rate_alone * cores > top) { top = rate_alone * cores }

set logscale y
set yrange [real(word(range, 2)) / 1.8 : top * 1.8]
set ytics ("10 k/s" 1e4, "100 k/s" 1e5, "1 M/s" 1e6, "10 M/s" 1e7, \
    "100 M/s" 1e8, "1 G/s" 1e9)
do for [e=4:8] {
    do for [m=2:9] { set ytics add ("" m * 10**e 1) }
}
set xrange [0.7 : most + 0.3]
set xtics 1,1,most
set xlabel "processes that take and release it, as fast as they can"
set ylabel "operations per second, of all together" offset 0.5,0
set lmargin at screen 0.1
set rmargin at screen 0.7

# The finding: what one process gets, and what the most get together.
ours_of(n) = first(Where[1]." processes=".n, "median")
often(median) = often_text(1e9 / real(median))
named = Style[1] eq "lock" ? "a lock" \
    : Style[1] eq "lock-robust" ? "a robust lock" : "a semaphore"
last = system(rows(Where[1], "processes median")." | tail -n 1")
finding = (alone eq "" || most == 1 ? "" \
    : "Alone a process takes ".named." ".often(alone)." times a second, ") \
    .(most == 1 ? "One process takes ".named." " \
    : alone eq "" ? sprintf("%d processes take %s ", int(word(last, 1)), named) \
    : sprintf("%d together ", int(word(last, 1)))) \
    .often(word(last, 2)).(alone eq "" || most == 1 ? " times a second" : "")
set label 1002 bold(finding) at screen 0.02,0.955 left
kind = first(Where[1], "interval_kind")
set label 1003 "Median of ".first(Where[1], "rounds")." rounds with fresh " \
    ."processes, bars: the interval (".(kind eq "ci" \
        ? sprintf("%.0f %%", 100 * real(first(Where[1], "interval_level"))) \
        : "least and greatest") \
    ."); acquire, count in shared memory, release; spread over the cores" \
    at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

set style line 101 lc rgb "#999999" lw 2.0 dt (3,4)
key_font = sprintf("sans-serif,%d", small)
set key at screen 0.715,0.85 left top Left reverse samplen 4 spacing 1.25 \
    font key_font
set samples 33
plot sample [1:(ideal ? cores : 2)] "+" \
    using 1:(ideal ? rate_alone * $1 : NaN) with lines ls 101 notitle, \
    for [i=1:ours] "< ".rows(Where[i], "processes median_low median_high " \
        ."median") using 1:(1e9 / $4):(1e9 / $3):(1e9 / $2) \
    with yerrorbars ls style_of(Style[i]) dt solid lw 1.2 notitle, \
    for [i=lines:1:-1] "< ".rows(Where[i], "processes ".Column[i]) \
    using 1:(1e9 / $2) with linespoints ls style_of(Style[i]) notitle, \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) \
    title Title[i], \
    NaN with lines ls 101 title (ideal ? sprintf("as if nobody waited, " \
        ."to %d cores", cores) : "")
set output

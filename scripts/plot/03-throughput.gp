# SPDX-License-Identifier: MIT
#
# 03-throughput.gp - bytes a second that a stream moves, against their packing.
#
#     gnuplot -c scripts/plot/03-throughput.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Both sides on one core; the ceiling is one memcpy of each message.  Exit
# status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

array Where[40]; array Column[40]; array Style[40]; array Title[40]
lines = 0
mechanisms = "pipe pipe-duplex queue simple-queue joinable-queue ring"
titles = "'Pipe(duplex=False)' 'Pipe(), a socket pair' Queue SimpleQueue " \
    ."JoinableQueue 'ring in shared memory'"
floors = "pipe-stream unix-stream"
stream(name) = " mechanism=".(name eq "pipe-duplex" ? "pipe" : name) \
    ." workload=".(name eq "pipe-duplex" ? "stream-duplex" : "stream") \
    .(name eq "queue" ? " capacity=0 steps=0" \
        : name eq "joinable-queue" ? " capacity=0" : "")
do for [i=1:14] {
    m = i < 7 ? word(mechanisms, i) : i < 9 ? word(floors, i - 6) \
        : word(mechanisms, i - 8)
    what = "placement=same".(i == 7 || i == 8 \
        ? " mechanism=floor workload=".m : stream(m))
    column = i < 9 ? "median" : "reference"
    if (count(what, "bytes ".column) > 1) {
        lines = lines + 1
        Where[lines] = what
        Column[lines] = column
        Style[lines] = i < 7 ? m : i == 7 ? "floor" : i == 8 \
            ? "floor-variant" : twin_of(m)
        Title[lines] = i < 7 ? word(titles, i) : i == 7 ? "floor: raw pipe" \
            : i == 8 ? "floor: raw AF_UNIX socket" \
            : "CPython, ".(i == 10 ? "Pipe()" : word(titles, i - 8))
    }
}
ceiling = "placement=same mechanism=floor workload=memcpy"
if (lines == 0 || Column[1] ne "median" || Style[1][1:5] eq "floor") {
    print "no stream on one core, of two sizes or more"
    exit status 77
}
if (count(ceiling, "bytes median") < 2) {
    print "no memcpy of two sizes or more: it is the ceiling"
    exit status 77
}

# Size and bytes a second, from size and ns a message.
speeds(where, column) = rows(where, "bytes ".column) \
    ." | awk '$1 > 0 && $2 > 0 { printf \"%s\\t%.17g\\n\", $1, $1 * 1e9 / $2 }'"
best(where, column) = system(speeds(where, column) \
    ." | LC_ALL=C sort -k 2,2g | tail -n 1")

# The finding: the fastest of ours, at which size, and the ceiling there.
most = 0; fastest = 1
do for [i=1:lines] {
    if (Column[i] eq "median" && Style[i][1:5] ne "floor") {
        now = best(Where[i], "median")
        if (real(word(now, 2)) > most) {
            most = real(word(now, 2)); at = real(word(now, 1)); fastest = i
        }
    }
}
copy = system(speeds(ceiling, "median")." | awk '$1 == ".sprintf("%.0f", at) \
    ."'")
finding = subject(Style[fastest])." moves at most ".rate_text(most) \
    .", in messages of ".size_text(at) \
    .(copy eq "" ? "" : "; memcpy ".rate_text(real(word(copy, 2))))
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "Median of ".first(Where[1], "rounds")." rounds with fresh " \
    ."processes; both processes on one core; counted up to the last message " \
    ."that was received and checked" at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

every = speeds(ceiling, "median")."; "
do for [i=1:lines] { every = every.speeds(Where[i], Column[i])."; " }
range = system("{ ".every."} | awk '{" \
    ."if (!n++) { a = b = $1; c = d = $2 }" \
    ."if ($1 < a) a = $1; if ($1 > b) b = $1;" \
    ."if ($2 < c) c = $2; if ($2 > d) d = $2" \
    ."} END { print a, b, c, d }'")
low = real(word(range, 1)); high = real(word(range, 2))
set logscale xy
set xrange [low / 1.3 : high * 1.3]
set yrange [real(word(range, 3)) / 2 : real(word(range, 4)) * 2]
set xlabel "payload of one message" offset 0,0.4
set ylabel "payload in a second" offset 0.5,0
set xtics ()
do for [e=0:28:(high / low > 1e5 ? 4 : 2)] {
    set xtics add (size_text(2.0**e) 2.0**e)
}
unset ytics
set ytics nomirror out scale 0.6 textcolor rgb "#222222" ("100 kB/s" 1e5, \
    "1 MB/s" 1e6, "10 MB/s" 1e7, "100 MB/s" 1e8, "1 GB/s" 1e9, \
    "10 GB/s" 1e10, "100 GB/s" 1e11)
do for [e=5:10] { do for [m=2:9] { set ytics add ("" m * 10**e 1) } }
set lmargin at screen 0.1
set rmargin at screen 0.975
set key bottom right Left reverse samplen 4 spacing 1.15 noenhanced
plot for [i=lines:1:-1] "< ".speeds(Where[i], Column[i]) using 1:2 \
    with linespoints ls style_of(Style[i]) notitle, \
    "< ".speeds(ceiling, "median") using 1:2 with linespoints \
    ls style_of("floor-copy") title "ceiling: memcpy", \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) title Title[i]
set output

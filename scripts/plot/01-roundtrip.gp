# SPDX-License-Identifier: MIT
#
# 01-roundtrip.gp - a round trip against the size of its message.
#
#     gnuplot -c scripts/plot/01-roundtrip.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Both sides on one core.  Exit status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# One entry for each line that has rows: of what, in which style, called what.
array Where[6]; array Column[6]; array Style[6]; array Title[6]
lines = 0
of(workload) = "mechanism=pipe placement=same workload=".workload
floor_of(name) = "mechanism=floor placement=same workload=".name
do for [i=1:6] {
    where = word("pipe pipe-duplex floor floor-variant cpython " \
        ."cpython-variant", i)
    column = i < 5 ? "median" : "reference"
    what = i == 3 ? floor_of("pipe-pingpong") \
         : i == 4 ? floor_of("unix-pingpong") \
         : of(i % 2 ? "roundtrip" : "roundtrip-duplex")
    if (count(what, "bytes ".column) > 0) {
        lines = lines + 1
        Where[lines] = what
        Column[lines] = column
        Style[lines] = where
        Title[lines] = i == 1 ? "Pipe(duplex=False)" \
            : i == 2 ? "Pipe(), a socket pair" \
            : i == 3 ? "floor: raw pipe" \
            : i == 4 ? "floor: raw AF_UNIX socket" \
            : i == 5 ? "CPython, Pipe(duplex=False)" : "CPython, Pipe()"
    }
}
if (lines == 0 || Column[1] ne "median" || Style[1][1:4] ne "pipe") {
    print "no pipe/roundtrip on one core"
    exit status 77
}

# The finding: what the smallest message costs, and how far that holds.
facts = first(Where[1], "bytes median samples")
least = real(word(facts, 2))
flat = real(system(rows(Where[1], "bytes median") \
    ." | awk -v least=".sprintf("%.17g", least) \
    ." '$2 > 1.10 * least { exit } { n = $1 } END { print n }'"))
ratio = first(Where[1], "bytes times_floor")
raw = Style[1] eq "pipe" ? "raw pipe" : "raw socket"
finding = (Style[1] eq "pipe" ? "A pipe round trip costs " \
                              : "A duplex pipe's round trip costs ") \
    .time_text(least).(flat > real(word(facts, 1)) \
        ? " up to ".size_text(flat) : " at ".size_text(real(word(facts, 1)))) \
    .(ratio eq "" ? "" : sprintf(", %.2f × the %s", real(word(ratio, 2)), raw))
rounds = first(Where[1], "rounds")
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "Median of ".rounds." rounds with fresh processes, band: 5th " \
    ."to 95th percentile; both processes on one core; closed loop, one " \
    ."message outstanding" at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

# The ranges: every line, and room above them for the key.
every = ""
do for [i=1:lines] {
    every = every.rows(Where[i], "bytes ".Column[i])."; "
}
range = system("{ ".every."} | awk '$1 > 0 {" \
    ."if (!n++) { a = b = $1; c = d = $2 }" \
    ."if ($1 < a) a = $1; if ($1 > b) b = $1;" \
    ."if ($2 < c) c = $2; if ($2 > d) d = $2" \
    ."} END { print a, b, c, d }'")
low = real(word(range, 1)); high = real(word(range, 2))
if (high < 4 * low) { low = low / 4; high = high * 4 }
set logscale xy
set xrange [low / 1.3 : high * 1.3]
bottom = real(word(range, 3)) / 1.9
top = real(word(range, 4)) * 3
set yrange [bottom : top]
set xlabel "payload of one message"
set ylabel "round trip" offset 0.5,0
set xtics ()
do for [e=0:28:(high / low > 1e5 ? 4 : 2)] {
    set xtics add (size_text(2.0**e) 2.0**e)
}
set lmargin at screen 0.1
set rmargin at screen 0.975

# What Linux guarantees and gives: PIPE_BUF is its ABI's, and 16 pages are
# what a pipe has unless somebody asks for more.
rule(n) = n > low && n < high
do for [n in "4096 65536"] {
    if (rule(int(n))) {
        set arrow from int(n),bottom to int(n),top nohead back \
            lc rgb "#999999" dt (6,5) lw 1.2
        set label (n eq "4096" ? "PIPE_BUF, 4 KiB" \
                               : "a pipe holds 64 KiB, a frame has 4 B more") \
            at int(n),bottom * 1.22 left offset character 0.6,0 noenhanced \
            font sprintf("sans-serif,%d", small) textcolor rgb "#666666"
    }
}

set key top left Left reverse samplen 4 spacing 1.15 noenhanced
plot for [i=1:lines] \
    "< ".rows(Where[i], "bytes ".(i <= 2 && Column[i] eq "median" \
        && Style[i][1:4] eq "pipe" ? "p5 p95" : "median median")) \
    using 1:(Style[i][1:4] eq "pipe" ? $2 : NaN):3 with filledcurves \
    fc rgb colour_of(Style[i]) notitle, \
    for [i=lines:1:-1] "< ".rows(Where[i], "bytes ".Column[i]) \
    using 1:2 with linespoints ls style_of(Style[i]) notitle, \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) title Title[i]
set output

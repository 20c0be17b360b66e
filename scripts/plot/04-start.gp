# SPDX-License-Identifier: MIT
#
# 04-start.gp - what starting a process costs, against the parent's memory.
#
#     gnuplot -c scripts/plot/04-start.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# fork copies page tables and so rises with what the parent holds; the other
# methods stay flat, and so does what each of them is held against.  Exit
# status 77: run.tsv has no such row.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4
load HERE."/style.gp"

# Memory may be 0: a scale that is linear below a few MiB and logarithmic above.
place(n) = log(1 + n / 16777216.0)

# What may be drawn, in the order of the legend: whose rows, which column of
# them, the style, and what it is called.
joined(name, huge) = "mechanism=".name." workload=joined placement=same" \
    .sprintf(" huge=%d descriptors=0", huge)
limit(name) = "mechanism=floor workload=".name \
    ." placement=same huge=0 descriptors=0"
candidates = 9
array Rows[9] = [joined("fork", 0), joined("fork", 1), joined("spawn", 0), \
    joined("forkserver", 0), joined("fork", 0), joined("spawn", 0), \
    joined("forkserver", 0), limit("fork-self"), limit("posix-spawn")]
array Values[9] = ["median", "median", "median", "median", "reference", \
    "reference", "reference", "median", "median"]
array Names[9] = ["fork", "fork-huge", "spawn", "forkserver", \
    "cpython-fork", "cpython-spawn", "cpython-forkserver", "floor", \
    "floor-spawn"]
array Titles[9] = ["fork", "fork, huge pages", "spawn", "fork server", \
    "CPython fork", "CPython spawn", "CPython fork server", \
    "floor of fork: fork, _exit, waitpid", \
    "floor of spawn: an empty program"]
OURS = 4

# Of these, what run.tsv has.
array Where[9]; array Column[9]; array Style[9]; array Title[9]
lines = 0
ours = 0
do for [i=1:candidates] {
    if (count(Rows[i], "resident ".Values[i]) > 0) {
        lines = lines + 1
        Where[lines] = Rows[i]
        Column[lines] = Values[i]
        Style[lines] = Names[i]
        Title[lines] = Titles[i]
        if (i <= OURS) { ours = lines }
    }
}
if (ours == 0 || (ours == 1 && Style[1] eq "fork-huge")) {
    print "no start and join on one core"
    exit status 77
}
# What does not depend on the parent: one line across.
alone(name) = first("mechanism=floor workload=".name." placement=same", \
    "median")
tiny = alone("fork-tiny")
python = alone("python")

# The ranges: every line.
every = ""
do for [i=1:lines] {
    every = every.rows(Where[i], "resident ".Column[i])."; "
}
every = every."echo ".(tiny eq "" ? "" : "0 ".tiny)."; " \
    ."echo ".(python eq "" ? "" : "0 ".python)."; "
range = system("{ ".every."} | awk 'NF {" \
    ."if (!n++) { b = $1; c = d = $2 }; if ($1 > b) b = $1;" \
    ."if ($2 < c) c = $2; if ($2 > d) d = $2 } END { print b, c, d }'")
high = real(word(range, 1))
set logscale y
set yrange [real(word(range, 2)) / 1.6 : real(word(range, 3)) * 1.6]
set xrange [-0.08 * (place(high) + 0.2) : 1.08 * (place(high) + 0.2)]
set xtics ()
do for [n in "0 64 256 1024 4096"] {
    at = 1048576.0 * int(n)
    if (at <= high) { set xtics add ((at > 0 ? size_text(at) : "0") place(at)) }
}
set xlabel "memory that the parent holds beside its own, every page touched"
set ylabel "time to start a process and join it" offset 0.5,0
set lmargin at screen 0.1
set rmargin at screen 0.665

# The finding: what each method costs in a small parent and in the largest.
least(where) = real(word(first(where, "resident median"), 2))
greatest(where) = real(word(system(rows(where, "resident median") \
    ." | tail -n 1"), 2))
differ(where) = count(where, "resident median") > 1
grows(where) = greatest(where) > 1.25 * least(where)
said(name, where) = name.(!differ(where) ? " takes ".time_text(least(where)) \
    : grows(where) ? " grows with its parent, ".time_text(least(where)) \
        ." to ".time_text(greatest(where)) \
    : " stays at ".time_text(least(where)))
finding = ""
do for [i=1:ours] {
    if (Style[i] ne "fork-huge") {
        finding = finding.(finding eq "" ? "" : "; ") \
            .said(Style[i], Where[i])
    }
}
# "; spawn stays at a; forkserver stays at b" says the same word twice.
finding = system("echo ".quote(finding)." | sed -e " \
    ."'s/stays at \\([^;]*\\); forkserver stays at/stays at \\1, forkserver at/'" \
    ." -e 's/takes \\([^;]*\\); forkserver takes/takes \\1, forkserver/'" \
    ." -e 's/^fork /Fork /;s/^spawn/Spawn/;s/^forkserver/Forkserver/'")
set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 "Median of ".first(Where[1], "rounds")." rounds, each with a " \
    ."fresh parent, band: 5th to 95th percentile; one core; 4 KiB pages " \
    ."unless said; one start at a time" at screen 0.02,0.905 left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"

# A copy of huge pages is fork's, dashed, its points hollow.
set style line 101 lc rgb colour_of("fork") lw 2.5 dt (4,3) pt 6 ps 0.9
line(i) = Style[i] eq "fork-huge" ? 101 : style_of(Style[i])

key_font = sprintf("sans-serif,%d", small)
set key at screen 0.685,0.85 left top Left reverse samplen 4 spacing 1.25 \
    noenhanced font key_font
number(text) = text eq "" ? NaN : real(text)
plot for [i=1:ours] "< ".rows(Where[i], "resident p5 p95") \
    using (place($1)):(Style[i] eq "fork-huge" ? NaN : $2):3 \
    with filledcurves fc rgb colour_of(Style[i]) notitle, \
    for [i=lines:1:-1] "< ".rows(Where[i], "resident ".Column[i]) \
    using (place($1)):2 with linespoints ls line(i) notitle, \
    number(tiny) with lines ls style_of("floor-tiny") notitle, \
    number(python) with lines ls style_of("floor-python") notitle, \
    for [i=1:lines] NaN with linespoints ls line(i) title Title[i], \
    NaN with lines ls style_of("floor-tiny") \
    title (tiny eq "" ? "" : "floor: a tiny process forks"), \
    NaN with lines ls style_of("floor-python") \
    title (python eq "" ? "" : "python3 -I -S -c pass")
set output

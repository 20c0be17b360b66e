# SPDX-License-Identifier: MIT
#
# 08-floor.gp - how far every row is from its floor, the lowest first.
#
#     gnuplot -c scripts/plot/08-floor.gp run.tsv out.svg [FORMAT [FOOTER]]
#
# Exit status 77: no row of run.tsv is held against a floor.

HERE = system(sprintf("dirname \"%s\"", ARG0))
TSV = ARG1; OUTPUT = ARG2; FORMAT = ARG3; FOOTER = ARG4

# As many rows as fit a slide in two panels; with more it grows.
ROWS = "LC_ALL=C awk -f '".HERE."/select.awk' -v where=kind=result " \
    ."-v columns='times_floor times_floor_low? times_floor_high? mechanism " \
    ."workload bytes? placement settings?' '".TSV."' | LC_ALL=C sort -g " \
    ."| LC_ALL=C awk -f '".HERE."/distance.awk'"
n = int(system(ROWS." | wc -l"))
if (n == 0) {
    print "no row is held against a floor"
    exit status 77
}
panels = n > 20 ? 2 : 1
deep = (n + panels - 1) / panels
HEIGHT = deep > 27 ? 720 + 19 * (deep - 27) : 720
load HERE."/style.gp"

# The finding leaves out the parts of a start, which end before their floor.
whole = ROWS." | grep -v -e /call -e /first-instruction"
wholes = int(system(whole." | wc -l"))
if (wholes == 0) { whole = ROWS; wholes = n }
near = int(system(whole." | awk '$1 <= 1.1' | wc -l"))
finding = sprintf("%d of %d rows are at most 10 %% above their floor, the " \
    ."farthest is at ", near, wholes) \
    .ratio_text(real(system(whole." | tail -n 1 | cut -f 1")))
set label 1002 bold(finding) at screen 0.02,1 - 0.045 * 720 / HEIGHT left
rounds = first("kind=result", "rounds")
kind = first("kind=result", "interval_kind")
set label 1003 "Median of the ratios of ".rounds." rounds, each beside its " \
    ."floor: the same payload by bare system calls; with its " \
    .(kind eq "ci" ? sprintf("%.0f %% interval", \
        100 * real(first("kind=result", "interval_level"))) : "range") \
    .(wholes < n ? "; a call is a part of its floor" : "") \
    at screen 0.02,1 - 0.095 * 720 / HEIGHT left noenhanced \
    font sprintf("sans-serif,%d", small) textcolor rgb "#444444"
set label 1001 at screen 0.985,0.025 * 720 / HEIGHT right

range = system(ROWS." | awk -F '\t' '{ if (!k++) { a = $2; b = $3 }" \
    ."if ($2 < a) a = $2; if ($3 > b) b = $3 } END { print a, b }'")
low = real(word(range, 1)) / 1.06
high = real(word(range, 2)) * 1.06
if (low > 0.8) { low = 0.8 }
if (high < 1.25) { high = 1.25 }
set logscale x
set xrange [low : high]
tics_font = sprintf("sans-serif,%d", small)
names_font = sprintf("sans-serif,%d", FORMAT eq "png" ? 10 : 13)
unset xtics
set xtics nomirror out scale 0.6 ("1/100" 0.01, "1/10" 0.1, "1/2" 0.5, \
    "1" 1, "2" 2, "5" 5, "10" 10, "100" 100, "1000" 1000) \
    font tics_font textcolor rgb "#222222"
unset ytics
set ytics nomirror scale 0 font names_font
set border 1
set datafile separator "\t"
set tmargin at screen 1 - 0.125 * 720 / HEIGHT
set bmargin at screen 0.135 * 720 / HEIGHT
set xlabel "times its floor" offset 0,0.7 font tics_font
unset key
set yrange [deep + 0.7 : 0.3]
set arrow 1 from 1,graph 0 to 1,graph 1 nohead back lc rgb "#000000" lw 1.4

part(p) = ROWS.sprintf(" | tail -n +%d | head -n %d", p * deep + 1, deep)
longest = int(system(ROWS." | awk -F '\t' 'length($5) > n { n = length($5) }" \
    ." END { print n }'"))
left_of(p) = 0.505 * p + 0.015 + 0.0054 * longest
right_of(p) = panels == 1 ? 0.985 : 0.48 + 0.505 * p
# More ticks as there is room for their labels: 0.8 and 0.9 are the closest.
doubling = 1280 * (right_of(0) - left_of(0)) * log(2) / log(high / low)
if (doubling > 80) { set xtics add ("0.7" 0.7, "1.5" 1.5, "3" 3) }
if (doubling > 160) { set xtics add ("1.2" 1.2) }
if (doubling > 240) { set xtics add ("0.8" 0.8, "0.9" 0.9) }
present = system(ROWS." | cut -f 4 | sort -u | tr '\n' ' '")
set multiplot
do for [p=0:panels-1] {
    set lmargin at screen left_of(p)
    set rmargin at screen right_of(p)
    # Labels around the figure are drawn once.
    if (p == 1) { unset label 1001; unset label 1002; unset label 1003 }
    plot "< ".part(p) using 1:(column(0) + 1):ytic(5) with dots lc rgb "white" \
        notitle, \
        for [name in present] "< ".part(p) using \
        (strcol(4) eq name ? $1 : NaN):(column(0) + 1):2:3 with xerrorbars \
        lc rgb colour_of(name) lw 1.6 dt solid pt -1 notitle, \
        for [name in present] "< ".part(p) using \
        (strcol(4) eq name ? $1 : NaN):(column(0) + 1) with points \
        ls style_of(name) ps 0.7 notitle
}
unset multiplot
set output

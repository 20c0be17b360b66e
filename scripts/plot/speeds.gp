# SPDX-License-Identifier: MIT
#
# speeds.gp - what figures of bytes a second end with: lines of Where, Column,
# Style and Title, below the ceiling; their finding, method, WHAT is moved,
# and where on the right the KEY has room.

set label 1002 bold(finding) at screen 0.02,0.955 left
set label 1003 method at screen 0.02,0.905 left noenhanced \
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
set xlabel "payload of one ".WHAT offset 0,0.4
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
eval("set key ".KEY." right Left reverse samplen 4 spacing 1.15 noenhanced")
plot for [i=lines:1:-1] "< ".speeds(Where[i], Column[i]) using 1:2 \
    with linespoints ls style_of(Style[i]) notitle, \
    "< ".speeds(ceiling, "median") using 1:2 with linespoints \
    ls style_of("floor-copy") title "ceiling: memcpy", \
    for [i=1:lines] NaN with linespoints ls style_of(Style[i]) title Title[i]
set output

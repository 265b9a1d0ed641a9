package freshnessdoc_test

import (
	"fmt"
	"strings"
	"time"
)

// The drawing: a line of time, a band for each phase, and under it what an invocation
// meets. Its colours do in light and dark.
const (
	width, left, right = 860, 20, 20
	bandTop, bandHigh  = 60, 54
)

var look = map[string]struct{ fill, says string }{
	"fresh":         {"#2e7d32", "fresh"},
	"ahead":         {"#00838f", "ahead"},
	"stale allowed": {"#b26a00", "due; stale allowed"},
	"refused":       {"#b71c1c", "due; stale refused"},
}

var below = map[string][]string{
	"fresh":         {"the held value,", "no call"},
	"ahead":         {"held value; load", "beside the handler"},
	"stale allowed": {"load first; if the source", "fails, the old value"},
	"refused":       {"load first; if the source", "fails, an error"},
}

// draw renders the life as SVG, to scale.
func draw(phases []phase) string {
	last := phases[len(phases)-1].from + 28*time.Second // so much of the endless phase
	x := func(age time.Duration) float64 {
		return left + float64(width-left-right)*age.Seconds()/last.Seconds()
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d 200" role="img" aria-label="An entry's life: fresh, ahead, stale allowed, refused" font-family="sans-serif" font-size="13">
<style>text{fill:#333}.on{fill:#fff;font-weight:bold}.axis{stroke:#777}@media(prefers-color-scheme:dark){text{fill:#ddd}.on{fill:#fff}}</style>
<text x="%d" y="22" font-size="15" font-weight="bold">The age of a value when an invocation begins</text>
<text x="%d" y="42">MaxAge(%v), RefreshAhead(%v), StaleIfError(%v)</text>
`, width, left, left, maxAge, ahead, stale)
	for i, p := range phases {
		to := last
		if i+1 < len(phases) {
			to = phases[i+1].from
		}
		l := look[p.name]
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x(p.from), bandTop, x(to)-x(p.from)-2, bandHigh, l.fill)
		middle := (x(p.from) + x(to)) / 2
		fmt.Fprintf(&b, `<text class="on" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", middle, bandTop+bandHigh/2+5, l.says)
		for n, line := range below[p.name] {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" font-size="11">%s</text>`+"\n", middle, bandTop+bandHigh+50+15*n, line)
		}
		fmt.Fprintf(&b, `<line class="axis" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x(p.from), bandTop+bandHigh, x(p.from), bandTop+bandHigh+8)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" font-size="12">%v</text>`+"\n", x(p.from), bandTop+bandHigh+22, p.from)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

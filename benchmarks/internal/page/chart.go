package page

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// Sizes of a chart in its own units.
const (
	width     = 860.0
	left      = 330.0 // where the names end
	right     = 90.0  // room for the figures
	top       = 62.0
	rowHeight = 24.0
	bottom    = 34.0
)

// style brings its own ground, so that a chart can be read wherever the page is shown.
const style = `
  .ground { fill: #ffffff } .name, .figure { fill: #24292f } .title { fill: #24292f; font-weight: 600 }
  .scale, .note { fill: #57606a } .grid { stroke: #d8dee4 } .peer { fill: #57606a; stroke: #57606a }
  .ours { fill: #0969da; stroke: #0969da } .floor { fill: #1a7f37; stroke: #1a7f37 } .name.us { font-weight: 600 }
  text { font: 13px system-ui, sans-serif } .title { font-size: 15px } .scale, .note { font-size: 11px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .name, .figure, .title { fill: #e6edf3 } .scale, .note { fill: #9198a1 } .grid { stroke: #30363d }
    .peer { fill: #9198a1; stroke: #9198a1 } .ours { fill: #58a6ff; stroke: #58a6ff } .floor { fill: #3fb950; stroke: #3fb950 }
  }
`

// chart draws the medians of a measurement as dots on a logarithmic scale, and through
// each dot a line over the middle half of the samples.
func chart(m *result.Measurement) []byte {
	subjects := ranked(m)
	low, high := math.Inf(1), 0.0
	for _, s := range subjects {
		low = min(low, result.Quantile(s.NS, 0.25), s.Median())
		high = max(high, result.Quantile(s.NS, 0.75))
	}
	// The scale begins and ends at 1, 2 or 5 times a power of ten.
	low, high = tick(low, false), tick(high, true)
	x := func(ns float64) float64 {
		return left + (width-left-right)*(math.Log(ns)-math.Log(low))/(math.Log(high)-math.Log(low))
	}
	height := top + rowHeight*float64(len(subjects)) + bottom
	var b bytes.Buffer
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n", width, height, escape(title(m)))
	fmt.Fprintf(&b, "<style>%s</style>\n<rect class=\"ground\" width=\"%.0f\" height=\"%.0f\" rx=\"6\"/>\n", style, width, height)
	text(&b, "title", "start", 16, 26, title(m))
	text(&b, "note", "start", 16, 44, "median and middle half of the samples; logarithmic scale, left is better")
	end := height - bottom + 4
	for at := low; at <= high*1.001; at = next(at) {
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", x(at), x(at), top-8, end)
		text(&b, "scale", "middle", x(at), end+16, strings.Replace(strings.Replace(Duration(at), ".00", "", 1), ".0 ", " ", 1))
	}
	for i, s := range subjects {
		y := top + rowHeight*(float64(i)+0.5)
		class, name := "peer", "name"
		switch {
		case s.Name == s.Floor:
			class = "floor"
		case us(s.Name):
			class, name = "ours", "name us"
		}
		text(&b, name, "end", left-14, y+4, s.Name)
		fmt.Fprintf(&b, "<line class=\"%s\" stroke-width=\"2\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
			class, x(result.Quantile(s.NS, 0.25)), x(result.Quantile(s.NS, 0.75)), y, y)
		fmt.Fprintf(&b, "<circle class=\"%s\" r=\"5\" cx=\"%.1f\" cy=\"%.1f\"/>\n", class, x(s.Median()), y)
		text(&b, "figure", "end", width-12, y+4, Duration(s.Median()))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func text(b *bytes.Buffer, class, anchor string, x, y float64, s string) {
	fmt.Fprintf(b, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, anchor, x, y, escape(s))
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// steps are where a scale has its ticks in each power of ten.
var steps = []float64{1, 2, 5, 10}

// tick is the tick next below ns, or above.
func tick(ns float64, above bool) float64 {
	power := math.Pow(10, math.Floor(math.Log10(ns)))
	for i, s := range steps {
		if above && s*power >= ns {
			return s * power
		}
		if !above && steps[i+1]*power > ns {
			return s * power
		}
	}
	return 10 * power
}

// next is the tick after a tick.
func next(at float64) float64 { return tick(at*1.01, true) }

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Sizes in pixels.
const (
	width, height       = 900.0, 130.0
	left, right, gap    = 60.0, 20.0, 46.0
	headline, timescale = 30.0, 24.0
)

var colours = map[string]string{"primary": "#2b6cb0", "canary": "#d97706"}

// chart is a panel with what was recorded for it.
type chart struct {
	panel
	lines map[string][]model.SamplePair
}

// picture returns the charts below each other as an SVG.
func picture(charts []chart, window prometheusv1.Range) string {
	var b strings.Builder
	total := headline + float64(len(charts))*(height+gap) + timescale
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width, total)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="white"/>`+"\n", width, total)
	for i, c := range charts {
		c.draw(&b, headline+float64(i)*(height+gap), window)
	}
	legend(&b)
	seconds := window.End.Sub(window.Start).Seconds()
	for s := 0.0; s <= seconds; s += 30 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#555">%.0f s</text>`+"\n", left+s/seconds*(width-left-right), total-8, s)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func legend(b *strings.Builder) {
	x := width - right
	for _, side := range slices.Sorted(maps.Keys(colours)) {
		fmt.Fprintf(b, `<text x="%.0f" y="14" text-anchor="end" fill="%s">— %s</text>`+"\n", x, colours[side], side)
		x -= 80
	}
}

func (c chart) draw(b *strings.Builder, y float64, window prometheusv1.Range) {
	top := c.highest()
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" font-weight="bold">%s</text>`+"\n", left, y-8, c.title)
	fmt.Fprintf(b, `<rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" fill="none" stroke="#ccc"/>`+"\n", left, y, width-left-right, height)
	for _, share := range []float64{0, 0.5, 1} {
		fmt.Fprintf(b, `<text x="%.0f" y="%.1f" text-anchor="end" fill="#555">%.0f %s</text>`+"\n", left-6, y+height*(1-share)+4, top*share, c.unit)
	}
	for _, line := range slices.Sorted(maps.Keys(c.lines)) {
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", c.path(c.lines[line], y, top, window), colours[line])
	}
}

// highest returns the value at the upper edge, rounded up to a number that people like.
func (c chart) highest() float64 {
	if c.top > 0 {
		return c.top
	}
	most := 1.0
	for _, samples := range c.lines {
		for _, s := range samples {
			if v := float64(s.Value); !math.IsNaN(v) && !math.IsInf(v, 0) {
				most = max(most, v)
			}
		}
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	return math.Ceil(most/unit) * unit
}

// path connects the samples. It begins anew after a pause, and after what is no number.
func (c chart) path(samples []model.SamplePair, y, top float64, window prometheusv1.Range) string {
	var b strings.Builder
	var last model.Time
	level := func(v model.SampleValue) float64 { return y + (1-min(1, max(0, float64(v)/top)))*height }
	seconds := window.End.Sub(window.Start).Seconds()
	before := 0.0
	for _, s := range samples {
		if math.IsNaN(float64(s.Value)) {
			last = 0
			continue
		}
		x, at := left+s.Timestamp.Time().Sub(window.Start).Seconds()/seconds*(width-left-right), level(s.Value)
		switch {
		case last == 0 || s.Timestamp.Sub(last) > 3*time.Second:
			fmt.Fprintf(&b, "M%.1f %.1f", x, at)
		case c.steps:
			fmt.Fprintf(&b, "L%.1f %.1fL%.1f %.1f", x, before, x, at)
		default:
			fmt.Fprintf(&b, "L%.1f %.1f", x, at)
		}
		last, before = s.Timestamp, at
	}
	return b.String()
}

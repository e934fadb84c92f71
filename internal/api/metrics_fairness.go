package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"fairlead/allocator"
)

// fairnessCollector shows how fairly everybody is served, as docs/fairness.md
// defines it.
type fairnessCollector struct {
	share, fair, envy, below  *prometheus.Desc
	roleFair                  *prometheus.Desc
	errors, short, belowTotal *prometheus.Desc
	idle                      *prometheus.Desc
}

func newFairnessCollector(desc func(name, help string, labels ...string) *prometheus.Desc) fairnessCollector {
	return fairnessCollector{
		share:      desc("framework_share", "Dominant share that the framework holds, before the weight.", "framework", "role"),
		fair:       desc("framework_fair_share", "Dominant share that exact DRF over the demands of now gives the framework, before the weight.", "framework", "role"),
		envy:       desc("framework_envy", "By how much its share would be larger with what a sibling has.", "framework", "role"),
		below:      desc("framework_below_fair", "1 if it could start an instance that waits, and stay within its fair share.", "framework", "role"),
		roleFair:   desc("role_fair_share", "Dominant share that exact DRF over the demands of now gives the role, before the weight.", "role"),
		errors:     desc("framework_share_error_seconds_total", "Share held less fair share, whichever way, summed up over time: share-seconds.", "framework", "role"),
		short:      desc("framework_share_short_seconds_total", "What was missing to the fair share, summed up over time: share-seconds.", "framework", "role"),
		belowTotal: desc("framework_below_fair_seconds_total", "Time for which an instance that waits was within the fair share.", "framework", "role"),
		idle:       desc("idle_share_seconds_total", "What lay idle in offers, or was kept for task groups that wait: share-seconds.", "resource", "in"),
	}
}

func (c *fairnessCollector) describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.share, c.fair, c.envy, c.below, c.roleFair, c.errors, c.short, c.belowTotal, c.idle} {
		ch <- d
	}
}

func (c *fairnessCollector) collect(ch chan<- prometheus.Metric, f *allocator.Fairness) {
	metric := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	for i := range f.Frameworks {
		n := &f.Frameworks[i]
		metric(c.share, prometheus.GaugeValue, n.Share.Float(), n.Framework, n.Role)
		metric(c.fair, prometheus.GaugeValue, n.Fair.Float(), n.Framework, n.Role)
		metric(c.envy, prometheus.GaugeValue, n.Envy.Float(), n.Framework, n.Role)
		metric(c.below, prometheus.GaugeValue, number(n.Below), n.Framework, n.Role)
		metric(c.errors, prometheus.CounterValue, n.Sums.Error.Float(), n.Framework, n.Role)
		metric(c.short, prometheus.CounterValue, n.Sums.Short.Float(), n.Framework, n.Role)
		metric(c.belowTotal, prometheus.CounterValue, float64(n.Sums.BelowMillis)/1000, n.Framework, n.Role)
	}
	for i := range f.Roles {
		metric(c.roleFair, prometheus.GaugeValue, f.Roles[i].Fair.Float(), f.Roles[i].Role)
	}
	for in, held := range map[string][]allocator.HeldOver{"offers": f.Offers, "holds": f.Holds} {
		for _, h := range held {
			metric(c.idle, prometheus.CounterValue, h.Sum.Float(), h.Name, in)
		}
	}
}

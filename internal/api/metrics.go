package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fairlead/allocator"
	"fairlead/drf"
)

// metrics holds what /metrics shows: the requests, counted as they come, and
// the state of the scheduler, read at each scrape.
type metrics struct {
	requests *prometheus.HistogramVec
	handler  http.Handler
}

func newMetrics(cfg Config) *metrics {
	m := &metrics{requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fairlead_http_request_duration_seconds", Help: "Time to answer a request, by route; streams are left out.",
		Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
	}, []string{"method", "route", "status"})}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, newStateCollector(cfg), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request) error {
	m.handler.ServeHTTP(w, r)
	return nil
}

// observe times the requests of a route.
func (m *metrics) observe(route route, next http.HandlerFunc) http.Handler {
	if route.stream {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next(answer, r)
		m.requests.WithLabelValues(route.method, route.pattern, strconv.Itoa(answer.status)).Observe(time.Since(began).Seconds())
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// scrapeTimeout bounds how long a scrape waits for the scheduler.
const scrapeTimeout = 10 * time.Second

// stateCollector reads the scheduler when it is scraped.
type stateCollector struct {
	scheduler Scheduler
	version   string

	build, connected, reconciled    *prometheus.Desc
	total, agents, offers, groups   *prometheus.Desc
	share, weight, held, placements *prometheus.Desc
	roleShare, instances            *prometheus.Desc
	fair                            fairnessCollector
}

func newStateCollector(cfg Config) *stateCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("fairlead_"+name, help, labels, nil)
	}
	return &stateCollector{
		scheduler:  cfg.Scheduler,
		version:    cfg.Version,
		build:      desc("build_info", "Always 1.", "version"),
		connected:  desc("connected", "1 while subscribed with a Mesos master."),
		reconciled: desc("reconciled", "1 once the master has accounted for every task since the subscription began."),
		total:      desc("cluster_resource", "What all known agents hold, in units of the resource (mem and disk: MiB).", "resource"),
		agents:     desc("agents", "Agents that are known and not lost."),
		offers:     desc("offers", "Offers that are held now."),
		groups:     desc("groups", "Task groups by state.", "state"),
		share:      desc("framework_dominant_share", "Dominant share divided by the weight: what frameworks are ranked by.", "framework", "role"),
		weight:     desc("framework_weight", "Weight of the framework.", "framework", "role"),
		held:       desc("framework_allocated", "What the framework holds.", "framework", "role", "resource"),
		placements: desc("framework_placements_total", "Instances ever placed for the framework.", "framework", "role"),
		instances:  desc("framework_instances", "Instances that are running (alive) or pending.", "framework", "role", "state"),
		roleShare:  desc("role_dominant_share", "Dominant share of the role divided by its weight.", "role"),
		fair:       newFairnessCollector(desc),
	}
}

// Describe is of prometheus.Collector.
func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.build, c.connected, c.reconciled, c.total, c.agents, c.offers, c.groups,
		c.share, c.weight, c.held, c.placements, c.instances, c.roleShare,
	} {
		ch <- d
	}
	c.fair.describe(ch)
}

// Collect is of prometheus.Collector. A scheduler that does not answer makes
// the scrape fail rather than show nothing.
func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	st := c.scheduler.Status()
	gauge(c.build, 1, c.version)
	gauge(c.connected, number(st.Connected))
	gauge(c.reconciled, number(st.Reconciled))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	v, err := c.scheduler.View(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.total, fmt.Errorf("reading the scheduler: %w", err))
		return
	}
	f, err := c.scheduler.Fairness(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.total, fmt.Errorf("reading the scheduler: %w", err))
		return
	}
	c.fair.collect(ch, f)
	c.collectCluster(v, gauge)
	for _, r := range v.Roles {
		gauge(c.roleShare, weighted(r.Share, r.Weight), r.Role)
	}
	for _, f := range v.Frameworks {
		gauge(c.share, weighted(f.Share, f.Weight), f.Framework, f.Role)
		gauge(c.weight, f.Weight.Float(), f.Framework, f.Role)
		gauge(c.instances, float64(f.Running), f.Framework, f.Role, "running")
		gauge(c.instances, float64(f.Pending), f.Framework, f.Role, "pending")
		ch <- prometheus.MustNewConstMetric(c.placements, prometheus.CounterValue, float64(f.Placements), f.Framework, f.Role)
		for i, name := range v.Kinds {
			if f.Allocated[i] != 0 {
				gauge(c.held, f.Allocated[i].Float(), f.Framework, f.Role, name)
			}
		}
	}
}

func (c *stateCollector) collectCluster(v *allocator.View, gauge func(*prometheus.Desc, float64, ...string)) {
	alive := 0
	for i := range v.Agents {
		if !v.Agents[i].Lost {
			alive++
		}
	}
	gauge(c.agents, float64(alive))
	gauge(c.offers, float64(len(v.Offers)))
	for i, name := range v.Kinds {
		if drf.Kind(i) <= drf.Ports || v.Total[i] != 0 {
			gauge(c.total, v.Total[i].Float(), name)
		}
	}
	states := map[string]int{}
	for i := range v.Groups {
		states[v.Groups[i].State()]++
	}
	for _, state := range groupStates() {
		gauge(c.groups, float64(states[state]), state)
	}
}

// groupStates are the words of GroupView.State.
func groupStates() []string {
	return []string{"waiting", "scheduled", "running", "killing", "finished", "failed", "killed", "lost"}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

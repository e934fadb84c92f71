package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"fairlead/internal/sim"
	"fairlead/internal/sim/report"
)

// mostRows are the rows of a table that people still read.
const mostRows = 60

// writeResults writes a scenario that was run once in full, and several runs of one side by side.
func (a *app) writeResults(w io.Writer, results []*sim.Result) {
	for i, c := range report.Compare(results) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if len(c.Runs) == 1 {
			a.writeResult(w, c.Runs[0].Result)
			a.writeAlone(w, &c)
			continue
		}
		a.writeComparison(w, &c)
	}
}

// title says what was run, and whether to its end.
func title(r *sim.Result) string {
	return fmt.Sprintf("%s: policy %s, placement %s, seed %d", r.Scenario, r.Policy, r.Placement, r.Seed) + interrupted(r)
}

func interrupted(r *sim.Result) string {
	if !r.Partial {
		return ""
	}
	return fmt.Sprintf(" (interrupted at %s)", seconds(r.EndS))
}

// writeComparison writes the runs of one scenario side by side: as a whole, by framework and by size of jobs.
func (a *app) writeComparison(w io.Writer, c *report.Comparison) {
	fmt.Fprintf(w, "%s: %d runs on the same arrivals\n\n", c.Scenario, len(c.Runs))
	a.writeSideBySide(w, c)
	a.writeDifferences(w, c)
	a.writeAlone(w, c)
	a.writeByFramework(w, c)
	a.writeSizes(w, c)
}

// screen is how wide a table of runs side by side may be where there is no terminal.
const screen = 110

// writeSideBySide has a column for each run, in as many tables as it takes.
func (a *app) writeSideBySide(w io.Writer, c *report.Comparison) {
	most := a.width()
	if most == 0 {
		most = screen
	}
	for from := 0; from < len(c.Runs); {
		if from > 0 {
			fmt.Fprintln(w)
		}
		header, width, to := []string{""}, len("COMPLETION MEAN"), from
		for ; to < len(c.Runs) && (to == from || width+2+max(len(c.Runs[to].Label), 8) <= most); to++ {
			label := c.Runs[to].Label + interrupted(c.Runs[to].Result)
			header = append(header, label)
			width += max(len(label), 8) + 2
		}
		t := a.table(header...)
		for _, column := range c.Columns {
			cells := []cell{text(column.Title)}
			for i := from; i < to; i++ {
				cells = append(cells, figure(column, i))
			}
			t.add(cells...)
		}
		t.write(w)
		from = to
	}
}

// figure is one value of a comparison, marked if it is the best.
func figure(c report.Column, run int) cell {
	out := cell{text: "-", style: dim, right: true}
	if c.Known[run] {
		out.text, out.style = c.Kind.Format(c.Values[run]), plain
	}
	if c.Best[run] {
		out.style = best
	}
	return out
}

// writeDifferences says what changes did to each framework.
func (a *app) writeDifferences(w io.Writer, c *report.Comparison) {
	t := a.table("AGAINST BASE", "ROLE", "RUN", "MEAN SHARE", "WAIT MEAN", "COMPLETION MEAN", "RUNNING", "FINISHED")
	for _, row := range report.ByFramework(c) {
		f := row.Result
		if d := f.Difference; d != nil {
			t.add(text(f.Name), text(f.Role), text(row.Label), change(report.Part, d.MeanShare), change(report.Seconds, d.MeanWaitS),
				change(report.Seconds, d.MeanCompletionS), change(report.Count, float64(d.Running)), change(report.Count, float64(d.Finished)))
		}
	}
	a.writeSome(w, t)
}

// writeAlone says how frameworks would have done by themselves.
func (a *app) writeAlone(w io.Writer, c *report.Comparison) {
	t := a.table("ALONE ON ITS PART", "ROLE", "RUN", "PART", "RUNNING", "ALONE", "FINISHED", "ALONE", "COMPLETION MEAN", "ALONE", "BETTER")
	for _, row := range report.ByFramework(c) {
		f := row.Result
		if f.Alone == nil {
			continue
		}
		better := cell{text: "shared", style: green}
		if f.Alone.Worse {
			better = cell{text: "alone", style: red}
		}
		t.add(text(f.Name), text(f.Role), text(row.Label), shown(report.Part, f.Alone.Part), orDash(f.Running), orDash(f.Alone.Running),
			orDash(f.Finished), orDash(f.Alone.Finished),
			shown(report.Seconds, f.MeanCompletionS), shown(report.Seconds, f.Alone.MeanCompletionS), better)
	}
	a.writeSome(w, t)
}

// change is a difference with its sign.
func change(k report.Kind, x float64) cell {
	if s := k.Signed(x); s != "=" {
		return number(s)
	}
	return cell{text: "=", style: dim, right: true}
}

func (a *app) writeByFramework(w io.Writer, c *report.Comparison) {
	t := a.table("FRAMEWORK", "ROLE", "RUN", "FINISHED", "PENDING", "MEAN SHARE", "FAIR", "ERROR", "WAIT MEAN", "P95", "COMPLETION MEAN", "P95", "SLOWDOWN")
	for _, row := range report.ByFramework(c) {
		f := row.Result
		fair, off := orDash(0), orDash(0)
		if f.FairnessMeans != nil {
			fair, off = shown(report.Part, f.MeanFair), shown(report.Part, f.MeanError)
		}
		t.add(text(f.Name), text(f.Role), text(row.Label), orDash(f.Finished), orDash(f.Pending), shown(report.Part, f.MeanShare),
			fair, off,
			of(f.Wait, report.Seconds, f.Wait.Mean), of(f.Wait, report.Seconds, f.Wait.P95),
			of(f.Completion, report.Seconds, f.Completion.Mean), of(f.Completion, report.Seconds, f.Completion.P95),
			of(f.Slowdown, report.Ratio, f.Slowdown.Mean))
	}
	a.writeSome(w, t)
}

// of is a figure of what there may be none of.
func of(s sim.Spread, k report.Kind, x float64) cell {
	if s.Count == 0 {
		return orDash(0)
	}
	return shown(k, x)
}

func shown(k report.Kind, x float64) cell { return number(k.Format(x)) }

// writeSome writes a table under an empty line.
func (a *app) writeSome(w io.Writer, t *table) {
	if len(t.rows) > 0 {
		fmt.Fprintln(w)
		a.writeRows(w, t, "P99", "SLOWDOWN", "P50", "PENDING", "ROLE", "P95", "ERROR", "FAIR", "FINISHED", "WAIT MEAN")
	}
}

// writeRows writes a table, but not more of it than people still read.
func (a *app) writeRows(w io.Writer, t *table, spare ...string) {
	more := len(t.rows) - mostRows
	t.rows = t.rows[:min(len(t.rows), mostRows)]
	t.fit(a.width(), spare...)
	t.write(w)
	if more > 0 {
		fmt.Fprintf(w, "and %d more: --format json has them all\n", more)
	}
}

func (a *app) writeSizes(w io.Writer, c *report.Comparison) {
	t := a.table("INSTANCES", "RUN", "JOBS", "WAIT MEAN", "P50", "P95", "P99", "COMPLETION MEAN", "P50", "P95", "P99")
	for _, row := range report.BySize(c) {
		cells := []cell{text(row.Bin.Instances), text(row.Label), number(row.Bin.Jobs)}
		for _, s := range []sim.Spread{row.Bin.Wait, row.Bin.Completion} {
			for _, x := range []float64{s.Mean, s.Median, s.P95, s.P99} {
				cells = append(cells, shown(report.Seconds, x))
			}
		}
		t.add(cells...)
	}
	a.writeSome(w, t)
}

func (a *app) writeResult(w io.Writer, r *sim.Result) {
	fmt.Fprintln(w, title(r))
	t := a.table("FRAMEWORK", "ROLE", "WEIGHT", "DOMINANT", "SHARE", "RANK", "RUNNING", "PENDING", "FINISHED", "FAILED", "WAIT", "COMPLETION", "ALLOCATED")
	t.nothing = "no framework"
	sparks := report.Sparks(r)
	if len(sparks) > 0 {
		t.header = append(t.header, "SHARE OVER TIME")
	}
	for _, f := range r.Frameworks {
		dominant := f.DominantResource
		if dominant == "" {
			dominant = "-"
		}
		cells := []cell{text(f.Name), text(f.Role), number(f.Weight), text(dominant), number(fraction(f.ShareNum, f.ShareDen)),
			number(fmt.Sprintf("%.4f", f.DominantShare)), number(f.Running), number(f.Pending), orDash(f.Finished), orDash(f.Failed),
			shown(report.Seconds, f.MeanWaitS), shown(report.Seconds, f.MeanCompletionS), text(floatAmounts(f.Allocated))}
		if len(sparks) > 0 {
			cells = append(cells, text(sparks[[2]string{f.Name, f.Role}]))
		}
		t.add(cells...)
	}
	a.writeRows(w, t, "RANK", "ALLOCATED", "WEIGHT", "FAILED", "DOMINANT", "ROLE", "PENDING", "SHARE", "SHARE OVER TIME")
	writeAfter(w, r)
	writeTimes(w, "wait", r.Wait)
	writeTimes(w, "completion", r.Completion)
	if r.FairnessSummary != nil && len(r.Frameworks) > 1 {
		fmt.Fprintf(w, "distance from the fair shares %s, envy %s, Jain's index %s\n",
			report.Part.Format(r.ShareError), report.Part.Format(r.Envy), report.Index.Format(r.Jain))
	}
	fmt.Fprintf(w, "in use at %s: %s; on average: %s\n", seconds(r.EndS), percentages(r.Utilization), percentages(r.MeanUtilization))
	fmt.Fprintf(w, "makespan %s, %d events, %d placements, %s\n", seconds(r.MakespanS), r.Events, r.Decisions, r.Digest)
	if len(r.Placements) > 0 {
		a.writePlacements(w, r.Placements)
	}
}

// writeAfter says how much more is to come.
func writeAfter(w io.Writer, r *sim.Result) {
	instances := int64(0)
	for _, f := range r.Frameworks {
		instances += f.After
	}
	if instances > 0 {
		fmt.Fprintf(w, "not pending yet, since they come after groups that have not ended: %s\n", countOf(int(instances), "instance"))
	}
}

// writeTimes says how times are spread, if there are several.
func writeTimes(w io.Writer, what string, s sim.Spread) {
	if s.Max > 0 {
		fmt.Fprintf(w, "%s: median %s, p95 %s, p99 %s, at most %s\n", what, report.Seconds.Format(s.Median),
			report.Seconds.Format(s.P95), report.Seconds.Format(s.P99), report.Seconds.Format(s.Max))
	}
}

func (a *app) writePlacements(w io.Writer, placements []sim.Placement) {
	t := a.table("AT", "INSTANCE", "AGENT")
	for _, p := range placements {
		t.add(number(fmt.Sprintf("%gs", p.AtS)), text(fmt.Sprintf("%s/%s/%d", p.Framework, p.Group, p.Instance)), text(p.Agent))
	}
	t.write(w)
}

func floatAmounts(of map[string]float64) string {
	var out []string
	for _, name := range resourceOrder(of) {
		out = append(out, fmt.Sprintf("%s=%s", name, trimmed(of[name])))
	}
	return strings.Join(out, " ")
}

func percentages(of map[string]float64) string {
	var out []string
	for _, name := range resourceOrder(of) {
		out = append(out, fmt.Sprintf("%s %.1f %%", name, 100*of[name]))
	}
	return strings.Join(out, ", ")
}

// trimmed is a number with three places at most.
func trimmed(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", x), "0"), ".")
}

// seconds prints a time as it is, or in hours and days if that would be hard to read.
func seconds(s float64) string {
	if s < 10_000 {
		return strconv.FormatFloat(s, 'f', -1, 64) + "s"
	}
	return report.Seconds.Format(s)
}

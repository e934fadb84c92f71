package api

import (
	"math"
	"time"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/scheduler"
)

// resources names the amounts of a vector that are not zero.
func resources(kinds []string, v drf.Vector) Resources {
	out := Resources{}
	for i, name := range kinds {
		if v[i] != 0 {
			out[name] = Amount(v[i])
		}
	}
	return out
}

func timeOf(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

// optionalTime reads 0 as "not yet".
func optionalTime(millis int64) *time.Time {
	if millis == 0 {
		return nil
	}
	t := timeOf(millis)
	return &t
}

// weighted is the number by which nodes are ranked.
func weighted(s drf.Share, weight drf.Amount) float64 { return s.Float() / weight.Float() }

// rounded is x for people.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func standing(weight drf.Amount, share drf.Share, dominant string) Standing {
	num, den := share.Fraction()
	return Standing{
		Weight: Amount(weight), DominantResource: dominant,
		DominantShare: rounded(weighted(share, weight)), ShareNum: num, ShareDen: den,
	}
}

func sharesOf(v *allocator.View, f *allocator.Fairness) Shares {
	out := Shares{Policy: string(v.Policy), Total: resources(v.Kinds, v.Total), Roles: []Role{}, Frameworks: []Framework{}}
	for _, r := range v.Roles {
		role := Role{Name: r.Role, Standing: standing(r.Weight, r.Share, r.Dominant)}
		role.Allocated = resources(v.Kinds, r.Allocated)
		role.Guarantee = resources(v.Kinds, r.Guarantee)
		for _, l := range r.Limit {
			if role.Limit == nil {
				role.Limit = Resources{}
			}
			role.Limit[l.Name] = Amount(l.Amount)
		}
		out.Roles = append(out.Roles, role)
	}
	for _, f := range v.Frameworks {
		framework := Framework{
			Name: f.Framework, Role: f.Role, Standing: standing(f.Weight, f.Share, f.Dominant),
			Running: f.Running, Pending: f.Pending,
		}
		framework.Allocated = resources(v.Kinds, f.Allocated)
		out.Frameworks = append(out.Frameworks, framework)
	}
	out.judge(f)
	return out
}

func agentsOf(v *allocator.View) Agents {
	out := Agents{Agents: []Agent{}}
	for i := range v.Agents {
		a := &v.Agents[i]
		agent := Agent{
			ID: a.Agent, Host: a.Host, Total: resources(v.Kinds, a.Total), Used: resources(v.Kinds, a.Used),
			Runs: a.Runs, Slots: a.Slots, Offers: a.Offers, Lost: a.Lost,
		}
		for _, attribute := range a.Attributes {
			if agent.Attributes == nil {
				agent.Attributes = map[string]string{}
			}
			agent.Attributes[attribute.Name] = attribute.Value
		}
		out.Agents = append(out.Agents, agent)
	}
	return out
}

func offersOf(v *allocator.View) Offers {
	out := Offers{Offers: []Offer{}}
	for _, o := range v.Offers {
		out.Offers = append(out.Offers, Offer{ID: o.Offer, Agent: o.Agent, Host: o.Host, Resources: resources(v.Kinds, o.Resources)})
	}
	return out
}

func groupOf(g *allocator.GroupView) Group {
	ended := optionalTime(g.Ended)
	if g.Scheduled {
		ended = nil // there is more to come
	}
	return Group{
		Framework: g.Framework, Name: g.Name, Role: g.Role, State: g.State(), Priority: g.Priority,
		Instances: g.Instances, Surplus: g.Surplus, PerAgent: g.PerAgent, Running: g.Running, Pending: g.Pending,
		Finished: g.Finished, Failed: g.Failed, Killed: g.Killed, Reruns: g.Reruns, GrownMem: Amount(g.Grown),
		Due: optionalTime(g.Due), Next: optionalTime(g.Next), Queued: g.Queued,
		Submitted: timeOf(g.Arrived), Ended: ended, Message: g.Message,
	}
}

// detailOf lacks the specification.
func detailOf(g *allocator.GroupView, tasks []string) GroupDetail {
	out := GroupDetail{Group: groupOf(g), Digest: g.Digest, Runs: []Instance{}, History: attemptsOf(g.History)}
	for i := range g.Runs {
		out.Runs = append(out.Runs, instanceOf(&g.Runs[i], tasks))
	}
	return out
}

// instanceOf leaves the tasks out if their names are not given.
func instanceOf(in *allocator.InstanceView, tasks []string) Instance {
	out := Instance{
		Number: in.Instance, State: in.State, Run: in.Run.String(), Agent: in.Agent, Host: in.Host,
		Started: optionalTime(in.Started), Attempts: in.Attempts, Ports: in.Ports, Items: itemsOf(in.Items),
	}
	if in.State == "backoff" {
		out.NotBefore = optionalTime(in.NotBefore)
	}
	for i, name := range tasks {
		if i < len(in.Tasks) {
			out.Tasks = append(out.Tasks, TaskState{Name: name, State: in.Tasks[i].String()})
		}
	}
	return out
}

func attemptsOf(history []allocator.Attempt) []Attempt {
	var out []Attempt
	for _, a := range history {
		out = append(out, Attempt{
			Run: a.Run.String(), Instance: a.Instance, Agent: a.Agent, Started: timeOf(a.Start), Ended: timeOf(a.End),
			Outcome: a.Outcome.String(), Message: a.Message,
		})
	}
	return out
}

func eventOf(e scheduler.Event) Event {
	return Event{
		Seq: e.Seq, At: e.At, Type: e.Type, Framework: e.Framework, Group: e.Group,
		Instance: e.Instance, Agent: e.Agent, Message: e.Message,
	}
}

func itemsOf(sets []allocator.Set) map[string][]string {
	var out map[string][]string
	for _, set := range sets {
		if out == nil {
			out = map[string][]string{}
		}
		out[set.Name] = set.Items
	}
	return out
}

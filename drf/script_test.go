package drf

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestScripts runs the stories in testdata. Each `run` starts with an empty
// tree and executes one command to a line:
//
//	policy hdrf                  the policy of the tree, instead of drf; the first line
//	total cpus=9 mem=18          what the cluster holds
//	add a b eng/dev/c            add frameworks, and the roles above them, and activate them
//	weight eng/dev 2             weight of a role or framework
//	charge a cpus=5 mem=5        one placement
//	refund a cpus=4 mem=4        give back, which is no placement
//	remove a                     take a framework out
//	deactivate a / activate a    not wanting more / wanting more
//	sorted                       print who is served in which order, with the weighted shares
//	task A cpus=1 mem=4          add a framework that wants such tasks without end
//	serve B                      give it one task whatever its share
//	fill                         serve Next until no task fits, passing over those that do not fit; print each step
//	fill literal                 the same, but stop at the first task that does not fit (the paper's Algorithm 1)
//	fill quietly                 fill without printing
//	churn 30                     so many rounds: one task of each framework ends, then fill quietly
//	counts                       print the tasks that each framework runs
//	held                         print tasks, amounts and unweighted dominant share of each framework
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "run" {
				d.Fatalf(t, "unknown directive %q", d.Cmd)
			}
			s := newStory(DRF())
			for line := range strings.Lines(d.Input) {
				if err := s.do(strings.Fields(line)); err != nil {
					d.Fatalf(t, "%s: %v", strings.TrimSpace(line), err)
				}
			}
			return s.out.String()
		})
	})
}

type story struct {
	tree  *Tree
	kinds *Kinds
	nodes map[string]Node   // frameworks by path
	tasks map[string]Vector // what a framework's tasks want
	out   strings.Builder
}

func newStory(policy Policy) *story {
	return &story{tree: NewTreeOf(policy), kinds: NewKinds(), tasks: map[string]Vector{}, nodes: map[string]Node{}}
}

func (s *story) do(words []string) error {
	verb, args := words[0], words[1:]
	switch verb {
	case "total":
		total, err := s.vector(args)
		if err != nil {
			return err
		}
		return s.tree.SetTotal(total)
	case "add":
		for _, path := range args {
			if err := s.add(path); err != nil {
				return err
			}
		}
		return nil
	case "sorted":
		s.printSorted()
		return nil
	case "held":
		s.printHeld()
		return nil
	case "policy":
		s.tree = NewTreeOf(policies()[args[0]])
		return nil
	case "counts":
		s.printCounts()
		return nil
	case "churn":
		return s.churn(args[0])
	case "fill":
		s.fill(slices.Contains(args, "literal"), slices.Contains(args, "quietly"))
		return nil
	case "task":
		return s.task(args)
	}
	return s.change(verb, args)
}

// change executes the commands that name one node that exists.
func (s *story) change(verb string, args []string) error {
	n, ok := s.tree.Lookup(args[0])
	if !ok {
		return fmt.Errorf("no such node")
	}
	switch verb {
	case "charge", "refund":
		v, err := s.vector(args[1:])
		if err != nil {
			return err
		}
		if verb == "charge" {
			s.tree.Charge(n, v)
		} else {
			s.tree.Refund(n, v)
		}
	case "weight":
		w, err := ParseAmount(args[1])
		if err != nil {
			return err
		}
		return s.tree.SetWeight(n, w)
	case "serve":
		s.start(args[0])
	case "activate":
		s.tree.Activate(n)
	case "deactivate":
		s.tree.Deactivate(n)
	case "remove":
		delete(s.nodes, args[0])
		delete(s.tasks, args[0])
		return s.tree.Remove(n)
	default:
		return fmt.Errorf("unknown command")
	}
	return nil
}

func (s *story) vector(fields []string) (Vector, error) {
	var v Vector
	for _, f := range fields {
		name, amount, _ := strings.Cut(f, "=")
		k, err := s.kinds.Intern(name)
		if err != nil {
			return v, err
		}
		if v[k], err = ParseAmount(amount); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (s *story) add(path string) error {
	role, name := Root, path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		var err error
		if role, err = s.tree.AddRole(path[:i]); err != nil {
			return err
		}
		name = path[i+1:]
	}
	n, err := s.tree.AddFramework(role, name)
	if err != nil {
		return err
	}
	s.nodes[path] = n
	s.tree.Activate(n)
	return nil
}

func (s *story) task(args []string) error {
	v, err := s.vector(args[1:])
	if err != nil {
		return err
	}
	s.tasks[args[0]] = v
	if err := s.add(args[0]); err != nil {
		return err
	}
	s.tree.SetArrival(s.nodes[args[0]], uint64(len(s.tasks)))
	s.tree.SetWants(s.nodes[args[0]], &v)
	return nil
}

// fill is the smallest allocator there is: one pool, and Next decides.
func (s *story) fill(literal, quiet bool) {
	if s.tree.policy == CEEI() {
		s.trade()
	}
	for {
		if !literal {
			s.passOver()
		}
		n, ok := s.tree.Next()
		if !ok {
			return
		}
		path := s.tree.Path(n)
		if !s.tasks[path].FitsIn(s.free()) {
			return
		}
		s.start(path)
		if !quiet {
			s.printStep(path)
		}
	}
}

// trade tells the policy CEEI what everybody is to come to; of one level of
// frameworks, which want tasks without end.
func (s *story) trade() {
	var claims []Claim
	paths := s.sortedPaths()
	for _, path := range paths {
		claims = append(claims, Claim{Parent: -1, Weight: s.tree.Weight(s.nodes[path]), Demand: s.tasks[path].Times(1_000_000)})
	}
	for i, v := range Equilibrium(s.tree.Total(), claims) {
		s.tree.SetTarget(s.nodes[paths[i]], &v)
	}
}

func (s *story) free() Vector {
	free, _ := s.tree.Total().Sub(s.tree.Allocated(Root))
	return free
}

func (s *story) start(path string) {
	s.tree.Charge(s.nodes[path], s.tasks[path])
}

// passOver takes out everybody whose task does not fit.
func (s *story) passOver() {
	free := s.free()
	for _, path := range s.sortedPaths() {
		if !s.tasks[path].FitsIn(free) {
			s.tree.Deactivate(s.nodes[path])
		}
	}
}

// churn lets one task of each framework end and fills the cluster again.
func (s *story) churn(rounds string) error {
	n, err := strconv.Atoi(rounds)
	for range n {
		for _, path := range s.sortedPaths() {
			if s.tree.Running(s.nodes[path]) > 0 {
				s.tree.Refund(s.nodes[path], s.tasks[path])
				s.tree.Finish(s.nodes[path])
			}
		}
		for _, path := range s.sortedPaths() {
			s.tree.Activate(s.nodes[path])
		}
		s.fill(false, true)
	}
	return err
}

func (s *story) printCounts() {
	var words []string
	for _, path := range s.sortedPaths() {
		words = append(words, fmt.Sprint(path, " ", s.tree.Running(s.nodes[path])))
	}
	s.out.WriteString(strings.Join(words, "  ") + "\n")
}

func (s *story) printStep(served string) {
	s.out.WriteString(served + ":")
	for _, path := range s.sortedPaths() {
		s.out.WriteString("  " + path + " " + s.dominant(s.nodes[path]))
	}
	s.out.WriteByte('\n')
}

// dominant prints an unweighted dominant share and its resource: "2/9 mem".
func (s *story) dominant(n Node) string {
	share, kind := s.tree.Share(n)
	if share.Num == 0 {
		return "0"
	}
	return share.String() + " " + s.kinds.Name(kind)
}

func (s *story) printHeld() {
	for _, path := range s.sortedPaths() {
		n := s.nodes[path]
		fmt.Fprintf(&s.out, "%s: tasks=%d, %s, %s\n", path, s.tree.Placements(n),
			s.kinds.Format(s.tree.Allocated(n)), s.dominant(n))
	}
	fmt.Fprintf(&s.out, "all: %s\n", s.kinds.Format(s.tree.Allocated(Root)))
}

// printSorted prints "b .03  a .05": the weighted shares as the Mesos tests
// write them.
func (s *story) printSorted() {
	var words []string
	for _, n := range s.tree.Sorted() {
		share, _ := s.tree.Share(n)
		words = append(words, s.tree.Path(n)+" "+decimal(exact(share)))
	}
	if words == nil {
		words = []string{"nobody"}
	}
	s.out.WriteString(strings.Join(words, "  ") + "\n")
}

// decimal prints three places without trailing zeros, or the fraction if
// those do not suffice.
func decimal(r *big.Rat) string {
	places := r.FloatString(3)
	back, _ := new(big.Rat).SetString(places)
	switch {
	case back.Cmp(r) != 0:
		return r.RatString()
	case r.Sign() == 0:
		return "0"
	}
	return strings.TrimRight(strings.TrimRight(strings.TrimLeft(places, "0"), "0"), ".")
}

func (s *story) sortedPaths() []string {
	var paths []string
	for path := range s.nodes {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

package sim

import "strings"

// nodeNames finds agents by their names. Those of an entry with a count, NAME-1, NAME-2 ..., are found by
// their number: a map of very many agents would be all over memory.
type nodeNames struct {
	names  []string
	series map[string]int32 // where NAME-1 is
	others map[string]int32
}

func newNodeNames(agents []Agent) nodeNames {
	n := nodeNames{series: make(map[string]int32), others: make(map[string]int32)}
	for i := range agents {
		name := agents[i].Name
		n.names = append(n.names, name)
		if prefix, number, ok := numbered(name); ok && number == 1 {
			n.series[prefix] = int32(i)
		}
	}
	for i, name := range n.names {
		if found, ok := n.inSeries(name); !ok || found != int32(i) {
			n.others[name] = int32(i)
		}
	}
	return n
}

// find is the place of an agent of the scenario.
func (n *nodeNames) find(name string) int32 {
	if i, ok := n.inSeries(name); ok {
		return i
	}
	return n.others[name]
}

func (n *nodeNames) inSeries(name string) (int32, bool) {
	prefix, number, ok := numbered(name)
	if !ok {
		return 0, false
	}
	first, ok := n.series[prefix]
	i := first + number - 1
	return i, ok && int(i) < len(n.names) && n.names[i] == name
}

// numbered takes NAME-12 apart. Numbers have no zeros in front.
func numbered(name string) (prefix string, number int32, ok bool) {
	dash := strings.LastIndexByte(name, '-')
	const most = 7 // digits of maxAgents
	if digits := name[dash+1:]; dash < 0 || digits == "" || len(digits) > most || digits[0] == '0' {
		return "", 0, false
	}
	for i := dash + 1; i < len(name); i++ {
		if name[i] < '0' || name[i] > '9' {
			return "", 0, false
		}
		number = 10*number + int32(name[i]-'0')
	}
	return name[:dash], number, true
}

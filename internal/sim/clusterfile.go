package sim

import "fairlead/internal/strictyaml"

// ParseCluster reads a file with the cluster of a scenario alone: a mapping with agents. The error is
// a strictyaml.Errors with all that is wrong with the file.
func ParseCluster(filename string, data []byte) ([]Agent, error) {
	f := strictyaml.Parse(filename, data)
	docs := f.Documents()
	if len(docs) != 1 && f.Err() == nil {
		f.Fail("expected one document with agents, got %d", len(docs))
	}
	var agents []Agent
	for _, doc := range docs {
		agents = cluster(doc)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return agents, nil
}

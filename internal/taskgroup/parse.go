package taskgroup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// Parse reads every task group of a YAML or JSON file; filename is for messages and, by ".json",
// for the format. Either the whole file is good or the error is a strictyaml.Errors with all that
// is wrong with it.
func Parse(filename string, data []byte) ([]*proto.TaskGroup, error) {
	return ParseWith(filename, data, func(*proto.TaskGroup, strictyaml.Value) {})
}

// ParseWith is Parse that shows each group, with its place in the file, to somebody who may find more
// that is wrong with it.
func ParseWith(filename string, data []byte, see func(*proto.TaskGroup, strictyaml.Value)) ([]*proto.TaskGroup, error) {
	f := strictyaml.Parse(filename, data)
	docs := f.Documents()
	if len(docs) == 0 && f.Err() == nil {
		f.Fail("no task group in the file")
	}
	type name struct{ framework, name string }
	lines := make(map[name]int)
	var groups []*proto.TaskGroup
	var places []strictyaml.Value
	for _, doc := range docs {
		g, ok := decodeDocument(doc)
		if !ok {
			continue
		}
		key := name{g.Framework, g.Name}
		if line, twice := lines[key]; twice && g.Name != "" {
			doc.Failf("task group %s/%s is already defined in line %d", g.Framework, g.Name, line)
		}
		lines[key] = doc.Line()
		see(g, doc)
		groups, places = append(groups, g), append(places, doc)
	}
	FailCycles(groups, func(i int) strictyaml.Value { return places[i] })
	if err := f.Err(); err != nil {
		return nil, err
	}
	return groups, nil
}

// ParseJSON reads one task group from the body of a request. Errors are those of Parse, without a
// file.
func ParseJSON(body []byte) (*proto.TaskGroup, error) {
	f := strictyaml.ParseJSON("", body)
	docs := f.Documents()
	if len(docs) != 1 && f.Err() == nil {
		f.Fail("expected one task group, got %d", len(docs))
	}
	var g *proto.TaskGroup
	if len(docs) == 1 {
		g, _ = decodeDocument(docs[0])
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return g, nil
}

func decodeDocument(doc strictyaml.Value) (*proto.TaskGroup, bool) {
	o, ok := doc.Object()
	if !ok {
		return nil, false
	}
	g := Decode(o, Runnable)
	o.Done()
	return g, true
}

// Digest identifies the specification of a group: equal groups have equal digests, and different
// ones different digests.
func Digest(g *proto.TaskGroup) (string, error) {
	encoded, err := g.Marshal()
	if err != nil {
		return "", fmt.Errorf("digest of task group %s/%s: %w", g.Framework, g.Name, err)
	}
	sum := sha256.Sum256(encoded)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Package wire holds what the embedded master and the embedded agents share
// at their HTTP border: content negotiation and the order in which a request
// is checked, the JSON mapping and the protobuf coding of Mesos v1 messages,
// RecordIO event streams, error bodies, and the arithmetic and the text forms
// of Mesos resources.
//
// Messages are the gogo types of mesos-go; their JSON is Mesos's own mapping
// (snake_case names, enum names, base64), not that of mesos-go, which fails on
// enum names it does not know. Texts of errors are those of a Mesos 1.12
// master, because frameworks and people have learned to read them.
package wire

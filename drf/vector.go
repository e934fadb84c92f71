package drf

import (
	"fmt"
	"strings"
)

// MaxKinds is how many resource names one cluster can use: the five standard
// ones and three custom scalars. It keeps a Vector in one cache line.
const MaxKinds = 8

// Kind is an interned resource name: an index into every Vector.
type Kind uint8

// The standard resources. Ports are counted here; which ports they are is the
// allocator's business.
const (
	CPUs Kind = iota
	Mem
	Disk
	GPUs
	Ports
	firstCustom
)

// Kinds interns resource names. Names get their index in the order in which
// they are first seen, so the same history gives the same indexes.
type Kinds struct{ names []string }

// NewKinds returns the table that holds the standard resources only.
func NewKinds() *Kinds {
	return &Kinds{names: []string{"cpus", "mem", "disk", "gpus", "ports"}}
}

// Lookup returns the index of a name, and whether it is known.
func (k *Kinds) Lookup(name string) (Kind, bool) {
	for i, n := range k.names {
		if n == name {
			return Kind(i), true
		}
	}
	return 0, false
}

// Intern returns the index of a name and adds it if it is new. It fails when
// MaxKinds names are in use.
func (k *Kinds) Intern(name string) (Kind, error) {
	if i, ok := k.Lookup(name); ok {
		return i, nil
	}
	if len(k.names) == MaxKinds {
		return 0, fmt.Errorf("resource %q: a cluster can use at most %d resource names, and has %s",
			name, MaxKinds, strings.Join(k.names, ", "))
	}
	k.names = append(k.names, name)
	return Kind(len(k.names) - 1), nil
}

// Name is the resource name of an index that Lookup or Intern returned.
func (k *Kinds) Name(kind Kind) string { return k.names[kind] }

// Len is the number of names in use; their indexes are 0 to Len()-1.
func (k *Kinds) Len() int { return len(k.names) }

// Vector holds one amount for each Kind. The zero value is "nothing"; vectors
// are comparable with ==.
type Vector [MaxKinds]Amount

// Add returns v + w.
func (v Vector) Add(w Vector) Vector {
	for i := range v {
		v[i] += w[i]
	}
	return v
}

// Sub returns v - w, and false (and v unchanged) if any amount would become
// negative: amounts are refused, never clamped.
func (v Vector) Sub(w Vector) (Vector, bool) {
	if !w.FitsIn(v) {
		return v, false
	}
	for i := range v {
		v[i] -= w[i]
	}
	return v, true
}

// Gain adds w to v, in place: what is done for each placement copies no vectors.
func (v *Vector) Gain(w *Vector) {
	v[0] += w[0]
	v[1] += w[1]
	v[2] += w[2]
	v[3] += w[3]
	v[4] += w[4]
	v[5] += w[5]
	v[6] += w[6]
	v[7] += w[7]
}

// Lose takes w off v, in place, or reports false and leaves v as it is if any
// amount would become negative.
func (v *Vector) Lose(w *Vector) bool {
	// One by one: an array of what is left would have to be written and read again.
	v0, v1, v2, v3 := v[0]-w[0], v[1]-w[1], v[2]-w[2], v[3]-w[3]
	v4, v5, v6, v7 := v[4]-w[4], v[5]-w[5], v[6]-w[6], v[7]-w[7]
	if v0|v1|v2|v3|v4|v5|v6|v7 < 0 {
		return false
	}
	v[0], v[1], v[2], v[3] = v0, v1, v2, v3
	v[4], v[5], v[6], v[7] = v4, v5, v6, v7
	return true
}

// Holds reports whether no amount of w is more than that of v: FitsIn without
// copying, for what is asked of many agents.
func (v *Vector) Holds(w *Vector) bool { return w.fitsIn(v) }

// Times returns v scaled by a whole number.
func (v Vector) Times(n int64) Vector {
	for i := range v {
		v[i] *= Amount(n)
	}
	return v
}

// Max returns the component-wise maximum of v and w.
func (v Vector) Max(w Vector) Vector {
	for i := range v {
		v[i] = max(v[i], w[i])
	}
	return v
}

// fitsIn is FitsIn without copying.
func (v *Vector) fitsIn(w *Vector) bool {
	// The sign of what would be left of each, all in one: there is nothing to
	// foretell for the processor.
	return (w[0]-v[0])|(w[1]-v[1])|(w[2]-v[2])|(w[3]-v[3])|
		(w[4]-v[4])|(w[5]-v[5])|(w[6]-v[6])|(w[7]-v[7]) >= 0
}

// FitsIn reports whether every amount of v is at most that of w.
func (v Vector) FitsIn(w Vector) bool { return v.fitsIn(&w) }

// IsZero reports whether v holds nothing.
func (v Vector) IsZero() bool { return v == Vector{} }

// Negative reports whether any amount of v is below zero.
func (v Vector) Negative() bool {
	for _, a := range v {
		if a < 0 {
			return true
		}
	}
	return false
}

// Format prints the non-zero amounts as "cpus=1 mem=4096", in index order, or
// "nothing".
func (k *Kinds) Format(v Vector) string {
	var b strings.Builder
	for i, n := range k.names {
		if v[i] == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(n + "=" + v[i].String())
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

// kindSet is a set of resources.
type kindSet uint8

// kindsOf is the resources of which a vector has some.
func kindsOf(v *Vector) (set kindSet) {
	for k, a := range v {
		if a > 0 {
			set |= 1 << k
		}
	}
	return set
}

func (s kindSet) has(k Kind) bool { return s>>k&1 == 1 }

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	shownOperations = 5
	explanationTime = 30 * time.Second
)

// explain finds the longest linearization of a bad key and draws it.
func (v *verdict) explain(name string, operations []*operation, described []porcupine.Operation, s settings) {
	_, info := porcupine.CheckOperationsVerbose(register, described, explanationTime)
	v.BadKey = &badKey{Key: name, Operations: len(operations)}
	v.BadKey.describe(operations, longest(info))
	if s.visualization == "" {
		return
	}
	if err := porcupine.VisualizePath(register, info, s.visualization); err != nil {
		fmt.Fprintf(os.Stderr, "linearizability: no visualization: %v\n", err)
		return
	}
	v.Visualization = s.visualization
}

func longest(info porcupine.LinearizationInfo) []*operation {
	var best []porcupine.Operation
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, linearization := range partition {
			if len(linearization) > len(best) {
				best = linearization
			}
		}
	}
	order := make([]*operation, 0, len(best))
	for _, o := range best {
		order = append(order, o.Input.(*operation))
	}
	return order
}

func (b *badKey) describe(operations, order []*operation) {
	state := version{}
	placed := map[int]bool{}
	for _, o := range order {
		_, state = step(state, o)
		placed[o.id] = true
	}
	b.Linearized, b.State = len(order), state.String()
	for _, o := range order[max(0, len(order)-shownOperations):] {
		b.Last = append(b.Last, o.String())
	}
	for _, o := range operations {
		if !placed[o.id] && len(b.Next) < shownOperations {
			b.Next = append(b.Next, o.String())
		}
	}
}

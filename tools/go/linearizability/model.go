package main

import "github.com/anishathalye/porcupine"

// register is the sequential specification of one key: etcd's put, get, delete and compare-and-swap, where each
// answer but a plain put's also tells what the key held just before.
var register = porcupine.Model{
	Init: func() any { return version{} },
	Step: func(state, input, _ any) (bool, any) {
		return step(state.(version), input.(*operation))
	},
	DescribeOperation: func(input, _ any) string { return input.(*operation).String() },
	DescribeState:     func(state any) string { return state.(version).String() },
}

func step(state version, o *operation) (bool, version) {
	if o.outcome != succeeded {
		return true, unknownStep(state, o)
	}
	if !o.blind {
		if !matches(state, o.observed) {
			return false, state
		}
		// What was observed also names the revision, which the state may lack.
		state = o.observed
	}
	switch o.kind {
	case "put":
		return true, version{true, o.value, o.revision}
	case "delete":
		return true, version{}
	case "cas":
		if o.swapped != fulfils(state, o.expect) {
			return false, state
		}
		if o.swapped {
			return true, version{true, o.value, o.revision}
		}
	}
	return true, state
}

// unknownStep applies an operation of unknown outcome. That it may have had no effect needs no second branch: the
// operation is open until the end, so it may also be ordered after everything else.
func unknownStep(state version, o *operation) version {
	switch {
	case o.kind == "delete":
		return version{}
	case o.kind == "put", o.kind == "cas" && mayFulfil(state, o.expect):
		return version{true, o.value, o.revision}
	default:
		return state
	}
}

func matches(state, observed version) bool {
	if state.present != observed.present || state.value != observed.value {
		return false
	}
	return state.modRevision == 0 || state.modRevision == observed.modRevision
}

func fulfils(state version, expect expectation) bool {
	if expect.byValue {
		return state.present && state.value == expect.value
	}
	return state.modRevision == expect.revision
}

func mayFulfil(state version, expect expectation) bool {
	revisionUnknown := state.present && state.modRevision == 0
	return fulfils(state, expect) || !expect.byValue && revisionUnknown && expect.revision != 0
}

package main

import "github.com/anishathalye/porcupine"

// register is the sequential specification of one key: etcd's put, get, delete and compare-and-swap, where each
// answer but a plain put's also tells what the key held just before. That revisions grow along the order is etcd's
// promise as well, and spares the search most orders. The state of an absent key keeps the revision of its delete.
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
		return unknownStep(state, o)
	}
	if !o.blind && !matches(state, o.observed) {
		return false, state
	}
	if o.observed.present {
		// This also names the revision, which the state may lack.
		state = o.observed
	}
	if !follows(state, o) || o.kind == "cas" && o.swapped != fulfils(state, o.expect) {
		return false, state
	}
	if !o.effective() {
		return true, state
	}
	if o.kind == "delete" {
		return true, version{modRevision: o.revision}
	}
	return true, version{true, o.value, o.revision}
}

// unknownStep applies an operation of unknown outcome. That it may have had no effect needs no second branch: the
// operation is open until the end, so it may also be ordered after everything else. A comparison with a revision never
// meets a state of unknown revision that it could mean: whoever made it had learnt the revision from an answer.
func unknownStep(state version, o *operation) (bool, version) {
	switch {
	case o.kind == "delete":
		return true, version{modRevision: state.modRevision}
	case o.kind == "put", fulfils(state, o.expect):
		return o.revision == 0 || o.revision > state.modRevision, version{true, o.value, o.revision}
	default:
		return true, state
	}
}

// follows says whether an answer's revision may come after a state's.
func follows(state version, o *operation) bool {
	if o.effective() {
		return o.revision > state.modRevision
	}
	return o.revision >= state.modRevision
}

func matches(state, observed version) bool {
	if state.present != observed.present || state.value != observed.value {
		return false
	}
	return !state.present || state.modRevision == 0 || state.modRevision == observed.modRevision
}

func fulfils(state version, expect expectation) bool {
	switch {
	case expect.byValue:
		return state.present && state.value == expect.value
	case expect.revision == 0:
		return !state.present
	default:
		return state.present && state.modRevision == expect.revision
	}
}

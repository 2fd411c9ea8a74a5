package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// shownProblems is how many problems of each check the verdict tells in full.
const shownProblems = 4

// checks go over the whole history; the linearizability of each key comes after them.
var checks = []func(*history) []problem{
	checkClusters, checkValues, checkUnique, checkOrder, checkNewest, checkAppended,
}

type settings struct {
	deadline      time.Time
	visualization string
	narrow        bool
	readBack      bool
}

// problem is one contradiction, with the operations that show it.
type problem struct {
	Check      string   `json:"check"`
	Message    string   `json:"message"`
	Operations []string `json:"operations,omitempty"`
}

func newProblem(check, message string, operations ...*operation) problem {
	p := problem{Check: check, Message: message}
	for _, o := range operations {
		if o != nil {
			p.Operations = append(p.Operations, o.String())
		}
	}
	return p
}

// badKey tells how far the longest linearization of a key came, and which operations could not follow it.
type badKey struct {
	Key        string   `json:"key"`
	Operations int      `json:"operations"`
	Linearized int      `json:"linearized"`
	State      string   `json:"state"`
	Last       []string `json:"last"`
	Next       []string `json:"next"`
}

type verdict struct {
	Ok            bool      `json:"ok"`
	TimedOut      bool      `json:"timed_out"`
	Keys          int       `json:"keys"`
	Operations    int       `json:"operations"`
	Unknown       int       `json:"unknown"`
	Failed        int       `json:"failed"`
	Appended      int       `json:"appended"`
	ProblemCount  int       `json:"problem_count"`
	Problems      []problem `json:"problems"`
	BadKey        *badKey   `json:"bad_key"`
	Visualization string    `json:"visualization"`
}

func (v *verdict) exitStatus() int {
	switch {
	case v.ProblemCount > 0:
		return exitViolation
	case v.TimedOut:
		return exitTimeout
	default:
		return exitOk
	}
}

func judge(h *history, s settings) *verdict {
	v := &verdict{Failed: h.failures, Problems: []problem{}}
	for _, check := range checks {
		v.add(check(h))
	}
	if s.readBack {
		v.add(checkReadBack(h))
	}
	v.count(h.operations)
	v.checkKeys(byKey(h.operations), s)
	v.Ok = v.ProblemCount == 0 && !v.TimedOut
	return v
}

func (v *verdict) add(problems []problem) {
	v.ProblemCount += len(problems)
	v.Problems = append(v.Problems, problems[:min(shownProblems, len(problems))]...)
}

func (v *verdict) count(operations []*operation) {
	for _, o := range operations {
		if o.outcome == unknown {
			v.Unknown++
		}
		if o.outcome == succeeded {
			v.Operations++
			if o.kind == "append" {
				v.Appended++
			}
		}
	}
}

// byKey partitions what may have had an effect or tells something. Append-only keys are left to checkAppended.
func byKey(operations []*operation) map[string][]*operation {
	keys := map[string][]*operation{}
	for _, o := range operations {
		pointless := o.outcome == failed || o.kind == "get" && o.outcome == unknown
		if !pointless && o.kind != "append" {
			keys[o.key] = append(keys[o.key], o)
		}
	}
	return keys
}

func (v *verdict) checkKeys(keys map[string][]*operation, s settings) {
	v.Keys = len(keys)
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		operations := keys[name]
		if s.narrow {
			operations = narrow(operations)
		}
		v.checkKey(name, operations, s)
	}
}

func (v *verdict) checkKey(name string, operations []*operation, s settings) {
	left := time.Until(s.deadline)
	if left <= 0 {
		v.TimedOut = true
		return
	}
	described := porcupineHistory(operations)
	switch porcupine.CheckOperationsTimeout(register, described, left) {
	case porcupine.Unknown:
		v.TimedOut = true
	case porcupine.Illegal:
		v.add([]problem{newProblem("linearizability", fmt.Sprintf("the history of key %s is not linearizable", name))})
		if v.BadKey == nil {
			v.explain(name, operations, described, s)
		}
	}
}

func porcupineHistory(operations []*operation) []porcupine.Operation {
	described := make([]porcupine.Operation, 0, len(operations))
	for _, o := range operations {
		described = append(described, porcupine.Operation{ClientId: o.process, Input: o, Call: o.call, Return: o.end})
	}
	return described
}

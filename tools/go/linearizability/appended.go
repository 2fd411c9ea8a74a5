package main

import "fmt"

func checkReadBack(h *history) []problem {
	if h.readBack {
		return nil
	}
	return []problem{newProblem("read-back", "the history has no complete final read-back")}
}

// checkAppended verifies that every acknowledged write to an append-only key is in the final read-back. What else the
// read-back holds is judged by checkValues.
func checkAppended(h *history) []problem {
	if !h.readBack {
		return nil
	}
	found := map[string]bool{}
	for _, e := range h.entries {
		found[e.Key+"\x00"+e.Value] = true
	}
	var problems []problem
	for _, o := range h.operations {
		if o.kind == "append" && o.outcome == succeeded && !found[o.key+"\x00"+o.value] {
			message := fmt.Sprintf("the acknowledged write of %s is lost", o.key)
			problems = append(problems, newProblem("read-back", message, o))
		}
	}
	return problems
}

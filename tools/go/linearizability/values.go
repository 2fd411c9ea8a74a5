package main

import "fmt"

// observation is a value that somebody found at a key: an operation, or the final read-back (by is nil).
type observation struct {
	by    *operation
	key   string
	found version
}

func observations(h *history) []observation {
	var seen []observation
	for _, o := range h.operations {
		if o.outcome == succeeded && o.observed.present {
			seen = append(seen, observation{o, o.key, o.observed})
		}
	}
	for _, e := range h.entries {
		seen = append(seen, observation{nil, e.Key, version{true, e.Value, e.ModRevision}})
	}
	return seen
}

// checkValues verifies that every value found was written, to that key, by a write that was not refused, not before
// the write began, and always at the same revision.
func checkValues(h *history) []problem {
	writers := map[string]*operation{}
	for _, o := range h.operations {
		if o.writesValue() {
			writers[o.value] = o
		}
	}
	revisions := map[string]int64{}
	var problems []problem
	for _, seen := range observations(h) {
		writer := writers[seen.found.value]
		if message := contradiction(seen, writer); message != "" {
			problems = append(problems, newProblem("values", message, writer, seen.by))
			continue
		}
		revision, known := revisions[seen.found.value]
		if known && revision != seen.found.modRevision {
			message := fmt.Sprintf("value %s of %s was found at revision %d and at revision %d",
				seen.found.value, seen.key, revision, seen.found.modRevision)
			problems = append(problems, newProblem("values", message, writer, seen.by))
		}
		revisions[seen.found.value] = seen.found.modRevision
	}
	return problems
}

func contradiction(seen observation, writer *operation) string {
	found := seen.found
	switch {
	case writer == nil:
		return fmt.Sprintf("%s holds the value %s, which nobody wrote", seen.key, found.value)
	case writer.key != seen.key:
		return fmt.Sprintf("%s holds the value %s, which was written to %s", seen.key, found.value, writer.key)
	case writer.outcome == failed:
		return fmt.Sprintf("%s holds the value %s, whose write was refused", seen.key, found.value)
	case writer.outcome == succeeded && !writer.effective():
		return fmt.Sprintf("%s holds the value %s, whose comparison failed", seen.key, found.value)
	case writer.outcome == succeeded && writer.revision != found.modRevision:
		return fmt.Sprintf("%s holds the value %s at revision %d, which was acknowledged at revision %d",
			seen.key, found.value, found.modRevision, writer.revision)
	case seen.by != nil && seen.by.end < writer.call:
		return fmt.Sprintf("the value %s was found in %s before it was written", found.value, seen.key)
	default:
		return ""
	}
}

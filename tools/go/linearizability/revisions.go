package main

import (
	"fmt"
	"sort"
)

func answered(operations []*operation) []*operation {
	var chosen []*operation
	for _, o := range operations {
		if o.outcome == succeeded {
			chosen = append(chosen, o)
		}
	}
	return chosen
}

// checkClusters verifies that one cluster gave all answers.
func checkClusters(h *history) []problem {
	if len(h.clusters) < 2 {
		return nil
	}
	return []problem{newProblem("revisions", fmt.Sprintf("answers came from several clusters: %v", h.clusters))}
}

// checkUnique verifies that no two writes share a revision and that each is newer than what it replaced.
func checkUnique(h *history) []problem {
	writes := map[int64]*operation{}
	var problems []problem
	for _, o := range answered(h.operations) {
		if o.effective() {
			if other := writes[o.revision]; other != nil {
				message := fmt.Sprintf("two writes were acknowledged at revision %d", o.revision)
				problems = append(problems, newProblem("revisions", message, other, o))
			}
			writes[o.revision] = o
		}
		if found := o.observed.modRevision; found > o.revision || o.effective() && found == o.revision {
			message := fmt.Sprintf("an answer at revision %d found a version of revision %d", o.revision, found)
			problems = append(problems, newProblem("revisions", message, o))
		}
	}
	return problems
}

// checkOrder sweeps over time: an operation must not answer with an older revision than any that had finished before
// it began, and a write must answer with a newer one.
func checkOrder(h *history) []problem {
	byEnd := answered(h.operations)
	sort.SliceStable(byEnd, func(i, j int) bool { return byEnd[i].end < byEnd[j].end })
	byCall := answered(h.operations)
	sort.SliceStable(byCall, func(i, j int) bool { return byCall[i].call < byCall[j].call })
	var newest *operation
	var problems []problem
	finished := 0
	for _, o := range byCall {
		for ; byEnd[finished].end < o.call; finished++ {
			if newest == nil || byEnd[finished].revision > newest.revision {
				newest = byEnd[finished]
			}
		}
		if newest == nil {
			continue
		}
		if o.revision < newest.revision || o.effective() && o.revision == newest.revision {
			message := fmt.Sprintf("the revision went backwards: %d after %d", o.revision, newest.revision)
			problems = append(problems, newProblem("revisions", message, newest, o))
		}
	}
	return problems
}

// checkNewest verifies each answer against the acknowledged writes of its key: the version it found must be the newest
// up to the revision it answered with.
func checkNewest(h *history) []problem {
	writes := map[string][]*operation{}
	uncertainDelete := map[string]bool{}
	for _, o := range h.operations {
		if o.outcome == succeeded && o.effective() {
			writes[o.key] = append(writes[o.key], o)
		}
		if o.outcome == unknown && o.kind == "delete" {
			uncertainDelete[o.key] = true
		}
	}
	for _, ofKey := range writes {
		sort.SliceStable(ofKey, func(i, j int) bool { return ofKey[i].revision < ofKey[j].revision })
	}
	var problems []problem
	for _, o := range answered(h.operations) {
		if o.blind {
			continue
		}
		newest := newestBefore(writes[o.key], o)
		if newest == nil || !overlooks(o, newest, uncertainDelete[o.key]) {
			continue
		}
		message := fmt.Sprintf("an answer at revision %d found %s, but revision %d is newer",
			o.revision, o.observed, newest.revision)
		problems = append(problems, newProblem("revisions", message, newest, o))
	}
	return problems
}

// newestBefore returns the last write that an answer must have seen: up to its revision, and not itself.
func newestBefore(writes []*operation, o *operation) *operation {
	after := sort.Search(len(writes), func(i int) bool {
		return writes[i].revision > o.revision || o.effective() && writes[i].revision == o.revision
	})
	if after == 0 {
		return nil
	}
	return writes[after-1]
}

func overlooks(o, newest *operation, uncertainDelete bool) bool {
	if o.observed.present {
		return o.observed.modRevision < newest.revision
	}
	return newest.kind != "delete" && !uncertainDelete
}

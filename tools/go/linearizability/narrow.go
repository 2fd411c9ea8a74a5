package main

// narrow bounds the writes of unknown outcome, which otherwise make the search exponential. Values are unique and
// every answer that depends on what a key held tells it, so a write that nobody observed changed no answer and can be
// left out, and one that was observed took effect before its first observer returned. Deletes leave no trace and stay
// open.
func narrow(operations []*operation) []*operation {
	first := map[string]*operation{}
	for _, o := range operations {
		if o.outcome != succeeded || !o.observed.present {
			continue
		}
		if earlier := first[o.observed.value]; earlier == nil || o.end < earlier.end {
			first[o.observed.value] = o
		}
	}
	var kept []*operation
	for _, o := range operations {
		if o.outcome != unknown || o.kind == "delete" {
			kept = append(kept, o)
			continue
		}
		// An observation that ended before the write began is impossible; the value check reports it.
		observer := first[o.value]
		if observer == nil || observer.end < o.call {
			continue
		}
		bounded := *o
		bounded.end, bounded.revision = observer.end, observer.observed.modRevision
		kept = append(kept, &bounded)
	}
	return kept
}

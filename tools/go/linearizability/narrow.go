package main

// narrow bounds the writes of unknown outcome to one key, which otherwise make the search exponential. Values are
// unique and every answer that depends on what a key held tells it, so a write that nobody observed changed no answer
// and can be left out, and of one that was observed the revision is known, and so its place among the writes.
// Deletes leave no trace and stay as open as they were.
func narrow(operations []*operation) []*operation {
	observed := map[string]version{}
	for _, o := range answered(operations) {
		if o.observed.present {
			observed[o.observed.value] = o.observed
		}
	}
	var kept []*operation
	for _, o := range operations {
		if o.outcome != unknown || o.kind == "delete" {
			kept = append(kept, o)
			continue
		}
		if found, known := observed[o.value]; known {
			kept = append(kept, place(o, found.modRevision, operations))
		}
	}
	return kept
}

// place bounds a write by its revision: it follows every answer of an older one, and so began no earlier than that.
func place(o *operation, revision int64, operations []*operation) *operation {
	placed := *o
	placed.revision = revision
	for _, other := range answered(operations) {
		if other.revision < revision {
			placed.call = max(placed.call, other.call)
		}
	}
	return &placed
}

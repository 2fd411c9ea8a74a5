package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

const forever = int64(math.MaxInt64)

type outcome int

const (
	unknown outcome = iota // also of an operation whose outcome was never written
	succeeded
	failed
)

// version is what a key holds; the zero value is "absent". A present key whose modRevision is 0 was written by
// an operation of unknown revision.
type version struct {
	present     bool
	value       string
	modRevision int64
}

func (v version) String() string {
	if !v.present {
		return "absent"
	}
	return fmt.Sprintf("%s@%d", v.value, v.modRevision)
}

// expectation is the comparison of a compare-and-swap: by value where byValue, else by modification revision
// (0 for "the key does not exist").
type expectation struct {
	byValue  bool
	value    string
	revision int64
}

// operation is one request of one client. observed is what the key held just before the operation (of a get:
// what it returned), unless the operation is blind, as a plain put is; revision and cluster come from the response
// header. They mean something only when outcome is succeeded.
type operation struct {
	id       int
	process  int
	kind     string
	key      string
	value    string
	expect   expectation
	call     int64
	end      int64
	outcome  outcome
	observed version
	blind    bool
	swapped  bool
	revision int64
}

// effective says whether a succeeded operation changed its key.
func (o *operation) effective() bool {
	switch o.kind {
	case "put", "append":
		return true
	case "delete":
		return o.observed.present
	case "cas":
		return o.swapped
	default:
		return false
	}
}

func (o *operation) writesValue() bool {
	return o.kind == "put" || o.kind == "append" || o.kind == "cas"
}

func (o *operation) String() string {
	call := fmt.Sprintf("#%d process %d %s %s", o.id, o.process, o.kind, o.key)
	switch {
	case o.kind == "cas" && o.expect.byValue:
		call += fmt.Sprintf(" if value %s then %s", o.expect.value, o.value)
	case o.kind == "cas":
		call += fmt.Sprintf(" if revision %d then %s", o.expect.revision, o.value)
	case o.writesValue():
		call += " " + o.value
	}
	if o.outcome != succeeded {
		return call + " -> unknown"
	}
	if o.kind == "cas" {
		call += fmt.Sprintf(" -> swapped=%t", o.swapped)
	}
	if !o.blind {
		call += fmt.Sprintf(" -> found %s", o.observed)
	}
	return fmt.Sprintf("%s -> revision %d", call, o.revision)
}

// entry is an append-only key as the final read-back found it.
type entry struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	ModRevision int64  `json:"mod_revision"`
}

type history struct {
	operations []*operation
	entries    []entry
	readBack   bool
	clusters   []string
	failures   int
}

type recordedVersion struct {
	Value       string `json:"value"`
	ModRevision int64  `json:"mod_revision"`
}

type record struct {
	Event   string `json:"event"`
	ID      int    `json:"id"`
	Process int    `json:"process"`
	Op      string `json:"op"`
	Key     string `json:"key"`
	Value   string `json:"value"`
	Expect  *struct {
		Value    *string `json:"value"`
		Revision int64   `json:"revision"`
	} `json:"expect"`
	Time     int64           `json:"time"`
	Revision int64           `json:"revision"`
	Cluster  string          `json:"cluster"`
	Observed json.RawMessage `json:"observed"`
	Swapped  bool            `json:"swapped"`
	Entries  []entry         `json:"entries"`
	Last     bool            `json:"last"`
}

// reader collects the events of a history into operations.
type reader struct {
	history
	open     map[int]*operation
	clusters map[string]bool
	values   map[string]bool
}

// readHistory reads a history. A last line without its newline is what a kill leaves behind, and is dropped.
func readHistory(path string) (*history, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := &reader{open: map[int]*operation{}, clusters: map[string]bool{}, values: map[string]bool{}}
	lines := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return &r.history, nil
		}
		if err != nil {
			return nil, err
		}
		if err := r.take(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
}

func (r *reader) take(line []byte) error {
	var event record
	decoder := json.NewDecoder(bytes.NewReader(line))
	if err := decoder.Decode(&event); err != nil {
		return err
	}
	switch event.Event {
	case "invoke":
		return r.invoke(&event)
	case "ok", "fail", "unknown":
		return r.complete(&event)
	case "read-back":
		r.entries = append(r.entries, event.Entries...)
		r.readBack = r.readBack || event.Last
		r.seeCluster(event.Cluster)
		return nil
	case "note":
		return nil
	default:
		return fmt.Errorf("event %q is not known", event.Event)
	}
}

func (r *reader) invoke(event *record) error {
	o := &operation{
		id: event.ID, process: event.Process, kind: event.Op, key: event.Key, value: event.Value,
		call: event.Time, end: forever,
	}
	switch o.kind {
	case "get", "put", "delete", "append":
	case "cas":
		if event.Expect == nil {
			return fmt.Errorf("operation %d: a cas needs an expectation", o.id)
		}
		o.expect.revision = event.Expect.Revision
		if event.Expect.Value != nil {
			o.expect.byValue, o.expect.value = true, *event.Expect.Value
		}
	default:
		return fmt.Errorf("operation %d: %q is not known", o.id, o.kind)
	}
	if o.writesValue() && r.values[o.value] {
		return fmt.Errorf("operation %d: value %q was written before; values must be unique", o.id, o.value)
	}
	if r.open[o.id] != nil {
		return fmt.Errorf("operation %d was invoked twice", o.id)
	}
	if o.writesValue() {
		r.values[o.value] = true
	}
	r.open[o.id] = o
	r.operations = append(r.operations, o)
	return nil
}

func (r *reader) complete(event *record) error {
	o := r.open[event.ID]
	if o == nil {
		return fmt.Errorf("operation %d completes without an invocation", event.ID)
	}
	if event.Time < o.call {
		return fmt.Errorf("operation %d completes before its invocation", event.ID)
	}
	if o.outcome != unknown {
		return fmt.Errorf("operation %d completes twice", event.ID)
	}
	switch event.Event {
	case "fail":
		o.outcome = failed
		r.failures++
	case "ok":
		o.outcome, o.end = succeeded, event.Time
		o.revision, o.swapped = event.Revision, event.Swapped
		r.seeCluster(event.Cluster)
		return o.observe(event.Observed)
	}
	return nil
}

// observe takes what an answer told of the key: nothing (only a put may be blind), null for absent, or a version.
func (o *operation) observe(raw json.RawMessage) error {
	if raw == nil {
		o.blind = true
		if o.kind != "put" && o.kind != "append" {
			return fmt.Errorf("operation %d: the answer to a %s must tell what was observed", o.id, o.kind)
		}
		return nil
	}
	var found *recordedVersion
	if err := json.Unmarshal(raw, &found); err != nil {
		return fmt.Errorf("operation %d: %w", o.id, err)
	}
	if found != nil {
		o.observed = version{true, found.Value, found.ModRevision}
	}
	return nil
}

func (r *reader) seeCluster(cluster string) {
	if cluster != "" && !r.clusters[cluster] {
		r.clusters[cluster] = true
		r.history.clusters = append(r.history.clusters, cluster)
	}
}

// Command linearizability judges the history of a workload against etcd: a JSON-lines file of invocations and
// outcomes, as tests/workload records it.
//
// It prints one JSON object and exits 0 when nothing contradicts linearizability, 1 when something does,
// 2 when time ran out before a verdict, and 3 when the history cannot be read.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

const (
	exitOk        = 0
	exitViolation = 1
	exitTimeout   = 2
	exitUnusable  = 3
)

func main() {
	os.Exit(run())
}

func run() int {
	path := flag.String("history", "", "the history, a JSON-lines file")
	timeout := flag.Duration("timeout", time.Minute, "give up after this time")
	visualization := flag.String("visualization", "", "where to write an HTML picture of the first bad key")
	narrowed := flag.Bool("narrow", true, "bound writes of unknown outcome by what was observed of them")
	readBack := flag.Bool("read-back", true, "require the final read-back")
	flag.Parse()

	history, err := readHistory(*path)
	if err != nil {
		fmt.Fprintf(os.Stderr, "linearizability: %v\n", err)
		return exitUnusable
	}
	verdict := judge(history, settings{
		deadline:      time.Now().Add(*timeout),
		visualization: *visualization,
		narrow:        *narrowed,
		readBack:      *readBack,
	})
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(verdict); err != nil {
		fmt.Fprintf(os.Stderr, "linearizability: %v\n", err)
		return exitUnusable
	}
	return verdict.exitStatus()
}

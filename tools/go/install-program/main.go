// Copies a program to where another container finds it: `install-program SOURCE TARGET`.
//
// The target is complete and executable from the moment it has its name, and what it replaces goes on running.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const mode = 0o555

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: install-program SOURCE TARGET"))
	}
	if err := install(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "install-program: %v\n", err)
	os.Exit(1)
}

func install(source, target string) error {
	folder := filepath.Dir(target)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	unfinished, err := os.CreateTemp(folder, "."+filepath.Base(target)+".")
	if err != nil {
		return err
	}
	defer os.Remove(unfinished.Name())
	err = fill(unfinished, source)
	if closed := unfinished.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(unfinished.Name(), target); err != nil {
		return err
	}
	return sync(folder)
}

func fill(unfinished *os.File, source string) error {
	program, err := os.Open(source)
	if err != nil {
		return err
	}
	defer program.Close()
	if _, err := io.Copy(unfinished, program); err != nil {
		return err
	}
	if err := unfinished.Chmod(mode); err != nil {
		return err
	}
	return unfinished.Sync()
}

func sync(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	return opened.Sync()
}

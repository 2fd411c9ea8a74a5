// Command codegen writes the SDK of a Pulumi package in one language: what LanguageRuntime.GeneratePackage asks of a
// language host. The schema comes on standard input; arguments are the language, the target folder, and the address of
// the engine's schema loader, which is asked only for packages that the schema refers to.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: codegen python|nodejs FOLDER LOADER-ADDRESS < SCHEMA")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(language, folder, loaderAddress string) error {
	var spec schema.PackageSpec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	client, err := schema.NewLoaderClient(loaderAddress)
	if err != nil {
		return fmt.Errorf("connecting to the schema loader: %w", err)
	}
	loader := schema.NewCachedLoader(client)
	pkg, diagnostics, err := schema.BindSpec(spec, loader, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	files, err := sources(language, pkg, loader)
	if err != nil {
		return err
	}
	return write(folder, files)
}

func sources(language string, pkg *schema.Package, loader schema.ReferenceLoader) (map[string][]byte, error) {
	tool := "pulumi-language-" + language
	switch language {
	case "python":
		return python.GeneratePackage(tool, pkg, nil, loader)
	case "nodejs":
		return nodejs.GeneratePackage(tool, pkg, nil, nil, true, loader)
	}
	return nil, fmt.Errorf("there is no generator for %s here", language)
}

func write(folder string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Runs one program with the engine on PATH: `node inline.js FOLDER PROGRAM`. The Automation API's inline programs run in
// this process, so that the engine needs no language host of Node.js.
import { InlineProgramArgs, LocalWorkspace, LocalWorkspaceOptions } from "@pulumi/pulumi/automation";

const [folder, program] = process.argv.slice(2);

async function main(): Promise<void> {
    const found: InlineProgramArgs = {
        stackName: "test",
        projectName: "orders",
        program: async () => ({ ...require(program) }),
    };
    const options: LocalWorkspaceOptions = { workDir: folder };
    const stack = await LocalWorkspace.createOrSelectStack(found, options);
    await stack.preview({ onOutput: (text) => process.stdout.write(text), color: "never" });
}

main().catch((problem) => {
    console.error(String(problem));
    process.exit(1);
});

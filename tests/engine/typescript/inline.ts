// Previews programs with the engine on PATH: `node inline.js FOLDER PROGRAM...`, and prints what each came to, as JSON.
// Inline programs of the Automation API run in this process, so that the engine needs no language host of Node.js.
import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";

const [folder, ...programs] = process.argv.slice(2);

async function previewed(stack: Stack, program: string): Promise<{ succeeded: boolean; told: string }> {
    let told = "";
    stack.workspace.program = async () => ({ ...require(program) });
    try {
        await stack.preview({ onOutput: (text) => (told += text), color: "never" });
        return { succeeded: true, told };
    } catch (problem) {
        return { succeeded: false, told: told + String(problem) };
    }
}

async function main(): Promise<void> {
    const nothing = async () => ({});
    const inline = { stackName: "test", projectName: "orders", program: nothing };
    const stack = await LocalWorkspace.createStack(inline, { workDir: folder });
    const found: Record<string, object> = {};
    for (const program of programs) {
        found[program] = await previewed(stack, program);
    }
    process.stdout.write(JSON.stringify(found));
}

main().catch((problem) => {
    console.error(String(problem));
    process.exit(1);
});

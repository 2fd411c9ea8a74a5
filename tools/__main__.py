"""The command `python3 -m tools`: what the Makefile calls."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

OLDEST_PYTHON = (3, 10)


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(prog="python3 -m tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="obtain what this machine lacks")
    setup.add_argument("--all", action="store_true", help="also what only the tests need")
    setup.add_argument("--nodes", action="store_true", help="also what Kubernetes nodes run")
    setup.add_argument("--machines", action="store_true", help="also what machines of the VM platform boot")
    setup.add_argument("--platforms", action="store_true", help="also both, as far as this machine can have them")
    commands.add_parser("up", help="bring the stack `local` up and show its status")
    commands.add_parser("down", help="take the stack `local` down and remove its state")
    commands.add_parser(
        "up-kubernetes", help="bring the stacks on Kubernetes up, nodes included, and show their status"
    )
    commands.add_parser("down-kubernetes", help="take the stacks on Kubernetes down, and remove the nodes")
    commands.add_parser("env", help="print exports for a shell to work in by hand")
    commands.add_parser("image", help="make the agent's container image, print its archive and its name by digest")
    release = commands.add_parser("release", help="build the wheels, and the plugin's archives for other languages")
    release.add_argument("folder", type=Path, help="where to, as wheels/ and plugins/")
    artifacts = commands.add_parser(
        "artifacts", help="make what members on machines of this architecture fetch: the agent's archive, and etcd"
    )
    artifacts.add_argument("folder", type=Path, help="where to")
    path = commands.add_parser("path", help="obtain one program and print where it is")
    path.add_argument(
        "program", help="etcd, pulumi, pulumi-language-yaml, codegen, zizmor, or a folder of tools/go with a main.go"
    )
    path.add_argument("version", nargs="?", help="of etcd; its default version if left out")
    return parser.parse_args()


def main() -> None:
    """Runs one command; exits with its status."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version}")
    from etcd_ops.programs.progress import ObtainError
    from tools.stacks import CommandError

    chosen = arguments()
    try:
        run(chosen)
    except ObtainError as problem:
        sys.exit(f"error: {problem}")
    except CommandError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(problem.status)
    except KeyboardInterrupt:
        sys.exit(130)


def run(chosen: argparse.Namespace) -> None:
    """Runs the command that was asked for."""
    from tools import kubernetes_stacks, local_stack, release

    plain: dict[str, Callable[[], None]] = {
        "up": local_stack.up,
        "down": local_stack.down,
        "up-kubernetes": kubernetes_stacks.up,
        "down-kubernetes": kubernetes_stacks.down,
        "image": local_stack.image,
    }
    if chosen.command in plain:
        plain[chosen.command]()
    elif chosen.command == "setup":
        local_stack.setup(
            everything=chosen.all, nodes=chosen.nodes, machines=chosen.machines, platforms=chosen.platforms
        )
    elif chosen.command == "env":
        print(local_stack.exports(), end="")
    elif chosen.command == "release":
        release.release(chosen.folder)
    elif chosen.command == "artifacts":
        release.artifacts(chosen.folder)
    else:
        print(locate(chosen.program, chosen.version))


def locate(program: str, version: str | None) -> str:
    """Where a program is: the folder of etcd's three, else the executable."""
    from etcd_ops.programs import etcd
    from etcd_ops.programs.cache import Cache
    from tools import go_programs, pulumi_cli, zizmor

    if program == "etcd":
        return str(etcd.obtain(version or etcd.DEFAULT))
    if program == "pulumi":
        return str(pulumi_cli.obtain(Cache.of_user()).folder / "pulumi")
    if program == "pulumi-language-yaml":
        return str(pulumi_cli.yaml_host(Cache.of_user()) / program)
    if program == "codegen":
        return str(pulumi_cli.codegen(Cache.of_user()))
    if program == "zizmor":
        return str(zizmor.obtain(Cache.of_user()))
    return str(go_programs.obtain(program))


if __name__ == "__main__":
    main()

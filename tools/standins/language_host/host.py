"""The host itself: each RPC that the engine really makes of a Python language host."""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import ObtainError
from tools import pulumi_cli
from tools.standins.language_host import project
from tools.standins.language_host.children import Children
from tools.standins.language_host.interpreter import Interpreter, ProjectError
from tools.standins.language_host.policy_proxy import PolicyProxy
from tools.standins.language_host.relay import relay
from tools.standins.language_host.required import dependencies, plugin_of
from tools.standins.serving import serve

RUN_PROGRAM = Path(__file__).resolve().parents[1] / "run_program.py"

REPORTED = 32
"""The program runner's exit status when it has already told the user the error."""

PLUGIN_ENVIRONMENT = "venv"
"""The virtual environment of a plugin whose options name none."""

Answer = TypeVar("Answer")


def reported(method: Callable[[Any, Any, grpc.ServicerContext], Answer]) -> Callable[..., Answer]:
    """Ends an RPC with the plain words of a ProjectError."""

    def call(self: Any, request: Any, context: grpc.ServicerContext) -> Answer:
        try:
            return method(self, request, context)
        except ProjectError as problem:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(problem))

    return call


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """One language host, for one engine."""

    def __init__(self, engine: str) -> None:
        """Remembers the address of the engine's own service; "" until the handshake tells it."""
        self._engine = engine
        self._children = Children()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._children.stop_all()
        return empty_pb2.Empty()

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Template(
        self, request: language_pb2.TemplateRequest, context: grpc.ServicerContext
    ) -> language_pb2.TemplateResponse:
        return language_pb2.TemplateResponse()

    @reported
    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        interpreter = Interpreter(request.info)
        answer = interpreter.ask("-c", "import platform, sys; print(sys.executable, platform.python_version())")
        executable, _, version = answer.strip().rpartition(" ")
        return language_pb2.AboutResponse(executable=executable, version=version, metadata={"toolchain": "pip"})

    @reported
    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        wanted = [plugin_of(package) for package in Interpreter(request.info).packages()]
        return language_pb2.GetRequiredPackagesResponse(packages=[plugin for plugin in wanted if plugin])

    @reported
    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        packages = Interpreter(request.info).packages()
        found = dependencies(packages, transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    @reported
    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        interpreter = Interpreter(request.info, PLUGIN_ENVIRONMENT if request.is_plugin else "")
        steps = project.installation(interpreter, request.info, is_plugin=request.is_plugin)
        return self._install(steps, interpreter, request.info.program_directory, context)

    def _install(
        self, steps: list[list[str]], interpreter: Interpreter, folder: str, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        for step in steps:
            child = self._children.start(
                context,
                step,
                folder,
                interpreter.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for line in child.stdout or ():
                yield language_pb2.InstallDependenciesResponse(stdout=line)
            if child.wait():
                context.abort(grpc.StatusCode.UNKNOWN, f"{' '.join(step)} exited with status {child.returncode}")

    def GeneratePackage(
        self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext
    ) -> language_pb2.GeneratePackageResponse:
        try:
            codegen = pulumi_cli.codegen(Cache.of_user())
        except ObtainError as problem:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(problem))
        done = subprocess.run(
            [codegen, "python", request.directory, request.loader_target],
            input=request.schema,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            context.abort(grpc.StatusCode.UNKNOWN, done.stderr.strip())
        return language_pb2.GeneratePackageResponse()

    def Link(self, request: language_pb2.LinkRequest, context: grpc.ServicerContext) -> language_pb2.LinkResponse:
        requirements = Path(request.info.program_directory, "requirements.txt")
        project.link(requirements, [dependency.path for dependency in request.packages])
        return language_pb2.LinkResponse(import_instructions=f"The SDKs are listed in {requirements}.")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        try:
            interpreter = Interpreter(request.info)
            interpreter.check()
        except ProjectError as problem:
            return language_pb2.RunResponse(error=str(problem))
        environment = interpreter.environment() | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        settings = json.dumps(self._settings(request))
        command = [
            interpreter.python,
            "-u",
            str(RUN_PROGRAM),
            settings,
            request.info.entry_point,
            *request.args,
        ]
        folder = request.pwd or request.info.program_directory
        status = self._children.start(context, command, folder, environment).wait()
        if status == REPORTED:
            return language_pb2.RunResponse(bail=True)
        if status:
            return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {status}")
        return language_pb2.RunResponse()

    def _settings(self, request: language_pb2.RunRequest) -> dict[str, Any]:
        """What `pulumi.runtime.Settings` takes."""
        return {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "root_directory": request.info.root_directory,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
        }

    @reported
    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        if request.kind == "analyzer":
            return self._run_policies(request, context)
        return self._run_provider(request, context)

    def _run_provider(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        interpreter = Interpreter(request.info, PLUGIN_ENVIRONMENT)
        interpreter.check()
        what = project.plugin_command(Path(request.info.program_directory))
        command = [interpreter.python, "-u", *what, *request.args]
        environment = interpreter.environment(variables(request))
        return relay(self._start_piped(context, command, request.pwd, environment))

    def _run_policies(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        interpreter = Interpreter(request.info)
        interpreter.check()
        folder = request.info.program_directory
        command = [interpreter.python, "-u", "-m", "pulumi.policy", *request.args, folder]
        proxy = PolicyProxy()
        context.add_callback(proxy.close)

        def serve_pack() -> Iterator[language_pb2.RunPluginResponse]:
            yield language_pb2.RunPluginResponse(stdout=f"{proxy.port}\n".encode())
            environment = interpreter.environment(variables(request)) | proxy.stack_environment()
            yield from relay(self._start_piped(context, command, folder, environment), proxy)

        return serve_pack()

    def _start_piped(
        self, context: grpc.ServicerContext, command: list[str], folder: str, environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        return self._children.start(
            context, command, folder, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def stop(self) -> None:
        """Interrupts everything that was started."""
        self._children.stop_all()


def variables(request: language_pb2.RunPluginRequest) -> dict[str, str]:
    """The environment that the engine wants a plugin to have."""
    return dict(pair.split("=", 1) for pair in request.env)


def main() -> None:
    """Serves; the engine's address is the first argument that is not an option."""
    if {"-version", "--version"} & set(sys.argv):
        print(importlib.metadata.version("pulumi"))
        return
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    host = Host(addresses[0] if addresses else "")
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))
    host.stop()

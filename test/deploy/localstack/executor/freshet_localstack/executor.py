"""Runs each execution environment of a Lambda function as a process of Node, where LocalStack would start a container."""

import json
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
NODE = os.environ.get("LAMBDA_NODE") or shutil.which("node")
BOOTSTRAP = str(Path(__file__).with_name("bootstrap.mjs"))
# What a function sees of LocalStack's own environment.
INHERITED = ("PATH", "HOME", "LANG")


class Ended(Exception):
    """The process ended before it answered."""


class Process:
    """A process of Node. Messages are lines of JSON over a pair of sockets. Its output is kept."""

    def __init__(self, code: Path, env: dict[str, str], tmp: str):
        ours, theirs = socket.socketpair()
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.output: list[str] = []
        self.popen = subprocess.Popen(
            [NODE, BOOTSTRAP, str(theirs.fileno())],
            cwd=code,
            env={**inherited, **env, "TMPDIR": tmp},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.socket = ours
        self.lines = ours.makefile("rb")
        threading.Thread(target=self._read_output, daemon=True).start()

    def _read_output(self) -> None:
        for line in self.popen.stdout:
            self.output.append(line.decode("utf-8", "replace"))

    def send(self, message: dict) -> None:
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Ended from error

    def receive(self, seconds: float | None) -> dict:
        """Waits for the next message. Raises TimeoutError or Ended."""
        self.socket.settimeout(seconds)
        try:
            line = self.lines.readline()
        except TimeoutError:
            raise
        except OSError as error:
            raise Ended from error
        if not line.endswith(b"\n"):
            raise Ended
        return json.loads(line)

    def take_output(self) -> str:
        """What the process has printed since the last call."""
        # What was printed before the answer may still be in the pipe.
        time.sleep(0.002)
        taken, self.output = self.output, []
        return "".join(taken)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self.socket.close()


class ProcessRuntimeExecutor(RuntimeExecutor):
    """One execution environment. A new process follows one that timed out or ended."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self.process: Process | None = None
        self.env: dict[str, str] = {}
        self.tmp = ""
        self.lock = threading.Lock()
        self.stopped = False

    def _code(self) -> Path:
        return self.function_version.config.code.get_unzipped_code_location()

    def start(self, env_vars: dict[str, str]) -> None:
        self.env = {name: str(value) for name, value in env_vars.items() if value is not None}
        self.env.update(LAMBDA_TASK_ROOT=str(self._code()), TZ="UTC")
        self.tmp = tempfile.mkdtemp(prefix="lambda-tmp-")
        self._start_process()

    def _start_process(self) -> None:
        with self.lock:
            if self.stopped:
                raise StatusErrorException("stopped", payload=b"{}")
            process = self.process = Process(self._code(), self.env, self.tmp)
        try:
            answer = process.receive(config.LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT)
        except TimeoutError:
            answer = {"error": {"errorType": "Sandbox.Timedout", "errorMessage": "Init timed out"}}
        except Ended:
            answer = {"error": {"errorType": "Runtime.ExitError", "errorMessage": "exited during init"}}
        if "error" in answer:
            name = self.function_version.id.function_name
            LOG.warning("%s failed to start: %s\n%s", name, answer["error"], process.take_output())
            process.kill()
            self.process = None
            payload = json.dumps(answer["error"]).encode()
            raise StatusErrorException("Environment startup failed", payload=payload)

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            process, self.process = self.process, None
        if process is not None:
            process.kill()
        if self.tmp:
            shutil.rmtree(self.tmp, ignore_errors=True)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id = payload["invoke-id"]
        seconds = self.function_version.config.timeout
        if self.process is None:
            self._start_process()
        process = self.process
        begun = time.monotonic()
        try:
            process.send(
                {
                    "id": request_id,
                    "arn": payload["invoked-function-arn"],
                    "trace": payload["trace-id"],
                    "deadline": round((time.time() + seconds) * 1000),
                    "payload": payload["payload"],
                }
            )
            answer = process.receive(seconds)
        except TimeoutError:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            message = f"{stamp} {request_id} Task timed out after {seconds:.2f} seconds"
            answer = self._end(process, "Sandbox.Timedout", message)
        except Ended:
            message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {process.popen.wait()}"
            answer = self._end(process, "Runtime.ExitError", message)
        spent_ms = (time.monotonic() - begun) * 1000
        memory = self.function_version.config.memory_size
        logs = (
            f"START RequestId: {request_id} Version: {self.function_version.id.qualifier}\n"
            f"{process.take_output()}"
            f"END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {spent_ms:.2f} ms\t"
            f"Billed Duration: {int(spent_ms) + 1} ms\tMemory Size: {memory} MB\tMax Memory Used: {memory} MB"
        )
        is_error = "error" in answer
        result = json.dumps(answer["error"]) if is_error else answer["result"]
        return InvocationResult(request_id, result.encode(), is_error=is_error, logs=logs)

    def _end(self, process: Process, error_type: str, message: str) -> dict:
        process.kill()
        self.process = None
        return {"error": {"errorType": error_type, "errorMessage": message}}

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def get_logs(self) -> str:
        return self.process.take_output() if self.process else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        # A version with another configuration may have the same code, which LocalStack deletes when nothing uses it.
        pass

    @classmethod
    def validate_environment(cls) -> bool:
        return NODE is not None

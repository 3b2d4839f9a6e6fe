"""The entry point of the executor. LAMBDA_RUNTIME_EXECUTOR=process chooses it."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *args, **kwargs):
        from freshet_localstack.executor import ProcessRuntimeExecutor

        return ProcessRuntimeExecutor

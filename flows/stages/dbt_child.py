"""dbt in a process of its own, run as a program: `dbt_child.py RESULTS ARGUMENTS…`.

It writes what became of each node to RESULTS, in the form of dbt's own `run_results.json` and in a
tenth of its time, and ends at once: to free a few million objects one by one takes a second.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from typing import Any

# A build keeps most of what it makes: looking for garbage again and again finds a few megabytes.
gc.disable()

from mashumaro.config import BaseConfig  # noqa: E402

# dbt's classes write code of their own for every form they may be stored in; a build stores few.
# To write it when it is first used saves a fifth of a build without news.
BaseConfig.lazy_compilation = True

from dbt.cli.main import dbtRunner  # noqa: E402


def _describe(result: Any) -> dict[str, Any]:  # noqa: ANN401 - one of dbt's results
    return {
        "unique_id": result.node.unique_id,
        "status": str(result.status),
        "message": result.message,
        "failures": result.failures,
        "execution_time": result.execution_time,
        "adapter_response": result.adapter_response,
        # What found lost rows is asked for their names.
        "compiled_code": result.node.compiled_code if result.status == "fail" else None,
    }


def main() -> int:
    """Run dbt; gives 0, 1 when a node failed, 2 when it did not come that far."""
    results, *arguments = sys.argv[1:]
    done = dbtRunner().invoke(arguments)
    if done.exception is not None:
        print(done.exception)  # noqa: T201 - the parent reads it
    found = [_describe(one) for one in getattr(done.result, "results", None) or ()]
    if found:
        with open(results, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump({"results": found}, file)
    return 0 if done.success else 1 if done.exception is None else 2


if __name__ == "__main__":
    code = main()
    # DuckDB's file is closed here.
    atexit._run_exitfuncs()  # noqa: SLF001 - what a common end does first
    sys.stdout.flush()
    os._exit(code)

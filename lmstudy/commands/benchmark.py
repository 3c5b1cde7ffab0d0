"""`lmstudy-benchmark`: this package beside what a user might take instead, in one run on one machine."""

from typing import Any

from lmstudy.commands.command import Command, fail


def benchmark(config: dict[str, Any]) -> None:
    """Workload and peers -> contest -> lines on stdout, and a record."""
    from lmstudy.config import BenchmarkConfig, check

    check(BenchmarkConfig, config)  # before the heavy imports: a slip of the pen is reported at once
    from lmstudy.benchmark.run import run

    try:
        run(config)
    except KeyboardInterrupt:
        fail("lmstudy-benchmark", "interrupted; a benchmark leaves a record only when it is finished", status=130)


COMMAND = Command(
    name="lmstudy-benchmark",
    config="benchmark",
    purpose=(
        "Measure this package beside others. Contenders work in turns on the same input, each in a process of\n"
        "its own; results are ratios with their 95 % intervals, and whether the machine was quiet enough."
    ),
    task=benchmark,
    examples=(
        ("lmstudy-benchmark", "training, against every peer that is installed"),
        ("lmstudy-benchmark workload=train peer=hf_t5 format=json", "one JSON object a line"),
        ("lmstudy-benchmark workload.documents=whole threads=1", "one example a row, on one core"),
    ),
    keys={
        "rounds=12": "how often every contender works, in turns",
        "threads=null": "threads of every contender; null: all cores of this process",
        "seconds=1": "least length of a contender's turn",
        "format=table": "what goes to stdout: table, or json with one object a line",
        "runs=runs": "folder of records",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()

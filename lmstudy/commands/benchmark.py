"""`lmstudy-benchmark`: this package beside what a user might take instead, in one run on one machine."""

from typing import Any

from lmstudy.commands.command import Command, fail


def benchmark(config: dict[str, Any]) -> None:
    """Workload and peers -> contest -> lines on stdout, and a record."""
    from lmstudy.benchmark.run import run

    try:
        run(config)
    except KeyboardInterrupt:
        fail("lmstudy-benchmark", "interrupted; a benchmark leaves a record only when it is finished", status=130)


COMMAND = Command(
    "benchmark",
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
)
main = COMMAND.main

if __name__ == "__main__":
    main()

"""Settings of every workload: complete in its YAML, and a wrong one is named with its value."""

from pathlib import Path

import pytest
import yaml

from lmstudy.compose import compose_config
from lmstudy.config import build, target_type
from lmstudy.errors import StudyError
from tests.benchmark.cases import bench
from tests.conftest import ROOT


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "workload").glob("*.yaml")), ids=lambda path: path.stem)
def test_workloads_are_named_as_their_file(path: Path):
    node = yaml.safe_load(path.read_text())
    workload = build(node, "workload")
    assert workload.name == path.stem
    assert set(target_type(type(workload)).model_fields) | {"_target_"} == set(node)


@pytest.mark.parametrize(
    ("workload", "wrong", "message"),
    [
        ("architectures", {"experiments": []}, r"workload\.experiments=\[\] must hold at least one name"),
        ("architectures", {"experiments": ["lstm", "lstm"]}, "and none twice"),
        ("architectures", {"batches": 0}, r"workload\.batches=0: input should be greater than 0"),
        ("architectures", {"overrides": ["data=files"]}, "overrides: data=files belongs to lmstudy-benchmark itself"),
        ("generate", {"sequences": []}, r"workload\.sequences=\[\]"),
        ("generate", {"tokens": 0}, r"workload\.tokens=0: input should be greater than 0"),
        ("generate", {"nucleus_top_p": 0.0}, r"workload\.nucleus_top_p=0\.0: input should be greater than 0"),
        ("generate", {"most_rounds": 0}, r"workload\.most_rounds=0: input"),
        ("generate", {"vocab_size": 5}, r"workload\.vocab_size=5: input should be greater than 37"),
        ("growth", {"contexts": [5]}, r"workload\.tokens=2048 must be a multiple of workload\.contexts, not 5"),
        ("growth", {"widths": [65]}, r"a width of 65 must be a multiple of 64"),
        ("growth", {"store_megabytes": [0]}, r"workload\.store_megabytes\.0=0: input should be greater than 0"),
        ("growth", {"store_megabytes": [], "contexts": [], "widths": [], "processes": []}, "are all empty"),
        ("overhead", {"steps": 1}, r"workload\.steps=1: input should be greater than or equal to 2"),
        ("overhead", {"checkpoint_every": 0}, r"workload\.checkpoint_every=0: input"),
        ("prepare", {"megabytes": [2]}, r"workload\.megabytes=\[2\.?0?\]: a slope needs two different sizes"),
        ("quality", {"rows": []}, r"workload\.rows=\[\] must"),
        ("quality", {"minutes": 0}, r"workload\.minutes=0: input should be greater than 0"),
        ("quality", {"rates": [1e-3, 1e-3]}, r"rates=\[0\.001, 0\.001\] must hold at least one value, and none twice"),
        ("quality", {"seeds": []}, r"workload\.seeds=\[\] must hold"),
        ("quality", {"peer_evaluate_every": 7}, r"peer_steps=6000 must be a multiple of workload\.peer_evaluate_every"),
        (
            "quality",
            {"steps": [301]},
            r"workload\.steps=\[301\]: 301 must be a multiple of workload\.evaluate_every=50",
        ),
        ("quality", {"overrides": ["+data.path=x"]}, r"workload\.overrides: \+data\.path=x cannot be set for all runs"),
        ("quality", {"overrides": ["budget.steps=9"]}, r"budget\.steps=9 cannot be set for all runs"),
        ("score", {"padded_rows": 0}, r"workload\.padded_rows=0: input"),
        ("score", {"documents": 100_000}, r"workload\.documents=100000: the split valid of this corpus holds \d+"),
        ("startup", {"repeats": 0}, r"workload\.repeats=0: input"),
        ("train", {"rows": 0}, r"workload\.rows=0: input should be greater than 0"),
        ("train", {"documents": "some"}, r"workload\.documents='some': input should be 'packed' or 'whole'"),
    ],
)
def test_a_wrong_setting_is_named(workload, wrong, message):
    node = compose_config("benchmark", [f"workload={workload}"])["workload"] | wrong
    with pytest.raises(StudyError, match=message):
        build(node, "workload").run(bench())

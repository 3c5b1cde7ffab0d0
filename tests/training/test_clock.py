"""A clock is in one part at a time, and its parts are the whole."""

import pytest
import torch

from lmstudy.training.callbacks import SessionClock
from lmstudy.training.clock import PARTS, Clock, TimedBatches


class Time:
    """Goes on by as much as it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def spent(clock: Clock) -> dict[str, float]:
    return {part: seconds for part, seconds in clock.spent.items() if seconds}


def test_every_second_goes_into_one_part():
    time = Time()
    clock = Clock(time=time)
    for part, seconds in (("data", 1), ("steps", 2), ("validation", 4), ("steps", 8)):
        time.now += seconds
        clock.enter(part)
    time.now += 16
    assert spent(clock) == {"starting": 1, "data": 2, "steps": 20, "validation": 8}
    assert list(clock.spent) == list(PARTS)
    with clock.within("samples"):
        time.now += 32
    with pytest.raises(StopIteration), clock.within("saving"):
        next(iter([]))
    time.now += 64
    assert spent(clock)["samples"] == 32
    assert spent(clock)["steps"] == 84


def test_waiting_for_a_batch_is_data_and_learning_from_it_is_not():
    time = Time()
    clock = Clock("steps", time)

    def batches():
        for number in range(3):
            time.now += 1
            yield number

    for _ in TimedBatches(batches(), clock):
        time.now += 10
    assert spent(clock) == {"steps": 30, "data": 3}


def test_what_pytorch_compiles_is_compiling_and_nothing_else_is():
    time = Time()
    clock = Clock("steps", time)

    def backend(graph, inputs):
        time.now += 10
        return graph.forward

    double = torch.compile(lambda x: x * 2, backend=backend)
    with clock.notices_compilation():
        for _ in range(3):
            double(torch.ones(2))
            time.now += 1
        with pytest.raises(Exception, match="no such luck"):
            torch.compile(lambda x: x * 3, backend=fails)(torch.ones(2))
    torch.compile(lambda x: x * 4, backend=backend)(torch.ones(2))
    assert spent(clock) == {"steps": 13, "compiling": 10}
    torch._dynamo.reset()


def fails(graph, inputs):
    raise RuntimeError("no such luck")


def test_a_session_goes_on_from_the_parts_of_the_one_before():
    first = SessionClock("2026-01-31T12:00:00Z")
    first.enter("steps")
    state = first.state_dict()
    assert sum(state["parts"].values()) == pytest.approx(state["seconds"], abs=1e-3)
    state["parts"]["steps"] += 100
    second = SessionClock("2026-01-31T13:00:00Z")
    second.load_state_dict(state)
    assert second.started == first.started
    assert 100 < second.parts["steps"] < 110
    assert sum(second.parts.values()) == pytest.approx(second.seconds, abs=1e-3)


def test_parts_of_a_session_that_told_none_are_unknown():
    clock = SessionClock("2026-01-31T13:00:00Z")
    clock.load_state_dict({"started": "2026-01-31T12:00:00Z", "seconds": 50.0})
    assert clock.parts is None
    assert clock.state_dict()["parts"] is None
    again = SessionClock("2026-01-31T14:00:00Z")
    again.load_state_dict(clock.state_dict())
    assert again.parts is None
    assert again.seconds == pytest.approx(50, abs=5)

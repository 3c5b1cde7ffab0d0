"""Samples of a model as text, from nothing or continuing a beginning, and what the model is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tokenizers import Tokenizer

from lmstudy.data.tokenizer import BAD, BOS, GOOD, PAD, SENTINELS, decode
from lmstudy.errors import StudyError

if TYPE_CHECKING:  # torch, which who only asks for settings need not wait for
    from lmstudy.models.generation import Sampling
    from lmstudy.models.network import Writer

BANNED = (PAD, BOS, GOOD, BAD, *SENTINELS)
"""Special tokens that have no place in text; the end token is the one that may be drawn."""

STRONGEST = 20.0
"""Guidance at most; the study looks at 3."""

Control = Literal["none", "good", "bad"]
_TOKENS = {"good": GOOD, "bad": BAD}


@dataclass(frozen=True)
class Asked:
    """What a model is asked to write.

    `control` names the token that stands before every segment; the model sets it itself where a segment begins,
    because the other one is banned. `guidance` above 1 pushes away from the other one, too. `look_ahead` texts are
    written side by side for each that is wanted, and those are dropped of which the model expects the other token
    (`lmstudy.models.look_ahead`).
    """

    control: Control = "none"
    guidance: float = 1.0
    look_ahead: int = 1

    def __post_init__(self) -> None:
        if self.control not in ("none", *_TOKENS):
            raise StudyError(f"control={self.control!r} is not one of none, good, bad")
        if not 0 <= self.guidance <= STRONGEST:
            raise StudyError(
                f"guidance={self.guidance:g} must be between 0 and {STRONGEST:g}: 1 is none, and stronger pushes leave "
                "only tokens that are rare behind the other token"
            )
        if self.guidance != 1 and self.control == "none":
            raise StudyError(
                f"guidance={self.guidance} needs control=good or control=bad: it pushes from one to the other"
            )
        if self.look_ahead > 1 and self.control == "none":
            raise StudyError(
                f"look_ahead={self.look_ahead} needs control=good or control=bad: it looks out for the other one"
            )

    @property
    def token(self) -> int | None:
        """The control token asked for; None: none."""
        return _TOKENS.get(self.control)

    @property
    def other(self) -> int | None:
        """The control token that guidance pushes away from."""
        return {GOOD: BAD, BAD: GOOD}.get(self.token or 0)

    def writer(self, model: Writer) -> Writer:
        """The model, or the model under guidance."""
        if self.token is None or self.other is None or self.guidance == 1:
            return model
        from lmstudy.models.guidance import Guided

        return Guided(model, self.guidance, {self.token: self.other})

    def banned(self) -> tuple[int, ...]:
        """Tokens that may not be drawn."""
        return tuple(token for token in BANNED if token != self.token)

    def before(self) -> list[int]:
        """What stands before a segment."""
        return [] if self.token is None else [self.token]


PLAIN = Asked()


def asked_of(
    control: Control | Literal["auto"],
    guidance: float,
    controlled: bool,
    name: str,
    prefix: str = "",
    look_ahead: int = 1,
) -> Asked:
    """What a run can be asked for.

    Args:
        control: "auto" is good for a run that knows control tokens, else none.
        guidance: strength of the push from the other token.
        controlled: whether the run knows control tokens.
        name: of the run.
        prefix: of the keys that are named.
        look_ahead: texts written side by side for each that is wanted.

    Raises:
        StudyError: it does not know the control token, or there is nothing for guidance to push from.
    """
    if control == "auto":
        control = "good" if controlled else "none"
    if not controlled and control != "none":
        raise StudyError(f"{prefix}control={control}: {name} never saw a control token; leave it at auto, or none")
    if not controlled and guidance != 1:
        raise StudyError(
            f"{prefix}guidance={guidance:g}: {name} never saw a control token, and guidance pushes from one to the "
            "other; leave it at 1"
        )
    if not controlled and look_ahead != 1:
        raise StudyError(
            f"{prefix}look_ahead={look_ahead}: {name} never saw a control token, and looks out for none; leave it at 1"
        )
    return Asked(control, guidance, look_ahead)


def sampling_for(asked: Asked, length: int, temperature: float = 0.7, top_p: float = 0.9) -> Sampling:
    """How `length` tokens at most are drawn: T = .7 and top-p .9 by default, as Korbak et al. (2023) sample."""
    from lmstudy.models.generation import Sampling

    return Sampling(temperature, top_p, banned=asked.banned(), max_tokens=length)


def unconditional_samples(
    model: Writer, tokenizer: Tokenizer, count: int, seed: int, asked: Asked = PLAIN
) -> list[str]:
    """Texts written from nothing, all together; the same for the same weights, seed and count."""
    if not count:
        return []  # of a model that cannot write, for example
    sampling = sampling_for(asked, model.max_positions)
    written = continued_tokens(model, [[]] * count, [asked.before()] * count, seed, sampling, asked)
    return [decode(tokenizer, ids) for ids in written]


def continued_tokens(
    model: Writer,
    prompts: Sequence[Sequence[int]],
    forced: Sequence[Sequence[int]],
    seed: int,
    sampling: Sampling,
    asked: Asked = PLAIN,
) -> list[list[int]]:
    """Token ids written behind prompts, control tokens among them; the same for the same weights, seed and number.

    Args:
        model: which is put in evaluation mode.
        prompts: token ids that the encoder reads, one for each text; with control tokens if it knows them.
        forced: token ids that the decoder is made to begin with, and that the result begins with.
        seed: of the random numbers.
        sampling: temperature, top-p, tokens that are never drawn, and the longest that may be written.
        asked: control token and guidance.
    """
    import torch

    from lmstudy.models.generation import generate

    generator = torch.Generator(next(model.parameters()).device).manual_seed(seed)
    writer = asked.writer(model.eval())
    if asked.look_ahead > 1 and asked.other is not None:
        from lmstudy.models.look_ahead import generate_ahead

        return generate_ahead(
            writer, prompts, sampling, forced=forced, particles=asked.look_ahead, unwanted=asked.other,
            generator=generator,
        )  # fmt: skip
    return generate(writer, prompts, sampling, forced=forced, generator=generator)

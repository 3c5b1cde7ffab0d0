"""Runs a text of the listing with TensorFlow: `python driver.py JOB.json RESULT.json`.

A script for an interpreter that has TensorFlow and nothing of this package; Python 3.8 has to understand it. The job
names one of `JOBS`, the result is what it returns.
"""

import json
import os
import random
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FILE = "listing.py"
"""What tracebacks call the text."""
WORDS = ["我", "爱", "编程", "你", "世界"]
VECTORS = {"我": [1, 0], "爱": [0, 1]}
"""The words of the article's section 4.2, and the vectors of its matrix E that are not zero."""
SENTENCES = [[0, 1, 2], [3, 1, 4]]
"""我 爱 编程 and 你 爱 世界, by the numbers of their words."""
COPIES = 20


def versions(job):
    """What is installed here, as its packages say; None for what is not."""
    from importlib import metadata

    found: dict[str, Any] = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("tensorflow", "keras", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def listing(job):
    """All that is asked of the listing, in one process: `stages` and `probes`."""
    return {"stages": stages(job), "probes": probes(job)}


def stages(job):
    """What comes of each of `stages`, texts with their calls, in turn; all start from `seed`."""
    import tensorflow as tf

    found = []
    for stage in job["stages"]:
        tf.keras.backend.clear_session()
        seeded(job["seed"])
        found.append(outcome(stage["text"], stage["call"]))
    return found


def outcome(text, call):
    """The text is run, then the call: an error with its line, or losses and what the model writes."""
    import numpy as np

    names: dict[str, Any] = {"__name__": "listing"}
    given = {
        "words": WORDS,
        "vectors": VECTORS,
        "numbers": np.arange(len(WORDS))[:, None],
        "sentences": np.array(SENTENCES * COPIES),
    }
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            exec(compile(text, FILE, "exec"), names)
            model = eval(call, names, given)
        except Exception as error:
            return {"error": type(error).__name__, "message": message(error), "line": line_of(error, text)}
    found: dict[str, Any] = {
        "error": None,
        "losses": losses(model),
        "warnings": sorted({str(one.message) for one in said}),
    }
    shown = model(np.arange(len(WORDS))[:, None])  # each word in a row of its own
    found["answers"] = [WORDS[number] for number in np.asarray(shown).argmax(-1).ravel()]
    if "write" in names:
        written = [names["write"](model, first, 3) for first in (0, 3)]
        found["written"] = [[WORDS[number] for number in own] for own in written]
    return found


def probes(job):
    """What of the listing is wrong without an error: a number or a message by name.

    Job: `printed`, the text as printed; `zeros`, the text with vectors and without their start at random; `seed`.
    """
    import numpy as np
    import tensorflow as tf

    seeded(job["seed"])
    printed: dict[str, Any] = {"__name__": "listing", "vocab": WORDS}
    zeros: dict[str, Any] = {"__name__": "listing"}
    exec(compile(job["printed"], FILE, "exec"), printed)
    exec(compile(job["zeros"], FILE, "exec"), zeros)
    found = {}

    embeddings = np.ones((1, 2), dtype="float32")
    first, second = (printed["encoder"](embeddings, None).numpy() for _ in range(2))
    found["two calls differ by"] = float(np.abs(first - second).max())

    for size in (len(WORDS), 4096):
        target = np.eye(size, dtype="float32")[:1]
        for name, row in (("right", target), ("wrong", np.roll(target, 1, 1))):
            found[f"loss when sure and {name}, of {size} words"] = float(printed["compute_loss"](row, target))
    try:
        printed["compute_loss"](np.eye(5, dtype="float32")[:1], WORDS[:1])
    except Exception as error:
        found["words as labels"] = type(error).__name__ + ": " + message(error)

    model = zeros["train_language_model"](
        np.array(SENTENCES * COPIES), WORDS, VECTORS, embedding_dim=2, learning_rate=0.01, epochs=1
    )
    logits = np.asarray(model(np.array([[2, 3, 4]])))[0]
    found["words without a vector differ by"] = float(np.abs(logits - logits[0]).max())
    one, other = (np.asarray(model(np.array([row])))[0, -1] for row in ([0, 1], [2, 1]))
    found["another word before changes"] = float(np.abs(one - other).max())

    layers = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    layers.compile(loss=lambda target, output: tf.reduce_mean(tf.cast(target, tf.float32)) + 0 * tf.reduce_sum(output))
    rows = np.arange(10, dtype="float32")[:, None]
    layers.fit(rows, rows, batch_size=10, epochs=1, validation_split=0.2, verbose=0)
    found["mean of held-out rows of 0 to 9"] = float(layers.history.history["val_loss"][0])
    return found


def seeded(seed):
    """All generators start from one seed."""
    import numpy as np
    import tensorflow as tf

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    tf.random.set_seed(seed)


def losses(model):
    """What `fit` printed, epoch by epoch, by name."""
    return {name: [float(value) for value in values] for name, values in model.history.history.items()}


def message(error):
    """The line of a message that says what is wrong: Keras puts its own traceback around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.split(":")[0].endswith("Error") and " " not in line.split(":")[0]]
    return (told[-1].split(":", 1)[1].strip() if told else lines[0]) if lines else ""


def line_of(error, text):
    """The line of the text at which an error arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(FILE)]
    number = frames[-1].lineno if frames else None
    return text.splitlines()[number - 1].strip() if number else ""


JOBS = {"versions": versions, "listing": listing}

if __name__ == "__main__":
    question, result = map(Path, sys.argv[1:])
    asked = json.loads(question.read_text(encoding="utf-8"))
    answer = JOBS[asked["job"]](asked)
    result.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")

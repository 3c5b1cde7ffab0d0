"""CSV is always on, and a logger that fails does not take the run with it."""

from lightning.pytorch.loggers import CSVLogger

from lmstudy.training.loggers import ForgivingLogger, build_loggers, reachable


class FailsAtTheSecondValue(CSVLogger):
    def log_metrics(self, metrics, step=None):
        if step == 2:
            raise ConnectionError("server gone")
        super().log_metrics(metrics, step)


def test_a_failing_logger_is_switched_off_with_one_warning(tmp_path, capsys):
    logger = ForgivingLogger("fragile", lambda: FailsAtTheSecondValue(tmp_path))
    for step in range(1, 5):
        logger.log_metrics({"loss": 1.0}, step)
    logger.save()
    logger.finalize("success")
    assert capsys.readouterr().err == "warning: the fragile logger failed and is off from here: server gone\n"


def test_a_logger_that_cannot_start_is_off(tmp_path, capsys):
    def fails():
        raise ImportError("no module")

    logger = ForgivingLogger("absent", fails)
    logger.log_metrics({"loss": 1.0}, 1)
    logger.log_hyperparams({"a": 1})
    assert capsys.readouterr().err.count("absent logger failed") == 1


def test_csv_is_always_there(tmp_path):
    for names in (["csv"], ["tensorboard"], []):
        loggers = build_loggers(names, tmp_path, "0" * 16, "name")
        assert loggers[0].name == "csv"
        loggers[0].log_metrics({"train/loss": 2.5}, 7)
        loggers[0].save()
    assert any("2.5" in path.read_text() for path in tmp_path.rglob("metrics.csv"))


def test_tensorboard_and_offline_wandb_write_files(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for logger in build_loggers(["tensorboard", "wandb"], tmp_path, "f" * 16, "name"):
        logger.log_metrics({"train/loss": 2.5}, 7)
        logger.save()
        logger.finalize("success")
    assert list(tmp_path.rglob("events.out.tfevents*"))
    assert list(tmp_path.rglob("offline-run-*"))


def test_a_server_that_does_not_answer_is_asked_once_and_told_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nobody listens there
    reachable.cache_clear()
    for number in range(3):
        assert build_loggers(["wandb"], tmp_path, f"{number:016}", "name")[1].label == "wandb"
    reachable.cache_clear()
    told = capsys.readouterr().err
    assert told.count("http://127.0.0.1:9 does not answer") == 1
    assert "wandb keeps its runs offline" in told

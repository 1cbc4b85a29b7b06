"""The loop on a module of one number a weight: no model, no data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from soundlet.errors import CheckpointError, EngineError
from soundlet.training.loop import Figures, LoopSettings, Run, Trainee, TrainingError


class Line(Trainee[Tensor]):
    """Learns to double."""

    def __init__(self, width: int = 2, breaks_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.layer = nn.Linear(width, width)
        self.breaks_at = breaks_at
        self.n_losses = 0

    @property
    def module(self) -> nn.Module:
        return self.layer

    def batch(self, generator: torch.Generator) -> Tensor:
        return torch.randn(8, self.layer.in_features, generator=generator)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Figures]:
        noise = 0.01 * torch.randn(batch.shape, generator=generator)
        error = (self.layer(batch) - 2 * batch + noise).float().square().mean()
        self.n_losses += 1
        if self.n_losses == self.breaks_at:
            error = error * float("nan")
        return error, {"half": 0.5}


def settings(steps: int, **changes: object) -> LoopSettings:
    fields = {"steps": steps, "log_every": 2, "save_every": 3, "warmup": 1, "device": "cpu"}
    return LoopSettings.model_validate({**fields, "learning_rate": 0.05, **changes})


def lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]


def test_the_loss_falls_and_the_curve_is_kept(tmp_path: Path) -> None:
    seen: list[Figures] = []
    steps: list[int] = []
    Run(Line(), tmp_path, settings(60)).train(seen.append, steps.append)
    curve = lines(tmp_path)
    assert [line["step"] for line in curve] == list(range(2, 61, 2))
    assert curve[-1]["loss"] < 0.2 * curve[0]["loss"]
    assert curve[0].keys() >= {"loss", "gradient", "learning_rate", "half", "seconds_per_step"}
    assert len(seen) == len(curve)
    assert steps == list(range(1, 61))


def test_a_killed_run_goes_on_from_its_checkpoint_with_one_curve(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    Run(Line(), whole, settings(10)).train()
    run = Run(Line(), killed, settings(10, save_every=4))

    def die(step: int) -> None:
        if step == 7:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run.train(on_step=die)
    assert [line["step"] for line in lines(killed)] == [2, 4, 6]
    Run(Line(), killed, settings(10)).train()
    assert [line["step"] for line in lines(killed)] == [2, 4, 6, 8, 10]
    one, other = (torch.load(p / "checkpoint.pt", weights_only=True) for p in (whole, killed))
    for key in ("module", "average"):
        for name, tensor in one[key].items():
            assert torch.equal(other[key][name], tensor)


def test_a_loss_that_is_no_number_stops_the_run_before_it_harms(tmp_path: Path) -> None:
    run = Run(Line(breaks_at=5), tmp_path, settings(10))
    with pytest.raises(TrainingError, match=r"loss is nan at step 4; .*checkpoint\.pt.*Lower"):
        run.train()
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 3
    assert all(p.isfinite().all() for p in run.trainee.module.parameters())


def test_ctrl_c_ends_after_the_step_and_saves(tmp_path: Path) -> None:
    run = Run(Line(), tmp_path, settings(10))
    before = signal.getsignal(signal.SIGINT)
    run.train(on_step=lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 5 else None)
    assert signal.getsignal(signal.SIGINT) is before
    assert run.was_interrupted
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 5


def test_minutes_end_a_run(tmp_path: Path) -> None:
    run = Run(Line(), tmp_path, settings(10).model_copy(update={"steps": None, "minutes": 1e-9}))
    run.train()
    assert run.step == 0
    assert run.checkpoint.exists()


def test_what_the_settings_say_now_counts_and_not_what_they_said(tmp_path: Path) -> None:
    Run(Line(), tmp_path, settings(2, weight_decay=0.5)).train()
    run = Run(Line(), tmp_path, settings(4, weight_decay=0.25, betas=(0.8, 0.9)))
    assert run.optimizer.param_groups[0]["weight_decay"] == 0.25
    assert run.optimizer.param_groups[0]["betas"] == (0.8, 0.9)


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path: Path) -> None:
    Run(Line(2), tmp_path, settings(1)).train()
    with pytest.raises(CheckpointError, match="made with other sizes"):
        Run(Line(3), tmp_path, settings(1))


def test_a_run_that_trained_other_parts_is_refused_and_stays(tmp_path: Path) -> None:
    Run(Line(), tmp_path, settings(2)).train()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    line = Line()
    line.layer.weight.requires_grad_(False)
    with pytest.raises(CheckpointError, match="set train_encoder or train_text as it was") as told:
        Run(line, tmp_path, settings(4))
    assert str(told.value).startswith(str(tmp_path / "checkpoint.pt"))
    assert "\n" not in str(told.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_weights_without_an_optimisers_state_are_refused(tmp_path: Path) -> None:
    Run(Line(), tmp_path, settings(1)).train()
    path = tmp_path / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    torch.save({name: state[name] for name in ("step", "module", "average")}, path)
    with pytest.raises(CheckpointError, match=f"name a new run, and start_from = '{tmp_path}'"):
        Run(Line(), tmp_path, settings(2))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    Run(Line(), tmp_path, settings(1)).train()
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt is damaged"):
        Run(Line(), tmp_path, settings(1))


def test_an_unknown_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="device must be one of"):
        Run(Line(), tmp_path, settings(1, device="abacus"))


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    for seed in (0, 1):
        Run(Line(), tmp_path / str(seed), settings(2, seed=seed)).train()
    assert lines(tmp_path / "0")[0]["loss"] != lines(tmp_path / "1")[0]["loss"]


PROCESS = """
import sys
from pathlib import Path
from tests.unit.training.test_loop import Line, settings
from soundlet.training.loop import Run
run = Run(Line(), Path(sys.argv[1]), settings(4, threads=1))
run.train()
print(*[p.sum().item() for p in run.trainee.module.parameters()])
"""


def test_two_processes_average_their_gradients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Run(Line(), tmp_path / "alone", settings(4))
    alone.train()
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(_free_port()))
    monkeypatch.setenv("WORLD_SIZE", "2")
    other = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(tmp_path / "both")],
        env={**os.environ, "RANK": "1"},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    monkeypatch.setenv("RANK", "0")
    try:
        run = Run(Line(), tmp_path / "both", settings(4))
        run.train()
        assert run.processes.count == 2
        told = [float(number) for number in other.communicate(timeout=100)[0].split()]
    finally:
        torch.distributed.destroy_process_group()
    sums, sums_alone = (
        [p.sum().item() for p in r.trainee.module.parameters()] for r in (run, alone)
    )
    assert told == sums
    assert sums != pytest.approx(sums_alone, abs=1e-6)
    assert [line["step"] for line in lines(tmp_path / "both")] == [2, 4]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""The HTTP interface makes the sounds that the library makes, and says what it refuses."""

from __future__ import annotations

import http.client
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import soundlet
from soundlet.audio import Bits, Format
from soundlet.client import ServerRefusedError
from soundlet.errors import RequestError
from soundlet.metadata import read_sound_file
from soundlet.reproduce import reproduce
from tests.end_to_end.commands import TINY_SECONDS, command
from tests.end_to_end.server.conftest import LONG, Server
from tests.end_to_end.server.requests import BOUNDARY, edit, form, send, sound_file


def expected(tiny: Path, seed: int = 1, **fields: Any) -> bytes:
    clip = soundlet.load(tiny, threads=1).generate(
        "kick", seconds=TINY_SECONDS, seed=seed, **fields
    )
    return clip.encoded("wav")


def test_the_answer_is_the_file_that_python_writes(server: Server, tiny: Path) -> None:
    assert server.client.generate(**server.ask()) == expected(tiny)


@pytest.mark.parametrize(
    ("format", "bits", "subtype"),
    [
        ("wav", "24", "PCM_24"),
        ("wav", "32f", "FLOAT"),
        ("flac", None, "PCM_16"),
        ("ogg", None, "VORBIS"),
        ("mp3", None, "MPEG_LAYER_III"),
    ],
)
def test_every_format_holds_the_sound_and_its_settings(
    server: Server, format: Format, bits: Bits | None, subtype: str
) -> None:
    data = server.client.generate(**server.ask(), format=format, bits=bits)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.samplerate, file.channels, file.subtype) == (44100, 2, subtype)
        assert file.title == "kick"
        assert json.loads(file.comment)["seed"] == 1


def test_a_stream_is_the_sound_before_its_level_is_set(server: Server, tiny: Path) -> None:
    data = b"".join(server.client.stream(**server.ask()))
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    clip = soundlet.load(tiny, threads=1).generate("kick", seconds=TINY_SECONDS, seed=1)
    gain = np.float32(10 ** (clip.gain_db / 20))
    assert rate == 44100
    assert np.abs(samples.T * gain - clip.audio).max() < 1e-3 * np.abs(clip.audio).max()


def test_a_stream_is_the_file_that_the_command_writes_into_a_pipe(
    server: Server, tiny: Path
) -> None:
    body = json.dumps(server.ask()).encode()
    path = "/v1/generate/stream"
    answer, data = send(server, "POST", path, body, Content_Type="application/json")
    asked = ("--seconds", TINY_SECONDS, "--seed", 1, "--model", tiny, "--threads", 1)
    words = command("generate", "kick", *asked, "--out", "-", "--bits", "32f")
    piped = subprocess.run(words, check=True, capture_output=True).stdout
    assert data == piped
    assert int(answer.headers["Content-Length"]) == len(data)


def test_a_stream_has_room_for_the_longest_prompts(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "stream.wav"
    long = {"prompt": "\U0001f941\x01" * 1000, "negative_prompt": "\U0001f4a7\x02" * 1000}
    asked = {**server.ask(cfg_scale=2, truncate_prompt=True), **long}
    path.write_bytes(b"".join(server.client.stream(**asked)))
    settings = read_sound_file(path).settings
    assert settings is not None
    assert {name: settings[name] for name in long} == long


def test_a_stream_can_be_made_again_from_its_settings(
    server: Server, tiny: Path, tmp_path: Path
) -> None:
    path = tmp_path / "stream.wav"
    path.write_bytes(b"".join(server.client.stream(**server.ask())))
    again = reproduce(path, soundlet.load(tiny, threads=1))
    assert (again.same_latents, again.differences) == (True, ())


def test_an_edit_can_be_made_again_from_the_file_that_was_uploaded(
    server: Server, tiny: Path, tmp_path: Path
) -> None:
    model = soundlet.load(tiny, threads=1)
    source, edited = tmp_path / "kick.wav", tmp_path / "clap.wav"
    source.write_bytes(server.client.generate(**server.ask()))
    edited.write_bytes(server.client.restyle(source, "clap", seed=4))
    with pytest.raises(RequestError, match="was made of upload: name that file"):
        reproduce(edited, model)
    again = reproduce(edited, model, init_audio=source)
    assert (again.same_latents, again.same_samples, again.differences) == (True, True, ())


def test_a_job_is_queued_followed_and_fetched(server: Server, tiny: Path) -> None:
    job = server.client.submit(**server.ask(steps=3))
    kinds = [(event.kind, event.data.get("step")) for event in server.client.events(job.id)]
    assert kinds == [
        ("queued", None),
        ("running", None),
        ("step", 1),
        ("step", 2),
        ("step", 3),
        ("decoding", None),
        ("done", None),
    ]
    done = server.client.job(job.id)
    assert done.state == "done"
    assert done.sound is not None
    assert done.sound["seed"] == 1
    assert server.client.audio(job.id) == expected(tiny, steps=3)


def test_a_job_that_nobody_could_follow_tells_its_steps_when_it_is_done(server: Server) -> None:
    body = json.dumps(server.ask(steps=3)).encode()
    answer, _ = send(server, "POST", "/v1/generate", body, Content_Type="application/json")
    job = server.client.job(answer.headers["Soundlet-Job"])
    assert (job.state, job.step, job.steps) == ("done", 3, 3)
    kinds = [event.kind for event in server.client.events(job.id)]
    assert kinds == ["queued", "running", "done"]


def test_a_stream_tells_its_last_step_before_its_sound(server: Server) -> None:
    body = json.dumps(server.ask(steps=3)).encode()
    answer, _ = send(server, "POST", "/v1/generate/stream", body, Content_Type="application/json")
    job = server.client.wait(answer.headers["Soundlet-Job"])
    assert (job.state, job.step, job.steps) == ("done", 3, 3)
    kinds = [(event.kind, event.data.get("step")) for event in server.client.events(job.id)]
    assert kinds == [
        ("queued", None),
        ("running", None),
        ("step", 3),
        ("decoding", None),
        ("done", None),
    ]


def test_a_job_waits_behind_those_before_it(server: Server) -> None:
    first = server.client.submit(**server.ask(**LONG))
    others = [server.client.submit(**server.ask(seed=i)) for i in range(2)]
    positions = [server.client.job(job.id).position for job in others]
    server.client.cancel(first.id)
    assert positions == [0, 1]
    assert [server.client.wait(job.id).state for job in others] == ["done", "done"]


def test_events_go_on_where_a_client_left(server: Server) -> None:
    job = server.client.submit(**server.ask(steps=2))
    server.client.wait(job.id)
    _, data = send(server, "GET", f"/v1/jobs/{job.id}/events", Last_Event_ID="3")
    assert [line for line in data.decode().splitlines() if line.startswith("id: ")] == [
        "id: 4",
        "id: 5",
    ]


def test_a_running_job_is_cancelled_between_steps(server: Server) -> None:
    job = server.client.submit(**server.ask(**LONG))
    for event in server.client.events(job.id):
        if event.kind == "step":
            break
    server.client.cancel(job.id)
    over = server.client.wait(job.id)
    assert over.state == "cancelled"
    assert over.step < 1000
    with pytest.raises(ServerRefusedError, match="it has no sound") as refused:
        server.client.audio(job.id)
    assert refused.value.status == 409
    assert not (server.results / job.id).exists()


def test_a_waiting_job_is_cancelled_at_once(server: Server) -> None:
    first = server.client.submit(**server.ask(**LONG))
    second = server.client.submit(**server.ask())
    assert server.client.cancel(second.id).state == "cancelled"
    server.client.cancel(first.id)
    assert server.client.wait(first.id).state == "cancelled"


def test_a_client_that_goes_away_cancels_its_job(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps(server.ask(**LONG))
    connection.request("POST", "/v1/generate", body, {"Content-Type": "application/json"})
    job = server.client.submit(**server.ask())
    connection.close()
    assert server.client.wait(job.id).state == "done"


def test_part_of_a_sound_can_be_fetched(server: Server) -> None:
    job = server.client.submit(**server.ask())
    server.client.wait(job.id)
    whole = server.client.audio(job.id)
    path = f"/v1/jobs/{job.id}/audio"
    answer, part = send(server, "GET", path, Range="bytes=100-199")
    assert (answer.status, part) == (206, whole[100:200])
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"


def test_a_range_that_a_sound_does_not_have_is_a_problem(server: Server) -> None:
    job = server.client.submit(**server.ask())
    server.client.wait(job.id)
    path, size = f"/v1/jobs/{job.id}/audio", len(server.client.audio(job.id))
    for range, status, kind in ((f"bytes={size}-", 416, "range"), ("words=1", 400, "range-header")):
        answer, data = send(server, "GET", path, Range=range)
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(data)
        assert (problem["type"], problem["field"]) == (f"urn:soundlet:{kind}", "Range")
        if status == 416:
            assert answer.headers["Content-Range"] == f"bytes */{size}"
            assert f"{size} bytes" in problem["detail"]


def test_a_loop_says_where_it_loops_in_every_wav(tiny_bundle: Path, server: Server) -> None:
    del tiny_bundle
    body = json.dumps({"prompt": "kick", "bpm": 240, "bars": 1, "beats_per_bar": 1, "seed": 2})
    for bits in ("16", "24", "32f"):
        path = f"/v1/loop?bits={bits}"
        answer, data = send(server, "POST", path, body.encode(), Content_Type="application/json")
        assert answer.status == 200, data
        assert b"smpl" in data
        assert b"acid" in data
        assert soundfile.info(io.BytesIO(data)).frames == round(0.25 * 44100)


@pytest.mark.parametrize(
    ("operation", "fields", "field"),
    [
        ("inpaint", {"prompt": "clap"}, "regions"),
        ("inpaint", {"prompt": "clap", "regions": [[0.5, 0.2]]}, "regions"),
        ("inpaint", {"prompt": "clap", "regions": [[0.0, 9.0]]}, "regions"),
        ("inpaint", {"prompt": "clap", "regions": [["a", 1]]}, "regions.0.0"),
        ("outpaint", {"prompt": "clap"}, "before"),
        ("restyle", {"prompt": "clap", "strength": 1}, "strength"),
        ("restyle", {"prompt": "clap", "audio": "/etc/passwd"}, "audio"),
        ("restyle", [], "request"),
        ("blend", {"prompt": "clap", "other": "rain", "share": [0, 2]}, "share"),
        ("blend", {"prompt": "clap", "other": "rain", "share": [0, 1, 1]}, "share"),
        ("blend", {"prompt": "clap", "other": "rain", "share": "0:1"}, "share"),
        ("blend", {"prompt": "clap", "other": "rain", "seconds": 1}, "seconds"),
    ],
)
def test_a_bad_field_of_an_edit_is_named(
    server: Server, operation: str, fields: object, field: str
) -> None:
    status, data = edit(server, operation, fields, sound_file(np.full((900, 2), 0.1)))
    assert (status, json.loads(data)["field"]) == (422, field)


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"prompt": " "}, "prompt", "prompt must be text with a word in it, not ' '"),
        ({"prompt": None}, "prompt", "prompt must be text, not null"),
        ({"prompt": "drum " * 100}, "prompt", "tokens"),
        ({"seconds": 99}, "seconds", "not 99"),
        ({"seconds": 0}, "seconds", "seconds must be a number above 0, not 0"),
        ({"seed": -1}, "seed", "seed must be a whole number from 0 to 4294967295, not -1"),
        ({"seed": 2**32}, "seed", "whole number from 0 to 4294967295, not 4294967296"),
        ({"seed": 1.5}, "seed", "whole number from 0 to 4294967295, not 1.5"),
        ({"candidates": 0}, "candidates", "whole number from 1 to 16, not 0"),
        ({"candidates": 2}, "candidates", "candidates must be 1 with tiny, not 2"),
        ({"steps": 0}, "steps", "^steps must be a whole number from 1 to 1000, not 0"),
        ({"sampler": "foo"}, "sampler", "pingpong"),
        ({"cfg_interval": [0.9, 0.1]}, "cfg_interval", "first <= last"),
        ({"negative_prompt": "noise", "cfg_scale": 1}, "negative_prompt", "no effect"),
        ({"model": "other"}, "model", "model is one of"),
        ({"prmpt": "kick"}, "prmpt", "no field of this request: it takes model, prompt, seed"),
        ({"init_audio": "/etc/passwd"}, "init_audio", "no field of this request"),
    ],
)
def test_a_bad_field_is_named(
    server: Server, fields: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(ServerRefusedError, match=said) as refused:
        server.client.submit(**server.ask(**fields))
    assert (refused.value.status, refused.value.field) == (422, field)


@pytest.mark.parametrize(
    ("method", "path", "name", "said"),
    [
        ("POST", "/v1/generate?foo=x", "foo", "it takes format and bits"),
        ("POST", "/v1/generate?format=flac&bit=16", "bit", "it takes format and bits"),
        ("POST", "/v1/generate/stream?format=flac", "format", "it takes none"),
        ("POST", "/v1/restyle?strength=0.5", "strength", "it takes format and bits"),
        ("POST", "/v1/jobs?format=mp3", "format", "it takes none"),
        ("GET", f"/v1/jobs/{32 * '0'}/audio?fmt=mp3", "fmt", "it takes format and bits"),
        ("GET", "/v1/models?name=tiny", "name", "it takes none"),
        ("GET", "/v1/prompts/ideas?n=2", "n", "it takes count and seed and genre and preset"),
    ],
)
def test_a_query_parameter_that_is_not_there_is_named(
    server: Server, method: str, path: str, name: str, said: str
) -> None:
    body = json.dumps(server.ask()).encode() if method == "POST" else None
    answer, data = send(server, method, path, body, Content_Type="application/json")
    problem = json.loads(data)
    assert (answer.status, problem["field"]) == (422, name)
    assert said in problem["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_may_add_parameters_of_its_own(server: Server, path: str) -> None:
    answer, _ = send(server, "GET", f"{path}?time=1")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"prompt": "kick" "seed": 1}', "(expecting ',' delimiter at line 1 column 19)"),
        ('{"prompt":\n"kick}', "(unterminated string starting at line 2 column 1)"),
        ("kick", "(expecting value at line 1 column 1)"),
    ],
)
def test_where_a_body_is_not_json_is_told(server: Server, text: str, said: str) -> None:
    path = "/v1/jobs"
    answer, data = send(server, "POST", path, text.encode(), Content_Type="application/json")
    problem = json.loads(data)
    assert (answer.status, problem["field"]) == (422, "body")
    assert problem["detail"] == f"body: this is not JSON {said}"


@pytest.mark.parametrize(
    ("path", "text", "media_type", "said"),
    [
        ("/v1/jobs", "[]", "application/json", "body must be a JSON object, not a list"),
        ("/v1/jobs", "", "application/json", "body is missing: the request needs it"),
        (
            "/v1/jobs",
            '{"prompt": "kick"}',
            "application/x-www-form-urlencoded",
            "body must be JSON: send it with Content-Type: application/json",
        ),
        (
            "/v1/generate?format=xyz",
            '{"prompt": "kick"}',
            "application/json",
            "format must be one of wav, flac, ogg, mp3, not 'xyz'",
        ),
    ],
)
def test_what_is_malformed_is_told_in_plain_words(
    server: Server, path: str, text: str, media_type: str, said: str
) -> None:
    answer, data = send(server, "POST", path, text.encode(), Content_Type=media_type)
    assert (answer.status, json.loads(data)["detail"]) == (422, said)


def test_the_range_of_a_query_parameter_is_told(server: Server) -> None:
    answer, data = send(server, "GET", "/v1/prompts/ideas?count=21")
    said = "count must be a whole number from 1 to 20, not '21'"
    assert (answer.status, json.loads(data)["detail"]) == (422, said)


def test_where_the_request_of_an_edit_is_not_json_is_told(server: Server) -> None:
    body = form({}, b"").replace(b"{}", b'{"prompt": }')
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    answer, data = send(server, "POST", "/v1/restyle", body, Content_Type=content_type)
    problem = json.loads(data)
    assert (answer.status, problem["field"]) == (422, "request")
    assert problem["detail"] == ("request: this is not JSON (expected value at line 1 column 12)")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("POST", "/v1/models", 405, "method"),
        ("GET", "/v1/jobs/" + 32 * "0", 404, "not-found"),
        ("GET", "/v1/jobs/" + 32 * "0" + "/audio?bits=8", 422, "body"),
        ("GET", "/v1/jobs/" + 32 * "0" + "/audio?format=mp3&bits=24", 422, "request"),
        ("POST", "/v1/generate", 422, "body"),
    ],
)
def test_every_error_is_a_problem(
    server: Server, method: str, path: str, status: int, kind: str
) -> None:
    answer, data = send(server, method, path)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(data)
    assert problem["type"] == f"urn:soundlet:{kind}"
    assert problem["status"] == status
    assert problem["detail"]


def test_the_models_are_told(server: Server, tiny: Path) -> None:
    (model,) = server.client.models()
    manifest = json.loads((tiny / "manifest.json").read_text())
    assert model["name"] == manifest["name"]
    assert model["defaults"]["steps"] == manifest["defaults"]["steps"]
    assert model["defaults"]["candidates"] == 1
    assert model["is_default"]
    assert model["is_ready"]
    with pytest.raises(ServerRefusedError, match=f"reads {model['prompt_max_tokens']}[^0-9]"):
        server.client.submit(**server.ask(prompt="drum " * 100))


def test_the_numbers_are_told(server: Server) -> None:
    server.client.generate(**server.ask())
    answer, data = send(server, "GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = data.decode()
    assert 'soundlet_jobs_total{model="tiny",operation="generate",state="done"}' in text
    assert "soundlet_queue_seconds_bucket" in text
    resident = [line for line in text.splitlines() if 'process="worker-0"' in line]
    assert float(resident[0].split()[-1]) > 1e7


def test_methods_that_nobody_knows_are_counted_as_one(server: Server) -> None:
    for method in ("BREW", "WHEN"):
        answer, _ = send(server, method, "/v1/models")
        assert answer.status == 405
    _, data = send(server, "GET", "/metrics")
    text = data.decode()
    assert 'method="other"' in text
    assert 'method="GET"' in text
    assert "BREW" not in text

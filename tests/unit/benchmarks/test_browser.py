from __future__ import annotations

from benchmarks.browser import table


def test_the_first_clip_stands_apart_from_the_later_ones() -> None:
    found = {
        "chromium": "150.0",
        "threads": 2,
        "seconds": 6.0,
        "loaded": 1.25,
        "page": [9.0, 3.0, 4.0],
        "python": [1.0, 0.5, 0.7],
        "error": 4.9e-5,
    }
    lines = table(found)
    assert "Chromium 150.0, threads: 2; clips of 6 s by 3 seeds" in lines[0]
    assert "| the page | 1.2 s | 9.0 s | 3.5 s |" in lines
    assert "| Python, loaded before |  |  | 0.7 s |" in lines
    assert lines[-1] == "The latents differ by 5e-05 of their greatest value."

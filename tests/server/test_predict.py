"""What the server answers is what the model says, alone or in company."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from heedful.server.limits import Limits
from heedful.server.served import Shelf
from tests.cli.conftest import WORDS
from tests.cli.door import heedful
from tests.server.asking import Answer, ask, events
from tests.server.conftest import Running, running

TOLERANCE = 1e-5


def close(one: Any, other: Any) -> bool:
    """Whether two records say the same, numbers but for rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(close(*pair) for pair in zip(one, other, strict=True))
    return one == pytest.approx(other, abs=TOLERANCE) if isinstance(one, float) else one == other


def test_it_answers_as_the_command_line(server: Running, models: Path) -> None:
    said = heedful("predict", models / "letters", "--json", "--n-best", 3, given="abc\n\ncb\nabcd\n")
    answer = ask(server, "/v1/predict", {"inputs": ["abc", "", "cb", "abcd"], "n_best": 3})
    assert answer.status == 200
    assert answer.json["model"] == "letters"
    assert close(answer.json["results"], said.records)


def test_every_model_answers_under_its_name(server: Running) -> None:
    for name, given in (("bahdanau", "abc"), ("fixed", "abc"), ("columns", "abc\tN;a")):
        answer = ask(server, "/v1/predict", {"inputs": [given], "model": name})
        assert (answer.status, answer.json["model"]) == (200, name)
        attends = answer.json["results"][0]["hypotheses"][0]["attention"] is not None
        assert attends == (name != "fixed")
    assert ask(server, "/v1/predict", {"inputs": [["abc", "N;a"]], "model": "columns"}).json == answer.json


def test_sixty_four_at_once_get_what_each_would_get_alone(server: Running) -> None:
    alone = {word: ask(server, "/v1/predict", {"inputs": [word], "n_best": 2}).json for word in WORDS[:40]}

    def one(number: int) -> bool:
        word = WORDS[number % 40]
        return close(ask(server, "/v1/predict", {"inputs": [word], "n_best": 2}).json, alone[word])

    with ThreadPoolExecutor(64) as clients:
        assert all(clients.map(one, range(320)))


def test_requests_are_searched_together(server: Running) -> None:
    numbers = server.guarded.desk.numbers.registry
    before = numbers.get_sample_value("heedful_batch_inputs_count") or 0
    with ThreadPoolExecutor(48) as clients:
        list(clients.map(lambda word: ask(server, "/v1/predict", {"inputs": [word]}), WORDS * 4))
    batches = (numbers.get_sample_value("heedful_batch_inputs_count") or 0) - before
    assert 0 < batches < len(WORDS) * 4


def test_many_inputs_do_not_keep_a_single_one_waiting_for_all(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns go by the place in a request: the tail of a large one stands behind small ones that came later."""
    predictor = shelf.served["letters"].predictor
    search, batches = predictor.search, list[list[Any]]()

    def slowly(rows: Any, *given: Any, **named: Any) -> Any:
        batches.append(list(rows))
        time.sleep(0.1)
        return search(rows, *given, **named)

    monkeypatch.setattr(predictor, "search", slowly)
    inputs = ["abcd"] * 60
    with running(shelf, Limits(batch_inputs=4)) as server, ThreadPoolExecutor(2) as clients:
        large = clients.submit(ask, server, "/v1/predict", {"inputs": inputs})
        time.sleep(0.15)
        assert ask(server, "/v1/predict", {"inputs": ["cbcb"]}).status == 200
        assert not large.done(), "it waited for all of them"
        assert [each["source"] for each in large.result().json["results"]] == inputs
    (mine,) = [number for number, rows in enumerate(batches) if ("cbcb",) in rows]
    assert mine < len(batches) - 5


def test_attend_is_as_the_command_line(server: Running, models: Path, tmp_path: Path) -> None:
    heedful("attend", models / "letters", "abcd", "--out", tmp_path / "x.json")
    record = json.loads((tmp_path / "x.json").read_text())
    found = ask(server, "/v1/attend", {"input": "abcd"}).json
    assert close({key: found[key] for key in record}, record)
    assert len(found["log_probs"]) == len(found["target"]) + 1


def test_a_given_target_is_aligned(server: Running) -> None:
    found = ask(server, "/v1/attend", {"input": "abcd", "target": "C C C"}).json
    assert (found["target"], found["text"]) == (["C", "C", "C"], "C C C")
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in found["weights"])


def test_a_model_without_attention_says_so(server: Running) -> None:
    answer = ask(server, "/v1/attend", {"input": "abc", "model": "fixed"})
    assert (answer.status, answer.code, answer.field) == (422, "no_attention", "model")


def stream(server: Running, **asked: Any) -> tuple[Answer, list[tuple[str, Any]]]:
    """A stream to its end."""
    answer = ask(server, "/v1/predict/stream", asked)
    return answer, events(answer.body)


@pytest.mark.parametrize("beam_size", [1, 4])
def test_a_stream_builds_what_the_result_says(server: Running, beam_size: int) -> None:
    answer, told = stream(server, input="abcd", beam_size=beam_size)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in told] == ["source", *["step"] * (len(told) - 2), "result"]
    result, tree, units, weights = told[-1][1], [], [], []
    for _, step in told[1:-1]:
        tree += step["branches"]
        units[step["keep"] :] = step["units"]
        weights[step["keep"] :] = step["weights"] or []
    assert tree == result["tree"]
    assert len(units) == len(weights)
    assert all(len(row) == 4 for row in weights)
    best = result["hypotheses"][0]
    assert (
        best["text"]
        == ask(server, "/v1/predict", {"inputs": ["abcd"], "beam_size": beam_size}).json["results"][0]["hypotheses"][0][
            "text"
        ]
    )
    assert len(best["alternatives"]) == len(best["units"]) + 1
    if beam_size == 1:
        assert units == best["units"]


def test_explore_is_the_last_event_of_a_stream(server: Running) -> None:
    assert close(ask(server, "/v1/explore", {"input": "abcd"}).json, stream(server, input="abcd")[1][-1][1])


def test_a_forced_beginning_a_forced_end_and_held_attention(server: Running) -> None:
    free = ask(server, "/v1/explore", {"input": "abcd"}).json["hypotheses"][0]
    begun = ask(server, "/v1/explore", {"input": "abcd", "prefix": ["D", "D"]}).json["hypotheses"][0]
    assert begun["units"][:2] == ["D", "D"]
    assert begun["units"] != free["units"]
    ended = ask(server, "/v1/explore", {"input": "abcd", "prefix": ["D", "D"], "end": True}).json["hypotheses"]
    assert [each["units"] for each in ended] == [["D", "D"]]
    held = ask(server, "/v1/explore", {"input": "abcd", "hold": [{"position": 2}]}).json["hypotheses"][0]
    assert all(row == [0, 0, 1, 0] for row in held["attention"]["weights"])


def test_pictures_come_in_base64(server: Running, tmp_path: Path) -> None:
    import base64

    from heedful.data import toy

    picture = toy.parted("digits", 20, 3)[0][0][0]
    import numpy as np
    from PIL import Image

    Image.fromarray(np.asarray(picture)).save(tmp_path / "x.png")
    given = {"base64": base64.b64encode((tmp_path / "x.png").read_bytes()).decode()}
    answer = ask(server, "/v1/predict", {"inputs": [given, given], "model": "digits"})
    assert answer.status == 200, answer.body
    first, second = answer.json["results"]
    assert close(first, second)
    found = ask(server, "/v1/explore", {"input": given, "model": "digits"}).json
    assert found["scene"]["kind"] == "picture"
    assert found["scene"]["picture"].startswith("data:image/png;base64,")
    assert len(found["scene"]["boxes"]) == len(found["source"]["units"])
    together = ask(server, "/v1/attend", {"input": given, "model": "digits"}).json
    assert len(together["boxes"]) == len(together["source"])


def test_it_names_its_models_and_limits(server: Running, shelf: Shelf) -> None:
    found = ask(server, "/v1/models").json
    assert [model["name"] for model in found["models"]] == list(shelf.served)
    kinds = {model["name"]: [column["kind"] for column in model["source"]] for model in found["models"]}
    assert kinds["columns"] == ["text", "text"]
    assert kinds["digits"] == ["picture"]
    assert all(name.startswith("max_") for name in found["limits"])


def test_an_example_can_be_asked_as_it_is(server: Running) -> None:
    for model in ask(server, "/v1/models").json["models"]:
        if model["example"] is not None:
            assert ask(server, "/v1/predict", {"inputs": [model["example"]], "model": model["name"]}).status == 200


def test_health_is_cheap_and_readiness_is_a_prediction(server: Running) -> None:
    assert ask(server, "/healthz").json == {"status": "ok"}
    for path in ("/healthz", "/readyz", "/"):
        assert (ask(server, path, method="HEAD").status, ask(server, path, method="HEAD").body) == (200, b"")
    server.guarded.desk.ready_until = 0.0
    registry = server.guarded.desk.numbers.registry
    before = registry.get_sample_value("heedful_inputs_total", {"model": "letters"}) or 0
    assert ask(server, "/readyz").json == {"status": "ready"}
    assert registry.get_sample_value("heedful_inputs_total", {"model": "letters"}) == before + 1


def test_what_a_browser_has_is_not_sent_again(server: Running) -> None:
    tag = ask(server, "/").headers["etag"]
    again = ask(server, "/", headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_numbers_are_told(server: Running) -> None:
    ask(server, "/v1/predict", {"inputs": ["abc"]})
    written = ask(server, "/metrics").body.decode()
    assert 'heedful_requests_total{method="POST",route="/v1/predict",status="200"}' in written
    assert "heedful_waiting_inputs" in written


def test_the_schema_has_a_page_for_people(server: Running) -> None:
    answer = ask(server, "/docs")
    assert answer.status == 200
    for path in ask(server, "/openapi.json").json["paths"]:
        assert path in answer.body.decode()

"""Earlier batches as further negatives (or pairs), and prefixes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from hf_auscult.alignment.objectives import Matryoshka, Memory, get
from hf_auscult.errors import ConfigurationError
from tests.alignment.objectives.pairs import related, value_and_gradient

IDS = torch.arange(30)


@pytest.fixture(scope="module")
def pairs():
    audio, text = related(30)
    return audio[:10], text[:10], Memory(text[10:], audio[10:], IDS[10:])


def test_infonce_against_remembered_reports(pairs):
    audio, text, memory = pairs
    cosine = F.normalize(audio, dim=-1) @ F.normalize(torch.cat([text, memory.text]), dim=-1).T / 0.07
    forth = -cosine.log_softmax(dim=1)[range(10), range(10)].mean()
    back = -cosine[:, :10].T.log_softmax(dim=1)[range(10), range(10)].mean()
    found = get("infonce")(audio, text, text_ids=IDS[:10], memory=Memory(memory.text, None, memory.text_ids))
    assert float(found) == pytest.approx(float(forth + back) / 2)


@pytest.mark.parametrize("name", ["infonce", "siglip", "multi_positive"])
def test_remembered_strangers_make_the_task_harder_as_a_larger_batch_does(name, pairs):
    audio, text, memory = pairs
    plain = float(get(name)(audio, text, text_ids=IDS[:10]))
    texts = float(get(name)(audio, text, text_ids=IDS[:10], memory=Memory(memory.text, None, memory.text_ids)))
    both = float(get(name)(audio, text, text_ids=IDS[:10], memory=memory))
    assert plain < texts < both


@pytest.mark.parametrize("name", ["infonce", "siglip"])
def test_a_recording_s_own_report_is_no_negative(name, pairs):
    """Remembering exactly this batch changes what belongs to others only."""
    audio, text, _ = pairs
    own = Memory(text[:1], audio[:1], IDS[:1])
    alone = get(name)(audio[:2], text[:2], text_ids=IDS[:2])
    remembered = get(name)(audio[:2], text[:2], text_ids=IDS[:2], memory=own)
    strangers = get(name)(audio[:2], text[:2], text_ids=torch.tensor([5, 6]), memory=own)
    assert float(alone) < float(remembered) < float(strangers)
    # Without ids, equal vectors are the same report.
    nameless = get(name)(audio[:2], text[:2], memory=Memory(text[:1], audio[:1]))
    assert float(nameless) == pytest.approx(float(remembered))


def test_multi_positive_recognises_remembered_reports(pairs):
    audio, text, _ = pairs
    known = Memory(text[:4], audio[:4], IDS[:4])
    similarity = torch.cat([torch.eye(10), torch.eye(10)[:, :4]], dim=1)
    by_id = get("multi_positive")(audio, text, text_ids=IDS[:10], memory=known)
    graded = get("multi_positive")(audio, text, text_ids=IDS[:10], memory=known, similarity=similarity)
    assert float(by_id) == pytest.approx(float(graded))
    assert float(by_id) != pytest.approx(float(get("multi_positive")(audio, text, text_ids=IDS[:10])))


@pytest.mark.parametrize("name", ["cka", "debiased_cka", "published"])
def test_remembered_pairs_make_cka_s_batch_larger(name, pairs):
    audio, text, memory = pairs
    whole = get(name)(torch.cat([audio, memory.audio]), torch.cat([text, memory.text]))
    found = get(name)(audio, text, text_ids=IDS[:10], memory=memory)
    assert float(found) == pytest.approx(float(whole))


@pytest.mark.parametrize("name", ["infonce", "siglip", "multi_positive", "cka", "debiased_cka"])
def test_chunks_with_a_memory(name, pairs):
    audio, text, memory = pairs
    whole, parts = (
        value_and_gradient(
            lambda a, t, chunk=chunk: get(name, chunk=chunk)(a, t, text_ids=IDS[:10], memory=memory), audio, text
        )
        for chunk in (None, 3)
    )
    for ours, theirs in zip(parts, whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_memories_that_make_no_sense(pairs):
    audio, text, memory = pairs
    with pytest.raises(ConfigurationError, match="mse has no use for a memory"):
        get("mse")(audio, text, text_ids=IDS[:10], memory=memory)
    with pytest.raises(ConfigurationError, match="cka needs the recordings"):
        get("infonce+cka")(audio, text, text_ids=IDS[:10], memory=Memory(memory.text, None, memory.text_ids))
    with pytest.raises(ConfigurationError, match="give both or neither"):
        get("infonce")(audio, text, memory=memory)


@pytest.mark.parametrize("name", ["infonce", "cka", "mse", "siglip+debiased_cka"])
def test_matryoshka_is_the_mean_over_prefixes(name, pairs):
    audio, text, _ = pairs
    objective = get(name, widths=(4, 16, 8))
    assert isinstance(objective, Matryoshka)
    assert objective.widths == (4, 8, 16)
    expected = sum(float(get(name)(audio[:, :width], text[:, :width])) for width in (4, 8, 16)) / 3
    assert float(objective(audio, text)) == pytest.approx(expected)


def test_matryoshka_narrows_the_memory_too(pairs):
    audio, text, memory = pairs
    expected = get("infonce")(audio[:, :4], text[:, :4], text_ids=IDS[:10], memory=memory.narrowed(4))
    found = get("infonce", widths=[4])(audio, text, text_ids=IDS[:10], memory=memory)
    assert float(found) == pytest.approx(float(expected))
    nameless = Memory(torch.cat([text[:1], memory.text]), None)
    # Equal to the whole report means equal, equal in a prefix does not.
    clash = text.clone()
    clash[1, :4] = clash[0, :4]
    assert bool(get("infonce", widths=[4])(audio, clash, memory=nameless).isfinite())


def test_matryoshka_s_prefixes_work_alone():
    """Trained with prefixes, four dimensions tell pairs apart; trained without, they need not."""
    audio, text = related(40, 32, noise=0.1)
    ranks = {}
    for widths in ((), (4, 32)):
        torch.manual_seed(0)
        heads = torch.nn.Linear(32, 32, dtype=torch.float64), torch.nn.Linear(32, 32, dtype=torch.float64)
        optimizer = torch.optim.Adam([*heads[0].parameters(), *heads[1].parameters()], 3e-3)
        for _ in range(60):
            optimizer.zero_grad()
            get("infonce", widths=widths)(heads[0](audio), heads[1](text)).backward()
            optimizer.step()
        ranks[widths] = get("infonce")(heads[0](audio)[:, :4], heads[1](text)[:, :4]).item()
    assert ranks[(4, 32)] < 0.5 * ranks[()]


def test_bad_prefixes(pairs):
    with pytest.raises(ConfigurationError, match="prefix widths"):
        get("infonce", widths=[0, 4])
    with pytest.raises(ConfigurationError, match="prefix of 64 dimensions"):
        get("infonce", widths=[64])(*pairs[:2])
    with pytest.raises(ConfigurationError, match="chunk of 0 rows"):
        get("infonce", chunk=0)

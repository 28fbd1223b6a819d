"""Is a sentence supported by these words? Through `rag.check`, as a program calls it."""

from __future__ import annotations

import time

import pytest

import rag

EVIDENCE = (
    "Some 2,000 mines had been cleared in Kherson by Saturday, President Volodymyr Zelensky said, but he called on residents "
    "to move with caution. The minister denied that any soldier was hurt. About 7.7 million people have left the country "
    "since February, the United Nations said. The bridge over the Dnipro stays closed until Monday. Repairs may begin in "
    "spring, and a third of the houses on the left bank have no power."
)


@pytest.mark.parametrize(
    "sentence",
    [
        "President Volodymyr Zelensky said, but he called on residents to move with caution.",
        "the minister denied that any soldier was hurt",
        "“The bridge over the Dnipro stays closed until Monday.” [3]",
    ],
)
def test_what_stands_there_word_for_word_is_quoted(sentence: str) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert (verdict.label, verdict.score) == ("quoted", 1.0)


@pytest.mark.parametrize(
    "sentence",
    [
        "Some 2,000 mines had been cleared in Kherson, Zelensky said. [1]",
        "About 7.7 million people have left the country, the United Nations said.",
        "2,000 mines had been cleared in Kherson, Volodymyr Zelensky said.",
        "The bridge over the Dnipro is closed until Monday.",
    ],
)
def test_what_is_said_there_is_supported(sentence: str) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert verdict.label == "supported" and verdict.score > 0.8, verdict


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Some 20,000 mines had been cleared in Kherson by Saturday.", ["2,000 mines", "20,000"]),
        ("About 9.2 million people have left the country since February.", ["7.7 million people", "9.2 million"]),
        ("The bridge over the Dnipro stays closed until Tuesday.", ["Monday", "Tuesday"]),
        ("The bridge over the Dnipro stays open until Monday.", ["closed", "open"]),
    ],
)
def test_a_contradiction_says_what_the_source_says(sentence: str, told: list[str]) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert verdict.label == "contradicted", verdict
    assert verdict.score <= 0.1 and all(word in verdict.reasons[0] for word in told)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Some 2,000 mines had been cleared in Mariupol by Saturday.", "Mariupol"),
        ("The minister said that a soldier was hurt.", "not so"),
        ("Repairs begin in spring.", "possibility"),
        ("A quarter of the houses on the left bank have no power.", "quarter"),
        ("President Volodymyr Zelensky said the minister was hurt.", ""),
        ("The opera of Vienna reopened on Sunday.", ""),
        ("Residents of Kherson moved to the left bank in spring to repair mines.", ""),
    ],
)
def test_what_is_not_said_there_is_not_called_supported(sentence: str, told: str) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert verdict.label in ("partly", "unsupported", "contradicted"), verdict
    assert verdict.reasons and any(told in reason for reason in verdict.reasons), verdict


@pytest.mark.parametrize(
    "sentence", ["Volodymyr Zelensky", "“United Nations” [2]", "The bridge stays", "Kherson, President Volodymyr Zelensky"]
)
def test_a_name_a_heading_or_a_piece_says_nothing(sentence: str) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert verdict.label in ("partly", "unsupported") and "no whole sentence" in verdict.reasons[0]


@pytest.mark.parametrize(
    "sentence",
    [
        "12 November 2022",
        "12 November 2022.",
        "“June 2012 Global Catastrophe Recap”:",
        "Kherson.",
        "The Mistake He Made in 2014",
    ],
)
def test_a_date_or_a_title_alone_says_nothing(sentence: str) -> None:
    evidence = (
        "On 12 November 2022, in Kherson, he spoke of The Mistake He Made in 2014 and the June 2012 Global Catastrophe Recap."
    )
    verdict = rag.check(sentence, [evidence])
    assert verdict.label in ("partly", "unsupported") and "no whole sentence" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("The minister denied that {}.", "The minister denied that"),
        ("The minister has repeatedly denied that {}, Reuters reports.", "denied that"),
        ("It is not true that {}.", "It is not true that"),
        ("It is a lie that {}.", "It is a lie that"),
    ],
)
def test_what_the_source_denies_is_contradicted_though_its_words_stand_there(source: str, told: str) -> None:
    words = "the bridge over the Dnipro is open to lorries"
    verdict = rag.check(words.capitalize() + ".", [source.format(words)])
    assert verdict.label == "contradicted" and told in verdict.reasons[0]


@pytest.mark.parametrize(
    "source",
    [
        "Kyiv claims that {}.",
        "Moscow believes {}.",
        "Few drivers believed that {}.",
        "There is no evidence that {}.",
        "Police did not say whether {}.",
        "If {}, traffic will return.",
        "Should it stay dry, {}.",
        "The road behind {}.",
        "{}, Kyiv hopes.",
        "{}, if it does not rain.",
        "{}, a report that the mayor denied.",
        "The report that {} is false.",
        "Rumours that {} are wrong.",
    ],
)
def test_what_is_left_out_of_a_quotation_can_take_its_truth(source: str) -> None:
    words = "the bridge over the Dnipro is open to lorries"
    verdict = rag.check(words.capitalize() + ".", [source.format(words)])
    assert verdict.label == "partly" and "left out" in " ".join(verdict.reasons), verdict


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{}.", ""),
        ("On Monday {}.", ""),
        ("The mayor was absent, but {}.", ""),
        ("Nobody was hurt, and {} again.", ""),
        ("{}, although some drivers fear that it may fall.", ""),
        ("The mayor denied that it was mined. {}.", ""),
        ("The mayor denied that {}. But on Tuesday {}.", ""),
        ("The mayor said that {}.", "The mayor said that"),
        ("{}, according to the mayor of Kherson.", "according to the mayor of Kherson"),
        ("{}, the mayor said on Monday.", "the mayor said on Monday"),
    ],
)
def test_a_quotation_that_leaves_out_only_what_matters_little_is_one(source: str, told: str) -> None:
    words = "the bridge over the Dnipro is open to lorries"
    verdict = rag.check(words.capitalize() + ".", [source.replace("{}", words)])
    assert verdict.label == "quoted", verdict
    assert told in " ".join(verdict.reasons) and (told or len(verdict.reasons) == 1)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("2,000 mines had been cleared.", "12,000 mines had been cleared."),
        ("5 million people have left.", "1.5 million people have left."),
        ("The price of a ticket rose to 2", "The price of a ticket rose to 2,000 euros."),
        ("The price of a ticket rose to 2.", "The price of a ticket rose to 2 million euros."),
        ("Rain stopped in the north.", "The train stopped in the north."),
        ("The council voted for the art.", "The council voted for the artist."),
    ],
)
def test_half_a_number_or_a_word_is_not_quoted(sentence: str, source: str) -> None:
    assert rag.check(sentence, [source]).label != "quoted"


@pytest.mark.parametrize(
    ("sentence", "source", "told"),
    [
        ("The company opened a plant in Leipzig.", "The company will open a plant in Leipzig.", "“will open”"),
        ("The company has opened a plant in Leipzig.", "The company is to open a plant in Leipzig.", "“is to open”"),
        (
            "Inspectors have returned to check the hospital.",
            "Inspectors are due to return to check the hospital.",
            "“due to return”",
        ),
        (
            "A woman attacked the headquarters on Monday.",
            "A woman tried to attack the headquarters on Monday.",
            "“tried to attack”",
        ),
    ],
)
def test_what_is_yet_to_come_is_not_done(sentence: str, source: str, told: str) -> None:
    verdict = rag.check(sentence, [source])
    assert verdict.label == "partly" and told in " ".join(verdict.reasons), verdict
    assert rag.check(source, [source]).label == "quoted"


def test_nothing_supports_nothing() -> None:
    assert rag.check("Anything at all.", []).label == "unsupported"
    assert rag.check("Anything at all.", ["", "  \n"]).label == "unsupported"
    for empty in ("", "  ", "[1]", "...", "“”"):
        assert rag.check(empty, [EVIDENCE]).label == "unsupported"


def test_the_same_is_said_each_time() -> None:
    verdicts = {rag.check("Zelensky asked people in Kherson to be careful.", [EVIDENCE]) for _ in range(3)}
    assert len(verdicts) == 1


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("x" * 50_000, "y" * 50_000),
        ("word " * 5_000, "word " * 5_000),
        ("Ночью мост закрыли.", "Мост через Днепр закрыли ночью."),
        ("桥已关闭。", "第聂伯河上的桥已关闭。"),
        ("\x00\x1b[31m", "\u202e\ud83d"),
        ("1 2 3", "4 5 6"),
    ],
)
def test_any_text_gets_a_verdict(sentence: str, evidence: str) -> None:
    verdict = rag.check(sentence, [evidence])
    assert 0.0 <= verdict.score <= 1.0


def test_once_read_a_sentence_takes_milliseconds() -> None:
    from index.minilm import MiniLM
    from rag.verify import Checker

    checker = Checker(MiniLM())
    evidence = checker.read(EVIDENCE)
    sentences = ("The bridge over the Dnipro remains shut.", "People must be careful in Kherson, said Zelensky.")
    spent = []
    for sentence in sentences * 5:
        begun = time.perf_counter()
        said = checker.read_one(sentence)
        assert said is not None
        checker.verdict(said, evidence)
        spent.append(time.perf_counter() - begun)
    assert sorted(spent)[len(spent) // 2] < 0.1, "several times the 15 ms that it takes on an idle machine"


def test_pieces_of_evidence_judged_at_once_get_the_verdict_of_each_alone() -> None:
    from index.minilm import MiniLM
    from rag.verify import Checker

    checker = Checker(MiniLM())
    evidence = checker.read(EVIDENCE)
    said = checker.read_one("Residents were told by Zelensky to be careful.")
    assert said is not None
    pieces = [([one], []) for one in evidence] + [([], []), (evidence, [])]
    assert checker.verdicts(said, pieces) == [checker.verdict(said, *piece) for piece in pieces]
    assert [verdict.score for verdict in checker.verdicts(said, [([], [])])] == [0.0]


@pytest.mark.parametrize(
    ("follows", "follows_not"),
    [
        ("Zelensky told residents of Kherson to take care.", "Residents of Kherson told Zelensky to take care."),
        (
            "A third of the left bank's houses are without electricity.",
            "A third of the left bank's soldiers are without electricity.",
        ),
    ],
)
def test_who_did_what_counts_and_not_the_words_alone(follows: str, follows_not: str) -> None:
    assert rag.check(follows, [EVIDENCE]).score > rag.check(follows_not, [EVIDENCE]).score


def test_a_sentence_is_cited_to_the_narrowest_words_that_support_it() -> None:
    from index.minilm import MiniLM
    from index.types import Article, Hit, Passage
    from rag.cite import cite, read_sources
    from rag.verify import Checker

    checker = Checker(MiniLM())
    article = Article(id="a", title="Mines and a bridge", text=EVIDENCE, source="a.txt")
    passage = Passage(id="a-0", article_id="a", start=0, end=len(EVIDENCE), text=EVIDENCE)
    sources = read_sources([Hit(passage, article, 1.0)], checker)
    verdict, citations = cite("The bridge over the Dnipro is closed until Monday.", [1], sources, checker)
    assert verdict.label == "supported"
    assert [one.quote for one in citations] == ["The bridge over the Dnipro stays closed until Monday."]

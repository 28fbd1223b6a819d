"""When is a sentence only a shorter one than its source has, and when does it say something else?"""

from __future__ import annotations

import time

import pytest

import rag
from rag.shortened import is_shortened


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("The bridge was closed on Monday.", "The old bridge over the river was closed by the police on Monday."),
        ("The minister said the bridge was closed.", "The minister, who had come from Kyiv, said the bridge was closed."),
        ("Police arrested a man in Lyon.", "On Tuesday police arrested a 34-year-old man (pictured) in Lyon."),
        ("Oil prices fell to 80 dollars a barrel.", "Oil prices fell 4 percent to 80 dollars a barrel."),
        (
            "Some mines had been cleared, Zelensky said.",
            "Some mines had been cleared by Saturday, President Zelensky said, but not all.",
        ),
        ("The miners have been rescued alive.", "On the night of Monday the miners have been rescued alive."),
        ("Weber has cut 2,500 jobs.", "Weber cut 2,500 jobs in Berlin."),
    ],
)
def test_what_is_left_out_may_go(said: str, source: str) -> None:
    assert is_shortened(said, source)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("He is charged with the murder of his friend.", "He is charged with planning the murder of his friend."),
        ("The mayor has filed for divorce in Utah.", "The wife of the mayor has filed for divorce in Utah."),
        ("The guide took the visitors at the station.", "The guide took a photograph of the visitors at the station."),
        ("Her father has a walk in the background.", "Her father has a dog's walk in the background."),
        (
            "The court rejected the bribes.",
            "The court rejected the appeal by a minister, who was jailed for taking the bribes.",
        ),
        ("The law was to protect children, killed at home.", "The law was to protect children; a dog was killed at home."),
        ("Sales rose to 6 percent in February.", "Sales rose to 6 percent in March from 5 percent in February."),
        ("Sales rose to 5 percent in February.", "Sales rose to 6 percent in March from 5 percent in February."),
        ("The actress was a member of the party.", "The actress was formerly a member of the party."),
        ("The match will be played on Sunday.", "The match will be played, if it stays dry, on Sunday."),
        ("The man attacked the police station.", "The man did not attack the police, but attacked no station."),
        ("The company will cut 2,500 jobs.", "The company cut 2,500 jobs."),
        ("Germany's captain scored two goals.", "Germany had a captain who scored two goals."),
        ("She was seen beating and a driver on Monday.", "She was seen beating and insulting a driver on Monday."),
        (
            "The miners trapped since Monday have been rescued.",
            "Two of the five miners trapped since Monday have been rescued.",
        ),
        ("The young voters came to the square.", "Few of the young voters came to the square."),
        ("Two words.", "Two words."),
    ],
)
def test_what_is_left_out_may_not_go(said: str, source: str) -> None:
    assert not is_shortened(said, source)


def test_what_the_reader_knows_from_elsewhere_need_not_stand_there() -> None:
    said, source = "Banksy left a picture on a building.", "He left a large picture on a building."
    assert not is_shortened(said, source)
    assert is_shortened(said, source, {"banksi"})
    assert is_shortened("In the Alps, 20 bears have been counted.", "So far 20 bears have been counted.", {"alp"})


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("It was the first strike by pilots at the airline.", "It was the first strike by pilots at the airline since 2014."),
        ("Lima is the largest city.", "Lima is the largest city in Peru."),
        ("Costa will play Yuki Sato in the final.", "Costa will play either Lena Brandt or Yuki Sato in the final."),
        ("Costa will play Lena Brandt.", "Costa will play Lena Brandt or Yuki Sato on Saturday."),
        ("The disease has killed about 9,000 people in Peru.", "The disease has killed about 9,000 people a year in Peru."),
        ("The disease kills about 9,000 people.", "The disease kills about 9,000 people a year."),
        ("The airline offers a rise of 6 percent a year.", "The airline offers a rise of 6 percent over two years."),
        ("Peru is the only member that has voted.", "Peru is the only other member that has voted."),
        ("All schools in the city are closed.", "All private schools in the city are closed."),
        ("Pupils might be kept out of school.", "Pupils might be kept out of school during outbreaks."),
        ("The shops of the city are open on Sunday.", "The shops of the city are open on Sunday except in August."),
        ("A guard at the museum has fled to Peru.", "A third man, a former guard at the museum, has fled to Peru."),
        ("A guard at the museum has fled to Peru.", "A suspected guard at the museum has fled to Peru."),
    ],
)
def test_what_narrows_a_sentence_may_not_go(said: str, source: str) -> None:
    verdict = rag.check(said, [source])
    assert verdict.label not in ("quoted", "supported"), verdict


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("The largest ship of the fleet was hit.", "The largest ship of the fleet was hit in the harbour on Monday."),
        ("The fire broke out last week.", "The fire broke out last week in the old town."),
        ("Ten people were hurt.", "Ten people were hurt, two or three of them badly."),
        ("She may sell the house.", "She may sell the house in Lima."),
        ("The council met in the first week.", "The council met in the first week of May."),
    ],
)
def test_what_says_more_of_it_may_go(said: str, source: str) -> None:
    assert rag.check(said, [source]).label == "quoted"


def test_endless_sentences_take_no_time() -> None:
    begun = time.perf_counter()
    for word in ("word ", "one, ", "of the ", "2 "):
        is_shortened(word * 249, word * 249)
        assert not is_shortened(word * 50_000, word * 50_000)
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize(
    ("sentence", "source", "told"),
    [
        (
            "President Olaf Scholz told Chancellor Emmanuel Macron that Berlin would send tanks.",
            "Chancellor Olaf Scholz told President Emmanuel Macron that Berlin would send tanks.",
            "Chancellor Olaf Scholz",
        ),
        ("Deputy Minister Anna Weber resigned on Monday.", "Minister Anna Weber resigned on Monday.", "Minister Anna Weber"),
        ("Minister Anna Weber resigned on Monday.", "Former minister Anna Weber resigned on Monday.", "Former minister"),
        ("Sales rose by 6.4 percent in March.", "Sales rose to 6.4 percent in March.", "“to 6.4 percent”"),
        ("Sales rose to 6 percent from 7 percent.", "Sales rose from 6 percent to 7 percent.", "“from 6 percent”"),
        ("More than 2,500 people lost their jobs.", "Some 2,500 people lost their jobs.", "More than 2,500"),
        ("2,500 people may lose their jobs.", "Up to 2,500 people may lose their jobs.", "2,500"),
    ],
)
def test_titles_and_directions_and_bounds_are_not_the_same(sentence: str, source: str, told: str) -> None:
    verdict = rag.check(sentence, [source])
    assert verdict.label not in ("supported", "quoted") and told in " ".join(verdict.reasons), verdict


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Minister Weber resigned on Monday evening.", "Foreign Minister Anna Weber resigned on Monday evening in Berlin."),
        ("Sales rose to 6.4% in March.", "Sales rose to 6.4 percent in March, the statistics office said."),
        (
            "The fire in Lyon killed three people in May.",
            "The fire in Lyon killed three people in the night in May, police said.",
        ),
        ("The manager has taken charge of 1,056 matches.", "The manager, who is 65, has taken charge of 1, 056 matches."),
        ("France beat Germany 3-1.", "France beat Germany 3-1 in the final."),
    ],
)
def test_what_is_the_same_is_no_fault(sentence: str, source: str) -> None:
    assert rag.check(sentence, [source]).label in ("supported", "quoted")

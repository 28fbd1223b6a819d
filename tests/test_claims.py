"""Mistakes that a model makes when it writes: none of them may be called supported. Through `rag.check`."""

from __future__ import annotations

import pytest

import rag

WRONG = {
    "The company cut 2,500 jobs in Berlin, its chief executive Anna Weber said on Tuesday.": (
        "The company cut 2,500 jobs in Munich.",
        "The company created 2,500 jobs in Berlin.",
        "The company cut 25,000 jobs in Berlin.",
        "The company's chairman Anna Weber said it cut 2,500 jobs.",
        "Anna Weber said on Thursday that the company cut 2,500 jobs in Berlin.",
        "The union said the company cut 2,500 jobs in Berlin.",
        "The company will cut 2,500 jobs in Berlin.",
        "The company cut more than 2,500 jobs in Berlin.",
        "Berlin cut 2,500 jobs, the company's chief executive said.",
        "Chief executive Anna Weber lost her job on Tuesday.",
        "The company cut 2,500 jobs because of falling sales.",
    ),
    "Unemployment rose to 6.4 percent in March from 6.1 percent in February, the statistics office said.": (
        "Unemployment fell to 6.4 percent in March.",
        "Unemployment rose to 6.1 percent in February.",
        "Unemployment rose to 6.4 percent in February.",
        "Unemployment rose by 6.4 percent in March.",
        "Unemployment rose to 6.1 percent in March from 6.4 percent in February.",
        "Unemployment rose to 6.4 million in March.",
        "Employment rose to 6.4 percent in March.",
        "Unemployment rose by 0.5 points in March.",
        "Unemployment was higher in February than in March.",
        "The central bank said unemployment rose to 6.4 percent in March.",
    ),
    "Police arrested a 34-year-old man in connection with the fire that killed three people in Lyon on 3 May 2021.": (
        "A 34-year-old man was killed in the fire in Lyon.",
        "Police arrested three people over the fire in Lyon.",
        "Police arrested a 43-year-old man over the fire in Lyon.",
        "The fire in Lyon killed four people.",
        "The fire killed three people in Lyon on 3 May 2012.",
        "The fire killed three people in Lyon on 5 May 2021.",
        "A man was convicted of the fire that killed three people in Lyon.",
        "A man arrested by police confessed to the fire in Lyon.",
        "The fire injured three people in Lyon.",
        "Firefighters arrested a 34-year-old man in Lyon.",
        "The fire in Marseille killed three people.",
    ),
    "France beat Germany 3-1 in the final on Sunday; Kylian Mbappé scored twice in the second half.": (
        "Germany beat France 3-1 in the final.",
        "France beat Germany 2-1 in the final.",
        "France lost to Germany 3-1 in the final.",
        "Mbappé scored three goals in the final.",
        "Mbappé scored twice in the first half.",
        "Germany's Kylian Mbappé scored twice.",
        "France drew with Germany in the final.",
        "France beat Germany in the semi-final on Sunday.",
        "France beat Germany 1-3 in the final.",
    ),
    "The court rejected an appeal by the former minister, who was sentenced to four years in prison for accepting bribes.": (
        "The court accepted an appeal by the former minister.",
        "The former minister was sentenced to fourteen years in prison.",
        "The minister was sentenced to four years in prison for paying bribes.",
        "The former minister appealed against the court's four-year rejection.",
        "The former minister was acquitted of accepting bribes.",
        "The court rejected the bribes.",
        "The former minister rejected the court's appeal.",
    ),
    "Before the merger the bank had 12,000 employees; afterwards 9,500 were left.": (
        "After the merger the bank had 12,000 employees.",
        "Before the merger the bank had 9,500 employees.",
        "The bank had 9,500 employees before the merger and 12,000 afterwards.",
        "The merger left the bank with 12,000 employees.",
    ),
    "Not all of the 40 schools were closed during the strike, the ministry said, and only a few teachers took part.": (
        "All of the 40 schools were closed during the strike.",
        "Many teachers took part in the strike.",
        "The 40 schools were closed during the strike.",
        "The ministry said that 40 teachers took part.",
        "No schools were closed during the strike.",
    ),
    "The vaccine may protect against the new variant, although researchers warned that the data are preliminary.": (
        "The vaccine protects against the new variant.",
        "Researchers said that the vaccine protects against the new variant.",
        "The vaccine does not protect against the new variant.",
        "The data show that the vaccine protects against the variant.",
    ),
    "Oil prices fell 4 percent to 80 dollars a barrel, the lowest since January.": (
        "Oil prices fell to 4 dollars a barrel.",
        "Oil prices fell 80 percent.",
        "Oil prices fell 4 percent, the highest since January.",
        "Oil prices were lower in January.",
        "Gas prices fell 4 percent to 80 dollars.",
        "Oil prices fell 4 dollars to 80 dollars a barrel.",
    ),
    "Chancellor Olaf Scholz told President Emmanuel Macron that Berlin would not send tanks.": (
        "President Emmanuel Macron told Chancellor Olaf Scholz that Paris would not send tanks.",
        "Macron told Scholz that Berlin would not send tanks.",
        "Scholz told Macron that Berlin would send tanks.",
        "President Olaf Scholz told Chancellor Emmanuel Macron that Berlin would not send tanks.",
        "Scholz told Macron that Paris would not send tanks.",
        "Macron will not send tanks.",
    ),
    "The museum reopened in June after two years of renovation that cost 30 million euros.": (
        "The museum closed in June after two years.",
        "The museum reopened in July after two years of renovation.",
        "The renovation took three years.",
        "The renovation cost 30 million dollars.",
        "The renovation cost 30 billion euros.",
        "The museum reopened two years after June.",
        "The museum will reopen in June.",
    ),
    "Iran has supplied drones to Russia, Ukraine says; Tehran denies it.": (
        "Iran admits that it supplied drones to Russia.",
        "Russia supplied drones to Iran.",
        "Tehran says that Iran supplied drones to Russia.",
        "Ukraine denies that Iran supplied drones to Russia.",
        "Iran has supplied drones to Ukraine.",
    ),
}

RIGHT = {
    "The company cut 2,500 jobs in Berlin, its chief executive Anna Weber said on Tuesday.": (
        "The company cut 2,500 jobs in Berlin.",
        "Anna Weber, the chief executive, said the company had cut 2,500 jobs in Berlin.",
        "The company has cut 2,500 jobs in the German capital.",
        "Some 2,500 jobs were cut in Berlin.",
    ),
    "Unemployment rose to 6.4 percent in March from 6.1 percent in February, the statistics office said.": (
        "Unemployment rose to 6.4% in March.",
        "Unemployment was 6.1 percent in February.",
        "In March unemployment increased to 6.4 percent.",
        "Unemployment rose by 0.3 percentage points in March.",
    ),
    "Police arrested a 34-year-old man in connection with the fire that killed three people in Lyon on 3 May 2021.": (
        "A 34-year-old man was arrested over the fire.",
        "Three people were killed by a fire in Lyon.",
        "The fire in Lyon on 3 May 2021 killed three people.",
        "Police have arrested a man over a fire in Lyon in May 2021.",
    ),
    "France beat Germany 3-1 in the final on Sunday; Kylian Mbappé scored twice in the second half.": (
        "France won the final against Germany 3-1.",
        "Germany lost the final to France.",
        "Kylian Mbappé scored two goals in the second half.",
        "France beat Germany 3-1.",
    ),
    "The court rejected an appeal by the former minister, who was sentenced to four years in prison for accepting bribes.": (
        "The former minister was sentenced to four years in prison.",
        "The former minister's appeal was rejected.",
        "The former minister was sentenced for accepting bribes.",
    ),
    "Before the merger the bank had 12,000 employees; afterwards 9,500 were left.": (
        "The bank had 12,000 employees before the merger.",
        "After the merger 9,500 employees were left.",
    ),
    "The vaccine may protect against the new variant, although researchers warned that the data are preliminary.": (
        "The vaccine may protect against the new variant.",
        "Researchers warned that the data are preliminary.",
    ),
    "Oil prices fell 4 percent to 80 dollars a barrel, the lowest since January.": (
        "Oil prices fell by 4 percent.",
        "Oil prices fell to 80 dollars a barrel.",
        "Oil fell 4% to $80 a barrel.",
    ),
    "Chancellor Olaf Scholz told President Emmanuel Macron that Berlin would not send tanks.": (
        "Scholz told Macron that Berlin would not send tanks.",
        "The chancellor said that Berlin would not send tanks.",
    ),
    "The museum reopened in June after two years of renovation that cost 30 million euros.": (
        "The museum reopened in June.",
        "The renovation cost 30 million euros.",
        "The renovation of the museum took two years and cost 30 million euros.",
    ),
}


@pytest.mark.parametrize("source", WRONG)
def test_what_is_wrong_is_not_called_supported(source: str) -> None:
    called = {claim: rag.check(claim, [source]).label for claim in WRONG[source]}
    assert {claim for claim, label in called.items() if label in ("supported", "quoted")} == set()


@pytest.mark.parametrize("source", RIGHT)
def test_what_is_right_is_not_called_contradicted(source: str) -> None:
    called = {claim: rag.check(claim, [source]).label for claim in RIGHT[source]}
    assert {claim for claim, label in called.items() if label == "contradicted"} == set()

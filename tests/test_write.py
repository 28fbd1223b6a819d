"""A model that writes, reached over HTTP as a user's is: what is shown, checked, withdrawn, and what goes wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from model_servers import Script, ended, scripted_server, tool_call
from served import in_a_loop

import rag
from index.errors import SettingsError
from rag import Answer, Chat, ClaimChecked, Status, Token, Turn, Withdrawn
from rag.write import ASTRAY

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
QUESTION = "How many mines have been cleared in Kherson?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    with rag.open_chat(folder) as chat:
        chat.add(SEEDS)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Script]]:
    with scripted_server() as (url, script):
        yield url, script


@pytest.fixture
def script(server: tuple[str, Script]) -> Script:
    script = server[1]
    fresh = Script()
    for name in ("say", "status", "body", "headers", "usage", "requests", "sent", "hung_up"):
        setattr(script, name, getattr(fresh, name))
    return script


@pytest.fixture(scope="module")
def chat(library: Path, server: tuple[str, Script]) -> Iterator[Chat]:
    with rag.open_chat(library, openai_base_url=server[0], chat_model="scripted", chat_retries=0) as opened:
        yield opened


def opened(library: Path, server: tuple[str, Script], **settings: Any) -> Chat:
    given = {"openai_base_url": server[0], "chat_model": "scripted", "chat_retries": 0, **settings}
    return rag.open_chat(library, **given)


def assert_exact(answer: Answer) -> None:
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    cited = {citation.number for claim in answer.claims for citation in claim.citations}
    assert cited <= {citation.number for citation in answer.citations}


def passage_of(script: Script, words: str) -> int:
    """The number under which the model was shown the passage that holds these words."""
    shown = script.requests[-1]["messages"][-1]["content"]
    return int(shown[: shown.index(words)].rpartition("<passage ")[2].partition(">")[0])


def test_what_a_model_writes_is_cited_and_checked(chat: Chat, script: Script) -> None:
    script.say = lambda messages: iter(
        ["In Kherson, 2,000 mines have", " been cleared [", str(passage_of(script, "2,000 mines")), "]."]
    )
    answer = chat.ask(QUESTION)
    assert_exact(answer)
    assert answer.answered and answer.writer == "model" and answer.model == "scripted"
    assert (answer.tokens_in, answer.tokens_out) == (11, 7)
    assert 0 < answer.first_token <= answer.elapsed
    (claim,) = answer.claims
    assert claim.text == "In Kherson, 2,000 mines have been cleared."
    assert claim.verdict.label in ("supported", "quoted")
    assert "2,000 mines" in claim.citations[0].quote and "Kherson" in claim.citations[0].article.text
    told = "President Volodymyr Zelensky said on Saturday"
    assert told in claim.verdict.told and answer.text.startswith("In Kherson, 2,000 mines have been cleared. [1] *(in the")
    assert answer.text.endswith("…”)*") and told in answer.text
    assert json.loads(json.dumps(answer.to_dict())) and Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_the_stream_is_the_answer_in_pieces(chat: Chat, script: Script) -> None:
    script.says("In Kherson, 2,000 ", "mines have been ", "cleared [1]. ", "The moon is ", "made of cheese [2].")
    events = list(chat.stream(QUESTION))
    answer = events[-1]
    assert isinstance(answer, Answer) and isinstance(events[0], Status)
    tokens = [event.text for event in events if isinstance(event, Token)]
    assert "".join(tokens) == answer.text and len(tokens) > 4
    assert tuple(event.claim for event in events if isinstance(event, ClaimChecked)) == answer.claims
    checked = events.index(next(event for event in events if isinstance(event, ClaimChecked)))
    assert any("moon" in event.text for event in events[checked:] if isinstance(event, Token)), "checked while it streams"


def test_what_no_article_supports_is_marked(chat: Chat, script: Script) -> None:
    script.says("In Kherson, 2,000 mines have been cleared [1]. The moon is made of green cheese [1].")
    answer = chat.ask(QUESTION)
    good, bad = answer.claims
    assert good.verdict.label in ("supported", "quoted")
    assert bad.verdict.label == "unsupported" and bad.verdict.reasons
    assert "green cheese. [" in answer.text and answer.text.endswith("*(not supported by the articles)*")
    assert_exact(answer)


def test_a_contradiction_says_what_the_source_says(chat: Chat, script: Script) -> None:
    script.says("In Kherson, 2,000 mines have been cleared [1]. In Kherson, 20,000 mines have been cleared [1].")
    answer = chat.ask(QUESTION)
    assert answer.claims[1].verdict.label == "contradicted"
    assert "2,000 mines" in answer.text.partition("contradicted by the articles")[2]


def test_an_answer_in_which_nothing_is_supported_is_withdrawn(chat: Chat, script: Script) -> None:
    script.says("The moon is made of green cheese [1]. Cows jump over it [2].")
    events = list(chat.stream(QUESTION))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.writer == "quote" and answer.answered
    assert "Nothing that the model wrote is supported" in answer.notice and "cheese" not in answer.text
    withdrawn = [n for n, event in enumerate(events) if isinstance(event, Withdrawn)]
    assert len(withdrawn) == 1
    assert "".join(event.text for event in events[withdrawn[0] :] if isinstance(event, Token)) == answer.text


def test_markers_of_no_passage_and_of_the_wrong_one(chat: Chat, script: Script) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        right = passage_of(script, "2,000 mines")
        wrong = next(number for number in (1, 2, 3) if number != right)
        yield f"In Kherson, 2,000 mines have been cleared [{wrong}]. So far 2,000 mines have been cleared [77]."

    script.say = say
    moved, unnamed = chat.ask(QUESTION).claims
    for claim in (moved, unnamed):
        assert claim.verdict.label in ("supported", "quoted") and "2,000 mines" in claim.citations[0].quote
    assert any("does not say it" in reason for reason in moved.verdict.reasons)
    assert any("was found" in reason for reason in unnamed.verdict.reasons)


def test_a_refusal_is_no_answer(chat: Chat, script: Script) -> None:
    for said in (
        "The articles do not say.",
        "Unfortunately, the passages do not mention how many.",
        "There is no information on that.",
    ):
        script.says(*said.split(" ", 1)[0:1], " " + said.split(" ", 1)[1])
        events = list(chat.stream(QUESTION))
        answer = events[-1]
        assert isinstance(answer, Answer)
        assert not answer.answered and answer.writer == "model" and not answer.claims
        assert answer.text.startswith("The articles do not say.") and "The nearest passages:" in answer.text
        assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text


PALACE = """# Moreau will not step down

Sources close to President Moreau said on Tuesday that he is not going to resign. The documents published by the newspaper do \
not show that the finance minister knew of the payments. No mention was made of a ceasefire in the statement of the palace.

The articles of impeachment do not mention bribery. The president called the payments a mistake. The bridge over the Lenne is \
closed until Monday. Nobody was hurt.
"""


@pytest.fixture(scope="module")
def palace(tmp_path_factory: pytest.TempPathFactory, server: tuple[str, Script]) -> Iterator[Chat]:
    folder = tmp_path_factory.mktemp("palace")
    (folder / "palace.md").write_text(PALACE, encoding="utf-8")
    with opened(folder / "data", server) as chat:
        chat.add(folder / "palace.md")
        yield chat


def since_withdrawn(events: list[rag.Event]) -> str:
    """The text that counts, of the events of a stream."""
    last = max((n for n, event in enumerate(events) if isinstance(event, Withdrawn)), default=-1)
    return "".join(event.text for event in events[last + 1 :] if isinstance(event, Token))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "Is President Moreau going to resign?",
            "Sources close to President Moreau said on Tuesday that he is not going to resign",
        ),
        (
            "Did the finance minister know of the payments?",
            "The documents published by the newspaper do not show that the finance minister knew of the payments",
        ),
        ("Do the articles of impeachment mention bribery?", "The articles of impeachment do not mention bribery"),
        ("Did the palace mention a ceasefire?", "No mention was made of a ceasefire in the statement of the palace"),
    ],
)
def test_what_the_articles_say_is_not_taken_for_their_silence(palace: Chat, script: Script, question: str, said: str) -> None:
    script.says(*[f"{word} " for word in said.split(" ")], "[1].")
    events = list(palace.stream(question))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.answered, "a true sentence was taken for a refusal"
    assert [claim.text for claim in answer.claims] == [f"{said}."]
    assert answer.claims[0].verdict.label in ("quoted", "supported")
    assert since_withdrawn(events) == answer.text


@pytest.mark.parametrize(
    "silence", ["The article does not say what the bridge cost.", "This article does not mention its price."]
)
def test_silence_beside_an_answer_is_told_once_and_unchecked_words_are_not_in_the_text(
    palace: Chat, script: Script, silence: str
) -> None:
    said = f"The bridge over the Lenne is closed until Monday [1]. {silence} Nobody was hurt [1]."
    script.says(*[f"{word} " for word in said.split(" ")])
    events = list(palace.stream("How long is the bridge over the Lenne closed?"))
    answer = events[-1]
    assert isinstance(answer, Answer) and len(answer.claims) == 2
    assert silence not in answer.text and answer.notice == f"The model added: {silence}"
    assert since_withdrawn(events) == answer.text
    script.says(*[f"{word} " for word in silence.split(" ")])
    events = list(palace.stream("How long is the bridge over the Lenne closed?"))
    answer = events[-1]
    assert isinstance(answer, Answer) and not answer.answered and answer.writer == "model"
    assert since_withdrawn(events) == answer.text


def test_where_nothing_comes_near_the_model_is_not_asked(chat: Chat, script: Script) -> None:
    answer = chat.ask("What is the price of wheat in Chicago?")
    assert not answer.answered and not script.requests


def test_unsupported_sentences_can_be_dropped(library: Path, server: tuple[str, Script], script: Script) -> None:
    script.says("In Kherson, 2,000 mines have been cleared [1]. The moon is made of green cheese [1].")
    with opened(library, server, unsupported="drop") as chat:
        events = list(chat.stream(QUESTION))
    answer = events[-1]
    assert isinstance(answer, Answer) and len(answer.claims) == 1
    assert all("cheese" not in event.text for event in events if isinstance(event, Token))
    assert answer.notice == "One sentence was left out because the articles do not support it."


def test_strictly_one_unsupported_sentence_is_too_many(library: Path, server: tuple[str, Script], script: Script) -> None:
    said = "In Kherson, 2,000 mines have been cleared [1]. ", "The moon is made of green cheese [1]. "
    script.says(*said, *["And more. ", 0.02] * 2_000)
    with opened(library, server, unsupported="strict") as chat:
        answer = chat.ask(QUESTION)
    assert answer.writer == "quote" and "cheese" not in answer.text and "Answered by quoting instead" in answer.notice
    assert script.hung_up.wait(5) and script.sent < 2_000, "the model was not stopped"


@pytest.mark.parametrize(
    ("status", "message", "code", "said"),
    [
        (401, "Incorrect API key provided: sk-test", "invalid_api_key", "Check OPENAI_API_KEY"),
        (403, "Country not supported", "", "may not use the model"),
        (404, "The model `scripted` does not exist", "model_not_found", "knows no model 'scripted'"),
        (429, "You exceeded your current quota", "insufficient_quota", "quota of this key is used up"),
        (429, "Rate limit reached", "rate_limit_exceeded", "too many requests"),
        (400, "maximum context length is 512 tokens", "context_length_exceeded", "Set CONTEXT_WINDOW"),
        (400, "temperature is not supported", "unsupported_value", "CHAT_TEMPERATURE"),
        (500, "boom", "", "The server of the model scripted failed"),
    ],
)
def test_each_failure_has_its_sentence_and_the_quoted_answer(
    chat: Chat, script: Script, status: int, message: str, code: str, said: str
) -> None:
    script.refuses(status, message, code)
    answer = chat.ask(QUESTION)
    assert said in answer.notice and answer.notice.endswith("Answered by quoting instead.")
    assert answer.writer == "quote" and answer.answered and "2,000 mines" in answer.text
    assert "Traceback" not in answer.notice


def test_a_key_is_never_told(library: Path, server: tuple[str, Script], script: Script) -> None:
    script.refuses(401, "Incorrect API key provided: sk-very-secret.", "invalid_api_key")
    with opened(library, server, openai_api_key="sk-very-secret") as chat:
        answer = chat.ask(QUESTION)
    assert script.requests[-1]["headers"]["Authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in json.dumps(answer.to_dict())


def test_no_server_and_a_silent_one(library: Path, server: tuple[str, Script], script: Script) -> None:
    with opened(library, server, openai_base_url="http://127.0.0.1:9/v1") as chat:
        assert "could not be reached" in chat.ask(QUESTION).notice
    script.says("In ", 30.0)
    script.say = lambda messages: _asleep()
    with opened(library, server, chat_timeout=0.3) as chat:
        assert "said nothing for 0.3 seconds" in chat.ask(QUESTION).notice


def _asleep() -> Iterator[str]:
    time.sleep(1.5)
    yield "Too late."


def test_a_stream_that_breaks_off_keeps_what_was_checked(chat: Chat, script: Script) -> None:
    script.says("In Kherson, 2,000 mines have been cleared [1]. ", "They also found ", None)
    answer = chat.ask(QUESTION)
    assert answer.writer == "model" and len(answer.claims) == 1
    assert "broke off" in answer.notice and "not complete" in answer.notice
    assert "They also" not in answer.claims[0].text
    script.says("In ", None)
    assert chat.ask(QUESTION).writer == "quote"


@pytest.mark.parametrize(
    ("reason", "told"), [("length", "cut off at its server's limit of length"), ("content_filter", "server's content filter")]
)
def test_a_text_that_its_server_cut_off_is_not_taken_for_whole(palace: Chat, script: Script, reason: str, told: str) -> None:
    question = "How long is the bridge over the Lenne closed?"
    script.says("The bridge over the Lenne is closed until Monday [1]. ", "Nobody ", "was hurt ", "[1,", ended(reason))
    events = list(palace.stream(question))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.writer == "model" and answer.tokens_out == 7
    assert [claim.text for claim in answer.claims] == ["The bridge over the Lenne is closed until Monday."]
    assert answer.text == since_withdrawn(events) == "The bridge over the Lenne is closed until Monday. [1]"
    assert told in answer.notice and answer.notice.endswith("The answer is not complete.")
    after = events[max(n for n, event in enumerate(events) if isinstance(event, Withdrawn)) :]
    assert tuple(event.claim for event in after if isinstance(event, ClaimChecked)) == answer.claims
    script.says("The articles do not say. ", "Nobody ", "was hurt ", ended(reason))
    events = list(palace.stream(question))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.writer == "quote" and answer.answered and told in answer.notice
    assert answer.text == since_withdrawn(events)


def test_a_text_that_came_to_its_end_is_whole(palace: Chat, script: Script) -> None:
    script.says("The bridge over the Lenne is closed until Monday [1]. Nobody was hurt [1].", ended("stop"))
    answer = palace.ask("How long is the bridge over the Lenne closed?")
    assert len(answer.claims) == 2 and not answer.notice


def test_a_rewritten_question_that_was_cut_off_is_not_searched(chat: Chat, script: Script) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str | bytes]:
        if "<conversation>" in messages[-1]["content"]:
            yield "Who said that 2,000 mines have"
            yield ended("length")
        else:
            yield "The articles do not say."

    script.say = say
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    assert chat.ask("Who said that?", history).searched == "Who said that? (mines have been cleared in Kherson)"


def test_a_model_that_rewrites_a_question_for_ever_is_stopped(chat: Chat, script: Script) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        if "<conversation>" in messages[-1]["content"]:
            yield from itertools.repeat("Who said it? ")
        else:
            yield "The articles do not say."

    script.say = say
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    assert chat.ask("Who said that?", history).searched == "Who said that? (mines have been cleared in Kherson)"


ALOUD = "Okay, the user asks about the bridge. Passage 1 may say how long it is closed, but no day is given. "
BRIDGE = ("The bridge over the Lenne ", "is closed until Monday [1].")


@pytest.mark.parametrize(
    "thoughts",
    [
        ("<think>\n", *[ALOUD] * 150, "</think>\n\n"),
        (*[f"{word} " for word in ALOUD.split(" ")] * 12, "</thi", "nk>\n\n"),
        ("The bridge may be open. ", "Passage 1 ", "says more. ", "</think>", "\n\n"),
        ("<thinking>Hm.</thinking>Hm again.</think>",),
    ],
)
def test_what_a_model_thinks_is_no_answer(palace: Chat, script: Script, thoughts: tuple[str, ...]) -> None:
    script.says(*thoughts, *BRIDGE)
    events = list(palace.stream("How long is the bridge over the Lenne closed?"))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.writer == "model" and not answer.notice
    assert answer.text == since_withdrawn(events) == "The bridge over the Lenne is closed until Monday. [1]"
    assert len(answer.claims) == 1


@pytest.mark.parametrize("thoughts", [("<think>", *[ALOUD] * 900), (*[ALOUD] * 900,), ("<think>Well.",), ("Hm.</think>",)])
def test_a_model_that_only_thinks_is_told_from_one_that_answers(
    palace: Chat, script: Script, thoughts: tuple[str, ...]
) -> None:
    script.says(*thoughts)
    answer = palace.ask("How long is the bridge over the Lenne closed?")
    assert answer.writer == "quote" and answer.notice == "The model thought, and wrote no answer. Answered by quoting instead."


def test_an_answer_that_begins_like_thoughts_is_an_answer(palace: Chat, script: Script) -> None:
    script.says("Okay. ", *BRIDGE)
    answer = palace.ask("How long is the bridge over the Lenne closed?")
    assert answer.writer == "model" and "closed until Monday. [1]" in answer.text


@pytest.mark.parametrize(
    "thoughts", ["<think>Who is meant? Zelensky.</think>\n", "Okay, who is meant?\nIt is Zelensky.\n</think>\n"]
)
def test_a_question_is_rewritten_without_thoughts(chat: Chat, script: Script, thoughts: str) -> None:
    written = "Who said that 2,000 mines have been cleared in Kherson?"

    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        yield thoughts + written if "<conversation>" in messages[-1]["content"] else "The articles do not say."

    script.say = say
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    assert chat.ask("Who said that?", history).searched == written


def test_a_follow_up_is_rewritten_by_the_model_and_searched_so(chat: Chat, script: Script) -> None:
    written = "Who said that 2,000 mines have been cleared in Kherson?"

    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        yield written if "<conversation>" in messages[-1]["content"] else "President Zelensky said it [1]."

    script.say = say
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    answer = chat.ask("Who said that?", history)
    assert answer.searched == written and answer.question == "Who said that?"
    assert len(script.requests) == 2 and written in script.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("written", ["Who in Odesa said that?", "", "I cannot help with that.", "One.\nTwo."])
def test_a_rewritten_question_that_is_not_to_be_believed_is_not_searched(chat: Chat, script: Script, written: str) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        yield written if "<conversation>" in messages[-1]["content"] else "The articles do not say."

    script.say = say
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    assert chat.ask("Who said that?", history).searched == "Who said that? (mines have been cleared in Kherson)"


def test_a_model_that_fails_does_not_keep_a_follow_up_from_being_searched(chat: Chat, script: Script) -> None:
    script.refuses(500, "out of order")
    history = [Turn("user", QUESTION), Turn("assistant", "“So far 2,000 mines have been cleared.” [1]")]
    answer = chat.ask("Who said that?", history)
    assert answer.searched == "Who said that? (mines have been cleared in Kherson)"
    assert answer.writer == "quote" and answer.answered


@pytest.mark.parametrize("garbage", [b"data: {not json\n\n", b"<html>502</html>\n\n", tool_call("rm", '{"path": "/"}')])
def test_what_cannot_be_read_is_no_answer(chat: Chat, script: Script, garbage: bytes) -> None:
    script.says(garbage)
    answer = chat.ask(QUESTION)
    assert answer.writer == "quote" and answer.answered and answer.notice


def test_endless_output_is_stopped(chat: Chat, script: Script) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        yield "In Kherson, 2,000 mines have been cleared [1]. "
        for number in range(100_000):  # one sentence without an end: of several that nothing supports, the eighth would end it
            yield f"{'and' if number else 'Then'} cow {number} stood on the moon, "

    script.say = say
    answer = chat.ask(QUESTION)
    assert "it went on and on" in answer.notice
    assert len(answer.claims) == 1 and "cow" not in answer.text, "what broke off is no sentence"
    assert script.hung_up.wait(5)


def test_a_model_that_no_longer_answers_from_the_articles_is_stopped(chat: Chat, script: Script) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        yield "In Kherson, 2,000 mines have been cleared [1]. "
        for number in range(100_000):
            yield f"Then cow {number} jumped over a moon of cheese [2]. "

    script.say = say
    answer = chat.ask(QUESTION)
    assert answer.answered and answer.claims[0].verdict.label in ("supported", "quoted")
    assert len(answer.claims) == 1 + ASTRAY
    assert f"{ASTRAY} sentences in a row were not in the articles" in answer.notice
    assert script.hung_up.wait(5)


def test_a_model_that_repeats_itself_is_stopped(chat: Chat, script: Script) -> None:
    script.says(*["In Kherson, 2,000 mines have been cleared [1]. ", 0.02] * 2_000)
    answer = chat.ask(QUESTION)
    assert len(answer.claims) == 1 and answer.answered
    assert script.hung_up.wait(5) and script.sent < 2_000


def test_stop_stops_the_model_at_once(chat: Chat, script: Script) -> None:
    script.says("In Kherson, ", 20.0, "never")

    async def stopped() -> None:
        events = chat.astream(QUESTION)
        async for event in events:
            if isinstance(event, Status) and "writing" in event.text:
                break
        asyncio.get_running_loop().call_later(0.3, lambda: None)
        step = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.3)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        await events.aclose()

    in_a_loop(stopped())
    assert script.hung_up.wait(2), "the request was not given up"


def test_closing_a_stream_stops_the_model(chat: Chat, script: Script) -> None:
    script.says(*["In Kherson, there are many mines, ", 0.05] * 200)
    events = chat.stream(QUESTION)
    for event in events:
        if isinstance(event, Token):
            break
    events.close()
    assert script.hung_up.wait(2) and script.sent < 200


def test_any_llama_index_model_can_write(library: Path) -> None:
    from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
    from llama_index.core.llms.callbacks import llm_completion_callback

    class Parrot(CustomLLM):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(model_name="parrot", context_window=4096)

        @llm_completion_callback()
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            return CompletionResponse(text="In Kherson, 2,000 mines have been cleared [1].")

        @llm_completion_callback()
        def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Iterator[CompletionResponse]:
            text = ""
            for word in self.complete(prompt).text.split(" "):
                text += word + " "
                yield CompletionResponse(text=text, delta=word + " ")

    with rag.open_chat(library, llm=Parrot()) as chat:
        answer = chat.ask(QUESTION)
    assert answer.model == "parrot" and answer.writer == "model" and answer.claims[0].verdict.label in ("supported", "quoted")


def test_a_second_opinion_is_asked_for_where_the_check_is_not_sure(
    library: Path, server: tuple[str, Script], script: Script
) -> None:
    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        if "one word" in messages[0]["content"]:
            yield "Yes"
            yield ", it does."
        else:
            yield "In Kherson, 2,000 mines have been cleared [1]. "
            yield "Engineers made the region safer by removing those devices [1]."

    script.say = say
    with opened(library, server, verifier="model") as chat:
        answer = chat.ask(QUESTION)
    opinions = [request for request in script.requests if "one word" in request["messages"][0]["content"]]
    unsure = [claim for claim in answer.claims if any("second opinion" in reason for reason in claim.verdict.reasons)]
    assert len(opinions) == len(unsure)
    assert all(claim.verdict.label == "supported" for claim in unsure)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"openai_base_url": "http://127.0.0.1:1/v1"}, ["CHAT_MODEL", "quote"]),
        ({"chat_model": "some-model"}, ["OPENAI_API_KEY", "OPENAI_BASE_URL"]),
        ({"unsupported": "ignore"}, ["UNSUPPORTED", "flag, drop or strict"]),
        ({"verifier": "magic"}, ["VERIFIER", "model"]),
        ({"chat_temperature": "9"}, ["CHAT_TEMPERATURE", "0 to 2"]),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, settings: dict[str, str], said: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        rag.open_chat(tmp_path / "data", **settings)
    assert all(word in str(refused.value) for word in said)


def test_a_key_alone_makes_openais_model_write_and_quote_prevents_it(library: Path) -> None:
    with rag.open_chat(library, openai_api_key="sk-x", chat_model="quote") as chat:
        assert chat.ask(QUESTION).writer == "quote"


def test_two_readers_are_answered_at_once(chat: Chat, script: Script) -> None:
    gate = threading.Barrier(2, timeout=10)

    def say(messages: list[dict[str, str]]) -> Iterator[str]:
        gate.wait()
        yield "In Kherson, 2,000 mines have been cleared [1]."

    script.say = say
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(chat.ask, [QUESTION, QUESTION]))
    assert all(answer.writer == "model" for answer in answers)


def test_what_only_a_headline_says_is_not_supported_by_the_words_cited(chat: Chat, script: Script) -> None:
    said = (
        "In Kherson, 2,000 mines have been cleared [1]. ",
        "Kherson is Ukrainian again, and the search for mines goes on [1].",
    )
    script.says(*said)
    verdict = chat.ask(QUESTION).claims[1].verdict
    assert verdict.label in ("partly", "unsupported") and "headline" in verdict.reasons[0], verdict


def test_questions_to_start_from_cost_no_model(chat: Chat, script: Script) -> None:
    assert len(chat.suggestions()) == 4 and not script.requests

"""What Gradio's own client asks by: `gradio_client.Client(URL).predict("Who is Banksy?", api_name="/ask")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from ui.api import Ask, answer_dict, said_of, whole

if TYPE_CHECKING:
    from rag.chat import Chat


def build(chat: Chat, *, together: int) -> None:
    """Give the page that is being built an endpoint "/ask"; `together` questions are answered at a time, others wait."""

    async def ask(question: str, history: list[dict[str, str]] | None = None) -> dict[str, Any]:
        """Answer a question from the articles, every sentence with its citation: the same as POST /api/ask gives.

        `history` is the conversation before it, oldest first: {"role": "user" or "assistant", "content": ...}.
        """
        try:
            asked = Ask.model_validate({"question": question, "history": history or []})
            return answer_dict(await whole(chat, asked), texts=False)
        except Exception as error:
            raise gr.Error(said_of(error), print_exception=False) from error

    api(ask, api_name="ask", concurrency_limit=together)

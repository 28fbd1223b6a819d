"""What the tests do on a page, and what they see of it; and the articles and answers that they show."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from fake_chat import article, cite, quoting

from rag.types import Answer

BOX = "#question textarea"
DONE = "#messages .bot-row:last-of-type .answer:not(.writing)"
MARKERS = "#messages .bot-row:last-of-type a.cite"
BRIDGE = article(
    1,
    "The bridge reopens",
    "The bridge reopened on Monday. It had been closed for a year.\n\nTraffic 🚦 flows again.",
    outlet="The Example",
    author="A. Writer",
    published=date(2022, 11, 13),
    url="https://news.example/bridge",
)
HARBOUR = article(2, "The harbour", "Ships wait.\n\nThe harbour opens on Tuesday at noon.", outlet="Port Post")
PAYLOAD = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> '
    '{{constructor.constructor("window.hacked=1")()}} ${window.hacked=1} '
    "![pixel](http://evil.example/p.png) [link](http://evil.example/) `; window.hacked=1; `"
)
HOSTILE = article(
    1,
    f"Title {PAYLOAD}",
    f"Before the quote. {PAYLOAD} After it.\n\n<iframe src=http://evil.example></iframe>",
    outlet=f"Outlet {PAYLOAD}",
    author=f"Author {PAYLOAD}",
    url="javascript:window.hacked=1",
)


def ask(page: Any, question: str, wait: str = DONE) -> None:
    """Ask with the keyboard and wait until the answer to this question is whole."""
    asked = page.locator("#messages .user-row").count()
    page.fill(BOX, question)
    page.press(BOX, "Enter")
    page.wait_for_function("n => document.querySelectorAll('#messages .user-row').length > n", arg=asked)
    page.wait_for_selector(wait)


def marked(page: Any) -> str:
    """The words that are highlighted as the current ones, on one line, once two frames running show the same."""
    shown = page.wait_for_function(
        """() => new Promise(resolve => {
          const words = () => [...document.querySelectorAll('#panel mark.current')].map(m => m.innerText).join(' ');
          const before = words();
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(before === words() && before)));
        })"""
    )
    return flat(shown.json_value())


def flat(text: str) -> str:
    return " ".join(text.split())


def follow(page: Any, link: Any) -> None:
    """Click a marker and wait for its article."""
    target = link.get_attribute("href")[1:]
    link.click()
    page.wait_for_selector(f'#panel [data-current="{target}"]')


def in_view(page: Any) -> bool:
    """Are the current words within the panel's visible part?"""
    return bool(
        page.evaluate(
            """() => {
              const mark = document.querySelector('#panel mark.current').getBoundingClientRect();
              const frame = document.getElementById('sources').getBoundingClientRect();
              return mark.top >= frame.top && mark.bottom <= Math.min(frame.bottom, innerHeight);
            }"""
        )
    )


def bridge_answers(question: str) -> Answer:
    if "harbour" in question:
        return quoting(question, [cite(1, HARBOUR, "The harbour opens on Tuesday at noon.")])
    return quoting(
        question,
        [
            cite(1, BRIDGE, "The bridge reopened on Monday."),
            cite(2, BRIDGE, "Traffic 🚦 flows again."),
            cite(3, HARBOUR, "The harbour opens on Tuesday at noon."),
        ],
    )


def unnamed(page: Any) -> list[str]:
    """What can be pressed or written in, and has no name."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], textarea, input, select, summary')]
             .filter(part => part.checkVisibility() && !part.closest('[aria-hidden=true]'))
             .filter(part => ![part.innerText, part.ariaLabel, part.title, part.labels?.[0]?.innerText]
               .some(name => name?.trim()))
             .map(part => part.outerHTML.slice(0, 200))"""
    )
    return found


def colours(page: Any, place: str) -> tuple[list[int], list[int]]:
    """(text colour, background behind it) of the first such element, as RGB."""
    text, ground = page.evaluate(
        """selector => {
          let part = document.querySelector(selector);
          const text = getComputedStyle(part).color;
          const ground = () => part ? getComputedStyle(part).backgroundColor : 'rgb(255, 255, 255)';
          while (ground() === 'rgba(0, 0, 0, 0)') part = part.parentElement;
          return [text, ground()];
        }""",
        place,
    )
    return [int(n) for n in re.findall(r"\d+", text)[:3]], [int(n) for n in re.findall(r"\d+", ground)[:3]]


def relative(colour: list[int]) -> float:
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def luminance(page: Any, place: str) -> float:
    return relative(colours(page, place)[1])


def contrast(page: Any, place: str) -> float:
    """The contrast ratio of text to background, as WCAG defines it."""
    light, dark = sorted(map(relative, colours(page, place)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

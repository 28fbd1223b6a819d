"""PURE: bytes -> clean characters. Encodings, binaries in disguise, and invisible characters.

Nothing here changes what a text says: quotes, dashes and full-width letters stay as they are (NFC, never
NFKC); only characters that no reader can see are taken out.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from index.errors import ReadError

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"RIFF", "an image, sound or film (RIFF)"),
    (b"PK\x03\x04", "a ZIP archive (Word, Excel and EPUB files are ones too)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ\x90\x00", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a program (Java class or Mach-O)"),
    (b"\x00asm", "a WebAssembly program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls) or an encrypted new one"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"ID3", "a sound file (MP3)"),
    (b"OggS", "a sound or film file (Ogg)"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"PAR1", "a Parquet file"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_CONTROLS = bytes(set(range(32)) - {0, 7, 8, 9, 10, 11, 12, 13, 26, 27})
_SAMPLE = 64 * 1024
_LATIN = frozenset(("cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257", "iso8859_13", "cp1258", "mac_latin2"))
_NEVER = frozenset(("utf_7", "ascii", "hz", "cp037", "cp500", "cp1026", "cp1140", "cp273"))
# What browsers take a charset for, as its pages nearly always are written in the larger one.
_LARGER = {"iso8859-1": "cp1252", "ascii": "cp1252", "cp1252": "cp1252", "iso8859-9": "cp1254"}
# Charsets whose bytes are all ASCII: what looks like readable text is not what they say.
_SHIFTING = frozenset(("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr", "hz"))
# Letters of scripts in which the zero-width (non-)joiner changes what is read: Arabic, Syriac to NKo, and
# Devanagari to Khmer and Mongolian.
_JOINING = "\u0600-\u07ff\u08a0-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufeff"
_JOINER = re.compile(f"(?<![{_JOINING}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINING}])")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\ufeff\u180e\ufff9-\ufffb\u206a-\u206f]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_EMOJI_JOIN = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2600-\u27bf\U0001f000-\U0001faff])")
_KEPT_JOIN = "\ue000"


def kind_of_binary(data: bytes) -> str:
    """What kind of binary file begins with `data`, in words ("a PDF document"), or "" for text."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[257:262] == b"ustar":
        return "a tar archive"
    if data[4:12] in (b"ftypisom", b"ftypmp42", b"ftypheic", b"ftypavif", b"ftypM4A "):
        return "a film, sound or image file (MP4)"
    return ""


def decode(data: bytes, *, declared: str = "") -> str:
    """The characters that `data` encodes; line ends and invisible characters still as they are.

    What `decode_as` says of the charset that a page names (`declared`), then a guess. Raises ReadError for a binary
    and for what no encoding makes readable.
    """
    text = decode_as(data, declared)
    return _readable(_guess(data)) if text is None else text


def charset(declared: str) -> str:
    """The Python name of the charset that is meant by a declared one, or "" when it is unknown."""
    try:
        name = codecs.lookup(declared).name if declared else ""
    except (LookupError, ValueError, TypeError):
        return ""
    return _LARGER.get(name, name)


def decode_as(data: bytes, declared: str) -> str | None:
    """The characters that `data` encodes when that is certain, or None when `declared` would have to be guessed.

    A byte order mark decides, then a declared charset whose bytes are all ASCII, then UTF-8, then `declared`.
    Raises ReadError for a binary.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _readable(data[len(bom) :].decode(encoding, errors="replace"))
    if kind := kind_of_binary(data):
        raise ReadError(f"it seems to be {kind}, not text")
    encoding = charset(declared)
    if encoding in _SHIFTING and data.isascii():
        return data.decode(encoding, errors="replace")
    sample = data[:_SAMPLE]
    if wide := _utf16_without_bom(sample):
        return _readable(data.decode(wide, errors="replace"))
    unlike_text = len(sample) - len(sample.translate(None, _BINARY_CONTROLS))
    if sample.count(0) > 0.05 * len(sample) + 2 or unlike_text > 0.02 * len(sample) + 2:
        raise ReadError("it seems to be a binary file, not text")
    try:
        return _readable(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    # A stray byte or two, such as no charset has, do not make it another one.
    for likely in ("utf-8", encoding) if encoding in _SHIFTING or encoding in _LARGER.values() else ("utf-8",):
        mended = data.decode(likely, errors="replace")
        if mended.count("\ufffd") <= 0.05 * sum(1 for char in mended if char > "\x7f"):
            return _readable(mended)
    if encoding:
        try:
            return _readable(data.decode(encoding))
        except (LookupError, ReadError, ValueError):
            pass
    return None


def normalise(text: str) -> str:
    """The same text in NFC with plain spaces and line feeds, no invisible or control characters.

    Trailing spaces go and no more than two blank lines follow each other. The zero-width joiners stay
    where they change what is read: in Arabic and Indic scripts and between emoji.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")
    text = _CONTROL.sub("", text)
    text = _INVISIBLE.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _EMOJI_JOIN.sub(_KEPT_JOIN, text)
        text = _JOINER.sub("", text).replace(_KEPT_JOIN, "\u200d")
    text = _SPACES.sub(" ", text)
    text = whole_characters(text)
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n")


def whole_characters(text: str) -> str:
    """The same text with U+FFFD for halves of surrogate pairs, which JSON can spell and no file or database takes."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str) -> str:
    """`text` as the one line a title, a name or an outlet is: normalised, runs of white space single."""
    return " ".join(normalise(text).split())


def _utf16_without_bom(sample: bytes) -> str:
    half = len(sample) // 2
    if half < 8:
        return ""
    high, low = sample[1::2].count(0) / half, sample[0::2].count(0) / half
    if high > 0.4 and low < 0.05:
        return "utf-16-le"
    if low > 0.4 and high < 0.05:
        return "utf-16-be"
    return ""


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[: 4 * _SAMPLE]).best()
    if best is None or best.encoding in _NEVER:
        return data.decode("cp1252", errors="replace")
    guessed = data.decode(best.encoding, errors="replace")
    foreign = [char for char in guessed[:_SAMPLE] if char.isalpha() and char > "\x7f"]
    latin = sum(1 for char in foreign if char < "\u0250")
    # Between the encodings of the Latin alphabet a guess is a toss-up unless it knows the language; what
    # such files nearly always are is cp1252.
    if latin > 0.5 * len(foreign) and not (best.encoding in _LATIN and best.coherence > 0.2):
        return data.decode("cp1252", errors="replace")
    return guessed


def _readable(text: str) -> str:
    sample = text[:_SAMPLE]
    if not sample:
        return text
    rubbish = sum(1 for char in sample if char == "\ufffd" or unicodedata.category(char) in ("Cn", "Co", "Cs"))
    controls = sum(1 for char in sample if char < " " and char not in "\t\n\r\x00\x0b\x0c\x1a\x1b")
    if rubbish > 0.03 * len(sample) + 2 or controls > 0.03 * len(sample) + 2:
        raise ReadError("no encoding makes it readable text; save it as UTF-8 and add it again")
    return text

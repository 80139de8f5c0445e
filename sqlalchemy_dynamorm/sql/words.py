"""A cursor over the words of a definition, for reading it from left to right with nothing skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from sqlglot.tokenizer_core import Token, TokenType

from sqlalchemy_dynamorm.errors import SQLSyntaxError
from sqlalchemy_dynamorm.sql.closed_world import unsupported
from sqlalchemy_dynamorm.sql.grammar import is_word, syntax_error

Kind = Literal["word", "name", "string", "number", "blob", "symbol"]

_KINDS: dict[TokenType, Kind] = {
    TokenType.IDENTIFIER: "name",
    TokenType.STRING: "string",
    TokenType.NUMBER: "number",
    TokenType.HEX_STRING: "blob",
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word: ``text`` is as written, without quotes; ``upper`` is ``""`` for all that cannot be a keyword."""

    kind: Kind
    text: str
    upper: str
    token: int


@dataclass(slots=True)
class Words:
    """The words of one statement and the place reached in them."""

    words: list[Word]
    tokens: list[Token]
    source: str
    at: int = 0

    @property
    def next(self) -> Word | None:
        """The word that comes next, ``None`` at the end."""
        return self.words[self.at] if self.at < len(self.words) else None

    def sees(self, *keywords: str) -> bool:
        """Whether these keywords or symbols come next."""
        return tuple(word.upper for word in self.words[self.at : self.at + len(keywords)]) == keywords

    def accept(self, *keywords: str) -> bool:
        """Go past these keywords or symbols if they come next, all of them or none."""
        found = self.sees(*keywords)
        self.at += len(keywords) if found else 0
        return found

    def expect(self, *keywords: str) -> None:
        """Go past these keywords or symbols.

        :raises SQLSyntaxError: something else comes next.
        """
        if not self.accept(*keywords):
            raise self.error()

    def take(self, *kinds: Kind) -> str:
        """The text of the next word, which must be of one of these kinds.

        :raises SQLSyntaxError: it is not.
        """
        word = self.next
        if word is None or word.kind not in kinds:
            raise self.error()
        self.at += 1
        return word.text

    def name(self) -> str:
        """A name, quoted or not.

        :raises SQLSyntaxError: there is none, or it is empty.
        """
        found = self.take("word", "name")
        if not found:
            raise SQLSyntaxError("A name in the statement is empty.")
        return found

    def names(self) -> tuple[str, ...]:
        """``(name, …)``, at least one."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return tuple(found)

    def enclosed(self) -> str:
        """The text between the parentheses that come next, as it was written.

        :raises SQLSyntaxError: there are none, there is nothing in them, or they are not closed.
        """
        self.expect("(")
        first, depth = self.at, 1
        while depth:
            word = self.next
            if word is None:
                raise self.error()
            depth += {"(": 1, ")": -1}.get(word.upper, 0)
            self.at += 1
        if self.at - 1 == first:
            raise self.error()
        return self.written(first, self.at - 1)

    def written(self, first: int, stop: int) -> str:
        """The text from the word at ``first`` to the one before ``stop``, as it was written."""
        start, last = (self.tokens[self.words[at].token] for at in (first, stop - 1))
        return self.source[start.start : last.end + 1]

    def end(self, statement: str) -> None:
        """Check that nothing is left.

        :raises Unsupported: a keyword is, by name.
        :raises SQLSyntaxError: something else is.
        """
        if self.next is not None:
            raise self.refusal(statement)

    def refusal(self, place: str) -> Exception:
        """The error for a word that nothing here reads."""
        if self.next is not None and self.next.kind == "word":
            return unsupported(f"{self.next.upper} in {place}")
        return self.error()

    def error(self) -> SQLSyntaxError:
        """The error that points at the next word."""
        word = self.next or self.words[-1]
        token = self.tokens[word.token]
        return syntax_error(self.tokens, self.source, token.line, token.col)


def words_of(tokens: list[Token], source: str) -> Words:
    """The words of a statement. sqlglot's tokens of several keywords ("PRIMARY KEY") fall apart into them."""
    words: list[Word] = []
    for at, token in enumerate(tokens):
        if token.token_type in _KINDS:
            words.append(Word(_KINDS[token.token_type], token.text, "", at))
        elif is_word(token, source):
            parts = source[token.start : token.end + 1].split()
            words += [Word("word", part, part.upper(), at) for part in parts]
        else:
            words.append(Word("symbol", token.text, token.text, at))
    return Words(words, tokens, source)


N = TypeVar("N")


def once(found: N | None, new: N, what: str) -> N:
    """The new value of a clause that may stand only once.

    :raises SQLSyntaxError: it was there before.
    """
    if found is not None:
        raise SQLSyntaxError(f"{what} stands twice.")
    return new

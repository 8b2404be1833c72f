//! Moves through the tokens of a policy.

use super::super::token::{Symbol, Token, TokenKind};
use super::{BRACKET_DEPTH, DEPTH_LIMIT, Parsed, Parser, SyntaxError};

impl<'t> Parser<'t> {
    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.next)
    }

    pub(super) fn word(&self) -> Option<&'t str> {
        self.word_at(self.next)
    }

    pub(super) fn word_at(&self, index: usize) -> Option<&'t str> {
        let token = self.tokens.get(index).filter(|token| token.kind == TokenKind::Word)?;
        self.text.get(token.span.clone())
    }

    pub(super) fn symbol(&self) -> Option<Symbol> {
        match self.peek()?.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            TokenKind::Word
            | TokenKind::Number
            | TokenKind::Text
            | TokenKind::RawText
            | TokenKind::Template => None,
        }
    }

    pub(super) fn fail<T>(&self) -> Parsed<T> {
        Err(SyntaxError { offset: self.start() })
    }

    pub(super) fn advance(&mut self) -> Parsed<&'t Token> {
        let Some(token) = self.peek() else { return self.fail() };
        self.next += 1;
        Ok(token)
    }

    pub(super) fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.symbol() == Some(symbol);
        self.next += usize::from(found);
        found
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.next += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: Symbol) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { self.fail() }
    }

    /// Returns the start of the next token.
    pub(super) fn start(&self) -> usize {
        self.peek().map_or(self.limit, |token| token.span.start)
    }

    /// Returns the end of the previous token.
    pub(super) fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.end)
    }

    /// Returns whether the previous token is this symbol.
    pub(super) fn follows(&self, symbol: Symbol) -> bool {
        let previous = self.next.checked_sub(1).and_then(|last| self.tokens.get(last));
        previous.is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    pub(super) fn starts_line(&self) -> bool {
        self.peek().is_none_or(|token| token.starts_line)
    }

    /// Returns whether the next token directly follows the previous one.
    pub(super) fn touches(&self) -> bool {
        self.start() == self.end()
    }

    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += BRACKET_DEPTH;
        if self.depth > DEPTH_LIMIT {
            return self.fail();
        }
        let result = read(self);
        self.depth -= BRACKET_DEPTH;
        result
    }
}

//! What an agent says, while it grows, and where it can be divided.
//!
//! Only the last block of the feed is made into rows again with each word, so a long text is divided, wherever that changes
//! nothing about how it looks: between two paragraphs, between two items of a list, within a block of code. Each line is
//! looked at once.
//!
//! Absent on purpose: tables, quotes and whatever stands within items, which are not divided.

/// From this length on a text is divided, in bytes.
const DIVIDED: usize = 4 * 1024;

/// Markdown that grows.
#[derive(Debug, Default)]
pub(crate) struct Prose {
    text: String,
    /// Whether it goes on with what the block before it ends with, so that no blank row stands between.
    is_joined: bool,
    /// How much of it was looked at, in bytes: whole lines.
    looked: usize,
    fence: Option<Fence>,
    /// The last item of the list that goes on.
    item: Option<Item>,
    /// Whether the last line that was not blank is one of a paragraph, for certain.
    is_after_words: bool,
    is_after_blank: bool,
    cut: Option<Cut>,
}

/// The fence of a block of code.
#[derive(Clone, Copy, Debug)]
struct Fence {
    sign: char,
    length: usize,
    /// Whether it belongs to no item or quote.
    is_outermost: bool,
    /// Whether a line of code has come.
    has_code: bool,
}

/// How an item begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Item {
    Bullet(char),
    Number(u64, char),
}

/// What a line is by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    Blank,
    /// Of a paragraph, at the edge.
    Words,
    /// The begin of an item, at the edge.
    Item(Item),
    Other,
}

/// Where a new block can begin.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: usize,
    between: Between,
}

#[derive(Clone, Copy, Debug)]
enum Between {
    Paragraphs,
    Items,
    Code(Fence),
}

impl Prose {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.is_joined
    }

    /// Adds to it.
    pub(crate) fn say(&mut self, more: &str) {
        self.text.push_str(more);
        while let Some(length) = self.text[self.looked..].find('\n') {
            let (at, end) = (self.looked, self.looked + length);
            self.looked = end + 1;
            let whole = self.text[at..end].trim_end();
            let inner = whole.trim_start();
            let is_outermost = whole.len() == inner.len();
            let line = match item_of(inner) {
                _ if inner.is_empty() => Line::Blank,
                Some(item) if is_outermost => Line::Item(item),
                None if is_outermost && inner.starts_with(char::is_alphabetic) => Line::Words,
                Some(_) | None => Line::Other,
            };
            if let Some(fence) = &mut self.fence {
                if closes(inner, *fence) {
                    self.fence = None;
                } else if fence.is_outermost && std::mem::replace(&mut fence.has_code, true) {
                    self.cut = Some(Cut { at, between: Between::Code(*fence) });
                }
            } else {
                self.fence = fence_of(inner).map(|(sign, length)| Fence {
                    sign,
                    length,
                    is_outermost,
                    has_code: false,
                });
                self.look(at, line, is_outermost);
            }
        }
    }

    fn look(&mut self, at: usize, line: Line, is_outermost: bool) {
        if line == Line::Blank {
            self.is_after_blank = true;
            return;
        }
        let is_after_blank = std::mem::take(&mut self.is_after_blank);
        let is_after_words = std::mem::replace(&mut self.is_after_words, line == Line::Words);
        if line == Line::Words && is_after_blank && is_after_words {
            self.cut = Some(Cut { at, between: Between::Paragraphs });
        }
        let item = match line {
            Line::Item(item) => Some(item),
            Line::Blank | Line::Words | Line::Other => None,
        };
        if let (Some(before), Some(item)) = (self.item, item)
            && item.follows(before)
        {
            self.cut = Some(Cut { at, between: Between::Items });
        }
        if is_outermost {
            // A line that begins no item may end the list: the next item is taken for the first of another one.
            self.item = item;
        }
    }

    /// Takes the end off a long text, where that changes nothing about how it is read.
    pub(crate) fn split_off(&mut self) -> Option<Self> {
        if self.text.len() < DIVIDED {
            return None;
        }
        let Cut { at, between } = self.cut.take()?;
        let end = self.text.split_off(at);
        let mut rest = Self::default();
        match between {
            Between::Paragraphs => {}
            Between::Items => rest.is_joined = true,
            Between::Code(Fence { sign, length, .. }) => {
                rest.is_joined = true;
                rest.say(&format!("{}\n", sign.to_string().repeat(length)));
            }
        }
        rest.say(&end);
        Some(rest)
    }
}

impl From<&str> for Prose {
    fn from(text: &str) -> Self {
        let mut prose = Self::default();
        prose.say(text);
        prose
    }
}

impl Item {
    /// Whether it goes on with the list that the other one belongs to, and is numbered as it would be there.
    fn follows(self, before: Self) -> bool {
        match (before, self) {
            (Self::Bullet(before), Self::Bullet(sign)) => before == sign,
            (Self::Number(before, one), Self::Number(number, other)) => {
                before.checked_add(1) == Some(number) && one == other
            }
            (Self::Bullet(_), Self::Number(..)) | (Self::Number(..), Self::Bullet(_)) => false,
        }
    }
}

fn item_of(line: &str) -> Option<Item> {
    let (sign, text) = line.split_once(' ')?;
    let last = sign.chars().next_back()?;
    match sign.strip_suffix(last)? {
        "" if "-*+".contains(last) => {
            // `* * *` is a rule.
            let is_rule = text.chars().all(|c| c == last || c == ' ');
            (!is_rule).then_some(Item::Bullet(last))
        }
        number if ".)".contains(last) && number.len() < 10 => {
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| number.parse().ok().map(|number| Item::Number(number, last))).flatten()
        }
        _ => None,
    }
}

/// The fence that begins here: its sign, and how many there are.
fn fence_of(line: &str) -> Option<(char, usize)> {
    let sign = line.chars().next().filter(|sign| "`~".contains(*sign))?;
    let rest = line.trim_start_matches(sign);
    let length = line.len() - rest.len();
    // Ticks behind it make it code within a line.
    (length >= 3 && !(sign == '`' && rest.contains('`'))).then_some((sign, length))
}

fn closes(line: &str, fence: Fence) -> bool {
    line.len() >= fence.length && line.chars().all(|c| c == fence.sign)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::feed::Block;
    use crate::testing::PLAIN;

    fn rows(blocks: &[Block]) -> Vec<String> {
        let rows = blocks.iter().flat_map(|block| block.rows(40, PLAIN, Duration::ZERO));
        rows.map(|row| row.to_string().trim_end().to_owned()).collect()
    }

    /// A text as it streams, a few signs at a time, in as many blocks as it becomes.
    fn streamed(text: &str, piece: usize) -> Vec<Block> {
        let (mut done, mut growing) = (Vec::new(), Prose::default());
        let signs: Vec<char> = text.chars().collect();
        for signs in signs.chunks(piece) {
            growing.say(&String::from_iter(signs));
            if let Some(rest) = growing.split_off() {
                done.push(Block::Text(std::mem::replace(&mut growing, rest)));
            }
        }
        done.push(Block::Text(growing));
        done
    }

    const PARAGRAPH: &str = "Some words that are a paragraph of their own, with `code`.\n\n";
    const LIST: &str = "- an item\n\n  more of it\n\n- another\n  - below it\n\n";
    const FENCE: &str = "```sh\none\n\ntwo\n- three\n```\n\n";

    #[test]
    fn a_long_text_is_divided_and_looks_the_same() {
        let numbered: Vec<String> =
            (1..300).map(|number| format!("{number}. step number {number}\n")).collect();
        let numbered = numbered.concat();
        let code = format!("~~~~rust\n{}~~~~\n", "    let a = 1;\n\n```\n- x\n1. y\n".repeat(300));
        let table = format!("| a | b |\n|---|---|\n{}\n", "| one | two |\n".repeat(20));
        for text in [
            PARAGRAPH.repeat(200),
            format!("{}{LIST}{}", PARAGRAPH.repeat(80), PARAGRAPH.repeat(80)),
            format!(
                "Before:\n{}\nAfter it.\n\n{}",
                "- an item\n  of two lines\n".repeat(400),
                "* other\n".repeat(900)
            ),
            format!("{numbered}\n{}", "1. one\n1. and one\n".repeat(300)),
            format!("{code}\nBehind it.\n\n{}", LIST.repeat(200)),
            format!("{}- - -\n{}", "- item\n".repeat(700), "- item\n- - -\n\n".repeat(400)),
            format!("- item\nthat goes on\n- next\n\n# Head\n- first\n{}", FENCE.repeat(200)),
            format!("{table}{PARAGRAPH}> quote\n> - in it\n\n{LIST}").repeat(12),
        ] {
            let whole = rows(&[Block::Text(Prose::from(text.as_str()))]);
            for piece in [1, 7, 1_000] {
                let blocks = streamed(&text, piece);
                assert!(blocks.len() > 1, "it is long");
                assert_eq!(rows(&blocks), whole, "in pieces of {piece}: {text:.80}");
            }
        }
    }

    #[test]
    fn a_text_is_divided_as_it_grows() {
        for text in [
            PARAGRAPH,
            "- an item of a list\n",
            "1. first\n2. second\n3. third\n",
            "> quoted\n\nWords.\n\nMore.\n\n",
        ] {
            let blocks = streamed(&format!("Words.\n\n{}", text.repeat(2_000)), 5);
            let longest = blocks.iter().map(|block| match block {
                Block::Text(prose) => prose.text().len(),
                _ => 0,
            });
            assert!(longest.max() < Some(DIVIDED + 200), "{text}");
        }
        let blocks = streamed(&format!("```\n{}", "a line\n\nb line\n".repeat(5_000)), 5);
        assert!(blocks.len() > 10, "an open fence is divided too");
    }

    #[test]
    fn what_is_short_stays_whole() {
        assert!(Prose::from(PARAGRAPH).split_off().is_none());
    }
}

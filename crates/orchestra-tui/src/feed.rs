//! What the running agents say and do: blocks of text, thinking, tools.
//!
//! A block is turned into rows once for its width; only the block that grows is turned again, so that a frame costs the
//! same however long the feed is. Of blocks that are out of sight only the height is kept, and what is far back is forgotten:
//! the transcript on disk has all of it.

use std::time::Duration;

use orchestra_core::id::TurnId;
use orchestra_core::report::AgentEvent;
use ratatui::text::Line;

use crate::moment::Moment;
use crate::theme::Theme;

mod block;
mod prose;

pub(crate) use block::{Block, Tool};

/// How many rows of the feed are kept, at the least.
const KEPT: usize = 20_000;
/// How many rows are forgotten at once.
const SLACK: usize = 2_000;
/// How far from sight rows are kept ready.
const NEAR: usize = 200;

/// The feed, and where the person is in it.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    blocks: Vec<Laid>,
    width: u16,
    theme: Option<Theme>,
    /// The first row that is shown; none where the end is followed.
    top: Option<usize>,
    /// The block that is chosen.
    chosen: Option<usize>,
    all_open: bool,
}

#[derive(Debug)]
struct Laid {
    block: Block,
    /// How many rows it has at the present width; none where that has to be found out.
    height: Option<usize>,
    /// The rows, as long as they are near what is in sight.
    rows: Option<Vec<Line<'static>>>,
}

impl Feed {
    /// Something new begins: a turn with its heading.
    pub(crate) fn heading(&mut self, text: String) {
        self.push(Block::Heading(text));
    }

    /// Something worth a line, between what agents say.
    pub(crate) fn notice(&mut self, text: String) {
        self.push(Block::Notice(text));
    }

    /// The person says something.
    pub(crate) fn said(&mut self, text: &str) {
        self.push(Block::Said(text.to_owned()));
    }

    /// Whether anything was said yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// All that is still there, as Markdown.
    pub(crate) fn text(&self) -> String {
        let text = |laid: &Laid| match &laid.block {
            Block::Said(text) => format!("\n> {}\n", text.trim_end().replace('\n', "\n> ")),
            Block::Text(prose) if prose.is_joined() => prose.text().to_owned(),
            Block::Thinking { .. } => String::new(),
            Block::Tool(tool) => format!("\n- {}\n", tool.head()),
            block => format!("\n{}\n", block.text()),
        };
        self.blocks.iter().map(text).collect()
    }

    /// Takes what an agent says or does.
    pub(crate) fn take(&mut self, now: Moment, turn: TurnId, event: &AgentEvent) {
        match event {
            AgentEvent::Text { text } => match self.last() {
                Some(block @ Block::Text(_)) if block.has_room() => {
                    block.say(text);
                    if let Some(rest) = block.split_off() {
                        self.push(rest);
                    }
                }
                _ => self.push(Block::Text(text.as_str().into())),
            },
            AgentEvent::Thinking { text } => match self.last() {
                Some(block @ Block::Thinking { .. }) if block.has_room() => block.say(text),
                _ => self.push(Block::Thinking { text: text.clone(), is_open: self.all_open }),
            },
            AgentEvent::ToolStarted { id, name, input } => {
                let is_open = self.all_open;
                self.push(Block::Tool(Box::new(Tool::begun(turn, id, name, input, now.since, is_open))));
            }
            AgentEvent::ToolOutput { id, text } => {
                if let Some(tool) = self.tool(turn, id) {
                    tool.printed(text);
                }
            }
            AgentEvent::ToolFinished { id, ok, output } => {
                if let Some(tool) = self.tool(turn, id) {
                    tool.ended(*ok, output, now.since);
                }
            }
            AgentEvent::Notice { text } => self.push(Block::Notice(text.clone())),
            AgentEvent::Heard => self.push(Block::Notice("it has heard you".to_owned())),
            AgentEvent::FileChanged { .. } | AgentEvent::Usage { .. } | AgentEvent::Session { .. } => {}
        }
    }

    /// No tool runs any more: the turn is over.
    pub(crate) fn turn_is_over(&mut self, now: Duration) {
        for laid in self.blocks.iter_mut().rev().take(256).filter(|laid| laid.block.is_running()) {
            laid.block.is_over(now);
            laid.height = None;
        }
    }

    /// Makes ready what a pane of this size shows. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, height: u16, theme: Theme, now: Duration) {
        let is_new = self.width != width || self.theme != Some(theme);
        (self.width, self.theme) = (width, Some(theme));
        for laid in &mut self.blocks {
            if is_new || laid.height.is_none() || laid.block.is_running() {
                let rows = laid.block.rows(width, theme, now);
                laid.height = Some(rows.len());
                // Of all of them at once, too many to keep: those that are needed are made once more.
                laid.rows = (!is_new).then_some(rows);
            }
        }
        self.forget();
        let top = self.top(height);
        let near = top.saturating_sub(NEAR)..top + usize::from(height) + NEAR;
        let mut before = 0;
        for laid in &mut self.blocks {
            let end = before + laid.height();
            if before >= near.end || end <= near.start {
                laid.rows = None;
            } else if laid.rows.is_none() {
                laid.rows = Some(laid.block.rows(width, theme, now));
            }
            before = end;
        }
    }

    /// How many rows there are.
    pub(crate) fn height(&self) -> usize {
        self.blocks.iter().map(Laid::height).sum()
    }

    /// The first row that is shown in a pane of this height.
    pub(crate) fn top(&self, height: u16) -> usize {
        let last = self.height().saturating_sub(usize::from(height));
        self.top.unwrap_or(last).min(last)
    }

    /// Whether what is new comes into sight by itself.
    pub(crate) fn is_following(&self) -> bool {
        self.top.is_none()
    }

    /// The rows from `top` on, and whether each belongs to the chosen block.
    pub(crate) fn rows(&self, top: usize, count: u16) -> Vec<(&Line<'static>, bool)> {
        let mut rows = Vec::new();
        let mut before = 0;
        for (index, laid) in self.blocks.iter().enumerate() {
            let end = before + laid.height();
            if end > top {
                let skip = top.saturating_sub(before);
                let is_chosen = self.chosen == Some(index);
                let wanted = usize::from(count) - rows.len();
                let of_block = laid.rows.iter().flatten().skip(skip).take(wanted);
                rows.extend(of_block.map(|row| (row, is_chosen)));
            }
            if rows.len() == usize::from(count) {
                break;
            }
            before = end;
        }
        rows
    }

    /// Scrolls by rows; at the end it follows again.
    pub(crate) fn scroll(&mut self, rows: isize, height: u16) {
        let last = self.height().saturating_sub(usize::from(height));
        let top = self.top(height).saturating_add_signed(rows);
        self.top = (top < last).then_some(top);
    }

    /// Shows the first row.
    pub(crate) fn show_begin(&mut self) {
        self.top = Some(0);
    }

    /// Shows the last row, and follows it.
    pub(crate) fn follow(&mut self) {
        self.top = None;
        self.chosen = None;
    }

    /// Chooses the next block that can be opened, in either direction, and brings it into sight.
    pub(crate) fn choose(&mut self, is_up: bool, height: u16) {
        let can_open = |index: &usize| self.blocks[*index].block.can_open();
        let next = match (self.chosen, is_up) {
            (None, true) => (0..self.blocks.len()).rev().find(can_open),
            (None, false) => None,
            (Some(now), true) => (0..now).rev().find(can_open).or(Some(now)),
            (Some(now), false) => (now + 1..self.blocks.len()).find(can_open),
        };
        self.chosen = next;
        let Some(index) = next else { return self.follow() };
        let begin: usize = self.blocks[..index].iter().map(Laid::height).sum();
        let end = begin + self.blocks[index].height();
        let (top, height) = (self.top(height), usize::from(height));
        if begin < top || end > top + height {
            self.top = Some(if begin < top { begin } else { end.saturating_sub(height).min(begin) });
        }
    }

    /// What was said in the block that is chosen, else in the last one.
    pub(crate) fn copied(&self) -> Option<String> {
        let chosen = self.chosen.and_then(|index| self.blocks.get(index)).or(self.blocks.last())?;
        Some(chosen.block.text())
    }

    /// Opens or closes what is chosen.
    pub(crate) fn toggle(&mut self) {
        if let Some(laid) = self.chosen.and_then(|index| self.blocks.get_mut(index)) {
            laid.block.toggle();
            laid.height = None;
        }
    }

    /// Opens or closes what a row belongs to that is in sight, counted from the first one; it stays where it is.
    pub(crate) fn toggle_at(&mut self, row: usize, height: u16) {
        let top = self.top(height);
        let mut end = 0;
        let found = self.blocks.iter().position(|laid| {
            end += laid.height();
            top + row < end
        });
        let Some(index) = found.filter(|index| self.blocks[*index].block.can_open()) else { return };
        self.chosen = Some(index);
        self.top = Some(top);
        self.toggle();
    }

    /// Opens everything, or closes it.
    pub(crate) fn toggle_all(&mut self) {
        self.all_open = !self.all_open;
        for laid in &mut self.blocks {
            if laid.block.can_open() {
                laid.block.set_open(self.all_open);
                laid.height = None;
            }
        }
    }

    fn push(&mut self, block: Block) {
        self.blocks.push(Laid { block, height: None, rows: None });
    }

    /// The last block, to go on with.
    fn last(&mut self) -> Option<&mut Block> {
        let laid = self.blocks.last_mut()?;
        laid.height = None;
        Some(&mut laid.block)
    }

    fn tool(&mut self, turn: TurnId, id: &str) -> Option<&mut Tool> {
        let laid = self.blocks.iter_mut().rev().find(|laid| laid.block.is_tool(turn, id))?;
        laid.height = None;
        match &mut laid.block {
            Block::Tool(tool) => Some(tool),
            _ => None,
        }
    }

    fn forget(&mut self) {
        let height = self.height();
        if height <= KEPT + SLACK {
            return;
        }
        let (mut gone, mut count) = (0, 0);
        while height - gone > KEPT && count + 1 < self.blocks.len() {
            gone += self.blocks[count].height();
            count += 1;
        }
        self.blocks.drain(..count);
        self.top = self.top.map(|top| top.saturating_sub(gone));
        self.chosen = self.chosen.and_then(|chosen| chosen.checked_sub(count));
    }
}

impl Laid {
    fn height(&self) -> usize {
        self.height.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PLAIN;

    const SIZE: (u16, u16) = (40, 20);

    fn lay_out(feed: &mut Feed, width: u16) {
        feed.lay_out(width, SIZE.1, PLAIN, Duration::ZERO);
    }

    fn seen(feed: &Feed) -> Vec<String> {
        let rows = feed.rows(feed.top(SIZE.1), SIZE.1);
        rows.iter().map(|(row, _)| row.to_string().trim_end().to_owned()).collect()
    }

    #[test]
    fn rows_that_are_out_of_sight_are_not_kept_and_are_there_again_when_they_are_scrolled_to() {
        let mut feed = Feed::default();
        for number in 0..3_000 {
            feed.notice(format!("notice {number}"));
            if number % 7 == 0 {
                lay_out(&mut feed, SIZE.0);
            }
        }
        lay_out(&mut feed, SIZE.0);
        let kept = |feed: &Feed| feed.blocks.iter().flat_map(|laid| &laid.rows).map(Vec::len).sum::<usize>();
        let most = usize::from(SIZE.1) + 2 * NEAR + 2;
        assert_eq!(feed.height(), 6_000);
        assert!(kept(&feed) <= most, "{}", kept(&feed));
        assert_eq!(seen(&feed).last().unwrap(), "notice 2999");
        for (width, top) in [(SIZE.0, 0), (SIZE.0, 1_500), (12, 2_998), (SIZE.0, 700)] {
            lay_out(&mut feed, width);
            feed.show_begin();
            feed.scroll(2 * top, SIZE.1);
            lay_out(&mut feed, width);
            let first = top.min(2_990);
            let wanted: Vec<String> =
                (first..first + 10).flat_map(|number| [String::new(), format!("notice {number}")]).collect();
            assert_eq!(seen(&feed), wanted);
            assert!(kept(&feed) <= most, "{}", kept(&feed));
        }
    }
}

use super::lines;
use crate::{text::wrap, theme::Theme};

fn page(markdown: &str, theme: Theme, width: u16) -> String {
    let rows = lines(markdown, theme).iter().flat_map(|line| wrap(line, width)).collect::<Vec<_>>();
    rows.iter().map(|row| format!("{}\n", row.to_string().trim_end())).collect()
}

#[test]
fn a_paragraph_is_broken_at_words() {
    let theme = Theme { colours: false, unicode: true };
    assert_eq!(page("one two *three*\nfour", theme, 8), "one two\nthree\nfour\n");
}

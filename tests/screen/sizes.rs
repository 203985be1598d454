//! Terminals of all sizes, and without colours.

use super::*;

#[test]
fn f44_whatever_size_the_terminal_gets_the_screen_is_whole_again() {
    let talks: Vec<String> = (0..150)
        .map(|line| format!("      - say: \"the agent says line {line}\\n\"\n      - pause: 10ms\n"))
        .collect();
    let (project, barrier) = held_up(&one_phase(), &talks.concat());
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("the agent says line");
    for _ in 0..3 {
        for (rows, columns) in [(1, 1), (5, 20), (15, 60), (100, 300), (0, 0), (2, 500), (400, 2), (24, 80)] {
            screen.resize(rows, columns);
            screen.wait_for_frame();
        }
    }
    for (rows, columns) in [(1, 1), (5, 20), (0, 0)] {
        screen.resize(rows, columns);
    }
    screen.resize(5, 20);
    screen.wait_for("too small: 40x10 or");
    for (rows, columns) in [(15, 60), (100, 300), (24, 80)] {
        screen.resize(rows, columns);
        screen.wait_until("all of it is there", |shown| {
            let text = shown.text();
            let lines: Vec<&str> = text.lines().collect();
            lines.len() == usize::from(rows)
                && lines[0].starts_with(" orchestra start · ")
                && lines[lines.len() - 1].contains("? keys")
                && text.contains("the agent says line")
        });
    }
    drop(barrier.reach());
    screen.wait_armed("a push");
    let shown = screen.screen();
    screen.keys("\u{c}");
    screen.wait_for_frame();
    let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trimmed(&screen.screen()), trimmed(&shown), "drawn anew it is the same");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_small_terminal_without_colours_has_everything() {
    let project = with_design();
    let mut screen = Emulator::start_with(&project, &ONCE, (15, 60), &[("NO_COLOR", "1")]);
    screen.wait_for("Design");
    screen.wait_armed("a approve");
    screen.keys("\x1b");
    screen.wait_for("g answer: rfc");
    screen.keys("?");
    screen.wait_for("Keys");
    screen.keys("\x1b");
    screen.wait_without("Keys");
    screen.keys("\t\t");
    screen.keys("g");
    screen.wait_armed("a approve");
    screen.keys("a");
    screen.wait_armed("a push");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    let colours = untrusted::sequences(screen.raw()).into_iter().filter(untrusted::Sequence::is_coloured);
    assert_eq!(colours.collect::<Vec<_>>(), []);
}

#[test]
fn on_a_light_background_other_colours_are_used() {
    let project = with_design();
    let colours = |variables: &[(&'static str, &str)]| {
        let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), variables);
        screen.wait_armed("a approve");
        let (rows, columns) = screen.cells().size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
        let colours: std::collections::BTreeSet<String> = cells
            .filter_map(|(row, column)| screen.cells().cell(row, column))
            .map(|cell| format!("{:?}", cell.fgcolor()))
            .collect();
        screen.keys("s");
        assert_eq!(screen.end(), 3, "{}", screen.screen());
        colours
    };
    // Cyan, green and yellow; blue and magenta.
    let dark = ["Default", "Idx(2)", "Idx(3)", "Idx(6)"].map(str::to_owned);
    let light = ["Default", "Idx(4)", "Idx(5)"].map(str::to_owned);
    assert!(colours(&[]).is_subset(&dark.into()));
    assert_eq!(colours(&[("COLORFGBG", "0;15")]), light.into());
}

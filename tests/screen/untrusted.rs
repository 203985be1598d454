//! What agents print reaches the terminal as text and as nothing else.

use super::*;

/// Something that is written to a terminal and is no text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Sequence {
    /// `ESC [`, with its parameters and its last byte.
    Control { parameters: String, last: char },
    /// `ESC ]` up to its end, or anything of the kind.
    Command(String),
    /// `ESC` and what follows.
    Escape(char),
    /// A control character alone, or one that turns the direction of writing.
    Sign(char),
}

impl Sequence {
    /// Whether it sets a colour.
    pub(super) fn is_coloured(&self) -> bool {
        let Self::Control { parameters, last: 'm' } = self else { return false };
        let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u32>().unwrap_or(0));
        numbers.any(|number| matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
    }

    /// Whether the screen, or what is printed before and after it, writes such a thing.
    fn is_ours(&self) -> bool {
        match self {
            Self::Control { parameters, last } => match last {
                'm' => parameters.chars().all(|c| c.is_ascii_digit() || c == ';'),
                'H' => parameters.chars().all(|c| c.is_ascii_digit() || c == ';'),
                'J' => ["2", "3", ""].contains(&parameters.as_str()),
                // The mouse is left on every way out, wanted or not.
                'l' if ["?1000", "?1006"].contains(&parameters.as_str()) => true,
                'h' | 'l' => ["?25", "?1004", "?1049", "?2004", "?2026"].contains(&parameters.as_str()),
                // The window's title, kept and brought back.
                't' => ["22;0", "23;0"].contains(&parameters.as_str()),
                'u' => [">1", "<1"].contains(&parameters.as_str()),
                _ => false,
            },
            // The title of the window.
            Self::Command(text) => text.strip_prefix("]0;").is_some_and(|title| {
                title.is_empty() || title.starts_with("orchestra ") && !title.chars().any(is_sign)
            }),
            Self::Escape(_) => false,
            Self::Sign(sign) => matches!(sign, '\r' | '\n'),
        }
    }
}

/// All that is no text, in order.
pub(super) fn sequences(raw: &[u8]) -> Vec<Sequence> {
    let text = std::str::from_utf8(raw).expect("only whole characters are written");
    let mut signs = text.chars().peekable();
    let mut found = Vec::new();
    while let Some(sign) = signs.next() {
        if sign != '\x1b' {
            found.extend(is_sign(sign).then_some(Sequence::Sign(sign)));
            continue;
        }
        found.push(match signs.next() {
            Some('[') => {
                let mut parameters = String::new();
                let last = loop {
                    match signs.next().expect("a sequence has an end") {
                        last @ '@'..='~' => break last,
                        other => parameters.push(other),
                    }
                };
                Sequence::Control { parameters, last }
            }
            Some(kind @ (']' | 'P' | '_' | '^' | 'X')) => {
                let mut text = String::from(kind);
                loop {
                    match signs.next().expect("a command has an end") {
                        '\x07' => break,
                        '\x1b' if signs.next_if_eq(&'\\').is_some() => break,
                        other => text.push(other),
                    }
                }
                Sequence::Command(text)
            }
            other => Sequence::Escape(other.expect("something follows an escape")),
        });
    }
    found
}

/// Control characters, and those that turn the direction of writing or are not seen.
fn is_sign(sign: char) -> bool {
    let turns = matches!(sign, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    sign.is_control() || turns
}

/// What people who mean harm would have written, in the notation of YAML and of `printf`.
const EVIL: [(&str, &str); 9] = [
    ("\\e]52;c;cm0gLXJmIC8=\\a", "\\033]52;c;cm0gLXJmIC8=\\007"),
    (
        "\\e]8;;https://example.com\\e\\\\here\\e]8;;\\e\\\\",
        "\\033]8;;https://example.com\\033\\134here\\033]8;;\\033\\134",
    ),
    ("\\e]9;look\\a\\e]777;notify;a;b\\a", "\\033]9;look\\007\\033]777;notify;a;b\\007"),
    ("\\a\\a\\a", "\\007\\007\\007"),
    (
        "\\e[2J\\e[H\\e[8m\\e[?1049l\\e[?2004l\\e[6n\\e[c",
        "\\033[2J\\033[H\\033[8m\\033[?1049l\\033[?2004l\\033[6n\\033[c",
    ),
    ("\\ePq#0~\\e\\\\\\e_Gf=24;AAAA\\e\\\\", "\\033Pq#0~\\033\\134\\033_Gf=24;AAAA\\033\\134"),
    ("\\u009d52;c;aGk=\\u009c\\u009b31m", "\\302\\23552;c;aGk=\\302\\234\\302\\23331m"),
    ("\\u202egnp.exe\\u202c\\u2066x\\u2069\\u200b", "\\342\\200\\256gnp.exe\\342\\200\\254"),
    ("\\e]0;not yours\\a\\e]52;never ended", "\\377\\376 \\033]0;not yours\\007\\033]52;never ended"),
];

#[test]
fn a32_a63_what_an_agent_prints_is_text_and_nothing_else() {
    let steps: Vec<String> = EVIL
        .iter()
        .map(|(yaml, octal)| {
            format!(
                "      - say: \"said {yaml} so\"\n      - think: \"thought {yaml} so\"\n      - notice: \"noticed {yaml} so\"\n      \
                 - run: {{ command: \"printf 'printed {} so\\\\n'\", may_fail: true }}\n",
                octal.replace('\\', "\\\\")
            )
        })
        .collect();
    let (project, barrier) = held_up(
        &Milestone::new("M1-one").phase("backend"),
        &format!("{}      - say: all was said\n", steps.concat()),
    );
    let rfc: Vec<String> = EVIL
        .iter()
        .map(|(yaml, _)| format!("{}\n\n", yaml.replace("\\e", "\x1b").replace("\\a", "\x07")))
        .collect();
    let rfc = format!(
        "# Design\n\n{}[link](https://example.com) ![image](https://example.com/x.png)\n\u{202e}turned\n",
        rfc.concat()
    );
    project.write("../design", &rfc);
    let mut screen = Emulator::start_with(&project, &ONCE, (60, 120), &[]);
    screen.wait_for("Milestones");
    // The terminal says that somebody looks at it: then no bell of ours is rung.
    screen.keys("\x1b[I");
    screen.wait_armed("a approve");
    screen.keys("a");
    let open = barrier.reach();
    screen.wait_for("all was said");
    // Everything that tools printed is shown.
    screen.keys("\to");
    screen.wait_without(" 1 line");
    screen.keys("\x1b[H");
    screen.wait_for("said ␛]52;c;cm0gLXJmIC8=␇ so");
    drop(open);
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    let foreign: Vec<Sequence> =
        sequences(screen.raw()).into_iter().filter(|sequence| !sequence.is_ours()).collect();
    assert_eq!(foreign, []);
    screen.is_as_it_was_found();
}

#[test]
fn what_is_looked_for_is_found() {
    let raw = "a\x1b[31;1mb\x1b]52;c;aGk=\x07\x1b]8;;x\x1b\\\x1b[?25l\x07\u{202e}\x1bc\u{9b}";
    let found: Vec<Sequence> =
        sequences(raw.as_bytes()).into_iter().filter(|sequence| !sequence.is_ours()).collect();
    let command = |text: &str| Sequence::Command(text.to_owned());
    let sign = Sequence::Sign;
    assert_eq!(
        found,
        [
            command("]52;c;aGk="),
            command("]8;;x"),
            sign('\x07'),
            sign('\u{202e}'),
            Sequence::Escape('c'),
            sign('\u{9b}')
        ]
    );
    assert!(sequences(raw.as_bytes())[0].is_coloured());
}

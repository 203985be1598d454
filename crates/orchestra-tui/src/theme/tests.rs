use ratatui::style::{Color, Style};

use super::{Background, Theme};
use crate::testing::{Bench, COLOURED, LIGHT};

/// What a palette makes of background, text and the sixteen colours.
struct Palette {
    name: &'static str,
    behind: u32,
    text: u32,
    colours: [u32; 16],
}

const XTERM: [u32; 16] = [
    0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5, 0x7f_7f7f,
    0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
];
const SOLARIZED: [u32; 16] = [
    0x07_3642, 0xdc_322f, 0x85_9900, 0xb5_8900, 0x26_8bd2, 0xd3_3682, 0x2a_a198, 0xee_e8d5, 0x00_2b36,
    0xcb_4b16, 0x58_6e75, 0x65_7b83, 0x83_9496, 0x6c_71c4, 0x93_a1a1, 0xfd_f6e3,
];
const CODE_DARK: [u32; 16] = [
    0x00_0000, 0xcd_3131, 0x0d_bc79, 0xe5_e510, 0x24_72c8, 0xbc_3fbc, 0x11_a8cd, 0xe5_e5e5, 0x66_6666,
    0xf1_4c4c, 0x23_d18b, 0xf5_f543, 0x3b_8eea, 0xd6_70d6, 0x29_b8db, 0xe5_e5e5,
];
const CODE_LIGHT: [u32; 16] = [
    0x00_0000, 0xcd_3131, 0x00_bc00, 0x94_9800, 0x04_51a5, 0xbc_05bc, 0x05_98bc, 0x55_5555, 0x66_6666,
    0xcd_3131, 0x14_ce14, 0xb5_ba00, 0x04_51a5, 0xbc_05bc, 0x05_98bc, 0xa5_a5a5,
];
const GITHUB_LIGHT: [u32; 16] = [
    0x24_292f, 0xcf_222e, 0x11_6329, 0x4d_2d00, 0x09_69da, 0x82_50df, 0x1b_7c83, 0x6e_7781, 0x57_606a,
    0xa4_0e26, 0x1a_7f37, 0x63_3c01, 0x21_8bff, 0xa4_75f9, 0x31_92aa, 0x8c_959f,
];

const DARK: [Palette; 3] = [
    Palette { name: "xterm", behind: 0x00_0000, text: 0xe5_e5e5, colours: XTERM },
    Palette { name: "VS Code dark", behind: 0x1e_1e1e, text: 0xcc_cccc, colours: CODE_DARK },
    Palette { name: "Solarized dark", behind: 0x00_2b36, text: 0x83_9496, colours: SOLARIZED },
];
const BRIGHT: [Palette; 4] = [
    Palette { name: "xterm on white", behind: 0xff_ffff, text: 0x00_0000, colours: XTERM },
    Palette { name: "VS Code light", behind: 0xff_ffff, text: 0x33_3333, colours: CODE_LIGHT },
    Palette { name: "Solarized light", behind: 0xfd_f6e3, text: 0x65_7b83, colours: SOLARIZED },
    Palette { name: "GitHub light", behind: 0xff_ffff, text: 0x24_292f, colours: GITHUB_LIGHT },
];

/// The least contrast of large text and of signs, after WCAG 2.2, 1.4.3 and 1.4.11.
const LEAST: f64 = 3.0;

/// Relative luminance, as WCAG defines it.
fn luminance(colour: u32) -> f64 {
    let part = |shift: u32| {
        let part = f64::from(u8::try_from(colour >> shift & 0xff).unwrap()) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

impl Palette {
    fn of(&self, colour: Option<Color>, default: u32) -> u32 {
        let index = match colour {
            None | Some(Color::Reset) => return default,
            Some(Color::Black) => 0,
            Some(Color::Red) => 1,
            Some(Color::Green) => 2,
            Some(Color::Yellow) => 3,
            Some(Color::Blue) => 4,
            Some(Color::Magenta) => 5,
            Some(Color::Cyan) => 6,
            other => panic!("not among the colours of text: {other:?}"),
        };
        self.colours[index]
    }

    fn contrast(&self, style: Style) -> f64 {
        // Reversed, it is the same. How much fainter dim is, each terminal decides: it is not measured.
        contrast(self.of(style.fg, self.text), self.of(style.bg, self.behind))
    }
}

/// Every style that text is written in.
fn styles(theme: Theme) -> [(&'static str, Style); 8] {
    [
        ("accent", theme.accent()),
        ("strong", theme.strong()),
        ("good", theme.good()),
        ("bad", theme.bad()),
        ("waiting", theme.waiting()),
        ("code", theme.code()),
        ("word", theme.word()),
        ("chosen", theme.chosen()),
    ]
}

/// What cannot be read: style, palette and contrast.
fn unreadable(theme: Theme, palettes: &[Palette]) -> Vec<String> {
    let all = palettes.iter().flat_map(|palette| styles(theme).map(|(name, style)| (palette, name, style)));
    let low = all.filter(|(palette, _, style)| palette.contrast(*style) < LEAST);
    low.map(|(palette, name, style)| format!("{name} on {}: {:.1}", palette.name, palette.contrast(style)))
        .collect()
}

#[test]
fn contrast_is_measured_as_wcag_does() {
    for (one, other, wanted) in
        [(0x00_0000, 0xff_ffff, 21.0), (0x77_7777, 0xff_ffff, 4.48), (0xff_0000, 0xff_ffff, 4.0)]
    {
        let measured = contrast(one, other);
        assert!((measured - wanted).abs() < 0.005, "{measured} for {one:06x} on {other:06x}");
    }
}

#[test]
fn every_style_can_be_read_on_the_background_that_it_is_for() {
    assert_eq!(unreadable(COLOURED, &DARK), [] as [&str; 0]);
    assert_eq!(unreadable(LIGHT, &BRIGHT), [] as [&str; 0]);
}

#[test]
fn on_a_light_background_that_nobody_named_only_some_of_it_can() {
    // Why there are two sets. What carries a meaning has a sign or a word of its own as well.
    let low = [
        "accent on xterm on white: 2.0",
        "good on xterm on white: 2.2",
        "waiting on xterm on white: 1.7",
        "code on xterm on white: 2.0",
        "good on VS Code light: 2.6",
        "accent on Solarized light: 2.9",
        "good on Solarized light: 3.0",
        "waiting on Solarized light: 3.0",
        "code on Solarized light: 2.9",
    ];
    assert_eq!(unreadable(COLOURED, &BRIGHT), low);
}

#[test]
fn the_background_is_known_where_the_terminal_says_it() {
    for (value, wanted) in [
        ("0;15", Background::Light),
        ("0;default;15", Background::Light),
        ("15;7", Background::Light),
        ("15;0", Background::Dark),
        ("12;8", Background::Dark),
        ("0;default", Background::Dark),
        ("0;16", Background::Dark),
        ("", Background::Dark),
    ] {
        assert_eq!(Background::of_colorfgbg(value), wanted, "{value}");
    }
}

#[test]
fn a_running_phase_in_colours_for_a_light_background() {
    insta::assert_snapshot!(Bench::running(LIGHT, (80, 24)).looks());
}

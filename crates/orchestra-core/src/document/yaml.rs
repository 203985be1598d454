//! YAML as a tree of texts with their places. The only file that knows the YAML reader.
//!
//! Every scalar stays as it was written: what `2.50` or `yes` mean is for the one who asks for the key. Bounded:
//! depth, number of nodes; anchors, aliases, custom tags and a second document are refused.

mod simple;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

use super::Place;
use super::findings::{Fault, shown};
use super::source::to_u32;

const MAX_NODES: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Empty,
    /// A scalar: as written where it is plain, read where it is quoted or a block.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the document.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Place,
    pub(crate) node: Node,
}

impl Value {
    /// Compares without regard to places and the order of keys.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, Self::Empty) => true,
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.value.same(&two.value))
            }
            (Self::Map(one), Self::Map(two)) => {
                one.len() == two.len()
                    && one.iter().all(|entry| {
                        two.iter()
                            .find(|other| other.key == entry.key)
                            .is_some_and(|other| entry.node.value.same(&other.node.value))
                    })
            }
            (Self::Empty | Self::Text(_) | Self::List(_) | Self::Map(_), _) => false,
        }
    }

    /// What it is, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Reads a text of one YAML document that stands in a file below `above` other lines.
pub(crate) fn parse(text: &str, above: u32) -> Result<Node, Fault> {
    simple::parse(text, above).map_or_else(|| read_fully(text, above), Ok)
}

fn read_fully(text: &str, above: u32) -> Result<Node, Fault> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
        },
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        ignore_binary_tag_for_string: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(node(raw, text, above)),
        Err(error) => Err(fault(&error, text, above)),
    }
}

fn place(location: Location, above: u32) -> Place {
    let count = |number: u64| usize::try_from(number).map_or(u32::MAX, to_u32).max(1);
    Place { line: count(location.line()).saturating_add(above), column: count(location.column()) }
}

fn node(raw: Spanned<Raw>, text: &str, above: u32) -> Node {
    let at = place(raw.referenced, above);
    let value = match raw.value {
        Raw::Empty => Value::Empty,
        Raw::Text(text) => Value::Text(text),
        Raw::Guessed(read) => {
            let span = raw.referenced.span();
            let written = span.byte_offset().zip(span.byte_len()).and_then(|(from, length)| {
                text.get(usize::try_from(from).ok()?..usize::try_from(from.checked_add(length)?).ok()?)
            });
            Value::Text(written.map_or(read, str::to_owned))
        }
        Raw::List(nodes) => Value::List(nodes.into_iter().map(|raw| node(raw, text, above)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| Entry {
                at: place(key.referenced, above),
                key: key.value,
                node: node(value, text, above),
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node { at, value }
}

/// Words an error of the reader for somebody who writes a document, not for somebody who calls a library.
fn fault(error: &serde_saphyr::Error, text: &str, above: u32) -> Fault {
    use serde_saphyr::Error;

    const ANCHORS: &str = "anchors (`&name`) and aliases (`*name`) are not read here";
    let error = error.without_snippet();
    let at = error.location().map_or(Place::START, |location| place(location, above));
    match error {
        Error::DuplicateMappingKey { key, .. } => Fault::new(
            at,
            format!("the key {} stands here a second time", shown(key.as_deref().unwrap_or_default())),
            "keep one of the two lines",
        ),
        Error::UnknownAnchor { .. } => Fault::new(at, ANCHORS, "write the value out"),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                Fault::new(anchor_before(at, text, above), ANCHORS, "write the value out")
            }
            BudgetBreach::Documents { .. } => {
                Fault::new(at, "a second YAML document begins here, expected one", "remove the line `---`")
            }
            BudgetBreach::Depth { .. } => too_deep(at),
            BudgetBreach::Nodes { .. } => {
                Fault::new(at, format!("more than {MAX_NODES} values"), "write less of them")
            }
            _ => Fault::new(at, "too much for a document of this kind", "write less"),
        },
        Error::UnsupportedTag { .. } => {
            Fault::new(at, "a tag (`!name`) is not read here", "write the value without it")
        }
        other => {
            // The crate ends its texts with the place, which the diagnostic has already.
            let text = other.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            let text = super::plain::one_line(text);
            if text.contains("recursion limit") {
                return too_deep(at);
            }
            let hint = if text.contains("tab") {
                "use spaces, not tabs, at the beginning of a line"
            } else if text.contains("unclosed") {
                "close what is opened here, or put quotes around the text"
            } else {
                "put quotes around a text that contains `: `, ` #` or begins with a sign"
            };
            Fault::new(at, format!("not YAML: {text}"), hint)
        }
    }
}

fn too_deep(at: Place) -> Fault {
    Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels"), "write it flatter")
}

/// The reader points at the value that has an anchor; what is in the way is the anchor before it.
fn anchor_before(value: Place, text: &str, above: u32) -> Place {
    let index = usize::try_from(value.line.saturating_sub(above + 1)).unwrap_or(usize::MAX);
    let line = text.split('\n').nth(index).unwrap_or_default();
    let before = line.chars().take(usize::try_from(value.column).unwrap_or(usize::MAX)).collect::<Vec<_>>();
    let found = before.iter().rposition(|c| *c == '&');
    found.map_or(value, |column| Place { column: to_u32(column + 1), ..value })
}

/// What the reader hands over, before scalars are put back to how they were written.
#[derive(Debug)]
enum Raw {
    Empty,
    Text(String),
    /// A scalar that the reader took for a number or a truth value.
    Guessed(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

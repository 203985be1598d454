//! Reads the documents of phases; [`super::graph`] ties them together.

use super::fields::{Fields, Located, unknown};
use super::findings::{Findings, hint_for, shown};
use super::legacy::PhaseRow;
use super::source::Source;
use super::{Place, SourceFile, body, glob, yaml};
use crate::id::{PhaseId, RoleId, WorkId};
use crate::plan::{Complexity, Format, Order, Phase, PhaseStatus, Role};
use crate::schedule;

const KEYS: &[&str] = &[
    "role",
    "title",
    "status",
    "order",
    "depends_on",
    "files",
    "files_strict",
    "verify",
    "complexity",
    "may_be_empty",
];

/// A phase as its document has it, before the graph is known.
pub(super) struct Draft {
    pub(super) phase: Phase,
    pub(super) path: String,
    pub(super) start: Place,
    pub(super) depends_on: Option<Vec<(String, Place)>>,
}

/// Reads one phase. What its document leaves out is taken from the row of 1.7's table, where there is one.
pub(super) fn parse(
    file: &SourceFile,
    format: Format,
    row: Option<&PhaseRow>,
    roles: &[Role],
    all: &mut Findings,
) -> Option<Draft> {
    let mut findings = Findings::new(&file.path);
    let draft = parse_one(file, format, row, roles, &mut findings);
    let draft = draft.filter(|_| !findings.has_errors());
    all.join(findings);
    draft
}

/// The id that a file's name stands for.
pub(super) fn id_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".md").unwrap_or(name)
}

fn parse_one(
    file: &SourceFile,
    format: Format,
    row: Option<&PhaseRow>,
    roles: &[Role],
    findings: &mut Findings,
) -> Option<Draft> {
    let id = parse_id(id_of(&file.path), findings);
    let source = match Source::read(&file.bytes) {
        Ok(source) => source,
        Err(fault) => {
            findings.add_error(fault);
            return None;
        }
    };
    let front = match source.front_text() {
        Some(front) => match yaml::parse(front, 1) {
            Ok(node) => Some(node),
            Err(fault) => {
                findings.add_error(fault);
                return None;
            }
        },
        None => None,
    };
    if front.is_none() && (format == Format::Current || row.is_none()) {
        findings.error(
            Place::START,
            "expected front matter: `---`, keys such as `role: backend`, `---`",
            "put it on the first lines; `orchestra schema` lists the keys",
        );
        return None;
    }
    let empty = yaml::Node { at: Place::START, value: yaml::Value::Empty };
    let fields = Fields::of(front.as_ref().unwrap_or(&empty), findings)?;
    let title = body::title(source.body_text());
    Reader { format, row, roles, title, findings }.read(id?, &fields, &file.path)
}

fn parse_id(text: &str, findings: &mut Findings) -> Option<PhaseId> {
    let id = match PhaseId::parse(text) {
        Ok(id) => id,
        Err(error) => {
            let hint = "rename the file, for example `phase-2.md`";
            findings.error(
                Place::START,
                format!("the file's name {} is no phase id: {}", shown(text), error.why),
                hint,
            );
            return None;
        }
    };
    if WorkId::is_reserved(text) {
        findings.error(
            Place::START,
            format!("the name {} is kept for Orchestra's own work", shown(text)),
            "rename the file, for example `phase-2.md`",
        );
        return None;
    }
    Some(id)
}

struct Reader<'a> {
    format: Format,
    row: Option<&'a PhaseRow>,
    roles: &'a [Role],
    title: Option<String>,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn read(mut self, id: PhaseId, fields: &Fields<'_>, path: &str) -> Option<Draft> {
        if self.format == Format::Current {
            fields.warn_of_near_misses(KEYS, self.findings);
        }
        let role = self.role(fields);
        let status = self.status(fields);
        let order = self.order(&id, fields);
        let title = fields.text("title", self.findings).map(|(title, _)| title.to_owned());
        let depends_on = fields.texts("depends_on", self.findings);
        // `depends_on:` without a value says, like `[]`, that nothing has to be done first.
        let is_named = fields.find("depends_on").is_some();
        let depends_on = depends_on.or(is_named.then(Vec::new));
        let files = fields.texts("files", self.findings).unwrap_or_default();
        for (file, at) in &files {
            if let Some((what, hint)) = glob::fault(file, false) {
                self.findings.error(*at, format!("{what} in `files`: {}", shown(file)), hint);
            }
        }
        let verify = fields.texts("verify", self.findings);
        let verify = verify.or(fields.find("verify").map(|_| Vec::new()));
        if let Some((_, at)) = verify.iter().flatten().find(|(command, _)| command.trim().is_empty()) {
            self.findings.error(
                *at,
                "an empty command in `verify`",
                "write a command, or `verify: []` for none",
            );
        }
        let complexity = fields.word("complexity", Complexity::WORDS, Complexity::parse, self.findings);
        let files_strict = fields.flag("files_strict", self.findings);
        let may_be_empty = fields.flag("may_be_empty", self.findings);
        let owned = |texts: Vec<Located<'_>>| texts.into_iter().map(|(text, _)| text.to_owned()).collect();
        let title = title
            .or_else(|| self.row.and_then(|row| row.description.clone()))
            .or(self.title)
            .unwrap_or_else(|| id.to_string());
        Some(Draft {
            phase: Phase {
                id,
                role: role?,
                title,
                status: status?,
                order: order?,
                depends_on: Vec::new(),
                files: owned(files),
                files_strict: files_strict.unwrap_or(false),
                verify: verify.map(owned),
                complexity: complexity.unwrap_or(Complexity::Standard),
                may_be_empty: may_be_empty.unwrap_or(false),
            },
            path: path.to_owned(),
            start: fields.start,
            depends_on: depends_on.map(|texts| {
                texts.into_iter().map(|(text, at)| (text.trim_end_matches(".md").to_owned(), at)).collect()
            }),
        })
    }

    fn role(&mut self, fields: &Fields<'_>) -> Option<RoleId> {
        let from_row = self.row.and_then(|row| row.role.as_deref()).map(|role| (role, fields.start));
        let Some((text, at)) = fields.text("role", self.findings).or(from_row) else {
            if !fields.is_missing("role") {
                return None;
            }
            let hint = format!("add `role: …`; {}", known_roles(self.roles));
            self.findings.error(fields.start, "expected the key `role`", hint);
            return None;
        };
        resolve_role(text, at, self.roles, self.findings)
    }

    fn status(&mut self, fields: &Fields<'_>) -> Option<PhaseStatus> {
        match (fields.text("status", self.findings), self.row.and_then(|row| row.status)) {
            (Some((text, at)), row) => {
                let status = match self.format {
                    Format::Current => PhaseStatus::parse(text),
                    Format::V17 => super::legacy::phase_status(text),
                };
                if status.is_none() {
                    self.findings.error(at, unknown("status", text), hint_for(text, PhaseStatus::WORDS));
                }
                if let (Some(status), Some(row)) = (status, row)
                    && status != row
                {
                    self.findings.warning(
                        at,
                        format!("the status is `{status}` here and `{row}` in milestone.md"),
                        "this one counts; change one of the two",
                    );
                }
                status
            }
            (None, Some(row)) => Some(row),
            (None, None) => {
                if self.format == Format::Current {
                    let hint = "add `status: pending`, which is what it counts as";
                    self.findings.warning(fields.start, "expected the key `status`", hint);
                }
                Some(PhaseStatus::Pending)
            }
        }
    }

    fn order(&mut self, id: &PhaseId, fields: &Fields<'_>) -> Option<Order> {
        let Some((text, at)) = fields.text("order", self.findings) else {
            if !fields.is_missing("order") {
                return None;
            }
            let number = schedule::number(id).and_then(|number| Order::parse(&number.to_string()));
            let order = number.or(self.row.map(|row| row.order));
            if order.is_none() {
                let hint = "add `order: 1`; a phase without it takes the number in its file's name, and there is none";
                self.findings.error(fields.start, "expected the key `order`", hint);
            }
            return order;
        };
        let order = Order::parse(text);
        if order.is_none() {
            let hint = "a number such as `2`, or `2.5` between 2 and 3, with at most six decimal places";
            self.findings.error(at, unknown("order", text), hint);
        }
        order
    }
}

/// Finds a role by its id or alias, with or without `#`.
pub(super) fn resolve_role(text: &str, at: Place, roles: &[Role], findings: &mut Findings) -> Option<RoleId> {
    let name = text.trim().trim_start_matches('#');
    let found = find_role(name, roles);
    if found.is_none() {
        let words: Vec<&str> =
            roles.iter().flat_map(|role| [Some(role.id.as_str()), role.alias.as_deref()]).flatten().collect();
        let hint = match super::findings::nearest(name, &words) {
            Some(near) => format!("did you mean `{near}`? {}", known_roles(roles)),
            None => known_roles(roles),
        };
        findings.error(at, unknown("role", text), hint);
    }
    found.map(|role| role.id.clone())
}

/// Finds a role by its id, else by its alias.
pub(super) fn find_role<'a>(name: &str, roles: &'a [Role]) -> Option<&'a Role> {
    let by_id = roles.iter().find(|role| role.id.as_str().eq_ignore_ascii_case(name));
    by_id.or_else(|| {
        roles.iter().find(|role| role.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(name)))
    })
}

fn known_roles(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "there are no roles: `orchestra init` writes them to .orchestra/roles/".to_owned();
    }
    let names: Vec<String> = roles
        .iter()
        .map(|role| match &role.alias {
            Some(alias) => format!("{} (#{alias})", role.id),
            None => role.id.to_string(),
        })
        .collect();
    format!("there are: {}", names.join(", "))
}

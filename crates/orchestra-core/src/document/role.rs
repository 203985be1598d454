//! Reads roles: who does a phase, and what they may write.

use super::fields::Fields;
use super::findings::{Findings, shown};
use super::source::Source;
use super::{Parsed, Place, glob, phase, yaml};
use crate::id::{AgentName, RoleId};
use crate::plan::Role;

const KEYS: &[&str] = &["id", "alias", "icon", "writes", "agent", "model", "keywords"];

pub(super) fn parse(path: &str, bytes: &[u8]) -> Parsed<Role> {
    let mut findings = Findings::new(path);
    let role = read(path, bytes, &mut findings);
    findings.finish(role)
}

fn read(path: &str, bytes: &[u8], findings: &mut Findings) -> Option<Role> {
    let source = match Source::read(bytes) {
        Ok(source) => source,
        Err(fault) => {
            findings.add_error(fault);
            return None;
        }
    };
    let prompt = source.body_text().trim().to_owned();
    let Some(front) = source.front_text() else {
        let id = parse_id(phase::id_of(path), Place::START, findings)?;
        findings.warning(
            Place::START,
            format!("a role without front matter: it is `{id}` and may write nothing"),
            "`orchestra init --upgrade` offers to add what it may write",
        );
        return Some(Role {
            id,
            alias: None,
            icon: None,
            writes: Vec::new(),
            agent: None,
            model: None,
            keywords: Vec::new(),
            prompt,
        });
    };
    let node = match yaml::parse(front, 1) {
        Ok(node) => node,
        Err(fault) => {
            findings.add_error(fault);
            return None;
        }
    };
    let fields = Fields::of(&node, findings)?;
    fields.warn_of_near_misses(KEYS, findings);
    let (id, id_at) = fields.text("id", findings).unwrap_or((phase::id_of(path), fields.start));
    let id = parse_id(id, id_at, findings);
    let writes = fields.texts("writes", findings).unwrap_or_default();
    for (glob, at) in &writes {
        if let Some((what, hint)) = glob::fault(glob.strip_prefix('!').unwrap_or(glob), true) {
            findings.error(*at, format!("{what} in `writes`: {}", shown(glob)), hint);
        }
    }
    let agent = read_agent(&fields, findings);
    let text =
        |key: &str, findings: &mut Findings| fields.text(key, findings).map(|(text, _)| text.to_owned());
    let alias = text("alias", findings).map(|alias| alias.trim().trim_start_matches('#').to_owned());
    let (icon, model) = (text("icon", findings), text("model", findings));
    let keywords = fields.texts("keywords", findings).unwrap_or_default();
    let owned = |texts: Vec<(&str, Place)>| texts.into_iter().map(|(text, _)| text.to_owned()).collect();
    Some(Role {
        id: id?,
        alias: alias.filter(|alias| !alias.is_empty()),
        icon,
        writes: owned(writes),
        agent,
        model,
        keywords: owned(keywords),
        prompt,
    })
}

fn parse_id(text: &str, at: Place, findings: &mut Findings) -> Option<RoleId> {
    match RoleId::parse(text) {
        Ok(id) => Some(id),
        Err(error) => {
            findings.error(at, format!("{} cannot be a role's id", shown(text)), error.why);
            None
        }
    }
}

fn read_agent(fields: &Fields<'_>, findings: &mut Findings) -> Option<AgentName> {
    let (text, at) = fields.text("agent", findings)?;
    match AgentName::parse(text) {
        Ok(agent) => Some(agent),
        Err(error) => {
            findings.error(at, format!("{} cannot be an agent's name", shown(text)), error.why);
            None
        }
    }
}

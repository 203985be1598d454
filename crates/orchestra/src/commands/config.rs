//! `orchestra config`: every setting with its value, and where it comes from.

use orchestra_core::config::layer::Layer;
use orchestra_core::config::resolve::Origin;
use serde::Serialize;

use crate::cli::ConfigArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{FAINT, WAITS, block, shown, styled};

/// One setting, as a script sees it.
#[derive(Serialize)]
struct Setting<'a> {
    key: &'a str,
    value: &'a str,
    layer: &'static str,
    path: Option<&'a str>,
    line: Option<u32>,
}

impl<'a> From<&'a Origin> for Setting<'a> {
    fn from(origin: &'a Origin) -> Self {
        let Origin { key, value, layer, path, line } = origin;
        Self { key, value, layer: layer.as_str(), path: path.as_deref(), line: *line }
    }
}

pub(super) fn run(context: &Context, args: &ConfigArgs) -> Result<Exit, Failure> {
    let loaded = context.load(&context.layout()?)?;
    let origins = &Context::config(&loaded)?.origins;
    for warning in &loaded.config.warnings {
        context.out.error(styled(WAITS, block(&warning.to_string(), "")));
    }
    if args.json {
        let settings: Vec<Setting<'_>> = origins.iter().map(Setting::from).collect();
        super::print_json(context, &settings);
        return Ok(Exit::DONE);
    }
    let width = origins.iter().map(|origin| origin.key.len()).max().unwrap_or(0);
    for origin in origins {
        let value = if origin.value.is_empty() { "—".to_owned() } else { shown(&origin.value) };
        let key = &origin.key;
        context.out.line(format_args!("{key:width$}  {value}  {}", styled(FAINT, place(origin))));
    }
    if let Some(user) = &context.user_config {
        let is_there = if user.exists() { "" } else { ", which is not there" };
        let path = shown(user.display());
        context.out.line(styled(FAINT, format_args!("\nYour own settings: {path}{is_there}")));
    }
    Ok(Exit::DONE)
}

fn place(origin: &Origin) -> String {
    match (origin.layer, &origin.path, origin.line) {
        (Layer::Default, ..) | (_, None, _) => format!("({})", origin.layer.as_str()),
        (layer, Some(path), Some(line)) => format!("({}, {}:{line})", layer.as_str(), shown(path)),
        (layer, Some(path), None) => format!("({}, {})", layer.as_str(), shown(path)),
    }
}

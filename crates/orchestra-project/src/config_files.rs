//! Where configuration comes from: the project's file, the person's, the environment and flags.
//!
//! Only reads; what is in it is `orchestra_core::config`'s. The environment and the place of the person's file are
//! passed in.

use std::path::{Path, PathBuf};

use orchestra_core::config::layer::{ConfigLayer, Layer, parse_environment, parse_flags, parse_layer};
use orchestra_core::config::resolve::{Resolved, resolve};
use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::document::Parsed;

use crate::file::{At as _, FileError};
use crate::folder::Folder;
use crate::layout::{Layout, MAX_DOCUMENT, ORCHESTRA};
use crate::load::unusable;

/// What stands beside the project's own file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The person's file, which need not be there.
    pub user: Option<&'a Path>,
    /// The environment.
    pub environment: &'a [(String, String)],
    /// What flags set: keys such as `limits.jobs`, with their values.
    pub flags: &'a [(String, String)],
}

/// Reads and merges all layers. Every fault of every layer is told, not only the first.
pub fn read(layout: &Layout, sources: &Sources<'_>) -> Parsed<Resolved> {
    let (mut layers, mut errors, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut take = |parsed: Parsed<ConfigLayer>| {
        warnings.extend(parsed.warnings);
        match parsed.result {
            Ok(layer) => layers.push(layer),
            Err(faults) => errors.extend(faults),
        }
    };
    let project = format!("{ORCHESTRA}/config.yaml");
    take_file(Layer::Project, &project, read_project(layout), &mut take);
    if let Some(user) = sources.user {
        take_file(Layer::User, &user.display().to_string(), read_user(layout, user), &mut take);
    }
    take(parse_environment(sources.environment));
    take(parse_flags(sources.flags));
    if !errors.is_empty() {
        return Parsed { result: Err(errors), warnings };
    }
    let mut resolved = resolve(layers);
    warnings.append(&mut resolved.warnings);
    Parsed { result: resolved.result, warnings }
}

fn take_file(
    layer: Layer,
    path: &str,
    read: Result<Option<Vec<u8>>, Diagnostic>,
    take: &mut impl FnMut(Parsed<ConfigLayer>),
) {
    match read {
        Ok(Some(bytes)) => take(parse_layer(layer, path, &bytes)),
        Ok(None) => {}
        Err(fault) => take(Parsed { result: Err(vec![fault]), warnings: Vec::new() }),
    }
}

fn read_project(layout: &Layout) -> Result<Option<Vec<u8>>, Diagnostic> {
    let read = layout.open_folder("").and_then(|folder| folder.read("config.yaml".as_ref(), MAX_DOCUMENT));
    match read {
        Ok(plain) => Ok(plain.map(|plain| plain.bytes)),
        Err(error) => Err(unusable(&format!("{ORCHESTRA}/config.yaml"), &error)),
    }
}

/// The person's file may be a link, as those who keep such files in one place have it; but not into the project,
/// which would then set what only the person may set.
fn read_user(layout: &Layout, path: &Path) -> Result<Option<Vec<u8>>, Diagnostic> {
    let shown = path.display().to_string();
    let real: PathBuf = match path.canonicalize() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        real => real.at("find", path).map_err(|error| unusable(&shown, &error))?,
    };
    if real.starts_with(layout.root()) {
        return Err(Diagnostic {
            path: shown,
            line: 1,
            column: 1,
            expected: "your own configuration lies inside the project, which may not set it".to_owned(),
            hint: "keep it in your home folder".to_owned(),
        });
    }
    let (Some(above), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(unusable(&shown, &FileError::NotAFile { path: real }));
    };
    match Folder::open(above).and_then(|folder| folder.read(name, MAX_DOCUMENT)) {
        Ok(plain) => Ok(plain.map(|plain| plain.bytes)),
        Err(error) => Err(unusable(&shown, &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::project;

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_layer_wins_over_those_before_it_and_its_place_is_known() {
        let (_temp, layout) = project();
        let home = tempfile::tempdir().unwrap();
        let user = home.path().join("config.yaml");
        fs::write(
            layout.config(),
            "limits: { retries: 1, jobs: 1, repair_attempts: 1, circuit_failures: 1 }\n",
        )
        .unwrap();
        fs::write(home.path().join("real"), "limits: { jobs: 2, repair_attempts: 2, circuit_failures: 2 }\n")
            .unwrap();
        symlink("real", &user).unwrap();
        let environment =
            pairs(&[("ORCHESTRA_LIMITS_REPAIR_ATTEMPTS", "3"), ("ORCHESTRA_LIMITS_CIRCUIT_FAILURES", "3")]);
        let flags = pairs(&[("limits.circuit_failures", "4")]);
        let sources = Sources { user: Some(&user), environment: &environment, flags: &flags };
        let resolved = read(&layout, &sources).result.unwrap();
        let limits = &resolved.config.limits;
        assert_eq!(
            [limits.retries, limits.jobs, limits.repair_attempts, limits.circuit_failures],
            [1, 2, 3, 4]
        );
        let layer = |key: &str| resolved.find_origin(key).unwrap().layer;
        assert_eq!(
            ["limits.retries", "limits.jobs", "limits.repair_attempts", "limits.circuit_failures"].map(layer),
            [Layer::Project, Layer::User, Layer::Environment, Layer::Flags]
        );
        assert_eq!(
            resolved.find_origin("limits.retries").unwrap().path.as_deref(),
            Some(".orchestra/config.yaml")
        );
    }

    #[test]
    fn faults_of_all_layers_are_told_at_once() {
        let (_temp, layout) = project();
        fs::write(layout.config(), "limitz: {}\n").unwrap();
        let flags = pairs(&[("limits.jobs", "many")]);
        let sources = Sources { flags: &flags, ..Sources::default() };
        let faults = read(&layout, &sources).result.unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert_eq!(faults[0].path, ".orchestra/config.yaml");
    }

    #[test]
    fn without_any_file_everything_is_as_by_default() {
        let (_temp, layout) = project();
        let sources = Sources { user: Some(Path::new("/nowhere/at/all")), ..Sources::default() };
        let parsed = read(&layout, &sources);
        assert_eq!(parsed.result.unwrap().config, orchestra_core::config::Config::default());
        assert_eq!(parsed.warnings, []);
    }

    #[test]
    fn a11_a_configuration_that_is_a_link_or_the_persons_own_inside_the_project_is_a_fault() {
        let (temp, layout) = project();
        fs::write(temp.path().join("elsewhere.yaml"), "version: 1\n").unwrap();
        symlink("../elsewhere.yaml", layout.config()).unwrap();
        let user = temp.path().join("elsewhere.yaml");
        let sources = Sources { user: Some(&user), ..Sources::default() };
        let faults = read(&layout, &sources).result.unwrap_err();
        let expected: Vec<&str> = faults.iter().map(|fault| fault.expected.as_str()).collect();
        assert_eq!(
            expected,
            [
                "this cannot be used: it is a symbolic link",
                "your own configuration lies inside the project, which may not set it"
            ]
        );
    }
}

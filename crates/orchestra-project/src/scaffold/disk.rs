//! Reads and writes single files below a folder, never through a symbolic link and never over somebody's work.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use super::{FileToWrite, Place, ScaffoldError};

/// How large a file may be that is read to be kept or changed.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads a file below `root`; `None` where there is none.
pub(crate) fn look(root: &Path, path: &str) -> Result<Option<Vec<u8>>, ScaffoldError> {
    if check_folders(root, path)? { look_at(&root.join(path)) } else { Ok(None) }
}

/// Tells whether there is a folder at `path` below `root`; refuses links.
pub(crate) fn folder_exists(root: &Path, path: &str) -> Result<bool, ScaffoldError> {
    check_folders(root, &format!("{path}/."))
}

/// Tells whether every folder on the way to `path` exists; refuses links and other things in their place.
fn check_folders(root: &Path, path: &str) -> Result<bool, ScaffoldError> {
    let mut folder = root.to_owned();
    let names: Vec<&str> = path.split('/').collect();
    for name in &names[..names.len() - 1] {
        folder.push(name);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_symlink() => return Err(ScaffoldError::Link { path: folder }),
            Ok(found) if !found.is_dir() => {
                return Err(ScaffoldError::Kind { path: folder, expected: "folder" });
            }
            Ok(_) => {}
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(ScaffoldError::Io { action: "read", path: folder, source }),
        }
    }
    Ok(true)
}

/// Reads the file at `path`; `None` where there is none.
pub(super) fn look_at(path: &Path) -> Result<Option<Vec<u8>>, ScaffoldError> {
    let failed = |source| ScaffoldError::Io { action: "read", path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => return Err(ScaffoldError::Link { path: path.to_owned() }),
        Ok(found) if !found.is_file() => {
            return Err(ScaffoldError::Kind { path: path.to_owned(), expected: "file" });
        }
        Ok(_) => {}
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    }
    let mut bytes = Vec::new();
    let read = File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > LARGEST {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB")));
    }
    Ok(Some(bytes))
}

/// Writes one planned file whole or not at all, if what is there now is what was planned with.
pub(crate) fn put(root: &Path, file: &FileToWrite) -> Result<(), ScaffoldError> {
    let path = match &file.place {
        Place::Project(path) => {
            check_folders(root, path)?;
            root.join(path)
        }
        Place::Git(path) => path.clone(),
    };
    let now = look_at(&path)?;
    if now.as_ref() == Some(&file.new) {
        return Ok(());
    }
    if now != file.old {
        return Err(ScaffoldError::Changed { path });
    }
    replace(&path, file).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            ScaffoldError::Changed { path: path.clone() }
        } else {
            ScaffoldError::Io { action: "write", path: path.clone(), source }
        }
    })
}

fn replace(path: &Path, file: &FileToWrite) -> io::Result<()> {
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    fs::create_dir_all(&folder)?;
    let mut builder = Builder::new();
    builder.prefix(".tmp-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the umask makes of this is what any new file gets.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(&folder)?;
    temporary.write_all(&file.new)?;
    if file.old.is_some() {
        temporary.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    }
    temporary.as_file().sync_all()?;
    if file.old.is_some() {
        temporary.persist(path).map_err(|error| error.error)?;
    } else {
        temporary.persist_noclobber(path).map_err(|error| error.error)?;
    }
    File::open(&folder)?.sync_all()
}
